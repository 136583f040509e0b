//! A file as it is.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use crate::net::source::Source;

/// An open file that nobody writes to.
#[derive(Debug)]
pub struct Disk {
    file: File,
    size: u64,
    tag: String,
}

impl Disk {
    /// Opens the file. Blocks.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let (size, inode) = (facts.size(), facts.ino());
        let tag = format!("{size:x}-{:x}.{:x}-{inode:x}", facts.mtime(), facts.mtime_nsec());
        Ok(Self { file, size, tag })
    }
}

impl Source for Disk {
    fn size(&self) -> u64 {
        self.size
    }

    fn tag(&self) -> String {
        self.tag.clone()
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }
}
