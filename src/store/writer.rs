//! The handle that writes: work goes in, is committed with its neighbours, and its answer comes back.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::base::id::NodeId;
use crate::store::commit::{self, Job, Urgency};
use crate::store::core::Core;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Writes to the store; a clone is another handle on the same one.
#[derive(Debug, Clone)]
pub struct Writer {
    pub(in crate::store) core: Arc<Core>,
    pub(in crate::store) door: Door,
}

/// How jobs reach the commit.
#[derive(Clone)]
pub enum Door {
    /// To the commit thread; `None` ends it.
    Thread(mpsc::Sender<Option<Box<dyn Job>>>),
    /// On the caller's own thread, one after another, while the value is `true`.
    Inline(Arc<Mutex<bool>>),
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Thread(_) => "Thread",
            Self::Inline(_) => "Inline",
        })
    }
}

impl Door {
    /// Lets nothing more in.
    pub async fn close(&self) {
        match self {
            // A thread that has ended is closed already.
            Self::Thread(queue) => queue.send(None).await.unwrap_or_default(),
            Self::Inline(open) => *open.lock().unwrap_or_else(PoisonError::into_inner) = false,
        }
    }
}

impl Writer {
    /// Does what somebody asks for. Answers once it is on the disk and published; an `Err` of `work` leaves no
    /// trace, and work that writes nothing costs no flush. Refused when the disk is full.
    pub async fn write<T, E>(
        &self,
        label: &'static str,
        work: impl FnOnce(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(label, Urgency::Ask, work).await
    }

    /// As `write`, for what has happened: not refused when the disk is full, the reserve is for it. `Full` then
    /// means that the disk filled up in this very moment: the reserve has been given up, so try once more.
    pub async fn outcome<T, E>(
        &self,
        label: &'static str,
        work: impl FnOnce(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(label, Urgency::Outcome, work).await
    }

    /// As `write` or `outcome`, by `urgency`.
    pub async fn submit<T, E>(
        &self,
        label: &'static str,
        urgency: Urgency,
        work: impl FnOnce(&mut Txn<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work { label, urgency, todo: Some(work), result: None, reply });
        self.post(job).await?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    async fn post(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        match &self.door {
            Door::Thread(queue) => queue.send(Some(job)).await.map_err(|_| StoreError::Closed),
            Door::Inline(open) => {
                let open = open.lock().unwrap_or_else(PoisonError::into_inner);
                if !*open {
                    return Err(StoreError::Closed);
                }
                commit::commit(&self.core, vec![job]);
                Ok(())
            }
        }
    }

    /// Why changes are refused now, if they are: the disk is full.
    pub fn refusal(&self) -> Option<StoreError> {
        let space = self.core.space();
        space.is_full().then(|| space.full(self.core.dir.path()))
    }

    /// Shows the node reserved in the published copy, whatever its record says; nothing is stored.
    pub fn reserve(&self, node: NodeId) {
        self.core.publisher.reserve(node);
    }

    /// Ends `reserve`: the node shows what its record says.
    pub fn release(&self, node: NodeId) {
        self.core.publisher.release(node);
    }
}

/// A closure with its answer.
struct Work<T, E, F> {
    label: &'static str,
    urgency: Urgency,
    todo: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&mut Txn<'_>) -> Result<T, E> + Send,
{
    fn label(&self) -> &'static str {
        self.label
    }

    fn urgency(&self) -> Urgency {
        self.urgency
    }

    fn run(&mut self, txn: &mut Txn<'_>) -> bool {
        self.result = self.todo.take().map(|work| work(txn));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (failure, self.result) {
            (None, Some(result)) => result,
            (Some(error), _) => Err(error.into()),
            (None, None) => Err(StoreError::Closed.into()),
        };
        // Who asked may have gone; what was committed stays.
        self.reply.send(result).ok();
    }
}

/// Jobs that may wait for the commit thread: beyond that `write` itself waits.
pub const QUEUE: usize = 256;
