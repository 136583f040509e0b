//! The lane of IPv6 leases: what their servers want kept goes to the commit thread together, one job at a time, so that
//! a storm of machines takes neither its queue nor a flush each.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::conduct::site::Site;
use crate::model::boot::lease6::LeaseChange6;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Where leases are handed in.
#[derive(Debug, Clone)]
pub struct LeaseLane6 {
    queue: mpsc::Sender<Post>,
}

/// What one answer changes, and who waits for it.
#[derive(Debug)]
struct Post {
    changes: Vec<LeaseChange6>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Why leases are not kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeaseError6 {
    #[error("too many leases wait to be kept")]
    Busy,
    #[error("the lease could not be kept")]
    Store(#[source] StoreError),
}

impl LeaseLane6 {
    /// Starts the lane; it ends with `site`.
    pub fn open(site: &Arc<Site>) -> Self {
        let (queue, posts) = mpsc::channel(QUEUE);
        site.tasks.spawn(run(site.clone(), posts));
        Self { queue }
    }

    /// Hands changes in without waiting; what is returned ends when they are on the disk.
    pub fn post(
        &self,
        changes: Vec<LeaseChange6>,
    ) -> Result<impl Future<Output = Result<(), LeaseError6>> + Send + use<>, LeaseError6> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Post { changes, reply }).map_err(|_| LeaseError6::Busy)?;
        Ok(async { answer.await.unwrap_or(Err(StoreError::Closed)).map_err(LeaseError6::Store) })
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
            waiting.drain(..).map(|post| (post.changes, post.reply)).unzip();
        let changes: Vec<LeaseChange6> = changes.into_iter().flatten().collect();
        let kept = site.writer.outcome("leases6", move |txn| write(txn, &changes)).await;
        for reply in replies {
            // Who asked may have gone; what was committed stays.
            reply.send(kept.clone()).ok();
        }
    }
}

fn write(txn: &mut Txn<'_>, changes: &[LeaseChange6]) -> Result<(), StoreError> {
    for change in changes {
        match change {
            LeaseChange6::Given(lease) => txn.leases6().put(lease)?,
            LeaseChange6::Ended(key) => txn.leases6().remove(key).map(|_| ())?,
        }
    }
    Ok(())
}

/// Answers that may wait: what a rack in a boot storm asks within one flush of a slow disk; machines ask again.
const QUEUE: usize = 1024;
/// Answers of one job: eight leases of some 300 bytes each at the most, so that a transaction stays under 1 MiB.
const TOGETHER: usize = 256;
