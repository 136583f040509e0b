//! How many machines that nobody has enrolled are listened to: so many a minute, a few of each address. What is turned
//! away is counted and told once a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::time::Tick;
use crate::model::inspection::discovery::TurnedAway;

/// The gate; one a daemon.
#[derive(Debug, Default)]
pub struct Gate {
    minute: Mutex<Minute>,
    away: Mutex<TurnedAway>,
}

/// What has come within the present minute.
#[derive(Debug, Default)]
struct Minute {
    began: Option<Tick>,
    let_in: u32,
    turned_away: u64,
    of: HashMap<IpAddr, u32>,
}

/// Machines that were let in and turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub let_in: u32,
    pub turned_away: u64,
}

impl Gate {
    /// Whether one more may come in, of `most` a minute.
    pub fn lets_in(&self, now: Tick, from: Option<IpAddr>, most: u32) -> bool {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.began.is_none_or(|began| now.since(began) >= MINUTE) {
            minute.told();
            *minute = Minute { began: Some(now), ..Minute::default() };
        }
        let own = from.map_or(0, |from| minute.of.get(&from).copied().unwrap_or(0));
        if minute.let_in >= most || own >= OF_ONE_ADDRESS {
            minute.turned_away += 1;
            self.count(|away| away.too_many += 1);
            return false;
        }
        minute.let_in += 1;
        if let Some(from) = from {
            // As many addresses at most as are let in.
            minute.of.insert(from, own + 1);
        }
        true
    }

    /// Counts one that was turned away.
    pub fn count(&self, which: impl FnOnce(&mut TurnedAway)) {
        which(&mut self.away.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All since the daemon began.
    pub fn turned_away(&self) -> TurnedAway {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells what was turned away, if the minute is over: for who looks in now and then.
    pub fn report(&self, now: Tick) -> Option<Count> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let over = minute.began.is_some_and(|began| now.since(began) >= MINUTE);
        let count = over.then(|| minute.told()).flatten();
        if over {
            *minute = Minute::default();
        }
        count
    }
}

impl Minute {
    fn told(&self) -> Option<Count> {
        if self.turned_away == 0 {
            return None;
        }
        let count = Count { let_in: self.let_in, turned_away: self.turned_away };
        tracing::warn!(
            let_in = count.let_in,
            turned_away = count.turned_away,
            "more unknown machines called within a minute than [discovery] limit lets in"
        );
        Some(count)
    }
}

const MINUTE: Duration = Duration::from_mins(1);
/// A machine asks again a few times if its answer was lost.
pub const OF_ONE_ADDRESS: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Clock;
    use crate::base::time::RealClock;

    #[test]
    fn so_many_a_minute_and_a_few_of_each_address() {
        let (gate, start) = (Gate::default(), RealClock::new().tick());
        let from = |last| Some(IpAddr::from([192, 0, 2, last]));
        for _ in 0..OF_ONE_ADDRESS {
            assert!(gate.lets_in(start, from(1), 8));
        }
        assert!(!gate.lets_in(start, from(1), 8));
        for last in 2..5 {
            assert!(gate.lets_in(start, from(last), 8));
        }
        assert!(!gate.lets_in(start, from(9), 8));
        assert_eq!(gate.report(start), None);
        let later = start.after(MINUTE);
        assert_eq!(gate.report(later), Some(Count { let_in: 8, turned_away: 2 }));
        assert_eq!(gate.report(later), None);
        assert!(gate.lets_in(later, from(1), 8));
        assert_eq!(gate.turned_away(), TurnedAway { too_many: 2, ..TurnedAway::default() });
    }
}
