//! All lines of one protocol. What one line waits for never holds another up: no lock is held over an await.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::base::time::Tick;
use crate::driver::bmc::line::{Common, Line};
use crate::driver::bmc::{BmcKey, Ground, Limits};

/// The lines of one protocol, one a [`BmcKey`], made when first asked for.
#[derive(Debug)]
pub struct Governor<S> {
    common: Common,
    seed: u64,
    started: Tick,
    lines: Mutex<HashMap<BmcKey, Arc<Line<S>>>>,
    /// Set under the lock of the lines.
    shut: AtomicBool,
}

impl<S: Default> Governor<S> {
    pub fn new(ground: &Ground, limits: Limits) -> Self {
        let common = Common { clock: ground.clock.clone(), notebook: Arc::clone(&ground.notebook), limits };
        let started = ground.clock.tick();
        Self { common, seed: ground.seed, started, lines: Mutex::default(), shut: AtomicBool::new(false) }
    }

    /// The line of this account.
    pub fn line(&self, key: &BmcKey) -> Arc<Line<S>> {
        let mut lines = self.lock();
        if let Some(line) = lines.get(key) {
            return Arc::clone(line);
        }
        let first = self.started.after(self.jitter(key));
        let line = Arc::new(Line::new(key.clone(), &self.common, first, S::default()));
        if self.shut.load(Ordering::Relaxed) {
            line.shut();
        }
        lines.insert(key.clone(), Arc::clone(&line));
        line
    }

    /// When after the start the first call to this BMC may begin: else all of the rack would be asked at once.
    fn jitter(&self, key: &BmcKey) -> Duration {
        let spread = u64::try_from(self.common.limits.start_spread.as_micros()).unwrap_or(u64::MAX);
        let hash =
            Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(key.to_string()).finalize();
        let random = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Duration::from_micros(random.checked_rem(spread).unwrap_or(0))
    }
}

impl<S> Governor<S> {
    pub fn lines(&self) -> Vec<Arc<Line<S>>> {
        self.lock().values().cloned().collect()
    }

    /// At exit: no call begins any more. Returns the lines, whose sessions are to be closed.
    pub fn shut(&self) -> Vec<Arc<Line<S>>> {
        let lines = self.lock();
        self.shut.store(true, Ordering::Relaxed);
        lines.values().for_each(|line| line.shut());
        lines.values().cloned().collect()
    }

    /// Takes out the lines that nobody has used for `idle`: who calls closes their sessions. A refused log-in that a
    /// line forgets is still in the node's record.
    pub fn take_idle(&self, idle: Duration) -> Vec<Arc<Line<S>>> {
        let now = self.common.clock.tick();
        let is_idle = |line: &Arc<Line<S>>| {
            Arc::strong_count(line) == 1 && line.idle_since().is_some_and(|since| now.since(since) >= idle)
        };
        self.lock().extract_if(|_, line| is_idle(line)).map(|(_, line)| line).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BmcKey, Arc<Line<S>>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
