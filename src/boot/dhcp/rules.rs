//! What is done with a packet where this host gives the addresses (RFC 2131, 4.3).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use crate::base::mac::Mac;
use crate::boot::dhcp::answer::{Answer, Asked};
use crate::boot::dhcp::client::words;
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::pool::aside::Declined;
use crate::boot::dhcp::pool::share::Circuit;
use crate::boot::dhcp::pool::{Asker, NoAddress};
use crate::boot::dhcp::served::Served;
use crate::model::boot::lease::{Lease, LeaseChange, LeaseKey};
use crate::model::boot::plan::DhcpMode;
use crate::wire::dhcp4::Kind;
use crate::wire::dhcp4::packet::Packet;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Send(Answer),
    /// Find out whether somebody uses the address, then answer.
    Look {
        address: Ipv4Addr,
        answer: Answer,
    },
    /// Keep the lease, then answer.
    Keep {
        change: LeaseChange,
        lease: Lease,
        answer: Answer,
    },
    /// Keep the lease no longer.
    Forget(LeaseKey),
    /// Nothing, and why.
    Nothing(Event),
}

/// Which of its states the client is in that sends a REQUEST (RFC 2131, 4.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// It takes up an offer.
    Offered { from: Ipv4Addr, address: Ipv4Addr },
    /// It has started again and remembers an address.
    Remembered(Ipv4Addr),
    /// It uses the address and wants to go on.
    More(Ipv4Addr),
}

impl Wants {
    fn of(packet: &Packet) -> Option<Self> {
        let own = Some(packet.ciaddr).filter(|address| !address.is_unspecified());
        match (packet.server, packet.requested, own) {
            (Some(from), Some(address), _) | (Some(from), None, Some(address)) => {
                Some(Self::Offered { from, address })
            }
            (None, Some(address), None) => Some(Self::Remembered(address)),
            (None, _, Some(address)) => Some(Self::More(address)),
            (_, None, None) => None,
        }
    }
}

impl Served {
    /// What is done with a client's packet.
    pub fn take(&self, packet: &Packet, from: SocketAddrV4) -> Act {
        if is_no_machine(packet.mac) {
            return Act::Nothing(Event::Malformed);
        }
        let Some(place) = self.place(packet) else {
            self.tell_of_relay(packet);
            return Act::Nothing(Event::NoNetwork);
        };
        let enrolled = self.rack.find(packet.mac);
        let is_known = enrolled.is_some() || self.is_reserved(packet.mac);
        if self.network.dhcp == DhcpMode::Known && !is_known {
            return Act::Nothing(Event::NotServed);
        }
        let asked = Asked { packet, enrolled: enrolled.as_ref(), place };
        match packet.kind {
            Kind::Discover => self.discover(asked),
            Kind::Request => self.request(asked),
            Kind::Decline => self.decline(asked),
            Kind::Release => self.release(asked, from),
            Kind::Inform if !packet.ciaddr.is_unspecified() => Act::Send(self.inform(asked)),
            Kind::Inform | Kind::Offer | Kind::Ack | Kind::Nak => Act::Nothing(Event::NotForUs),
        }
    }

    /// Which pool serves the client: the network that its relay names or is in, or that in which its address is.
    pub(super) fn place(&self, packet: &Packet) -> Option<usize> {
        let link = packet.relay.as_ref().and_then(|relay| relay.link);
        if !packet.giaddr.is_unspecified() {
            return self.place_of(link.unwrap_or(packet.giaddr));
        }
        if packet.ciaddr.is_unspecified() { Some(0) } else { self.place_of(packet.ciaddr) }
    }

    /// The usual mistake behind a relay: its network is not configured.
    fn tell_of_relay(&self, packet: &Packet) {
        let relay = packet.giaddr;
        if relay.is_unspecified() {
            return;
        }
        let link = packet.relay.as_ref().and_then(|relay| relay.link).filter(|link| *link != relay);
        let of = link.map(|link| format!(" for {link}")).unwrap_or_default();
        let name = &self.network.name;
        let text = format!("a relay at {relay} asks{of}, and no `relayed` of {name} names its network");
        self.teller.error("unknown-relay", relay, text);
    }

    fn asker(&self, asked: Asked<'_>) -> Asker {
        let packet = asked.packet;
        let is_known = asked.enrolled.is_some() || self.is_reserved(packet.mac);
        Asker {
            mac: packet.mac,
            is_stranger: !is_known,
            circuit: circuit(packet),
            host_name: packet.host_name.clone(),
            asked: words(packet),
        }
    }

    fn discover(&self, asked: Asked<'_>) -> Act {
        let (who, now) = (self.asker(asked), self.now());
        let mut pools = self.pools();
        let Some(pool) = pools.get_mut(asked.place) else { return Act::Nothing(Event::NoNetwork) };
        match pool.offer(&who, asked.packet.requested, now) {
            Ok(chosen) => {
                let answer = self.give(asked, Kind::Offer, chosen.address, self.network.lease_time);
                // Behind a relay nothing can be looked for.
                if chosen.is_fresh && asked.place == 0 && asked.packet.giaddr.is_unspecified() {
                    Act::Look { address: chosen.address, answer }
                } else {
                    Act::Send(answer)
                }
            }
            Err(NoAddress::Exhausted | NoAddress::Share) => Act::Nothing(Event::Exhausted),
        }
    }

