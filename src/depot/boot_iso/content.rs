//! Content of a medium: bytes in memory, or a file that is read through.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::base::moment::Moment;
use crate::depot::boot_iso::loaders::Esp;
use crate::depot::boot_iso::{BootIsoError, open};

/// What stands in one extent.
#[derive(Debug, Clone)]
pub enum Content {
    Memory(Arc<[u8]>),
    File(Arc<Opened>),
    /// Shared by all media.
    Esp(Esp),
}

/// A file as it was when it was opened.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    file: File,
    state: State,
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Bytes.
    size: u64,
    /// Seconds and nanoseconds since 1970.
    written: (i64, i64),
    inode: u64,
}

impl Content {
    pub fn memory(bytes: &[u8]) -> Self {
        Self::Memory(Arc::from(bytes))
    }

    /// The regular file at `path`, shorter than 4 GiB.
    pub fn open(path: &Path) -> Result<Self, BootIsoError> {
        let file = open(path)?;
        let meta = file.metadata().map_err(|source| BootIsoError::Open { path: path.to_owned(), source })?;
        if !meta.is_file() {
            return Err(BootIsoError::Kind { path: path.to_owned() });
        }
        if u32::try_from(meta.len()).is_err() {
            return Err(BootIsoError::Large { path: path.to_owned(), size: meta.len() });
        }
        Ok(Self::File(Arc::new(Opened { path: path.to_owned(), file, state: State::of(&meta) })))
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::File(opened) => opened.state.size,
            Self::Esp(esp) => esp.size(),
        }
    }

    /// When a file was last written to.
    pub fn written(&self) -> Option<Moment> {
        let Self::File(opened) = self else { return None };
        let (seconds, nanos) = opened.state.written;
        Some(Moment(seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000)))
    }

    /// Adds what tells this content from another: bytes in memory as they are, files by their state.
    pub fn identify(&self, hash: &mut Sha256) {
        match self {
            Self::Memory(bytes) => hash.update(bytes),
            Self::Esp(esp) => hash.update(esp.digest()),
            Self::File(opened) => {
                let state = opened.state;
                hash.update(state.size.to_le_bytes());
                hash.update(state.written.0.to_le_bytes());
                hash.update(state.written.1.to_le_bytes());
                hash.update(state.inode.to_le_bytes());
            }
        }
    }

    /// Fills `bytes` with what is at `offset`. Blocks.
    pub fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Memory(held) => copy_at(held, bytes, offset),
            Self::Esp(esp) => copy_at(esp.bytes(), bytes, offset),
            Self::File(opened) => opened.read_exact_at(bytes, offset),
        }
    }
}

impl Opened {
    /// A file that was written to since would give half of one content and half of another.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)?;
        if State::of(&self.file.metadata()?) == self.state {
            return Ok(());
        }
        let path = self.path.display();
        Err(io::Error::other(format!("{path} was written to while a boot medium made from it was in use")))
    }
}

impl State {
    fn of(meta: &Metadata) -> Self {
        Self { size: meta.len(), written: (meta.mtime(), meta.mtime_nsec()), inode: meta.ino() }
    }
}

fn copy_at(held: &[u8], bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    let part = start.checked_add(bytes.len()).and_then(|end| held.get(start..end));
    bytes.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
    Ok(())
}
