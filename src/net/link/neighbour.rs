//! Whose frames come from an address: what the kernel has found out of this host's neighbours (rtnetlink(7)).

use std::io::{self, Read};
use std::net::IpAddr;

use nix::net::if_::if_nametoindex;
use socket2::{Domain, Protocol, Socket, Type};

use crate::base::mac::Mac;

/// The hardware address that the kernel has for `address` on this interface. None if it has none: `address` is behind a
/// router, or nothing was sent there lately. Who is being answered over TCP always has one.
pub fn hardware_of(interface: &str, address: IpAddr) -> Option<Mac> {
    let index = if_nametoindex(interface).ok()?;
    let mut answer = [0; ANSWER];
    let size = ask(&question(index, address.to_canonical()), &mut answer).ok()?;
    hardware_in(answer.get(..size)?)
}

/// The kernel answers before the question is out of the caller's hand, so nothing waits.
fn ask(question: &[u8], answer: &mut [u8]) -> io::Result<usize> {
    let domain = Domain::from(nix::libc::AF_NETLINK);
    let mut socket = Socket::new(domain, Type::RAW, Some(Protocol::from(nix::libc::NETLINK_ROUTE)))?;
    socket.set_nonblocking(true)?;
    socket.send(question)?;
    socket.read(answer)
}

/// A header, what is asked for, and one attribute: the address.
fn question(index: u32, address: IpAddr) -> Vec<u8> {
    let (family, bytes) = match address {
        IpAddr::V4(address) => (AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (AF_INET6, address.octets().to_vec()),
    };
    let mut body = vec![family, 0, 0, 0];
    body.extend(index.to_ne_bytes());
    // State, flags and type: any.
    body.extend([0; 4]);
    let length = if family == AF_INET { 8_u16 } else { 20 };
    body.extend(length.to_ne_bytes());
    body.extend(NDA_DST.to_ne_bytes());
    body.extend(bytes);
    let whole = if family == AF_INET { 36_u32 } else { 48 };
    let mut message = whole.to_ne_bytes().to_vec();
    message.extend(RTM_GETNEIGH.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    // Sequence and port: nobody else asks on this socket.
    message.extend([0; 8]);
    message.extend(body);
    message
}

/// The hardware address in an answer; none in an error.
fn hardware_in(answer: &[u8]) -> Option<Mac> {
    let kind = u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?);
    if kind != RTM_NEWNEIGH {
        return None;
    }
    let mut rest = answer.get(HEADER + NEIGHBOUR..)?;
    loop {
        let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let kind = u16::from_ne_bytes(*rest.get(2..)?.first_chunk()?);
        let value = rest.get(4..length)?;
        if kind == NDA_LLADDR {
            let mac = value.first_chunk().filter(|_| value.len() == 6)?;
            return Some(Mac(*mac)).filter(|mac| mac.0 != [0; 6]);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
}

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const NLM_F_REQUEST: u16 = 1;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Bytes of `struct ndmsg`.
const NEIGHBOUR: usize = 12;
/// One neighbour takes less than 200 bytes.
const ANSWER: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// What Linux said of the other end of a veth pair, at 10.97.0.11 and at `fd00:97::11`, on a little-endian machine.
    const ANSWERS: [&str; 2] = [
        "4c0000001c00000000000000cd2a0000020000000200000008000001080001000a61000b0a000200c200e0fb39570000\
         0800040000000000140003007b1700000b0000000b00000002000000",
        "580000001c00000000000000cd2a00000a000000020000000800000114000100fd0000970000000000000000000000110a000200\
         c200e0fb395700000800040000000000140003007b1700000b0000000b00000002000000",
    ];
    /// Bytes of an answer up to the end of its hardware address.
    const NEEDED: [usize; 2] = [46, 58];

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
        digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn an_answer_shows_the_hardware_address_and_no_prefix_of_it_panics() {
        for (hex, needed) in ANSWERS.into_iter().zip(NEEDED) {
            let whole = bytes(hex);
            for size in 0..=whole.len() {
                let found = (size >= needed).then_some(Mac([0xc2, 0, 0xe0, 0xfb, 0x39, 0x57]));
                assert_eq!(hardware_in(&whole[..size]), found, "{size}");
            }
            let mut endless = whole.clone();
            endless[28..30].copy_from_slice(&0_u16.to_ne_bytes());
            assert_eq!(hardware_in(&endless), None);
            let mut error = whole;
            error[4..6].copy_from_slice(&2_u16.to_ne_bytes());
            assert_eq!(hardware_in(&error), None);
        }
    }

    #[test]
    fn a_question_is_as_long_as_it_says() {
        for address in ["10.0.0.1", "fd00::1"] {
            let question = question(2, address.parse().unwrap());
            let said = u32::from_ne_bytes(*question.first_chunk().unwrap());
            assert_eq!(usize::try_from(said).unwrap(), question.len(), "{address}");
        }
    }

    #[test]
    fn loopback_has_no_hardware_address() {
        assert_eq!(hardware_of("lo", "127.0.0.1".parse().unwrap()), None);
        assert_eq!(hardware_of("none0", "127.0.0.1".parse().unwrap()), None);
    }
}
