//! How firmware finds what it starts on an image: boot record and boot catalogue ("El Torito" Bootable CD-ROM Format
//! 1.0), the entry for UEFI as UEFI 2.10 13.3.2 has it, and the table that isolinux finds its own place with.

use crate::depot::iso9660::Extent;

/// What firmware starts, by the content's place; at least one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// Code that a BIOS loads.
    Bios(usize),
    /// A FAT volume that UEFI looks into.
    Uefi(usize),
    Both {
        bios: usize,
        uefi: usize,
    },
}

impl Boot {
    /// The boot record, and the catalogue that it says to be in sector `catalogue`.
    pub(super) fn emit(&self, extents: &[Extent], catalogue: u32) -> [Vec<u8>; 2] {
        let of = |index: usize| extents.get(index).copied().unwrap_or_default();
        let entries = match *self {
            Self::Bios(bios) => [validation(BIOS), bios_entry(of(bios))].concat(),
            Self::Uefi(uefi) => [validation(UEFI), uefi_entry(of(uefi))].concat(),
            Self::Both { bios, uefi } => {
                [validation(BIOS), bios_entry(of(bios)), last_section(UEFI), uefi_entry(of(uefi))].concat()
            }
        };
        [record(catalogue), entries]
    }
}

fn record(catalogue: u32) -> Vec<u8> {
    let mut record = b"\0CD001\x01EL TORITO SPECIFICATION".to_vec();
    record.resize(0x47, 0);
    record.extend(catalogue.to_le_bytes());
    record
}

/// The first entry; its sixteen words add up to 0.
fn validation(platform: u8) -> Vec<u8> {
    let checksum = (SIGNATURE.wrapping_add(1).wrapping_add(u16::from(platform) << 8)).wrapping_neg();
    let mut entry = vec![1, platform];
    entry.resize(28, 0);
    entry.extend(checksum.to_le_bytes());
    entry.extend(SIGNATURE.to_le_bytes());
    entry
}

/// Without emulation, at the usual address; four sectors of 512 bytes are loaded, and isolinux loads its rest.
fn bios_entry(extent: Extent) -> Vec<u8> {
    entry(4, extent.sector)
}

fn uefi_entry(extent: Extent) -> Vec<u8> {
    // 0 lets the volume reach to the end of the medium (UEFI 2.10 13.3.2.1); what fits is said exactly.
    entry(u16::try_from(extent.bytes.div_ceil(512)).unwrap_or(0), extent.sector)
}

fn entry(count: u16, sector: u32) -> Vec<u8> {
    let mut entry = vec![0x88, 0, 0, 0, 0, 0];
    entry.extend(count.to_le_bytes());
    entry.extend(sector.to_le_bytes());
    entry.resize(32, 0);
    entry
}

/// Announces one entry for another platform.
fn last_section(platform: u8) -> Vec<u8> {
    let mut header = vec![0x91, platform, 1, 0];
    header.resize(32, 0);
    header
}

/// Writes into isolinux's code where it is: the boot information table at byte 8. Shorter code is left as it is.
pub fn put_boot_info(code: &mut [u8], sector: u32) {
    let length = u32::try_from(code.len()).unwrap_or(u32::MAX);
    let sum = code.get(64..).unwrap_or_default().chunks(4).fold(0_u32, |sum, chunk| {
        let mut word = [0; 4];
        word.iter_mut().zip(chunk).for_each(|(place, byte)| *place = *byte);
        sum.wrapping_add(u32::from_le_bytes(word))
    });
    if let Some(table) = code.get_mut(8..64) {
        table.fill(0);
        let words = [PRIMARY, sector, length, sum].into_iter().flat_map(u32::to_le_bytes);
        table.iter_mut().zip(words).for_each(|(place, byte)| *place = byte);
    }
}

/// Platforms of the catalogue.
const BIOS: u8 = 0;
const UEFI: u8 = 0xEF;
/// Ends the validation entry.
const SIGNATURE: u16 = 0xAA55;
/// Sector of the primary volume descriptor.
const PRIMARY: u32 = 16;
