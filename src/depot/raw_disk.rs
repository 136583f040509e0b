//! The disk image that the demo deploys: a valid GPT with one Linux partition, filled with numbers from a seed.
//!
//! Layout as in UEFI 2.10 section 5: protective MBR, header, entries, content, entries again, header again. The same
//! size and seed always give the same bytes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Crc;
use sha2::{Digest, Sha256};

use crate::depot::digest;

/// Why the image could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RawDiskError {
    #[error("a disk image of {0} bytes cannot be made: the size is a multiple of 512 and at least 1 MiB")]
    Size(u64),
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
}

/// Writes a disk image of `size` bytes to `path` and returns its SHA-256 in hex. The file appears whole or not at all.
/// Blocks: use it off the async threads.
pub fn make_demo_image(path: &Path, size: u64, seed: u64) -> Result<String, RawDiskError> {
    if !size.is_multiple_of(SECTOR) || size < LEAST {
        return Err(RawDiskError::Size(size));
    }
    let passing = path.with_extension("part");
    let written =
        write_image(&passing, size, seed).and_then(|hash| fs::rename(&passing, path).map(|()| hash));
    written.map_err(|source| {
        fs::remove_file(&passing).ok(); // it may not be there
        RawDiskError::Write { path: path.to_owned(), source }
    })
}

fn write_image(path: &Path, size: u64, seed: u64) -> io::Result<String> {
    let disk = Disk { sectors: size / SECTOR, seed };
    let mut out =
        Hashed { file: BufWriter::with_capacity(1 << 20, File::create(path)?), hash: Sha256::new() };
    let entries = disk.entries();
    out.put(&disk.protective_mbr())?;
    out.put(&disk.header(1, disk.sectors - 1, 2, &entries))?;
    out.put(&entries)?;
    disk.fill(&mut out)?;
    out.put(&entries)?;
    out.put(&disk.header(disk.sectors - 1, 1, disk.sectors - 1 - ENTRY_SECTORS, &entries))?;
    out.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(digest::hex(&out.hash.finalize()))
}

/// A file that is hashed as it is written.
struct Hashed {
    file: BufWriter<File>,
    hash: Sha256,
}

impl Hashed {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }
}

struct Disk {
    sectors: u64,
    seed: u64,
}

impl Disk {
    /// One entry of type 0xEE over the whole disk (UEFI 2.10 table 5.4).
    fn protective_mbr(&self) -> Vec<u8> {
        let length = u32::try_from(self.sectors - 1).unwrap_or(u32::MAX);
        let mut mbr = vec![0; 446];
        mbr.extend([0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF]);
        mbr.extend(1u32.to_le_bytes());
        mbr.extend(length.to_le_bytes());
        mbr.resize(510, 0);
        mbr.extend([0x55, 0xAA]);
        mbr
    }

    /// A header sector at `here` whose twin is at `there` (UEFI 2.10 table 5.5).
    fn header(&self, here: u64, there: u64, entries_at: u64, entries: &[u8]) -> Vec<u8> {
        let tail = self.header_tail(here, there, entries_at, entries);
        let head = |sum: u32| {
            let mut head = b"EFI PART\0\0\x01\0".to_vec();
            head.extend([HEADER_SIZE.to_le_bytes(), sum.to_le_bytes(), [0; 4]].concat());
            head.extend(&tail);
            head
        };
        let mut header = head(crc(&head(0)));
        header.resize(SECTOR_BYTES, 0);
        header
    }

    fn header_tail(&self, here: u64, there: u64, entries_at: u64, entries: &[u8]) -> Vec<u8> {
        let mut tail = Vec::new();
        tail.extend([here, there, FIRST, self.last()].map(u64::to_le_bytes).concat());
        tail.extend(self.guid(1));
        tail.extend(entries_at.to_le_bytes());
        tail.extend([ENTRY_COUNT, ENTRY_SIZE, crc(entries)].map(u32::to_le_bytes).concat());
        tail
    }

    /// 128 entries, the first one a Linux file system over all that can be used (UEFI 2.10 table 5.6).
    fn entries(&self) -> Vec<u8> {
        let mut entries = LINUX_DATA.to_vec();
        entries.extend(self.guid(2));
        entries.extend([FIRST, self.last(), 0].map(u64::to_le_bytes).concat());
        entries.extend("ferric-demo".encode_utf16().flat_map(u16::to_le_bytes));
        entries.resize(ENTRIES_BYTES, 0);
        entries
    }

