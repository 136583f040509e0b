//! What was done and refused, in numbers; said once a minute if something was refused.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::mac::Mac;
use crate::boot::teller::Teller;
use crate::model::boot::network::{LeaseShown, NetworkStatus, Watched};

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

/// The numbers, and who is told of floods.
#[derive(Debug, Clone)]
pub struct Record {
    pub counts: Arc<Counts>,
    pub teller: Option<Teller>,
}

impl Record {
    /// Numbers that nobody looks at but who has them.
    pub fn apart() -> Self {
        Self { counts: Arc::default(), teller: None }
    }

    /// Says what was refused since `before`, if anything was.
    pub(super) fn tell(&self, before: Refused) -> Refused {
        let now = self.counts.tell(before);
        let (hasty, full, displaced) =
            (now.hasty - before.hasty, now.full - before.full, now.displaced - before.displaced);
        if let Some(teller) = self.teller.as_ref().filter(|_| hasty + full + displaced > 0) {
            let text = format!(
                "{hasty} requests beyond the rate of one address, {full} beyond the transfers at once, and \
                 {displaced} transfers ended for others, within a minute"
            );
            teller.error("flood", "", text);
        }
        now
    }
}

/// The server as it is shown beside the networks.
#[derive(Debug)]
pub struct Shown {
    pub counts: Arc<Counts>,
    pub doors: Vec<SocketAddr>,
}

impl Watched for Shown {
    fn status(&self) -> NetworkStatus {
        NetworkStatus {
            name: "tftp".to_owned(),
            interface: String::new(),
            role: "boot",
            service: "tftp",
            mode: "read",
            state: "serving",
            address: self.doors.first().map(SocketAddr::ip),
            pools: Vec::new(),
            other_servers: Vec::new(),
            problems: Vec::new(),
            counters: self.counts.all(),
        }
    }

    fn leases(&self) -> Vec<LeaseShown> {
        Vec::new()
    }

    fn mac_of(&self, _: IpAddr) -> Option<Mac> {
        None
    }
}

impl Counts {
    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        vec![
            ("complete", of(&self.complete)),
            ("missing", of(&self.missing)),
            ("malformed", of(&self.odd)),
            ("rate_limited", of(&self.hasty)),
            ("too_many", of(&self.full)),
            ("displaced", of(&self.displaced)),
            ("silent", of(&self.silent)),
            ("broken", of(&self.broken)),
        ]
    }

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
    fn tell(&self, before: Refused) -> Refused {
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
