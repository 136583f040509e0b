//! How long an answer may take: from the answers there were (RFC 6298), doubled with each repeat.

use std::time::Duration;

/// The times of one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Smoothed time of an answer and how much it varies.
    seen: Option<(Duration, Duration)>,
    /// Repeats since the last answer.
    repeats: u32,
    longest: Duration,
}

impl Pace {
    /// `wanted` is the client's own choice of a wait.
    pub fn new(wanted: Option<Duration>) -> Self {
        Self { seen: None, repeats: 0, longest: wanted.unwrap_or(LONGEST).max(FIRST) }
    }

    /// An answer that took so long, to what was sent once.
    pub fn measure(&mut self, took: Duration) {
        self.seen = Some(match self.seen {
            None => (took, took / 2),
            Some((smooth, varies)) => ((smooth * 7 + took) / 8, (varies * 3 + smooth.abs_diff(took)) / 4),
        });
    }

    /// There was an answer.
    pub fn answered(&mut self) {
        self.repeats = 0;
    }

    /// There was none.
    pub fn repeat(&mut self) {
        self.repeats = self.repeats.saturating_add(1);
    }

    /// What was sent last was a repeat.
    pub fn is_repeating(&self) -> bool {
        self.repeats > 0
    }

    /// How long to wait before what was sent is sent again.
    pub fn patience(&self) -> Duration {
        let once = self.seen.map_or(FIRST, |(smooth, varies)| (smooth + varies * 4).max(SHORTEST));
        self.doubled(once)
    }

    /// How long to wait when there are signs that something is missing.
    pub fn doubt(&self) -> Duration {
        let once = self.seen.map_or(SHORTEST, |(smooth, _)| (smooth * 2).clamp(DOUBT, SHORTEST));
        self.doubled(once)
    }

    fn doubled(&self, once: Duration) -> Duration {
        once.saturating_mul(2_u32.saturating_pow(self.repeats.min(16))).min(self.longest)
    }
}

/// Before anything is known. Firmware under emulation answers in 20 ms; iPXE itself asks again after 250.
const FIRST: Duration = Duration::from_millis(500);
/// Firmware writes a block of flash or scrolls its screen in this time.
const SHORTEST: Duration = Duration::from_millis(50);
/// A few turns of a busy network.
const DOUBT: Duration = Duration::from_millis(5);
/// OVMF gives up after 24 s, iPXE after 16: both hear three repeats at least.
const LONGEST: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_repeat_is_early_and_the_next_ones_later() {
        let mut pace = Pace::new(None);
        let mut waits = Vec::new();
        for _ in 0..6 {
            waits.push(pace.patience().as_millis());
            pace.repeat();
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 4000, 4000]);
        pace.answered();
        assert_eq!(pace.patience().as_millis(), 500);
    }

    #[test]
    fn quick_answers_make_for_quick_repeats() {
        let mut pace = Pace::new(None);
        for _ in 0..20 {
            pace.measure(Duration::from_micros(100));
        }
        assert_eq!((pace.patience(), pace.doubt()), (SHORTEST, DOUBT));
        for _ in 0..50 {
            pace.measure(Duration::from_millis(200));
        }
        assert!(pace.patience() > Duration::from_millis(190), "{:?}", pace.patience());
    }

    #[test]
    fn the_clients_wait_is_the_longest() {
        let mut pace = Pace::new(Some(Duration::from_secs(1)));
        for _ in 0..99 {
            pace.repeat();
        }
        assert_eq!(pace.patience(), Duration::from_secs(1));
    }
}
