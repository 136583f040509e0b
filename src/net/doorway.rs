//! A UDP socket on one interface: it hears broadcasts there and nowhere else, and answers from the address that it is
//! told.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;

use nix::libc;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::net::link::Interface;

/// A socket on one interface and port.
#[derive(Debug)]
pub struct Doorway {
    socket: UdpSocket,
    source: Ipv4Addr,
    index: i32,
}

/// Why a port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DoorwayError {
    #[error(
        "port {port}/udp of interface {name} may not be opened; this needs CAP_NET_BIND_SERVICE (AmbientCapabilities= in ferric.service)"
    )]
    Forbidden { name: String, port: u16, source: io::Error },
    #[error("port {port}/udp of interface {name} could not be opened; does another server run there?")]
    Taken { name: String, port: u16, source: io::Error },
}

impl Doorway {
    /// Opens `port` on `interface`; what is sent bears the address `source`.
    pub fn open(interface: &Interface, port: u16, source: Ipv4Addr) -> Result<Self, DoorwayError> {
        let fail = |source: io::Error| {
            let name = interface.name.clone();
            if source.kind() == io::ErrorKind::PermissionDenied {
                DoorwayError::Forbidden { name, port, source }
            } else {
                DoorwayError::Taken { name, port, source }
            }
        };
        let socket = open(interface, port).and_then(UdpSocket::from_std).map_err(fail)?;
        Ok(Self { socket, source, index: i32::try_from(interface.index).unwrap_or_default() })
    }

    /// The next datagram and who sent it; its bytes beyond the buffer are lost. May be dropped at any time without
    /// losing one.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddrV4)> {
        loop {
            match self.socket.recv_from(buffer).await {
                Ok((size, std::net::SocketAddr::V4(from))) => return Ok((size, from)),
                Ok(_) => {}
                // What ICMP says of an answer that was sent before.
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// As `receive`, if one is there already.
    pub fn try_receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddrV4)> {
        match self.socket.try_recv_from(buffer) {
            Ok((size, std::net::SocketAddr::V4(from))) => Some((size, from)),
            Ok(_) | Err(_) => None,
        }
    }

    /// Sends one datagram through the interface.
    pub async fn send(&self, to: SocketAddrV4, datagram: &[u8]) -> io::Result<()> {
        let info = libc::in_pktinfo {
            ipi_ifindex: self.index,
            ipi_spec_dst: libc::in_addr { s_addr: u32::from_ne_bytes(self.source.octets()) },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        let work = || {
            sendmsg(
                self.socket.as_raw_fd(),
                &[IoSlice::new(datagram)],
                &[ControlMessage::Ipv4PacketInfo(&info)],
                MsgFlags::MSG_DONTWAIT,
                Some(&SockaddrIn::from(to)),
            )
            .map_err(io::Error::from)
        };
        self.socket.async_io(Interest::WRITABLE, work).await.map(|_| ())
    }
}

fn open(interface: &Interface, port: u16) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // Other servers may have this port on other interfaces, with or without naming theirs.
    socket.set_reuse_address(true)?;
    socket.set_broadcast(true)?;
    socket.set_nonblocking(true)?;
    socket.bind_device(Some(interface.name.as_bytes()))?;
    // A storm of machines waits in it; the kernel's own limit may make it smaller.
    socket.set_recv_buffer_size(BUFFER).ok();
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
    Ok(socket.into())
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}

/// Some thousand messages.
const BUFFER: usize = 4 << 20;
