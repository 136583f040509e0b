//! Payloads kept as files named by their SHA-256, for what is too large for a transaction.
//!
//! A file under its final name is whole and flushed: it is written under a passing name, flushed, renamed, and the
//! folder is flushed too. So a record may name it once `put` has returned. What no record names is swept at open.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::depot::digest;

/// A folder of hashed files. Its calls block: use them off the async threads.
#[derive(Debug)]
pub struct Blobs {
    root: PathBuf,
    passing: AtomicU64,
}

/// Why a payload could not be kept or brought back.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("{0:?} is not the name of a hashed file")]
    Name(String),
    #[error("hashed file {0} is missing")]
    Missing(String),
    #[error("hashed file {0} is damaged: its content has another hash")]
    Damaged(String),
    #[error("a payload of {size} bytes is over the limit of {limit} bytes")]
    TooLarge { size: u64, limit: u64 },
    #[error("cannot {doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl Blobs {
    /// Uses the folder `root`, made with mode 0700 if it is not there.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, BlobError> {
        let root = root.into();
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&root);
        made.map_err(failed("make the folder", &root))?;
        Ok(Self { root, passing: AtomicU64::new(0) })
    }

    /// Keeps `bytes` (at most [`LIMIT`]) on disk and returns their name: 64 hex digits.
    pub fn put(&self, bytes: &[u8]) -> Result<String, BlobError> {
        within_limit(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let name = digest::sha256(bytes);
        let path = self.root.join(&name);
        if !holds(&path, bytes) {
            let turn = self.passing.fetch_add(1, Ordering::Relaxed);
            let passing = self.root.join(format!("{name}.{}.{turn}", std::process::id()));
            let written = write_flushed(&passing, bytes).and_then(|()| fs::rename(&passing, &path));
            if let Err(source) = written {
                fs::remove_file(&passing).ok(); // what is left is swept at open
                return Err(BlobError::Io { doing: "write", path, source });
            }
        }
        flush_folder(&self.root).map_err(failed("flush the folder", &self.root))?;
        Ok(name)
    }

    /// The payload of that name, checked against it.
    pub fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let path = self.path(name)?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BlobError::Missing(name.to_owned()));
            }
            Err(source) => return Err(BlobError::Io { doing: "open", path, source }),
        };
        let mut bytes = Vec::new();
        file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed("read", &path))?;
        if digest::sha256(&bytes) == name { Ok(bytes) } else { Err(BlobError::Damaged(name.to_owned())) }
    }

    /// Removes the file of that name; none is good too.
    pub fn remove(&self, name: &str) -> Result<(), BlobError> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path)(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The names of all files, each with the moment of its last change.
    pub fn list(&self) -> Result<Vec<(String, SystemTime)>, BlobError> {
        let listed = fs::read_dir(&self.root).map_err(failed("list", &self.root))?;
        let known = |entry: fs::DirEntry| {
            Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?.modified().ok()?))
        };
        Ok(listed.flatten().filter_map(known).filter(|(name, _)| self.path(name).is_ok()).collect())
    }

    /// Removes every file whose name is not in `keep`, half-written ones included; returns how many went.
    /// For the opening only: a payload being put at the same time could be lost.
    pub fn sweep(&self, keep: &HashSet<String>) -> Result<usize, BlobError> {
        let mut gone = 0;
        for entry in fs::read_dir(&self.root).map_err(failed("list", &self.root))? {
            let entry = entry.map_err(failed("list", &self.root))?;
            let kept = entry.file_name().to_str().is_some_and(|name| keep.contains(name));
            if !kept && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                fs::remove_file(entry.path()).map_err(failed("remove", &entry.path()))?;
                gone += 1;
            }
        }
        Ok(gone)
    }

    /// Where the file of that name is; a name that is not 64 lower-case hex digits is refused.
    pub fn path(&self, name: &str) -> Result<PathBuf, BlobError> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if name.len() != 64 || !name.bytes().all(hex) {
            return Err(BlobError::Name(name.chars().take(80).collect()));
        }
        Ok(self.root.join(name))
    }
}

fn within_limit(size: u64) -> Result<(), BlobError> {
    if size > LIMIT { Err(BlobError::TooLarge { size, limit: LIMIT }) } else { Ok(()) }
}

/// Whether the file is already there with this very content (a damaged one is written again).
fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).is_ok_and(|there| there == bytes)
}

fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn flush_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    let path = path.to_owned();
    move |source| BlobError::Io { doing, path, source }
}

/// Largest payload in bytes: a config drive of 64 MiB that does not shrink, as base64 text.
pub const LIMIT: u64 = 96 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path().join("blobs")).unwrap();
        (dir, blobs)
    }

    #[test]
    fn what_is_put_comes_back_under_its_hash() {
        let (_dir, blobs) = blobs();
        let name = blobs.put(b"abc").unwrap();
        assert_eq!(name, digest::sha256(b"abc"));
        assert_eq!(blobs.put(b"abc").unwrap(), name);
        assert_eq!(blobs.get(&name).unwrap(), b"abc");
        assert_eq!(fs::read_dir(&blobs.root).unwrap().count(), 1);
    }

    #[test]
    fn names_that_are_no_hash_are_refused() {
        let (_dir, blobs) = blobs();
        for name in ["", "..", "../../etc/passwd", &"A".repeat(64), &"/".repeat(64)] {
            assert!(matches!(blobs.get(name), Err(BlobError::Name(_))), "{name}");
        }
        assert!(matches!(blobs.get(&"0".repeat(64)), Err(BlobError::Missing(_))));
    }

    #[test]
    fn a_damaged_file_is_told_and_healed_by_the_next_put() {
        let (_dir, blobs) = blobs();
        let name = blobs.put(b"abc").unwrap();
        fs::write(blobs.path(&name).unwrap(), b"abd").unwrap();
        assert!(matches!(blobs.get(&name), Err(BlobError::Damaged(_))));
        blobs.put(b"abc").unwrap();
        assert_eq!(blobs.get(&name).unwrap(), b"abc");
    }

    #[test]
    fn the_sweep_keeps_what_is_named_and_removes_the_rest() {
        let (_dir, blobs) = blobs();
        let (kept, lost) = (blobs.put(b"kept").unwrap(), blobs.put(b"lost").unwrap());
        fs::write(blobs.root.join(format!("{kept}.1.0")), b"half").unwrap();
        assert_eq!(blobs.sweep(&HashSet::from([kept.clone()])).unwrap(), 2);
        assert_eq!(blobs.get(&kept).unwrap(), b"kept");
        assert!(matches!(blobs.get(&lost), Err(BlobError::Missing(_))));
    }

    #[test]
    fn the_folder_and_files_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, blobs) = blobs();
        let path = blobs.path(&blobs.put(b"abc").unwrap()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&blobs.root), mode(&path)), (0o700, 0o600));
    }
}
