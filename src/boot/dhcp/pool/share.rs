//! How machines that nobody knows share the addresses that are not kept for enrolled ones: made-up ones in a flood must
//! not keep real ones out.
//!
//! ```text
//! offers: whoever ranks higher takes the place of a lower one; of one rank, the oldest is taken after a while
//!   made-up address < maker's address < made-up, asks again < maker's, asks again
//! leases: of one port of a switch, and of made-up addresses, three quarters at the most
//! ```

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::base::mac::Mac;
use crate::base::time::Tick;

/// Who has how much of the share.
#[derive(Debug)]
pub struct Share<A> {
    most: usize,
    taken: usize,
    /// What is leased, or put aside after it was, by those with made-up addresses, and by ports of switches.
    made_up: usize,
    by_circuit: HashMap<Circuit, usize>,
    /// Offers, those that go first first.
    offers: BTreeSet<(Rank, Tick, A)>,
    /// Who asked in vain, each at the place of its hash; made when it is needed.
    turned_away: Vec<u32>,
}

/// A port of a switch, as its relay tells it: the hash of all that it says.
pub type Circuit = u64;

/// A machine that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stranger {
    pub rank: Rank,
    pub circuit: Option<Circuit>,
}

/// Who is served first. Real machines ask again within seconds, and have addresses of their NIC's maker; a flood makes
/// up one address after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    MadeUp,
    Maker,
    MadeUpAgain,
    MakerAgain,
}

impl Rank {
    pub fn of(mac: Mac, asks_again: bool) -> Self {
        match (is_made_up(mac), asks_again) {
            (true, false) => Self::MadeUp,
            (false, false) => Self::Maker,
            (true, true) => Self::MadeUpAgain,
            (false, true) => Self::MakerAgain,
        }
    }

    fn is_made_up(self) -> bool {
        matches!(self, Self::MadeUp | Self::MadeUpAgain)
    }
}

/// Whether nobody assigned the address to its maker (IEEE 802c, the bit of local administration).
fn is_made_up(mac: Mac) -> bool {
    let [first, ..] = mac.0;
    first & 0x02 != 0
}

impl<A: Copy + Ord> Share<A> {
    pub fn new(most: usize) -> Self {
        Self {
            most,
            taken: 0,
            made_up: 0,
            by_circuit: HashMap::new(),
            offers: BTreeSet::new(),
            turned_away: Vec::new(),
        }
    }

    /// There are no more addresses than that.
    pub fn shrink(&mut self, size: usize) {
        self.most = self.most.min(size);
    }

    pub fn most(&self) -> usize {
        self.most
    }

    /// Addresses that strangers have.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Whether one more can be offered without taking one away.
    pub fn has_room(&self, who: Stranger) -> bool {
        self.taken < self.most && self.may_lease(who)
    }

    /// Whether as many of its kind have leases as may.
    fn may_lease(&self, who: Stranger) -> bool {
        let limit = self.most - self.most / KEPT_BACK;
        let of_port = who.circuit.and_then(|circuit| self.by_circuit.get(&circuit)).copied();
        of_port.unwrap_or_default() < limit && (!who.rank.is_made_up() || self.made_up < limit)
    }

    /// The offer whose place this stranger takes, if there is one.
    pub fn victim(&self, who: Stranger, now: Tick) -> Option<A> {
        let (rank, ends, address) = self.offers.first().copied().filter(|_| self.may_lease(who))?;
        // Nothing says when an offer was made but its end.
        let is_stale = || ends.since(now) + GRACE <= OFFER;
        (rank < who.rank || (rank == who.rank && is_stale())).then_some(address)
    }

    /// Remembers that this machine was given nothing.
    pub fn turns_away(&mut self, mac: Mac) {
        if self.turned_away.is_empty() {
            self.turned_away = vec![0; PLACES];
        }
        let (place, mark) = print(mac);
        if let Some(kept) = self.turned_away.get_mut(place) {
            *kept = mark;
        }
    }

    /// Whether it asked in vain lately; a flood forgets some.
    pub fn was_turned_away(&self, mac: Mac) -> bool {
        let (place, mark) = print(mac);
        self.turned_away.get(place) == Some(&mark)
    }

    /// A stranger has an address: offered until `offered`, else leased or put aside.
    pub fn enter(&mut self, address: A, who: Stranger, offered: Option<Tick>) {
        self.taken += 1;
        if let Some(ends) = offered {
            self.offers.insert((who.rank, ends, address));
            return;
        }
        self.made_up += usize::from(who.rank.is_made_up());
        if let Some(circuit) = who.circuit {
            *self.by_circuit.entry(circuit).or_default() += 1;
        }
    }

