//! The IPv6 addresses of one network: who has which, until when, and which is given next.
//!
//! The range may have more addresses than there are atoms: only those in use are remembered. Where the search for a
//! free one begins follows from who asks, so that a machine is offered the same one again without a note of it.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv6Addr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::base::duid::Duid;
use crate::base::mac::Mac;
use crate::base::time::Tick;

/// The addresses.
#[derive(Debug)]
pub struct Pool {
    first: u128,
    last: u128,
    slots: HashMap<Ipv6Addr, Slot>,
    by_holder: HashMap<Holder, Ipv6Addr>,
    /// What ends when.
    due: BTreeSet<(Tick, Ipv6Addr)>,
    /// Addresses that machines have which are not enrolled.
    strangers: usize,
    /// How many addresses those may have.
    share: usize,
}

/// Who has an address: one association of one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    pub client: Duid,
    pub association: u32,
}

#[derive(Debug, Clone)]
struct Slot {
    holder: Holder,
    /// `None` for one that somebody else was seen to use.
    lease: Option<Written>,
    ends: Tick,
    is_stranger: bool,
    who: Who,
}

/// What a machine showed of itself when it asked last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    pub mac: Option<Mac>,
    /// How it asked, in words.
    pub asked: String,
}

/// A lease as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub address: Ipv6Addr,
    pub left: Duration,
    pub who: Who,
}

/// When the lease was last written down; `None` as long as it is on its way.
#[derive(Debug, Clone, Copy)]
struct Written(Option<Tick>);

impl Pool {
    /// All from `first` to `last`; a quarter is kept for machines that are enrolled.
    pub fn new(first: Ipv6Addr, last: Ipv6Addr) -> Self {
        let (first, last) = (u128::from(first), u128::from(last));
        let size = usize::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(usize::MAX);
        Self {
            first,
            last,
            share: (size - size / RESERVE).min(MOST_STRANGERS),
            slots: HashMap::new(),
            by_holder: HashMap::new(),
            due: BTreeSet::new(),
            strangers: 0,
        }
    }

    /// The address of `holder`.
    pub fn held(&self, holder: &Holder) -> Option<Ipv6Addr> {
        self.by_holder.get(holder).copied()
    }

    /// Whether the address is one of these and nobody has it.
    pub fn is_free(&self, address: Ipv6Addr) -> bool {
        self.has(address) && !self.slots.contains_key(&address)
    }

    pub fn in_use(&self) -> usize {
        self.slots.len()
    }

    /// The address for `holder`: the one that it has, the one that it wants, or a free one. Changes nothing.
    pub fn choose(&self, holder: &Holder, wanted: Option<Ipv6Addr>, is_stranger: bool) -> Option<Ipv6Addr> {
        if let Some(held) = self.held(holder) {
            return Some(held);
        }
        if self.slots.len() >= MOST || (is_stranger && self.strangers >= self.share) {
            return None;
        }
        wanted.filter(|wanted| self.is_free(*wanted)).or_else(|| self.free(holder))
    }

    /// Looks from where `holder` begins; of one address more than are taken, one is free.
    fn free(&self, holder: &Holder) -> Option<Ipv6Addr> {
        let size = self.last.saturating_sub(self.first).saturating_add(1);
        let start = begin(holder).checked_rem(size)?;
        let tries = u128::try_from(self.slots.len()).unwrap_or(u128::MAX).saturating_add(1).min(size);
        let mut addresses = (0..tries).map(|step| {
            // Both are below the size, which is at most the number of all addresses.
            let place = if start >= size - step { start - (size - step) } else { start + step };
            Ipv6Addr::from(self.first.saturating_add(place))
        });
        addresses.find(|address| !self.slots.contains_key(address))
    }

