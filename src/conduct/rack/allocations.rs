//! Allocations: made, changed, deleted. Who works on them until they are active is `work`; who looks after those that
//! something has happened to is `tend`.

pub mod tend;
pub mod work;

use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::conduct::desk::Desk;
use crate::model::allocation::{Allocation, AllocationAsk, Tenancy};
use crate::model::decision::ask::{Ask, PatchOp};
use crate::model::decision::refusal::Refusal;
use crate::model::rack::RackAnswer;
use crate::model::thing::Mark;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

impl Desk {
    pub(super) async fn allocations(self: &Arc<Self>, ask: AllocationAsk) -> Result<RackAnswer, Refusal> {
        match ask {
            AllocationAsk::Create(allocation) => self.create_allocation(*allocation).await,
            AllocationAsk::Patch(id, patch) => self.patch_allocation(id, patch).await,
            AllocationAsk::Delete(id) => self.delete_allocation(id).await,
        }
    }

    /// Keeps it with its first candidate. Answered as `allocating`: the candidate is asked after the answer; but for a
    /// node in use, which is asked before.
    async fn create_allocation(self: &Arc<Self>, allocation: Allocation) -> Result<RackAnswer, Refusal> {
        let candidate =
            if allocation.backfill { allocation.candidate } else { self.first_candidate(&allocation) };
        let backfill = allocation.backfill;
        // Held before anybody else can find the row.
        let under_way = self.allocator.begin(allocation.id);
        let made = self.rack_txn("allocation", move |txn, at| {
            if txn.things::<Allocation>().count() >= LIMIT {
                return Err(Refusal::Conflict(format!("there are {LIMIT} allocations already")));
            }
            if let Some(name) = &allocation.wished.name {
                clear(txn, &Mark::name(name))?;
            }
            let candidate = match candidate {
                Some(node) if clear(txn, &Allocation::mark_of(node))? => Some(node),
                Some(node) if backfill => return Err(taken(node)),
                _ => None,
            };
            Ok(txn.things().put(&Allocation { created_at: at, candidate, ..allocation })?)
        });
        let made = made.await?;
        tracing::info!(allocation = %made.label(), id = %made.id, "an allocation is asked for");
        if backfill {
            return self.backfill(&made).await.map(RackAnswer::Allocation);
        }
        drop(under_way);
        self.allocate(made.id);
        Ok(RackAnswer::Allocation(made))
    }

    async fn patch_allocation(&self, id: Uuid, patch: Vec<PatchOp>) -> Result<RackAnswer, Refusal> {
        let changed = self.rack_txn("allocation", move |txn, at| {
            let before: Arc<Allocation> = txn.things().get(id).ok_or_else(|| missing(id))?;
            let after = before.patched(&patch)?;
            if after == *before {
                return Ok(before);
            }
            if let Some(name) = after.wished.name.as_ref().filter(|_| after.wished.name != before.wished.name)
            {
                clear(txn, &Mark::name(name))?;
            }
            Ok(txn.things().put(&Allocation { updated_at: Some(at), ..after })?)
        });
        changed.await.map(RackAnswer::Allocation)
    }

    /// The node gives its instance up first, then the row goes. A node that is just being asked is told after the row
    /// is gone: whatever it answers to the claim, it is free in the end.
    async fn delete_allocation(self: &Arc<Self>, id: Uuid) -> Result<RackAnswer, Refusal> {
        for _ in 0..ATTEMPTS {
            let row = self.allocation(id).ok_or_else(|| missing(id))?;
            if let Some(node) = row.node {
                self.release(node, id).await?;
            }
            let seen = row.node;
            let gone = self.rack_txn("allocation", move |txn, _| {
                let now = txn.things::<Allocation>().get(id).map(|row| row.node);
                if now == Some(seen) {
                    txn.things::<Allocation>().remove(id)?;
                }
                // It may be gone already: its node has said that it is free.
                Ok(now.is_none_or(|now| now == seen))
            });
            if gone.await? {
                if let Some(node) = row.candidate {
                    self.release_beside(node, id);
                }
                return Ok(RackAnswer::Done);
            }
        }
        Err(Refusal::Conflict(format!("allocation {id} has just got a node: ask again")))
    }

    /// The row as it is published.
    fn allocation(&self, id: Uuid) -> Option<Arc<Allocation>> {
        self.site.reader.published().shelves().allocations.get(id).cloned()
    }

    /// The node is free of this allocation afterwards. One that is not there is.
    async fn release(&self, node: NodeId, id: Uuid) -> Result<(), Refusal> {
        match self.ask(node, Ask::Allocation(Tenancy::Release(id))).await {
            Ok(_) | Err(Refusal::NoSuchNode { .. }) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// The same beside; what does not succeed is tried again by who tends the allocations.
    fn release_beside(self: &Arc<Self>, node: NodeId, id: Uuid) {
        let desk = Arc::clone(self);
        let work = async move {
            if let Err(refusal) = desk.release(node, id).await {
                tracing::debug!(%node, allocation = %id, error = %refusal, "a node is not free yet");
            }
        };
        self.site.tasks.spawn(self.site.stop.clone().run_until_cancelled_owned(work));
    }
}

/// Takes an allocation that is over out of the way of a mark. Whether nobody bears it now.
fn clear(txn: &mut Txn<'_>, mark: &Mark) -> Result<bool, StoreError> {
    let Some(bearer) = txn.things::<Allocation>().marked(mark) else { return Ok(true) };
    if !is_over(txn, &bearer) {
        return Ok(false);
    }
    txn.things::<Allocation>().remove(bearer.id)
}

/// Whether its node was taken from it, as the transaction sees both.
fn is_over(txn: &mut Txn<'_>, row: &Allocation) -> bool {
    let node = row.node.and_then(|node| txn.nodes().get(node));
    row.is_over(node.as_deref())
}

fn missing(id: Uuid) -> Refusal {
    Refusal::NotFound(format!("allocation {id} could not be found"))
}

fn taken(node: NodeId) -> Refusal {
    Refusal::Conflict(format!("node {node} is being allocated to another"))
}

/// More than a rack has nodes, with all that found none.
const LIMIT: usize = 10_000;
/// Looks at an allocation that gets a node while it is deleted: it does so once.
const ATTEMPTS: usize = 3;
