//! Consoles that are open: one session a node, recorded to a bounded log, shared by all who look.
//!
//! ```text
//!   driver's session ──▶ keeper ──▶ log (data/consoles/UUID.log)
//!          ▲               │  └───▶ room ──▶ everybody's line
//!          └── what is typed ◀──────────────── lines
//! ```
//!
//! The lane opens and closes a console like any other change; the bytes go beside it. A session that breaks off is
//! opened again until the console is closed.
//!
//! - `room`    who listens and types        - `keeper`  the session and its end
//! - `log`     the record on the disk

pub mod keeper;
pub mod log;
pub mod room;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::id::NodeId;
use crate::base::time::SharedClock;
use crate::conduct::console::keeper::Keeper;
use crate::conduct::console::log::Log;
use crate::conduct::console::room::Room;
use crate::driver::error::DriverError;
use crate::driver::registry::Registry;
use crate::model::node::Node;
use crate::store::reader::Reader;

pub use crate::conduct::console::room::{Heard, Line};

/// What consoles need of the machines.
#[derive(Debug, Clone)]
pub struct Means {
    pub registry: Arc<Registry>,
    pub clock: SharedClock,
    /// Where the logs are kept.
    pub folder: PathBuf,
}

/// What consoles need of a daemon that runs.
#[derive(Debug, Clone)]
pub struct Life {
    pub reader: Reader,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// All consoles of this daemon.
pub struct Consoles {
    means: Means,
    life: Mutex<Option<Life>>,
    rooms: Mutex<HashMap<NodeId, Arc<Room>>>,
}

impl fmt::Debug for Consoles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consoles").field("folder", &self.means.folder).finish_non_exhaustive()
    }
}

impl Consoles {
    pub fn new(means: Means) -> Self {
        Self { means, life: Mutex::default(), rooms: Mutex::default() }
    }

    /// The daemon runs: from now on consoles can be opened. Those of an earlier run ended with it.
    pub fn begin(&self, life: Life) {
        self.rooms().clear();
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = Some(life);
    }

    /// The daemon ends: nothing of it is held any more.
    pub fn end(&self) {
        self.rooms().clear();
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Opens the console of a node, unless it is open. One that was open before (`console_enabled`) is kept at even
    /// if it cannot be opened now.
    pub async fn open(&self, node: &Node) -> Result<(), DriverError> {
        if self.rooms().contains_key(&node.id) {
            return Ok(());
        }
        let first = keeper::session(&self.means, node).await;
        if let Err(error) = &first
            && (!node.wished.console_enabled || matches!(error, DriverError::Unsupported { .. }))
        {
            return Err(error.clone());
        }
        let life = self.life.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(life) = life else { return Err(DriverError::silent("the daemon", "it does not run yet")) };
        let room = Arc::new(Room::new(life.stop.child_token()));
        if self.rooms().insert(node.id, room.clone()).is_some() {
            // Only the node's lane opens its console, one change at a time.
            tracing::warn!(node = %node.label(), "a console was open twice; the older one is left to its end");
        }
        let log = Log::new(&self.means.folder, node.id, LOG_LIMIT);
        let (tasks, means) = (life.tasks.clone(), self.means.clone());
        let keeper =
            Keeper { means, reader: life.reader, node: node.id, room, log: Arc::new(Mutex::new(log)) };
        let (session, outcome) = match first {
            Ok(session) => (Some(session), Ok(())),
            Err(error) => (None, Err(error)),
        };
        tasks.spawn(keeper.run(session));
        outcome
    }

    /// Ends the session; the log stays.
    pub fn close(&self, node: NodeId) {
        if let Some(room) = self.rooms().remove(&node) {
            room.close();
        }
    }

    /// The node is gone: its log goes, too.
    pub fn forget(&self, node: NodeId) {
        self.close(node);
        let log = Log::new(&self.means.folder, node, LOG_LIMIT);
        // What is left of it is harmless.
        drop(tokio::task::spawn_blocking(move || log.remove()));
    }

    /// What is recorded of the node's console, open or not.
    pub async fn recorded(&self, node: NodeId) -> Vec<u8> {
        let log = Log::new(&self.means.folder, node, LOG_LIMIT);
        // A reader that panicked has read nothing.
        tokio::task::spawn_blocking(move || log.whole()).await.unwrap_or_default()
    }

    /// An end of the node's console for one more who looks.
    pub fn attach(&self, node: NodeId) -> Option<Line> {
        self.rooms().get(&node).map(|room| room.attach())
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<NodeId, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a node's log: some thousand lines, many boots.
pub const LOG_LIMIT: u64 = 1 << 20;
