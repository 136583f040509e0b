//! Numbers and addresses as they are written in the file; what is refused is told in words, with the range or an
//! example.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::str::FromStr;

use ipnet::{Ipv4Net, Ipv6Net};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// A whole number from 1 to `MOST`.
pub fn u16_to<'de, D, const MOST: u16>(from: D) -> Result<Option<NonZeroU16>, D::Error>
where
    D: Deserializer<'de>,
{
    let wide = from.deserialize_u32(Whole { most: MOST.into() })?;
    NonZeroU16::try_from(wide).map(Some).map_err(D::Error::custom)
}

/// A whole number from 1 to `MOST`.
pub fn u32_to<'de, D, const MOST: u32>(from: D) -> Result<Option<NonZeroU32>, D::Error>
where
    D: Deserializer<'de>,
{
    from.deserialize_u32(Whole { most: MOST }).map(Some)
}

/// An address of IPv4 with the prefix length of its network.
pub fn home<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Ipv4Net>, D::Error> {
    net4(from).map(Some)
}

/// A network of IPv4.
pub fn net4<'de, D: Deserializer<'de>>(from: D) -> Result<Ipv4Net, D::Error> {
    let text = String::deserialize(from)?;
    net::<Ipv4Net, Ipv4Addr>(&text, "/24", "10.0.0.0/24").map_err(D::Error::custom)
}

/// A network of IPv6.
pub fn net6<'de, D: Deserializer<'de>>(from: D) -> Result<Ipv6Net, D::Error> {
    let text = String::deserialize(from)?;
    net::<Ipv6Net, Ipv6Addr>(&text, "/64", "fd00::/64").map_err(D::Error::custom)
}

/// Addresses, each with its port; `PORT` is the usual one.
pub fn doors<'de, D, const PORT: u16>(from: D) -> Result<Option<Vec<SocketAddr>>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(from)?;
    let doors = texts.iter().map(|text| door(text, PORT)).collect::<Result<_, _>>();
    doors.map(Some).map_err(D::Error::custom)
}

fn net<N: FromStr, A: FromStr>(text: &str, usual: &str, example: &str) -> Result<N, String> {
    text.parse().map_err(|_| {
        if text.parse::<A>().is_ok() {
            format!("{text} has no prefix length: write {text}{usual}, or what length its network has")
        } else {
            format!("{text:?} is no address with a prefix length, as in {example}")
        }
    })
}

fn door(text: &str, port: u16) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse::<IpAddr>() {
            Ok(address) => format!("{text} has no port: write {}", SocketAddr::new(address, port)),
            Err(_) => format!("{text:?} is no address with a port, as in 0.0.0.0:{port} or [::]:{port}"),
        }
    })
}

/// Reads a whole number that is not 0.
#[derive(Clone, Copy)]
struct Whole {
    most: u32,
}

impl Visitor<'_> for Whole {
    type Value = NonZeroU32;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from 1 to {}", self.most)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<NonZeroU32, E> {
        let given = u32::try_from(value).ok().and_then(NonZeroU32::new);
        let given = given.filter(|given| given.get() <= self.most);
        given.ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<NonZeroU32, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Section {
        #[serde(deserialize_with = "u16_to::<_, 64>")]
        few: Option<NonZeroU16>,
        #[serde(deserialize_with = "u32_to::<_, 100_000>")]
        many: Option<NonZeroU32>,
        #[serde(deserialize_with = "home")]
        home: Option<Ipv4Net>,
        #[serde(deserialize_with = "doors::<_, 69>")]
        doors: Option<Vec<SocketAddr>>,
    }

    #[derive(Debug, Deserialize)]
    struct Prefix {
        #[serde(deserialize_with = "net6")]
        prefix: Ipv6Net,
    }

    fn refused(text: &str, words: &str) {
        let said = toml::from_str::<Section>(text).unwrap_err().to_string();
        assert!(said.contains(words), "{text}: {said}");
    }

    #[test]
    fn a_number_has_its_range() {
        let read = |text: &str| toml::from_str::<Section>(text).unwrap();
        assert_eq!(read("").few, None);
        assert_eq!(read("few = 64").few, NonZeroU16::new(64));
        assert_eq!(read("many = 100000").many, NonZeroU32::new(100_000));
        for wrong in ["0", "-1", "65", "1000000000000", "\"x\"", "1.5"] {
            refused(&format!("few = {wrong}"), "expected a whole number from 1 to 64");
        }
        refused("many = 100001", "expected a whole number from 1 to 100000");
    }

    #[test]
    fn an_address_without_prefix_length_is_told_what_is_missing() {
        let read = toml::from_str::<Section>("home = \"10.0.0.1/24\"").unwrap();
        assert_eq!(read.home, "10.0.0.1/24".parse().ok());
        refused("home = \"172.31.0.1\"", "172.31.0.1 has no prefix length: write 172.31.0.1/24");
        refused("home = \"172.31.0.1/33\"", "as in 10.0.0.0/24");
        refused("home = \"fd00::1\"", "as in 10.0.0.0/24");
        let prefix = |text: &str| toml::from_str::<Prefix>(text).map_err(|error| error.to_string());
        assert_eq!(prefix("prefix = \"fd00::/64\"").unwrap().prefix, "fd00::/64".parse().unwrap());
        assert!(prefix("prefix = \"fd00::/129\"").unwrap_err().contains("as in fd00::/64"));
        assert!(prefix("prefix = \"fd00::\"").unwrap_err().contains("write fd00::/64"));
    }

    #[test]
    fn an_address_without_port_is_told_what_is_missing() {
        let read = toml::from_str::<Section>("doors = [\"127.0.0.1:0\", \"[::1]:69\"]").unwrap();
        assert_eq!(read.doors, Some(vec!["127.0.0.1:0".parse().unwrap(), "[::1]:69".parse().unwrap()]));
        refused("doors = [\"0.0.0.0\"]", "0.0.0.0 has no port: write 0.0.0.0:69");
        refused("doors = [\"::\"]", "write [::]:69");
        refused("doors = [\"[::]\"]", "write [::]:69");
        refused("doors = [\"0.0.0.0:70000\"]", "is no address with a port");
    }
}
