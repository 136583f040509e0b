//! Durations counted in buckets, without a lock: whoever measures pays some additions, whoever reads sums up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often something was done, and how long it took.
#[derive(Debug, Default)]
pub struct Durations {
    /// One for each of [`BOUNDS`], and one for what took longer.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Upper bound in seconds, and how many took that long at most.
    pub up_to: Vec<(f64, u64)>,
    pub count: u64,
    /// Seconds in all.
    pub sum: f64,
}

impl Durations {
    pub fn add(&self, length: Duration) {
        let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub fn read(&self) -> Reading {
        let mut count = 0;
        let mut up_to = Vec::with_capacity(BOUNDS.len());
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            count += bucket.load(Ordering::Relaxed);
            up_to.push((Duration::from_micros(*bound).as_secs_f64(), count));
        }
        let longer = self.buckets.last().map_or(0, |bucket| bucket.load(Ordering::Relaxed));
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64();
        Reading { up_to, count: count + longer, sum }
    }
}

/// Microseconds: from an answer out of memory to a BMC that takes its time.
const BOUNDS: [u64; 13] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000, 10_000_000, 60_000_000];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_its_bucket_and_in_all_above() {
        let durations = Durations::default();
        for micros in [1, 100, 101, 5_000_000, 3_600_000_000] {
            durations.add(Duration::from_micros(micros));
        }
        let reading = durations.read();
        let of = |bound: f64| reading.up_to.iter().find(|(up_to, _)| *up_to >= bound).unwrap().1;
        assert_eq!((of(0.0001), of(0.00025), of(2.5), of(10.0), of(60.0)), (2, 3, 3, 4, 4));
        assert_eq!(reading.count, 5);
        assert!((reading.sum - 3605.000_202).abs() < 1e-6);
        assert!(reading.up_to.is_sorted_by(|(a, less), (b, more)| a < b && less <= more));
    }
}
