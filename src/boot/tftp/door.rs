//! The socket that requests come to. It tells which of our addresses was asked, so that the answer comes from there.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::net::listen;

/// A bound socket.
#[derive(Debug)]
pub struct Door {
    socket: UdpSocket,
    address: SocketAddr,
    control: Vec<u8>,
    datagram: Vec<u8>,
}

/// A datagram that came in.
#[derive(Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    pub from: SocketAddr,
    /// Our address that was asked, with port 0: where the answer goes out.
    pub to: SocketAddr,
    pub bytes: &'a [u8],
}

impl Door {
    /// Listens at `address`; IPv6 only if it is of IPv6.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let (socket, is_there) = listen::udp(address)?;
        if !is_there {
            tracing::warn!(%address, "this host does not have the address yet; TFTP is served once it has it");
        }
        match address {
            SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
            SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?,
        }
        let address = socket.local_addr()?;
        let control = nix::cmsg_space!(nix::libc::in_pktinfo, nix::libc::in6_pktinfo);
        Ok(Self { socket: UdpSocket::from_std(socket)?, address, control, datagram: vec![0; LONGEST] })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next datagram that is not too long and was sent to us alone. May be dropped at any time without losing one.
    pub async fn hear(&mut self) -> io::Result<Letter<'_>> {
        let Self { socket, address, control, datagram } = self;
        let (size, from, to) = loop {
            let take = || take(socket, *address, control, datagram);
            if let Some(found) = socket.async_io(Interest::READABLE, take).await? {
                break found;
            }
        };
        Ok(Letter { from, to, bytes: datagram.get(..size).unwrap_or_default() })
    }
}

/// Takes one datagram in; `None` if it is too long, or was sent to many (RFC 1123 4.2.3.4).
fn take(
    socket: &UdpSocket,
    bound: SocketAddr,
    control: &mut [u8],
    datagram: &mut [u8],
) -> io::Result<Option<(usize, SocketAddr, SocketAddr)>> {
    let mut parts = [IoSliceMut::new(datagram)];
    let flags = MsgFlags::empty();
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(control), flags)?;
    let from = message.address.as_ref().and_then(peer);
    let mut to = Some(SocketAddr::new(bound.ip(), 0));
    for part in message.cmsgs()? {
        match asked(&part) {
            Some(Reach::Us(address)) => to = Some(address),
            Some(Reach::Many) => to = None,
            None => {}
        }
    }
    let whole = !message.flags.contains(MsgFlags::MSG_TRUNC);
    Ok(from.zip(to).filter(|_| whole).map(|(from, to)| (message.bytes, from, to)))
}

fn peer(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|one| SocketAddr::V4((*one).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|one| SocketAddr::V6((*one).into())))
}

/// Whom a datagram was sent to.
enum Reach {
    Us(SocketAddr),
    /// All hosts of a network, or a group.
    Many,
}

/// Whom a datagram was sent to, if this part of its control data tells that.
#[expect(clippy::wildcard_enum_match_arm, reason = "the control data of sockets is a foreign enum")]
fn asked(part: &ControlMessageOwned) -> Option<Reach> {
    match part {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            let own = Ipv4Addr::from(info.ipi_spec_dst.s_addr.to_ne_bytes());
            let is_us = info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr;
            Some(if is_us { Reach::Us(SocketAddr::new(IpAddr::V4(own), 0)) } else { Reach::Many })
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            let own = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            // Such an address is one of many alike, one on each link.
            let scope = if own.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
            let address = SocketAddr::V6(SocketAddrV6::new(own, 0, 0, scope));
            Some(if own.is_multicast() { Reach::Many } else { Reach::Us(address) })
        }
        _ => None,
    }
}

/// Bytes of the longest request: 512 by RFC 2347; longer names are refused with an answer.
const LONGEST: usize = 1500;

#[cfg(test)]
mod tests;
