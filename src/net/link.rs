//! The host's interfaces, and sockets that hear and send whole frames on one of them (`CAP_NET_RAW`).

pub mod neighbour;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;

use ipnet::Ipv4Net;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::{LinkAddr, MsgFlags, bind, recv, sendto};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use tokio::net::UdpSocket;

use crate::base::mac::Mac;

/// An interface of this host.
#[derive(Debug, Clone)]
pub struct Interface {
    pub name: String,
    pub index: u32,
    pub mac: Mac,
    /// Bytes of an IP datagram.
    pub mtu: u16,
    pub addresses: Vec<Ipv4Net>,
    flags: InterfaceFlags,
    own: LinkAddr,
    everyone: LinkAddr,
}

/// Why an interface cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("there is no interface {0}")]
    Missing(String),
    #[error("interface {0} has no Ethernet address")]
    NotEthernet(String),
    #[error("the interfaces could not be listed")]
    List(#[source] io::Error),
    #[error(
        "frames of interface {name} cannot be heard; this needs CAP_NET_RAW (AmbientCapabilities= in ferric.service)"
    )]
    Raw { name: String, source: io::Error },
}

impl Interface {
    /// The interface of this name as it is now.
    pub fn find(name: &str) -> Result<Self, LinkError> {
        let index = if_nametoindex(name).map_err(|_| LinkError::Missing(name.to_owned()))?;
        let (mut link, mut addresses, mut flags) = (None, Vec::new(), InterfaceFlags::empty());
        for one in getifaddrs().map_err(|error| LinkError::List(error.into()))? {
            if one.interface_name != name {
                continue;
            }
            flags = one.flags;
            if let Some(own) = one.address.as_ref().and_then(|address| address.as_link_addr()) {
                link = one.broadcast.as_ref().and_then(|all| all.as_link_addr()).map(|all| (*own, *all));
            }
            let address = one.address.as_ref().and_then(|address| address.as_sockaddr_in());
            let mask = one.netmask.as_ref().and_then(|mask| mask.as_sockaddr_in());
            if let (Some(address), Some(mask)) = (address, mask) {
                addresses.extend(Ipv4Net::with_netmask(address.ip(), mask.ip()));
            }
        }
        let not_ethernet = || LinkError::NotEthernet(name.to_owned());
        let (own, everyone) = link.filter(|(own, _)| own.halen() == 6).ok_or_else(not_ethernet)?;
        let mac = Mac(own.addr().ok_or_else(not_ethernet)?);
        Ok(Self { name: name.to_owned(), index, mac, mtu: mtu(name), addresses, flags, own, everyone })
    }

    /// Why nothing goes through it now, though it is there.
    pub fn trouble(&self) -> Option<String> {
        trouble(&self.name, self.flags)
    }

    /// The network in which the interface has this address.
    pub fn network_of(&self, address: Ipv4Addr) -> Option<Ipv4Net> {
        self.addresses.iter().find(|net| net.addr() == address).copied()
    }
}

/// The addresses of all interfaces that are up; none if they cannot be listed.
pub fn own_addresses() -> Vec<IpAddr> {
    let Ok(all) = getifaddrs() else { return Vec::new() };
    let up = all.filter(|one| one.flags.contains(InterfaceFlags::IFF_UP));
    let address = |one: InterfaceAddress| {
        let address = one.address?;
        let v4 = address.as_sockaddr_in().map(|own| IpAddr::from(own.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|own| IpAddr::from(own.ip())))
    };
    up.filter_map(address).collect()
}

/// Why nothing goes through an interface with these flags.
pub(super) fn trouble(name: &str, flags: InterfaceFlags) -> Option<String> {
    if !flags.contains(InterfaceFlags::IFF_UP) {
        return Some(format!("interface {name} is down: set it up, for instance by systemd-networkd"));
    }
    let has_link = flags.contains(InterfaceFlags::IFF_RUNNING);
    (!has_link).then(|| format!("interface {name} has no link: look at its cable and switch"))
}

/// What the kernel says, or Ethernet's.
fn mtu(name: &str) -> u16 {
    let said = std::fs::read_to_string(format!("/sys/class/net/{name}/mtu")).unwrap_or_default();
    let said: Option<u32> = said.trim().parse().ok();
    said.map_or(ETHERNET, |mtu| u16::try_from(mtu).unwrap_or(u16::MAX))
}

/// What a tap hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    Arp,
    /// Datagrams that servers of DHCPv4 send.
    DhcpReplies,
    /// Datagrams that clients and relays of DHCPv6 send to this host.
    Dhcp6,
}

/// A socket for whole frames of one interface, those of VLANs above it left out.
#[derive(Debug)]
pub struct Tap {
    /// A packet socket in the runtime's wrapper for datagrams, of which only what is the same for both is used.
    socket: UdpSocket,
    everyone: LinkAddr,
}

impl Tap {
    pub fn open(interface: &Interface, hears: Hears) -> Result<Self, LinkError> {
        let raw = |source| LinkError::Raw { name: interface.name.clone(), source };
        let socket = open(interface, hears).map(std::net::UdpSocket::from);
        let socket = socket.and_then(UdpSocket::from_std).map_err(raw)?;
        Ok(Self { socket, everyone: interface.everyone })
    }

