//! The loop: a task a door, one that tells what was refused, and one a transfer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::base::time::{SharedClock, sleep};
use crate::boot::library::Library;
use crate::boot::tftp::Settings;
use crate::boot::tftp::counts::Record;
use crate::boot::tftp::door::Door;
use crate::boot::tftp::hall::Hall;

/// Serves what `library` gives out at all doors, until told to stop; then all transfers have ended.
pub async fn serve(
    doors: Vec<Door>,
    library: Arc<dyn Library>,
    clock: SharedClock,
    settings: Settings,
    (record, stop): (Record, CancellationToken),
) {
    let hall = Arc::new(Hall::new(library, clock, settings, (record, stop)));
    attend(doors, &hall).await;
}

/// The same for a hall that somebody else looks into.
pub(super) async fn attend(doors: Vec<Door>, hall: &Arc<Hall>) {
    let listening = join_all(doors.into_iter().map(|door| listen(door, hall)));
    tokio::select! {
        _ = listening => {}
        () = tell(hall) => {}
        () = hall.stop.cancelled() => {}
    }
    hall.stop.cancelled().await;
    hall.tasks.close();
    hall.tasks.wait().await;
}

async fn listen(mut door: Door, hall: &Arc<Hall>) {
    let address = door.address();
    loop {
        match door.hear().await {
            Ok(letter) => hall.receive(&letter),
            Err(error) => {
                tracing::warn!(%address, %error, "a TFTP request could not be received");
                sleep(&*hall.clock, PAUSE).await;
            }
        }
    }
}

async fn tell(hall: &Hall) {
    let mut told = hall.record.counts.refused();
    loop {
        sleep(&*hall.clock, PERIOD).await;
        told = hall.record.tell(told);
    }
}

/// A socket that fails does so again at once.
const PAUSE: Duration = Duration::from_millis(200);

/// Between two lines about what was refused.
const PERIOD: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests;
