//! Where everything of an image is, before its content is there: descriptors, tables and folders as bytes, and the
//! sectors of each content.

use crate::base::moment::Moment;
use crate::depot::iso9660::el_torito::Boot;
use crate::depot::iso9660::tree::{Branch, Tree};
use crate::depot::iso9660::volume::{Tables, Volume};
use crate::depot::iso9660::{Allotter, Extent, Flavor, IsoError, SECTOR, put_padded};

/// What an image says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Title<'a> {
    pub label: &'a str,
    pub publisher: &'a str,
    /// Dates all files.
    pub at: Moment,
}

/// An image without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// All before the first content.
    pub head: Vec<u8>,
    /// Where each content goes, padded with zeros to the end of its last sector.
    pub extents: Vec<Extent>,
    /// Sectors of the whole image.
    pub sectors: u32,
}

/// Lays out `files` (path with `/`, place of its content) over contents of these sizes in bytes, in this order. A
/// content without a path has its sectors all the same. `boot` makes the image one that firmware starts.
pub fn lay_out(
    title: &Title<'_>,
    files: &[(&str, usize)],
    sizes: &[u64],
    boot: Option<&Boot>,
) -> Result<Layout, IsoError> {
    title.check()?;
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let branch = Branch::of(&paths)?;
    let mut trees = Flavor::BOTH.map(|flavor| Tree::of(&branch, flavor));
    let mut sectors = Allotter { next: if boot.is_some() { FREE_AFTER_BOOT } else { FREE } };
    let tables = place_tables(&trees, &mut sectors)?;
    for tree in &mut trees {
        tree.place(&mut sectors)?;
    }
    let extents: Vec<Extent> = sizes.iter().map(|size| sectors.take(*size)).collect::<Result<_, _>>()?;
    let volume = Volume { title: *title, sectors: sectors.next };
    let mut head = descriptors(&volume, &trees, &tables, boot.map(|boot| boot.emit(&extents, CATALOGUE)));
    for tree in &trees {
        for table in tree.path_tables() {
            put_padded(&table, &mut head);
        }
    }
    let of_file = |(_, index): &(&str, usize)| extents.get(*index).copied().unwrap_or_default();
    let by_file: Vec<Extent> = files.iter().map(of_file).collect();
    for tree in &trees {
        tree.folders(&by_file, title.at, &mut head);
    }
    Ok(Layout { head, extents, sectors: sectors.next })
}

impl Title<'_> {
    fn check(&self) -> Result<(), IsoError> {
        let is_plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_plain(self.label) || !(1..=16).contains(&self.label.len()) {
            return Err(IsoError::Label(self.label.chars().take(80).collect()));
        }
        if !is_plain(self.publisher) || self.publisher.len() > 64 {
            return Err(IsoError::Publisher(self.publisher.chars().take(80).collect()));
        }
        Ok(())
    }
}

fn place_tables(trees: &[Tree; 2], sectors: &mut Allotter) -> Result<Vec<Tables>, IsoError> {
    trees
        .iter()
        .map(|tree| {
            let bytes = u64::try_from(tree.path_table_size()).map_err(|_| IsoError::TooLarge)?;
            Ok(Tables { little: sectors.take(bytes)?, big: sectors.take(bytes)? })
        })
        .collect()
}

/// The system area and the descriptors; `boot` is a boot record and its catalogue.
fn descriptors(
    volume: &Volume<'_>,
    trees: &[Tree; 2],
    tables: &[Tables],
    boot: Option<[Vec<u8>; 2]>,
) -> Vec<u8> {
    let mut out = vec![0; SECTOR * 16];
    let (record, catalogue) =
        boot.map_or((None, None), |[record, catalogue]| (Some(record), Some(catalogue)));
    for (tree, tables) in trees.iter().zip(tables) {
        volume.descriptor(tree, tables, &mut out);
        if let Some(record) = record.as_ref().filter(|_| tree.flavor == Flavor::Primary) {
            put_padded(record, &mut out);
        }
    }
    volume.end(&mut out);
    if let Some(catalogue) = catalogue {
        put_padded(&catalogue, &mut out);
    }
    out
}

/// First sector after the system area, two descriptors and their end.
const FREE: u32 = 19;
/// The same after a boot record and the boot catalogue.
const FREE_AFTER_BOOT: u32 = 21;
/// Sector of the boot catalogue.
const CATALOGUE: u32 = 20;
