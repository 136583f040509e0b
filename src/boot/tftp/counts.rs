//! What was done and refused, in numbers; said once a minute if something was refused.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Transfers that the client confirmed to the last block.
    pub complete: AtomicU64,
    /// Files that are not there, and names that are none.
    pub missing: AtomicU64,
    /// Datagrams to the server's port that are no read requests.
    pub odd: AtomicU64,
    /// Requests beyond the rate of one address.
    pub hasty: AtomicU64,
    /// Requests beyond the number of transfers at once, of one address or in all.
    pub full: AtomicU64,
    /// Transfers that nobody confirmed and that made room for others.
    pub displaced: AtomicU64,
    /// Transfers whose client fell silent.
    pub silent: AtomicU64,
    /// Transfers that ended by trouble of ours: content that cannot be read, no socket.
    pub broken: AtomicU64,
}

/// What is worth a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Refused {
    odd: u64,
    hasty: u64,
    full: u64,
    displaced: u64,
    silent: u64,
    broken: u64,
}

/// Counts one more.
pub(super) fn one(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub(super) fn refused(&self) -> Refused {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Refused {
            odd: of(&self.odd),
            hasty: of(&self.hasty),
            full: of(&self.full),
            displaced: of(&self.displaced),
            silent: of(&self.silent),
            broken: of(&self.broken),
        }
    }

    /// Says what was refused since `before`, if anything was.
    pub(super) fn tell(&self, before: Refused) -> Refused {
        let now = self.refused();
        if now != before {
            tracing::warn!(
                odd = now.odd.saturating_sub(before.odd),
                hasty = now.hasty.saturating_sub(before.hasty),
                full = now.full.saturating_sub(before.full),
                displaced = now.displaced.saturating_sub(before.displaced),
                silent = now.silent.saturating_sub(before.silent),
                broken = now.broken.saturating_sub(before.broken),
                "TFTP requests were not served in the last minute"
            );
        }
        now
    }
}
