//! Files on their way here: named by their SHA-256, so that an upload that broke off goes on where it was, and what
//! has arrived is what was meant.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use tokio::fs::OpenOptions;
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::depot::digest::Algorithm;
use crate::depot::ramdisks::stock::Ready;
use crate::net::body::BodyError;
use crate::net::http::Request;

/// What is on its way.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    /// Hashes whose files somebody writes now.
    busy: Mutex<HashSet<String>>,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrived {
    /// Bytes that need not be sent again.
    pub received: u64,
    /// It is all here, and its hash is right.
    pub complete: bool,
}

/// The bytes that a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    pub start: u64,
    /// Bytes of the whole file.
    pub total: u64,
}

/// Why bytes are not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("{0:?} is no SHA-256: 64 hex digits in small letters")]
    Hash(String),
    #[error("a file of {total} bytes is too large: {limit} bytes at most")]
    TooLarge { total: u64, limit: u64 },
    #[error("the slice begins at byte {start}, but {received} bytes are here: go on from there")]
    Elsewhere { start: u64, received: u64 },
    #[error("the request brought more bytes than it said")]
    Excess,
    #[error("what arrived has another hash, {found}, and was dropped; send it again from the start")]
    Spoilt { found: String },
    #[error("another client is sending this very file")]
    Busy,
    #[error("the file is not complete: it has {received} bytes")]
    Incomplete { received: u64 },
    #[error(
        "the disk of this host is full; what had arrived was dropped: make room in {folder}, and send it again"
    )]
    Full { folder: PathBuf },
    #[error("the body did not come whole")]
    Body(#[source] BodyError),
    #[error("cannot {doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl Uploads {
    /// Those below the folder of the ramdisks.
    pub fn open(root: &Path) -> Result<Self, UploadError> {
        let folder = root.join("uploads");
        fs::create_dir_all(&folder).map_err(failed("make the folder", &folder))?;
        Ok(Self { folder, busy: Mutex::default() })
    }

    /// How far the file of this hash has come. Blocks.
    pub fn arrived(&self, sha256: &str) -> Result<Arrived, UploadError> {
        let path = self.path(sha256)?;
        let size = |path: &Path| fs::metadata(path).map(|meta| meta.len());
        if let Ok(received) = size(&path) {
            // Who asks wants it: it is not the next one that goes. If that cannot be noted, it is sent again.
            utimensat(
                AT_FDCWD,
                &path,
                &TimeSpec::UTIME_NOW,
                &TimeSpec::UTIME_NOW,
                UtimensatFlags::FollowSymlink,
            )
            .ok();
            return Ok(Arrived { received, complete: true });
        }
        Ok(Arrived { received: size(&partial(&path)).unwrap_or(0), complete: false })
    }

    /// A file that is all here. Blocks.
    pub fn ready(&self, sha256: &str) -> Result<Ready, UploadError> {
        let arrived = self.arrived(sha256)?;
        if !arrived.complete {
            return Err(UploadError::Incomplete { received: arrived.received });
        }
        Ok(Ready { path: self.path(sha256)?, sha256: sha256.to_owned() })
    }

    /// Takes in the body of a request as a slice of the file of this hash. What came before a break stays.
    pub async fn take(
        &self,
        sha256: &str,
        slice: Slice,
        request: &mut Request,
    ) -> Result<Arrived, UploadError> {
        let path = self.path(sha256)?;
        let _turn = self.turn(sha256)?;
        if slice.total > LIMIT {
            return Err(UploadError::TooLarge { total: slice.total, limit: LIMIT });
        }
        let before = self.arrived(sha256)?;
        if before.complete {
            return Ok(before);
        }
        if slice.start != before.received {
            return Err(UploadError::Elsewhere { start: slice.start, received: before.received });
        }
        self.make_room(sha256);
        let received = match self.append(&partial(&path), slice, request).await {
            Err(UploadError::Io { source, .. }) if is_full(&source) => {
                fs::remove_file(partial(&path)).ok(); // it is what fills the disk
                for (_, other) in self.idle(sha256) {
                    fs::remove_file(other).ok(); // goes with age else
                }
                return Err(UploadError::Full { folder: self.folder.clone() });
            }
            outcome => outcome?,
        };
        if received < slice.total {
            return Ok(Arrived { received, complete: false });
        }
        let (sha256, path) = (sha256.to_owned(), path.clone());
        let work = tokio::task::spawn_blocking(move || completed(&path, &sha256));
        let gone = |why| failed("check", &self.folder)(io::Error::other(why));
        work.await.unwrap_or_else(|why| Err(gone(why)))?;
        Ok(Arrived { received, complete: true })
    }

    async fn append(&self, path: &Path, slice: Slice, request: &mut Request) -> Result<u64, UploadError> {
        let file = OpenOptions::new().append(true).create(true).open(path).await;
        let mut file = BufWriter::with_capacity(BUFFER, file.map_err(failed("open", path))?);
        let mut received = slice.start;
        let ended = loop {
            match request.next().await {
                Ok(None) => break Ok(()),
                Err(why) => break Err(UploadError::Body(why)),
                Ok(Some(bytes)) => {
                    let after = received.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                    if after > slice.total {
                        break Err(UploadError::Excess);
                    }
                    file.write_all(&bytes).await.map_err(failed("write", path))?;
                    received = after;
                }
            }
        };
        file.flush().await.map_err(failed("write", path))?;
        file.get_ref().sync_data().await.map_err(failed("flush", path))?;
        ended.map(|()| received)
    }

    /// Removes what nobody writes and what was last written to before `old`. Blocks.
    pub fn sweep(&self, old: SystemTime) {
        for (_, path) in self.idle("").into_iter().filter(|(written, _)| *written < old) {
            fs::remove_file(path).ok(); // the next sweep tries again
        }
    }

    /// Those that nobody writes, but for one, the oldest first.
    fn idle(&self, but: &str) -> Vec<(SystemTime, PathBuf)> {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let hash_of = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let mut idle: Vec<(SystemTime, PathBuf)> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| hash_of(path).is_none_or(|hash| hash != but && !busy.contains(&hash)))
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        idle.sort();
        idle
    }

    /// Room for one more: of those that nobody writes, the oldest go.
    fn make_room(&self, but: &str) {
        let idle = self.idle(but);
        let spare = idle.len().saturating_sub(KEPT);
        for (_, path) in idle.into_iter().take(spare) {
            fs::remove_file(path).ok(); // the next upload tries again
        }
    }

    fn turn(&self, sha256: &str) -> Result<Turn<'_>, UploadError> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if busy.len() >= AT_ONCE || !busy.insert(sha256.to_owned()) {
            return Err(UploadError::Busy);
        }
        Ok(Turn { uploads: self, sha256: sha256.to_owned() })
    }

    fn path(&self, sha256: &str) -> Result<PathBuf, UploadError> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if sha256.len() != 64 || !sha256.bytes().all(hex) {
            return Err(UploadError::Hash(sha256.chars().take(80).collect()));
        }
        Ok(self.folder.join(sha256))
    }
}

