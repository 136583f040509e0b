//! What an image is by its content, whatever its name or its owner says.
//!
//! - `probe`: the kinds told apart by their first bytes; [`table`]: partition tables; [`qcow2`]: its header
//! - [`permit`]: which kinds a site takes, and whether the owner's word fits

use std::fmt;
use std::io;

use crate::net::source::Source;

pub mod permit;
mod probe;
pub mod qcow2;
pub mod table;

#[cfg(test)]
mod tests;

/// The kind of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Nothing that is known: bytes as they are written to the disk.
    Raw,
    /// A disk with a partition table in its master boot record.
    Mbr,
    /// A disk with a GUID partition table.
    Gpt,
    Qcow2,
    Iso,
    Gzip,
    Xz,
    Zstd,
}

impl Format {
    /// The reference's word for it (`permitted_image_formats`): disks with either partition table are `gpt` there.
    pub fn word(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Mbr | Self::Gpt => "gpt",
            Self::Qcow2 => "qcow2",
            Self::Iso => "iso",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    /// Whether another image is inside.
    pub fn is_packed(self) -> bool {
        match self {
            Self::Gzip | Self::Xz | Self::Zstd => true,
            Self::Raw | Self::Mbr | Self::Gpt | Self::Qcow2 | Self::Iso => false,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why an image is not given out.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    #[error("it is a {0} image, which is not supported: convert it to qcow2 or raw")]
    Foreign(&'static str),
    #[error("its bytes are those of {0} and of {1} at once")]
    Ambiguous(&'static str, &'static str),
    #[error(
        "it is a qcow2 image with {0}, which is not allowed: convert it with qemu-img to one that stands alone"
    )]
    Dependent(&'static str),
    #[error("it is a qcow2 image that cannot be right: {0}")]
    Qcow2(&'static str),
    #[error("it is a qcow2 image with features that are not known here (bits {0:#x})")]
    Features(u64),
    #[error("it has a protective master boot record but no GUID partition table")]
    Unprotected,
    #[error("it is {found}, and {permitted} are permitted (conductor.permitted_image_formats)")]
    NotPermitted { found: Format, permitted: String },
    #[error("it is {found}, but instance_info.image_disk_format says {declared}")]
    Lying { found: Format, declared: String },
    #[error("{found} inside of {outer}: an image is packed once at the most")]
    Nested { found: Format, outer: Format },
    #[error("it cannot be read")]
    Io(#[source] io::Error),
}

/// Looks at an image and refuses what is unsafe to read or to write to a disk. Blocks.
pub fn inspect(source: &dyn Source) -> Result<Format, FormatError> {
    let start = head(source, probe::HEAD).map_err(FormatError::Io)?;
    let found = probe::all(&start)?;
    match found {
        Format::Qcow2 => {
            qcow2::Header::parse(&start).and_then(|header| header.check(source.size())).map(|()| found)
        }
        Format::Gpt if !table::has_gpt(&start) => Err(FormatError::Unprotected),
        Format::Raw | Format::Mbr | Format::Gpt | Format::Iso | Format::Gzip | Format::Xz | Format::Zstd => {
            Ok(found)
        }
    }
}

/// The first bytes, as many as there are.
pub(in crate::depot) fn head(source: &dyn Source, most: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(source.size()).unwrap_or(usize::MAX).min(most);
    let mut start = vec![0; length];
    source.read_exact_at(&mut start, 0)?;
    Ok(start)
}