    fn request(&self, asked: Asked<'_>) -> Act {
        let packet = asked.packet;
        match Wants::of(packet) {
            Some(Wants::Offered { from, .. }) if from != self.identity(packet) && from != self.address() => {
                Act::Nothing(Event::NotForUs)
            }
            Some(Wants::Offered { address, .. } | Wants::More(address)) => self.grant(asked, address),
            Some(Wants::Remembered(address)) => self.remembered(asked, address),
            None => Act::Nothing(Event::Malformed),
        }
    }

    /// A client that has moved is refused; one that nothing is known of is left to others, who may know it.
    fn remembered(&self, asked: Asked<'_>, address: Ipv4Addr) -> Act {
        if self.place_of(address) != Some(asked.place) {
            return Act::Send(self.refuse(asked.packet, "this address is of another network"));
        }
        let known = self.pools().get(asked.place).and_then(|pool| pool.known(asked.packet.mac));
        match known {
            Some(known) if known == address => self.grant(asked, address),
            Some(_) => Act::Send(self.refuse(asked.packet, "another address is yours")),
            None => Act::Nothing(Event::NotForUs),
        }
    }

    /// Gives the address if the client can have it. A lease of which more than half is left goes on as it is.
    fn grant(&self, asked: Asked<'_>, address: Ipv4Addr) -> Act {
        let (packet, now, length) = (asked.packet, self.now(), self.network.lease_time);
        let who = self.asker(asked);
        let mut pools = self.pools();
        let Some(pool) = pools.get_mut(asked.place) else { return Act::Nothing(Event::NoNetwork) };
        if !pool.can_have(packet.mac, address, now) || !pool.hold(address, &who, now) {
            return Act::Send(self.refuse(packet, "this address is not yours"));
        }
        let left = pool.left(packet.mac, address, now).filter(|left| *left >= half(length));
        if let Some(left) = left {
            pool.told(address, now);
            let seconds = u32::try_from(left.as_secs()).unwrap_or(length);
            return Act::Send(self.give(asked, Kind::Ack, address, seconds));
        }
        let key = LeaseKey { mac: packet.mac, network: pool.net.network() };
        let granted = self.clock.wall();
        let lease = Lease { key, address, length, granted, host_name: packet.host_name.clone() };
        let before = pool.before(&key, address);
        let change = LeaseChange::Given { lease: lease.clone(), before };
        Act::Keep { change, lease, answer: self.give(asked, Kind::Ack, address, length) }
    }

    /// The client has found out that somebody else uses the address that it was given just now.
    fn decline(&self, asked: Asked<'_>) -> Act {
        let packet = asked.packet;
        let mut pools = self.pools();
        let (Some(pool), Some(address)) = (pools.get_mut(asked.place), packet.requested) else {
            return Act::Nothing(Event::Malformed);
        };
        if packet.server.is_some_and(|to| to != self.identity(packet)) {
            return Act::Nothing(Event::NotForUs);
        }
        let Some(declined) = pool.decline(packet.mac, circuit(packet), address, self.now()) else {
            return Act::Nothing(Event::NotForUs);
        };
        let network = pool.net.network();
        drop(pools);
        self.counters.add(Event::Declined);
        self.tell_of_decline(packet.mac, address, declined);
        Act::Forget(LeaseKey { mac: packet.mac, network })
    }

    /// A machine that declines one address after the other has one row in the journal, however many there were.
    fn tell_of_decline(&self, mac: Mac, address: Ipv4Addr, declined: Declined) {
        let says = format!("{mac} says that another machine uses {address}");
        let network = &self.network.name;
        let text = declined.sentence(&says);
        match declined {
            Declined::PutAside => {
                tracing::warn!(network, "{says}; the address is put aside for ten minutes");
                self.teller.error("decline", address, text);
            }
            Declined::Freed => {
                tracing::debug!(network, "{says}; the address is not put aside");
                self.teller.error("decline", mac, text);
            }
        }
    }

    /// Only who has the address gives it back: a release has no answer, so anybody could send it.
    fn release(&self, asked: Asked<'_>, from: SocketAddrV4) -> Act {
        let packet = asked.packet;
        let is_own = *from.ip() == packet.ciaddr || !packet.giaddr.is_unspecified();
        let mut pools = self.pools();
        let Some(pool) = pools.get_mut(asked.place).filter(|_| is_own) else {
            return Act::Nothing(Event::NotForUs);
        };
        if !pool.release(packet.mac, packet.ciaddr, self.now()) {
            return Act::Nothing(Event::NotForUs);
        }
        self.counters.add(Event::Released);
        Act::Forget(LeaseKey { mac: packet.mac, network: pool.net.network() })
    }
}

/// Whether it is the address of a group, or of nobody (IEEE 802): no NIC has such a one.
fn is_no_machine(mac: Mac) -> bool {
    let [first, ..] = mac.0;
    first & 0x01 != 0 || mac.0 == [0; 6]
}

/// The port of a switch that the client is at, if its relay tells ports apart.
fn circuit(packet: &Packet) -> Option<Circuit> {
    let relay = packet.relay.as_ref().filter(|relay| relay.circuit.is_some() || relay.remote.is_some())?;
    let mut hasher = DefaultHasher::new();
    (packet.giaddr, &relay.circuit, &relay.remote).hash(&mut hasher);
    Some(hasher.finish())
}

fn half(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds).div_ceil(2))
}

#[cfg(test)]
mod tests;
