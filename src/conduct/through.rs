//! A future that is polled in place and goes on by itself if nobody waits for it any more.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// What must be brought to an end once it has begun, although a request is dropped when its client goes away.
///
/// As long as somebody waits, nothing is spawned: a task of its own would wake another worker for each request.
/// Dropped in its middle, its rest is spawned on the tracker; dropped before its first poll, it has not begun.
pub struct Through<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    /// `None` once it has ended.
    work: Option<Pin<Box<F>>>,
    begun: bool,
    tasks: TaskTracker,
}

impl<F> Through<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    pub fn new(tasks: &TaskTracker, work: F) -> Self {
        Self { work: Some(Box::pin(work)), begun: false, tasks: tasks.clone() }
    }
}

impl<F> fmt::Debug for Through<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, begun, .. } = self;
        f.debug_struct("Through")
            .field("begun", begun)
            .field("ended", &work.is_none())
            .finish_non_exhaustive()
    }
}

impl<F> Future for Through<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    type Output = F::Output;

    /// Pending for ever once it has ended, as a future may be.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Taken out while it is polled: if it panics, it is not polled again.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        self.begun = true;
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<F> Drop for Through<F>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn drop(&mut self) {
        let Some(rest) = self.work.take().filter(|_| self.begun) else { return };
        // Without a runtime nothing can go on; one that is shutting down drops what it is given.
        if let Ok(runtime) = Handle::try_current() {
            self.tasks.spawn_on(rest, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::oneshot;

    use super::*;

    /// Polls once; whether that was its end.
    async fn once<F: Future + Unpin>(future: &mut F) -> bool {
        poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_ready())).await
    }

    /// Work that writes down what it was sent, and the sender.
    fn writing(
        tasks: &TaskTracker,
    ) -> (Through<impl Future<Output = ()> + use<>>, oneshot::Sender<u8>, Book) {
        let (tell, told) = oneshot::channel();
        let book = Book::default();
        let page = book.clone();
        let work = async move {
            let value = told.await.unwrap();
            tokio::task::yield_now().await;
            *page.lock().unwrap() = Some(value);
        };
        (Through::new(tasks, work), tell, book)
    }

    type Book = Arc<Mutex<Option<u8>>>;

    fn one_worker() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    #[tokio::test]
    async fn what_is_waited_for_ends_in_place() {
        let tasks = TaskTracker::new();
        let (mut through, tell, book) = writing(&tasks);
        assert!(!once(&mut through).await);
        tell.send(7).unwrap();
        through.await;
        assert_eq!((*book.lock().unwrap(), tasks.len()), (Some(7), 0));
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "nothing was ever spawned");
    }

    #[tokio::test]
    async fn what_is_dropped_in_its_middle_goes_on_and_is_drained() {
        let tasks = TaskTracker::new();
        let (mut through, tell, book) = writing(&tasks);
        assert!(!once(&mut through).await);
        tasks.close();
        drop(through);
        assert_eq!(tasks.len(), 1);
        tell.send(7).unwrap();
        tasks.wait().await;
        assert_eq!(*book.lock().unwrap(), Some(7));
    }

    #[tokio::test]
    async fn what_has_not_begun_or_has_ended_is_dropped() {
        let tasks = TaskTracker::new();
        drop(writing(&tasks));
        let mut ended = Through::new(&tasks, async { 7 });
        assert!(once(&mut ended).await);
        assert!(!once(&mut ended).await, "a future that has ended may stay pending");
        drop(ended);
        assert_eq!(tasks.len(), 0);
    }

    #[tokio::test]
    async fn what_has_panicked_is_not_polled_again() {
        let tasks = TaskTracker::new();
        let through = Through::new(&tasks, async {
            tokio::task::yield_now().await;
            panic!("as it is meant to");
        });
        let ended: Result<(), _> = tokio::spawn(through).await;
        assert!(ended.unwrap_err().is_panic());
        assert_eq!(tasks.len(), 0);
    }

    #[test]
    fn without_a_runtime_it_ends_with_its_owner() {
        let tasks = TaskTracker::new();
        let (mut through, tell, _) = writing(&tasks);
        one_worker().block_on(once(&mut through));
        drop(through);
        assert_eq!(tell.send(7), Err(7));
        assert_eq!(tasks.len(), 0);
    }

    /// Notes whether it is dropped by a panic.
    struct Witness(Arc<AtomicBool>);

    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.store(std::thread::panicking(), Ordering::SeqCst);
        }
    }

    #[test]
    fn a_runtime_that_shuts_down_drops_it_without_a_panic() {
        let (tasks, panicked) = (TaskTracker::new(), Arc::new(AtomicBool::new(true)));
        let runtime = one_worker();
        let (through, tell, _) = writing(&tasks);
        let (begun, has_begun) = oneshot::channel();
        let witness = Witness(panicked.clone());
        runtime.spawn(async move {
            let _witness = witness;
            let mut through = through;
            once(&mut through).await;
            begun.send(()).unwrap();
            through.await;
        });
        runtime.block_on(has_begun).unwrap();
        tasks.close();
        drop(runtime);
        assert!(!panicked.load(Ordering::SeqCst));
        assert_eq!(tell.send(7), Err(7), "nobody is there to go on");
        assert_eq!(tasks.len(), 0);
    }
}
