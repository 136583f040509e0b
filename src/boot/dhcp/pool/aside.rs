//! Addresses that are put aside: because another station was seen there, or because their machine declined them. Anybody
//! can decline, as often as it likes, so what that puts aside is bounded.
//!
//! ```text
//! counts at all    from the machine that was told within a minute that the address is its own
//! put aside        three of one machine and eight of one port of a switch within ten minutes; else only free again
//! at once          a quarter of the pool for machines that nobody knows, and one for the others: the oldest comes back
//! ```
//!
//! What comes back early is free like any other address. The same holds for IPv4 and for IPv6.

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

impl Declined {
    /// What is told of it; `says` is what the machine says.
    pub fn sentence(self, says: &str) -> String {
        let why = "it, or its switch's port, has had enough addresses put aside within ten minutes";
        match self {
            Self::PutAside => format!("{says}; it is put aside for ten minutes"),
            Self::Freed => format!("{says}, which is not put aside: {why}"),
        }
    }
}

/// What was declined lately, of addresses of one kind.
#[derive(Debug)]
pub struct Declines<A> {
    /// Who had an address put aside, the oldest first.
    by: VecDeque<By>,
    strangers: Aside<A>,
    known: Aside<A>,
}

#[derive(Debug)]
struct By {
    at: Tick,
    mac: Mac,
    circuit: Option<Circuit>,
}

/// Addresses that are put aside, and until when, the oldest first.
type Aside<A> = VecDeque<(Tick, A)>;

impl<A> Default for Declines<A> {
    fn default() -> Self {
        Self { by: VecDeque::new(), strangers: VecDeque::new(), known: VecDeque::new() }
    }
}

impl<A> Declines<A> {
    /// Whether no more is put aside for this machine, or for the port that it is at.
    pub fn had_enough(&self, mac: Mac, circuit: Option<Circuit>, now: Tick) -> bool {
        let lately = || self.by.iter().filter(|by| now.since(by.at) < QUARANTINE);
        let of_port = || lately().filter(|by| by.circuit == circuit).count();
        lately().filter(|by| by.mac == mac).count() >= OF_MACHINE || circuit.is_some() && of_port() >= OF_PORT
    }

    /// The machine had an address put aside.
    pub fn note(&mut self, mac: Mac, circuit: Option<Circuit>, now: Tick) {
        if self.by.len() >= REMEMBERED {
            self.by.pop_front();
        }
        self.by.push_back(By { at: now, mac, circuit });
    }

    /// `address`, of a pool of `size`, is put aside from now on. If it is one too many, the oldest comes back: it, and
    /// when its time would have been over.
    pub fn enter(&mut self, size: usize, is_stranger: bool, address: A, now: Tick) -> Option<(Tick, A)> {
        let aside = if is_stranger { &mut self.strangers } else { &mut self.known };
        aside.push_back((now.after(QUARANTINE), address));
        while aside.front().is_some_and(|(ends, _)| *ends <= now) {
            aside.pop_front();
        }
        if aside.len() <= (size / PART).max(1) { None } else { aside.pop_front() }
    }
}

/// Whether what a machine finds out about its address counts: it was told so lately that it has it.
pub fn is_told(told: Option<Tick>, now: Tick) -> bool {
    told.is_some_and(|told| now.since(told) < TOLD)
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
        if !is_told(self.slots.get(&address)?.told, now) {
            return None;
        }
        if self.declines.had_enough(mac, circuit, now) {
            self.clear(address)?;
            self.give_back(address, mac);
            return Some(Declined::Freed);
        }
        let is_stranger = self.slots.get(&address)?.stranger.is_some();
        self.quarantine(address, now);
        self.declines.note(mac, circuit, now);
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
        let back = self.declines.enter(self.size, is_stranger, address, now);
        let Some((ends, oldest)) = back else { return };
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
pub const QUARANTINE: Duration = Duration::from_mins(10);
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
