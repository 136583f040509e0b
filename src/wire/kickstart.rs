//! Kickstart files for anaconda, rendered from Jinja2 templates with the reference's options (`ks_options`).
//!
//! A template may come from who deploys: it gets no functions and no filters but `default`, its loops are counted, what it
//! joins is bounded, and so is what it renders.

use std::fmt::Write as _;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value, filters};

/// What a template is told.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// The image, or the tree of packages.
    pub liveimg_url: &'a str,
    pub is_source_a_path: bool,
    pub insecure_heartbeat: bool,
    pub agent_token: &'a str,
    pub heartbeat_url: &'a str,
    /// Sections that write the config drive's files ([`write_files`]); empty if there is none.
    pub config_drive: &'a str,
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KickstartError {
    #[error("line {line}: {what}")]
    Template { line: usize, what: String },
    #[error("it leaves out {0}: without it the installer cannot do its work or tell of it")]
    LeftOut(&'static str),
    #[error("it has more than {LONGEST} bytes")]
    Long,
    #[error("it comes to more than {MOST} bytes")]
    Large,
    #[error("it has * in a tag, or + and ~ there more than {JOINS} times: what it joins is bounded")]
    Joins,
    #[error("file {0:?} of the config drive has a name that cannot stand in a script")]
    Name(String),
}

/// The file.
pub fn render(template: &str, options: &Options<'_>) -> Result<String, KickstartError> {
    if template.len() > LONGEST {
        return Err(KickstartError::Long);
    }
    if joins(template).is_none_or(|joins| joins > JOINS) {
        return Err(KickstartError::Joins);
    }
    let mut given = vec![
        ("liveimg_url", options.liveimg_url),
        ("agent_token", options.agent_token),
        ("heartbeat_url", options.heartbeat_url),
        ("config_drive", DRIVE),
    ];
    for (name, holds) in
        [("is_source_a_path", options.is_source_a_path), ("insecure_heartbeat", options.insecure_heartbeat)]
    {
        if holds {
            given.push((name, "true"));
        }
    }
    let mut text = rendered(template, Value::from_pairs([("ks_options", Value::from_pairs(given))]))?;
    // Jinja2 takes the last one away.
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let drives = text.matches(DRIVE).count();
    if text.len().saturating_add(drives.saturating_mul(options.config_drive.len())) > MOST {
        return Err(KickstartError::Large);
    }
    Ok(text.replace(DRIVE, options.config_drive))
}

/// Whether a template can be rendered, and leaves nothing out that the installer needs.
pub fn check(template: &str) -> Result<(), KickstartError> {
    let [url, token, heartbeat] = ["checked-url", "checked-token", "checked-heartbeat"];
    let options = Options {
        liveimg_url: url,
        is_source_a_path: false,
        insecure_heartbeat: false,
        agent_token: token,
        heartbeat_url: heartbeat,
        config_drive: "",
    };
    let text = render(template, &options)?;
    for (name, value) in [("liveimg_url", url), ("agent_token", token), ("heartbeat_url", heartbeat)] {
        if !text.contains(value) {
            return Err(KickstartError::LeftOut(name));
        }
    }
    render(template, &Options { is_source_a_path: true, insecure_heartbeat: true, ..options }).map(drop)
}

/// Sections that write these files (path below the config drive, content) where first-boot software looks for them.
pub fn write_files(files: &[(String, Vec<u8>)]) -> Result<String, KickstartError> {
    let mut text = String::new();
    for (path, content) in files {
        let is_plain = |part: &str| {
            let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            !part.is_empty() && part != "." && part != ".." && part.bytes().all(is_fit)
        };
        if !path.split('/').all(is_plain) {
            return Err(KickstartError::Name(path.chars().take(80).collect()));
        }
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("/{folder}"));
        // Writing to a String cannot fail.
        write!(
            text,
            "%post\n/bin/mkdir -p {SEED}{folder}\n/usr/bin/base64 --decode > {SEED}/{path} <<'END'\n"
        )
        .ok();
        for line in STANDARD.encode(content).as_bytes().chunks(76) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        write!(text, "END\n/bin/chmod 600 {SEED}/{path}\n%end\n\n").ok();
    }
    Ok(text)
}

fn rendered(template: &str, given: Value) -> Result<String, KickstartError> {
    let mut environment = Environment::empty();
    environment.add_filter("default", filters::default);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    let mut out = Bounded(Vec::new());
    let done = environment
        .template_from_str(template)
        .and_then(|template| template.render_captured_to(given, &mut out).map(drop));
    match done {
        Ok(()) => Ok(String::from_utf8_lossy(&out.0).into_owned()),
        Err(error) if error.kind() == ErrorKind::WriteFailure => Err(KickstartError::Large),
        Err(error) => Err(wrong(&error)),
    }
}

fn wrong(error: &Error) -> KickstartError {
    let what = if error.kind() == ErrorKind::UndefinedError {
        "a name that is none of ks_options' is used".to_owned()
    } else if error.kind() == ErrorKind::OutOfFuel {
        "it does more than a kickstart file needs".to_owned()
    } else {
        format!("{} {}", error.kind(), error.detail().unwrap_or_default())
    };
    KickstartError::Template { line: error.line().unwrap_or_default(), what: what.trim_end().to_owned() }
}

