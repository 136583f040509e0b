//! Ethernet frames that are sent and read without the kernel's help: ARP probes, and DHCP between others.
//!
//! - [`arp`]   who has an address (RFC 826, 5227)
//! - [`udp`]   a datagram of IPv4 with its headers; [`udp6`] one of IPv6

use crate::base::mac::Mac;

pub mod arp;
pub mod udp;
pub mod udp6;

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub to: Mac,
    pub from: Mac,
    pub kind: u16,
}

impl Header {
    /// The header and what follows it; frames with a VLAN tag are not looked at.
    pub fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (to, rest) = bytes.split_first_chunk()?;
        let (from, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        Some((Self { to: Mac(*to), from: Mac(*from), kind: u16::from_be_bytes(*kind) }, rest))
    }

    pub fn emit(self, out: &mut Vec<u8>) {
        out.extend(self.to.0);
        out.extend(self.from.0);
        out.extend(self.kind.to_be_bytes());
    }
}

/// To all.
pub const EVERYONE: Mac = Mac([0xff; 6]);
/// Kind of ARP.
pub const ARP: u16 = 0x0806;
/// Kind of IPv4.
pub const IPV4: u16 = 0x0800;
/// Kind of IPv6.
pub const IPV6: u16 = 0x86dd;
