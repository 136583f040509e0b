//! Work that many wait for and that is done once: it goes on as long as one of them does.
//!
//! When the last one gives up, the work is told to stop. Who asks for it then waits for its end, and begins anew.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::depot::cache::Life;
use crate::depot::cache::progress::Progress;

/// The work under way, by name.
pub struct Flights<T> {
    under_way: Mutex<HashMap<String, UnderWay<T>>>,
}

struct UnderWay<T> {
    progress: Arc<Progress>,
    end: watch::Receiver<Option<T>>,
    interest: Weak<Interest>,
}

/// Held by all who wait.
struct Interest {
    stop: CancellationToken,
    progress: Arc<Progress>,
}

impl Drop for Interest {
    fn drop(&mut self) {
        self.stop.cancel();
        self.progress.stop();
    }
}

/// One piece of work as who waits for it sees it.
pub struct Flight<T> {
    pub progress: Arc<Progress>,
    end: watch::Receiver<Option<T>>,
    interest: Arc<Interest>,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Joins the work of that name, or starts it. The token is cancelled when nobody waits any more, or `life` ends;
    /// the work has to end soon then, and what it returns is of no interest.
    pub fn join<W>(
        self: &Arc<Self>,
        name: &str,
        life: &Life,
        work: impl FnOnce(Arc<Progress>, CancellationToken) -> W,
    ) -> Flight<T>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self.lock();
        let mut before = None;
        if let Some(found) = under_way.get(name) {
            if let Some(interest) = found.interest.upgrade() {
                return Flight { progress: Arc::clone(&found.progress), end: found.end.clone(), interest };
            }
            before = Some(found.end.clone());
        }
        let (progress, stop) = (Arc::new(Progress::default()), life.stop.child_token());
        let interest = Arc::new(Interest { stop: stop.clone(), progress: Arc::clone(&progress) });
        let (sender, end) = watch::channel(None);
        let own = UnderWay {
            progress: Arc::clone(&progress),
            end: end.clone(),
            interest: Arc::downgrade(&interest),
        };
        under_way.insert(name.to_owned(), own);
        drop(under_way);
        let landing = Landing { flights: Arc::clone(self), name: name.to_owned(), end: end.clone() };
        let work = work(Arc::clone(&progress), stop);
        life.tasks.spawn(async move {
            if let Some(mut before) = before {
                // What it came to is of no interest, but its files must not be in the way.
                before.wait_for(Option::is_some).await.map(drop).ok();
            }
            let outcome = work.await;
            drop(landing);
            sender.send_replace(Some(outcome));
        });
        Flight { progress, end, interest }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, UnderWay<T>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Flight<T> {
    /// Whether the work has ended, or broke off.
    pub fn is_over(&self) -> bool {
        self.end.borrow().is_some() || self.end.has_changed().is_err()
    }

    /// Its outcome; `None` if the work broke off.
    pub async fn end(mut self) -> Option<T> {
        self.end.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone())
    }
}

impl<T> Clone for Flight<T> {
    fn clone(&self) -> Self {
        Self {
            progress: Arc::clone(&self.progress),
            end: self.end.clone(),
            interest: Arc::clone(&self.interest),
        }
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

/// Takes the work off the list when it ends, however it ends, unless other work has its name by then.
struct Landing<T> {
    flights: Arc<Flights<T>>,
    name: String,
    end: watch::Receiver<Option<T>>,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.get(&self.name).is_some_and(|one| one.end.same_channel(&self.end)) {
            under_way.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn work_is_done_once_for_all_who_wait_and_anew_for_who_comes_later() {
        let (flights, life) = (Arc::new(Flights::<usize>::default()), Life::default());
        let (count, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let join = || {
            let (count, go) = (count.clone(), go.clone());
            flights.join("a", &life, move |_, _| async move {
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
        let (flights, life) = (Arc::new(Flights::<usize>::default()), Life::default());
        let flight = flights.join("a", &life, |_, _| async { panic!("a test's own") });
        assert_eq!(flight.end().await, None);
        assert_eq!(flights.join("a", &life, |_, _| async { 2 }).end().await, Some(2));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_stopped_and_who_comes_then_begins_anew_behind_it() {
        let (flights, life) = (Arc::new(Flights::<usize>::default()), Life::default());
        let (stopped, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (count, gate) = (stopped.clone(), go.clone());
        let one = flights.join("a", &life, move |progress, stop| async move {
            stop.cancelled().await;
            assert!(progress.go_on().is_err());
            gate.notified().await;
            count.fetch_add(1, Ordering::SeqCst)
        });
        let other = one.clone();
        drop(one);
        assert!(other.progress.go_on().is_ok());
        drop(other);
        let count = stopped.clone();
        let next = flights.join("a", &life, move |_, _| async move { count.load(Ordering::SeqCst) + 10 });
        go.notify_one();
        assert_eq!(next.end().await, Some(11));
    }
}
