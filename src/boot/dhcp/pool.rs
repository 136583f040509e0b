//! The addresses of one network: who has which, until when, and which is given next.
//!
//! ```text
//! free ── offer ──▶ offered ── grant ──▶ leased ── ends, release ──▶ old (kept for its machine, taken last)
//!   ◀── not taken up ──┘                   └── declined, seen elsewhere ──▶ quarantined ──▶ free
//! ```

pub mod aside;
pub mod share;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::time::Duration;

use ipnet::Ipv4Net;

use crate::base::mac::Mac;
use crate::base::time::Tick;
use crate::boot::dhcp::pool::aside::Declines;
use crate::boot::dhcp::pool::share::{Circuit, OFFER, Rank, Share, Stranger};
use crate::model::boot::lease::{Lease, LeaseKey};

/// The addresses.
#[derive(Debug)]
pub struct Pool {
    pub net: Ipv4Net,
    size: usize,
    /// Addresses that nobody has and nobody had.
    free: BTreeSet<Ipv4Addr>,
    slots: HashMap<Ipv4Addr, Slot>,
    /// What each machine has, or had last.
    by_mac: HashMap<Mac, Ipv4Addr>,
    /// What ends when.
    due: BTreeSet<(Tick, Ipv4Addr)>,
    /// Leases that have ended, the longest ago first.
    old: BTreeSet<(Tick, Ipv4Addr)>,
    reserved: HashMap<Mac, Ipv4Addr>,
    reserved_addresses: HashSet<Ipv4Addr>,
    kept: Kept,
    /// What machines have which are not enrolled.
    share: Share<Ipv4Addr>,
    declines: Declines<Ipv4Addr>,
    /// How many are put aside.
    aside: usize,
}

/// Which leases are on the disk, where a machine has one row.
#[derive(Debug, Default)]
struct Kept {
    by_address: HashMap<Ipv4Addr, Mac>,
    by_mac: HashMap<Mac, Ipv4Addr>,
}

impl Kept {
    fn put(&mut self, mac: Mac, address: Ipv4Addr) {
        if let Some(before) = self.by_mac.insert(mac, address).filter(|before| *before != address) {
            self.by_address.remove(&before);
        }
        if let Some(before) = self.by_address.insert(address, mac).filter(|before| *before != mac) {
            self.by_mac.remove(&before);
        }
    }
}

/// What is the matter with an address.
#[derive(Debug, Clone)]
struct Slot {
    mac: Mac,
    state: State,
    ends: Tick,
    /// When its machine was told last that it has the address.
    told: Option<Tick>,
    /// Of a machine that nobody knows.
    stranger: Option<Stranger>,
    host_name: Option<String>,
    asked: String,
}

/// What became of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Offered,
    Leased,
    /// It was leased; its machine gets it again if it comes back.
    Old,
    Quarantined,
}

/// Who asks for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    pub mac: Mac,
    /// It is not enrolled, and nothing is reserved for it.
    pub is_stranger: bool,
    /// Where it is plugged in, if a relay says so.
    pub circuit: Option<Circuit>,
    pub host_name: Option<String>,
    /// How it asked, in words.
    pub asked: String,
}

/// An address for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    pub address: Ipv4Addr,
    /// Nobody is known to use it: to be looked for before it is offered.
    pub is_fresh: bool,
}

/// Why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAddress {
    /// Every address is taken.
    Exhausted,
    /// The rest is kept for machines that are enrolled.
    Share,
}

/// A lease as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub address: Ipv4Addr,
    pub mac: Mac,
    pub left: Duration,
    pub host_name: Option<String>,
    pub asked: String,
}

impl Pool {
    /// The addresses of `ranges` in `net` but for `except`, its own and its broadcast address.
    pub fn new(net: Ipv4Net, ranges: &[(Ipv4Addr, Ipv4Addr)], except: &[Ipv4Addr]) -> Self {
        let net = net.trunc();
        let is_end = |address: &Ipv4Addr| {
            net.prefix_len() < 31 && (*address == net.network() || *address == net.broadcast())
        };
        let all = ranges.iter().flat_map(|(first, last)| u32::from(*first)..=u32::from(*last));
        let free: BTreeSet<Ipv4Addr> = all
            .map(Ipv4Addr::from)
            .filter(|address| net.contains(address) && !is_end(address) && !except.contains(address))
            .collect();
        let size = free.len();
        Self {
            net,
            size,
            free,
            slots: HashMap::new(),
            by_mac: HashMap::new(),
            due: BTreeSet::new(),
            old: BTreeSet::new(),
            reserved: HashMap::new(),
            reserved_addresses: HashSet::new(),
            kept: Kept::default(),
            share: Share::new(size),
            declines: Declines::default(),
            aside: 0,
        }
    }

