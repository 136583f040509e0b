//! The images that agents are given: fetched, checked, looked into and turned into raw bytes before the first asks.
//!
//! ```text
//! order -> file: admitted, compared        \
//!       -> address: cache (downloaded)      > content -> packed: unpacked into the cache, or while it is read
//!                                          /          -> qcow2:  a view            (force_raw_images)
//!                                                     -> raw:    as it is
//! ```
//!
//! The work is done once for all nodes that order the same, goes on as long as one of them is being deployed, and tells
//! how far it is. What a node was given stays, and is served, as long as its deployment.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::base::secret::Secret;
use crate::depot::cache::error::CacheError;
use crate::depot::cache::flights::{Flight, Flights};
use crate::depot::cache::index::Kept;
use crate::depot::cache::progress::Progress;
use crate::depot::cache::{Cache, Life};
use crate::depot::digest;
use crate::depot::format::permit::Permit;
use crate::depot::gallery::error::GalleryError;
use crate::depot::gallery::places::Places;
use crate::depot::image::{Checksum, Source as From};
use crate::depot::shelf::{Notice, Served, Shelf};
use crate::depot::stream::RawImage;
use crate::net::source::Source;

pub mod error;
mod places;
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
    /// What nodes have ordered, by the order's key.
    wishes: Mutex<HashMap<String, Wish>>,
    /// Views that somebody reads, by served name.
    views: Mutex<HashMap<String, Weak<dyn Source>>>,
    /// SHA-256 of views by their tag: a pass through the whole image each.
    hashes: Mutex<HashMap<String, String>>,
    /// Where images are unpacked, and hashed as views.
    places: Places,
    /// Tells those apart who unpack.
    turn: AtomicU64,
    life: Life,
}

/// An order, and the nodes that wait for it, or for what it came to.
struct Wish {
    nodes: HashSet<String>,
    flight: Flight<Outcome>,
}

