//! Addresses that are put aside: because another station was seen there, or because their machine declined them. Anybody
//! can decline, as often as it likes, so what that puts aside is bounded.
//!
//! ```text
//! counts at all    from the machine that was told within a minute that the address is its own
//! put aside        three of one machine and eight of one port of a switch within ten minutes; else only free again
//! at once          a quarter of the pool for machines that nobody knows, and one for the others: the oldest comes back
//! ```
//!
//! What comes back early is free like any other address: it is looked for before it is offered.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::base::mac::Mac;
use crate::base::time::Tick;
use crate::boot::dhcp::pool::share::Circuit;
use crate::boot::dhcp::pool::{Pool, Slot, State};

/// What became of an address that was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    PutAside,
    /// Its machine, or the port that it is at, had enough of them put aside.
    Freed,
}

/// What was declined lately.
#[derive(Debug, Default)]
pub struct Declines {
    /// Who had an address put aside, the oldest first.
    by: VecDeque<By>,
    strangers: Aside,
    known: Aside,
}

#[derive(Debug)]
struct By {
    at: Tick,
    mac: Mac,
    circuit: Option<Circuit>,
}

/// Addresses that are put aside, and until when, the oldest first.
type Aside = VecDeque<(Tick, Ipv4Addr)>;

impl Declines {
    fn had_enough(&self, mac: Mac, circuit: Option<Circuit>, now: Tick) -> bool {
        let lately = || self.by.iter().filter(|by| now.since(by.at) < QUARANTINE);
        let of_port = || lately().filter(|by| by.circuit == circuit).count();
        lately().filter(|by| by.mac == mac).count() >= OF_MACHINE || circuit.is_some() && of_port() >= OF_PORT
    }

    fn note(&mut self, by: By) {
        if self.by.len() >= REMEMBERED {
            self.by.pop_front();
        }
        self.by.push_back(by);
    }

    fn aside(&mut self, is_stranger: bool) -> &mut Aside {
        if is_stranger { &mut self.strangers } else { &mut self.known }
    }
}

impl Pool {
    /// The client was told just now that the address is its own: what it finds out about it counts.
    pub fn told(&mut self, address: Ipv4Addr, now: Tick) {
        if let Some(slot) = self.slots.get_mut(&address) {
            slot.told = Some(now);
        }
    }

    /// The machine says that another one uses its address. None if it was not told lately that it has it.
    pub fn decline(
        &mut self,
        mac: Mac,
        circuit: Option<Circuit>,
        address: Ipv4Addr,
        now: Tick,
    ) -> Option<Declined> {
        self.left(mac, address, now)?;
        self.slots.get(&address)?.told.filter(|told| now.since(*told) < TOLD)?;
        if self.declines.had_enough(mac, circuit, now) {
            self.clear(address)?;
            self.give_back(address, mac);
            return Some(Declined::Freed);
        }
        let is_stranger = self.slots.get(&address)?.stranger.is_some();
        self.quarantine(address, now);
        self.declines.note(By { at: now, mac, circuit });
        self.limit(is_stranger, address, now);
        Some(Declined::PutAside)
    }

    /// Puts an address aside that somebody else uses. A stranger's stays within the strangers' share.
    pub fn quarantine(&mut self, address: Ipv4Addr, now: Tick) {
        let Some(slot) = self.clear(address) else { return };
        self.by_mac.remove(&slot.mac);
        let ends = now.after(QUARANTINE);
        self.set(address, Slot { state: State::Quarantined, ends, told: None, ..slot });
    }

    /// Lets the oldest come back if `address` is one too many.
    fn limit(&mut self, is_stranger: bool, address: Ipv4Addr, now: Tick) {
        let most = (self.size / PART).max(1);
        let aside = self.declines.aside(is_stranger);
        aside.push_back((now.after(QUARANTINE), address));
        while aside.front().is_some_and(|(ends, _)| *ends <= now) {
            aside.pop_front();
        }
        if aside.len() <= most {
            return;
        }
        let Some((ends, oldest)) = aside.pop_front() else { return };
        let is_aside = |slot: &Slot| slot.state == State::Quarantined && slot.ends == ends;
        if self.slots.get(&oldest).is_some_and(is_aside)
            && let Some(slot) = self.clear(oldest)
        {
            self.give_back(oldest, slot.mac);
        }
    }

    /// Addresses that are put aside.
    pub fn put_aside(&self) -> usize {
        self.aside
    }
}

/// An address that somebody else uses is tried again after this.
const QUARANTINE: Duration = Duration::from_mins(10);
/// How long a machine looks whether its new address is used: RFC 5227 has it done within nine seconds.
const TOLD: Duration = Duration::from_mins(1);
/// Addresses that one machine has put aside at the most within the time of a quarantine.
const OF_MACHINE: usize = 3;
/// Those of one port: many relays tell only the interface that a whole rack is at.
const OF_PORT: usize = 8;
/// One address of a pool in so many is put aside for strangers, and as many for others.
const PART: usize = 4;
/// Declines that are remembered: who has made up that many has a quarter of the pool put aside, and no more.
const REMEMBERED: usize = 4096;
