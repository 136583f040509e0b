//! What the cache may take.

use std::time::Duration;

/// Limits of the cache, as the site sets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes on disk in all, unpacked images and downloads under way included. Work that was not told how long it will be
    /// pushes others out only while it has no more than half of them.
    pub size: u64,
    /// What nobody has used for so long goes.
    pub ttl: Duration,
    /// Downloads at once; more wait.
    pub downloads: usize,
    /// The longest wait for the next bytes of a server.
    pub silence: Duration,
    /// Bytes of the file system that are left to others.
    pub floor: Floor,
    /// MD5 is good enough to check an image (`[agent] allow_md5_checksum`).
    pub md5: bool,
    /// A checksum may be the address of a file with checksums (`[conductor] disable_support_for_checksum_files`).
    pub checksum_files: bool,
}

/// Bytes of the file system that are left to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// A twentieth of the file system, 1 GiB at most.
    Twentieth,
    Bytes(u64),
}

impl Floor {
    /// In bytes, on a file system of `total` bytes.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Twentieth => (total / 20).min(1 << 30),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Default for Limits {
    /// The reference's sizes.
    fn default() -> Self {
        Self {
            size: 20 << 30,
            ttl: Duration::from_hours(7 * 24),
            downloads: 8,
            silence: Duration::from_mins(1),
            floor: Floor::Twentieth,
            md5: true,
            checksum_files: true,
        }
    }
}
