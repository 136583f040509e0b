//! Folders and files of one flavour, in the order that ECMA-119 wants them.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::moment::Moment;
use crate::depot::iso9660::record::{Entry, Kind, Record, RootMark};
use crate::depot::iso9660::{Allotter, Extent, Flavor, IsoError, SECTOR};

/// The paths as nested folders, by name.
#[derive(Debug, Default)]
pub struct Branch {
    folders: BTreeMap<String, Branch>,
    /// Place of the file in the input.
    files: BTreeMap<String, usize>,
}

impl Branch {
    pub fn of(paths: &[&str]) -> Result<Self, IsoError> {
        let mut root = Self::default();
        for (index, path) in paths.iter().enumerate() {
            let parts: Vec<&str> = path.split('/').collect();
            if parts.len() > 7 || path.len() > 200 {
                return Err(IsoError::Deep(path.chars().take(80).collect()));
            }
            if !parts.iter().all(|part| is_name(part)) {
                return Err(IsoError::Name((*path).to_owned()));
            }
            if !root.add(&parts, index) {
                return Err(IsoError::Twice((*path).to_owned()));
            }
        }
        Ok(root)
    }

    /// Whether the path could be added.
    fn add(&mut self, parts: &[&str], index: usize) -> bool {
        match parts {
            [] => false,
            [name] if self.folders.contains_key(*name) => false,
            [name] => self.files.insert((*name).to_owned(), index).is_none(),
            [name, ..] if self.files.contains_key(*name) => false,
            [name, rest @ ..] => self.folders.entry((*name).to_owned()).or_default().add(rest, index),
        }
    }
}

/// Letters, digits and signs that both flavours can carry.
fn is_name(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"*/:;?\\".contains(&byte);
    (1..=64).contains(&part.len()) && part != "." && part != ".." && part.bytes().all(allowed)
}

/// All folders breadth first, the root first.
#[derive(Debug)]
pub struct Tree {
    pub flavor: Flavor,
    folders: Vec<Folder>,
}

#[derive(Debug)]
struct Folder {
    identifier: Vec<u8>,
    /// Place of the parent; the root is its own.
    parent: usize,
    children: Vec<Child>,
    extent: Extent,
}

#[derive(Debug)]
struct Child {
    identifier: Vec<u8>,
    name: String,
    target: Target,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    /// Place in the list of folders.
    Folder(usize),
    /// Place in the input.
    File(usize),
}

impl Tree {
    pub fn of(branch: &Branch, flavor: Flavor) -> Self {
        let mut folders = vec![Folder::new(vec![0], 0)];
        let mut waiting = std::collections::VecDeque::from([(0, branch)]);
        while let Some((place, branch)) = waiting.pop_front() {
            let mut children = children(branch, flavor);
            for child in &mut children {
                if let (Target::Folder(target), Some(below)) =
                    (&mut child.target, branch.folders.get(&child.name))
                {
                    *target = folders.len();
                    folders.push(Folder::new(child.identifier.clone(), place));
                    waiting.push_back((*target, below));
                }
            }
            if let Some(folder) = folders.get_mut(place) {
                folder.children = children;
            }
        }
        Self { flavor, folders }
    }

    /// Gives each folder its sectors.
    pub fn place(&mut self, sectors: &mut Allotter) -> Result<(), IsoError> {
        let sizes: Vec<usize> = (0..self.folders.len()).map(|place| self.folder_size(place)).collect();
        for (folder, size) in self.folders.iter_mut().zip(sizes) {
            folder.extent = sectors.take(u64::try_from(size).map_err(|_| IsoError::TooLarge)?)?;
        }
        Ok(())
    }

    pub fn root(&self) -> Extent {
        self.extent(0)
    }

    pub fn path_table_size(&self) -> usize {
        self.folders.iter().map(|folder| 8 + folder.identifier.len().next_multiple_of(2)).sum()
    }

    /// The path tables, little-endian and big-endian (ECMA-119 9.4).
    pub fn path_tables(&self) -> [Vec<u8>; 2] {
        let mut tables = [Vec::new(), Vec::new()];
        let [little, big] = &mut tables;
        for folder in &self.folders {
            let parent = u16::try_from(folder.parent + 1).unwrap_or(u16::MAX);
            let head = [u8::try_from(folder.identifier.len()).unwrap_or(u8::MAX), 0];
            little.extend(head);
            little.extend(folder.extent.sector.to_le_bytes());
            little.extend(parent.to_le_bytes());
            big.extend(head);
            big.extend(folder.extent.sector.to_be_bytes());
            big.extend(parent.to_be_bytes());
            for table in [&mut *little, &mut *big] {
                table.extend(&folder.identifier);
                table.resize(table.len().next_multiple_of(2), 0);
            }
        }
        tables
    }

