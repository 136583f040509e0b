//! The images that agents are given: fetched, checked, looked into and turned into raw bytes before the first asks.
//!
//! ```text
//! order -> file: admitted, compared        \
//!       -> address: cache (downloaded)      > content -> packed: unpacked into the cache, or while it is read
//!                                          /          -> qcow2:  a view            (force_raw_images)
//!                                                     -> raw:    as it is
//! ```
//!
//! The work is done once for all who order the same, goes on though they give up waiting, and tells how far it is.
//! What a node was given stays as long as its deployment.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;

use crate::base::secret::Secret;
use crate::depot::cache::flights::Flights;
use crate::depot::cache::index::Kept;
use crate::depot::cache::progress::Progress;
use crate::depot::cache::{Cache, Life};
use crate::depot::digest;
use crate::depot::format::permit::Permit;
use crate::depot::gallery::error::GalleryError;
use crate::depot::image::{Checksum, Source as From};
use crate::depot::shelf::{Served, Shelf};
use crate::depot::stream::RawImage;
use crate::net::source::Source;

pub mod error;
mod prepare;

#[cfg(test)]
mod tests;

/// What agents are given.
pub struct Gallery {
    pub shelf: Arc<Shelf>,
    cache: Option<Arc<Cache>>,
    rules: Rules,
    flights: Arc<Flights<Outcome>>,
    /// What each node was given last, and by which order.
    given: Mutex<HashMap<String, Given>>,
    /// What orders came to and when, for those who look in now and then.
    ended: Mutex<HashMap<String, (i64, Outcome)>>,
    /// Views that somebody reads, by served name.
    views: Mutex<HashMap<String, Weak<dyn Source>>>,
    /// SHA-256 of views by their tag: a pass through the whole image each.
    hashes: Mutex<HashMap<String, String>>,
    /// Held while an image is unpacked or hashed as a view: the memory of one at a time.
    unpacking: Mutex<()>,
    life: Life,
}

struct Given {
    /// Key of the order.
    key: String,
    ready: Arc<Ready>,
    /// Seconds since 1970.
    since: i64,
}

type Outcome = Result<Arc<Ready>, Arc<GalleryError>>;

/// The site's rules for images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub permit: Permit,
    /// Agents are given raw bytes (`[DEFAULT] force_raw_images`).
    pub force_raw: bool,
    /// zstd is unpacked (`[conductor] disable_zstandard_decompression` is false).
    pub zstd: bool,
    /// Bytes of the largest raw image.
    pub largest: u64,
    /// How long an order waits for its image before it is told to look in later.
    pub patience: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { permit: Permit::default(), force_raw: true, zstd: true, largest: LARGEST, patience: PATIENCE }
    }
}

/// An image as a node's record asks for it.
#[derive(Debug, Clone)]
pub struct Order {
    pub from: From,
    pub checksum: Checksum,
    /// `image_disk_format`.
    pub declared: Option<String>,
    /// Value of an `Authorization` header for the image's server.
    pub authorization: Option<Secret>,
}

/// An image that can be given out now.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The name it is served under, 64 hex digits.
    pub name: String,
    /// Bytes as they are given out.
    pub size: u64,
    /// What `image_disk_format` has to say: `raw` or `qcow2`.
    pub format: &'static str,
    /// SHA-256 in hex of what is given out, where the checksum of the order does not tell it.
    pub sha256: Option<String>,
    /// Stay as long as somebody was given the image.
    _view: Option<Arc<dyn Source>>,
    _kept: Vec<Kept>,
}

/// How an order stands.
#[derive(Debug)]
pub enum Stand {
    Ready(Arc<Ready>),
    /// Look in later; how far it is, in words.
    Busy(String),
    Failed(Arc<GalleryError>),
}

impl Order {
    fn key(&self) -> String {
        let secret = self.authorization.as_ref().map(Secret::reveal).unwrap_or_default();
        let from = match &self.from {
            From::Http(url) => url.as_str().as_bytes().to_vec(),
            From::File(path) => path.as_os_str().as_encoded_bytes().to_vec(),
        };
        let rest = format!("\n{:?}\n{:?}\n{secret}", self.checksum, self.declared);
        digest::sha256(&[from, rest.into_bytes()].concat())
    }
}

impl Gallery {
    pub fn new(shelf: Arc<Shelf>, cache: Option<Arc<Cache>>, rules: Rules) -> Self {
        let life = cache.as_ref().map(|cache| cache.life.clone()).unwrap_or_default();
        Self {
            shelf,
            cache,
            rules,
            flights: Arc::default(),
            given: Mutex::default(),
            ended: Mutex::default(),
            views: Mutex::default(),
            hashes: Mutex::default(),
            unpacking: Mutex::default(),
            life,
        }
    }

    /// One that keeps nothing of other servers, by the reference's rules.
    pub fn of_files(shelf: Arc<Shelf>) -> Self {
        Self::new(shelf, None, Rules::default())
    }

