//! Machines that boot again and again: the same NIC is given its script more often than any boot explains, and nothing
//! changes between, no agent calls in, no other boot is prepared.
//!
//! Anybody can ask for a script, so that not every request is a boot: what is given out within [`APART`] of a boot
//! belongs to it, and who gives scripts out says only what a machine got to its end ([`Loops::note`]).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::time::{SharedClock, Tick};
use crate::model::boot::loading::LoopLimit;

/// What was started on which NIC, and when.
#[derive(Debug)]
pub struct Loops {
    limit: LoopLimit,
    clock: SharedClock,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Rises with every boot.
    number: u64,
    rows: HashMap<Mac, Row>,
    /// NICs by their last boot: the first is forgotten when there are too many.
    order: BTreeMap<u64, Mac>,
}

#[derive(Debug)]
struct Row {
    boot: Boot,
    /// When it was asked for, the oldest first.
    times: VecDeque<Tick>,
    number: u64,
    told: bool,
}

/// What one boot is: as long as it stays the same, nothing has come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    pub node: Option<NodeId>,
    /// What is started, in one word.
    pub starts: &'static str,
    /// Changes with each boot that is prepared, each change that somebody asked for and each call of the agent.
    pub mark: u64,
}

/// Whether a boot is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// So many within the time; the `first` such verdict is to be told.
    Loop {
        boots: usize,
        /// From the first of them to the last.
        lasted: Duration,
        first: bool,
    },
}

/// A machine in a loop, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looping {
    pub mac: Mac,
    pub boot: Boot,
    pub boots: usize,
    /// How long ago the oldest and the newest of these boots were.
    pub oldest: Duration,
    pub newest: Duration,
}

impl Loops {
    pub fn new(limit: LoopLimit, clock: SharedClock) -> Self {
        Self { limit, clock, seen: Mutex::default() }
    }

    pub fn limit(&self) -> LoopLimit {
        self.limit
    }

    /// What a machine that asks for this boot now is to be told. Nothing is taken down.
    pub fn judge(&self, mac: Mac, boot: &Boot) -> Verdict {
        let (now, most) = (self.clock.tick(), self.most());
        let seen = self.lock();
        let row = seen.rows.get(&mac).filter(|row| row.boot == *boot);
        let boots = row.map_or(0, |row| row.boots_with(now, self.limit.within));
        // One more than the limit is enough to know.
        if boots > most {
            let lasted = row.map(Row::lasted).unwrap_or_default();
            Verdict::Loop { boots: most.saturating_add(1), lasted, first: false }
        } else {
            Verdict::Fine
        }
    }

    /// Forgets the boots of a machine; false if none are known.
    pub fn forget(&self, mac: Mac) -> bool {
        let mut seen = self.lock();
        let Some(row) = seen.rows.remove(&mac) else { return false };
        seen.order.remove(&row.number);
        true
    }

    /// Takes down that a machine was given this boot; `None` if it belongs to a boot that is known.
    pub fn note(&self, mac: Mac, boot: Boot) -> Option<Verdict> {
        let now = self.clock.tick();
        let most = self.most();
        let mut seen = self.lock();
        if seen.rows.get(&mac).is_some_and(|row| row.boot == boot && row.is_recent(now)) {
            return None;
        }
        let number = seen.next();
        if let Some(old) = seen.rows.get(&mac).map(|row| row.number) {
            seen.order.remove(&old);
        }
        seen.order.insert(number, mac);
        let row = seen.rows.entry(mac).or_insert_with(|| Row::new(boot.clone()));
        row.number = number;
        let verdict = row.note(boot, now, self.limit.within, most);
        seen.forget();
        Some(verdict)
    }

    /// All that are in a loop now, by address.
    pub fn looping(&self) -> Vec<Looping> {
        let (now, most) = (self.clock.tick(), self.most());
        let seen = self.lock();
        let mut all: Vec<_> =
            seen.rows.iter().filter_map(|(mac, row)| row.show(*mac, now, self.limit.within, most)).collect();
        all.sort_by_key(|one| one.mac);
        all
    }

