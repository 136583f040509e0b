//! A Linux kernel command line as parameters: what an operator wrote is read once, so that no value can end a line or
//! begin a parameter of its own in a loader's script.
//!
//! A key is letters, digits, `_`, `-` and `.`; a value is bare or in double quotes; `--` begins the words for init
//! (contract `boot.md` 6). Blanks, tabs and newlines separate. What any of the loaders would read as its own or change
//! on its way to the kernel is no part of a value, whichever loader it is: quotes and backslashes (GRUB), `${`, and among
//! words of a value in quotes `||`, `&&`, `#` and doubled blanks (iPXE).

use std::fmt;

/// What stands on a command line, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cmdline {
    words: Vec<Word>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    key: String,
    value: Option<String>,
}

/// Why a text is no command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CmdlineError {
    #[error("{0:?} is no kernel parameter: its name has other characters than letters, digits, _, - and .")]
    Key(String),
    #[error("the value of kernel parameter {0} has a quote in its middle or one that nothing closes")]
    Quote(String),
    #[error("the value of kernel parameter {0} has characters that no command line can carry")]
    Character(String),
    #[error(
        "the value of kernel parameter {key} has {what} in it, which loaders change on its way to the kernel"
    )]
    Misread { key: String, what: &'static str },
    #[error("the kernel parameters are longer than {LONGEST} bytes")]
    Long,
}

impl Cmdline {
    pub fn parse(text: &str) -> Result<Self, CmdlineError> {
        if text.len() > LONGEST {
            return Err(CmdlineError::Long);
        }
        let words = tokens(text).into_iter().map(Word::parse).collect::<Result<_, _>>()?;
        Ok(Self { words })
    }

    /// Adds a parameter whose name is ours. Characters that no command line can carry are left out of its value.
    pub fn push(&mut self, key: &str, value: &str) {
        let value = value.chars().filter(|one| is_of_value(*one)).collect();
        self.words.push(Word { key: key.to_owned(), value: Some(value) });
    }

    /// Adds a parameter without a value whose name is ours.
    pub fn flag(&mut self, key: &str) {
        self.words.push(Word { key: key.to_owned(), value: None });
    }

    /// Adds those of `other`.
    pub fn extend(&mut self, other: Self) {
        self.words.extend(other.words);
    }

    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

impl Word {
    fn parse(token: &str) -> Result<Self, CmdlineError> {
        let (key, value) = match token.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (token, None),
        };
        if key.is_empty() || !key.chars().all(|one| one.is_ascii_alphanumeric() || "_-.".contains(one)) {
            return Err(CmdlineError::Key(token.chars().take(SHOWN).collect()));
        }
        let value = value.map(|value| unquoted(key, value)).transpose()?;
        Ok(Self { key: key.to_owned(), value })
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// Without quotes.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

/// As the kernel reads it: a value with blanks stands in quotes.
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => f.write_str(&self.key),
            Some(value) if value.is_empty() || value.contains(' ') => write!(f, "{}=\"{value}\"", self.key),
            Some(value) => write!(f, "{}={value}", self.key),
        }
    }
}

impl fmt::Display for Cmdline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            let separator = if index == 0 { "" } else { " " };
            write!(f, "{separator}{word}")?;
        }
        Ok(())
    }
}

/// Parts between blanks that stand in no quotes.
fn tokens(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|one: char| {
        quoted ^= one == '"';
        !quoted && one.is_ascii_whitespace()
    })
    .filter(|token| !token.is_empty())
    .collect()
}

fn unquoted(key: &str, value: &str) -> Result<String, CmdlineError> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(|| CmdlineError::Quote(key.to_owned()))?,
        None => value,
    };
    if inner.contains('"') {
        return Err(CmdlineError::Quote(key.to_owned()));
    }
    if !inner.chars().all(is_of_value) {
        return Err(CmdlineError::Character(key.to_owned()));
    }
    match misread(inner) {
        Some(what) => Err(CmdlineError::Misread { key: key.to_owned(), what }),
        None => Ok(inner.to_owned()),
    }
}