struct Given {
    /// Key of the order.
    key: String,
    ready: Arc<Ready>,
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
    /// How it is served; a view in memory alone has none.
    notice: Option<Notice>,
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
            wishes: Mutex::default(),
            views: Mutex::default(),
            hashes: Mutex::default(),
            places: Places::default(),
            turn: AtomicU64::new(0),
            life,
        }
    }

    /// One that keeps nothing of other servers, by the reference's rules.
    pub fn of_files(shelf: Arc<Shelf>) -> Self {
        Self::new(shelf, None, Rules::default())
    }

    /// How the image for `node` stands after waiting for it for a moment. Who `looks_in` again is told what the work
    /// came to meanwhile; anybody else begins anew. The work is given up once no node that ordered it wants it any more:
    /// [`Gallery::release`], [`Gallery::keep`].
    pub async fn order(self: &Arc<Self>, node: &str, order: &Order, looks_in: bool) -> Stand {
        let flight = self.wish(node, order, looks_in);
        let progress = Arc::clone(&flight.progress);
        let ended = if self.rules.patience.is_zero() {
            flight.end().now_or_never()
        } else {
            tokio::time::timeout(self.rules.patience, flight.end()).await.ok()
        };
        match ended {
            None => Stand::Busy(progress.to_string()),
            Some(Some(Ok(ready))) => self.give(node, order.key(), ready).await,
            Some(Some(Err(why))) => Stand::Failed(why),
            Some(None) => Stand::Failed(Arc::new(GalleryError::BrokeOff)),
        }
    }

    /// What is wrong with an order for an image of `size` bytes on another server, as far as it shows before the image
    /// is fetched: a checksum that cannot be had or compared, and a size that the cache can never hold.
    pub async fn judge(&self, order: &Order, size: Option<u64>) -> Result<(), GalleryError> {
        let From::Http(url) = &order.from else { return Ok(()) };
        let cache = self.cache.as_ref().ok_or(GalleryError::NoCache)?;
        let wanted = prepare::wanted(self, order, url);
        let limit = cache.index.limits.size;
        if let Some(needed) = size.filter(|size| *size > limit) {
            let what = prepare::shown(&order.from);
            return Err(Arc::new(CacheError::Quota { what, needed, size: limit, used: 0 }).into());
        }
        cache.checksum(&wanted).await.map(drop).map_err(|error| Arc::new(error).into())
    }

    /// Notes what the node wants, in place of what it wanted before.
    fn wish(self: &Arc<Self>, node: &str, order: &Order, looks_in: bool) -> Flight<Outcome> {
        let key = order.key();
        let mut wishes = lock(&self.wishes);
        wishes.retain(|other, wish| *other == key || !wish.is_forgotten_by(node));
        let known = wishes.get(&key).map(|wish| &wish.flight).filter(|flight| looks_in || !flight.is_over());
        let flight = known.cloned().unwrap_or_else(|| self.begin(&key, order));
        let wish =
            wishes.entry(key).or_insert_with(|| Wish { nodes: HashSet::new(), flight: flight.clone() });
        wish.nodes.insert(node.to_owned());
        wish.flight = flight.clone();
        flight
    }

    fn begin(self: &Arc<Self>, key: &str, order: &Order) -> Flight<Outcome> {
        let (gallery, own) = (Arc::clone(self), order.clone());
        self.flights.join(key, &self.life, |progress, stop| gallery.work(own, progress, stop))
    }

    async fn give(self: &Arc<Self>, node: &str, key: String, ready: Arc<Ready>) -> Stand {
        let (gallery, own, lent) = (Arc::clone(self), node.to_owned(), Arc::clone(&ready));
        let work = tokio::task::spawn_blocking(move || match &lent.notice {
            Some(notice) => gallery.shelf.lend(&own, notice),
            None => Ok(()),
        });
        match work.await {
            Ok(Ok(())) => {
                let given = Given { key, ready: Arc::clone(&ready) };
                lock(&self.given).insert(node.to_owned(), given);
                Stand::Ready(ready)
            }
            Ok(Err(error)) => Stand::Failed(Arc::new(error.into())),
            Err(_) => Stand::Failed(Arc::new(GalleryError::BrokeOff)),
        }
    }

    /// What `node` was given by this order.
    pub fn given(&self, node: &str, order: &Order) -> Option<Arc<Ready>> {
        let key = order.key();
        lock(&self.given).get(node).filter(|given| given.key == key).map(|given| Arc::clone(&given.ready))
    }

    /// The node needs its image no more: it may go, is not served, and work on it for this node alone ends. Blocks.
    pub fn release(&self, node: &str) {
        let given = lock(&self.given).remove(node);
        lock(&self.wishes).retain(|_, wish| !wish.is_forgotten_by(node));
        let withdrawn = self.shelf.give_back(node);
        let in_memory =
            given.filter(|given| given.ready.notice.is_none()).map(|given| given.ready.name.clone());
        let mut views = lock(&self.views);
        for name in withdrawn.into_iter().chain(in_memory.filter(|name| !self.is_given(name))) {
            views.remove(&name);
        }
    }

    /// Releases all nodes that are not being deployed any more, whatever ended it. Blocks.
    pub fn keep(&self, is_deployed: &dyn Fn(&str) -> bool) {
        let mut nodes: HashSet<String> = self.shelf.borrowers().into_iter().collect();
        nodes.extend(lock(&self.given).keys().cloned());
        nodes.extend(lock(&self.wishes).values().flat_map(|wish| wish.nodes.iter().cloned()));
        for node in nodes.iter().filter(|node| !is_deployed(node)) {
            debug!(node, "the image of a deployment that is over is let go");
            self.release(node);
        }
    }

    fn is_given(&self, name: &str) -> bool {
        lock(&self.given).values().any(|given| given.ready.name == name)
    }

    /// Lets go of what is old: names that nobody holds, and files of the cache. Blocks.
    pub fn sweep(&self) {
        if let Some(cache) = &self.cache {
            self.shelf.sweep(cache.index.now().saturating_sub(LONGEST));
            cache.sweep();
        }
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

    async fn work(
        self: Arc<Self>,
        order: Order,
        progress: Arc<Progress>,
        stop: CancellationToken,
    ) -> Outcome {
        let prepared = prepare::prepare(&self, &order, &progress, &stop).await;
        prepared.map(Arc::new).map_err(Arc::new)
    }
}

impl Wish {
    /// Takes the node off; true if nobody is left.
    fn is_forgotten_by(&mut self, node: &str) -> bool {
        self.nodes.remove(node);
        self.nodes.is_empty()
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
/// Seconds that a name is known which nobody holds.
const LONGEST: i64 = 24 * 3600;
/// The largest raw image unless the site says otherwise: more is a bomb, and its hash alone takes a quarter of an hour.
const LARGEST: u64 = 512 << 30;
