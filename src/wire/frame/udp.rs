//! A datagram of UDP over IPv4 with all headers.

use std::net::SocketAddrV4;

use crate::base::mac::Mac;
use crate::wire::frame::{EVERYONE, Header, IPV4};

/// A datagram that another host sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// The station that sent the frame.
    pub station: Mac,
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Of a frame with its header; none if it is no whole datagram of UDP. Check sums are not looked at: network cards
    /// fill them in after the kernel's copy is taken.
    pub fn parse(frame: &'a [u8]) -> Option<Self> {
        let (header, rest) = Header::parse(frame).filter(|(header, _)| header.kind == IPV4)?;
        let (ip, _) = rest.split_first_chunk::<20>()?;
        let [first, _, length @ .., _, _] = ip.first_chunk::<6>()?;
        let words = usize::from(first & 0x0f);
        let length = usize::from(u16::from_be_bytes(*length));
        let fragment = u16::from_be_bytes([*ip.get(6)?, *ip.get(7)?]) & 0x3fff;
        if first >> 4 != 4 || words < 5 || fragment != 0 || ip.get(9) != Some(&UDP) {
            return None;
        }
        let source: [u8; 4] = ip.get(12..16)?.try_into().ok()?;
        let target: [u8; 4] = ip.get(16..20)?.try_into().ok()?;
        let udp = rest.get(words * 4..length)?;
        let (ports, payload) = udp.split_first_chunk::<8>()?;
        let [a, b, c, d, ..] = *ports;
        let from = SocketAddrV4::new(source.into(), u16::from_be_bytes([a, b]));
        let to = SocketAddrV4::new(target.into(), u16::from_be_bytes([c, d]));
        Some(Self { station: header.from, from, to, payload })
    }
}

/// A frame to all with one datagram; none if the payload does not fit one.
pub fn broadcast(station: Mac, from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(payload.len() + 8).ok().filter(|length| *length <= 1480)?;
    let mut frame = Vec::with_capacity(42 + payload.len());
    Header { to: EVERYONE, from: station, kind: IPV4 }.emit(&mut frame);
    let mut ip = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, UDP].to_vec();
    ip.splice(2..4, (length + 20).to_be_bytes());
    ip.extend([0, 0]);
    ip.extend(from.ip().octets());
    ip.extend(to.ip().octets());
    let check = check_sum(&ip);
    ip.splice(10..12, check.to_be_bytes());
    frame.extend(ip);
    frame.extend(from.port().to_be_bytes());
    frame.extend(to.port().to_be_bytes());
    frame.extend(length.to_be_bytes());
    // A check sum of zero says that there is none (RFC 768).
    frame.extend([0, 0]);
    frame.extend(payload);
    Some(frame)
}

/// RFC 1071.
fn check_sum(bytes: &[u8]) -> u16 {
    let (words, _) = bytes.as_chunks();
    let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}

/// Protocol number of UDP.
const UDP: u8 = 17;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn a_datagram_reads_back_and_no_prefix_is_one() {
        let (from, to) = ("0.0.0.0:68".parse().unwrap(), "255.255.255.255:67".parse().unwrap());
        let frame = broadcast(ME, from, to, b"hello").unwrap();
        assert_eq!(Datagram::parse(&frame), Some(Datagram { station: ME, from, to, payload: b"hello" }));
        for end in 0..frame.len() {
            assert_eq!(Datagram::parse(&frame[..end]), None, "{end}");
        }
    }

    #[test]
    fn the_check_sum_is_that_of_the_rfc() {
        // From RFC 1071, section 3.
        assert_eq!(check_sum(&[0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        let from = "10.0.0.1:68".parse().unwrap();
        let frame = broadcast(ME, from, from, b"").unwrap();
        assert_eq!(check_sum(&frame[14..34]), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            Datagram::parse(&bytes);
        }
    }
}
