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
    by_address: HashMap<Ipv4Addr, Waiting>,
    due: BTreeSet<(Tick, Ipv4Addr)>,
}

/// An offer that waits, and what it answers.
#[derive(Debug, Clone)]
pub struct Look {
    pub packet: Packet,
    pub from: SocketAddrV4,
    pub answer: Answer,
}

#[derive(Debug)]
struct Waiting {
    look: Look,
    until: Tick,
}

impl Looks {
    /// Begins to look for `address`; false if that is under way: then only the answer is a newer one.
    pub fn begin(&mut self, address: Ipv4Addr, look: Look, now: Tick) -> bool {
        if self.renew(address, &look.packet, &look.answer) {
            return false;
        }
        self.end(address);
        let until = now.after(LOOK);
        self.due.insert((until, address));
        self.by_address.insert(address, Waiting { look, until });
        true
    }

    /// Keeps the newest answer if the address is still looked for; else it may go.
    pub fn renew(&mut self, address: Ipv4Addr, packet: &Packet, answer: &Answer) -> bool {
        let waiting = self.by_address.get_mut(&address).filter(|one| one.look.packet.mac == packet.mac);
        let Some(waiting) = waiting else { return false };
        waiting.look.packet = packet.clone();
        waiting.look.answer = answer.clone();
        true
    }

    /// The station `mac` has `address`; what waits for it, unless it is the machine itself.
    pub fn seen(&mut self, address: Ipv4Addr, mac: Mac) -> Option<Look> {
        self.by_address.get(&address).filter(|one| one.look.packet.mac != mac)?;
        self.end(address)
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
        let Waiting { look, until } = self.by_address.remove(&address)?;
        self.due.remove(&(until, address));
        Some(look)
    }
}

/// Hosts answer ARP within some milliseconds, and sleepy ones within a hundred; OVMF listens for four seconds anyway.
const LOOK: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dhcp4::Kind;
    use crate::wire::dhcp4::discover;
    use crate::wire::dhcp4::reply::Reply;

    fn look(last: u8, xid: u32) -> Look {
        let packet = Packet::parse(&discover::emit(Mac([2, 0, 0, 0, 0, last]), xid)).unwrap();
        let reply = Reply::to(&packet, Kind::Offer, Ipv4Addr::LOCALHOST);
        let to = SocketAddrV4::new(Ipv4Addr::BROADCAST, 68);
        Look { answer: Answer { reply, to, limit: 548 }, packet, from: to }
    }

    fn at(millis: u64) -> Tick {
        Tick(Duration::from_millis(millis))
    }

    #[test]
    fn silence_lets_the_newest_answer_go_once() {
        let (mut looks, address) = (Looks::default(), Ipv4Addr::new(10, 0, 0, 9));
        assert!(looks.begin(address, look(1, 1), at(0)));
        assert!(!looks.begin(address, look(1, 2), at(100)));
        assert_eq!((looks.next(), looks.over(at(199))), (Some(at(200)), None));
        assert_eq!(looks.over(at(200)).map(|answer| answer.reply.xid), Some(2));
        assert_eq!((looks.next(), looks.over(at(900))), (None, None));
    }

    #[test]
    fn another_station_ends_the_look_and_the_machine_itself_does_not() {
        let (mut looks, address) = (Looks::default(), Ipv4Addr::new(10, 0, 0, 9));
        looks.begin(address, look(1, 1), at(0));
        assert!(looks.seen(address, Mac([2, 0, 0, 0, 0, 1])).is_none());
        assert!(looks.seen(Ipv4Addr::LOCALHOST, Mac([2, 0, 0, 0, 0, 7])).is_none());
        assert!(looks.seen(address, Mac([2, 0, 0, 0, 0, 7])).is_some());
        assert_eq!(looks.next(), None);
    }
}
