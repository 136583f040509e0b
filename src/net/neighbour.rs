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

    /// A neighbour at 10.97.0.11, as rtnetlink(7) lays it out.
    fn answer() -> Vec<u8> {
        let mut answer = [76_u32.to_ne_bytes(), [0; 4], [0; 4], [0; 4]].concat();
        answer[4..6].copy_from_slice(&RTM_NEWNEIGH.to_ne_bytes());
        answer.extend([AF_INET, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 1]);
        for (kind, value) in [(NDA_DST, &[10, 97, 0, 11][..]), (NDA_LLADDR, &[2, 0, 0, 0, 0x97, 0x11, 0, 0])]
        {
            let length = if kind == NDA_LLADDR { 10_u16 } else { 8 };
            answer.extend(length.to_ne_bytes());
            answer.extend(kind.to_ne_bytes());
            answer.extend(value);
        }
        answer
    }

    #[test]
    fn an_answer_shows_the_hardware_address_and_no_prefix_of_it_panics() {
        let whole = answer();
        assert_eq!(hardware_in(&whole), Some(Mac([2, 0, 0, 0, 0x97, 0x11])));
        for size in 0..whole.len() - 2 {
            assert_eq!(hardware_in(&whole[..size]), None, "{size}");
        }
        let mut endless = whole.clone();
        endless[28..30].copy_from_slice(&0_u16.to_ne_bytes());
        assert_eq!(hardware_in(&endless), None);
        let mut error = whole;
        error[4..6].copy_from_slice(&2_u16.to_ne_bytes());
        assert_eq!(hardware_in(&error), None);
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
