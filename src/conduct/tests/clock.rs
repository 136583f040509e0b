//! Virtual time: it stands still while anybody works and jumps to the next sleeper when all have come to rest.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::moment::Moment;
use crate::base::time::{Clock, Later, Tick};

#[derive(Debug)]
pub(super) struct VirtualClock {
    now: tokio::sync::watch::Sender<Tick>,
    sleepers: Mutex<BTreeSet<(Tick, u64)>>,
    /// Rises whenever somebody does something.
    noise: AtomicU64,
}

impl VirtualClock {
    pub(super) fn new() -> Self {
        Self {
            now: tokio::sync::watch::Sender::new(Tick::default()),
            sleepers: Mutex::default(),
            noise: AtomicU64::new(0),
        }
    }

    pub(super) fn noise(&self) -> u64 {
        self.noise.fetch_add(1, Ordering::Relaxed)
    }

    /// Lets everybody who can run do so.
    pub(super) async fn settle(&self) {
        loop {
            let before = self.noise.load(Ordering::Relaxed);
            for _ in 0..QUIET {
                tokio::task::yield_now().await;
            }
            if self.noise.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }

    /// Goes on until `done` or for `limit`; tells whether it is done.
    pub(super) async fn run_until(&self, limit: Duration, done: impl Fn() -> bool) -> bool {
        let end = self.tick().after(limit);
        loop {
            self.settle().await;
            if done() {
                return true;
            }
            let Some(next) = self.next().filter(|next| *next <= end) else {
                self.now.send_replace(end);
                self.settle().await;
                return done();
            };
            self.now.send_replace(next);
        }
    }

    /// Time goes on by this much.
    pub(super) async fn pass(&self, length: Duration) {
        self.run_until(length, || false).await;
    }

    fn next(&self) -> Option<Tick> {
        let now = self.tick();
        let sleepers = self.sleepers.lock().unwrap_or_else(PoisonError::into_inner);
        sleepers.iter().map(|(until, _)| *until).find(|until| *until > now)
    }
}

impl Clock for VirtualClock {
    fn tick(&self) -> Tick {
        *self.now.borrow()
    }

    fn wall(&self) -> Moment {
        Moment(i64::try_from(self.tick().0.as_micros()).unwrap())
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            let _nap = Nap::new(self, until);
            now.wait_for(|now| *now >= until).await.ok();
        })
    }
}

/// A sleeper's place in the order of waking.
struct Nap<'a>(&'a VirtualClock, (Tick, u64));

impl<'a> Nap<'a> {
    fn new(clock: &'a VirtualClock, until: Tick) -> Self {
        let key = (until, clock.noise());
        clock.sleepers.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        Self(clock, key)
    }
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        self.0.sleepers.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Turns of the scheduler without any noise after which all are at rest: more than the hops from an asker over
/// lane and commit back.
const QUIET: usize = 24;