    /// Keeps a quarter of the addresses for machines that are enrolled.
    #[must_use]
    pub fn sharing(self) -> Self {
        Self { share: Share::new(self.size - self.size / RESERVE), ..self }
    }

    /// Gives `address` to this machine and to no other.
    pub fn reserve(&mut self, mac: Mac, address: Ipv4Addr) {
        if self.free.remove(&address) {
            self.size -= 1;
            self.share.shrink(self.size);
        }
        self.reserved.insert(mac, address);
        self.reserved_addresses.insert(address);
    }

    /// Takes in a lease that was kept: it starts again at its full length, since nobody knows how long we were away.
    pub fn recall(&mut self, lease: &Lease, left: Duration, is_stranger: bool, now: Tick) {
        self.kept.put(lease.key.mac, lease.address);
        let is_ours = self.reserved.get(&lease.key.mac) == Some(&lease.address);
        if !is_ours && !self.free.remove(&lease.address) {
            return;
        }
        let slot = Slot {
            mac: lease.key.mac,
            state: State::Leased,
            ends: now.after(left),
            told: None,
            stranger: (is_stranger && !is_ours)
                .then(|| Stranger { rank: Rank::of(lease.key.mac, false), circuit: None }),
            host_name: lease.host_name.clone(),
            asked: String::new(),
        };
        self.set(lease.address, slot);
    }

    /// Brings all up to the moment `now`.
    pub fn settle(&mut self, now: Tick) {
        while let Some((ends, address)) = self.due.first().copied().filter(|(ends, _)| *ends <= now) {
            let Some(slot) = self.clear(address) else {
                self.due.remove(&(ends, address));
                continue;
            };
            match slot.state {
                State::Leased => self.retire(address, slot),
                State::Offered | State::Quarantined | State::Old => self.give_back(address, slot.mac),
            }
        }
    }

    /// An address for a machine that asks for any; it wishes `wish`.
    pub fn offer(&mut self, asker: &Asker, wish: Option<Ipv4Addr>, now: Tick) -> Result<Chosen, NoAddress> {
        self.settle(now);
        let address = self.choose(asker, wish, now)?;
        let slot = self.slots.get(&address);
        if slot.is_some_and(|slot| slot.mac == asker.mac && slot.state == State::Leased) {
            self.note(address, asker);
            return Ok(Chosen { address, is_fresh: false });
        }
        let was_offered = slot.is_some_and(|slot| slot.mac == asker.mac && slot.state == State::Offered);
        self.put(address, asker, State::Offered, now.after(OFFER));
        Ok(Chosen { address, is_fresh: !was_offered })
    }

    fn choose(&mut self, asker: &Asker, wish: Option<Ipv4Addr>, now: Tick) -> Result<Ipv4Addr, NoAddress> {
        if let Some(address) = self.reserved.get(&asker.mac) {
            let slot = self.slots.get(address);
            let is_ill = slot.is_some_and(|slot| slot.state == State::Quarantined);
            return if is_ill { Err(NoAddress::Exhausted) } else { Ok(*address) };
        }
        let mine = self.by_mac.get(&asker.mac).copied();
        let is_live =
            |address: &Ipv4Addr| self.slots.get(address).is_some_and(|slot| slot.state != State::Old);
        if let Some(address) = mine.filter(is_live) {
            return Ok(address);
        }
        if let Some(who) = self.stranger(asker).filter(|who| !self.share.has_room(*who)) {
            return self.take_away(asker.mac, who, now);
        }
        mine.or_else(|| wish.filter(|address| self.free.contains(address)))
            .or_else(|| self.any(asker.mac))
            .or_else(|| self.old.first().map(|(_, address)| *address))
            .ok_or(NoAddress::Exhausted)
    }

    /// An address that was offered to a stranger who ranks lower, or did not take it up.
    fn take_away(&mut self, mac: Mac, who: Stranger, now: Tick) -> Result<Ipv4Addr, NoAddress> {
        if let Some(address) = self.share.victim(who, now) {
            return Ok(address);
        }
        self.share.turns_away(mac);
        Err(if self.share.most() < self.size { NoAddress::Share } else { NoAddress::Exhausted })
    }

