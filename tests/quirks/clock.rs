//! Clocks on which a minute of the book takes no minute.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ferric::base::moment::Moment;
use ferric::base::time::Clock;
use ferric::base::time::Later;
use ferric::base::time::PausedClock;
use ferric::base::time::Tick;

/// Who sleeps on it moves the time: the driver's view of the clock by which a simulated controller lives. A sleep of
/// [`GUARD`] or more is no pause but a guard over work that may hang; none does here.
#[derive(Debug)]
pub struct Leap(pub Arc<PausedClock>);

impl Clock for Leap {
    fn tick(&self) -> Tick {
        self.0.tick()
    }

    fn wall(&self) -> Moment {
        self.0.wall()
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        Box::pin(async move {
            if until.since(self.0.tick()) >= GUARD {
                std::future::pending::<()>().await;
            }
            // The others get a turn first, their sockets too.
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.0.advance(until.since(self.0.tick()));
        })
    }
}

/// A clock that runs [`FASTER`] times as fast as the machine's, for those who wait for datagrams.
#[derive(Debug)]
pub struct Fast(Instant);

impl Fast {
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Fast {
    fn tick(&self) -> Tick {
        Tick(self.0.elapsed() * FASTER)
    }

    fn wall(&self) -> Moment {
        Moment(1_767_225_600_000_000 + i64::try_from(self.tick().0.as_micros()).unwrap())
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        Box::pin(tokio::time::sleep(until.since(self.tick()) / FASTER))
    }
}

/// No pause of a driver is as long.
const GUARD: Duration = Duration::from_mins(14);
/// A second is then still fifty times as long as a packet over loopback takes.
const FASTER: u32 = 20;
