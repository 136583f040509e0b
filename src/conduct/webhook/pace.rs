//! When a hook that failed is tried again, and when an event is given up.

use std::time::Duration;

use crate::base::time::Tick;

/// Failures in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    failures: u32,
    since: Option<Tick>,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same event again after this.
    Again(Duration),
    /// The hook has been dead for long: each event has one attempt now, and the next one after this.
    GiveUp(Duration),
}

impl Pace {
    /// After a success.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Takes in a failure; `dice` makes the pause some other than everybody's.
    pub fn failed(&mut self, now: Tick, dice: u32) -> Next {
        let since = *self.since.get_or_insert(now);
        self.failures = self.failures.saturating_add(1);
        let doubled = FIRST.saturating_mul(1 << self.failures.saturating_sub(1).min(DOUBLINGS)).min(LONGEST);
        // From three quarters to five quarters.
        let pause = doubled.mul_f64(0.75 + f64::from(dice % 1000) / 2000.0);
        if now.since(since) >= PATIENCE { Next::GiveUp(pause) } else { Next::Again(pause) }
    }

    /// Whether this failure is the one to tell a person of.
    pub fn is_telling(&self) -> bool {
        self.failures == TELLING
    }
}

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// More would be beyond the longest pause.
const DOUBLINGS: u32 = 10;
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(5);
/// How long an event is tried again.
const PATIENCE: Duration = Duration::from_hours(24);
/// Failures in a row that are no hiccup.
const TELLING: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes_and_differ() {
        let mut pace = Pace::default();
        let pauses: Vec<u64> = (0..12)
            .map(|_| match pace.failed(Tick(Duration::ZERO), 500) {
                Next::Again(pause) => pause.as_secs(),
                Next::GiveUp(_) => panic!("given up at once"),
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        let around = |dice| match Pace::default().failed(Tick(Duration::ZERO), dice) {
            Next::Again(pause) => pause.as_millis(),
            Next::GiveUp(_) => 0,
        };
        assert_eq!((around(0), around(999)), (750, 1249));
    }

    #[test]
    fn after_a_day_an_event_is_given_up_and_a_success_forgets_all() {
        let mut pace = Pace::default();
        let day = Duration::from_hours(24);
        assert!(matches!(pace.failed(Tick(Duration::ZERO), 0), Next::Again(_)));
        assert!(matches!(pace.failed(Tick(day / 2), 0), Next::Again(_)));
        assert!(matches!(pace.failed(Tick(day), 0), Next::GiveUp(_)));
        pace.reset();
        assert!(matches!(pace.failed(Tick(day), 0), Next::Again(_)));
    }

    #[test]
    fn a_person_is_told_once() {
        let mut pace = Pace::default();
        let told = (0..20)
            .filter(|_| {
                pace.failed(Tick(Duration::ZERO), 0);
                pace.is_telling()
            })
            .count();
        assert_eq!(told, 1);
    }
}
