//! Writes an ISO 9660 image (ECMA-119) with Rock Ridge and Joliet names: config drives as a whole, boot media as a
//! layout whose content is read through.
//!
//! Two trees name the same content: the primary one with upper-case identifiers and Rock Ridge entries for the real
//! names (what Linux reads), and the Joliet one (what others read). The same input gives the same bytes.
//!
//! ```text
//! 0 .. 15  16   17           then         then         then         then
//! zeros    PVD  boot record  Joliet, end  boot         path tables  content
//!               if it boots               catalogue    and folders
//! ```

use std::collections::HashMap;

use crate::base::moment::Moment;
use crate::depot::iso9660::layout::{Title, lay_out};

pub mod el_torito;
pub mod layout;
pub mod read;
pub mod record;
pub mod tree;
pub mod volume;

/// Why files cannot be put into an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IsoError {
    #[error("volume label {0:?} is not 1 to 16 printable ASCII characters")]
    Label(String),
    #[error("publisher {0:?} is longer than 64 characters or not printable ASCII")]
    Publisher(String),
    #[error("path {0:?} has a part that is not 1 to 64 characters of the portable kind, or is . or ..")]
    Name(String),
    #[error("path {0:?} has more than 7 parts or 200 characters")]
    Deep(String),
    #[error("path {0:?} is there twice, or as a file and as a folder")]
    Twice(String),
    #[error("the files do not fit into an image: each is shorter than 4 GiB, all together than 8 TiB")]
    TooLarge,
}

/// The image of a volume with `files` (path with `/`, content), all dated `at`. Equal files are stored once.
pub fn write(volume_label: &str, files: &[(&str, &[u8])], at: Moment) -> Result<Vec<u8>, IsoError> {
    let mut contents: Vec<&[u8]> = Vec::new();
    let mut known: HashMap<&[u8], usize> = HashMap::new();
    let mut named = Vec::new();
    for (path, bytes) in files {
        let index = *known.entry(bytes).or_insert_with(|| {
            contents.push(bytes);
            contents.len() - 1
        });
        named.push((*path, index));
    }
    let sizes: Vec<u64> =
        contents.iter().map(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX)).collect();
    let title = Title { label: volume_label, publisher: MAKER, at };
    let mut out = lay_out(&title, &named, &sizes, None)?.head;
    for bytes in contents {
        put_padded(bytes, &mut out);
    }
    Ok(out)
}

/// Which of the two trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// ECMA-119 identifiers, with Rock Ridge entries.
    Primary,
    /// UCS-2 identifiers.
    Joliet,
}

impl Flavor {
    const BOTH: [Self; 2] = [Self::Primary, Self::Joliet];
}

/// A run of bytes from the start of a sector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    pub sector: u32,
    pub bytes: u32,
}

/// Gives out sectors from the front.
#[derive(Debug)]
pub struct Allotter {
    next: u32,
}

impl Allotter {
    /// Takes as many sectors as `bytes` need.
    fn take(&mut self, bytes: u64) -> Result<Extent, IsoError> {
        let sector = self.next;
        let bytes = u32::try_from(bytes).map_err(|_| IsoError::TooLarge)?;
        self.next = sector.checked_add(bytes.div_ceil(BLOCK)).ok_or(IsoError::TooLarge)?;
        Ok(Extent { sector, bytes })
    }
}

fn put_padded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(SECTOR), 0);
}

/// Bytes of a sector, and of a logical block here.
pub const SECTOR: usize = 2048;
const BLOCK: u32 = 2048;
/// Who made the image, as its descriptors say.
const MAKER: &str = "FERRIC";

#[cfg(test)]
mod tests;