/// What a loader would take for something else.
fn misread(value: &str) -> Option<&'static str> {
    if value.contains(['\'', '\\']) {
        return Some("a quote or a backslash");
    }
    if value.contains("${") {
        return Some("${");
    }
    let mut parts = value.split(' ').skip(1);
    parts.find_map(|part| match part {
        "" => Some("two blanks in a row or one at its end"),
        "||" | "&&" => Some("|| or &&"),
        _ if part.starts_with('#') => Some("a word that begins with #"),
        _ => None,
    })
}

/// Printable ASCII without the double quote, for which the kernel has no escape.
fn is_of_value(one: char) -> bool {
    matches!(one, ' '..='~') && one != '"'
}

/// `COMMAND_LINE_SIZE` of x86 and arm64 is 2048; the rest is ours.
pub const LONGEST: usize = 1536;

/// Characters of a wrong parameter that a message repeats.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_are_read_and_written_alike() {
        for (text, written) in [
            ("nofb vga=normal", "nofb vga=normal"),
            ("  a\tb  ", "a b"),
            ("console=ttyS0,115200n8 root=UUID=1-2", "console=ttyS0,115200n8 root=UUID=1-2"),
            ("dyndbg=\"file a.c +p; file b.c +p\" x", "dyndbg=\"file a.c +p; file b.c +p\" x"),
            ("a=\"b\"", "a=b"),
            ("a= b=\"\"", "a=\"\" b=\"\""),
            ("quiet -- single", "quiet -- single"),
            ("a=1\nb=2\r\n\tc", "a=1 b=2 c"),
            ("", ""),
        ] {
            assert_eq!(Cmdline::parse(text).unwrap().to_string(), written, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_parameter_is_refused() {
        let misread = |what| CmdlineError::Misread { key: "a".to_owned(), what };
        for (text, why) in [
            ("|| reboot", CmdlineError::Key("||".to_owned())),
            ("=x", CmdlineError::Key("=x".to_owned())),
            ("#x", CmdlineError::Key("#x".to_owned())),
            ("${mac}", CmdlineError::Key("${mac}".to_owned())),
            ("a=\"b", CmdlineError::Quote("a".to_owned())),
            ("a=b\"c d\"", CmdlineError::Quote("a".to_owned())),
            ("a=\"b\"c", CmdlineError::Quote("a".to_owned())),
            ("a=\u{e9}", CmdlineError::Character("a".to_owned())),
            ("a=\u{7f}", CmdlineError::Character("a".to_owned())),
            ("a=1\0", CmdlineError::Character("a".to_owned())),
            ("a=1\u{2028}b", CmdlineError::Character("a".to_owned())),
            ("a=\"b\nc\"", CmdlineError::Character("a".to_owned())),
            ("b;c", CmdlineError::Key("b;c".to_owned())),
            ("it's", CmdlineError::Key("it's".to_owned())),
            ("a=it's", misread("a quote or a backslash")),
            ("a=b\\c", misread("a quote or a backslash")),
            ("a=${net0/ip}", misread("${")),
            ("a=\"b || c\"", misread("|| or &&")),
            ("a=\"b #c\"", misread("a word that begins with #")),
            ("a=\"b  c\"", misread("two blanks in a row or one at its end")),
        ] {
            assert_eq!(Cmdline::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(Cmdline::parse(&"a ".repeat(1000)), Err(CmdlineError::Long));
    }

    proptest! {
        #[test]
        fn what_was_written_reads_the_same(text in "([a-z=\"# |&${}-]|\\PC){0,60}") {
            if let Ok(read) = Cmdline::parse(&text) {
                let written = read.to_string();
                prop_assert!(!written.contains(['\n', '\r', '\0']));
                prop_assert_eq!(Cmdline::parse(&written), Ok(read));
            }
        }
    }
}
