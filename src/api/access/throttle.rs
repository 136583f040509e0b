//! Failed log-ins of an address: after some within a minute it has to wait. Others are not held up by it.
//!
//! An attempt counts as failed from its beginning, so that a thousand at once are no way around; one that succeeds is
//! taken back. Memory is bounded: of too many addresses those go that failed longest ago. IPv6 counts by /64, which one
//! host has as many addresses of as it likes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::time::Tick;

/// Who failed how often.
#[derive(Debug)]
pub struct Throttle {
    most: u32,
    failed: Mutex<HashMap<IpAddr, Failed>>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    times: u32,
    since: Tick,
}

impl Throttle {
    /// `most` failures within a minute.
    pub fn new(most: u32) -> Self {
        Self { most, failed: Mutex::default() }
    }

    /// Counts an attempt as failed and tells the how many-th it is within its minute; the seconds to wait if there were too
    /// many.
    pub fn attempt(&self, from: IpAddr, now: Tick) -> Result<u32, u64> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() >= MOST && !failed.contains_key(&group(from)) {
            make_room(&mut failed, now);
        }
        let one = failed.entry(group(from)).or_insert(Failed { times: 0, since: now });
        if now.since(one.since) >= SPAN {
            *one = Failed { times: 0, since: now };
        }
        if one.times >= self.most {
            return Err(SPAN.saturating_sub(now.since(one.since)).as_secs().saturating_add(1));
        }
        one.times = one.times.saturating_add(1);
        Ok(one.times)
    }

    /// Whether this was the last one for now.
    pub fn is_last(&self, times: u32) -> bool {
        times == self.most
    }

    /// The attempt has succeeded after all.
    pub fn succeeded(&self, from: IpAddr) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = failed.get_mut(&group(from)) {
            one.times = one.times.saturating_sub(1);
            if one.times == 0 {
                failed.remove(&group(from));
            }
        }
    }
}

fn make_room(failed: &mut HashMap<IpAddr, Failed>, now: Tick) {
    failed.retain(|_, one| now.since(one.since) < SPAN);
    if failed.len() >= MOST
        && let Some(oldest) = failed.iter().min_by_key(|(_, one)| one.since).map(|(from, _)| *from)
    {
        failed.remove(&oldest);
    }
}

/// What counts as one address.
fn group(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// Failures are counted for so long.
const SPAN: Duration = Duration::from_mins(1);
/// Addresses at once.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Tick {
        Tick(Duration::from_secs(seconds))
    }

    #[test]
    fn who_fails_too_often_waits_and_nobody_else() {
        let throttle = Throttle::new(3);
        let (bad, good): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        for second in 0..3 {
            assert_eq!(
                throttle.attempt(bad, at(second)).map(|times| throttle.is_last(times)),
                Ok(second == 2)
            );
        }
        assert_eq!(throttle.attempt(bad, at(30)), Err(31));
        assert_eq!(throttle.attempt("::ffff:10.0.0.1".parse().unwrap(), at(30)), Err(31));
        for _ in 0..10 {
            assert_eq!(throttle.attempt(good, at(30)), Ok(1));
            throttle.succeeded(good);
        }
        assert_eq!(throttle.attempt(bad, at(60)), Ok(1));
    }

    #[test]
    fn a_host_with_many_addresses_is_one() {
        let throttle = Throttle::new(1);
        assert_eq!(throttle.attempt("fd00::1".parse().unwrap(), at(0)), Ok(1));
        assert!(throttle.attempt("fd00::2".parse().unwrap(), at(0)).is_err());
        assert_eq!(throttle.attempt("fd00:0:0:1::2".parse().unwrap(), at(0)), Ok(1));
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(1);
        for number in 0..20_000_u32 {
            throttle.attempt(std::net::Ipv4Addr::from_bits(number).into(), at(0)).unwrap();
        }
        assert!(throttle.failed.lock().unwrap().len() <= MOST);
    }
}
