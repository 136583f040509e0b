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
use crate::boot::dhcp::pool::aside::{Declined, Declines, QUARANTINE, is_told};
use crate::boot::dhcp::pool::share::{Circuit, Rank, Share, Stranger};
use crate::model::boot::lease6::Lease6;

/// The addresses.
#[derive(Debug)]
pub struct Pool {
    first: u128,
    last: u128,
    /// Those of the range that no machine can have.
    except: BTreeSet<Ipv6Addr>,
    slots: HashMap<Ipv6Addr, Slot>,
    by_holder: HashMap<Holder, Ipv6Addr>,
    /// What each machine has, the one that was given longest ago first.
    by_machine: HashMap<Mac, BTreeSet<(Tick, Ipv6Addr)>>,
    /// What ends when.
    due: BTreeSet<(Tick, Ipv6Addr)>,
    /// What machines have which are not enrolled.
    share: Share<Ipv6Addr>,
    declines: Declines<Ipv6Addr>,
}

/// Who has an address: one association of one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    pub client: Duid,
    pub association: u32,
}

impl Holder {
    pub fn of(lease: &Lease6) -> Self {
        Self { client: lease.key.client.clone(), association: lease.key.association }
    }
}

/// The machine that asks, whatever it calls itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Its hardware address, or what stands for one.
    pub machine: Mac,
    /// It is not enrolled.
    pub is_stranger: bool,
    /// Where it is plugged in, if a relay says so.
    pub circuit: Option<Circuit>,
}

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAddress {
    /// Every one is taken.
    Exhausted,
    /// The rest is kept for machines that are enrolled.
    Share,
    /// Made-up machines, or those of one port of a switch, have as many as may.
    Kind,
    /// The machine asked for more at once than one may have.
    Machine,
}

/// What became of a lease that was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Granted {
    /// It is to be written down: it is new, or half of what was written is gone.
    pub is_due: bool,
    /// Whose lease ended, since the same machine has its address now under another name.
    pub ended: Option<Holder>,
}

