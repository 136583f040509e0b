//! Room on the disk: a reserve file is given up when the disk is full, so that outcomes still fit.
//!
//! Asks are refused from then on; when there is room again, the reserve is taken back first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::statvfs;

use crate::base::size;
use crate::store::disk::dir;
use crate::store::error::StoreError;

/// The state of the disk under the data directory.
#[derive(Debug)]
pub struct Space {
    reserve: PathBuf,
    /// Bytes of the reserve.
    size: u64,
    /// The disk counts as full below this.
    slack: u64,
    /// Free bytes at the last look.
    seen: u64,
    held: bool,
    /// The last look found little room.
    near: bool,
    batches: u32,
}

impl Space {
    /// Takes the reserve, if there is room for it.
    pub fn open(dir: &Path, size: u64, free: Option<u64>) -> Self {
        let reserve = dir.join(FILE);
        let total = statvfs(dir).map_or(u64::MAX, |stat| stat.blocks().saturating_mul(stat.fragment_size()));
        let (wanted, (size, slack)) = (size, fitting(size, total));
        let held = fs::metadata(&reserve).is_ok_and(|meta| meta.len() >= size);
        let mut space = Self { reserve, size, slack, seen: 0, held, near: true, batches: 0 };
        space.look(free);
        if size < wanted || space.is_full() {
            tracing::warn!(
                place = %dir.display(), file_system = size::human(total), free = size::human(space.seen),
                reserve = size::human(size), usual = size::human(wanted), full = space.is_full(),
                "little room for the data directory",
            );
        }
        space
    }

    /// The refusal of an ask on a full disk, in numbers.
    pub fn full(&self, place: &Path) -> StoreError {
        StoreError::full_by(place, self.seen, self.needed())
    }

    /// Free bytes from which on the reserve is taken back.
    fn needed(&self) -> u64 {
        self.size.saturating_add(self.slack.saturating_mul(2))
    }

    /// Whether only outcomes may be written.
    pub fn is_full(&self) -> bool {
        !self.held && self.size > 0
    }

    /// Called before each batch; looks at the disk if it was rather full, and now and then if it was not.
    pub fn glance(&mut self, free: Option<u64>) {
        self.batches += 1;
        if self.batches >= EVERY || self.near || free.is_some() {
            self.look(free);
        }
    }

    /// Looks at the disk: gives the reserve up or takes it back. `free` stands in for the disk's answer.
    pub fn look(&mut self, free: Option<u64>) {
        self.batches = 0;
        if self.size == 0 {
            return;
        }
        let Some(free) = free.or_else(|| self.free()) else { return };
        (self.near, self.seen) = (free < NEAR, free);
        if self.held && free < self.slack {
            self.give_up();
        } else if !self.held && free >= self.needed() {
            self.take();
        }
    }

    /// Gives the reserve up: there was no room for a commit.
    pub fn give_up(&mut self) {
        if !self.held {
            return;
        }
        self.held = false;
        match fs::remove_file(&self.reserve) {
            Ok(()) => {
                tracing::error!(reserve = %self.reserve.display(), "disk full: reserve given up, asks are refused");
            }
            Err(error) => tracing::error!(%error, "disk full and the reserve cannot be given up"),
        }
    }

    fn take(&mut self) {
        match self.fill() {
            Ok(()) => self.held = true,
            Err(error) => {
                tracing::warn!(error = %error.chain(), "no room for the reserve: asks are refused");
                // It may not exist; what matters is that it takes no space.
                fs::remove_file(&self.reserve).ok();
            }
        }
    }

    fn fill(&self) -> Result<(), StoreError> {
        let fail = |error| StoreError::io("taking the reserve", &self.reserve, error);
        let file: File = dir::private_file(&self.reserve).map_err(fail)?;
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        posix_fallocate(&file, 0, size).map_err(|error| fail(error.into()))
    }

    /// Bytes that the daemon may still write.
    fn free(&self) -> Option<u64> {
        let stat = statvfs(self.reserve.parent()?).ok()?;
        Some(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}

/// The reserve and the slack on a file system of `total` bytes: an eighth of it for the one at most, and in the same
/// proportion for the other.
fn fitting(reserve: u64, total: u64) -> (u64, u64) {
    let most = (total / SHARE).max(LEAST);
    (reserve.min(most), SLACK.min(most / PART))
}

/// Part of a small file system that the reserve may take: seven of eight stay for records.
const SHARE: u64 = 8;

/// The reserve is not cut below this: some hundred outcomes.
const LEAST: u64 = 4 << 20;

/// Reserve over slack.
const PART: u64 = RESERVE / SLACK;

/// Bytes of the reserve (style corner 13): some thousand outcomes.
pub const RESERVE: u64 = 64 << 20;

/// The disk counts as full below this: more than one batch of commits can write between two looks.
const SLACK: u64 = 16 << 20;

/// Below this every batch looks, since a download can take it within a second.
const NEAR: u64 = 1 << 30;

/// Batches between two looks above `NEAR`.
const EVERY: u32 = 64;

const FILE: &str = "reserve";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_system_has_a_small_reserve() {
        let mib = |count: u64| count << 20;
        assert_eq!(fitting(RESERVE, mib(4096)), (RESERVE, SLACK));
        assert_eq!(fitting(RESERVE, mib(88)), (mib(11), mib(11) / 4));
        assert_eq!(fitting(RESERVE, mib(10)), (mib(4), mib(1)));
        assert_eq!(fitting(0, mib(88)).0, 0);
        let (reserve, slack) = fitting(RESERVE, mib(88));
        assert!(reserve + 2 * slack < mib(88) / 4, "an empty small disk is not full");
    }
}
