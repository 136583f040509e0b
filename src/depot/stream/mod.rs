//! Images as one raw stream of bytes, whatever they are packed in.
//!
//! - [`disk`]: a file as it is; [`qcow2`]: a view that looks up each cluster when it is read
//! - [`unpack`]: gzip, xz and zstd from begin to end; [`spill`]: unpacked once, into a file with holes
//! - [`passage`]: unpacked while it is read, for images that no disk here has room for

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::base::size::human;
use crate::depot::cache::progress::Progress;
use crate::depot::format::{self, Format, FormatError};
use crate::depot::stream::disk::Disk;
use crate::depot::stream::passage::Passage;
use crate::depot::stream::qcow2::Qcow2;
use crate::net::source::Source;

pub mod disk;
pub mod passage;
pub mod qcow2;
mod recent;
pub mod spill;
pub mod unpack;

#[cfg(test)]
mod tests;

/// Any image as its raw bytes.
#[derive(Debug)]
pub struct RawImage;

/// Why an image cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    #[error(
        "it holds more than {}, which is the largest image that is taken of a file of its size (image_cache.largest, and \
         a thousand times the file from 64 GiB on)",
        human(*limit)
    )]
    TooLarge { limit: u64 },
    #[error(
        "a packed qcow2 image is only taken where there is room to unpack it: raise pxe.image_cache_size"
    )]
    Unseekable,
}

impl RawImage {
    /// The raw bytes of the image at `path`, by its content. Blocks; what is packed is unpacked once to its end, since
    /// nothing else tells how much is in it.
    ///
    /// Memory does not grow with the image: see [`qcow2`] and [`passage`] for what each takes.
    pub fn open(path: &Path) -> Result<Arc<dyn Source>, StreamError> {
        let disk = Arc::new(Disk::open(path)?);
        let format = format::inspect(&*disk)?;
        if format.is_packed() {
            let size = unpack::measure(disk.clone(), format, u64::MAX, &Progress::default())?;
            return Ok(Arc::new(Passage::new(disk, format, size)));
        }
        Self::of(disk, format)
    }

    /// The raw bytes of an image that is not packed.
    pub(in crate::depot) fn of(disk: Arc<Disk>, format: Format) -> Result<Arc<dyn Source>, StreamError> {
        match format {
            Format::Qcow2 => Ok(Arc::new(Qcow2::open(disk)?)),
            Format::Raw
            | Format::Mbr
            | Format::Gpt
            | Format::Iso
            | Format::Gzip
            | Format::Xz
            | Format::Zstd => Ok(disk),
        }
    }
}
