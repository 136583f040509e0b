//! Messages, by what became of them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since the start.
#[derive(Debug, Default)]
pub struct Counts {
    pub received: AtomicU64,
    /// More came than is looked at.
    pub limited: AtomicU64,
    pub malformed: AtomicU64,
    pub not_for_us: AtomicU64,
    /// From a relay whose network is not served.
    pub unknown_relay: AtomicU64,
    pub answered: AtomicU64,
    /// No address was left for somebody.
    pub exhausted: AtomicU64,
    pub declined: AtomicU64,
    pub released: AtomicU64,
    /// The lease could not be kept, so it was not given.
    pub not_kept: AtomicU64,
    /// The interface did not take the answer, or it does not fit.
    pub not_sent: AtomicU64,
}

impl Counts {
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        vec![
            ("received", of(&self.received)),
            ("rate_limited", of(&self.limited)),
            ("malformed", of(&self.malformed)),
            ("not_for_us", of(&self.not_for_us)),
            ("unknown_relay", of(&self.unknown_relay)),
            ("answered", of(&self.answered)),
            ("pool_exhausted", of(&self.exhausted)),
            ("declines", of(&self.declined)),
            ("releases", of(&self.released)),
            ("not_kept", of(&self.not_kept)),
            ("not_sent", of(&self.not_sent)),
        ]
    }
}

/// Counts one more.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
