//! Bytes that can be read at any place: what is given out without being a file of its own.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Content of a known size that stays as it is while it is given out.
pub trait Source: Send + Sync + fmt::Debug {
    /// Bytes.
    fn size(&self) -> u64;

    /// Tells one content from another: hex digits, dots and hyphens, without quotes. The same content has the same
    /// tag after a restart.
    fn tag(&self) -> String;

    /// Fills `bytes` with what is at `offset`. Blocks.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;
}

/// A stretch of a source.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub source: Arc<dyn Source>,
    pub start: u64,
    /// Bytes.
    pub length: u64,
}

/// Bytes in memory.
#[derive(Debug)]
pub struct Bytes {
    pub bytes: Vec<u8>,
    pub tag: String,
}

impl Source for Bytes {
    fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    fn tag(&self) -> String {
        self.tag.clone()
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let held = start.checked_add(bytes.len()).and_then(|end| self.bytes.get(start..end));
        bytes.copy_from_slice(held.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// An open file of which only the content is of interest.
#[derive(Debug)]
pub(super) struct Opened(pub(super) Arc<File>);

impl Source for Opened {
    fn size(&self) -> u64 {
        self.0.metadata().map_or(0, |meta| meta.len())
    }

    fn tag(&self) -> String {
        String::new()
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(&*self.0, bytes, offset)
    }
}