    /// Gives an address that `choose` named, or lengthens its lease; whether it is to be written down: it is new, or
    /// half of what was written is gone.
    pub fn grant(&mut self, holder: &Holder, address: Ipv6Addr, term: Term) -> bool {
        let ends = term.now.after(term.length);
        let before = self.remove(address).filter(|slot| slot.holder == *holder);
        let who = before.as_ref().map(|slot| slot.who.clone());
        let who = who.unwrap_or_else(|| Who { mac: holder.client.mac(), asked: String::new() });
        if let Some(other) = self.by_holder.get(holder).copied().filter(|other| *other != address) {
            self.remove(other);
        }
        let written = before.and_then(|slot| slot.lease).unwrap_or(Written(None));
        let is_due = written.0.is_none_or(|at| term.now.since(at) >= term.length / 2);
        let lease = Some(if is_due { Written(None) } else { written });
        self.put(address, Slot { holder: holder.clone(), lease, ends, is_stranger: term.is_stranger, who });
        is_due
    }

    /// What the holder showed of itself.
    pub fn note(&mut self, holder: &Holder, who: Who) {
        let slot = self.by_holder.get(holder).and_then(|address| self.slots.get_mut(address));
        if let Some(slot) = slot {
            slot.who = who;
        }
    }

    /// Whose an address is, as far as its hardware address is known.
    pub fn mac_of(&self, address: Ipv6Addr) -> Option<Mac> {
        self.slots.get(&address).filter(|slot| slot.lease.is_some())?.who.mac
    }

    /// All that is leased.
    pub fn leases(&self, now: Tick) -> Vec<Held> {
        let live = self.slots.iter().filter(|(_, slot)| slot.lease.is_some() && slot.ends > now);
        let held = |(address, slot): (&Ipv6Addr, &Slot)| Held {
            address: *address,
            left: slot.ends.since(now),
            who: slot.who.clone(),
        };
        live.map(held).collect()
    }

    /// Addresses that may be in use at once, and those that somebody else was seen to use.
    pub fn room(&self) -> (u128, usize) {
        let size = self.last.saturating_sub(self.first).saturating_add(1);
        let most = u128::try_from(MOST).unwrap_or(u128::MAX);
        let aside = self.slots.values().filter(|slot| slot.lease.is_none()).count();
        (size.min(most), aside)
    }

    /// The lease is on the disk since `at`.
    pub fn written(&mut self, holder: &Holder, at: Tick) {
        let slot = self.by_holder.get(holder).and_then(|address| self.slots.get_mut(address));
        if let Some(slot) = slot.filter(|slot| slot.lease.is_some()) {
            slot.lease = Some(Written(Some(at)));
        }
    }

    /// Ends a lease; whether `holder` had this address.
    pub fn release(&mut self, holder: &Holder, address: Ipv6Addr) -> bool {
        let is_held = self.held(holder) == Some(address);
        if is_held {
            self.remove(address);
        }
        is_held
    }

    /// `holder` found somebody else at its address: nobody gets it for a while. Whether it had it.
    pub fn decline(&mut self, holder: &Holder, address: Ipv6Addr, now: Tick) -> bool {
        if self.held(holder) != Some(address) {
            return false;
        }
        if let Some(slot) = self.remove(address) {
            self.put(address, Slot { lease: None, ends: now.after(QUARANTINE), ..slot });
        }
        true
    }

    /// Ends what is over; who held it.
    pub fn sweep(&mut self, now: Tick) -> Vec<Holder> {
        let mut ended = Vec::new();
        while let Some((ends, address)) = self.due.first().copied() {
            if ends > now || ended.len() == AT_ONCE {
                break;
            }
            ended.extend(self.remove(address).filter(|slot| slot.lease.is_some()).map(|slot| slot.holder));
        }
        ended
    }

    fn has(&self, address: Ipv6Addr) -> bool {
        (self.first..=self.last).contains(&address.into())
    }

    fn put(&mut self, address: Ipv6Addr, slot: Slot) {
        if slot.lease.is_some() {
            self.by_holder.insert(slot.holder.clone(), address);
        }
        self.strangers += usize::from(slot.is_stranger);
        self.due.insert((slot.ends, address));
        self.slots.insert(address, slot);
    }

