//! What was told lately: anybody in the rack can ask for anything at any rate, and the log is not theirs to fill.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::time::{SharedClock, Tick};

/// Matters that were told, each worth a line an hour.
#[derive(Debug)]
pub struct Told {
    clock: SharedClock,
    /// By the hash of what was told.
    when: Mutex<HashMap<u64, Tick>>,
}

impl Told {
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, when: Mutex::default() }
    }

    /// Whether `matter` was not told within the hour; then it counts as told. When there are too many matters, none is
    /// new until the first of them can be forgotten.
    pub fn is_new(&self, matter: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        matter.hash(&mut hasher);
        let (now, matter) = (self.clock.tick(), hasher.finish());
        let mut when = self.when.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |told: &Tick| now.since(*told) < AGAIN;
        if when.get(&matter).is_some_and(is_old) {
            return false;
        }
        if when.len() >= KEPT {
            when.retain(|_, told| is_old(told));
        }
        let has_room = when.len() < KEPT;
        if has_room {
            when.insert(matter, now);
        }
        has_room
    }
}

/// A matter that lasts is told again.
const AGAIN: Duration = Duration::from_hours(1);
/// Lines an hour at the most: more than a rack has matters.
const KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::time::PausedClock;

    #[test]
    fn a_matter_is_told_once_an_hour_and_a_flood_is_not() {
        let clock = Arc::new(PausedClock::new());
        let told = Told::new(clock.clone());
        assert!(told.is_new(&("a", 1)) && !told.is_new(&("a", 1)) && told.is_new(&("a", 2)));
        assert_eq!((0..100_000).filter(|number| told.is_new(&("b", *number))).count(), KEPT - 2);
        clock.advance(AGAIN);
        assert!(told.is_new(&("a", 1)) && !told.is_new(&("a", 1)));
        assert!(told.when.lock().unwrap().len() <= KEPT);
    }
}
