//! What a change does when its BMC is left alone.

use std::sync::Mutex;

use super::*;
use crate::base::time::{PausedClock, Tick};

/// Gives these answers one after the other, and notes how much time it was given.
#[derive(Debug)]
struct Told(Mutex<(Vec<DriverError>, Vec<Duration>)>);

impl Told {
    fn new(errors: Vec<DriverError>) -> Self {
        Self(Mutex::new((errors, Vec::new())))
    }

    fn limits(&self) -> Vec<u64> {
        self.0.lock().unwrap().1.iter().map(Duration::as_secs).collect()
    }
}

impl PowerSwitch for Told {
    fn state(&self) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async { Ok(Power::Off) })
    }

    fn set(&self, wish: PowerWish, limit: Duration) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            let (errors, limits) = &mut *self.0.lock().unwrap();
            limits.push(limit);
            if errors.is_empty() { Ok(wish.goal()) } else { Err(errors.remove(0)) }
        })
    }
}

fn resting() -> DriverError {
    DriverError::Resting { who: "b".to_owned(), why: "timed out; tried again in 3 s".to_owned() }
}

/// The outcome, with the clock going on by a second whenever nothing else does.
async fn outcome(told: &Told, limit: u32) -> (Result<Power, DriverError>, Tick) {
    let clock = PausedClock::new();
    let work = switched(&clock, told, PowerWish::On, limit);
    let passing = async {
        loop {
            tokio::task::yield_now().await;
            clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        biased;
        outcome = work => (outcome, clock.tick()),
        () = passing => unreachable!("it goes on for ever"),
    }
}

#[tokio::test]
async fn a_switch_that_was_not_asked_is_asked_again_in_what_is_left_of_its_time() {
    let crowded = DriverError::Crowded { who: "b".to_owned(), waiting: 64 };
    let told = Told::new(vec![resting(), crowded]);
    let (outcome, at) = outcome(&told, 60).await;
    assert_eq!((outcome, at), (Ok(Power::On), Tick(Duration::from_secs(4))));
    assert_eq!(told.limits(), [60, 58, 56]);
}

#[tokio::test]
async fn its_time_ends_and_what_was_asked_is_not_asked_again() {
    let told = Told::new(vec![resting(); 9]);
    assert_eq!(outcome(&told, 5).await.0, Err(resting()));
    assert_eq!(told.limits(), [5, 3, 1]);
    let silent = DriverError::silent("b", "timed out");
    let told = Told::new(vec![silent.clone()]);
    assert_eq!(outcome(&told, 60).await.0, Err(silent));
    assert_eq!(told.limits(), [60]);
}
