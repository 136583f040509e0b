//! The LMDB file: one type a table, one way to write, one copy of everything in memory to read from.
//!
//! ```text
//! Writer -> queue -> commit thread: nested txns, one flush -> published copy, due order -> answers
//! Reader -> published copy (nodes, ports); journal and inventories by key, leases at once
//! ```
//!
//! Layout of the data directory: `lock`, `used` (empty: a rack was
//! here), `secret.key`, `reserve`, `store/` (LMDB's `data.mdb`, `lock.mdb`).

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::base::secret::Secret;
use crate::store::core::Core;
use crate::store::due::Due;
use crate::store::error::StoreError;
use crate::store::load::OwedByNode;
use crate::store::options::{Mode, Options};
use crate::store::reader::Reader;
use crate::store::writer::{Door, QUEUE, Writer};

pub mod codec;
pub mod commit;
pub mod core;
pub mod disk;
pub mod due;
pub mod dump;
pub mod entries;
pub mod error;
pub mod load;
pub mod options;
pub mod published;
pub mod publisher;
pub mod reader;
pub mod shelf;
pub mod table;
pub mod txn;
pub mod upgrade;
pub mod words;
pub mod writer;

#[cfg(test)]
mod tests;

/// An open store.
#[derive(Debug)]
pub struct Store {
    writer: Writer,
    thread: Option<JoinHandle<()>>,
    owed_at_open: OwedByNode,
}

impl Store {
    /// Opens the data directory, makes it if it is missing, and reads every record.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        let mode = options.mode;
        let (core, owed_at_open) = Core::open(options)?;
        let core = Arc::new(core);
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

    /// A key for keyed hashes of secrets: the same after a restart.
    pub fn hash_key(&self) -> Secret {
        self.writer.core.sealer.hash_key()
    }

    /// Housekeeping for a timer: clears dead readers and looks at the disk's free space.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let core = &self.writer.core;
        core.space().look(core.free());
        let cleared = core.file.env.clear_stale_readers()?;
        tracing::debug!(cleared, "store tidied");
        Ok(())
    }

    /// Jobs that wait for the commit thread.
    pub fn queued(&self) -> usize {
        match &self.writer.door {
            Door::Thread(queue) => queue.max_capacity() - queue.capacity(),
            Door::Inline(_) => 0,
        }
    }

    /// The whole store as text, secrets masked.
    pub fn dump(&self) -> Result<String, StoreError> {
        dump::text(&self.writer.core.file, &self.writer.core.sealer)
    }

    /// Answers the jobs that wait, then ends the commit thread; later writes are refused. The data directory
    /// stays locked until the last `Reader` and `Writer` are gone.
    pub async fn close(self) {
        let Self { writer, thread, .. } = self;
        writer.door.close().await;
        if let Some(thread) = thread {
            // The thread outlives the panics of jobs; should it have died all the same, nothing is left to end.
            tokio::task::spawn_blocking(move || thread.join().ok()).await.ok();
        }
    }
}

fn start(core: &Arc<Core>, mode: Mode) -> Result<(Door, Option<JoinHandle<()>>), StoreError> {
    if mode == Mode::Inline {
        return Ok((Door::Inline(Arc::new(Mutex::new(true))), None));
    }
    let (queue, mut jobs) = mpsc::channel(QUEUE);
    let shared = Arc::clone(core);
    let thread = std::thread::Builder::new()
        .name("ferric-commit".to_owned())
        .spawn(move || commit::run_thread(&shared, &mut jobs))
        .map_err(|error| StoreError::io("starting the commit thread", core.dir.path(), error))?;
    Ok((Door::Thread(queue), Some(thread)))
}
