//! An Ethernet address.
//!
//! Stored as bytes, shown lower-case with colons, as the API does; accepted with colons or hyphens.

use std::fmt;
use std::str::FromStr;

/// A 48-bit MAC address (IEEE 802).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

/// The text is not six hexadecimal octets.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is not a MAC address (six hexadecimal octets)")]
pub struct MacError {
    text: String,
}

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map(Self).ok_or_else(|| MacError { text: text.chars().take(64).collect() })
    }
}

fn parse(text: &str) -> Option<[u8; 6]> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let mut octets = [0; 6];
    let mut parts = text.split(separator);
    for octet in &mut octets {
        let part = parts.next().filter(|part| part.len() == 2 && !part.starts_with('+'))?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

impl Mac {
    /// With hyphens, as in file names.
    pub fn hyphened(self) -> String {
        self.to_string().replace(':', "-")
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ":" };
            write!(f, "{separator}{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colons_and_hyphens_and_case_are_one_address() {
        let expected = Mac([0x52, 0x54, 0, 0xe2, 0xe0, 1]);
        for text in ["52:54:00:e2:e0:01", "52:54:00:E2:E0:01", "52-54-00-e2-e0-01"] {
            assert_eq!(text.parse(), Ok(expected));
        }
        assert_eq!(expected.to_string(), "52:54:00:e2:e0:01");
        assert_eq!(expected.hyphened(), "52-54-00-e2-e0-01");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "52:54:00:e2:e0",
            "52:54:00:e2:e0:01:02",
            "5:54:00:e2:e0:01",
            "+1:54:00:e2:e0:01",
            "zz:54:00:e2:e0:01",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }
}
