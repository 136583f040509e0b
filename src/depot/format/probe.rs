//! Kinds of images by their first bytes.

use crate::depot::format::{Format, FormatError, table};

/// What `start` (the first [`HEAD`] bytes, or all) begins.
pub(super) fn all(start: &[u8]) -> Result<Format, FormatError> {
    if let Some(name) = foreign(start) {
        return Err(FormatError::Foreign(name));
    }
    let is_iso = ISO_WORDS.iter().any(|word| at(start, ISO_AT, word));
    let mut found = KNOWN.iter().filter(|(_, magic)| start.starts_with(magic)).map(|(format, _)| *format);
    let by_magic = found.next().or_else(|| is_skippable(start).then_some(Format::Zstd));
    let table = table::kind(start);
    match (by_magic, is_iso, table) {
        (Some(format), false, None) => Ok(format),
        // What is packed may hold any bytes further on; those of qcow2 are its own.
        (Some(format), ..) if format.is_packed() => Ok(format),
        (Some(format), true, _) => Err(FormatError::Ambiguous(format.word(), Format::Iso.word())),
        (Some(format), _, Some(table)) => Err(FormatError::Ambiguous(format.word(), table.word())),
        // A hybrid image is a disk and a CD at once, and made to be.
        (None, true, _) => Ok(Format::Iso),
        (None, false, Some(table)) => Ok(table),
        (None, false, None) => Ok(Format::Raw),
    }
}

/// Kinds that are known by name alone.
fn foreign(start: &[u8]) -> Option<&'static str> {
    let found = FOREIGN.iter().find(|(_, offset, magic)| at(start, *offset, magic));
    found
        .map(|(name, ..)| *name)
        .or_else(|| (start.starts_with(b"QFI\xFB\0\0\0\x01")).then_some("qcow (version 1)"))
}

/// A zstd file may begin with a frame that is skipped (RFC 8878 3.1.2).
fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}

fn at(start: &[u8], offset: usize, magic: &[u8]) -> bool {
    start.get(offset..).is_some_and(|rest| rest.starts_with(magic))
}

/// Kinds that are given out, by how they begin.
const KNOWN: &[(Format, &[u8])] = &[
    (Format::Qcow2, b"QFI\xFB"),
    (Format::Gzip, b"\x1F\x8B\x08"),
    (Format::Xz, b"\xFD7zXZ\0"),
    (Format::Zstd, b"\x28\xB5\x2F\xFD"),
];

/// Kinds that are not, with the place of their mark.
const FOREIGN: &[(&str, usize, &[u8])] = &[
    ("vmdk", 0, b"KDMV"),
    ("vmdk", 0, b"COWD"),
    ("vmdk", 0, b"# Disk DescriptorFile"),
    ("vhd", 0, b"conectix"),
    ("vhdx", 0, b"vhdxfile"),
    ("vdi", 0x40, b"\x7F\x10\xDA\xBE"),
    ("luks", 0, b"LUKS\xBA\xBE"),
    ("qed", 0, b"QED\0"),
    ("parallels", 0, b"WithoutFreeSpace"),
    ("parallels", 0, b"WithouFreSpacExt"),
    ("bzip2", 0, b"BZh91AY&SY"),
    ("lz4", 0, b"\x04\x22\x4D\x18"),
];

/// ISO 9660 and UDF volumes.
const ISO_WORDS: [&[u8]; 3] = [b"CD001", b"NSR02", b"NSR03"];
/// The volume descriptors begin after 16 sectors; the word follows a byte of type.
const ISO_AT: usize = 16 * 2048 + 1;

/// First bytes that tell all kinds apart.
pub(super) const HEAD: usize = 34 * 1024;
