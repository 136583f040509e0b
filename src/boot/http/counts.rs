//! What was given out over HTTP and what was not, in numbers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::mac::Mac;
use crate::boot::library::{Content, NotGiven};
use crate::model::boot::network::{LeaseShown, NetworkStatus, Watched};

/// Answers since the start, of all doors together.
#[derive(Debug, Default)]
pub struct Counts {
    /// Scripts that tell machines what to boot.
    scripts: AtomicU64,
    /// Loaders, kernels, ramdisks and media. Firmware asks for one more than once.
    files: AtomicU64,
    /// Names that stand for nothing.
    missing: AtomicU64,
    /// Files that are there and cannot be read.
    unreadable: AtomicU64,
}

impl Counts {
    pub(super) fn add(&self, found: &Result<Content, NotGiven>) {
        let count = match found {
            Ok(Content::Text(_) | Content::Script(_)) => &self.scripts,
            Ok(Content::File(_) | Content::Source(_)) => &self.files,
            Err(NotGiven::Missing) => &self.missing,
            Err(NotGiven::Unreadable) => &self.unreadable,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub fn all(&self) -> Vec<(&'static str, u64)> {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        vec![
            ("scripts", of(&self.scripts)),
            ("files", of(&self.files)),
            ("missing", of(&self.missing)),
            ("unreadable", of(&self.unreadable)),
        ]
    }
}

/// The service as it is shown beside the networks.
#[derive(Debug)]
pub struct Shown(pub Arc<Counts>);

impl Watched for Shown {
    fn status(&self) -> NetworkStatus {
        NetworkStatus {
            name: "http".to_owned(),
            interface: String::new(),
            role: "boot",
            service: "http",
            mode: "read",
            state: "serving",
            address: None,
            pools: Vec::new(),
            other_servers: Vec::new(),
            problems: Vec::new(),
            counters: self.0.all(),
        }
    }

    fn leases(&self) -> Vec<LeaseShown> {
        Vec::new()
    }

    fn mac_of(&self, _: IpAddr) -> Option<Mac> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_what_was_given() {
        let counts = Counts::default();
        counts.add(&Ok(Content::Text(Vec::new())));
        counts.add(&Err(NotGiven::Missing));
        counts.add(&Err(NotGiven::Missing));
        counts.add(&Err(NotGiven::Unreadable));
        assert_eq!(counts.all(), [("scripts", 1), ("files", 0), ("missing", 2), ("unreadable", 1)]);
        assert_eq!(Shown(Arc::new(counts)).status().service, "http");
    }
}
