//! A clock that nobody waits for: whoever sleeps moves it.

use std::sync::Mutex;

use crate::base::moment::Moment;
use crate::base::time::{Clock, Later, Tick};

#[derive(Debug, Default)]
pub(super) struct Haste(Mutex<Tick>);

impl Clock for Haste {
    fn tick(&self) -> Tick {
        *self.0.lock().unwrap()
    }

    fn wall(&self) -> Moment {
        Moment(EPOCH + i64::try_from(self.tick().0.as_micros()).unwrap())
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut now = self.0.lock().unwrap();
            *now = until.max(*now);
        })
    }
}

/// 2026-11-20T10:00:00Z.
pub(super) const EPOCH: i64 = 1_795_168_800_000_000;
