//! How long calls of a fake rack take: a length, or one drawn anew each time between two.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long one kind of call takes; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FakeDelay {
    pub least: Duration,
    /// As `least`, or more.
    pub most: Duration,
}

/// How long each kind of call takes; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FakeDelays {
    pub power: FakeDelay,
    pub management: FakeDelay,
    pub bios: FakeDelay,
    pub raid: FakeDelay,
    pub firmware: FakeDelay,
    pub deploy: FakeDelay,
    pub inspect: FakeDelay,
    pub rescue: FakeDelay,
}

/// Draws lengths: the same seed draws the same ones.
#[derive(Debug, Default)]
pub struct Draws(AtomicU64);

impl FakeDelay {
    /// Always the same.
    pub fn of(length: Duration) -> Self {
        Self { least: length, most: length }
    }
}

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A length between the two, both included, to the millisecond.
    pub fn draw(&self, delay: FakeDelay) -> Duration {
        let room = delay.most.saturating_sub(delay.least).as_millis();
        let choices = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
        if choices == 1 {
            return delay.least;
        }
        delay.least + Duration::from_millis(self.next() % choices)
    }

    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    fn next(&self) -> u64 {
        let state = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The generator's odd step.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_lie_between_the_two_and_differ() {
        let delay = FakeDelay { least: Duration::from_secs(2), most: Duration::from_secs(4) };
        let (one, same) = (Draws::new(7), Draws::new(7));
        let drawn: Vec<_> = (0..100).map(|_| one.draw(delay)).collect();
        assert!(drawn.iter().all(|length| (delay.least..=delay.most).contains(length)), "{drawn:?}");
        assert!(drawn.iter().any(|length| *length != drawn[0]), "{drawn:?}");
        assert!(drawn.iter().all(|length| same.draw(delay) == *length));
    }

    #[test]
    fn one_length_is_always_that() {
        let draws = Draws::default();
        assert_eq!(draws.draw(FakeDelay::of(Duration::from_millis(1500))), Duration::from_millis(1500));
        assert_eq!(draws.draw(FakeDelay::default()), Duration::ZERO);
        let wide = FakeDelay { least: Duration::ZERO, most: Duration::MAX };
        draws.draw(wide);
    }
}
