//! A disk that is a file. The config drive has a place of its own at the end.
//!
//! ```text
//! 0                                         drive_start              size
//! | image ...                               | config drive           |
//! ```
//! The last region is 64 MiB long, or a quarter of the disk (in whole sectors) where that is less.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A disk file of fixed size.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
    size: u64,
}

impl Disk {
    /// Opens the file, or makes it for its owner only, with `size` bytes; what it holds is kept.
    pub fn open(path: PathBuf, size: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path)?;
        file.set_len(size)?;
        Ok(Self { path, size })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where the config drive begins, in bytes from the start of the disk.
    pub fn drive_start(&self) -> u64 {
        let region = DRIVE_REGION.min(self.size / 4);
        self.size.saturating_sub(region - region % SECTOR)
    }

    /// A handle to read and write at offsets.
    pub fn file(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(&self.path)
    }

    /// Nothing but zeros afterwards. Returns the bytes wiped.
    pub fn erase(&self) -> io::Result<u64> {
        let file = self.file()?;
        file.set_len(0)?;
        file.set_len(self.size)?;
        Ok(self.size)
    }

    /// Zeros where partition tables and file system headers are: the first and the last MiB. Returns the bytes wiped.
    pub fn erase_metadata(&self) -> io::Result<u64> {
        let length = MEBIBYTE.min(self.size);
        let zeros = vec![0; usize::try_from(length).unwrap_or_default()];
        let file = self.file()?;
        file.write_all_at(&zeros, 0)?;
        file.write_all_at(&zeros, self.size.saturating_sub(length))?;
        Ok(length.saturating_mul(2))
    }

    /// Puts the config drive at its place; the rest of its region becomes zeros. Too large is an error.
    pub fn write_drive(&self, bytes: &[u8]) -> io::Result<()> {
        let start = self.drive_start();
        let room = self.size.saturating_sub(start);
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > room {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "the config drive is larger than its place",
            ));
        }
        let file = self.file()?;
        file.set_len(start)?;
        file.set_len(self.size)?;
        file.write_all_at(bytes, start)
    }

    /// Damages one byte.
    pub fn damage(&self, offset: u64) -> io::Result<()> {
        let file = self.file()?;
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset)?;
        file.write_all_at(&byte.map(|byte| !byte), offset)
    }
}

/// As large as the partition that the real agent makes for a config drive.
const DRIVE_REGION: u64 = 64 << 20;

const SECTOR: u64 = 512;

const MEBIBYTE: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(size: u64) -> (tempfile::TempDir, Disk) {
        let place = tempfile::tempdir().unwrap();
        let disk = Disk::open(place.path().join("disk"), size).unwrap();
        disk.file().unwrap().write_all_at(&vec![7; usize::try_from(size).unwrap()], 0).unwrap();
        (place, disk)
    }

    fn read(disk: &Disk) -> Vec<u8> {
        std::fs::read(disk.path()).unwrap()
    }

    #[test]
    fn erasing_leaves_zeros_and_the_size() {
        let (_place, disk) = disk(10_000);
        assert_eq!(disk.erase().unwrap(), 10_000);
        assert_eq!(read(&disk), vec![0; 10_000]);
    }

    #[test]
    fn metadata_is_at_both_ends() {
        let (_place, disk) = disk(3 << 20);
        disk.erase_metadata().unwrap();
        let bytes = read(&disk);
        assert!(bytes[..1 << 20].iter().all(|byte| *byte == 0));
        assert!(bytes[1 << 20..2 << 20].iter().all(|byte| *byte == 7));
        assert!(bytes[2 << 20..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn the_config_drive_has_its_place_at_the_end() {
        let (_place, disk) = disk(4096);
        assert_eq!(disk.drive_start(), 3072);
        disk.write_drive(b"drive").unwrap();
        let bytes = read(&disk);
        assert_eq!(bytes.len(), 4096);
        assert_eq!(&bytes[3071..3078], b"\x07drive\0");
        assert_eq!(disk.write_drive(&[1; 1025]).unwrap_err().kind(), io::ErrorKind::StorageFull);
        let large = Disk { path: PathBuf::new(), size: 1 << 30 };
        assert_eq!(large.drive_start(), (1 << 30) - (64 << 20));
    }

    #[test]
    fn damage_changes_one_byte() {
        let (_place, disk) = disk(100);
        disk.damage(5).unwrap();
        assert_eq!(read(&disk).iter().filter(|byte| **byte != 7).count(), 1);
        assert_ne!(read(&disk)[5], 7);
    }
}