    /// How a machine ranks that nobody knows: one that has an offer already, or was turned away, asks again.
    fn stranger(&self, asker: &Asker) -> Option<Stranger> {
        let asks_again = || self.by_mac.contains_key(&asker.mac) || self.share.was_turned_away(asker.mac);
        let rank = || Rank::of(asker.mac, asks_again());
        asker.is_stranger.then(|| Stranger { rank: rank(), circuit: asker.circuit })
    }

    /// A free address, the same for the same machine if it can be.
    fn any(&self, mac: Mac) -> Option<Ipv4Addr> {
        let (first, last) = (self.free.first()?, self.free.last()?);
        let span = u64::from(u32::from(*last) - u32::from(*first)) + 1;
        let place = u32::try_from(spread(mac) % span).unwrap_or_default();
        let start = Ipv4Addr::from(u32::from(*first).saturating_add(place));
        self.free.range(start..).next().or(Some(first)).copied()
    }

    /// Whether a machine that names `address` can have it: it has it, or nobody has.
    pub fn can_have(&mut self, mac: Mac, address: Ipv4Addr, now: Tick) -> bool {
        self.settle(now);
        match self.reserved.get(&mac) {
            Some(reserved) => *reserved == address && !self.is_ill(address),
            None => match self.slots.get(&address) {
                Some(slot) => slot.mac == mac && slot.state != State::Quarantined,
                None => self.free.contains(&address),
            },
        }
    }

    /// The address that is reserved for a machine.
    pub fn reserved_for(&self, mac: Mac) -> Option<Ipv4Addr> {
        self.reserved.get(&mac).copied()
    }

    fn is_ill(&self, address: Ipv4Addr) -> bool {
        self.slots.get(&address).is_some_and(|slot| slot.state == State::Quarantined)
    }

    /// What the machine has or had, if anything.
    pub fn known(&self, mac: Mac) -> Option<Ipv4Addr> {
        self.reserved.get(&mac).or_else(|| self.by_mac.get(&mac)).copied()
    }

    /// Holds an address for a machine while its lease is being kept. False: strangers have their share already.
    pub fn hold(&mut self, address: Ipv4Addr, asker: &Asker, now: Tick) -> bool {
        let is_new =
            !self.slots.get(&address).is_some_and(|slot| slot.mac == asker.mac && slot.state != State::Old);
        if is_new && self.stranger(asker).is_some_and(|who| !self.share.has_room(who)) {
            return false;
        }
        if self.left(asker.mac, address, now).is_none() {
            self.put(address, asker, State::Offered, now.after(OFFER));
        } else {
            self.note(address, asker);
        }
        true
    }

    /// The lease is kept: the machine has the address. False if it was put aside, or given to another, meanwhile.
    pub fn grant(&mut self, lease: &Lease, now: Tick) -> bool {
        let is_held = |slot: &&Slot| slot.mac == lease.key.mac && slot.state != State::Quarantined;
        let Some(slot) = self.slots.get(&lease.address).filter(is_held).cloned() else { return false };
        self.kept.put(lease.key.mac, lease.address);
        let ends = now.after(Duration::from_secs(lease.length.into()));
        self.clear(lease.address);
        self.set(lease.address, Slot { state: State::Leased, ends, told: Some(now), ..slot });
        true
    }

    /// Whose row on the disk a lease of `address` replaces.
    pub fn before(&self, key: &LeaseKey, address: Ipv4Addr) -> Option<LeaseKey> {
        let mac = *self.kept.by_address.get(&address).filter(|mac| **mac != key.mac)?;
        Some(LeaseKey { mac, ..*key })
    }

    /// How long the machine's lease of the address goes on; none if it has none.
    pub fn left(&self, mac: Mac, address: Ipv4Addr, now: Tick) -> Option<Duration> {
        let slot = self.slots.get(&address)?;
        let is_his = slot.mac == mac && slot.state == State::Leased && slot.ends > now;
        is_his.then(|| slot.ends.since(now))
    }

    /// The machine gives its address back; false if it has not got it.
    pub fn release(&mut self, mac: Mac, address: Ipv4Addr, now: Tick) -> bool {
        if self.left(mac, address, now).is_none() {
            return false;
        }
        if let Some(slot) = self.clear(address) {
            self.retire(address, Slot { ends: now, ..slot });
        }
        true
    }

    /// Whom the address is offered to that has not got it yet.
    pub fn offered_to(&self, address: Ipv4Addr) -> Option<Mac> {
        self.slots.get(&address).filter(|slot| slot.state == State::Offered).map(|slot| slot.mac)
    }

