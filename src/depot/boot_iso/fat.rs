//! A FAT16 volume of a few files, each in one run of clusters ("FAT: General Overview of On-Disk Format" 1.03).
//!
//! Firmware reads it, so it is as plain as can be: sectors and clusters of 512 bytes, short names only, every date the
//! first of 1980. The same files give the same bytes.
//!
//! ```text
//! boot sector | table | table | root folder, 512 entries | clusters
//! ```

use std::collections::BTreeMap;

/// Why files do not make a volume.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FatError {
    #[error("{0:?} is no path of names with 8 letters, digits, - or _ and 3 after a dot")]
    Name(String),
    #[error("{0:?} is there twice, or as a file and as a folder")]
    Twice(String),
    #[error("the files do not fit into a volume of 32 MB")]
    TooLarge,
}

/// The volume with these files (path with `/`, content).
pub fn volume(files: &[(&str, &[u8])]) -> Result<Vec<u8>, FatError> {
    let mut root = Branch::default();
    for (path, bytes) in files {
        let parts = path.split('/').map(short).collect::<Option<Vec<_>>>();
        let parts = parts.ok_or_else(|| FatError::Name(path.chars().take(80).collect()))?;
        if !root.add(&parts, bytes) {
            return Err(FatError::Twice((*path).to_owned()));
        }
    }
    let mut clusters = Clusters { table: vec![0xFFF8, 0xFFFF], data: Vec::new() };
    let label = entry(b"FERRIC BOOT", 8, 0, 0);
    let mut folder = [label, clusters.store(&root, 0)?].concat();
    if folder.len() > ROOT_ENTRIES * 32 {
        return Err(FatError::TooLarge);
    }
    folder.resize(ROOT_ENTRIES * 32, 0);
    clusters.pad()?;
    let table = clusters.bytes();
    let count = clusters.table.len() - 2;
    Ok([boot_sector(table.len() / SECTOR, count)?, table.clone(), table, folder, clusters.data].concat())
}

/// A name as folders hold it: eight places and three.
type Short = [u8; 11];

/// Folders and files of a folder.
#[derive(Debug, Default)]
struct Branch<'a> {
    folders: BTreeMap<Short, Branch<'a>>,
    files: BTreeMap<Short, &'a [u8]>,
}

impl<'a> Branch<'a> {
    /// Whether the file could be added.
    fn add(&mut self, parts: &[Short], bytes: &'a [u8]) -> bool {
        match parts {
            [] => false,
            [name] if self.folders.contains_key(name) => false,
            [name] => self.files.insert(*name, bytes).is_none(),
            [name, ..] if self.files.contains_key(name) => false,
            [name, rest @ ..] => self.folders.entry(*name).or_default().add(rest, bytes),
        }
    }
}

/// The table and what it is of, both growing from the front.
#[derive(Debug)]
struct Clusters {
    table: Vec<u16>,
    data: Vec<u8>,
}

impl Clusters {
    /// The entries of a folder whose first cluster is `own` (0 for the root), after all below it has been stored.
    fn store(&mut self, branch: &Branch<'_>, own: u16) -> Result<Vec<u8>, FatError> {
        let mut entries = Vec::new();
        for (name, below) in &branch.folders {
            let size = (below.folders.len() + below.files.len() + 2) * 32;
            let first = self.take(size)?;
            let links =
                [entry(b".          ", FOLDER, first, 0), entry(b"..         ", FOLDER, own, 0)].concat();
            let inside = self.store(below, first)?;
            self.put(first, &[links, inside].concat());
            entries.extend(entry(name, FOLDER, first, 0));
        }
        for (name, bytes) in &branch.files {
            let first = self.take(bytes.len())?;
            self.put(first, bytes);
            entries.extend(entry(name, FILE, first, bytes.len()));
        }
        Ok(entries)
    }

    /// A run of clusters for so many bytes; its first one, 0 for none.
    fn take(&mut self, bytes: usize) -> Result<u16, FatError> {
        let count = bytes.div_ceil(SECTOR);
        if count == 0 {
            return Ok(0);
        }
        let first = self.table.len();
        let last = first.saturating_add(count).saturating_sub(1);
        if last >= MAX_CLUSTERS {
            return Err(FatError::TooLarge);
        }
        let links = (first + 1..=last).filter_map(|next| u16::try_from(next).ok());
        self.table.extend(links.chain([0xFFFF]));
        self.data.resize(self.data.len() + count * SECTOR, 0);
        u16::try_from(first).map_err(|_| FatError::TooLarge)
    }