    fn remove(&mut self, address: Ipv6Addr) -> Option<Slot> {
        let slot = self.slots.remove(&address)?;
        self.due.remove(&(slot.ends, address));
        self.strangers -= usize::from(slot.is_stranger);
        if slot.lease.is_some() {
            self.by_holder.remove(&slot.holder);
        }
        Some(slot)
    }
}

/// For how long an address is given, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub now: Tick,
    pub length: Duration,
    pub is_stranger: bool,
}

fn begin(holder: &Holder) -> u128 {
    let mut hash = Sha256::new();
    hash.update(holder.client.bytes());
    hash.update(holder.association.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let [half, _] = digest.as_chunks::<16>().0 else { return 0 };
    u128::from_be_bytes(*half)
}

/// Addresses in use at once: each costs some hundred bytes, and a rack has a few for each machine.
const MOST: usize = 16_384;
/// Those of machines that are not enrolled, so that a flood of them leaves room for those that are.
const MOST_STRANGERS: usize = MOST / 2;
/// One address in so many is kept for machines that are enrolled.
const RESERVE: usize = 4;
/// As long as a machine may take to look for who has its address.
const QUARANTINE: Duration = Duration::from_mins(10);
/// Leases that end in one go.
const AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holder(number: u8) -> Holder {
        Holder { client: Duid::of(&[0, 3, number]).unwrap(), association: 1 }
    }

    fn at(seconds: u64) -> Tick {
        Tick(Duration::from_secs(seconds))
    }

    fn term(now: u64) -> Term {
        Term { now: at(now), length: Duration::from_secs(100), is_stranger: false }
    }

    fn pool(last: &str) -> Pool {
        Pool::new("fd00::1".parse().unwrap(), last.parse().unwrap())
    }

    fn give(pool: &mut Pool, number: u8, now: u64) -> Option<Ipv6Addr> {
        let address = pool.choose(&holder(number), None, false)?;
        pool.grant(&holder(number), address, term(now));
        Some(address)
    }

    #[test]
    fn every_address_is_given_once_and_then_none() {
        let mut pool = pool("fd00::4");
        let given: BTreeSet<_> = (0..4).map(|number| give(&mut pool, number, 0).unwrap()).collect();
        assert_eq!(given.len(), 4);
        assert_eq!(give(&mut pool, 9, 0), None);
        assert_eq!(give(&mut pool, 2, 5), pool.held(&holder(2)));
    }

    #[test]
    fn an_offer_is_the_same_again_without_a_note_of_it() {
        let large = Pool::new(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from(u128::MAX));
        let first = large.choose(&holder(1), None, false);
        assert!(first.is_some() && large.in_use() == 0);
        assert_eq!(large.choose(&holder(1), None, false), first);
        assert_ne!(large.choose(&holder(2), None, false), first);
    }

    #[test]
    fn what_is_wanted_is_given_if_it_is_free() {
        let mut pool = pool("fd00::ff");
        let wanted = "fd00::42".parse().unwrap();
        assert_eq!(pool.choose(&holder(1), Some(wanted), false), Some(wanted));
        pool.grant(&holder(1), wanted, term(0));
        assert_ne!(pool.choose(&holder(2), Some(wanted), false), Some(wanted));
        let foreign = "fd01::1".parse().unwrap();
        assert_ne!(pool.choose(&holder(2), Some(foreign), false), Some(foreign));
    }

    #[test]
    fn a_lease_is_written_when_it_is_new_and_when_half_of_it_is_gone() {
        let mut pool = pool("fd00::ff");
        let address = pool.choose(&holder(1), None, false).unwrap();
        assert!(pool.grant(&holder(1), address, term(0)));
        assert!(pool.grant(&holder(1), address, term(1)), "the disk has not said yes");
        pool.written(&holder(1), at(1));
        assert!(!pool.grant(&holder(1), address, term(50)));
        assert!(pool.grant(&holder(1), address, term(51)));
    }

    #[test]
    fn a_lease_shows_who_asked_last_until_it_is_over() {
        let mut pool = pool("fd00::ff");
        let address = give(&mut pool, 1, 0).unwrap();
        assert_eq!(pool.mac_of(address), None, "its identifier has no hardware address");
        let who = Who { mac: Some(Mac([2, 0, 0, 0, 0, 1])), asked: "iPXE".into() };
        pool.note(&holder(1), who.clone());
        give(&mut pool, 1, 40);
        assert_eq!(pool.leases(at(60)), [Held { address, left: Duration::from_secs(80), who: who.clone() }]);
        assert_eq!((pool.mac_of(address), pool.leases(at(140))), (who.mac, vec![]));
        assert!(pool.decline(&holder(1), address, at(41)));
        assert_eq!((pool.mac_of(address), pool.leases(at(42)), pool.room()), (None, vec![], (255, 1)));
    }

    #[test]
    fn what_is_over_is_free_again() {
        let mut pool = pool("fd00::1");
        give(&mut pool, 1, 0).unwrap();
        assert_eq!(pool.sweep(at(99)), []);
        assert_eq!(pool.sweep(at(100)), [holder(1)]);
        let address = give(&mut pool, 2, 100).unwrap();
        assert!(!pool.release(&holder(1), address) && pool.release(&holder(2), address));
        assert_eq!(give(&mut pool, 3, 101), Some(address));
        assert!(pool.decline(&holder(3), address, at(102)));
        assert_eq!(give(&mut pool, 3, 103), None, "somebody else uses it");
        assert_eq!(pool.sweep(at(702)), [], "nobody's lease ended");
        assert_eq!(give(&mut pool, 3, 703), Some(address));
    }

    #[test]
    fn strangers_leave_room_for_those_that_are_enrolled() {
        let mut pool = pool("fd00::ffff");
        for number in 0..MOST_STRANGERS {
            let one = Holder { association: u32::try_from(number).unwrap(), ..holder(1) };
            let address = pool.choose(&one, None, true).unwrap();
            pool.grant(&one, address, Term { is_stranger: true, ..term(0) });
        }
        assert_eq!(pool.choose(&holder(2), None, true), None);
        assert!(pool.choose(&holder(2), None, false).is_some());
        let ended = (0..)
            .map_while(|_| Some(pool.sweep(at(100))).filter(|ended| !ended.is_empty()))
            .flatten()
            .count();
        assert_eq!((ended, pool.in_use(), pool.strangers), (MOST_STRANGERS, 0, 0));
    }

    #[test]
    fn strangers_leave_a_quarter_of_a_small_range() {
        let mut pool = pool("fd00::8");
        let stranger = Term { is_stranger: true, ..term(0) };
        let mut take = |number: u8| {
            let address = pool.choose(&holder(number), None, true)?;
            pool.grant(&holder(number), address, stranger);
            Some(address)
        };
        assert_eq!((0..20).filter_map(&mut take).count(), 6);
        assert!(give(&mut pool, 30, 0).is_some() && give(&mut pool, 31, 0).is_some());
        assert_eq!(give(&mut pool, 32, 0), None);
    }

    proptest! {
        #[test]
        fn no_address_has_two_holders(moves in prop::collection::vec((0_u8..12, 0_u8..4, 0_u64..40), 0..80)) {
            let mut pool = pool("fd00::8");
            let mut now = 0;
            for (number, what, later) in moves {
                now += later;
                pool.sweep(at(now));
                let held = pool.held(&holder(number));
                match (what, held) {
                    (0, Some(address)) => prop_assert!(pool.release(&holder(number), address)),
                    (1, Some(address)) => prop_assert!(pool.decline(&holder(number), address, at(now))),
                    _ => { give(&mut pool, number, now); }
                }
                let leased = pool.slots.values().filter(|slot| slot.lease.is_some()).count();
                prop_assert_eq!(leased, pool.by_holder.len());
                prop_assert_eq!(pool.due.len(), pool.slots.len());
                prop_assert!(pool.slots.len() <= 8);
            }
        }
    }
}
