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
    worker: Option<Handle>,
    /// Passes the news on to each, so that a commit wakes one task and not a thousand.
    relay: Option<watch::Sender<u64>>,
    stop: CancellationToken,
}

impl Default for Watchers {
    fn default() -> Self {
        let stop = CancellationToken::new();
        Self { seats: Arc::new(Semaphore::new(MOST)), most: MOST, worker: None, relay: None, stop }
    }
}

impl Watchers {
    /// Serves `most` watchers on `worker` until `stop`.
    pub fn on(worker: Handle, reader: &Reader, most: usize, stop: CancellationToken) -> Self {
        let most = most.clamp(1, MOST);
        let relay = watch::Sender::new(reader.last_event());
        worker.spawn(pass_on(reader.new_events(), relay.clone(), stop.clone()));
        let seats = Arc::new(Semaphore::new(most));
        Self { seats, most, worker: Some(worker), relay: Some(relay), stop }
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

    pub(super) fn news(&self, reader: &Reader) -> watch::Receiver<u64> {
        self.relay.as_ref().map_or_else(|| reader.new_events(), watch::Sender::subscribe)
    }

    pub(super) fn worker(&self) -> Handle {
        self.worker.clone().unwrap_or_else(Handle::current)
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

/// Watchers at once: programs of a site, and a page in the browser of each operator. Each has a descriptor.
const MOST: usize = 2000;