    fn fill(&self, out: &mut Hashed) -> io::Result<()> {
        let mut numbers = Numbers(self.seed);
        let mut sector = Vec::with_capacity(SECTOR_BYTES);
        for _ in FIRST..=self.last() {
            sector.clear();
            sector.extend((0..SECTOR / 8).flat_map(|_| numbers.next().to_le_bytes()));
            out.put(&sector)?;
        }
        Ok(())
    }

    /// Last sector that a partition may use.
    fn last(&self) -> u64 {
        self.sectors - 2 - ENTRY_SECTORS
    }

    /// A version 4 GUID from the seed.
    fn guid(&self, which: u64) -> [u8; 16] {
        let mut numbers = Numbers(self.seed ^ which.rotate_left(32));
        let number = (u128::from(numbers.next()) << 64) | u128::from(numbers.next());
        uuid::Builder::from_random_bytes(number.to_be_bytes()).into_uuid().to_bytes_le()
    }
}

/// The `SplitMix64` generator (Steele, Lea, Flood 2014): small, fast, and good enough that nothing compresses.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

const SECTOR: u64 = 512;
const SECTOR_BYTES: usize = 512;
/// Smallest image: room for both tables and some content.
const LEAST: u64 = 1 << 20;
const HEADER_SIZE: u32 = 92;
const ENTRY_COUNT: u32 = 128;
const ENTRY_SIZE: u32 = 128;
const ENTRIES_BYTES: usize = 128 * 128;
const ENTRY_SECTORS: u64 = 32;
/// First sector after the MBR, the header and the entries.
const FIRST: u64 = 2 + ENTRY_SECTORS;
/// Linux file system data, 0FC63DAF-8483-4772-8E79-3D69D8477DE4 in GPT byte order.
const LINUX_DATA: [u8; 16] =
    [0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84, 0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4];

#[cfg(test)]
mod tests {
    use super::*;

    fn made(size: u64, seed: u64) -> (Vec<u8>, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo.img");
        let hash = make_demo_image(&path, size, seed).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        (fs::read(path).unwrap(), hash)
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_their_hash() {
        let (image, hash) = made(LEAST, 7);
        assert_eq!(image.len() as u64, LEAST);
        assert_eq!(hash, digest::sha256(&image));
        assert_eq!(made(LEAST, 7).0, image);
        assert_ne!(made(LEAST, 8).0, image);
    }

    #[test]
    fn both_headers_check_out_and_name_each_other() {
        let (image, _) = made(LEAST + 512, 1);
        let last = image.len() / 512 - 1;
        let number = |sector: usize, at: usize| {
            u64::from_le_bytes(image[sector * 512 + at..sector * 512 + at + 8].try_into().unwrap())
        };
        assert_eq!(image[510..512], [0x55, 0xAA]);
        assert_eq!(image[450], 0xEE);
        for (here, there) in [(1, last), (last, 1)] {
            let mut header = image[here * 512..here * 512 + 92].to_vec();
            assert_eq!(&header[..8], b"EFI PART");
            let sum: Vec<u8> = header.splice(16..20, [0; 4]).collect();
            assert_eq!(sum, crc(&header).to_le_bytes());
            assert_eq!((number(here, 24), number(here, 32)), (here as u64, there as u64));
            let entries = usize::try_from(number(here, 72)).unwrap() * 512;
            assert_eq!(header[88..92], crc(&image[entries..entries + ENTRIES_BYTES]).to_le_bytes());
            assert_eq!(image[entries..entries + 16], LINUX_DATA);
        }
    }

    #[test]
    fn sizes_that_make_no_disk_are_refused() {
        for size in [0, 512, LEAST - 512, LEAST + 1] {
            let refused = make_demo_image(Path::new("/nowhere/x.img"), size, 0);
            assert!(matches!(refused, Err(RawDiskError::Size(_))), "{size}");
        }
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let error = make_demo_image(Path::new("/nowhere/x.img"), LEAST, 0).unwrap_err();
        assert_eq!(error.to_string(), "cannot write /nowhere/x.img");
    }
}
