//! Allocations whose node was taken from them: told by the nodes' lanes, taken in by the rack's.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

/// The ids that wait. Bounded by the nodes: each loses its allocation once.
#[derive(Debug, Default)]
pub struct Freed {
    waiting: Mutex<BTreeSet<Uuid>>,
    news: Notify,
}

impl Freed {
    pub fn put(&self, id: Uuid) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        self.news.notify_one();
    }

    /// All that wait, as soon as there is one.
    pub async fn come(&self) -> BTreeSet<Uuid> {
        loop {
            let come = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if !come.is_empty() {
                return come;
            }
            self.news.notified().await;
        }
    }
}
