//! Faults of a fake rack, by the number of the call: an argument of the rack, never global.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No answer; nothing was changed.
    Silent,
    /// The answer is no; nothing was changed.
    Refuse,
    /// The answer is as if it were done; nothing was changed.
    Lie,
    /// The answer comes this much later.
    Stall(Duration),
    /// No answer, now and ever after.
    Die,
}

/// Which call fails in which way. Calls are counted from 1 over all machines of the rack.
#[derive(Debug, Default)]
pub struct FakeFaults {
    calls: AtomicU64,
    at: BTreeMap<u64, Fault>,
}

impl FakeFaults {
    /// Nothing ever fails.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same with one more fault, at the `call`th call.
    #[must_use]
    pub fn at(mut self, call: u64, fault: Fault) -> Self {
        self.at.insert(call, fault);
        self
    }

    /// The first `times` calls get no answer.
    pub fn silent_first(times: u64) -> Self {
        (1..=times).fold(Self::none(), |faults, call| faults.at(call, Fault::Silent))
    }

    /// Calls made so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Counts one call and tells what happens to it.
    pub fn next(&self) -> Option<Fault> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let dead = self.at.range(..call).any(|(_, fault)| *fault == Fault::Die);
        if dead { Some(Fault::Die) } else { self.at.get(&call).copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_call_and_death_lasts() {
        let faults = FakeFaults::silent_first(1).at(3, Fault::Die);
        let met: Vec<_> = (0..5).map(|_| faults.next()).collect();
        assert_eq!(met, [Some(Fault::Silent), None, Some(Fault::Die), Some(Fault::Die), Some(Fault::Die)]);
        assert_eq!(faults.calls(), 5);
    }
}