    /// How the image for `node` stands after waiting for it for a moment. Who `looks_in` again is told what the work
    /// came to meanwhile; anybody else begins anew.
    pub async fn order(self: &Arc<Self>, node: &str, order: &Order, looks_in: bool) -> Stand {
        let key = order.key();
        if let Some(outcome) = self.ended(&key, looks_in) {
            return self.stands(node, key, Some(outcome));
        }
        let (gallery, own, name) = (Arc::clone(self), order.clone(), key.clone());
        let flight = self.flights.join(&key, &self.life.tasks, |progress| gallery.work(own, name, progress));
        let progress = Arc::clone(&flight.progress);
        let ended = if self.rules.patience.is_zero() {
            flight.end().now_or_never()
        } else {
            tokio::time::timeout(self.rules.patience, flight.end()).await.ok()
        };
        match ended {
            None => Stand::Busy(progress.to_string()),
            Some(outcome) => self.stands(node, key, outcome),
        }
    }

    /// What came of the last work for this order, if it ended a moment ago.
    fn ended(&self, key: &str, looks_in: bool) -> Option<Outcome> {
        let mut ended = lock(&self.ended);
        let old = self.now().saturating_sub(REMEMBERED);
        ended.retain(|_, (at, _)| *at >= old);
        if looks_in {
            return ended.get(key).map(|(_, outcome)| outcome.clone());
        }
        ended.remove(key);
        None
    }

    fn stands(&self, node: &str, key: String, outcome: Option<Outcome>) -> Stand {
        match outcome {
            Some(Ok(ready)) => {
                let given = Given { key, ready: Arc::clone(&ready), since: self.now() };
                lock(&self.given).insert(node.to_owned(), given);
                Stand::Ready(ready)
            }
            Some(Err(why)) => Stand::Failed(why),
            None => Stand::Failed(Arc::new(GalleryError::BrokeOff)),
        }
    }

    /// What `node` was given by this order.
    pub fn given(&self, node: &str, order: &Order) -> Option<Arc<Ready>> {
        let key = order.key();
        lock(&self.given).get(node).filter(|given| given.key == key).map(|given| Arc::clone(&given.ready))
    }

    /// The deployment of `node` is over: its image may go.
    pub fn release(&self, node: &str) {
        if let Some(given) = lock(&self.given).remove(node) {
            lock(&self.ended).remove(&given.key);
        }
    }

    /// Lets go of what was given in deployments that ended without a word, and of what is old in the cache. Blocks.
    pub fn sweep(&self) {
        let old = self.now().saturating_sub(LONGEST);
        lock(&self.given).retain(|_, given| given.since > old);
        self.ended("", false);
        if let Some(cache) = &self.cache {
            cache.sweep();
        }
    }

    fn now(&self) -> i64 {
        self.cache.as_ref().map_or(0, |cache| cache.index.now())
    }

    /// What stands under a served name. Blocks.
    pub fn find(&self, name: &str) -> Option<Found> {
        if let Some(view) = lock(&self.views).get(name).and_then(Weak::upgrade) {
            return Some(Found::View(view));
        }
        match self.shelf.resolve(name).ok()? {
            Served::File(file) => {
                self.note_use(&file.path);
                Some(Found::File(file.path))
            }
            Served::View(file) => {
                let view = RawImage::open(&file.path).ok()?;
                self.note_use(&file.path);
                self.note_view(name, &view);
                Some(Found::View(view))
            }
        }
    }

    /// A file of the cache that is read is one that was used lately.
    fn note_use(&self, path: &Path) {
        let Some(cache) = self.cache.as_ref().filter(|cache| path.parent() == Some(cache.index.folder()))
        else {
            return;
        };
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            cache.index.hold(name);
        }
    }

    fn note_view(&self, name: &str, view: &Arc<dyn Source>) {
        let mut views = lock(&self.views);
        views.retain(|_, view| view.strong_count() > 0);
        views.insert(name.to_owned(), Arc::downgrade(view));
    }

    async fn work(self: Arc<Self>, order: Order, key: String, progress: Arc<Progress>) -> Outcome {
        let image = prepare::shown(&order.from);
        let stopped = self.life.stop.clone();
        let outcome = tokio::select! {
            outcome = prepare::prepare(&self, &order, &progress) => outcome,
            () = stopped.cancelled() => {
                progress.stop();
                Err(GalleryError::GivenUp { image })
            }
        };
        let outcome = outcome.map(Arc::new).map_err(Arc::new);
        let at = self.now();
        lock(&self.ended).insert(key, (at, outcome.clone()));
        outcome
    }
}

/// What stands under a served name.
#[derive(Debug)]
pub enum Found {
    File(PathBuf),
    View(Arc<dyn Source>),
}

impl fmt::Debug for Gallery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gallery")
            .field("shelf", &self.shelf)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// A lock whose holder panicked still guards whole values: each is put in by one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Short beside the limit of a look, and long enough for what is ready already.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds that a deployment keeps its image at the most: no agent writes for so long.
const LONGEST: i64 = 24 * 3600;
/// Seconds for which those who look in are told what an order came to.
const REMEMBERED: i64 = 120;
/// The largest raw image unless the site says otherwise: more is a bomb.
const LARGEST: u64 = 2 << 40;