    /// Writes the folders, each from the start of its sector.
    pub fn folders(&self, files: &[Extent], at: Moment, out: &mut Vec<u8>) {
        for place in 0..self.folders.len() {
            let records = self.records(place, files, at);
            pack(&records, out);
        }
    }

    fn folder_size(&self, place: usize) -> usize {
        let mut out = Vec::new();
        pack(&self.records(place, &[], Moment(0)), &mut out);
        out.len()
    }

    /// The records of a folder: itself, its parent, its children.
    fn records(&self, place: usize, files: &[Extent], at: Moment) -> Vec<Vec<u8>> {
        let Some(folder) = self.folders.get(place) else { return Vec::new() };
        let mark = if place == 0 { RootMark::Root } else { RootMark::None };
        let own = self.link(&[0], place, mark).emit(at);
        let parent = self.link(&[1], folder.parent, RootMark::None).emit(at);
        let children = folder.children.iter().map(|child| self.child(child, files).emit(at));
        [own, parent].into_iter().chain(children).collect()
    }

    fn link<'a>(&self, identifier: &'a [u8], place: usize, mark: RootMark) -> Record<'a> {
        let kind = Kind::Folder { below: self.below(place) };
        let entry = Entry { flavor: self.flavor, name: None, mark };
        Record { identifier, extent: self.extent(place), kind, entry }
    }

    fn child<'a>(&self, child: &'a Child, files: &[Extent]) -> Record<'a> {
        let (extent, kind) = match child.target {
            Target::Folder(place) => (self.extent(place), Kind::Folder { below: self.below(place) }),
            Target::File(index) => (files.get(index).copied().unwrap_or_default(), Kind::File),
        };
        let entry = Entry { flavor: self.flavor, name: Some(&child.name), mark: RootMark::None };
        Record { identifier: &child.identifier, extent, kind, entry }
    }

    /// How many folders are in a folder.
    fn below(&self, place: usize) -> usize {
        let is_folder = |child: &&Child| matches!(child.target, Target::Folder(_));
        self.folders.get(place).map_or(0, |folder| folder.children.iter().filter(is_folder).count())
    }

    fn extent(&self, place: usize) -> Extent {
        self.folders.get(place).map(|folder| folder.extent).unwrap_or_default()
    }
}

impl Folder {
    fn new(identifier: Vec<u8>, parent: usize) -> Self {
        Self { identifier, parent, children: Vec::new(), extent: Extent::default() }
    }
}

/// Puts records one after the other; none crosses the end of a sector (ECMA-119 6.8.1.1).
fn pack(records: &[Vec<u8>], out: &mut Vec<u8>) {
    for record in records {
        if out.len() % SECTOR + record.len() > SECTOR {
            out.resize(out.len().next_multiple_of(SECTOR), 0);
        }
        out.extend(record);
    }
    out.resize(out.len().next_multiple_of(SECTOR), 0);
}

/// What is in a folder, sorted by identifier (ECMA-119 9.3).
fn children(branch: &Branch, flavor: Flavor) -> Vec<Child> {
    let mut taken = BTreeSet::new();
    let folders = branch.folders.keys().map(|name| (name, Target::Folder(0)));
    let files = branch.files.iter().map(|(name, index)| (name, Target::File(*index)));
    let mut children: Vec<Child> = folders
        .chain(files)
        .map(|(name, target)| {
            let identifier = match flavor {
                Flavor::Primary => primary_identifier(name, target, &mut taken),
                Flavor::Joliet => joliet_identifier(name),
            };
            Child { identifier, name: name.clone(), target }
        })
        .collect();
    children.sort_by(|one, other| one.identifier.cmp(&other.identifier));
    children
}

/// An identifier of interchange level 2: `NAME.EXT;1` or `NAME`, from A to Z, 0 to 9 and `_`, not yet taken.
fn primary_identifier(name: &str, target: Target, taken: &mut BTreeSet<String>) -> Vec<u8> {
    let is_file = matches!(target, Target::File(_));
    let (stem, ending) = if is_file { name.rsplit_once('.').unwrap_or((name, "")) } else { (name, "") };
    let (stem, ending) = (plain(stem, 24), plain(ending, 4));
    let mut number = 0;
    loop {
        let tail = if number == 0 { String::new() } else { format!("_{number}") };
        let head: String = stem.chars().take(24 - tail.len().min(24)).collect();
        let whole = if is_file { format!("{head}{tail}.{ending};1") } else { format!("{head}{tail}") };
        if taken.insert(whole.clone()) {
            return whole.into_bytes();
        }
        number += 1;
    }
}

fn plain(text: &str, longest: usize) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    text.chars().take(longest).map(sign).collect()
}

/// The name itself, without a version, as other writers leave it out too.
fn joliet_identifier(name: &str) -> Vec<u8> {
    name.encode_utf16().flat_map(u16::to_be_bytes).collect()
}
