//! Config drives: made from a request's argument, kept as hashed files, swept when no record names them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Semaphore;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::time::Tick;
use crate::conduct::desk::{Desk, stopping};
use crate::depot::blobs::Blobs;
use crate::depot::config_drive::{ConfigDrive, Owner};
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;

/// Where drives are kept, and which of them are new.
pub(super) struct Drives {
    blobs: Arc<Blobs>,
    /// Kept lately: the ask that names one may still be on its way.
    recent: Mutex<HashMap<String, Tick>>,
    /// Held while a drive is written and while drives are swept, never both at once; a drive is built outside.
    sweeping: tokio::sync::Mutex<()>,
    /// Held while a drive is made: a large one takes some 100 MiB meanwhile.
    turns: Semaphore,
}

impl Drives {
    pub(super) fn new(blobs: Arc<Blobs>) -> Self {
        let (recent, sweeping) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { blobs, recent, sweeping, turns: Semaphore::new(AT_ONCE) }
    }

    async fn keep(&self, drive: ConfigDrive, now: impl Fn() -> Tick) -> Result<String, Refusal> {
        let blobs = Arc::clone(&self.blobs);
        let _no_sweep = self.sweeping.lock().await;
        let name = blocking(move || kept(&blobs, &drive)).await?;
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), now());
        Ok(name)
    }

    /// Names of those that were kept in the last minutes; older ones are forgotten.
    fn lately(&self, now: Tick) -> HashSet<String> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, kept| now.since(*kept) < RECENT);
        recent.keys().cloned().collect()
    }
}

impl Desk {
    /// Makes the config drive of a request's argument and keeps it as a hashed file, written and flushed before
    /// the ask that names it (style corner 11). `None`: the argument means no drive.
    pub async fn keep_config_drive(&self, id: NodeId, argument: Value) -> Result<Option<String>, Refusal> {
        let (node, at) = (self.published(id)?, self.site.clock.wall());
        let _turn = self.drives.turns.acquire().await.map_err(|_| stopping(id))?;
        match blocking(move || made(&node, &argument, at)).await? {
            Some(drive) => self.drives.keep(drive, || self.site.clock.tick()).await.map(Some),
            None => Ok(None),
        }
    }

    /// Removes the config drives that no record names, but for those of the last minutes.
    pub async fn sweep_config_drives(&self) {
        let _no_keeping = self.drives.sweeping.lock().await;
        let mut named = self.drives.lately(self.site.clock.tick());
        named.extend(self.site.reader.published().nodes().filter_map(|node| node.config_drive.clone()));
        let blobs = Arc::clone(&self.drives.blobs);
        let swept = tokio::task::spawn_blocking(move || blobs.sweep(&named)).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "config drives that nobody needs could not be removed");
        }
    }
}

/// Off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let given_up = |_| Err(Refusal::Internal("making the config drive was given up".to_owned()));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(given_up)
}

fn made(node: &Node, argument: &Value, at: Moment) -> Result<Option<ConfigDrive>, Refusal> {
    let uuid = node.id.to_string();
    let owner = Owner { uuid: &uuid, name: node.wished.name.as_deref() };
    ConfigDrive::parse(argument, &owner, at).map_err(|error| Refusal::Invalid(error.to_string()))
}

fn kept(blobs: &Blobs, drive: &ConfigDrive) -> Result<String, Refusal> {
    let kept = blobs.put(drive.text().as_bytes());
    kept.map_err(|error| Refusal::Internal(format!("the config drive could not be kept: {error}")))
}

/// Made at the same time.
const AT_ONCE: usize = 2;
/// A drive outlives its keeping by this, so that its ask can be committed.
const RECENT: Duration = Duration::from_mins(5);
