//! What the handles of a store share; the file and the lock live as long as any of them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::meter::Durations;
use crate::base::time::SharedClock;
use crate::model::journal::History;
use crate::store::disk::dir::DataDir;
use crate::store::disk::env::File;
use crate::store::disk::key;
use crate::store::disk::seal::Sealer;
use crate::store::disk::space::Space;
use crate::store::due::Due;
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::load::{self, OwedByNode};
use crate::store::options::{Options, Probe};
use crate::store::publisher::Publisher;
use crate::store::table::feed;
use crate::store::table::feed::ring::Ring;
use crate::store::txn::{Change, Outcome};

/// The parts of an open store.
pub struct Core {
    pub file: File,
    pub sealer: Sealer,
    pub publisher: Publisher,
    pub due: Due,
    pub entries: Entries,
    /// How long flushes took.
    pub commits: Durations,
    /// What changes have told lately.
    pub ring: Ring,
    /// This host's name.
    pub host: Arc<str>,
    pub clock: SharedClock,
    pub history: History,
    pub probe: Option<Arc<dyn Probe>>,
    space: Mutex<Space>,
    cut: AtomicBool,
    /// Last, so that the lock is given up after the file is closed.
    pub dir: DataDir,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("dir", &self.dir.path()).finish_non_exhaustive()
    }
}

impl Core {
    /// Opens the data directory and reads every record; returns what was owed, too.
    pub fn open(options: Options) -> Result<(Self, OwedByNode), StoreError> {
        let Options { dir, clock, mode: _, probe, key, reserve, history, host } = options;
        let dir = DataDir::open(&dir)?;
        let file = File::open(&dir.store())?;
        let sealer = key::sealer(&file, dir.path(), key.as_ref())?;
        let (copy, owed, entries) = {
            let txn = file.read()?;
            (load::published(&file, &sealer, &txn)?, load::owed(&file, &txn)?, load::entries(&file, &txn)?)
        };
        let last = { feed::bounds(&file, &*file.read()?)?.map_or(0, |(_, last)| last) };
        let (due, ring) = (Due::default(), Ring::new(last));
        for node in copy.nodes() {
            due.set(node.id, node.wait.as_ref(), clock.tick());
        }
        let free = probe.as_ref().and_then(|probe| probe.free_bytes());
        let space = Mutex::new(Space::open(dir.path(), reserve, free));
        dir.mark()?;
        let (publisher, cut) = (Publisher::new(copy), AtomicBool::new(false));
        let commits = Durations::default();
        Ok((
            Self {
                file,
                sealer,
                publisher,
                due,
                entries,
                commits,
                ring,
                host,
                clock,
                history,
                probe,
                space,
                cut,
                dir,
            },
            owed,
        ))
    }

    /// Shows a commit to readers, to the due order and to those who watch.
    pub fn publish(&self, outcome: Outcome) {
        let Outcome { changes, told } = outcome;
        let now = self.clock.tick();
        for change in &changes {
            match change {
                Change::Node(node) => self.due.set(node.id, node.wait.as_ref(), now),
                Change::NodeGone(id) => self.due.set(*id, None, now),
                Change::Port(_)
                | Change::PortGone(_)
                | Change::Thing(_)
                | Change::ThingGone(..)
                | Change::Entry(..)
                | Change::EntryGone(..) => {}
            }
        }
        self.entries.apply(&changes);
        self.publisher.publish(changes);
        // Last, so that who is told sees it in the published copy, too.
        self.ring.publish(told);
    }

    pub fn space(&self) -> MutexGuard<'_, Space> {
        self.space.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Free bytes as a test wants them seen.
    pub fn free(&self) -> Option<u64> {
        self.probe.as_ref().and_then(|probe| probe.free_bytes())
    }

    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    /// The power is gone from now on.
    pub fn cut(&self) -> StoreError {
        self.cut.store(true, Ordering::Release);
        StoreError::Cut
    }
}
