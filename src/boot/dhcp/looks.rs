//! Addresses that are looked for before they are offered: who answers ARP for one has it already.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use crate::base::mac::Mac;
use crate::base::time::Tick;
use crate::boot::dhcp::answer::Answer;
use crate::wire::dhcp4::packet::Packet;

/// What waits for silence.
#[derive(Debug, Default)]
pub struct Looks {
    by_address: HashMap<Ipv4Addr, Look>,
    due: BTreeSet<(Tick, Ipv4Addr)>,
}

/// An offer that waits, and what it answers.
#[derive(Debug, Clone)]
pub struct Look {
    pub packet: Packet,
    pub from: SocketAddrV4,
    pub answer: Answer,
    until: Tick,
}

impl Looks {
    /// Begins to look for `address`; false if that is under way: then only the answer is a newer one.
    pub fn begin(
        &mut self,
        address: Ipv4Addr,
        packet: Packet,
        from: SocketAddrV4,
        answer: Answer,
        now: Tick,
    ) -> bool {
        if let Some(look) = self.by_address.get_mut(&address).filter(|look| look.packet.mac == packet.mac) {
            *look = Look { packet, from, answer, until: look.until };
            return false;
        }
        self.end(address);
        let until = now.after(LOOK);
        self.due.insert((until, address));
        self.by_address.insert(address, Look { packet, from, answer, until });
        true
    }

    /// Keeps the newest answer if the address is still looked for; else it may go.
    pub fn renew(&mut self, address: Ipv4Addr, packet: &Packet, answer: &Answer) -> bool {
        let look = self.by_address.get_mut(&address).filter(|look| look.packet.mac == packet.mac);
        let Some(look) = look else { return false };
        look.packet = packet.clone();
        look.answer = answer.clone();
        true
    }

    /// The station `mac` has `address`; what waits for it, unless it is the machine itself.
    pub fn seen(&mut self, address: Ipv4Addr, mac: Mac) -> Option<Look> {
        let look = self.by_address.get(&address).filter(|look| look.packet.mac != mac)?;
        let look = look.clone();
        self.end(address);
        Some(look)
    }

    /// When the first silence has lasted long enough.
    pub fn next(&self) -> Option<Tick> {
        self.due.first().map(|(until, _)| *until)
    }

    /// An answer whose address nobody has.
    pub fn over(&mut self, now: Tick) -> Option<Answer> {
        let (_, address) = self.due.first().copied().filter(|(until, _)| *until <= now)?;
        self.end(address).map(|look| look.answer)
    }

    fn end(&mut self, address: Ipv4Addr) -> Option<Look> {
        let look = self.by_address.remove(&address)?;
        self.due.remove(&(look.until, address));
        Some(look)
    }
}

/// Hosts answer ARP within some milliseconds, and sleepy ones within a hundred; OVMF listens for four seconds anyway.
const LOOK: Duration = Duration::from_millis(200);
