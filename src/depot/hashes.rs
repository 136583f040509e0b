//! Hashes of large files, computed once for as long as a file stays as it is.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::depot::cache::progress::{Doing, Progress};
use crate::depot::digest::Algorithm;

/// The hashes known so far. Its calls block: use them off the async threads.
#[derive(Debug, Default)]
pub struct Hashes {
    known: Mutex<HashMap<(PathBuf, Algorithm), (Stamp, String)>>,
    /// Held while a file is read: eight servers with one image read it once, and disks like one reader.
    reading: Mutex<()>,
}

/// What a file is known again by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds of the last change of content and of the last change at all.
    changed: [i64; 4],
}

impl Hashes {
    /// The hash of the file in hex; `None` if it changed while it was read. An error, too, once nobody wants it any more.
    pub fn of(&self, path: &Path, algorithm: Algorithm, progress: &Progress) -> io::Result<Option<String>> {
        if let Some(hash) = self.remembered(path, algorithm)? {
            return Ok(Some(hash));
        }
        let _reading = lock(&self.reading);
        if let Some(hash) = self.remembered(path, algorithm)? {
            return Ok(Some(hash));
        }
        let file = File::open(path)?;
        let before = stamp(&file)?;
        progress.begin(Doing::Hashing, before.size);
        let hash = algorithm.of_reader(&mut Watched { file, done: 0, progress })?;
        if stamp(&File::open(path)?)? != before {
            return Ok(None);
        }
        lock(&self.known).insert((path.to_owned(), algorithm), (before, hash.clone()));
        Ok(Some(hash))
    }

    fn remembered(&self, path: &Path, algorithm: Algorithm) -> io::Result<Option<String>> {
        let now = stamp(&File::open(path)?)?;
        let known = lock(&self.known);
        let fresh = known.get(&(path.to_owned(), algorithm)).filter(|(then, _)| *then == now);
        Ok(fresh.map(|(_, hash)| hash.clone()))
    }
}

/// A file that is read for as long as somebody wants it.
struct Watched<'a> {
    file: File,
    done: u64,
    progress: &'a Progress,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.progress.go_on()?;
        let count = self.file.read(buffer)?;
        self.done = self.done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.progress.reach(self.done);
        Ok(count)
    }
}

fn stamp(file: &File) -> io::Result<Stamp> {
    let facts = file.metadata()?;
    let changed = [facts.mtime(), facts.mtime_nsec(), facts.ctime(), facts.ctime_nsec()];
    Ok(Stamp { device: facts.dev(), inode: facts.ino(), size: facts.len(), changed })
}

/// A lock whose holder panicked still guards whole values: each is put in by one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_remembered_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.img");
        let (hashes, progress) = (Hashes::default(), Progress::default());
        std::fs::write(&path, b"abc").unwrap();
        let first = hashes.of(&path, Algorithm::Sha256, &progress).unwrap().unwrap();
        assert_eq!(first, crate::depot::digest::sha256(b"abc"));
        lock(&hashes.known).values_mut().for_each(|(_, hash)| *hash = "remembered".into());
        assert_eq!(hashes.of(&path, Algorithm::Sha256, &progress).unwrap().unwrap(), "remembered");
        std::fs::write(&path, b"abcd").unwrap();
        let second = hashes.of(&path, Algorithm::Sha256, &progress).unwrap().unwrap();
        assert_eq!(second, crate::depot::digest::sha256(b"abcd"));
        assert_eq!(lock(&hashes.known).len(), 1);
        assert_eq!(progress.bytes(), (4, 4));
        progress.stop();
        std::fs::write(&path, b"abcde").unwrap();
        assert!(hashes.of(&path, Algorithm::Sha256, &progress).is_err(), "nobody wants it");
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let error = Hashes::default()
            .of(Path::new("/nowhere/a.img"), Algorithm::Md5, &Progress::default())
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