/// How often a template joins texts; `None` if it multiplies.
fn joins(template: &str) -> Option<usize> {
    let mut joins = 0;
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        let mut rest = template;
        while let Some((_, after)) = rest.split_once(open) {
            let (tag, next) = after.split_once(close).unwrap_or((after, ""));
            if tag.contains('*') {
                return None;
            }
            joins += tag.matches(['~', '+']).count();
            rest = next;
        }
    }
    Some(joins)
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MOST {
            return Err(io::Error::other("too much"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The template of sites that have none of their own.
pub const DEFAULT: &str = include_str!("kickstart/ferric.cfg");
/// Where cloud-init looks for a config drive that is no drive.
const SEED: &str = "/var/lib/cloud/seed/config_drive";
/// Stands for the config drive while a template is rendered: it may be large, and is not joined with anything.
const DRIVE: &str = "\u{1}config drive\u{1}";
/// Bytes of a template.
pub const LONGEST: usize = 256 << 10;
/// Bytes of a kickstart file: the installer holds it in memory.
const MOST: usize = 16 << 20;
/// Texts that a template may join.
const JOINS: usize = 16;
/// Steps of a template: a long one has some hundred.
const FUEL: u64 = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options<'_> = Options {
        liveimg_url: "http://10.0.0.9/os.tar.gz",
        is_source_a_path: false,
        insecure_heartbeat: false,
        agent_token: "t0ken",
        heartbeat_url: "http://10.0.0.1:6385/v1/heartbeat/1",
        config_drive: "",
    };

    #[test]
    fn our_own_template_is_whole_and_tells_each_status() {
        check(DEFAULT).unwrap();
        let text = render(DEFAULT, &OPTIONS).unwrap();
        assert!(text.contains("\nliveimg --url=\"http://10.0.0.9/os.tar.gz\"\n"), "{text}");
        assert!(!text.contains("{{") && !text.contains("{%") && !text.contains("--insecure"), "{text}");
        for status in ["start", "end", "error"] {
            let told = format!("\"agent_token\": \"t0ken\", \"agent_status\": \"{status}\"");
            assert_eq!(text.matches(&told).count(), 1, "{status}");
        }
        assert_eq!(text.matches("http://10.0.0.1:6385/v1/heartbeat/1\n").count(), 3);
        let tree = Options { is_source_a_path: true, insecure_heartbeat: true, ..OPTIONS };
        let text = render(DEFAULT, &tree).unwrap();
        assert!(text.contains("\nurl --url=\"http://10.0.0.9/os.tar.gz\"\n") && !text.contains("\nliveimg "));
        assert_eq!(text.matches("curl --insecure ").count(), 3);
    }

    #[test]
    fn a_template_in_the_references_words_is_taken() {
        let template = "{% if 'is_source_a_path' in ks_options -%}\nurl --url {{ks_options.liveimg_url }}\n{% else -%}\n\
            liveimg --url {{ ks_options.liveimg_url }}\n{% endif -%}\n%pre\ncurl {% if 'insecure_heartbeat' in ks_options \
            %}--insecure{% endif %} {{ ks_options.agent_token }} {{ ks_options.heartbeat_url }}\n%end\n\
            {{ ks_options.config_drive }}\n";
        check(template).unwrap();
        let text = render(template, &OPTIONS).unwrap();
        assert!(
            text.starts_with("liveimg --url http://10.0.0.9/os.tar.gz\n%pre\ncurl  t0ken http"),
            "{text}"
        );
    }

    #[test]
    fn what_a_template_lacks_or_gets_wrong_is_named() {
        let whole =
            "{{ ks_options.liveimg_url }} {{ ks_options.agent_token }} {{ ks_options.heartbeat_url }}";
        check(whole).unwrap();
        for (template, wanted) in [
            (whole.replace("agent_token", "liveimg_url"), "it leaves out agent_token"),
            (format!("{whole}\n{{{{ ks_options.secret }}}}"), "line 2: a name that is none of ks_options'"),
            (format!("{whole}\n\n{{% if %}}"), "line 3: "),
            (format!("{whole}{{{{ 'a' * 9 }}}}"), "in a tag"),
            (format!("{whole}{{{{ {} }}}}", vec!["'a'"; 18].join(" ~ ")), "in a tag"),
            (format!("{whole}{}", "x".repeat(LONGEST)), "more than 262144 bytes"),
        ] {
            let why = check(&template).unwrap_err().to_string();
            assert!(why.contains(wanted), "{wanted} in {why}");
        }
    }

    #[test]
    fn files_of_a_config_drive_are_written_where_they_are_looked_for() {
        let files = [("openstack/latest/meta_data.json".to_owned(), br#"{"uuid": "it's"}"#.to_vec())];
        let text = write_files(&files).unwrap();
        assert_eq!(
            text,
            "%post\n/bin/mkdir -p /var/lib/cloud/seed/config_drive/openstack/latest\n\
             /usr/bin/base64 --decode > /var/lib/cloud/seed/config_drive/openstack/latest/meta_data.json <<'END'\n\
             eyJ1dWlkIjogIml0J3MifQ==\nEND\n\
             /bin/chmod 600 /var/lib/cloud/seed/config_drive/openstack/latest/meta_data.json\n%end\n\n"
        );
        let with = render(DEFAULT, &Options { config_drive: &text, ..OPTIONS }).unwrap();
        assert!(with.contains("eyJ1dWlkIjogIml0J3MifQ==\nEND\n"), "{with}");
        for hostile in ["../../etc/passwd", "a/$(reboot)", "a b", "", "a//b", "a'b", "./a"] {
            let why = write_files(&[(hostile.to_owned(), Vec::new())]).unwrap_err();
            assert!(matches!(why, KickstartError::Name(_)), "{hostile}: {why}");
        }
    }
}
