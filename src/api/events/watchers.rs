//! All who watch: how many there may be, and where they are served.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::store::reader::Reader;

/// Seats for those who watch. Without [`Watchers::on`] they are served where their requests are.
#[derive(Debug)]
pub struct Watchers {
    seats: Arc<Semaphore>,
    most: usize,
    rooms: Option<Rooms>,
    stop: CancellationToken,
}

/// Where they are served: the few that a rack has, and a crowd.
#[derive(Debug)]
struct Rooms {
    few: Room,
    crowd: Room,
}

/// A worker with the news for those whom it serves: a commit wakes one task of it, which passes them on to each.
#[derive(Debug)]
struct Room {
    worker: Handle,
    relay: watch::Sender<u64>,
}

impl Room {
    fn open(worker: Handle, reader: &Reader, stop: &CancellationToken) -> Self {
        let relay = watch::Sender::new(reader.last_event());
        worker.spawn(pass_on(reader.new_events(), relay.clone(), stop.clone()));
        Self { worker, relay }
    }
}

impl Default for Watchers {
    fn default() -> Self {
        let stop = CancellationToken::new();
        Self { seats: Arc::new(Semaphore::new(MOST)), most: MOST, rooms: None, stop }
    }
}

impl Watchers {
    /// Serves `most` watchers until `stop`: the first of them on `few`, more on `crowd`.
    pub fn on(few: Handle, crowd: Handle, reader: &Reader, most: usize, stop: CancellationToken) -> Self {
        let most = most.clamp(1, MOST);
        let room = |worker| Room::open(worker, reader, &stop);
        let rooms = Some(Rooms { few: room(few), crowd: room(crowd) });
        Self { seats: Arc::new(Semaphore::new(most)), most, rooms, stop }
    }

    /// How many watch now.
    pub fn count(&self) -> usize {
        self.most.saturating_sub(self.seats.available_permits())
    }

    /// Returns when nobody watches any more; nobody can from now on.
    pub async fn empty(&self) {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        // An error would say that they are closed, which they never are.
        if let Ok(seats) = self.seats.acquire_many(all).await {
            seats.forget();
        }
    }

    /// A seat, if one is free.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// News and a worker for one who has just got a seat.
    pub(super) fn place(&self, reader: &Reader) -> (watch::Receiver<u64>, Handle) {
        let Some(rooms) = &self.rooms else { return (reader.new_events(), Handle::current()) };
        let room = if self.count() > FEW { &rooms.crowd } else { &rooms.few };
        (room.relay.subscribe(), room.worker.clone())
    }

    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }
}

async fn pass_on(mut news: watch::Receiver<u64>, relay: watch::Sender<u64>, stop: CancellationToken) {
    while let Some(Ok(())) = stop.run_until_cancelled(news.changed()).await {
        let last = *news.borrow_and_update();
        relay.send_replace(last);
    }
}

/// More than these are a crowd: they may wait for a processor that others want.
const FEW: usize = 32;
/// Watchers at once: programs of a site, and a page in the browser of each operator. Each has a descriptor.
const MOST: usize = 2000;
