//! Volume descriptors (ECMA-119 8, Joliet), numbers in both byte orders, and dates.

use crate::base::moment::Moment;
use crate::depot::iso9660::layout::Title;
use crate::depot::iso9660::record::root_record;
use crate::depot::iso9660::tree::Tree;
use crate::depot::iso9660::{Extent, Flavor, MAKER, SECTOR};

/// What both descriptors say.
#[derive(Debug, Clone, Copy)]
pub struct Volume<'a> {
    pub title: Title<'a>,
    /// Sectors of the whole image.
    pub sectors: u32,
}

/// Where the path tables of a tree are.
#[derive(Debug, Clone, Copy)]
pub struct Tables {
    pub little: Extent,
    pub big: Extent,
}

impl Volume<'_> {
    /// The descriptor of one tree: the primary (ECMA-119 8.4) or the supplementary one (8.5).
    pub fn descriptor(&self, tree: &Tree, tables: &Tables, out: &mut Vec<u8>) {
        let text = |text: &str, size: usize| padded(text, size, tree.flavor);
        let start = out.len();
        let (kind, escape): (u8, &[u8]) = match tree.flavor {
            Flavor::Primary => (1, b""),
            Flavor::Joliet => (2, b"%/E"),
        };
        out.push(kind);
        out.extend(*b"CD001\x01\0");
        out.extend([text("LINUX", 32), text(self.title.label, 32), vec![0; 8]].concat());
        out.extend(both32(self.sectors));
        out.extend(escape);
        out.resize(start + 120, 0);
        out.extend([both16(1), both16(1), both16(BLOCK)].concat());
        out.extend(both32(tables.little.bytes));
        out.extend(
            [tables.little.sector.to_le_bytes(), [0; 4], tables.big.sector.to_be_bytes(), [0; 4]].concat(),
        );
        out.extend(root_record(tree.root(), self.title.at));
        let publisher = text(self.title.publisher, 128);
        out.extend([text("", 128), publisher, text(MAKER, 128), text(MAKER, 128)].concat());
        out.extend([text("", 37), text("", 37), text("", 37)].concat());
        let (made, never) = (long_date(self.title.at), NEVER);
        out.extend([made, made, never, never].concat());
        out.push(1);
        out.resize(start + SECTOR, 0);
    }

    /// The descriptor that ends the set (ECMA-119 8.3).
    pub fn end(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend(*b"\xFFCD001\x01");
        out.resize(start + SECTOR, 0);
    }
}

/// `text` and spaces up to `size` bytes, in UCS-2 for Joliet.
fn padded(text: &str, size: usize, flavor: Flavor) -> Vec<u8> {
    let mut field: Vec<u8> = match flavor {
        Flavor::Primary => text.bytes().chain(std::iter::repeat_n(b' ', size)).take(size).collect(),
        Flavor::Joliet => {
            let spaces = std::iter::repeat_n(u16::from(b' '), size);
            text.encode_utf16().chain(spaces).take(size / 2).flat_map(u16::to_be_bytes).collect()
        }
    };
    field.resize(size, 0);
    field
}

/// Both byte orders (ECMA-119 7.2.3).
pub fn both16(number: u16) -> Vec<u8> {
    [number.to_le_bytes(), number.to_be_bytes()].concat()
}

/// Both byte orders (ECMA-119 7.3.3).
pub fn both32(number: u32) -> Vec<u8> {
    [number.to_le_bytes(), number.to_be_bytes()].concat()
}

/// Date of a record, in UTC (ECMA-119 9.1.5); a year out of its range becomes 1970.
pub fn short_date(at: Moment) -> [u8; 7] {
    let date = civil(at);
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    let year = u8::try_from(date.year() - 1900).unwrap_or(70);
    [
        year,
        small(date.month()),
        small(date.day()),
        small(date.hour()),
        small(date.minute()),
        small(date.second()),
        0,
    ]
}

/// Date of a descriptor, in UTC (ECMA-119 8.4.26.1).
fn long_date(at: Moment) -> [u8; 17] {
    let text = civil(at).strftime("%Y%m%d%H%M%S00").to_string();
    let mut date = NEVER;
    date.iter_mut().zip(text.bytes().take(16)).for_each(|(place, digit)| *place = digit);
    date
}

fn civil(at: Moment) -> jiff::civil::DateTime {
    jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_microsecond(at.0).unwrap_or_default())
}

/// A date that is not given.
const NEVER: [u8; 17] = *b"0000000000000000\0";
const BLOCK: u16 = 2048;
