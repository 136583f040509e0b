//! Where machines ask for IPv6 addresses: whole frames to and from port 547 of one interface.
//!
//! Through a UDP socket, an answer waits until the kernel has found its neighbour, in the buffer that all answers share:
//! some hundred made-up senders a second, none of which is ever found, hold up everybody. A frame names the station that
//! asked, so that an answer goes out at once or not at all.

use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::door6::{DoorError, Interface6, ready, refused};
use crate::net::link::{Hears, Interface, NOTHING, Tap, filters};

/// Port 547 of one interface.
#[derive(Debug)]
pub struct Gate {
    tap: Tap,
    /// Has the port and the group, so that the host takes what is sent there and refuses none of it; nothing is read.
    _port: Socket,
}

impl Gate {
    /// For what clients send to all DHCP servers and relays, and relays to this one.
    pub fn open(interface: &Interface6) -> Result<Self, DoorError> {
        let port = port(interface)
            .map_err(|error| refused(interface, "port 547/udp", "CAP_NET_BIND_SERVICE", error))?;
        let tap = Tap::open(&Interface::find(&interface.name)?, Hears::Dhcp6)?;
        Ok(Self { tap, _port: port })
    }

    /// The next frame that was sent there; its bytes beyond the buffer are lost. May be dropped at any time without
    /// losing one.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tap.receive(buffer).await {
                // Said once; the socket hears again when the interface is up.
                Err(error) if error.kind() == io::ErrorKind::NetworkDown => {}
                got => return got,
            }
        }
    }

    /// Sends a frame now, or says why it is lost.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.tap.try_send(frame)
    }
}

fn port(interface: &Interface6) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
    // Other servers may have this port on other interfaces, with or without naming theirs.
    socket.set_reuse_address(true)?;
    socket.attach_filter(&filters(NOTHING))?;
    ready(&socket, interface, DHCP_SERVERS)?;
    socket.bind(&SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, PORT, 0, 0).into())?;
    Ok(socket)
}

/// Where servers and relays listen.
const PORT: u16 = 547;
/// All DHCP relay agents and servers (RFC 8415 7.1).
pub const DHCP_SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
