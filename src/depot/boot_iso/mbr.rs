//! A master boot record before the image, so that firmware that shows the medium as a USB disk starts it as well:
//! isolinux's code for BIOS, and the EFI volume as a partition of type EF for UEFI.

use crate::depot::iso9660::el_torito::Boot;
use crate::depot::iso9660::layout::Layout;

/// Writes the record into the system area of `layout`; `code` is isolinux's for disks (`isohdpfx.bin`).
pub fn put(layout: &mut Layout, boot: Boot, code: Option<&[u8]>) {
    let (bios, uefi) = match boot {
        Boot::Bios(bios) => (Some(bios), None),
        Boot::Uefi(uefi) => (None, Some(uefi)),
        Boot::Both { bios, uefi } => (Some(bios), Some(uefi)),
    };
    let of = |index: usize| layout.extents.get(index).copied().unwrap_or_default();
    let mut record = vec![0; CODE];
    if let (Some(bios), Some(code)) = (bios, code) {
        record.iter_mut().zip(code).for_each(|(place, byte)| *place = *byte);
        record.extend(of(bios).sector.saturating_mul(BLOCKS).to_le_bytes());
    }
    record.resize(PARTITIONS, 0);
    // Type 0 is nobody's: what reads partitions takes the whole disk for the image.
    record.extend(partition(0x80, 0, 0, layout.sectors.saturating_mul(BLOCKS)));
    if let Some(uefi) = uefi {
        let extent = of(uefi);
        record.extend(partition(0, 0xEF, extent.sector.saturating_mul(BLOCKS), extent.bytes.div_ceil(512)));
    }
    record.resize(510, 0);
    record.extend([0x55, 0xAA]);
    layout.head.iter_mut().zip(record).for_each(|(place, byte)| *place = byte);
}

/// A partition of `count` blocks of 512 bytes; cylinders and heads say that they cannot tell.
fn partition(flag: u8, kind: u8, start: u32, count: u32) -> Vec<u8> {
    let far = [0xFE, 0xFF, 0xFF];
    let mut row = vec![flag];
    row.extend(if start == 0 { [0, 1, 0] } else { far });
    row.push(kind);
    row.extend(far);
    row.extend(start.to_le_bytes());
    row.extend(count.to_le_bytes());
    row
}

/// Blocks of 512 bytes in a sector of the image.
const BLOCKS: u32 = 4;
/// Bytes of code before isolinux's place is told.
const CODE: usize = 432;
/// Where the table of partitions begins.
const PARTITIONS: usize = 446;
