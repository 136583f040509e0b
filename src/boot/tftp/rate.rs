//! Requests of one client in a second: a bucket of tokens for each address, in bounded memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::base::time::Tick;

/// The buckets of all addresses that asked lately.
#[derive(Debug)]
pub struct Rate {
    a_second: u32,
    burst: u32,
    /// When an address' bucket will be full again.
    full_at: HashMap<IpAddr, Tick>,
}

impl Rate {
    /// So many requests a second for long, and ten times as many for a short time.
    pub fn new(a_second: u32) -> Self {
        let a_second = a_second.max(1);
        Self { a_second, burst: a_second.saturating_mul(BURST), full_at: HashMap::new() }
    }

    /// Takes a token of this address; `false` if it has none left.
    pub fn take(&mut self, from: IpAddr, now: Tick) -> bool {
        if self.full_at.len() >= ADDRESSES && !self.full_at.contains_key(&from) {
            self.full_at.retain(|_, full_at| *full_at > now);
            if self.full_at.len() >= ADDRESSES {
                return false;
            }
        }
        let token = Duration::from_secs(1) / self.a_second;
        let full_at = self.full_at.entry(from).or_default();
        let after = (*full_at).max(now).after(token);
        if after.since(now) > token.saturating_mul(self.burst) {
            return false;
        }
        *full_at = after;
        true
    }
}

/// A loader looks for a few dozen files in a moment and then for none.
const BURST: u32 = 10;

/// More machines than a rack has. When so many ask at once, most of them are invented.
const ADDRESSES: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let mut rate = Rate::new(50);
        let mut now = Tick(Duration::from_secs(9));
        assert_eq!((0..600).filter(|_| rate.take(address(1), now)).count(), 500);
        assert!(rate.take(address(2), now), "others are not held back");
        now = now.after(Duration::from_secs(1));
        assert_eq!((0..600).filter(|_| rate.take(address(1), now)).count(), 50);
        now = now.after(Duration::from_mins(1));
        assert_eq!((0..600).filter(|_| rate.take(address(1), now)).count(), 500);
    }

    #[test]
    fn invented_addresses_cost_bounded_memory_and_pass() {
        let mut rate = Rate::new(50);
        let now = Tick::default();
        for number in 0..20_000 {
            rate.take(address(number), now);
        }
        assert_eq!(rate.full_at.len(), ADDRESSES);
        assert!(rate.take(address(30_000), now.after(Duration::from_secs(1))));
    }
}
