//! `[[webhook]]`: programs elsewhere that are told what changes; ours alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::base::secret::Secret;
use crate::model::notice::kinds::Kinds;
use crate::model::webhook::Hook;

/// `[[webhook]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    name: String,
    url: Secret,
    /// Kinds of events, as in `node.provision_set`; all if not given.
    #[serde(default)]
    events: Vec<String>,
    /// A file whose first line is the key of the signatures.
    secret_file: Option<PathBuf>,
    /// Authorities that its certificate may be from, PEM; those of this machine if not given.
    ca_file: Option<PathBuf>,
}

/// The hooks, checked; an error names its hook and what is wrong, never its address.
pub fn hooks(given: &[Webhook]) -> Result<Vec<Hook>, (String, String)> {
    let mut names = BTreeSet::new();
    let mut hooks = Vec::new();
    for one in given {
        let shown: String = one.name.chars().take(LONGEST_NAME).collect();
        if !names.insert(one.name.clone()) {
            return Err((shown, "another one has its name".to_owned()));
        }
        hooks.push(one.hook().map_err(|why| (shown, why))?);
    }
    if hooks.len() > MOST {
        return Err((String::new(), format!("more than {MOST} are given")));
    }
    Ok(hooks)
}

impl Webhook {
    fn hook(&self) -> Result<Hook, String> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=LONGEST_NAME).contains(&self.name.len()) || !self.name.bytes().all(is_name) {
            return Err("its name must be 1 to 64 letters, digits, -, _ or .".to_owned());
        }
        let url = self.url.reveal();
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let is_wrong = |rest: &str| {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            host.is_empty()
                || host.contains('@')
                || rest.contains('#')
                || rest.bytes().any(|byte| byte <= b' ')
        };
        if rest.is_none_or(is_wrong) {
            return Err("its url must begin with http:// or https:// and name no login".to_owned());
        }
        if self.ca_file.is_some() && !url.starts_with("https://") {
            return Err("ca_file needs a url that begins with https://".to_owned());
        }
        let kinds =
            Kinds::parse(self.events.iter().map(String::as_str)).map_err(|why| format!("events: {why}"))?;
        let secret = self.secret_file.as_deref().map(secret).transpose()?;
        if let Some(file) = &self.ca_file {
            fs::metadata(file).map_err(|error| format!("its ca_file cannot be read: {error}"))?;
        }
        let (name, url, authorities) = (self.name.clone(), self.url.clone(), self.ca_file.clone());
        Ok(Hook { name, url, kinds, secret, authorities })
    }
}

fn secret(file: &Path) -> Result<Secret, String> {
    let text =
        fs::read_to_string(file).map_err(|error| format!("its secret_file cannot be read: {error}"))?;
    let text = Secret::new(text);
    let line = text.reveal().lines().next().unwrap_or_default().trim();
    if line.len() < SHORTEST_SECRET {
        return Err(format!(
            "the first line of its secret_file must have {SHORTEST_SECRET} characters or more"
        ));
    }
    Ok(Secret::new(line))
}

/// More is a message bus's work.
const MOST: usize = 16;
/// Characters of a name.
const LONGEST_NAME: usize = 64;
/// Characters of a key: 96 bits in base64.
const SHORTEST_SECRET: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Hook>, String> {
        #[derive(Deserialize)]
        struct File {
            webhook: Vec<Webhook>,
        }
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        hooks(&file.webhook).map_err(|(name, why)| format!("{name}: {why}"))
    }

    #[test]
    fn a_hook_has_a_name_an_address_and_what_it_wants() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        fs::write(&key, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let text = format!(
            "[[webhook]]\nname = \"cmdb\"\nurl = \"https://x.example/in?token=t\"\nevents = [\"node\"]\nsecret_file = {key:?}"
        );
        let hooks = read(&text).unwrap();
        assert_eq!(hooks[0].name, "cmdb");
        assert_eq!(hooks[0].kinds.names(), ["baremetal.node"]);
        assert_eq!(hooks[0].secret.as_ref().unwrap().reveal(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert!(!format!("{hooks:?}").contains("token=t"));
    }

    #[test]
    fn what_is_wrong_is_said_and_no_address_is_repeated() {
        for (lines, words) in [
            ("name = \"a b\"\nurl = \"http://x\"", "letters"),
            ("name = \"a\"\nurl = \"ftp://secret\"", "must begin with http"),
            ("name = \"a\"\nurl = \"http://me:secret@x\"", "no login"),
            ("name = \"a\"\nurl = \"http://x\"\nevents = [\"No\"]", "no kind"),
            ("name = \"a\"\nurl = \"http://x\"\nsecret_file = \"/nowhere\"", "cannot be read"),
            ("name = \"a\"\nurl = \"http://x\"\nca_file = \"/nowhere\"", "https://"),
            ("url = \"http://x\"", "name"),
            ("name = \"a\"\nurl = \"http://x\"\nretries = 3", "retries"),
        ] {
            let said = read(&format!("[[webhook]]\n{lines}")).unwrap_err();
            assert!(said.contains(words), "{lines}: {said}");
            assert!(!said.contains("me:secret"), "{said}");
        }
        let twice = "[[webhook]]\nname = \"a\"\nurl = \"http://x\"\n";
        assert!(read(&twice.repeat(2)).unwrap_err().contains("another one"));
    }
}
