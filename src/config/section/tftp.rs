//! `[tftp]`: files for firmware that knows nothing else; ours alone.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};

use serde::Deserialize;

use crate::config::ConfigError;
use crate::config::section::written;

/// `[tftp]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tftp {
    /// On if a `[[network]]` is for booting, unless told otherwise.
    pub enabled: Option<bool>,
    /// Where it listens; port 69 of all addresses if not given. Port 0 is any free one.
    #[serde(deserialize_with = "written::doors::<_, PORT>")]
    pub listen: Option<Vec<SocketAddr>>,
    /// Bytes in a block, at the most: 1468 fill an Ethernet frame. Never more than the way to the client carries in one.
    pub max_blksize: Option<u16>,
    /// Blocks in a window, at the most; 64 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, WINDOWSIZE>")]
    pub max_windowsize: Option<NonZeroU16>,
    /// Transfers at once; 256 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub max_transfers: Option<NonZeroU16>,
    /// Transfers at once to one address; 8 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub max_transfers_per_client: Option<NonZeroU16>,
    /// Requests of one address in a second, kept up for long; 50 if not given.
    #[serde(deserialize_with = "written::u32_to::<_, REQUESTS>")]
    pub requests_per_second: Option<NonZeroU32>,
}

impl Tftp {
    /// Addresses to listen at, and whether one of IPv6 may be missing because this host has none.
    pub fn addresses(&self) -> (Vec<SocketAddr>, bool) {
        match &self.listen {
            Some(given) => (given.clone(), false),
            None => (vec![(Ipv4Addr::UNSPECIFIED, PORT).into(), (Ipv6Addr::UNSPECIFIED, PORT).into()], true),
        }
    }

    pub(in crate::config) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |name, value: String, rule| Err(ConfigError::Value { name, value, rule });
        if let Some(value) = self.max_blksize.filter(|value| !BLKSIZE.contains(value)) {
            return wrong("tftp.max_blksize", value.to_string(), "bytes, from 512 to 65464");
        }
        let Some(listen) = &self.listen else { return Ok(()) };
        if listen.is_empty() || listen.len() > LISTEN {
            return wrong("tftp.listen", format!("{listen:?}"), "1 to 64 addresses, each with its port");
        }
        let is_again = |(place, one): &(usize, &SocketAddr)| {
            one.port() != 0 && listen.get(..*place).unwrap_or_default().contains(one)
        };
        match listen.iter().enumerate().find(is_again) {
            Some((_, twice)) => {
                wrong("tftp.listen", twice.to_string(), "it is given twice: leave one of them out")
            }
            None => Ok(()),
        }
    }
}

/// IANA's.
const PORT: u16 = 69;
/// RFC 2348 has less, but 512 is what clients take that ask for nothing.
const BLKSIZE: std::ops::RangeInclusive<u16> = 512..=65464;
/// The buffers of the smallest firmware lose what is beyond it.
const WINDOWSIZE: u16 = 64;
/// More is no limit.
const REQUESTS: u32 = 10_000;
/// A network has one or two.
const LISTEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tftp, String> {
        let tftp: Tftp = toml::from_str(text).map_err(|error| error.to_string())?;
        tftp.check().map_err(|error| error.to_string())?;
        Ok(tftp)
    }

    #[test]
    fn nothing_given_is_port_69_of_all_addresses() {
        let (addresses, may_miss) = read("").unwrap().addresses();
        assert_eq!(
            (addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), may_miss),
            ("0.0.0.0:69 [::]:69".to_owned(), true)
        );
        let given = read("listen = [\"127.0.0.1:0\"]\nmax_blksize = 65464\nmax_windowsize = 1").unwrap();
        assert_eq!(given.addresses(), (vec!["127.0.0.1:0".parse().unwrap()], false));
    }

    #[test]
    fn the_same_address_twice_is_named() {
        let said = read("listen = [\"0.0.0.0:69\", \"[::]:69\", \"0.0.0.0:69\"]").unwrap_err();
        assert_eq!(said, "tftp.listen = 0.0.0.0:69: it is given twice: leave one of them out");
        assert!(read("listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]").is_ok(), "two free ports are two");
        assert!(read("listen = [\"0.0.0.0:69\", \"[::]:69\"]").is_ok());
    }

    #[test]
    fn ranges_and_missing_ports_are_said() {
        for (wrong, words) in [
            ("listen = [\"0.0.0.0\"]", "write 0.0.0.0:69"),
            ("max_windowsize = 65", "from 1 to 64"),
            ("max_transfers = 1000000000", "from 1 to 65535"),
            ("requests_per_second = 10001", "from 1 to 10000"),
        ] {
            let said = read(wrong).unwrap_err();
            assert!(said.contains(words), "{wrong}: {said}");
        }
    }

    #[test]
    fn values_that_no_client_could_use_are_refused() {
        for wrong in ["max_blksize = 511", "max_blksize = 65465", "max_windowsize = 65", "max_windowsize = 0"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for wrong in ["listen = []", "listen = [\"127.0.0.1\"]", "requests_per_second = 0", "port = 69"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
