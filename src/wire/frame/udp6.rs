//! A datagram of UDP over IPv6 with all headers.

use std::net::{Ipv6Addr, SocketAddrV6};

use crate::base::mac::Mac;
use crate::wire::frame::{Header, IPV6};

/// A datagram, and the stations that it goes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    pub sender: Mac,
    pub receiver: Mac,
    pub from: SocketAddrV6,
    pub to: SocketAddrV6,
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Of a frame with its header; none if it is no whole datagram of UDP right after the header of IPv6. Check sums are
    /// not looked at: network cards fill them in after the kernel's copy is taken.
    pub fn parse(frame: &'a [u8]) -> Option<Self> {
        let (header, rest) = Header::parse(frame).filter(|(header, _)| header.kind == IPV6)?;
        let (fixed, rest) = rest.split_first_chunk::<8>()?;
        let [first, _, _, _, length @ .., next, _] = *fixed;
        let (source, rest) = rest.split_first_chunk::<16>()?;
        let (target, rest) = rest.split_first_chunk::<16>()?;
        let udp = rest.get(..usize::from(u16::from_be_bytes(length)))?;
        if first >> 4 != 6 || next != UDP {
            return None;
        }
        let (ports, _) = udp.split_first_chunk::<8>()?;
        let [a, b, c, d, length @ .., _, _] = *ports;
        let payload = udp.get(8..usize::from(u16::from_be_bytes(length)))?;
        let of = |address: [u8; 16], port| SocketAddrV6::new(address.into(), u16::from_be_bytes(port), 0, 0);
        let (from, to) = (of(*source, [a, b]), of(*target, [c, d]));
        Some(Self { sender: header.from, receiver: header.to, from, to, payload })
    }

    /// The frame; none if the payload does not fit one.
    pub fn emit(&self) -> Option<Vec<u8>> {
        let length = u16::try_from(self.payload.len() + 8).ok()?;
        let mut udp = Vec::with_capacity(self.payload.len() + 8);
        udp.extend(self.from.port().to_be_bytes());
        udp.extend(self.to.port().to_be_bytes());
        udp.extend(length.to_be_bytes());
        udp.extend([0, 0]);
        udp.extend(self.payload);
        // A sum of zero is written as its other form, since zero says that there is none (RFC 8200 8.1).
        let sum = match check_sum(*self.from.ip(), *self.to.ip(), UDP, &udp) {
            0 => u16::MAX,
            sum => sum,
        };
        udp.splice(6..8, sum.to_be_bytes());
        let mut frame = Vec::with_capacity(54 + udp.len());
        Header { to: self.receiver, from: self.sender, kind: IPV6 }.emit(&mut frame);
        frame.extend([0x60, 0, 0, 0]);
        frame.extend(length.to_be_bytes());
        frame.extend([UDP, HOPS]);
        frame.extend(self.from.ip().octets());
        frame.extend(self.to.ip().octets());
        frame.extend(udp);
        Some(frame)
    }
}

/// Over the addresses, the length and the protocol, and what follows them (RFC 8200 8.1).
fn check_sum(from: Ipv6Addr, to: Ipv6Addr, protocol: u8, message: &[u8]) -> u16 {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut bytes = [from.octets(), to.octets()].concat();
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 0, 0, protocol]);
    bytes.extend(message);
    let pair = |two: &[u8]| {
        let [first, second] = [two.first(), two.get(1)].map(|byte| byte.copied().unwrap_or_default());
        u32::from(u16::from_be_bytes([first, second]))
    };
    let sum: u32 = bytes.chunks(2).map(pair).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}

/// Protocol number of UDP.
const UDP: u8 = 17;
/// As hosts send it: a relay may be some routers away.
const HOPS: u8 = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const YOU: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn datagram(payload: &[u8]) -> Datagram<'_> {
        Datagram {
            sender: ME,
            receiver: YOU,
            from: "[fe80::1]:547".parse().unwrap(),
            to: "[fe80::2]:546".parse().unwrap(),
            payload,
        }
    }

    #[test]
    fn a_datagram_reads_back_and_no_prefix_is_one() {
        let frame = datagram(b"hello").emit().unwrap();
        assert_eq!(Datagram::parse(&frame), Some(datagram(b"hello")));
        for end in 0..frame.len() {
            assert_eq!(Datagram::parse(&frame[..end]), None, "{end}");
        }
        let padded = [frame, vec![0; 9]].concat();
        assert_eq!(Datagram::parse(&padded), Some(datagram(b"hello")), "short frames are padded");
    }

    #[test]
    fn the_check_sum_is_over_addresses_and_datagram() {
        let frame = datagram(b"hi").emit().unwrap();
        let whole = &frame[54..];
        assert_eq!(check_sum("fe80::1".parse().unwrap(), "fe80::2".parse().unwrap(), UDP, whole), 0);
        // Computed by hand.
        assert_eq!(whole[6..8], 0x9627_u16.to_be_bytes());
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            Datagram::parse(&bytes);
        }
    }
}
