//! What is done with a packet where another server gives the addresses and this host adds boot data (PXE 2.1, 2.2.3).

use std::net::SocketAddrV4;
use std::sync::PoisonError;

use crate::boot::dhcp::answer::{Answer, Asked};
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::rules::Act;
use crate::boot::dhcp::served::Served;
use crate::wire::dhcp4::packet::Packet;
use crate::wire::dhcp4::reply::{Reply, limit};
use crate::wire::dhcp4::{CLIENT_PORT, Kind};

impl Served {
    /// Port 67: an offer beside the other server's. What the client takes from that one is remembered.
    pub fn add(&self, packet: &Packet) -> Act {
        match packet.kind {
            Kind::Discover if packet.giaddr.is_unspecified() => {
                let to = SocketAddrV4::new(std::net::Ipv4Addr::BROADCAST, CLIENT_PORT);
                self.boot_only(packet, Kind::Offer, to)
            }
            Kind::Request => {
                if let Some(address) = packet.requested.filter(|address| self.home.contains(address)) {
                    self.heard.lock().unwrap_or_else(PoisonError::into_inner).put(address, packet.mac);
                }
                Act::Nothing(Event::NotForUs)
            }
            Kind::Discover
            | Kind::Offer
            | Kind::Decline
            | Kind::Ack
            | Kind::Nak
            | Kind::Release
            | Kind::Inform => Act::Nothing(Event::NotForUs),
        }
    }

    /// Port 4011: a machine that has its address asks for boot data. OVMF asks from port 4011 and iPXE from 68, and
    /// each wants the answer there.
    pub fn serve_boot(&self, packet: &Packet, from: SocketAddrV4) -> Act {
        let asks = matches!(packet.kind, Kind::Request | Kind::Inform);
        if !asks || !self.home.contains(from.ip()) {
            return Act::Nothing(Event::NotForUs);
        }
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).put(*from.ip(), packet.mac);
        self.boot_only(packet, Kind::Ack, from)
    }

    fn boot_only(&self, packet: &Packet, kind: Kind, to: SocketAddrV4) -> Act {
        let enrolled = self.rack.find(packet.mac);
        let asked = Asked { packet, enrolled: enrolled.as_ref(), place: 0 };
        let Some(boot) = self.boot(asked) else { return Act::Nothing(Event::NotServed) };
        let reply =
            Reply { ciaddr: packet.ciaddr, boot: Some(boot), ..Reply::to(packet, kind, self.address()) };
        Act::Send(Answer { reply, to, limit: limit(packet.max_size, self.mtu) })
    }
}
