//! What becomes of allocations that something has happened to: a restart in their middle, a node that was torn down or
//! deleted, a row that went while its node said yes.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::rack::allocations::is_over;
use crate::model::allocation::Allocation;
use crate::model::decision::refusal::Refusal;
use crate::store::published::Published;

impl Desk {
    /// Begins to look after the allocations: now, once a minute, and when a node says that it has lost its own.
    pub(in crate::conduct) fn tend_allocations(self: &Arc<Self>) {
        let desk = Arc::clone(self);
        let work = async move {
            loop {
                desk.tend().await;
                tokio::select! {
                    () = desk.end_as_told() => {}
                    () = sleep(&*desk.site.clock, INTERVAL) => {}
                }
            }
        };
        self.site.tasks.spawn(self.site.stop.clone().run_until_cancelled_owned(work));
    }

    /// Goes through all: a row or a node that stands alone is brought to its end.
    async fn tend(self: &Arc<Self>) {
        let published = self.site.reader.published();
        for row in published.shelves().allocations.all() {
            if row.is_allocating() {
                self.allocate(row.id);
            } else if row.is_over(row.node.and_then(|node| published.node(node)).map(|node| &**node)) {
                self.end(row.id).await;
            }
        }
        for (node, id) in orphans(&published) {
            tracing::warn!(%node, allocation = %id, "a node is held by an allocation that is not there");
            self.release_beside(node, id);
        }
    }

    /// Ends those that nodes have lost, until the next round.
    async fn end_as_told(&self) {
        loop {
            for id in self.site.freed.come().await {
                self.end(id).await;
            }
        }
    }

    /// Removes the row if its node was taken from it. What does not succeed is seen again by the next round.
    async fn end(&self, id: Uuid) {
        let ended = self.site.writer.outcome("allocation", move |txn| -> Result<bool, Refusal> {
            let Some(row) = txn.things::<Allocation>().get(id) else { return Ok(false) };
            Ok(is_over(txn, &row) && txn.things::<Allocation>().remove(id)?)
        });
        match ended.await {
            Ok(true) => tracing::info!(allocation = %id, "an allocation has ended with its node's use"),
            Ok(false) => {}
            Err(refusal) => {
                tracing::warn!(allocation = %id, error = %refusal, "an allocation cannot end for now")
            }
        }
    }
}

/// Nodes that an allocation holds which has no row, or whose row has another node.
fn orphans(published: &Published) -> Vec<(NodeId, Uuid)> {
    let rows = &published.shelves().allocations;
    let held = published.nodes().filter_map(|node| Some((node.id, node.allocation.as_ref()?.id)));
    let is_known = |node, id| {
        rows.get(id)
            .is_some_and(|row| row.node == Some(node) || (row.is_allocating() && row.candidate == Some(node)))
    };
    held.filter(|(node, id)| !is_known(*node, *id)).collect()
}

/// The reference's `check_allocations_interval`.
const INTERVAL: Duration = Duration::from_mins(1);
