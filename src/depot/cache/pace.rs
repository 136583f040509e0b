//! How fast a download comes: one that trickles for ever holds a place, and a disk, for ever.

use std::time::Duration;

use crate::base::time::{SharedClock, Tick};

/// Counts the bytes of one stretch of time after the other.
#[derive(Debug)]
pub(super) struct Pace {
    clock: SharedClock,
    since: Tick,
    bytes: u64,
}

/// What came in a stretch, where that is too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSlow {
    pub(super) bytes: u64,
    pub(super) span: Duration,
}

impl Pace {
    pub(super) fn new(clock: SharedClock) -> Self {
        let since = clock.tick();
        Self { clock, since, bytes: 0 }
    }

    /// So many bytes have come.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), TooSlow> {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        let now = self.clock.tick();
        let span = now.since(self.since);
        if span < STRETCH {
            return Ok(());
        }
        if self.bytes < LEAST {
            return Err(TooSlow { bytes: self.bytes, span });
        }
        (self.since, self.bytes) = (now, 0);
        Ok(())
    }
}

/// Time in which [`LEAST`] has to come.
const STRETCH: Duration = Duration::from_mins(1);
/// Bytes: an image of 100 MiB takes seven hours so, and no deployment waits longer.
pub(super) const LEAST: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::time::PausedClock;

    #[test]
    fn a_trickle_is_told_after_a_minute_and_a_pause_within_one_is_not() {
        let clock = Arc::new(PausedClock::new());
        let mut pace = Pace::new(clock.clone());
        clock.advance(Duration::from_secs(50));
        pace.take(1 << 20).unwrap();
        clock.advance(Duration::from_secs(50));
        pace.take(1).unwrap();
        for _ in 0..59 {
            clock.advance(Duration::from_secs(1));
            pace.take(1).unwrap();
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(pace.take(1), Err(TooSlow { bytes: 60, span: STRETCH }));
    }
}
