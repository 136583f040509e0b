//! The LMDB file: one type a table, one way to write, one copy of everything in memory to read from.
//!
//! ```text
//! Writer -> queue -> commit thread: nested txns, one flush -> published copy, due order -> answers
//! Reader -> published copy (nodes, ports); journal by key
//! ```
//!
//! Layout of the data directory: `lock`, `secret.key`, `reserve`, `store/` (LMDB's `data.mdb`, `lock.mdb`).

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::base::secret::Secret;
use crate::base::time::SharedClock;
use crate::store::dir::DataDir;
use crate::store::due::Due;
use crate::store::env::File;
use crate::store::error::StoreError;
use crate::store::load::OwedByNode;
use crate::store::publisher::Publisher;
use crate::store::reader::Reader;
use crate::store::seal::Sealer;
use crate::store::space::Space;
use crate::store::txn::Change;
use crate::store::writer::{Door, Writer};

pub mod codec;
pub mod commit;
pub mod dir;
pub mod due;
pub mod dump;
pub mod env;
pub mod error;
pub mod journal;
pub mod key;
pub mod load;
pub mod nodes;
pub mod owed;
pub mod ports;
pub mod published;
pub mod publisher;
pub mod rack;
pub mod reader;
pub mod seal;
pub mod space;
pub mod txn;
pub mod upgrade;
pub mod writer;

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
    /// Bytes kept free for outcomes.
    pub reserve: u64,
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

    /// After the flush, before anybody is answered. `false`: the power fails here.
    fn after_commit(&self, labels: &[&'static str]) -> bool;

    /// Stands in for the disk's free bytes.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

impl Options {
    /// The settings of the daemon.
    pub fn new(dir: impl Into<PathBuf>, clock: SharedClock) -> Self {
        let (mode, reserve) = (Mode::Threaded, space::RESERVE);
        Self { dir: dir.into(), clock, mode, probe: None, key: None, reserve }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("dir", &self.dir).field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// An open store.
#[derive(Debug)]
pub struct Store {
    writer: Writer,
    thread: Option<JoinHandle<()>>,
    owed_at_open: OwedByNode,
}

/// What the handles share; the file and the lock live as long as any of them.
pub struct Core {
    file: File,
    sealer: Sealer,
    publisher: Publisher,
    due: Due,
    space: Mutex<Space>,
    clock: SharedClock,
    probe: Option<Arc<dyn Probe>>,
    cut: AtomicBool,
    /// Last, so that the lock is given up after the file is closed.
    dir: DataDir,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("dir", &self.dir.path()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the data directory, makes it if it is missing, and reads every record.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let Options { dir, clock, mode, probe, key, reserve } = options;
        let dir = DataDir::open(&dir)?;
        let file = File::open(&dir.store())?;
        let sealer = key::sealer(&file, dir.path(), key.as_ref())?;
        let (published, owed_at_open) = {
            let txn = file.read()?;
            (load::published(&file, &sealer, &txn)?, load::owed(&file, &txn)?)
        };
        let due = Due::default();
        for node in published.nodes() {
            due.set(node.id, node.wait.as_ref(), clock.tick());
        }
        let free = probe.as_ref().and_then(|probe| probe.free_bytes());
        let space = Mutex::new(Space::open(dir.path(), reserve, free));
        let publisher = Publisher::new(published);
        let cut = AtomicBool::new(false);
        let core = Arc::new(Core { file, sealer, publisher, due, space, clock, probe, cut, dir });
        let (door, thread) = start(&core, mode)?;
        Ok(Self { writer: Writer { core, door }, thread, owed_at_open })
    }

    pub fn reader(&self) -> Reader {
        Reader { core: Arc::clone(&self.writer.core) }
    }

    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// Which wait ends when.
    pub fn due(&self) -> Due {
        self.writer.core.due.clone()
    }

    /// What was owed to each node when the store was opened.
    pub fn owed_at_open(&self) -> &OwedByNode {
        &self.owed_at_open
    }

    /// Housekeeping for a timer: clears dead readers and looks at the disk's free space.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let core = &self.writer.core;
        core.space().check(core.free());
        let cleared = core.file.env.clear_stale_readers()?;
        tracing::debug!(cleared, "store tidied");
        Ok(())
    }

    /// The whole store as text, secrets masked.
    pub fn dump(&self) -> Result<String, StoreError> {
        dump::text(&self.writer.core.file, &self.writer.core.sealer)
    }

    /// Ends the commit thread when the jobs that wait are answered. Blocks until then; every other `Writer`
    /// must be gone.
    pub fn close(self) {
        let Self { writer, thread, .. } = self;
        if let Door::Inline(open) = &writer.door {
            *open.lock().unwrap_or_else(PoisonError::into_inner) = false;
        }
        drop(writer);
        if let Some(thread) = thread {
            // The thread catches the panics of jobs; should it have died, there is nothing left to end.
            thread.join().ok();
        }
    }
}

fn start(core: &Arc<Core>, mode: Mode) -> Result<(Door, Option<JoinHandle<()>>), StoreError> {
    match mode {
        Mode::Inline => Ok((Door::Inline(Arc::new(Mutex::new(true))), None)),
        Mode::Threaded => {
            let (queue, mut jobs) = mpsc::channel(writer::QUEUE);
            let shared = Arc::clone(core);
            let thread = std::thread::Builder::new()
                .name("ferric-commit".to_owned())
                .spawn(move || commit::run_thread(&shared, &mut jobs))
                .map_err(|error| StoreError::io("starting the commit thread", core.dir.path(), error))?;
            Ok((Door::Thread(queue), Some(thread)))
        }
    }
}

impl Core {
    fn publish(&self, changes: Vec<Change>) {
        let now = self.clock.tick();
        for change in &changes {
            match change {
                Change::Node(node) => self.due.set(node.id, node.wait.as_ref(), now),
                Change::NodeGone(id) => self.due.set(*id, None, now),
                Change::Port(_) | Change::PortGone(_) => {}
            }
        }
        self.publisher.publish(changes);
    }

    fn space(&self) -> MutexGuard<'_, Space> {
        self.space.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self) -> Option<u64> {
        self.probe.as_ref().and_then(|probe| probe.free_bytes())
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    fn cut(&self) -> StoreError {
        self.cut.store(true, Ordering::Release);
        StoreError::Cut
    }
}