    fn put(&mut self, first: u16, bytes: &[u8]) {
        let start = usize::from(first).saturating_sub(2) * SECTOR;
        if let Some(place) = self.data.get_mut(start..).and_then(|rest| rest.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }

    /// Adds free clusters: fewer than 4085 would be FAT12, and writers away from that border are asked for.
    fn pad(&mut self) -> Result<(), FatError> {
        let size = self.table.len().max(MIN_CLUSTERS).next_multiple_of(SECTOR / 2);
        self.table.resize(size, 0);
        self.data.resize((size - 2) * SECTOR, 0);
        if size > MAX_CLUSTERS { Err(FatError::TooLarge) } else { Ok(()) }
    }

    fn bytes(&self) -> Vec<u8> {
        self.table.iter().flat_map(|next| next.to_le_bytes()).collect()
    }
}

fn boot_sector(table: usize, clusters: usize) -> Result<Vec<u8>, FatError> {
    let small = |number: usize| u16::try_from(number).map_err(|_| FatError::TooLarge);
    let sectors = 1 + 2 * table + ROOT_ENTRIES * 32 / SECTOR + clusters;
    let mut sector = b"\xEB\x3C\x90FERRIC  ".to_vec();
    sector.extend(small(SECTOR)?.to_le_bytes());
    sector.extend([1, 1, 0, 2]);
    sector.extend(small(ROOT_ENTRIES)?.to_le_bytes());
    sector.extend(u16::try_from(sectors).unwrap_or(0).to_le_bytes());
    sector.push(0xF8);
    sector.extend(small(table)?.to_le_bytes());
    sector.extend([32, 0, 64, 0, 0, 0, 0, 0]);
    let many = if sectors > usize::from(u16::MAX) { sectors } else { 0 };
    sector.extend(u32::try_from(many).map_err(|_| FatError::TooLarge)?.to_le_bytes());
    sector.extend([0x80, 0, 0x29]);
    sector.extend(VOLUME_ID.to_le_bytes());
    sector.extend(*b"FERRIC BOOTFAT16   ");
    sector.resize(510, 0);
    sector.extend([0x55, 0xAA]);
    Ok(sector)
}

/// 32 bytes of a folder.
fn entry(name: &Short, kind: u8, first: u16, size: usize) -> Vec<u8> {
    let mut entry = name.to_vec();
    entry.push(kind);
    entry.resize(16, 0);
    entry.extend([DATE, DATE].concat());
    entry.resize(24, 0);
    entry.extend(DATE);
    entry.extend(first.to_le_bytes());
    entry.extend(u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    entry
}

/// Upper case: names differ by nothing else for who reads them.
fn short(name: &str) -> Option<Short> {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !(1..=8).contains(&stem.len()) || ending.len() > 3 || !stem.bytes().chain(ending.bytes()).all(is_plain)
    {
        return None;
    }
    let mut short = *b"           ";
    let places = (0..).zip(stem.bytes()).chain((8..).zip(ending.bytes()));
    for (place, byte) in places {
        *short.get_mut::<usize>(place)? = byte.to_ascii_uppercase();
    }
    Some(short)
}

const SECTOR: usize = 512;
const ROOT_ENTRIES: usize = 512;
/// A table has a number for each cluster and two more.
const MIN_CLUSTERS: usize = 4352;
/// Below the numbers that mean something else.
const MAX_CLUSTERS: usize = 65_280;
const FILE: u8 = 0x20;
const FOLDER: u8 = 0x10;
/// The first of January 1980.
const DATE: [u8; 2] = [0x21, 0];
/// "ferr" in ASCII; the same each time, for equal volumes to be equal.
const VOLUME_ID: u32 = 0x7272_6566;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_short_name_or_no_room_is_refused() {
        let one = |path: &str| volume(&[(path, b"x")]);
        for path in ["", "a//b", "ninechars", "a.long", "a.b.c", "ä", "a b", "..", "/a"] {
            assert_eq!(one(path), Err(FatError::Name(path.to_owned())));
        }
        assert_eq!(volume(&[("a", b""), ("A", b"")]), Err(FatError::Twice("A".into())));
        assert_eq!(volume(&[("a", b""), ("a/b", b"")]), Err(FatError::Twice("a/b".into())));
        assert_eq!(volume(&[("big", &vec![0; 40 << 20])]), Err(FatError::TooLarge));
        assert!(volume(&[("big", &vec![0; 31 << 20])]).is_ok());
    }
}
