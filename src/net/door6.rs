//! IPv6 on one interface: what is sent to the groups of routers and, in [`gate`], of DHCP servers there, and nowhere else.

pub mod gate;

use std::io::{self, IoSliceMut};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::os::fd::AsRawFd;

use ipnet::Ipv6Net;
use nix::ifaddrs::getifaddrs;
use nix::libc;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::sockopt::Ipv6RecvHopLimit;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, setsockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::base::mac::Mac;
use crate::net::link::{LinkError, SOLICITATIONS, filters, trouble};

/// An interface of this host, as IPv6 sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface6 {
    pub name: String,
    pub index: u32,
    pub mac: Mac,
    /// Bytes of a datagram.
    pub mtu: Option<u32>,
    pub addresses: Vec<Ipv6Net>,
    pub flags: InterfaceFlags,
}

/// A socket on one interface.
#[derive(Debug)]
pub struct Door6 {
    socket: UdpSocket,
    index: u32,
}

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram {
    pub size: usize,
    pub from: SocketAddrV6,
    /// 255 if no router passed it on and its sender says so.
    pub hop_limit: u8,
}

/// Why an interface cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("there is no interface {0}")]
    Missing(String),
    #[error("interface {0} has no Ethernet address")]
    NotEthernet(String),
    #[error("the interfaces could not be listed")]
    List(#[source] io::Error),
    #[error(
        "{what} of interface {name} may not be opened; this needs {right} (AmbientCapabilities= in ferric.service)"
    )]
    Forbidden { name: String, what: &'static str, right: &'static str, source: io::Error },
    #[error(
        "{what} of interface {name} could not be opened; does another server run there, is IPv6 switched off?"
    )]
    Taken { name: String, what: &'static str, source: io::Error },
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("{0}")]
    NotReady(String),
}

impl Interface6 {
    /// The interface of this name as it is now.
    pub fn find(name: &str) -> Result<Self, DoorError> {
        let index = if_nametoindex(name).map_err(|_| DoorError::Missing(name.to_owned()))?;
        let (mut mac, mut addresses, mut flags) = (None, Vec::new(), InterfaceFlags::empty());
        for one in getifaddrs().map_err(|error| DoorError::List(error.into()))? {
            if one.interface_name != name {
                continue;
            }
            flags = one.flags;
            let link = one.address.as_ref().and_then(|address| address.as_link_addr());
            if let Some(link) = link.filter(|link| link.halen() == 6) {
                mac = link.addr().map(Mac);
            }
            let address = one.address.as_ref().and_then(|address| address.as_sockaddr_in6());
            let mask = one.netmask.as_ref().and_then(|mask| mask.as_sockaddr_in6());
            if let (Some(address), Some(mask)) = (address, mask) {
                addresses.extend(Ipv6Net::with_netmask(address.ip(), mask.ip()));
            }
        }
        let mac = mac.ok_or_else(|| DoorError::NotEthernet(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), index, mac, mtu: mtu(name), addresses, flags })
    }

    /// Whether it is the same as before with the same addresses; it may have been up or down then.
    pub fn is_as(&self, before: &Self) -> bool {
        let shape = |one: &Self| (one.index, one.mac, one.mtu);
        shape(self) == shape(before) && self.addresses == before.addresses
    }

    /// Why nothing goes through it now, though it is there.
    pub fn trouble(&self) -> Option<String> {
        trouble(&self.name, self.flags)
    }

    /// The address that is this host's on this link alone.
    pub fn link_local(&self) -> Option<Ipv6Addr> {
        self.addresses.iter().map(Ipv6Net::addr).find(Ipv6Addr::is_unicast_link_local)
    }

    /// Why it has no address of this link.
    pub fn not_ready(&self) -> DoorError {
        let why = || {
            format!(
                "interface {} has no link-local address (fe80::) to answer from: is IPv6 switched off on it?",
                self.name
            )
        };
        DoorError::NotReady(self.trouble().unwrap_or_else(why))
    }

    /// The address that machines of `prefix` reach this host by: one in it, else any that is not of one link alone.
    pub fn address_for(&self, prefix: Option<Ipv6Net>) -> Option<Ipv6Addr> {
        let all = || self.addresses.iter().map(Ipv6Net::addr);
        let inside = |address: &Ipv6Addr| prefix.is_some_and(|prefix| prefix.contains(address));
        all().find(inside).or_else(|| all().find(|address| !address.is_unicast_link_local()))
    }
}

