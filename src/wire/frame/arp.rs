//! Who has an address: the probe that claims nothing (RFC 5227), and what answers it.

use std::net::Ipv4Addr;

use crate::base::mac::Mac;
use crate::wire::frame::{ARP, EVERYONE, Header};

/// What a frame says about addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub mac: Mac,
    /// 0.0.0.0 in a probe.
    pub address: Ipv4Addr,
    /// The address that is asked for, or the one who is answered.
    pub target: Ipv4Addr,
}

impl Claim {
    /// Of a frame with its header; none if it is no ARP of Ethernet and IPv4.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (header, rest) = Header::parse(frame)?;
        let rest = rest.strip_prefix(&KIND).filter(|_| header.kind == ARP)?;
        let ([_, _operation], rest) = rest.split_first_chunk()?;
        let (mac, rest) = rest.split_first_chunk()?;
        let (address, rest) = rest.split_first_chunk::<4>()?;
        let (_asked_mac, rest) = rest.split_first_chunk::<6>()?;
        let (target, _) = rest.split_first_chunk::<4>()?;
        Some(Self { mac: Mac(*mac), address: (*address).into(), target: (*target).into() })
    }
}

/// Asks all who has `address`, in the name of nobody.
pub fn probe(from: Mac, address: Ipv4Addr) -> Vec<u8> {
    let mut frame = Vec::with_capacity(SHORTEST);
    Header { to: EVERYONE, from, kind: ARP }.emit(&mut frame);
    frame.extend(KIND);
    frame.extend([0, 1]);
    frame.extend(from.0);
    frame.extend([0; 4]);
    frame.extend([0; 6]);
    frame.extend(address.octets());
    frame.resize(SHORTEST, 0);
    frame
}

/// Ethernet, IPv4, and their lengths.
const KIND: [u8; 6] = [0, 1, 8, 0, 6, 4];
/// Shortest frame without its check sum.
const SHORTEST: usize = 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn a_probe_is_that_of_the_rfc_and_reads_back() {
        let address = Ipv4Addr::new(10, 0, 0, 9);
        let frame = probe(ME, address);
        assert_eq!(frame.len(), 60);
        assert_eq!(
            frame[..22],
            [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
        );
        let read = Claim { mac: ME, address: Ipv4Addr::UNSPECIFIED, target: address };
        assert_eq!(Claim::parse(&frame), Some(read));
        for end in 0..42 {
            assert_eq!(Claim::parse(&frame[..end]), None, "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            Claim::parse(&bytes);
        }
    }
}