    /// Whose the address is; also for a while after its lease ended.
    pub fn mac_of(&self, address: Ipv4Addr) -> Option<Mac> {
        self.slots.get(&address).filter(|slot| slot.state != State::Quarantined).map(|slot| slot.mac)
    }

    /// To whom the address is leased now.
    pub fn lessee(&self, address: Ipv4Addr, now: Tick) -> Option<Mac> {
        let slot = self.slots.get(&address);
        slot.filter(|slot| slot.state == State::Leased && slot.ends > now).map(|slot| slot.mac)
    }

    pub fn leases(&self, now: Tick) -> Vec<Held> {
        let live = self.slots.iter().filter(|(_, slot)| slot.state == State::Leased && slot.ends > now);
        let held = |(address, slot): (&Ipv4Addr, &Slot)| Held {
            address: *address,
            mac: slot.mac,
            left: slot.ends.since(now),
            host_name: slot.host_name.clone(),
            asked: slot.asked.clone(),
        };
        live.map(held).collect()
    }

    /// Addresses without those that are reserved.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Addresses that are offered or leased, and those in quarantine.
    pub fn used(&self) -> (usize, usize) {
        let is_used = |slot: &&Slot| matches!(slot.state, State::Offered | State::Leased);
        (self.slots.values().filter(is_used).count(), self.aside)
    }

    fn note(&mut self, address: Ipv4Addr, asker: &Asker) {
        if let Some(slot) = self.slots.get_mut(&address) {
            slot.asked.clone_from(&asker.asked);
            if asker.host_name.is_some() {
                slot.host_name.clone_from(&asker.host_name);
            }
        }
    }

    fn put(&mut self, address: Ipv4Addr, asker: &Asker, state: State, ends: Tick) {
        let stranger = self.stranger(asker);
        let had = self.by_mac.get(&asker.mac).copied().filter(|had| *had != address);
        if let Some(had) = had
            && self.clear(had).is_some()
        {
            self.give_back(had, asker.mac);
        }
        if let Some(before) = self.clear(address) {
            self.by_mac.remove(&before.mac);
        }
        self.free.remove(&address);
        let Asker { mac, host_name, asked, .. } = asker.clone();
        self.set(address, Slot { mac, state, ends, told: None, stranger, host_name, asked });
    }

    /// What was leased is kept for its machine; what is reserved needs no keeping.
    fn retire(&mut self, address: Ipv4Addr, slot: Slot) {
        if self.reserved.get(&slot.mac) == Some(&address) {
            self.give_back(address, slot.mac);
        } else {
            self.set(address, Slot { state: State::Old, stranger: None, ..slot });
        }
    }

    /// Nobody has the address, which is in no index any more.
    fn give_back(&mut self, address: Ipv4Addr, mac: Mac) {
        if self.by_mac.get(&mac) == Some(&address) {
            self.by_mac.remove(&mac);
        }
        if !self.reserved_addresses.contains(&address) {
            self.free.insert(address);
        }
    }

    /// Enters a slot into every index; the address has none.
    fn set(&mut self, address: Ipv4Addr, slot: Slot) {
        if let Some(who) = slot.stranger {
            self.share.enter(address, who, slot.offered());
        }
        match slot.state {
            State::Old => self.old.insert((slot.ends, address)),
            State::Offered | State::Leased | State::Quarantined => self.due.insert((slot.ends, address)),
        };
        if slot.state == State::Quarantined {
            self.aside += 1;
        } else {
            self.by_mac.insert(slot.mac, address);
        }
        self.slots.insert(address, slot);
    }

    /// Takes a slot out of every index but that of machines.
    fn clear(&mut self, address: Ipv4Addr) -> Option<Slot> {
        let slot = self.slots.remove(&address)?;
        if let Some(who) = slot.stranger {
            self.share.leave(address, who, slot.offered());
        }
        self.aside -= usize::from(slot.state == State::Quarantined);
        self.due.remove(&(slot.ends, address));
        self.old.remove(&(slot.ends, address));
        Some(slot)
    }
}

impl Slot {
    /// When the address is free again if it is not taken up.
    fn offered(&self) -> Option<Tick> {
        (self.state == State::Offered).then_some(self.ends)
    }
}

/// FNV-1a: machines of one maker differ in the last bytes only.
fn spread(mac: Mac) -> u64 {
    mac.0.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// One address in so many is kept for machines that are enrolled.
const RESERVE: usize = 4;

#[cfg(test)]
mod tests;
