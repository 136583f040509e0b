//! Random numbers that a seed repeats, so that a failing run can be run again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

/// A `SplitMix64` generator; good enough for pauses and ids, useless for secrets.
#[derive(Debug)]
pub struct Dice(Mutex<u64>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    /// The next number.
    pub fn roll(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A time from `low` to under `high`, to the microsecond; `low` if there is nothing between.
    pub fn between(&self, low: Duration, high: Duration) -> Duration {
        let span = u64::try_from(high.saturating_sub(low).as_micros()).unwrap_or(u64::MAX);
        let extra = self.roll().checked_rem(span).unwrap_or(0);
        low.saturating_add(Duration::from_micros(extra))
    }

    /// A version 4 UUID.
    pub fn uuid(&self) -> Uuid {
        let wide = (u128::from(self.roll()) << 64) | u128::from(self.roll());
        uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_numbers() {
        let (one, two, other) = (Dice::new(7), Dice::new(7), Dice::new(8));
        let first = one.uuid();
        assert_eq!(first, two.uuid());
        assert_ne!(first, other.uuid());
        assert_eq!(first.get_version_num(), 4);
    }

    #[test]
    fn times_stay_between_their_ends() {
        let dice = Dice::new(1);
        let (low, high) = (Duration::from_secs(3), Duration::from_secs(6));
        for _ in 0..1000 {
            let time = dice.between(low, high);
            assert!(time >= low && time < high);
        }
        assert_eq!(dice.between(high, low), high);
    }
}
