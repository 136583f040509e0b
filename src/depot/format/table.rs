//! Partition tables: the master boot record, and whether a GUID partition table is behind it.

use crate::depot::format::Format;

/// The table of a disk that begins with these bytes, if it has one.
///
/// A boot sector of a bare file system ends in the same two bytes; its table is no table.
pub fn kind(start: &[u8]) -> Option<Format> {
    let sector = start.first_chunk::<512>()?;
    if !sector.ends_with(&SIGNATURE) {
        return None;
    }
    let entries = sector.get(TABLE..TABLE + 64)?.as_chunks::<16>().0;
    let has_good_flags = entries.iter().all(|[flag, ..]| matches!(flag, 0 | 0x80));
    let mut kinds = entries.iter().map(|[_, _, _, _, kind, ..]| *kind);
    if !has_good_flags || kinds.clone().all(|kind| kind == 0) {
        return None;
    }
    Some(if kinds.any(|kind| kind == PROTECTIVE) { Format::Gpt } else { Format::Mbr })
}

/// Whether a GUID partition table follows, on sectors of 512 or 4096 bytes.
pub fn has_gpt(start: &[u8]) -> bool {
    [512, 4096].into_iter().any(|at| start.get(at..).is_some_and(|rest| rest.starts_with(b"EFI PART")))
}

/// The end of a boot sector.
const SIGNATURE: [u8; 2] = [0x55, 0xAA];
/// Where the four entries begin.
const TABLE: usize = 446;
/// The type of the one entry that guards a GUID partition table (UEFI 2.10, 5.2.3).
const PROTECTIVE: u8 = 0xEE;
