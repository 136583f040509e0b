//! The lane of leases: what servers of addresses want kept goes to the commit thread together, one job at a time, so
//! that a storm of machines takes neither its queue nor a flush each.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::conduct::site::Site;
use crate::model::boot::lease::LeaseChange;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Where leases are handed in.
#[derive(Debug, Clone)]
pub struct LeaseLane {
    queue: mpsc::Sender<Post>,
}

/// A change, and who waits for it.
#[derive(Debug)]
struct Post {
    change: LeaseChange,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Why a lease is not kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError {
    #[error("too many leases wait to be kept")]
    Busy,
    #[error("the lease could not be kept: {}", .0.chain())]
    Store(StoreError),
}

impl LeaseLane {
    pub(super) fn open(site: &Arc<Site>) -> Self {
        let (queue, posts) = mpsc::channel(QUEUE);
        site.tasks.spawn(run(site.clone(), posts));
        Self { queue }
    }

    /// Hands a change in without waiting; what is returned ends when it is on the disk.
    pub fn post(
        &self,
        change: LeaseChange,
    ) -> Result<impl Future<Output = Result<(), LeaseError>> + Send + 'static, LeaseError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Post { change, reply }).map_err(|_| LeaseError::Busy)?;
        Ok(async {
            let kept = answer.await.unwrap_or(Err(StoreError::Closed));
            kept.map_err(LeaseError::Store)
        })
    }
}

async fn run(site: Arc<Site>, mut posts: mpsc::Receiver<Post>) {
    let mut waiting = Vec::with_capacity(TOGETHER);
    loop {
        tokio::select! {
            count = posts.recv_many(&mut waiting, TOGETHER) => if count == 0 { return },
            () = site.stop.cancelled() => return,
        }
        let (changes, replies): (Vec<_>, Vec<_>) =
            waiting.drain(..).map(|post| (post.change, post.reply)).unzip();
        let kept = keep(&site, changes).await;
        for reply in replies {
            // Who asked may have gone; what was committed stays.
            reply.send(kept.clone()).ok();
        }
    }
}

/// Writes the changes in one job. A machine that boots must get its address on a full disk, too: a lease is some bytes
/// in the room that is kept for what has happened.
async fn keep(site: &Site, changes: Vec<LeaseChange>) -> Result<(), StoreError> {
    let changes = Arc::new(changes);
    let again = changes.clone();
    let first = site.writer.outcome("leases", move |txn| write(txn, &changes)).await;
    match first {
        Err(StoreError::Full { .. }) => site.writer.outcome("leases", move |txn| write(txn, &again)).await,
        done => done,
    }
}

fn write(txn: &mut Txn<'_>, changes: &[LeaseChange]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            LeaseChange::Given { lease, before } => {
                if let Some(before) = before {
                    txn.leases().remove(before)?;
                }
                txn.leases().put(lease)?;
            }
            LeaseChange::Ended(key) => {
                txn.leases().remove(key)?;
            }
        }
    }
    Ok(())
}

/// Changes that may wait: what a rack in a boot storm asks within one flush of a slow disk; machines ask again.
const QUEUE: usize = 4096;
/// Changes of one job: some 200 bytes each, so that a transaction stays under 1 MiB.
const TOGETHER: usize = 1024;
