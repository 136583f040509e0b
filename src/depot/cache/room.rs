//! Room that was promised to one piece of work.

use std::io;
use std::sync::Arc;

use crate::depot::cache::error::CacheError;
use crate::depot::cache::index::Index;

/// A promise of bytes, given back on drop.
#[derive(Debug)]
pub(in crate::depot) struct Room {
    index: Arc<Index>,
    what: String,
    promised: u64,
    /// Bytes of it that were not told beforehand.
    untold: u64,
    looked: u64,
}

impl Room {
    /// Promises `bytes` to work on `what`, if quota and disk have room for them: as many as it is told to need, which
    /// are none where nobody knows.
    pub(in crate::depot) fn of(index: &Arc<Index>, what: &str, bytes: u64) -> Result<Self, CacheError> {
        index.could_write(what, bytes)?;
        index.promise(what, bytes)?;
        let room =
            Self { index: Arc::clone(index), what: what.to_owned(), promised: bytes, untold: 0, looked: 0 };
        room.index.check_disk(what, bytes)?;
        Ok(room)
    }

    /// Called before `total` bytes in all are written: the promise grows with them, as far as that is allowed to what was
    /// not told, and the disk is looked at now and then, since others write to it too.
    pub(in crate::depot) fn cover(&mut self, total: u64) -> Result<(), CacheError> {
        if total > self.promised {
            let more = (total - self.promised).max(GROWTH);
            let more = self.index.grow(&self.what, more).map(|()| more);
            // Near the quota the last bytes count.
            let more = more.or_else(|_| {
                let exact = total - self.promised;
                self.index.grow(&self.what, exact).map(|()| exact)
            })?;
            self.promised = self.promised.saturating_add(more);
            self.untold = self.untold.saturating_add(more);
        }
        if total >= self.looked.saturating_add(GROWTH) {
            self.looked = total;
            if self.untold > 0 {
                self.index.check_growth(&self.what)?;
            } else {
                self.index.check_disk(&self.what, 0)?;
            }
        }
        Ok(())
    }

    /// What a failed write comes to.
    pub(in crate::depot) fn write_error(&self, path: &std::path::Path, source: io::Error) -> CacheError {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return self.index.full(&self.what);
        }
        CacheError::Io { doing: "write", path: path.to_owned(), source }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.index.release(self.promised, self.untold);
    }
}

/// Bytes by which a promise grows, and after which the disk is looked at again.
const GROWTH: u64 = 8 << 20;
