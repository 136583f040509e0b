//! A download on its way to the disk: hashed, counted and written on a thread of its own while it comes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::base::time::Later;
use crate::depot::cache::error::{CacheError, failed};
use crate::depot::cache::index::Index;
use crate::depot::cache::pace::{LEAST, Pace, TooSlow};
use crate::depot::cache::progress::{Doing, Progress};
use crate::depot::cache::room::Room;
use crate::depot::digest::{Algorithm, Running};
use crate::net::http::Headers;
use crate::net::intake::Intake;

/// Where a download goes.
pub(super) struct Pour {
    pub(super) index: Arc<Index>,
    /// The image, as errors call it.
    pub(super) what: String,
    pub(super) part: PathBuf,
    /// Bytes that the part has already, if the server goes on with them.
    pub(super) from: u64,
    pub(super) algorithm: Option<Algorithm>,
    /// Bytes at the most.
    pub(super) most: u64,
    pub(super) progress: Arc<Progress>,
    pub(super) pace: Pace,
    /// It came too slowly, and was cut off.
    pub(super) slow: Option<TooSlow>,
    pub(super) bytes: Option<mpsc::Sender<Vec<u8>>>,
    pub(super) writer: Option<JoinHandle<Result<Written, CacheError>>>,
}

/// A download that is on the disk.
pub(super) struct Written {
    pub(super) size: u64,
    pub(super) sha256: String,
    pub(super) hashes: BTreeMap<String, String>,
    pub(super) room: Room,
}

impl Pour {
    /// What the writer came to; `None` if no byte ever came.
    pub(super) async fn end(mut self) -> Option<Result<Written, CacheError>> {
        drop(self.bytes.take());
        let stopped = || CacheError::Stopped { what: self.what.clone() };
        if let (Some(TooSlow { bytes, span }), Some(writer)) = (self.slow, &mut self.writer) {
            writer.await.map(drop).ok(); // its files are in nobody's way any more
            return Some(Err(CacheError::Stalled { url: self.what.clone(), bytes, span, least: LEAST }));
        }
        Some(self.writer.take()?.await.unwrap_or_else(|_| Err(stopped())))
    }

    /// Where the bytes of this answer begin, and how many there will be in all.
    fn span(&self, status: u16, headers: &Headers) -> io::Result<(u64, Option<u64>)> {
        let length = || headers.get("content-length").and_then(|text| text.trim().parse::<u64>().ok());
        if status != 206 {
            return Ok((0, length()));
        }
        let garbled =
            || io::Error::new(io::ErrorKind::InvalidData, "Content-Range is not what was asked for");
        let range = headers.get("content-range").and_then(|text| text.trim().strip_prefix("bytes "));
        let (span, total) = range.and_then(|range| range.split_once('/')).ok_or_else(garbled)?;
        let start = span.split_once('-').and_then(|(start, _)| start.parse::<u64>().ok());
        match start {
            Some(start) if start == self.from && start > 0 => Ok((start, total.parse().ok())),
            _ => Err(garbled()),
        }
    }
}

impl Intake for Pour {
    fn head(&mut self, status: u16, headers: &Headers) -> io::Result<()> {
        let (from, total) = self.span(status, headers)?;
        let room = Room::of(&self.index, &self.what, total.unwrap_or(from));
        self.progress.begin(Doing::Downloading, total.unwrap_or(0));
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let writer = Writer {
            what: self.what.clone(),
            part: self.part.clone(),
            from,
            algorithm: self.algorithm,
            most: self.most,
            progress: Arc::clone(&self.progress),
        };
        self.bytes = Some(sender);
        self.writer = Some(tokio::task::spawn_blocking(move || writer.run(room?, receiver)));
        Ok(())
    }

    fn take<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, io::Result<()>> {
        Box::pin(async move {
            if let Err(slow) = self.pace.take(bytes.len()) {
                self.slow = Some(slow);
                return Err(io::ErrorKind::TimedOut.into());
            }
            let Some(sender) = &self.bytes else { return Err(io::ErrorKind::BrokenPipe.into()) };
            // The writer's own error tells more.
            sender.send(bytes.to_vec()).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
        })
    }

    fn end(&mut self) -> Later<'_, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

struct Writer {
    what: String,
    part: PathBuf,
    from: u64,
    algorithm: Option<Algorithm>,
    most: u64,
    progress: Arc<Progress>,
}

impl Writer {
    fn run(self, mut room: Room, mut bytes: mpsc::Receiver<Vec<u8>>) -> Result<Written, CacheError> {
        let mut sums = vec![(Algorithm::Sha256, Running::new(Algorithm::Sha256))];
        if let Some(other) = self.algorithm.filter(|one| *one != Algorithm::Sha256) {
            sums.push((other, Running::new(other)));
        }
        let mut file = self.open()?;
        self.again(&mut file, &mut sums).map_err(failed("read", &self.part))?;
        let mut size = self.from;
        while let Some(chunk) = bytes.blocking_recv() {
            size = size.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
            if size > self.most {
                return Err(CacheError::Large { url: self.what, most: self.most });
            }
            room.cover(size)?;
            file.write_all(&chunk).map_err(|error| room.write_error(&self.part, error))?;
            for (_, sum) in &mut sums {
                sum.update(&chunk);
            }
            self.progress.reach(size);
        }
        file.sync_all().map_err(|error| room.write_error(&self.part, error))?;
        let mut hashes: BTreeMap<String, String> =
            sums.into_iter().map(|(algorithm, sum)| (algorithm.word().to_owned(), sum.finish())).collect();
        let sha256 = hashes.remove(Algorithm::Sha256.word()).unwrap_or_default();
        Ok(Written { size, sha256, hashes, room })
    }

    fn open(&self) -> Result<File, CacheError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.part);
        let file = file.map_err(failed("open", &self.part))?;
        file.set_len(self.from).map_err(failed("cut", &self.part))?;
        Ok(file)
    }

    /// Hashes what the part has already.
    fn again(&self, file: &mut File, sums: &mut [(Algorithm, Running)]) -> io::Result<()> {
        let mut buffer = vec![0; 128 << 10];
        let mut held = Read::by_ref(file).take(self.from);
        loop {
            let count = held.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            let chunk = buffer.get(..count).unwrap_or_default();
            for (_, sum) in &mut *sums {
                sum.update(chunk);
            }
        }
        file.seek(io::SeekFrom::Start(self.from)).map(drop)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer {{ {} }}", self.what)
    }
}

/// Chunks between the network and the disk: enough that neither waits for the other's every move.
const CHUNKS: usize = 32;
