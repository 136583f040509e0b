//! Router solicitations in, router advertisements out (RFC 4861 4.1, 4.2, 4.6).

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;

use crate::base::mac::Mac;

/// What machines are told of their network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertisement {
    /// Addresses come by DHCPv6.
    pub managed: bool,
    /// Other data comes by DHCPv6.
    pub other: bool,
    /// Seconds for which this host is a default router; 0 for none.
    pub lifetime: u16,
    pub prefix: Option<Prefix>,
    /// Bytes of a datagram.
    pub mtu: Option<u32>,
    /// Name servers (RFC 8106 5.1); none is no option.
    pub dns: Vec<Ipv6Addr>,
    /// Seconds for which they may be used.
    pub dns_lifetime: u32,
    pub mac: Mac,
}

/// A prefix whose addresses are reached directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    pub net: Ipv6Net,
    /// Machines make addresses in it themselves (RFC 4862).
    pub autonomous: bool,
    /// Seconds.
    pub valid: u32,
    /// Seconds.
    pub preferred: u32,
}

/// Why bytes are no solicitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RaError {
    #[error("it is no router solicitation")]
    Kind,
    #[error("a solicitation of {0} bytes is too short")]
    Short(usize),
    #[error("an option has no length or goes beyond the end")]
    Option,
    #[error("who has no address yet cannot tell its hardware address")]
    Source,
}

impl Advertisement {
    /// The message; its checksum is the kernel's to fill in.
    pub fn emit(&self) -> Vec<u8> {
        let flags = if self.managed { MANAGED } else { 0 } | if self.other { OTHER } else { 0 };
        let mut out = vec![ADVERTISEMENT, 0, 0, 0, HOP_LIMIT, flags];
        out.extend(self.lifetime.to_be_bytes());
        out.extend([0; 8]);
        if let Some(prefix) = self.prefix {
            let reach = ON_LINK | if prefix.autonomous { AUTONOMOUS } else { 0 };
            out.extend([3, 4, prefix.net.prefix_len(), reach]);
            out.extend(prefix.valid.to_be_bytes());
            out.extend(prefix.preferred.to_be_bytes());
            out.extend([0; 4]);
            out.extend(prefix.net.network().octets());
        }
        if let Some(mtu) = self.mtu {
            out.extend([5, 1, 0, 0]);
            out.extend(mtu.to_be_bytes());
        }
        out.extend([1, 1]);
        out.extend(self.mac.0);
        self.name_servers(&mut out);
        out
    }

    fn name_servers(&self, out: &mut Vec<u8>) {
        let Ok(units) = u8::try_from(self.dns.len() * 2 + 1) else { return };
        if self.dns.is_empty() {
            return;
        }
        out.extend([NAME_SERVERS, units, 0, 0]);
        out.extend(self.dns_lifetime.to_be_bytes());
        out.extend(self.dns.iter().flat_map(Ipv6Addr::octets));
    }
}

/// Checks a solicitation as RFC 4861 6.1.1 wants it; its hop limit is the socket's to check.
pub fn solicitation(bytes: &[u8], from: Ipv6Addr) -> Result<(), RaError> {
    let [SOLICITATION, 0, ..] = bytes else { return Err(RaError::Kind) };
    let mut rest = bytes.get(8..).ok_or(RaError::Short(bytes.len()))?;
    while let Some((&kind, after)) = rest.split_first() {
        let length = after.first().map_or(0, |count| usize::from(*count) * 8);
        if length == 0 {
            return Err(RaError::Option);
        }
        if kind == 1 && from.is_unspecified() {
            return Err(RaError::Source);
        }
        rest = rest.get(length..).ok_or(RaError::Option)?;
    }
    Ok(())
}

pub const SOLICITATION: u8 = 133;
const NAME_SERVERS: u8 = 25;
const ADVERTISEMENT: u8 = 134;
const MANAGED: u8 = 0x80;
const OTHER: u8 = 0x40;
const ON_LINK: u8 = 0x80;
const AUTONOMOUS: u8 = 0x40;
/// What machines put into their own datagrams.
const HOP_LIMIT: u8 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What iPXE and OVMF were sent when they were recorded, without its checksum.
    const RECORDED: &str = "8600000040c0070800000000000000000304408000000e1000000e1000000000fd0000bc000200000000000000000000\
                            05010000000005dc0101525400bcff02";

    #[test]
    fn an_advertisement_that_firmware_took_is_made_byte_for_byte() {
        let net = "fd00:bc:2::/64".parse().unwrap();
        let made = Advertisement {
            managed: true,
            other: true,
            lifetime: 1800,
            prefix: Some(Prefix { net, autonomous: false, valid: 3600, preferred: 3600 }),
            mtu: Some(1500),
            dns: Vec::new(),
            dns_lifetime: 0,
            mac: Mac([0x52, 0x54, 0, 0xbc, 0xff, 2]),
        };
        let digits: Vec<String> = made.emit().iter().map(|byte| format!("{byte:02x}")).collect();
        let hex = digits.concat();
        assert_eq!(hex, RECORDED);
        let dns = vec!["fd00::1".parse().unwrap(), "fd00::2".parse().unwrap()];
        let named = Advertisement { dns, dns_lifetime: 1800, ..made }.emit();
        let (before, option) = named.split_at(named.len() - 40);
        assert_eq!(before.len() * 2, RECORDED.len());
        assert_eq!(option[..8], [25, 5, 0, 0, 0, 0, 7, 8]);
        assert_eq!((option[8], option[23], option[39]), (0xfd, 1, 2));
    }

    #[test]
    fn the_recorded_solicitation_is_one_and_others_are_told_apart() {
        let some = "fe80::1".parse().unwrap();
        assert_eq!(solicitation(&[0x85, 0, 0x7b, 0xb8, 0, 0, 0, 0], some), Ok(()));
        assert_eq!(solicitation(&[0x86, 0, 0, 0, 0, 0, 0, 0], some), Err(RaError::Kind));
        assert_eq!(solicitation(&[0x85, 0, 0, 0, 0, 0, 0], some), Err(RaError::Short(7)));
        let with = [0x85, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6];
        assert_eq!(solicitation(&with, some), Ok(()));
        assert_eq!(solicitation(&with, Ipv6Addr::UNSPECIFIED), Err(RaError::Source));
        assert_eq!(solicitation(&[0x85, 0, 0, 0, 0, 0, 0, 0, 2, 0], some), Err(RaError::Option));
        for end in 9..with.len() {
            assert_eq!(solicitation(&with[..end], some), Err(RaError::Option));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_more_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            solicitation(&bytes, Ipv6Addr::LOCALHOST).ok();
        }
    }
}
