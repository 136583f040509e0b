//! One image from its server to the disk: redirects followed, broken downloads gone on with where that is safe.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use crate::base::time::sleep;
use crate::depot::cache::error::{CacheError, failed};
use crate::depot::cache::index::{BESIDE, Facts, Kept, PART};
use crate::depot::cache::pace::Pace;
use crate::depot::cache::pour::{Pour, Written};
use crate::depot::cache::progress::Progress;
use crate::depot::cache::{Cache, Wanted};
use crate::depot::fetch::{Head, HeadError, MOST_REDIRECTS, redirect, request, shown};
use crate::net::client::outgoing::{ClientError, Outgoing};
use crate::net::http::Method;

/// A download under way.
pub(super) struct Download<'a> {
    pub(super) cache: &'a Cache,
    pub(super) wanted: &'a Wanted,
    pub(super) head: &'a Head,
    pub(super) name: &'a str,
    pub(super) progress: Arc<Progress>,
    /// Nobody waits for it any more, or the daemon stops.
    pub(super) stop: CancellationToken,
}

/// Whose bytes a part has.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    etag: String,
}

impl Download<'_> {
    /// Downloads the image and takes it into the cache. Nothing is left behind by an error, but for a part that a
    /// later try may go on with.
    pub(super) async fn run(&self) -> Result<Kept, CacheError> {
        let fetched = self.cache.index.now();
        self.cache.index.unpark(&self.part_name());
        let mut tries = 1;
        let written = loop {
            match self.attempt().await {
                Ok(written) => break written,
                Err(error) if error.is_passing() && tries < TRIES => {
                    warn!(image = self.what(), %error, tries, "download broke off and is gone on with");
                    let pause = sleep(&*self.cache.clock, PAUSE * tries);
                    self.stop.run_until_cancelled(pause).await; // the next try ends at once else
                    tries += 1;
                }
                Err(error) => {
                    self.leave(&error);
                    return Err(error);
                }
            }
        };
        let Written { size, sha256, hashes, room } = written;
        let (etag, no_store) = (self.head.etag.clone(), self.head.no_store);
        let facts = Facts { size, sha256, hashes, etag, fetched, no_store };
        info!(image = self.what(), size, sha256 = facts.sha256, "downloaded");
        let (index, name, part) = (Arc::clone(&self.cache.index), self.name.to_owned(), self.part());
        let taken = tokio::task::spawn_blocking(move || index.take_in(&name, &part, facts, room)).await;
        fs::remove_file(self.beside()).ok(); // it is there only if the download could be gone on with
        taken.unwrap_or_else(|_| Err(CacheError::Stopped { what: self.what() }))
    }

    async fn attempt(&self) -> Result<Written, CacheError> {
        let mut url = self.head.url.clone();
        for _ in 0..=MOST_REDIRECTS {
            let from = self.held();
            let mut pour = self.pour(from);
            let receiving = self.cache.client.receive(self.asking(&url, from), &mut pour);
            let got = self.stop.run_until_cancelled(receiving).await;
            let written = pour.end().await;
            let got = got.ok_or_else(|| CacheError::Stopped { what: self.what() })?;
            let got = match (got, written) {
                (_, Some(Err(error))) => return Err(error),
                (Ok(_), Some(Ok(written))) => return self.whole(written),
                (Ok(got), None) => got,
                (Err(source), _) => return Err(CacheError::Client { url: self.what(), source }),
            };
            match redirect(&url, got.status, &got.headers)? {
                Some(next) => url = next,
                None => return Err(CacheError::Status { url: self.what(), status: got.status }),
            }
        }
        Err(HeadError::Loop { url: self.what() }.into())
    }

    /// What was here of it stays only if it can be gone on with, by another try or after a start of the daemon.
    fn leave(&self, error: &CacheError) {
        let is_stopped = matches!(error, CacheError::Stopped { .. }) && self.cache.life.stop.is_cancelled();
        if self.tag().is_some() && (error.is_passing() || is_stopped) {
            self.cache.index.park(&self.part_name());
        } else {
            self.clear();
        }
    }

    /// A server that closes the connection to end an answer may have broken off.
    fn whole(&self, written: Written) -> Result<Written, CacheError> {
        match self.head.size {
            Some(wanted) if wanted != written.size => {
                Err(CacheError::Short { url: self.what(), size: written.size, wanted })
            }
            _ => Ok(written),
        }
    }

    fn pour(&self, from: u64) -> Pour {
        Pour {
            index: Arc::clone(&self.cache.index),
            what: self.what(),
            part: self.part(),
            from,
            algorithm: self.wanted.checksum.algorithm(),
            most: self.wanted.most,
            progress: Arc::clone(&self.progress),
            pace: Pace::new(Arc::clone(&self.cache.clock)),
            slow: None,
            bytes: None,
            writer: None,
        }
    }

    fn asking(&self, url: &Url, from: u64) -> Outgoing {
        let mut outgoing = request(Method::Get, url, self.wanted.place());
        outgoing.deadline = self.cache.index.limits.silence;
        outgoing.answer_limit = usize::MAX;
        if let Some(tag) = self.tag().filter(|_| from > 0) {
            outgoing.headers.set("range", format!("bytes={from}-"));
            outgoing.headers.set("if-range", tag);
        }
        outgoing
    }

    /// Bytes of this version of the image that are here already; notes whose bytes come next.
    fn held(&self) -> u64 {
        let Some(tag) = self.tag() else {
            self.clear();
            return 0;
        };
        let begun = fs::read(self.beside()).ok().and_then(|text| serde_json::from_slice::<Begun>(&text).ok());
        if begun.is_some_and(|begun| begun.etag == tag) {
            let held = fs::metadata(self.part()).map_or(0, |meta| meta.len());
            // A part that is as long as the whole is begun anew: a range behind the end is no answer.
            return if self.head.size.is_some_and(|size| held >= size) { 0 } else { held };
        }
        self.clear();
        let text = serde_json::to_vec(&Begun { etag: tag.to_owned() }).unwrap_or_default();
        if let Err(error) = fs::write(self.beside(), text).map_err(failed("write", &self.beside())) {
            warn!(%error, "a download cannot be gone on with if it breaks off");
        }
        0
    }

    /// The entity tag, if it tells one byte from another.
    fn tag(&self) -> Option<&str> {
        self.head.etag.as_deref().filter(|tag| tag.starts_with('"'))
    }

    fn clear(&self) {
        for path in [self.part(), self.beside()] {
            fs::remove_file(path).ok(); // mostly it is not there
        }
    }

    fn part(&self) -> PathBuf {
        self.cache.index.folder().join(self.part_name())
    }

    fn part_name(&self) -> String {
        format!("{}{PART}", self.name)
    }

    fn beside(&self) -> PathBuf {
        self.cache.index.folder().join(format!("{}{PART}{BESIDE}", self.name))
    }

    fn what(&self) -> String {
        shown(&self.wanted.url)
    }
}

/// Reads a small text, such as a file of checksums.
pub(super) async fn text(cache: &Cache, wanted: &Wanted, url: &Url) -> Result<String, CacheError> {
    let bad = |why: String| CacheError::Sums { url: shown(url), why };
    let mut next = url.clone();
    for _ in 0..=MOST_REDIRECTS {
        let mut asking = request(Method::Get, &next, wanted.place());
        asking.answer_limit = LONGEST_TEXT;
        let answer = cache.client.send(asking).await.map_err(|error| bad(told(&error)))?;
        match redirect(&next, answer.status, &answer.headers)? {
            Some(place) => next = place,
            None if answer.status == 200 => {
                return String::from_utf8(answer.body).map_err(|_| bad("it is not a text".to_owned()));
            }
            None => return Err(bad(format!("the server answered {}", answer.status))),
        }
    }
    Err(HeadError::Loop { url: shown(url) }.into())
}

fn told(error: &ClientError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Tries before a download is given up; each goes on where the last one broke off, if the server lets it.
const TRIES: u32 = 5;
/// The wait after the first broken try; it grows with each.
const PAUSE: Duration = Duration::from_secs(2);
/// Bytes of a file of checksums: those of whole mirrors have less.
const LONGEST_TEXT: usize = 1 << 20;
