//! The way of one allocation: candidate after candidate is asked until one says yes, or none is left.
//!
//! Each step is kept before it is taken, and each may be taken twice: the row names the candidate before the claim is
//! posted, and a node that has said yes says it again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::rack::allocations::{clear, missing, taken};
use crate::flow::allocation::{Passed, Search};
use crate::model::allocation::{Allocation, Tenancy};
use crate::model::decision::ask::Ask;
use crate::model::decision::refusal::Refusal;

/// Which allocations are worked on.
#[derive(Debug)]
pub struct Allocator {
    under_way: Mutex<BTreeSet<Uuid>>,
    turns: Semaphore,
}

impl Default for Allocator {
    fn default() -> Self {
        Self { under_way: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

/// Somebody works on this allocation, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    allocator: Arc<Allocator>,
    id: Uuid,
}

impl Allocator {
    /// `None`: somebody works on it already.
    pub(super) fn begin(self: &Arc<Self>, id: Uuid) -> Option<UnderWay> {
        self.lock().insert(id).then(|| UnderWay { allocator: Arc::clone(self), id })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Uuid>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.allocator.lock().remove(&self.id);
    }
}

/// What comes after a step.
#[derive(Debug, PartialEq, Eq)]
enum After {
    Another,
    /// All that would do are busy.
    Busy(String),
    Nothing,
}

impl Desk {
    /// Works on it beside, unless somebody does.
    pub(in crate::conduct) fn allocate(self: &Arc<Self>, id: Uuid) {
        let Some(under_way) = self.allocator.begin(id) else { return };
        let desk = Arc::clone(self);
        let work = async move {
            desk.work_on(id).await;
            drop(under_way);
        };
        self.site.tasks.spawn(self.site.stop.clone().run_until_cancelled_owned(work));
    }

    async fn work_on(self: &Arc<Self>, id: Uuid) {
        let Ok(_turn) = self.allocator.turns.acquire().await else { return };
        let (mut passed, mut pauses) = (Passed::new(), 0);
        loop {
            let after = match self.step(id, &mut passed).await {
                Ok(After::Busy(why)) if pauses >= self.site.policy.node_locked_retry_attempts => {
                    self.fail(id, why).await
                }
                after => after,
            };
            match after {
                Ok(After::Another) => {}
                Ok(After::Busy(_)) => {
                    pauses += 1;
                    let pause = self.site.policy.node_locked_retry_interval;
                    sleep(&*self.site.clock, Duration::from_secs(pause.into())).await;
                    passed.retain(|_, refusal| !matches!(refusal, Refusal::Locked { .. }));
                }
                Ok(After::Nothing) => return,
                Err(refusal) => {
                    // It stays as it is, and is taken up again by who tends the allocations.
                    tracing::warn!(allocation = %id, error = %refusal, "an allocation cannot go on for now");
                    return;
                }
            }
        }
    }

    /// Asks the candidate, or finds the next.
    async fn step(self: &Arc<Self>, id: Uuid, passed: &mut Passed) -> Result<After, Refusal> {
        let Some(row) = self.allocation(id).filter(|row| row.is_allocating()) else {
            return Ok(After::Nothing);
        };
        let Some(node) = row.candidate else { return self.move_on(&row, passed).await };
        match self.claim(&row, node).await {
            Ok(()) => self.activate(id, node).await.map(|_| After::Nothing),
            Err(refusal) if is_passing(&refusal) => Err(refusal),
            Err(_) if row.backfill => self.forget(id).await.map(|()| After::Nothing),
            // The instance is on another node: so says every node.
            Err(Refusal::Duplicate(why)) => {
                self.fail(id, format!("Failed to process allocation {id}: {why}.")).await
            }
            Err(refusal) => {
                passed.insert(node, refusal);
                self.move_on(&row, passed).await
            }
        }
    }

    async fn claim(&self, row: &Arc<Allocation>, node: NodeId) -> Result<(), Refusal> {
        self.ask(node, Ask::Allocation(Tenancy::Claim(Arc::clone(row)))).await.map(|_| ())
    }

    /// Keeps the next candidate, or that there is none.
    async fn move_on(&self, row: &Allocation, passed: &mut Passed) -> Result<After, Refusal> {
        match self.search(row, passed) {
            Ok(node) => {
                if !self.ask_next(row.id, node).await? {
                    passed.insert(node, taken(node));
                }
                Ok(After::Another)
            }
            Err(why) if passed.values().any(|refusal| matches!(refusal, Refusal::Locked { .. })) => {
                Ok(After::Busy(why))
            }
            Err(why) => self.fail(row.id, why).await,
        }
    }

    fn search(&self, allocation: &Allocation, passed: &Passed) -> Result<NodeId, String> {
        let published = self.site.reader.published();
        let (seed, _) = Uuid::new_v4().as_u64_pair();
        // The six fixed bits of a random UUID are in the middle of the number.
        let seed = seed.rotate_left(32);
        Search { allocation, pool: &*published, passed, seed }.choose()
    }

    /// The candidate that a new one begins with; whoever works on it says why there is none.
    pub(super) fn first_candidate(&self, allocation: &Allocation) -> Option<NodeId> {
        self.search(allocation, &Passed::new()).ok()
    }

    /// Whether the node is the candidate now; another one may have been faster.
    async fn ask_next(&self, id: Uuid, node: NodeId) -> Result<bool, Refusal> {
        let kept = self.rack_txn("allocation", move |txn, at| {
            let Some(row) = txn.things::<Allocation>().get(id).filter(|row| row.is_allocating()) else {
                // Deleted: the next look at it ends the work.
                return Ok(true);
            };
            if row.candidate == Some(node) || !clear(txn, &Allocation::mark_of(node))? {
                return Ok(row.candidate == Some(node));
            }
            txn.things().put(&row.asking(node, at))?;
            Ok(true)
        });
        kept.await
    }

    /// The node has said yes. One whose allocation was deleted meanwhile is given back.
    async fn activate(self: &Arc<Self>, id: Uuid, node: NodeId) -> Result<Option<Arc<Allocation>>, Refusal> {
        let at = self.site.clock.wall();
        // Not one after the other: the transaction looks at all that it depends on. Nor refused if the disk is full.
        let kept = self.site.writer.outcome("allocated", move |txn| -> Result<_, Refusal> {
            let Some(row) = txn.things::<Allocation>().get(id) else { return Ok(None) };
            if !txn.nodes().get(node).is_some_and(|node| node.is_held_by(id)) {
                // Torn down already.
                txn.things::<Allocation>().remove(id)?;
                return Ok(None);
            }
            Ok(Some(txn.things().put(&row.active(node, at))?))
        });
        let active = kept.await?;
        match &active {
            Some(row) => {
                tracing::info!(allocation = %row.label(), %id, %node, "an allocation has got its node");
            }
            None => self.release_beside(node, id),
        }
        Ok(active)
    }

    /// There is no node for it.
    async fn fail(&self, id: Uuid, why: String) -> Result<After, Refusal> {
        tracing::warn!(allocation = %id, error = why, "an allocation has got no node");
        let at = self.site.clock.wall();
        let kept = self.site.writer.outcome("allocated", move |txn| -> Result<_, Refusal> {
            if let Some(row) = txn.things::<Allocation>().get(id).filter(|row| row.is_allocating()) {
                txn.things().put(&row.failed(why, at))?;
            }
            Ok(After::Nothing)
        });
        kept.await
    }

    /// An allocation for a node in use is made whole or not at all.
    pub(super) async fn backfill(
        self: &Arc<Self>,
        row: &Arc<Allocation>,
    ) -> Result<Arc<Allocation>, Refusal> {
        let node = row.candidate.ok_or_else(|| missing(row.id))?;
        match self.claim(row, node).await {
            Ok(()) => self.activate(row.id, node).await?.ok_or_else(|| missing(row.id)),
            Err(refusal) => {
                self.forget(row.id).await?;
                Err(refusal)
            }
        }
    }

    async fn forget(&self, id: Uuid) -> Result<(), Refusal> {
        let gone = self.site.writer.outcome("allocated", move |txn| -> Result<(), Refusal> {
            txn.things::<Allocation>().remove(id)?;
            Ok(())
        });
        gone.await
    }
}

/// Says nothing of the node: the same may be asked again.
fn is_passing(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Busy(_) | Refusal::Internal(_) | Refusal::Full { .. })
}

/// Allocations that are worked on at the same time: as many as one flush takes.
const AT_ONCE: usize = 64;
