//! All who watch: how many there may be, and where they are served.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::events::relay::{News, Pace, Relay};
use crate::store::reader::Reader;

/// Seats for those who watch. Without [`Watchers::on`] they are served where their requests are.
#[derive(Debug)]
pub struct Watchers {
    seats: Arc<Semaphore>,
    most: usize,
    rooms: Option<Rooms>,
    /// Those who pass on the news: they read the store.
    tasks: TaskTracker,
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
    relay: Relay,
}

impl Room {
    fn open(
        worker: Handle,
        reader: &Reader,
        pace: Pace,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Self {
        let relay = Relay::new(reader.last_event());
        let (news, reader) = (reader.new_events(), reader.clone());
        let read = move |since| {
            reader.feed(since, AT_ONCE).unwrap_or_else(|error| {
                // Each of them reads for itself then, and says what it met.
                tracing::warn!(error = error.chain(), "events could not be read");
                Vec::new()
            })
        };
        tasks.spawn_on(relay.clone().pass_on(news, read, pace, stop.clone()), &worker);
        Self { worker, relay }
    }
}

impl Default for Watchers {
    fn default() -> Self {
        let stop = CancellationToken::new();
        Self {
            seats: Arc::new(Semaphore::new(MOST)),
            most: MOST,
            rooms: None,
            tasks: TaskTracker::new(),
            stop,
        }
    }
}

impl Watchers {
    /// Serves `most` watchers until `stop`: the first of them on `few`, more on `crowd`.
    pub fn on(few: Handle, crowd: Handle, reader: &Reader, most: usize, stop: CancellationToken) -> Self {
        let most = most.clamp(1, MOST);
        let tasks = TaskTracker::new();
        let room = |worker, pace| Room::open(worker, reader, pace, (&tasks, &stop));
        let rooms = Some(Rooms { few: room(few, Pace::AtOnce), crowd: room(crowd, Pace::Breathing) });
        Self { seats: Arc::new(Semaphore::new(most)), most, rooms, tasks, stop }
    }

    /// How many watch now.
    pub fn count(&self) -> usize {
        self.most.saturating_sub(self.seats.available_permits())
    }

    /// Returns when nobody watches any more; nobody can from now on. Once all is to stop, nobody reads the store for them
    /// either: its folder is free then for another daemon.
    pub async fn empty(&self) {
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        // An error would say that they are closed, which they never are.
        if let Ok(seats) = self.seats.acquire_many(all).await {
            seats.forget();
        }
        if self.stop.is_cancelled() {
            self.tasks.close();
            self.tasks.wait().await;
        }
    }

    /// A seat, if one is free.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// News and a worker for one who has just got a seat.
    pub(super) fn place(&self, reader: &Reader) -> (News, Handle) {
        let Some(rooms) = &self.rooms else { return (News::of(reader), Handle::current()) };
        let room = if self.count() > FEW { &rooms.crowd } else { &rooms.few };
        (room.relay.news(), room.worker.clone())
    }

    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }
}

/// More than these are a crowd: they may wait for a processor that others want.
const FEW: usize = 32;
/// Watchers at once: programs of a site, and a page in the browser of each operator. Each has a descriptor.
const MOST: usize = 2000;
/// Events that a room is told of at a time.
const AT_ONCE: usize = 512;
