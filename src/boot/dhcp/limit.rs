//! How many packets are looked at.

use std::time::Duration;

use crate::base::time::Tick;

/// A bucket that fills with time; each packet takes one from it.
#[derive(Debug)]
pub struct Bucket {
    rate: u32,
    /// Millionths of a packet.
    level: u64,
    last: Tick,
}

impl Bucket {
    /// `rate` packets a second, and as many at once.
    pub fn new(rate: u32) -> Self {
        Self { rate, level: u64::from(rate) * WHOLE, last: Tick::default() }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: Tick) -> bool {
        let since = now.since(self.last).min(Duration::from_secs(1));
        self.last = self.last.max(now);
        let gained = u64::try_from(since.as_micros()).unwrap_or_default() * u64::from(self.rate);
        self.level = (self.level + gained).min(u64::from(self.rate) * WHOLE);
        let has_one = self.level >= WHOLE;
        if has_one {
            self.level -= WHOLE;
        }
        has_one
    }
}

/// One packet.
const WHOLE: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_through_its_rate_and_a_burst() {
        let mut bucket = Bucket::new(10);
        let at = |millis| Tick(Duration::from_millis(millis));
        let through = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.take(now)).count();
        assert_eq!(through(&mut bucket, at(0)), 10);
        assert_eq!(through(&mut bucket, at(99)), 0);
        assert_eq!(through(&mut bucket, at(300)), 3);
        assert_eq!(through(&mut bucket, at(900_000)), 10);
    }
}