#[derive(Debug, Clone)]
struct Slot {
    holder: Holder,
    machine: Mac,
    /// `None` for one that somebody else was seen to use.
    lease: Option<Written>,
    /// When it was given last, so that its machine may find out that somebody else has it.
    given: Tick,
    ends: Tick,
    stranger: Option<Stranger>,
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
    pub holder: Holder,
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
            except: BTreeSet::new(),
            slots: HashMap::new(),
            by_holder: HashMap::new(),
            by_machine: HashMap::new(),
            due: BTreeSet::new(),
            share: Share::new((size - size / RESERVE).min(MOST_STRANGERS)),
            declines: Declines::default(),
        }
    }

    /// No machine gets these from now on: this host has them.
    pub fn keep_out(&mut self, own: impl Iterator<Item = Ipv6Addr>) {
        let range = self.first..=self.last;
        self.except = own.filter(|address| range.contains(&u128::from(*address))).collect();
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

    /// The address for `holder`: the one that it has, the one that it wants, or a free one. A machine that has as many
    /// as may, or for which none is left, gets the one again that it asked for longest ago under another name: firmware,
    /// its boot client, a ramdisk and a system have a name each. Changes nothing.
    pub fn choose(
        &self,
        asker: &Asker,
        holder: &Holder,
        wanted: Option<Ipv6Addr>,
        now: Tick,
    ) -> Result<Ipv6Addr, NoAddress> {
        if let Some(held) = self.held(holder) {
            return Ok(held);
        }
        let own = self.by_machine.get(&asker.machine);
        // What it was given in this very answer stays.
        let again = own.and_then(BTreeSet::first).filter(|(given, _)| *given < now).map(|(_, own)| *own);
        if own.is_some_and(|own| own.len() >= self.of_machine()) {
            return again.ok_or(NoAddress::Machine);
        }
        let fresh = self.has_room(asker).and_then(|()| {
            let wanted = wanted.filter(|wanted| self.is_free(*wanted));
            wanted.or_else(|| self.free(holder)).ok_or(NoAddress::Exhausted)
        });
        fresh.or_else(|why| again.ok_or(why))
    }

    fn has_room(&self, asker: &Asker) -> Result<(), NoAddress> {
        if self.slots.len() >= MOST {
            return Err(NoAddress::Exhausted);
        }
        match stranger(asker) {
            Some(_) if self.share.taken() >= self.share.most() => Err(NoAddress::Share),
            Some(who) if !self.share.has_room(who) => Err(NoAddress::Kind),
            Some(_) | None => Ok(()),
        }
    }

    /// How many addresses one machine may have.
    fn of_machine(&self) -> usize {
        (self.size() / PART).clamp(1, OF_MACHINE)
    }

    /// Addresses that may be in use at once.
    fn size(&self) -> usize {
        let size = self.last.saturating_sub(self.first).saturating_add(1);
        usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(self.except.len()).min(MOST)
    }

    /// Why there is none for a machine, and what helps.
    pub fn why_none(&self, why: NoAddress) -> String {
        let (size, aside) = self.room();
        match why {
            NoAddress::Exhausted => format!(
                "{} of {size} addresses are taken, {aside} of them put aside since machines declined them: make the range \
                 larger, or lease_time shorter",
                self.in_use()
            ),
            NoAddress::Share => format!(
                "machines that are not enrolled have {} of {size}, which is their share: enrol its port, or make the range \
                 larger",
                self.share.taken()
            ),
            NoAddress::Kind => "machines with made-up addresses, or those at its port of a switch, have three quarters of \
                                what there is for machines that are not enrolled: enrol its port, or make the range larger"
                .to_owned(),
            NoAddress::Machine => {
                format!("it asks for more than {} at once, which no machine is given here", self.of_machine())
            }
        }
    }

    /// Looks from where `holder` begins; of one address more than are taken, one is free.
    fn free(&self, holder: &Holder) -> Option<Ipv6Addr> {
        let size = self.last.saturating_sub(self.first).saturating_add(1);
        let start = begin(holder).checked_rem(size)?;
        let taken = self.slots.len() + self.except.len();
        let tries = u128::try_from(taken).unwrap_or(u128::MAX).saturating_add(1).min(size);
        let mut addresses = (0..tries).map(|step| {
            // Both are below the size, which is at most the number of all addresses.
            let place = if start >= size - step { start - (size - step) } else { start + step };
            Ipv6Addr::from(self.first.saturating_add(place))
        });
        addresses.find(|address| self.is_free(*address))
    }

    /// Gives an address that `choose` named, or lengthens its lease.
    pub fn grant(&mut self, asker: &Asker, holder: &Holder, address: Ipv6Addr, term: Term) -> Granted {
        let slot = self.remove(address);
        let is_his = slot.as_ref().is_some_and(|slot| slot.holder == *holder);
        let (before, other) = if is_his { (slot, None) } else { (None, slot) };
        let who = before.as_ref().map(|slot| slot.who.clone());
        let who = who.unwrap_or_else(|| Who { mac: holder.client.mac(), asked: String::new() });
        if let Some(left) = self.by_holder.get(holder).copied().filter(|left| *left != address) {
            self.remove(left);
        }
        let written = before.and_then(|slot| slot.lease).unwrap_or(Written(None));
        let is_due = written.0.is_none_or(|at| term.now.since(at) >= term.length / 2);
        let slot = Slot {
            holder: holder.clone(),
            machine: asker.machine,
            lease: Some(if is_due { Written(None) } else { written }),
            given: term.now,
            ends: term.now.after(term.length),
            stranger: stranger(asker),
            who,
        };
        self.put(address, slot);
        Granted { is_due, ended: other.filter(|slot| slot.lease.is_some()).map(|slot| slot.holder) }
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
            holder: slot.holder.clone(),
        };
        live.map(held).collect()
    }

    /// Addresses that may be in use at once, and those that are put aside.
    pub fn room(&self) -> (usize, usize) {
        (self.size(), self.slots.values().filter(|slot| slot.lease.is_none()).count())
    }

    /// Takes in a lease that was kept; one that is no longer of the range is left out. It starts again at its full
    /// length, since nobody knows how long we were away.
    pub fn recall(&mut self, lease: &Lease6, now: Tick) {
        let holder = Holder::of(lease);
        let mac = lease.mac.or_else(|| holder.client.mac());
        let machine = mac.unwrap_or_else(|| stand_in(&holder.client));
        let asker = Asker { machine, is_stranger: lease.is_stranger, circuit: None };
        if self.choose(&asker, &holder, Some(lease.address), now) != Ok(lease.address) {
            return;
        }
        let length = Duration::from_secs(lease.length.into());
        self.grant(&asker, &holder, lease.address, Term { now, length });
        self.note(&holder, Who { mac, asked: String::new() });
        self.written(&holder, now);
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

    /// `holder` found somebody else at its address, which is its own no longer: nobody gets it for a while, if it was
    /// given just now and its machine has not declined too many. `None` if it had it not.
    pub fn decline(
        &mut self,
        asker: &Asker,
        holder: &Holder,
        address: Ipv6Addr,
        now: Tick,
    ) -> Option<Declined> {
        if self.held(holder) != Some(address) {
            return None;
        }
        let slot = self.remove(address)?;
        let (machine, circuit) = (asker.machine, asker.circuit);
        if !is_told(Some(slot.given), now) || self.declines.had_enough(machine, circuit, now) {
            return Some(Declined::Freed);
        }
        let is_stranger = slot.stranger.is_some();
        self.put(address, Slot { lease: None, ends: now.after(QUARANTINE), ..slot });
        self.declines.note(machine, circuit, now);
        if let Some((ends, oldest)) = self.declines.enter(self.size(), is_stranger, address, now) {
            let is_aside = |slot: &Slot| slot.lease.is_none() && slot.ends == ends;
            if self.slots.get(&oldest).is_some_and(is_aside) {
                self.remove(oldest);
            }
        }
        Some(Declined::PutAside)
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
        (self.first..=self.last).contains(&address.into()) && !self.except.contains(&address)
    }

    fn put(&mut self, address: Ipv6Addr, slot: Slot) {
        if slot.lease.is_some() {
            self.by_holder.insert(slot.holder.clone(), address);
            self.by_machine.entry(slot.machine).or_default().insert((slot.given, address));
        }
        if let Some(who) = slot.stranger {
            self.share.enter(address, who, None);
        }
        self.due.insert((slot.ends, address));
        self.slots.insert(address, slot);
    }

    fn remove(&mut self, address: Ipv6Addr) -> Option<Slot> {
        let slot = self.slots.remove(&address)?;
        self.due.remove(&(slot.ends, address));
        if let Some(who) = slot.stranger {
            self.share.leave(address, who, None);
        }
        if slot.lease.is_some() {
            self.by_holder.remove(&slot.holder);
            if let Some(own) = self.by_machine.get_mut(&slot.machine) {
                own.remove(&(slot.given, address));
                if own.is_empty() {
                    self.by_machine.remove(&slot.machine);
                }
            }
        }
        Some(slot)
    }
}

/// What stands for the hardware address of a client that shows none: a made-up one of its name.
pub fn stand_in(client: &Duid) -> Mac {
    let digest: [u8; 32] = Sha256::digest(client.bytes()).into();
    let [first, second, third, fourth, fifth, sixth, ..] = digest;
    Mac([(first | 0x02) & 0xfe, second, third, fourth, fifth, sixth])
}

/// What it is among machines that nobody knows. No offer is kept, so that it makes no difference whether it asks again.
fn stranger(asker: &Asker) -> Option<Stranger> {
    let rank = Rank::of(asker.machine, false);
    asker.is_stranger.then_some(Stranger { rank, circuit: asker.circuit })
}

/// For how long an address is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub now: Tick,
    pub length: Duration,
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
/// Addresses of one machine: as many as one message asks for, and one of a small range in so many.
const OF_MACHINE: usize = 8;
const PART: usize = 4;
/// Leases that end in one go.
const AT_ONCE: usize = 256;

#[cfg(test)]
mod tests;
