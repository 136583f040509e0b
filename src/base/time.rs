//! The clock as an argument: a real one for `app`, a paused one for tests, an offset one for odd walls.
//!
//! Waits count on ticks (monotonic, from when the clock was made); the wall is only shown.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::base::moment::Moment;

/// A monotonic time since the clock was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub Duration);

impl Tick {
    #[must_use]
    pub fn after(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length))
    }

    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A future that a trait object can return.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where time comes from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Monotonic time.
    fn tick(&self) -> Tick;
    /// The wall's time, for showing.
    fn wall(&self) -> Moment;
    /// Returns when `tick()` has reached `until`.
    fn sleep_until(&self, until: Tick) -> Later<'_, ()>;
}

/// A clock that many tasks share.
pub type SharedClock = Arc<dyn Clock>;

/// Waits `length` on `clock`.
pub async fn sleep(clock: &dyn Clock, length: Duration) {
    clock.sleep_until(clock.tick().after(length)).await;
}

/// The machine's own clocks.
#[derive(Debug)]
pub struct RealClock {
    start: tokio::time::Instant,
}

impl RealClock {
    pub fn new() -> Self {
        Self { start: tokio::time::Instant::now() }
    }
}

impl Default for RealClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RealClock {
    fn tick(&self) -> Tick {
        Tick(self.start.elapsed())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's wall clock"
    )]
    fn wall(&self) -> Moment {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Moment(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        Box::pin(tokio::time::sleep_until(self.start + until.0))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct PausedClock {
    now: tokio::sync::watch::Sender<Tick>,
}

impl PausedClock {
    pub fn new() -> Self {
        Self { now: tokio::sync::watch::Sender::new(Tick::default()) }
    }

    /// Whether somebody waits for time to move.
    pub fn has_sleepers(&self) -> bool {
        self.now.receiver_count() > 0
    }

    /// Moves time forward; sleepers that are due wake.
    pub fn advance(&self, length: Duration) {
        self.now.send_modify(|now| *now = now.after(length));
    }
}

impl Default for PausedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for PausedClock {
    fn tick(&self) -> Tick {
        *self.now.borrow()
    }

    fn wall(&self) -> Moment {
        let micros = i64::try_from(self.tick().0.as_micros()).unwrap_or(i64::MAX);
        Moment(PAUSED_EPOCH.saturating_add(micros))
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The sender lives in `self`, which the future borrows, so the channel cannot close.
            now.wait_for(|now| *now >= until).await.ok();
        })
    }
}

/// 2026-01-01, so that shown moments look like moments.
const PAUSED_EPOCH: i64 = 1_767_225_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_paused_clock_wakes_sleepers_when_it_is_moved() {
        let clock = Arc::new(PausedClock::new());
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { sleep(&*clock, Duration::from_mins(30)).await })
        };
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_mins(31));
        sleeper.await.unwrap();
        assert_eq!(clock.tick(), Tick(Duration::from_mins(31)));
    }
}
