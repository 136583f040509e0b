//! Whether a file that is to be imported is all there: a copy that broke off begins as a good one does, and is found out
//! by nobody but the machines that boot it.
//!
//! A kernel's header says how long it is at the least. A ramdisk is what Linux unpacks (`init/initramfs.c`): cpio
//! archives, plain or packed, one behind the other, zeros between them: all are gone through, and what is in them is
//! thrown away, but for whether there is an `init` and for which processor its programs are. What is packed by lzma,
//! bzip2, lz4 or lzo is believed.

mod members;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::base::size;
use crate::depot::format::Format;
use crate::depot::ramdisks::whole::members::{Seen, Walk};
use crate::depot::stream::disk::Disk;
use crate::depot::stream::unpack;
use crate::net::source::Source;
use crate::wire::boot_file::{HEAD, kernel_length};
use crate::wire::cpio;

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
    #[error(
        "it has no /init, which Linux starts, and no rdinit= in its kernel parameters names another program"
    )]
    NoInit,
    #[error("its programs are for {found} machines, not for {wanted}")]
    Foreign { found: &'static str, wanted: String },
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

/// Looks at a ramdisk for the machines of `arch`, of which `has_rdinit` says whether its kernel parameters name what is
/// started. Blocks for as long as unpacking takes.
pub fn ramdisk(path: &Path, arch: &str, has_rdinit: bool) -> Result<(), Broken> {
    let Some(seen) = seen(path)? else { return Ok(()) };
    if !seen.has_init && !has_rdinit {
        return Err(Broken::NoInit);
    }
    match seen.foreign(arch) {
        Some(found) => Err(Broken::Foreign { found, wanted: arch.to_owned() }),
        None => Ok(()),
    }
}

/// What is in it; none if it is believed.
fn seen(path: &Path) -> Result<Option<Seen>, Broken> {
    let file: Arc<dyn Source> = Arc::new(Disk::open(path)?);
    let (mut at, mut seen) = (0, Seen::default());
    while let Some(start) = next(&*file, at)? {
        let mut head = [0; 6];
        let rest = file.size().saturating_sub(start);
        let count = head.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        file.read_exact_at(head.get_mut(..count).unwrap_or_default(), start)?;
        let rest = Arc::new(Rest { source: Arc::clone(&file), start });
        at = match packing(&head) {
            Some(format) => return unpacked(rest, format, seen).map(Some),
            None if cpio::is_archive(&head) => {
                let mut walk = Walk::new(unpack::reader(rest, Format::Raw), Broken::Unreadable, &mut seen);
                start.saturating_add(walk.archive(start)?)
            }
            // The others can stand at the beginning alone, where they were recognised.
            None if start == 0 => return Ok(None),
            None => return Err(Broken::Behind { at: start }),
        };
    }
    Ok(Some(seen))
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

/// Unpacks it to its end.
fn unpacked(packed: Arc<Rest>, format: Format, mut seen: Seen) -> Result<Seen, Broken> {
    let mut limited = unpack::reader(packed, format).take(MOST);
    let ended = Walk::new(&mut limited, Broken::Packed, &mut seen).archives();
    if limited.limit() == 0 {
        return Err(Broken::Bomb { most: MOST });
    }
    ended.map(|()| seen)
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
