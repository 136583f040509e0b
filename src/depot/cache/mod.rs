//! Images, kernels and ISOs of other servers, kept in the data directory under a quota.
//!
//! ```text
//! local(wanted) -> one flight a place: head -> fresh? -> download (part, room, hash) -> index
//!                  then, for each who waits: its own checksum
//! ```
//!
//! - `index`: what lies there, and who goes; `room`: what was promised to work under way; [`limits`]
//! - `download`: from the server to the disk, not slower than `pace`; `pour`: the thread that writes and hashes
//! - [`flights`]: work that many wait for; [`progress`]: how far it is
//! - [`sums`]: files of checksums

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use url::Url;
use uuid::Uuid;

use crate::base::secret::Secret;
use crate::base::time::{SharedClock, sleep};
use crate::depot::cache::download::Download;
use crate::depot::cache::error::CacheError;
use crate::depot::cache::flights::{Flight, Flights};
use crate::depot::cache::index::{Index, Kept};
use crate::depot::cache::limits::Limits;
use crate::depot::cache::progress::{Doing, Progress};
use crate::depot::digest::{self, Algorithm};
use crate::depot::fetch::{Head, Place, head_of, shown};
use crate::depot::image::Checksum;
use crate::model::boot::network::{CacheShown, Cached};
use crate::net::client::Client;

mod download;
pub mod error;
pub mod flights;
pub mod index;
pub mod limits;
mod pace;
mod pour;
pub mod progress;
pub(in crate::depot) mod room;
pub mod sums;

#[cfg(test)]
mod tests;

/// Files of other servers.
#[derive(Debug)]
pub struct Cache {
    pub(in crate::depot) index: Arc<Index>,
    client: Client,
    clock: SharedClock,
    flights: Arc<Flights<Fetched>>,
    seats: Semaphore,
    pub(in crate::depot) life: Life,
    hits: AtomicU64,
    misses: AtomicU64,
    failures: AtomicU64,
}

/// What an outcome looks like to all who wait for it.
type Fetched = Result<Kept, Arc<CacheError>>;

/// What ends the work of the cache, and who waits for that end.
#[derive(Debug, Clone, Default)]
pub struct Life {
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// A file of another server.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub url: Url,
    pub checksum: Checksum,
    /// Value of an `Authorization` header for that server alone.
    pub authorization: Option<Secret>,
    /// Bytes at the most: whoever sends more is cut off.
    pub most: u64,
    /// Whoever asks waits for room that others hold, and can be told so.
    pub waits: bool,
}

impl Wanted {
    /// Without a checksum and credentials.
    pub fn new(url: Url) -> Self {
        Self { url, checksum: Checksum::None, authorization: None, most: u64::MAX, waits: false }
    }

    pub(super) fn place(&self) -> Place<'_> {
        Place { url: &self.url, authorization: self.authorization.as_ref() }
    }

    /// The name in the cache. Those who show other credentials have a file of their own.
    fn name(&self) -> String {
        let mut text = self.url.as_str().to_owned();
        if let Some(secret) = &self.authorization {
            text.push('\n');
            text.push_str(&digest::sha256(secret.reveal().as_bytes()));
        }
        Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()).to_string()
    }
}