    /// It has it no longer; as it was entered.
    pub fn leave(&mut self, address: A, who: Stranger, offered: Option<Tick>) {
        self.taken -= 1;
        if let Some(ends) = offered {
            self.offers.remove(&(who.rank, ends, address));
            return;
        }
        self.made_up -= usize::from(who.rank.is_made_up());
        let Some(circuit) = who.circuit else { return };
        if let Some(count) = self.by_circuit.get_mut(&circuit) {
            *count -= 1;
            if *count == 0 {
                self.by_circuit.remove(&circuit);
            }
        }
    }
}

/// The place of a machine in the list of those that were turned away, and its mark there, which is never zero.
fn print(mac: Mac) -> (usize, u32) {
    let mut hasher = DefaultHasher::new();
    mac.hash(&mut hasher);
    let hash = hasher.finish();
    let half = |half: u64| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default();
    (usize::try_from(half(hash >> 32)).unwrap_or_default() % PLACES, half(hash) | 1)
}

/// An offer that is not taken up ends: OVMF waits 32 s at most before it asks for one.
pub const OFFER: Duration = Duration::from_mins(1);
/// How long an offer stays although another of its rank has none: firmware waits some seconds for further offers (OVMF
/// four, measured).
const GRACE: Duration = Duration::from_secs(10);
/// One address of the share in so many is not leased to one kind.
const KEPT_BACK: usize = 4;
/// A MiB in a flood: of 10,000 that are turned away a second, three of four are known after 8 s.
const PLACES: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const MAKER: Mac = Mac([0, 0x25, 0x90, 0, 0, 1]);

    fn address(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, last)
    }

    fn at(seconds: u64) -> Tick {
        Tick(Duration::from_secs(seconds))
    }

    fn who(rank: Rank) -> Stranger {
        Stranger { rank, circuit: None }
    }

    #[test]
    fn ranks_go_by_who_asks_again_and_then_by_the_makers_address() {
        let made_up = Mac([2, 0, 0, 0, 0, 1]);
        let ranks = [(made_up, false), (MAKER, false), (made_up, true), (MAKER, true)]
            .map(|(mac, again)| Rank::of(mac, again));
        assert!(ranks.is_sorted(), "{ranks:?}");
    }

    #[test]
    fn who_was_turned_away_is_known_through_a_flood() {
        let mut share: Share<Ipv4Addr> = Share::new(1);
        assert!(!share.was_turned_away(MAKER));
        share.turns_away(MAKER);
        for number in 0..20_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            share.turns_away(Mac([2, 7, a, b, c, d]));
        }
        assert!(share.was_turned_away(MAKER));
        assert!(!share.was_turned_away(Mac([2, 9, 0, 0, 0, 0])));
    }

    #[test]
    fn a_higher_rank_goes_first_and_an_equal_one_waits() {
        let mut share = Share::new(2);
        share.enter(address(1), who(Rank::Maker), Some(at(60)));
        share.enter(address(2), who(Rank::MadeUp), Some(at(61)));
        assert_eq!(share.victim(who(Rank::Maker), at(1)), Some(address(2)));
        assert_eq!(share.victim(who(Rank::MadeUp), at(1)), None);
        assert_eq!(share.victim(who(Rank::MadeUp), at(11)), Some(address(2)));
        share.leave(address(2), who(Rank::MadeUp), Some(at(61)));
        assert_eq!(share.victim(who(Rank::MadeUpAgain), at(1)), Some(address(1)));
        assert_eq!(share.victim(who(Rank::MadeUp), at(30)), None);
    }

    #[test]
    fn one_port_and_made_up_addresses_have_three_quarters_of_the_leases() {
        let mut share = Share::new(8);
        let at_port = |circuit, rank| Stranger { rank, circuit: Some(circuit) };
        for last in 0..6 {
            assert!(share.has_room(at_port(1, Rank::MadeUp)));
            share.enter(address(last), at_port(1, Rank::MadeUp), None);
        }
        assert!(!share.has_room(at_port(1, Rank::Maker)), "its port has enough");
        assert!(!share.has_room(at_port(2, Rank::MadeUp)), "there are enough of its kind");
        assert!(share.has_room(at_port(2, Rank::Maker)));
        share.leave(address(0), at_port(1, Rank::MadeUp), None);
        assert!(share.has_room(at_port(1, Rank::MadeUp)));
    }
}
