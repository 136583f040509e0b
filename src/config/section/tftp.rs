//! `[tftp]`: files for firmware that knows nothing else; ours alone.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};

use serde::Deserialize;

use crate::config::ConfigError;

/// `[tftp]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tftp {
    /// On if a `[[network]]` is for booting, unless told otherwise.
    pub enabled: Option<bool>,
    /// Where it listens; port 69 of all addresses if not given. Port 0 is any free one.
    pub listen: Option<Vec<SocketAddr>>,
    /// Bytes in a block, at the most: 1468 fill an Ethernet frame. Never more than the way to the client carries in one.
    pub max_blksize: Option<u16>,
    /// Blocks in a window, at the most; 64 if not given.
    pub max_windowsize: Option<NonZeroU16>,
    /// Transfers at once; 256 if not given.
    pub max_transfers: Option<NonZeroU16>,
    /// Transfers at once to one address; 8 if not given.
    pub max_transfers_per_client: Option<NonZeroU16>,
    /// Requests of one address in a second, kept up for long; 50 if not given.
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
        if let Some(value) = self.max_windowsize.filter(|value| value.get() > WINDOWSIZE) {
            return wrong("tftp.max_windowsize", value.to_string(), "blocks, from 1 to 64");
        }
        if let Some(value) = self.requests_per_second.filter(|value| value.get() > REQUESTS) {
            return wrong("tftp.requests_per_second", value.to_string(), "from 1 to 10000");
        }
        match self.listen.as_ref().filter(|listen| listen.is_empty() || listen.len() > LISTEN) {
            Some(listen) => {
                wrong("tftp.listen", format!("{listen:?}"), "1 to 64 addresses, each with its port")
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
