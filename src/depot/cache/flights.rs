//! Work that many wait for and that is done once: it goes on though those who wait give up.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::depot::cache::progress::Progress;

/// The work under way, by name.
pub struct Flights<T> {
    under_way: Mutex<HashMap<String, Flight<T>>>,
}

/// One piece of work as who waits for it sees it.
pub struct Flight<T> {
    pub progress: Arc<Progress>,
    end: watch::Receiver<Option<T>>,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Joins the work of that name, or starts it.
    pub fn join<W>(
        self: &Arc<Self>,
        name: &str,
        tasks: &TaskTracker,
        work: impl FnOnce(Arc<Progress>) -> W,
    ) -> Flight<T>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self.lock();
        if let Some(flight) = under_way.get(name) {
            return flight.clone();
        }
        let progress = Arc::new(Progress::default());
        let (sender, end) = watch::channel(None);
        let flight = Flight { progress: Arc::clone(&progress), end };
        under_way.insert(name.to_owned(), flight.clone());
        drop(under_way);
        let (landing, work) = (Landing { flights: Arc::clone(self), name: name.to_owned() }, work(progress));
        tasks.spawn(async move {
            let outcome = work.await;
            drop(landing);
            sender.send_replace(Some(outcome));
        });
        flight
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Flight<T>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Flight<T> {
    /// Its outcome; `None` if the work broke off.
    pub async fn end(mut self) -> Option<T> {
        self.end.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}

impl<T> Clone for Flight<T> {
    fn clone(&self) -> Self {
        Self { progress: Arc::clone(&self.progress), end: self.end.clone() }
    }
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self { under_way: Mutex::default() }
    }
}

impl<T> fmt::Debug for Flights<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Flight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flight {{ {} }}", self.progress)
    }
}

/// Takes the work off the list when it ends, however it ends.
struct Landing<T> {
    flights: Arc<Flights<T>>,
    name: String,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn work_is_done_once_for_all_who_wait_and_anew_for_who_comes_later() {
        let (flights, tasks) = (Arc::new(Flights::<usize>::default()), TaskTracker::new());
        let (count, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let join = || {
            let (count, go) = (count.clone(), go.clone());
            flights.join("a", &tasks, move |_| async move {
                go.notified().await;
                count.fetch_add(1, Ordering::SeqCst)
            })
        };
        let (one, other) = (join(), join());
        go.notify_one();
        assert_eq!((one.end().await, other.end().await), (Some(0), Some(0)));
        go.notify_one();
        assert_eq!(join().end().await, Some(1));
    }

    #[tokio::test]
    async fn who_waits_for_work_that_breaks_off_is_told() {
        let (flights, tasks) = (Arc::new(Flights::<usize>::default()), TaskTracker::new());
        let flight = flights.join("a", &tasks, |_| async { panic!("a test's own") });
        assert_eq!(flight.end().await, None);
        assert_eq!(flights.join("a", &tasks, |_| async { 2 }).end().await, Some(2));
    }
}