/// The right to write a file; given back on drop.
struct Turn<'a> {
    uploads: &'a Uploads,
    sha256: String,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.uploads.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.sha256);
    }
}

/// Checks the hash of a file that has all its bytes, and gives it its name.
fn completed(path: &Path, sha256: &str) -> Result<(), UploadError> {
    let partial = partial(path);
    let mut file = File::open(&partial).map_err(failed("open", &partial))?;
    let found = Algorithm::Sha256.of_reader(&mut file).map_err(failed("read", &partial))?;
    if found != sha256 {
        fs::remove_file(&partial).map_err(failed("remove", &partial))?;
        return Err(UploadError::Spoilt { found });
    }
    file.sync_all().map_err(failed("flush", &partial))?;
    fs::rename(&partial, path).map_err(failed("name", path))
}

fn partial(path: &Path) -> PathBuf {
    path.with_extension("part")
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> UploadError {
    let path = path.to_owned();
    move |source| UploadError::Io { doing, path, source }
}

/// Bytes of a kernel or a ramdisk: those of full distributions have some hundred MiB.
pub const LIMIT: u64 = 2 << 30;
/// Uploads that are kept for going on with, beside the one that is being made.
const KEPT: usize = 3;
/// Uploads at once: people do this, one at a time.
const AT_ONCE: usize = 4;
/// Held of a body that is on its way.
const BUFFER: usize = 256 * 1024;

#[cfg(test)]
mod tests;
