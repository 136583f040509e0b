//! iPXE's language as far as boot scripts use it: lines, labels, variables, `||` and `&&`.

use std::collections::BTreeMap;

use crate::base::mac::Mac;
use crate::twin::netboot::Kind;

/// A script's lines.
#[derive(Debug, Clone)]
pub(super) struct Script {
    lines: Vec<String>,
}

/// What a command's turn depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// `&&`
    After,
    /// `||`
    Failing,
}

impl When {
    /// Whether the command's turn has come, given how the one before ended.
    pub(super) fn has_come(self, went_well: bool) -> bool {
        match self {
            Self::Always => true,
            Self::After => went_well,
            Self::Failing => !went_well,
        }
    }
}

impl Script {
    /// `None` for a text that is no script.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix("#!ipxe")?;
        Some(Self { lines: body.lines().map(|line| line.trim().to_owned()).collect() })
    }

    pub(super) fn line(&self, number: usize) -> Option<&str> {
        self.lines.get(number).map(String::as_str)
    }

    /// The line of a label.
    pub(super) fn label(&self, name: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.strip_prefix(':').is_some_and(|label| label.trim() == name))
    }
}

/// The commands of a line whose variables are replaced, each with its words; a word that begins with `#` ends it.
pub(super) fn commands(line: &str) -> Vec<(When, Vec<String>)> {
    let mut commands = vec![(When::Always, Vec::new())];
    for word in line.split_whitespace().take_while(|word| !word.starts_with('#')) {
        match word {
            "||" => commands.push((When::Failing, Vec::new())),
            "&&" => commands.push((When::After, Vec::new())),
            word => {
                if let Some((_, words)) = commands.last_mut() {
                    words.push(word.to_owned());
                }
            }
        }
    }
    commands
}

/// What `${name}` stands for.
#[derive(Debug, Clone)]
pub(super) struct Variables {
    set: BTreeMap<String, String>,
}

impl Variables {
    /// Those of a machine with these cards, of which the first has booted.
    pub(super) fn of(kind: Kind, macs: &[Mac]) -> Self {
        let (platform, arch) = match kind {
            Kind::Bios => ("pcbios", "i386"),
            Kind::Uefi | Kind::UefiHttp => ("efi", "x86_64"),
        };
        let mut set = BTreeMap::from([
            ("platform".to_owned(), platform.to_owned()),
            ("buildarch".to_owned(), arch.to_owned()),
        ]);
        for (index, mac) in macs.iter().enumerate() {
            set.insert(format!("net{index}/mac"), mac.to_string());
        }
        if let Some(mac) = macs.first() {
            set.insert("netX/mac".to_owned(), mac.to_string());
            set.insert("mac".to_owned(), mac.to_string());
        }
        Self { set }
    }

    /// `set name:type value`; the type is for showing.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.set.insert(bare(name).to_owned(), value);
    }

    /// `inc name by`; `false` if it is no number.
    pub(super) fn increment(&mut self, name: &str, by: u64) -> bool {
        let now = self.set.get(bare(name)).map_or(Ok(0), |value| value.parse::<u64>());
        let Ok(now) = now else { return false };
        self.set(name, now.saturating_add(by).to_string());
        true
    }

    /// The line with its variables replaced, inner ones first; what is not set is nothing.
    pub(super) fn expanded(&self, line: &str) -> String {
        let mut line = line.to_owned();
        while let Some((before, name, after)) = innermost(&line) {
            line = format!("{before}{}{after}", self.value(name));
        }
        line
    }

    fn value(&self, name: &str) -> String {
        let value = self.set.get(bare(name)).cloned().unwrap_or_default();
        if name.ends_with(":hexhyp") { value.replace(':', "-") } else { value }
    }
}

fn bare(name: &str) -> &str {
    name.split(':').next().unwrap_or_default()
}

/// The first `${name}` that has none in it, with what is before and after.
fn innermost(line: &str) -> Option<(&str, &str, &str)> {
    let start = line.find("${")?;
    let end = start + line.get(start..)?.find('}')?;
    let (head, after) = (line.get(..end)?, line.get(end + 1..)?);
    let start = head.rfind("${")?;
    Some((head.get(..start)?, head.get(start + 2..)?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables {
        Variables::of(Kind::Bios, &[Mac([2, 0, 0, 0, 0, 0xa]), Mac([2, 0, 0, 0, 0, 0xb])])
    }

    #[test]
    fn variables_stand_for_their_values() {
        let mut variables = variables();
        variables.set("i:int32", "1".to_owned());
        for (line, expanded) in [
            ("chain http://h/${netX/mac:hexhyp} x", "chain http://h/02-00-00-00-00-0a x"),
            ("isset ${net${i}/mac} || goto none", "isset 02:00:00:00:00:0b || goto none"),
            ("isset ${net7/mac}", "isset "),
            ("iseq ${platform} efi", "iseq pcbios efi"),
            ("an open ${one", "an open ${one"),
        ] {
            assert_eq!(variables.expanded(line), expanded);
        }
        assert!(variables.increment("i", 5) && !variables.increment("platform", 1));
        assert_eq!(variables.expanded("${i}"), "6");
    }

    #[test]
    fn a_line_is_commands_that_hang_on_each_other() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            commands("chain a && exit 0 || # nothing"),
            [
                (When::Always, words(&["chain", "a"])),
                (When::After, words(&["exit", "0"])),
                (When::Failing, words(&[]))
            ]
        );
        assert!(When::After.has_come(true) && !When::After.has_come(false));
        assert!(When::Failing.has_come(false) && When::Always.has_come(false));
    }

    #[test]
    fn a_script_has_labels_and_begins_with_its_mark() {
        let script = Script::parse("#!ipxe\necho a\n:again\nboot\n").unwrap();
        assert_eq!((script.label("again"), script.label("gone")), (Some(2), None));
        assert_eq!(script.line(3), Some("boot"));
        assert!(Script::parse("echo a").is_none());
    }
}
