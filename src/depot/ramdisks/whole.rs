//! Whether a file that is to be imported is all there: a copy that broke off begins as a good one does, and is found out
//! by nobody but the machines that boot it.
//!
//! A kernel's header says how long it is at the least. A ramdisk is what Linux unpacks (`init/initramfs.c`): cpio
//! archives, plain or packed, one behind the other, zeros between them; plain ones are gone through, packed ones
//! unpacked to their end and thrown away. What is packed by lzma, bzip2, lz4 or lzo is believed.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::base::size;
use crate::depot::format::Format;
use crate::depot::stream::disk::Disk;
use crate::depot::stream::unpack;
use crate::net::source::Source;
use crate::wire::boot_file::{HEAD, kernel_length};
use crate::wire::cpio::{self, Member};

/// Why it is not.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("it has {has} bytes, and its header says {says}")]
    Short { has: u64, says: u64 },
    #[error("it ends in the middle of an archive")]
    Ends,
    #[error("what is packed in it is no cpio archive, as Linux wants")]
    NoArchive,
    #[error("there is something behind an archive, at byte {at}, that is neither another nor packed")]
    Behind { at: u64 },
    #[error("it holds over {}", size::human(*most))]
    Bomb { most: u64 },
    #[error("it cannot be unpacked: {0}")]
    Packed(io::Error),
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}

/// Looks at a kernel. Blocks.
pub fn kernel(path: &Path) -> Result<(), Broken> {
    let file = Disk::open(path)?;
    let mut head = vec![0; HEAD.min(usize::try_from(file.size()).unwrap_or(HEAD))];
    file.read_exact_at(&mut head, 0)?;
    match kernel_length(&head) {
        Some(says) if says > file.size() => Err(Broken::Short { has: file.size(), says }),
        Some(_) | None => Ok(()),
    }
}

/// Looks at a ramdisk. Blocks for as long as unpacking takes.
pub fn ramdisk(path: &Path) -> Result<(), Broken> {
    let file: Arc<dyn Source> = Arc::new(Disk::open(path)?);
    let mut at = 0;
    while let Some(start) = next(&*file, at)? {
        let mut head = [0; 6];
        let rest = file.size().saturating_sub(start);
        let count = head.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        file.read_exact_at(head.get_mut(..count).unwrap_or_default(), start)?;
        at = match packing(&head) {
            Some(format) => return unpacked(Rest { source: file, start }, format),
            None if cpio::is_archive(&head) => through(&*file, start)?,
            // The others can stand at the beginning alone, where they were recognised.
            None if start == 0 => return Ok(()),
            None => return Err(Broken::Behind { at: start }),
        };
    }
    Ok(())
}

/// Where the next byte is that is not zero.
fn next(file: &dyn Source, mut at: u64) -> Result<Option<u64>, Broken> {
    let mut buffer = vec![0; BUFFER];
    while at < file.size() {
        let rest = usize::try_from(file.size().saturating_sub(at)).unwrap_or(usize::MAX);
        let bytes = buffer.get_mut(..rest.min(BUFFER)).unwrap_or_default();
        file.read_exact_at(bytes, at)?;
        if let Some(found) = bytes.iter().position(|byte| *byte != 0) {
            return Ok(Some(at.saturating_add(u64::try_from(found).unwrap_or(u64::MAX))));
        }
        at = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
    Ok(None)
}

/// Goes through a plain archive; where it ends.
fn through(file: &dyn Source, start: u64) -> Result<u64, Broken> {
    let mut at = start;
    loop {
        let mut header = [0; cpio::HEADER];
        let mut name = [0; cpio::LAST.len()];
        if at.saturating_add(u64::try_from(header.len()).unwrap_or(u64::MAX)) > file.size() {
            return Err(Broken::Ends);
        }
        file.read_exact_at(&mut header, at)?;
        let member = Member::parse(&header).ok_or(Broken::Behind { at })?;
        let end = at.saturating_add(member.length());
        if end > file.size().saturating_add(cpio::ALIGNMENT - 1) {
            return Err(Broken::Ends);
        }
        if member.name == cpio::LAST_LENGTH {
            let there = file.read_exact_at(&mut name, at.saturating_add(cpio::HEADER_LENGTH));
            there.map_err(|_| Broken::Ends)?;
            if name == *cpio::LAST {
                return Ok(end);
            }
        }
        at = end;
    }
}

/// Unpacks it to its end.
fn unpacked(packed: Rest, format: Format) -> Result<(), Broken> {
    let mut reader = unpack::reader(Arc::new(packed), format);
    let mut head = [0; 6];
    reader.read_exact(&mut head).map_err(Broken::Packed)?;
    if !cpio::is_archive(&head) {
        return Err(Broken::NoArchive);
    }
    let unpacked = io::copy(&mut reader.take(MOST), &mut io::sink()).map_err(Broken::Packed)?;
    if unpacked < MOST { Ok(()) } else { Err(Broken::Bomb { most: MOST }) }
}

/// A source from a place on.
#[derive(Debug)]
struct Rest {
    source: Arc<dyn Source>,
    start: u64,
}

impl Source for Rest {
    fn size(&self) -> u64 {
        self.source.size().saturating_sub(self.start)
    }

    fn tag(&self) -> String {
        self.source.tag()
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.source.read_exact_at(bytes, self.start.saturating_add(offset))
    }
}

fn packing(head: &[u8]) -> Option<Format> {
    match head {
        [0x1F, 0x8B, ..] => Some(Format::Gzip),
        [0xFD, b'7', b'z', b'X', b'Z', 0] => Some(Format::Xz),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Format::Zstd),
        _ => None,
    }
}

/// Bytes that a ramdisk unpacks to at the most: no machine has the memory for more beside its agent.
const MOST: u64 = 8 << 30;
/// Bytes read at once.
const BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests;