fn mtu(name: &str) -> Option<u32> {
    std::fs::read_to_string(format!("/sys/class/net/{name}/mtu")).ok()?.trim().parse().ok()
}

impl Door6 {
    /// `ICMPv6`, for what machines send to all routers.
    pub fn icmp(interface: &Interface6) -> Result<Self, DoorError> {
        let open = || {
            let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?;
            // A flood of other messages must not wake this.
            socket.attach_filter(&filters(SOLICITATIONS))?;
            ready(&socket, interface, ROUTERS)?;
            socket.set_multicast_hops_v6(255)?;
            socket.set_unicast_hops_v6(255)?;
            setsockopt(&socket, Ipv6RecvHopLimit, &true)?;
            Ok(socket)
        };
        let socket = open().and_then(|socket| UdpSocket::from_std(socket.into()));
        let socket = socket.map_err(|error| refused(interface, "ICMPv6", "CAP_NET_RAW", error))?;
        Ok(Self { socket, index: interface.index })
    }

    /// The next datagram; its bytes beyond the buffer are lost. May be dropped at any time without losing one.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<Datagram> {
        loop {
            match self.socket.async_io(Interest::READABLE, || read(&self.socket, buffer)).await {
                Ok(Some(datagram)) => return Ok(datagram),
                Ok(None) => {}
                // What ICMP says of an answer that was sent before.
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends one datagram; what the network says against it counts as a loss, and clients ask again.
    pub async fn send(&self, to: Ipv6Addr, port: u16, datagram: &[u8]) {
        let is_local = to.is_unicast_link_local() || to.is_multicast();
        let target = SocketAddrV6::new(to, port, 0, if is_local { self.index } else { 0 });
        if let Err(error) = self.socket.send_to(datagram, target).await {
            tracing::debug!(%to, %error, "a datagram was not sent");
        }
    }
}

/// Why a socket could not be opened.
fn refused(interface: &Interface6, what: &'static str, right: &'static str, source: io::Error) -> DoorError {
    let name = interface.name.clone();
    if source.kind() == io::ErrorKind::PermissionDenied {
        DoorError::Forbidden { name, what, right, source }
    } else {
        DoorError::Taken { name, what, source }
    }
}

/// What both sockets want: one interface and its group.
fn ready(socket: &Socket, interface: &Interface6, group: Ipv6Addr) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    if socket.r#type()? == Type::DGRAM {
        socket.set_only_v6(true)?;
    }
    socket.bind_device(Some(interface.name.as_bytes()))?;
    socket.join_multicast_v6(&group, interface.index)?;
    socket.set_multicast_if_v6(interface.index)?;
    socket.set_multicast_loop_v6(false)?;
    Ok(())
}

/// One datagram; `None` if it has no sender.
fn read(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Option<Datagram>> {
    let mut space = nix::cmsg_space!(libc::c_int);
    let mut parts = [IoSliceMut::new(buffer)];
    let got =
        recvmsg::<SockaddrIn6>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_DONTWAIT)?;
    let mut hop_limit = 0;
    for said in got.cmsgs()? {
        if let ControlMessageOwned::Ipv6HopLimit(limit) = said {
            hop_limit = u8::try_from(limit).unwrap_or_default();
        }
    }
    let from = got.address.map(|from| SocketAddrV6::new(from.ip(), from.port(), 0, from.scope_id()));
    Ok(from.map(|from| Datagram { size: got.bytes, from, hop_limit }))
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

const ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
