//! A URL as it stands in a loader's script: no character of it can end a line, begin a comment or be replaced.

use std::fmt;

/// A checked URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(String);

/// The text is no URL that a loader can be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no http, https or tftp address, or has characters that no script can carry")]
pub struct LinkError(String);

impl Link {
    /// Takes `http`, `https` and `tftp` URLs of the characters that RFC 3986 allows, less `#` and `'`, which begin a
    /// comment or end a quotation in scripts.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme));
        let is_fit = rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_of_link));
        if is_fit && text.len() <= LONGEST {
            return Ok(Self(text.to_owned()));
        }
        Err(LinkError(text.chars().take(SHOWN).collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_of_link(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&()*+,;=%".contains(&byte)
}

const SCHEMES: [&str; 3] = ["http://", "https://", "tftp://"];

/// iPXE's own limit for a line is 4096.
const LONGEST: usize = 1024;

/// Characters of a wrong one that a message repeats.
const SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_without_script_characters_are_taken() {
        for text in
            ["http://10.0.0.1:8080/boot/file", "https://[fd00::1]/a.iso?x=1&y=%20", "tftp://10.0.0.1/ipxe/a"]
        {
            assert_eq!(Link::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "http://",
            "ftp://a/b",
            "file:///etc/passwd",
            "http://a/b c",
            "http://a/\nreboot",
            "http://a/${mac}",
            "http://a/#x",
            "http://a/'x",
            "http://a/\"x",
            "http://\u{e9}/",
            " http://a/",
        ] {
            assert!(Link::parse(text).is_err(), "{text:?}");
        }
        assert!(Link::parse(&format!("http://{}", "a".repeat(1100))).is_err());
    }
}
