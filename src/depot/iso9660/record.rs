//! Directory records (ECMA-119 9.1) with their Rock Ridge entries (SUSP 1.10, RRIP 1.10).

use crate::base::moment::Moment;
use crate::depot::iso9660::volume::{both16, both32, short_date};
use crate::depot::iso9660::{Extent, Flavor, SECTOR};

/// One record of a folder.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub identifier: &'a [u8],
    pub extent: Extent,
    pub kind: Kind,
    pub entry: Entry<'a>,
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    File,
    /// With the number of folders in it.
    Folder {
        below: usize,
    },
}

/// What the system use field is made from.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub flavor: Flavor,
    /// The real name; a folder's record of itself and of its parent have none.
    pub name: Option<&'a str>,
    pub mark: RootMark,
}

/// Whether this is the root's record of itself, which announces Rock Ridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootMark {
    Root,
    None,
}

impl Record<'_> {
    /// The record, of even length.
    pub fn emit(&self, at: Moment) -> Vec<u8> {
        let mut record = self.bare(at);
        if self.entry.flavor == Flavor::Primary {
            self.put_rock_ridge(at, &mut record);
        }
        if record.len() % 2 == 1 {
            record.push(0);
        }
        let length = u8::try_from(record.len()).unwrap_or(u8::MAX);
        if let Some(first) = record.first_mut() {
            *first = length;
        }
        record
    }

    /// The record without system use, as the root's is in a volume descriptor; its length is yet 0.
    fn bare(&self, at: Moment) -> Vec<u8> {
        let mut record = vec![0, 0];
        record.extend(both32(self.extent.sector));
        record.extend(both32(self.extent.bytes));
        record.extend(short_date(at));
        record.extend([if matches!(self.kind, Kind::File) { 0 } else { 2 }, 0, 0]);
        record.extend(both16(1));
        record.push(u8::try_from(self.identifier.len()).unwrap_or(u8::MAX));
        record.extend(self.identifier);
        if record.len() % 2 == 1 {
            record.push(0);
        }
        record
    }

    fn put_rock_ridge(&self, at: Moment, out: &mut Vec<u8>) {
        if self.entry.mark == RootMark::Root {
            out.extend(*b"SP\x07\x01\xBE\xEF\0");
        }
        let (mode, links) = match self.kind {
            Kind::File => (FILE_MODE, 1),
            Kind::Folder { below } => (FOLDER_MODE, u32::try_from(below + 2).unwrap_or(u32::MAX)),
        };
        out.extend(*b"PX\x24\x01");
        out.extend([mode, links, 0, 0].map(both32).concat());
        out.extend(*b"TF\x1A\x01\x0E");
        out.extend([short_date(at); 3].concat());
        if let Some(name) = self.entry.name {
            let length = u8::try_from(name.len() + 5).unwrap_or(u8::MAX);
            out.extend([b'N', b'M', length, 1, 0]);
            out.extend(name.as_bytes());
        }
        if self.entry.mark == RootMark::Root {
            out.extend(*b"ER\x12\x01\x0A\0\0\x01RRIP_1991A");
        }
    }
}

/// The root's record as a volume descriptor holds it: 34 bytes.
pub fn root_record(extent: Extent, at: Moment) -> Vec<u8> {
    let entry = Entry { flavor: Flavor::Joliet, name: None, mark: RootMark::None };
    Record { identifier: &[0], extent, kind: Kind::Folder { below: 0 }, entry }.emit(at)
}

/// Readable by all, written by nobody.
const FILE_MODE: u32 = 0o100_444;
const FOLDER_MODE: u32 = 0o040_555;

const _: () = assert!(33 + 32 + 36 + 26 + 69 + 2 < 255 && SECTOR > 255);