    fn most(&self) -> usize {
        usize::try_from(self.limit.boots).unwrap_or(usize::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn next(&mut self) -> u64 {
        self.number = self.number.saturating_add(1);
        self.number
    }

    fn forget(&mut self) {
        while self.rows.len() > KEPT {
            let Some((_, mac)) = self.order.pop_first() else { return };
            self.rows.remove(&mac);
        }
    }
}

impl Row {
    fn new(boot: Boot) -> Self {
        Self { boot, times: VecDeque::new(), number: 0, told: false }
    }

    fn note(&mut self, boot: Boot, now: Tick, within: Duration, most: usize) -> Verdict {
        if self.boot != boot {
            *self = Self { number: self.number, ..Self::new(boot) };
        }
        while self.times.front().is_some_and(|time| now.since(*time) > within) {
            self.times.pop_front();
        }
        if self.times.len() <= most {
            self.told = false;
        } else {
            // One more than the limit is enough to know.
            self.times.pop_front();
        }
        self.times.push_back(now);
        if self.times.len() <= most {
            return Verdict::Fine;
        }
        let first = !std::mem::replace(&mut self.told, true);
        Verdict::Loop { boots: self.times.len(), lasted: self.lasted(), first }
    }

    /// From the first known boot to the last.
    fn lasted(&self) -> Duration {
        let ends = self.times.front().zip(self.times.back());
        ends.map(|(first, last)| last.since(*first)).unwrap_or_default()
    }

    /// Whether a script given out now belongs to the last boot.
    fn is_recent(&self, now: Tick) -> bool {
        self.times.back().is_some_and(|last| now.since(*last) < APART)
    }

    /// How many boots there are within the time, with the one that begins now.
    fn boots_with(&self, now: Tick, within: Duration) -> usize {
        let known = self.times.iter().filter(|time| now.since(**time) <= within).count();
        if self.is_recent(now) { known } else { known.saturating_add(1) }
    }

    fn show(&self, mac: Mac, now: Tick, within: Duration, most: usize) -> Option<Looping> {
        let recent = self.times.iter().filter(|time| now.since(**time) <= within);
        let boots = recent.clone().count();
        let (oldest, newest) = (recent.clone().next()?, recent.clone().next_back()?);
        let (oldest, newest) = (now.since(*oldest), now.since(*newest));
        (boots > most).then(|| Looping { mac, boot: self.boot.clone(), boots, oldest, newest })
    }
}

/// No machine comes from one boot to the script of the next in less: firmware, DHCP and a loader lie between.
pub const APART: Duration = Duration::from_secs(20);

/// NICs that are remembered: a rack's many times over, and a flood of made-up ones costs about a MiB.
const KEPT: usize = 4096;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::time::PausedClock;

    const MAC: Mac = Mac([0x52, 0x54, 0, 0, 0, 1]);

    fn boot(mark: u64) -> Boot {
        Boot { node: None, starts: "agent", mark }
    }

    fn loops() -> (Loops, Arc<PausedClock>) {
        let clock = Arc::new(PausedClock::new());
        (Loops::new(LoopLimit { boots: 3, within: Duration::from_mins(30) }, clock.clone()), clock)
    }

    #[test]
    fn the_same_boot_too_often_is_a_loop_and_told_once() {
        let (loops, clock) = loops();
        let verdicts: Vec<_> = (0..5)
            .map(|_| {
                clock.advance(Duration::from_mins(1));
                loops.note(MAC, boot(1))
            })
            .collect();
        let lasted = Duration::from_mins(3);
        let looping = |first| Some(Verdict::Loop { boots: 4, lasted, first });
        let fine = Some(Verdict::Fine);
        assert_eq!(verdicts, [fine, fine, fine, looping(true), looping(false)]);
        let shown = loops.looping();
        assert_eq!((shown.len(), shown[0].boots, shown[0].oldest), (1, 4, Duration::from_mins(3)));
        clock.advance(Duration::from_mins(40));
        assert!(loops.looping().is_empty());
        assert_eq!(loops.note(MAC, boot(1)), Some(Verdict::Fine));
    }

    #[test]
    fn what_changes_or_takes_its_time_is_no_loop() {
        let (loops, clock) = loops();
        for mark in 0..20 {
            assert_eq!(loops.note(MAC, boot(mark)), Some(Verdict::Fine), "{mark}");
        }
        for _ in 0..20 {
            clock.advance(Duration::from_mins(11));
            assert_eq!(loops.note(MAC, boot(99)), Some(Verdict::Fine));
        }
    }

    #[test]
    fn requests_that_no_machine_could_make_are_no_boots() {
        let (loops, clock) = loops();
        assert_eq!(loops.note(MAC, boot(1)), Some(Verdict::Fine));
        for _ in 0..1000 {
            clock.advance(Duration::from_millis(10));
            assert_eq!((loops.judge(MAC, &boot(1)), loops.note(MAC, boot(1))), (Verdict::Fine, None));
        }
        assert!(loops.looping().is_empty());
        for _ in 0..1000 {
            assert_eq!(loops.judge(MAC, &boot(2)), Verdict::Fine, "to ask is not to boot");
        }
    }

    #[test]
    fn who_asks_again_in_one_boot_is_told_the_same() {
        let (loops, clock) = loops();
        for number in 0..5 {
            let is_loop = |verdict| matches!(verdict, Verdict::Loop { boots: 4, .. });
            assert_eq!(is_loop(loops.judge(MAC, &boot(1))), number > 2, "{number}");
            loops.note(MAC, boot(1));
            assert_eq!(is_loop(loops.judge(MAC, &boot(1))), number > 2, "{number}");
            clock.advance(APART);
        }
    }

    #[test]
    fn an_operator_can_begin_anew() {
        let (loops, clock) = loops();
        for _ in 0..4 {
            clock.advance(APART);
            loops.note(MAC, boot(1));
        }
        assert!(loops.forget(MAC) && !loops.forget(MAC));
        assert_eq!((loops.looping().len(), loops.judge(MAC, &boot(1))), (0, Verdict::Fine));
        let seen = loops.lock();
        assert_eq!((seen.rows.len(), seen.order.len()), (0, 0));
    }

    #[test]
    fn a_loop_that_comes_again_is_told_again() {
        let (loops, clock) = loops();
        let told = |count| {
            let told = |_| {
                clock.advance(APART);
                matches!(loops.note(MAC, boot(1)), Some(Verdict::Loop { first: true, .. }))
            };
            (0..count).map(told).filter(|told| *told).count()
        };
        assert_eq!(told(10), 1);
        clock.advance(Duration::from_mins(31));
        assert_eq!(told(10), 1);
    }

    #[test]
    fn a_flood_of_addresses_pushes_out_the_oldest() {
        let (loops, _) = loops();
        let mac = |number: u16| Mac([2, 0, 0, 0, number.to_be_bytes()[0], number.to_be_bytes()[1]]);
        for number in 0..10_000 {
            loops.note(mac(number), boot(1));
        }
        let seen = loops.lock();
        assert_eq!((seen.rows.len(), seen.order.len()), (KEPT, KEPT));
        assert!(seen.rows.contains_key(&mac(9_999)) && !seen.rows.contains_key(&mac(0)));
    }
}
