//! Calls to machines, counted by what was asked of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::meter::{Durations, Reading};

/// Calls since the start, by their labels: as many as there are kinds of effects and looks.
#[derive(Debug, Default)]
pub struct Calls(Mutex<BTreeMap<&'static str, Kind>>);

#[derive(Debug, Default)]
struct Kind {
    durations: Durations,
    failures: u64,
}

/// Calls of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct CallsShown {
    pub call: &'static str,
    pub durations: Reading,
    pub failures: u64,
}

impl Calls {
    pub fn add(&self, call: &'static str, length: Duration, has_failed: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = all.entry(call).or_default();
        kind.durations.add(length);
        kind.failures += u64::from(has_failed);
    }

    pub fn shown(&self) -> Vec<CallsShown> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = |(call, kind): (&&'static str, &Kind)| CallsShown {
            call,
            durations: kind.durations.read(),
            failures: kind.failures,
        };
        all.iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_kind_with_their_failures() {
        let calls = Calls::default();
        calls.add("power on", Duration::from_secs(2), false);
        calls.add("power on", Duration::from_secs(4), true);
        calls.add("look at power", Duration::from_millis(1), false);
        let shown = calls.shown();
        let of = |call| shown.iter().find(|one| one.call == call).unwrap();
        assert_eq!((of("power on").durations.count, of("power on").failures), (2, 1));
        assert_eq!((of("look at power").durations.count, of("look at power").failures), (1, 0));
    }
}
