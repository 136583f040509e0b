//! How to open a store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::secret::Secret;
use crate::base::time::SharedClock;
use crate::model::journal::History;
use crate::store::disk::space::RESERVE;

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// The data directory; made if it is missing.
    pub dir: PathBuf,
    pub clock: SharedClock,
    pub mode: Mode,
    /// Watches and cuts commits in tests.
    pub probe: Option<Arc<dyn Probe>>,
    /// The key of sealed values, 16 characters or more; without it the file `secret.key` holds one.
    pub key: Option<Secret>,
    /// Bytes kept free for outcomes; 0 keeps none and never refuses an ask.
    pub reserve: u64,
    /// How much of each node's journal is kept.
    pub history: History,
    /// This host's name: who tells what changes.
    pub host: Arc<str>,
}

/// Where commits run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On a thread of their own, many jobs a flush.
    Threaded,
    /// On the thread that writes, one job a flush: for tests that count on an order.
    Inline,
}

/// Watches commits, and cuts the power: an argument, as a clock is.
pub trait Probe: Send + Sync {
    /// Before a flush of the jobs with these labels. `false`: the power fails here, nothing is committed and
    /// every later write fails.
    fn before_commit(&self, labels: &[&'static str]) -> bool;

    /// After the flush, before anything is published or answered. `false`: the power fails here.
    fn after_commit(&self, labels: &[&'static str]) -> bool;

    /// Stands in for the disk's free bytes.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

impl Options {
    /// The settings of the daemon.
    pub fn new(dir: impl Into<PathBuf>, clock: SharedClock) -> Self {
        let mode = Mode::Threaded;
        Self {
            dir: dir.into(),
            clock,
            mode,
            probe: None,
            key: None,
            reserve: RESERVE,
            history: History::default(),
            host: "localhost".into(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("dir", &self.dir).field("mode", &self.mode).finish_non_exhaustive()
    }
}
