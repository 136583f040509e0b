//! Writes an ISO 9660 image (ECMA-119) with Rock Ridge and Joliet names, for config drives.
//!
//! Two trees name the same content: the primary one with upper-case identifiers and Rock Ridge entries for the real
//! names (what Linux reads), and the Joliet one (what others read). The same input gives the same bytes.
//!
//! ```text
//! 0 .. 15  16   17      18   19 ..        then                then
//! zeros    PVD  Joliet  end  path tables  folders of both     content, equal files once
//! ```

use std::collections::HashMap;

use crate::base::moment::Moment;
use crate::depot::iso9660::tree::{Branch, Tree};
use crate::depot::iso9660::volume::{Tables, Volume};

pub mod record;
pub mod tree;
pub mod volume;

/// Why files cannot be put into an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IsoError {
    #[error("volume label {0:?} is not 1 to 16 printable ASCII characters")]
    Label(String),
    #[error("path {0:?} has a part that is not 1 to 64 characters of the portable kind, or is . or ..")]
    Name(String),
    #[error("path {0:?} has more than 7 parts or 200 characters")]
    Deep(String),
    #[error("path {0:?} is there twice, or as a file and as a folder")]
    Twice(String),
    #[error("the files do not fit into an image")]
    TooLarge,
}

/// The image of a volume with `files` (path with `/`, content), all dated `at`.
pub fn write(volume_label: &str, files: &[(&str, &[u8])], at: Moment) -> Result<Vec<u8>, IsoError> {
    let is_label =
        (1..=16).contains(&volume_label.len()) && volume_label.bytes().all(|b| (b' '..=b'~').contains(&b));
    if !is_label {
        return Err(IsoError::Label(volume_label.chars().take(80).collect()));
    }
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let branch = Branch::of(&paths)?;
    let mut trees = Flavor::BOTH.map(|flavor| Tree::of(&branch, flavor));
    let mut sectors = Allotter { next: FIRST_FREE };
    let tables = place_tables(&trees, &mut sectors)?;
    for tree in &mut trees {
        tree.place(&mut sectors)?;
    }
    let contents = Contents::place(files, &mut sectors)?;
    let volume = Volume { label: volume_label, at, sectors: sectors.next };
    let mut out = vec![0; SECTOR * 16];
    for (tree, tables) in trees.iter().zip(&tables) {
        volume.descriptor(tree, tables, &mut out);
    }
    volume.end(&mut out);
    for tree in &trees {
        tree.path_tables().iter().for_each(|table| put_padded(table, &mut out));
    }
    for tree in &trees {
        tree.folders(&contents.extents, at, &mut out);
    }
    contents.unique.iter().for_each(|bytes| put_padded(bytes, &mut out));
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
    fn take(&mut self, bytes: usize) -> Result<Extent, IsoError> {
        let sector = self.next;
        let count = u32::try_from(bytes.div_ceil(SECTOR)).map_err(|_| IsoError::TooLarge)?;
        self.next = sector.checked_add(count).ok_or(IsoError::TooLarge)?;
        Ok(Extent { sector, bytes: u32::try_from(bytes).map_err(|_| IsoError::TooLarge)? })
    }
}

fn place_tables(trees: &[Tree; 2], sectors: &mut Allotter) -> Result<Vec<Tables>, IsoError> {
    trees
        .iter()
        .map(|tree| {
            let bytes = tree.path_table_size();
            Ok(Tables { little: sectors.take(bytes)?, big: sectors.take(bytes)? })
        })
        .collect()
}

/// The files' content, equal ones stored once.
struct Contents<'a> {
    /// Where each file's content is, by the file's place in the input.
    extents: Vec<Extent>,
    unique: Vec<&'a [u8]>,
}

impl<'a> Contents<'a> {
    fn place(files: &[(&str, &'a [u8])], sectors: &mut Allotter) -> Result<Self, IsoError> {
        let mut placed: HashMap<&[u8], Extent> = HashMap::new();
        let mut contents = Self { extents: Vec::new(), unique: Vec::new() };
        for (_, bytes) in files {
            let extent = if let Some(extent) = placed.get(bytes) {
                *extent
            } else {
                contents.unique.push(bytes);
                sectors.take(bytes.len())?
            };
            placed.insert(bytes, extent);
            contents.extents.push(extent);
        }
        Ok(contents)
    }
}

fn put_padded(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(SECTOR), 0);
}

/// Bytes of a sector, and of a logical block here.
pub const SECTOR: usize = 2048;
/// After the system area, two descriptors and their end.
const FIRST_FREE: u32 = 19;

#[cfg(test)]
mod tests;
