//! What an answer holds, and where it goes.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::boot::dhcp::client::client;
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::served::{Enrolled, Served};
use crate::flow::boot::{self, BootFile, Offer, Site, offer};
use crate::model::boot::client::Class;
use crate::model::boot::plan::Role;
use crate::wire::dhcp4::packet::Packet;
use crate::wire::dhcp4::reply::{Boot, BootClass, Reply, ReplyError, limit};
use crate::wire::dhcp4::{CLIENT_PORT, Kind, SERVER_PORT};

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub reply: Reply,
    pub to: SocketAddrV4,
    /// Bytes that the client takes.
    pub limit: usize,
}

impl Answer {
    /// What it is counted as.
    pub fn event(&self) -> Event {
        match self.reply.kind {
            Kind::Offer => Event::Offered,
            Kind::Nak => Event::Refused,
            Kind::Ack | Kind::Discover | Kind::Request | Kind::Decline | Kind::Release | Kind::Inform => {
                Event::Acknowledged
            }
        }
    }
}

/// Who asked what.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub packet: &'a Packet,
    pub enrolled: Option<&'a Enrolled>,
    /// Which pool serves its network.
    pub place: usize,
}

impl Served {
    /// What the client shall take for its server: this host, or the relay, if that wants to be asked (RFC 5107).
    pub fn identity(&self, packet: &Packet) -> Ipv4Addr {
        packet.relay.as_ref().and_then(|relay| relay.server).unwrap_or_else(|| self.address())
    }

    /// An address for `seconds`, with boot data where there are some.
    pub fn give(&self, asked: Asked<'_>, kind: Kind, address: Ipv4Addr, seconds: u32) -> Answer {
        let Asked { packet, place, .. } = asked;
        let reply = Reply {
            ciaddr: if kind == Kind::Ack { packet.ciaddr } else { Ipv4Addr::UNSPECIFIED },
            yiaddr: address,
            lease: Some(seconds),
            link: Some(self.link(place)),
            boot: self.boot(asked),
            ..Reply::to(packet, kind, self.identity(packet))
        };
        self.answer(packet, reply)
    }

    /// What a host with an address of its own asks to know.
    pub fn inform(&self, asked: Asked<'_>) -> Answer {
        let Asked { packet, place, .. } = asked;
        let reply = Reply {
            ciaddr: packet.ciaddr,
            link: Some(self.link(place)),
            boot: self.boot(asked),
            ..Reply::to(packet, Kind::Ack, self.identity(packet))
        };
        self.answer(packet, reply)
    }

    /// A refusal: to all, for the client has no address that it may use (RFC 2131, 4.3.2).
    pub fn refuse(&self, packet: &Packet, why: &str) -> Answer {
        let reply = Reply {
            machine: None,
            message: Some(why.to_owned()),
            flags: if packet.giaddr.is_unspecified() { packet.flags } else { packet.flags | BROADCAST },
            ..Reply::to(packet, Kind::Nak, self.identity(packet))
        };
        let to = relay(packet).unwrap_or(SocketAddrV4::new(Ipv4Addr::BROADCAST, CLIENT_PORT));
        Answer { reply, to, limit: limit(packet.max_size, self.mtu) }
    }

    fn answer(&self, packet: &Packet, reply: Reply) -> Answer {
        Answer { reply, to: target(packet), limit: limit(packet.max_size, self.mtu) }
    }

    /// What the client boots, if it is to boot from here.
    pub fn boot(&self, asked: Asked<'_>) -> Option<Boot> {
        if self.network.role != Role::Boot {
            return None;
        }
        let client = client(asked.packet);
        let enrolled = asked.enrolled.map(|one| boot::Enrolled { node: &one.node, port: &one.port });
        let awaits_a_stranger = enrolled.is_none() && self.rack.awaits_a_stranger();
        let site = Site { plan: &self.plan, awaits_a_stranger };
        let file = match offer(&client, enrolled, site, &self.base) {
            Offer::Address => return None,
            Offer::Boot(BootFile::Tftp(name) | BootFile::Url(name)) => name,
        };
        let class = match client.class {
            Class::Http => BootClass::Http,
            Class::Pxe | Class::Other => BootClass::Pxe,
        };
        Some(Boot { server: self.address(), file, class, is_ipxe: client.ipxe.is_some() })
    }
}

/// Where an answer goes: to the relay; to the address that the client has; to all, for a client that has none does not
/// answer ARP, and every client takes a broadcast, but none takes a unicast that asked for one.
fn target(packet: &Packet) -> SocketAddrV4 {
    let own = Some(packet.ciaddr).filter(|address| !address.is_unspecified());
    let direct = SocketAddrV4::new(own.unwrap_or(Ipv4Addr::BROADCAST), CLIENT_PORT);
    relay(packet).unwrap_or(direct)
}

fn relay(packet: &Packet) -> Option<SocketAddrV4> {
    (!packet.giaddr.is_unspecified()).then(|| SocketAddrV4::new(packet.giaddr, SERVER_PORT))
}

/// Tells the relay to hand a refusal to all.
const BROADCAST: u16 = 0x8000;

/// Why an answer cannot be written, and what helps. What a relay adds comes back whole (RFC 3046 2.2), and a client that
/// names no size (option 57) takes no more than 576 bytes (RFC 2131 2).
pub fn unwritten(reply: &Reply, error: ReplyError) -> String {
    let relay = reply.giaddr;
    match error {
        ReplyError::Size { .. } if !relay.is_unspecified() => {
            format!(
                "{error}, since what the relay at {relay} adds (option 82) comes back in it; let the relay add less"
            )
        }
        ReplyError::Size { .. } | ReplyError::Codec => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::mac::Mac;
    use crate::wire::dhcp4::discover;

    #[test]
    fn what_a_relay_adds_beyond_the_clients_size_is_said_with_its_address() {
        let asked = Packet::parse(&discover::emit(Mac([2, 0, 0, 0, 0, 1]), 1)).unwrap();
        let mut reply = Reply::to(&asked, Kind::Offer, Ipv4Addr::LOCALHOST);
        reply.relay = Some(vec![1; 255]);
        reply.machine = Some(vec![2; 100]);
        let error = reply.emit(limit(None, 1500)).unwrap_err();
        assert!(!unwritten(&reply, error).contains("relay"));
        reply.giaddr = Ipv4Addr::new(10, 0, 0, 9);
        let why = unwritten(&reply, error);
        assert!(why.contains("548 bytes") && why.contains("the relay at 10.0.0.9 adds (option 82)"), "{why}");
    }
}