impl Cache {
    /// Opens the cache in `folder`. Blocks.
    pub fn open(
        folder: &Path,
        limits: Limits,
        clock: SharedClock,
        life: Life,
    ) -> Result<Arc<Self>, CacheError> {
        let index = Index::open(folder, limits, Arc::clone(&clock))?;
        let seats = Semaphore::new(limits.downloads.max(1));
        Ok(Arc::new(Self {
            index,
            client: Client::new(),
            clock,
            flights: Arc::default(),
            seats,
            life,
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    /// The file as one of this host: from the cache while its server says that it is still the same, else
    /// downloaded, once for all who ask. It stays as long as what is returned is held.
    ///
    /// The download ends if the last caller gives up waiting.
    pub async fn local(self: &Arc<Self>, wanted: &Wanted) -> Result<Kept, Arc<CacheError>> {
        let flight = self.begin(wanted);
        self.landed(wanted, flight).await
    }

    /// Starts or joins the work on a file, for who wants to watch it.
    pub fn begin(self: &Arc<Self>, wanted: &Wanted) -> Flight<Fetched> {
        let (cache, own) = (Arc::clone(self), wanted.clone());
        self.flights.join(&wanted.name(), &self.life, |progress, stop| async move {
            let fetched = cache.fetch(&own, progress, stop).await.map_err(Arc::new);
            if fetched.is_err() {
                cache.failures.fetch_add(1, Ordering::Relaxed);
            }
            fetched
        })
    }

    /// What [`Cache::begin`] came to, compared with the checksum of who asks.
    pub async fn landed(&self, wanted: &Wanted, flight: Flight<Fetched>) -> Result<Kept, Arc<CacheError>> {
        let stopped = || Arc::new(CacheError::Stopped { what: shown(&wanted.url) });
        let kept = flight.end().await.ok_or_else(stopped)??;
        self.check(wanted, kept).await.map_err(Arc::new)
    }

    /// Removes what is old. Blocks.
    pub fn sweep(&self) {
        self.index.sweep();
    }

    async fn fetch(
        &self,
        wanted: &Wanted,
        progress: Arc<Progress>,
        stop: CancellationToken,
    ) -> Result<Kept, CacheError> {
        let stopped = || CacheError::Stopped { what: shown(&wanted.url) };
        let asked = stop.run_until_cancelled(head_of(&self.client, wanted.place(), HEAD_PATIENCE)).await;
        let head = asked.ok_or_else(stopped)??;
        if head.size.is_some_and(|size| size > wanted.most) {
            return Err(CacheError::Large { url: shown(&wanted.url), most: wanted.most });
        }
        let name = wanted.name();
        if let Some(kept) = self.index.hold(&name).filter(|kept| is_fresh(kept, &head)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(kept);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let download =
            Download { cache: self, wanted, head: &head, name: &name, progress, stop: stop.clone() };
        let mut crowded = Duration::ZERO;
        loop {
            download.progress.begin(Doing::Seatless, 0);
            let seat = stop.run_until_cancelled(self.seats.acquire()).await;
            let seat = seat.and_then(Result::ok).ok_or_else(stopped)?;
            match download.run().await {
                Err(error) if wanted.waits && crowded < LONGEST_CROWD && self.is_crowded(&head, &error) => {
                    warn!(image = shown(&wanted.url), %error, "a download waits for room");
                }
                done => return done,
            }
            drop(seat);
            download.progress.begin(Doing::Crowded, 0);
            stop.run_until_cancelled(sleep(&*self.clock, CROWD)).await.ok_or_else(stopped)?;
            crowded = crowded.saturating_add(CROWD);
        }
    }

    /// Whether the room that is missing is only held by others, and the image would fit once they have let go.
    fn is_crowded(&self, head: &Head, error: &CacheError) -> bool {
        matches!(error, CacheError::Quota { .. })
            && head.size.is_some_and(|size| size <= self.index.limits.size)
    }

    /// Compares a file with the checksum that was asked for; a file that has another one does not stay.
    async fn check(&self, wanted: &Wanted, kept: Kept) -> Result<Kept, CacheError> {
        let Some((algorithm, value)) = self.checksum(wanted).await? else { return Ok(kept) };
        let known = match algorithm {
            Algorithm::Sha256 => Some(kept.facts.sha256.clone()),
            Algorithm::Md5 | Algorithm::Sha512 => kept.facts.hashes.get(algorithm.word()).cloned(),
        };
        let found = match known {
            Some(found) => found,
            None => hash_of(&kept, algorithm).await?,
        };
        if found.eq_ignore_ascii_case(&value) {
            return Ok(kept);
        }
        drop(kept);
        self.index.drop_unheld(&wanted.name());
        let wanted_value = value.chars().take(SHOWN).collect();
        Err(CacheError::Checksum { url: shown(&wanted.url), algorithm, found, wanted: wanted_value })
    }

    /// The hash to compare with; a file of checksums is fetched for it.
    pub(in crate::depot) async fn checksum(
        &self,
        wanted: &Wanted,
    ) -> Result<Option<(Algorithm, String)>, CacheError> {
        let limits = self.index.limits;
        let text = match &wanted.checksum {
            Checksum::None => return Ok(None),
            Checksum::Plain(text) | Checksum::Pair { value: text, .. } => text,
        };
        let (algorithm, value) = match text.contains("://").then(|| Url::parse(text)) {
            None => (wanted.checksum.algorithm(), text.clone()),
            Some(_) if !limits.checksum_files => return Err(CacheError::SumsOff),
            Some(Ok(url)) if matches!(url.scheme(), "http" | "https") => {
                let found = self.sum_in(wanted, &url).await?;
                (Algorithm::of_value(&found), found)
            }
            Some(_) => (None, String::new()),
        };
        let url = || shown(&wanted.url);
        match algorithm {
            None => Err(CacheError::Unknown { url: url() }),
            Some(kind @ Algorithm::Md5) if !limits.md5 => Err(CacheError::Weak { url: url(), kind }),
            Some(algorithm) => Ok(Some((algorithm, value))),
        }
    }

    async fn sum_in(&self, wanted: &Wanted, url: &Url) -> Result<String, CacheError> {
        let text = download::text(self, wanted, url).await?;
        let name = wanted.url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        sums::find(&text, &name).map_err(|why| CacheError::Sums { url: shown(url), why: why.to_owned() })
    }
}

impl Cached for Cache {
    fn shown(&self) -> CacheShown {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (files, bytes) = self.index.size();
        let (hits, misses, failures) = (of(&self.hits), of(&self.misses), of(&self.failures));
        CacheShown { hits, misses, failures, files, bytes, quota: self.index.limits.size }
    }
}

/// Whether what lies here is what the server has: the same entity tag, else not changed since it was fetched.
fn is_fresh(kept: &Kept, head: &Head) -> bool {
    let facts = &kept.facts;
    if head.no_store || facts.no_store || head.size.is_some_and(|size| size != facts.size) {
        return false;
    }
    match (&head.etag, &facts.etag) {
        (Some(now), Some(then)) => now == then,
        _ => head.modified.is_some_and(|modified| modified <= facts.fetched),
    }
}

async fn hash_of(kept: &Kept, algorithm: Algorithm) -> Result<String, CacheError> {
    let path = kept.path.clone();
    let work = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path).map_err(error::failed("open", &path));
        file.and_then(|mut file| algorithm.of_reader(&mut file).map_err(error::failed("read", &path)))
    });
    work.await.unwrap_or_else(|_| Err(CacheError::Stopped { what: kept.path.display().to_string() }))
}

/// A server that takes longer to say that an image is there will not deliver it either.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks for room that others hold, and how long that is waited for in all.
const CROWD: Duration = Duration::from_secs(5);
const LONGEST_CROWD: Duration = Duration::from_hours(1);
/// Characters of a wanted checksum that an error repeats: a SHA-512 in whole.
const SHOWN: usize = 128;