    /// Sends a frame to whom it names; a frame that the interface does not take now is lost, as any frame may be.
    pub fn send(&self, frame: &[u8]) {
        if let Err(error) = self.try_send(frame) {
            tracing::debug!(%error, "a frame was not sent");
        }
    }

    /// As `send`, and says why a frame was lost.
    pub fn try_send(&self, frame: &[u8]) -> io::Result<()> {
        // A whole frame says itself where it goes.
        sendto(self.socket.as_raw_fd(), frame, &self.everyone, MsgFlags::MSG_DONTWAIT)?;
        Ok(())
    }

    /// The next frame; its bytes beyond the buffer are lost. May be dropped at any time without losing a frame.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(buffer).await
    }

    /// As `receive`, if one is there already.
    pub fn try_receive(&self, buffer: &mut [u8]) -> Option<usize> {
        self.socket.try_recv(buffer).ok()
    }
}

/// Deaf until it is bound, so that nothing of other interfaces is heard.
fn open(interface: &Interface, hears: Hears) -> io::Result<Socket> {
    let (kind, filter) = match hears {
        Hears::Arp => (0x0806_u16, ARP),
        Hears::DhcpReplies => (0x0800_u16, DHCP_REPLIES),
        Hears::Dhcp6 => (0x86dd_u16, DHCP6),
    };
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(i32::from(kind.to_be()))))?;
    socket.set_nonblocking(true)?;
    socket.attach_filter(&filters(NOTHING))?;
    if hears == Hears::Dhcp6 {
        // A storm of machines waits in it; the kernel's own limit may make it smaller.
        socket.set_recv_buffer_size(BUFFER).ok();
    }
    bind(socket.as_raw_fd(), &interface.own)?;
    let mut heard_before = [0];
    while recv(socket.as_raw_fd(), &mut heard_before, MsgFlags::MSG_DONTWAIT).is_ok() {}
    socket.attach_filter(&filters(filter))?;
    Ok(socket)
}

/// A step of a filter: code, jumps, operand (`linux/filter.h`).
pub(super) type Step = (u16, u8, u8, u32);

pub(super) fn filters(steps: &[Step]) -> Vec<SockFilter> {
    steps.iter().map(|(code, yes, no, operand)| SockFilter::new(*code, *yes, *no, *operand)).collect()
}

pub(super) const NOTHING: &[Step] = &[(RETURN, 0, 0, 0)];

/// No VLAN tag.
const ARP: &[Step] =
    &[(WORD, 0, 0, VLAN_TAG_PRESENT), (EQUAL, 0, 1, 0), (RETURN, 0, 0, ALL), (RETURN, 0, 0, 0)];

/// No VLAN tag, UDP, first fragment, source port 67.
const DHCP_REPLIES: &[Step] = &[
    (WORD, 0, 0, VLAN_TAG_PRESENT),
    (EQUAL, 0, 8, 0),
    (BYTE, 0, 0, 23),
    (EQUAL, 0, 6, 17),
    (HALF, 0, 0, 20),
    (ANY_BIT, 4, 0, 0x1fff),
    (IP_LENGTH, 0, 0, 14),
    (HALF_AFTER, 0, 0, 14),
    (EQUAL, 0, 1, 67),
    (RETURN, 0, 0, ALL),
    (RETURN, 0, 0, 0),
];

/// No VLAN tag, for this host or a group, UDP right after the header of IPv6, target port 547.
const DHCP6: &[Step] = &[
    (WORD, 0, 0, VLAN_TAG_PRESENT),
    (EQUAL, 0, 7, 0),
    (WORD, 0, 0, PACKET_TYPE),
    (EQUAL, 5, 0, OTHER_HOST),
    (BYTE, 0, 0, 20),
    (EQUAL, 0, 3, 17),
    (HALF, 0, 0, 56),
    (EQUAL, 0, 1, 547),
    (RETURN, 0, 0, ALL),
    (RETURN, 0, 0, 0),
];

/// A message of `ICMPv6` that asks for routers.
pub(super) const SOLICITATIONS: &[Step] =
    &[(BYTE, 0, 0, 0), (EQUAL, 0, 1, 133), (RETURN, 0, 0, ALL), (RETURN, 0, 0, 0)];

const WORD: u16 = 0x20;
const HALF: u16 = 0x28;
const BYTE: u16 = 0x30;
const HALF_AFTER: u16 = 0x48;
const IP_LENGTH: u16 = 0xb1;
const EQUAL: u16 = 0x15;
const ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;
/// The whole frame.
const ALL: u32 = 0xffff;
/// `SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT`.
const VLAN_TAG_PRESENT: u32 = 0xffff_f030;
/// `SKF_AD_OFF + SKF_AD_PKTTYPE`.
const PACKET_TYPE: u32 = 0xffff_f004;
/// `PACKET_OTHERHOST`: it was sent to another station, and heard by chance.
const OTHER_HOST: u32 = 3;
/// Some thousand messages.
const BUFFER: usize = 1 << 20;
/// Bytes of a datagram.
const ETHERNET: u16 = 1500;
