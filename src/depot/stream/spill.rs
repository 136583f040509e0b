//! A packed image unpacked once, into a file with holes where it holds zeros.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use crate::base::size::human;
use crate::depot::cache::error::CacheError;
use crate::depot::cache::progress::Progress;
use crate::depot::cache::room::Room;
use crate::depot::digest::{Algorithm, Running};
use crate::depot::format::Format;
use crate::depot::stream::unpack;
use crate::net::source::Source;

/// What a packed image came to.
#[derive(Debug)]
pub(in crate::depot) struct Spilled {
    /// Bytes of the raw image.
    pub(in crate::depot) size: u64,
    pub(in crate::depot) sha256: String,
}

/// Why it was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    #[error("its packed data cannot be read")]
    Packed(#[source] io::Error),
    #[error(
        "it holds more than {}, which is the largest image that is taken of a file of its size (image_cache.largest, and \
         a thousand times the file from 64 GiB on)",
        human(*limit)
    )]
    TooLarge { limit: u64 },
    #[error(transparent)]
    Room(#[from] CacheError),
}

/// Unpacks to the file `part`; `room` grows with what is not zero. Nothing is left behind by an error. Blocks.
pub(in crate::depot) fn spill(
    packed: (Arc<dyn Source>, Format),
    part: &Path,
    room: &mut Room,
    limit: u64,
    progress: &Progress,
) -> Result<Spilled, SpillError> {
    let reader = unpack::reader(packed.0, packed.1);
    let spilled = write(reader, part, room, limit, progress);
    if spilled.is_err() {
        std::fs::remove_file(part).ok(); // it may not have been made
    }
    spilled
}

fn write(
    mut reader: Box<dyn Read + Send>,
    part: &Path,
    room: &mut Room,
    limit: u64,
    progress: &Progress,
) -> Result<Spilled, SpillError> {
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part);
    let mut file = opened.map_err(|error| room.write_error(part, error))?;
    let (mut size, mut on_disk, mut hash) = (0_u64, 0_u64, Running::new(Algorithm::Sha256));
    let mut buffer = vec![0; PIECE];
    loop {
        progress.go_on().map_err(SpillError::Packed)?;
        let count = fill(&mut *reader, &mut buffer).map_err(SpillError::Packed)?;
        let piece = buffer.get(..count).unwrap_or_default();
        let length = u64::try_from(count).unwrap_or(u64::MAX);
        size = size.saturating_add(length);
        if size > limit {
            return Err(SpillError::TooLarge { limit });
        }
        hash.update(piece);
        if !piece.iter().all(|byte| *byte == 0) {
            on_disk = on_disk.saturating_add(length);
            room.cover(on_disk)?;
            put(&mut file, size - length, piece).map_err(|error| room.write_error(part, error))?;
        }
        progress.reach(size);
        if count < PIECE {
            break;
        }
    }
    file.set_len(size).and_then(|()| file.sync_all()).map_err(|error| room.write_error(part, error))?;
    Ok(Spilled { size, sha256: hash.finish() })
}

fn put(file: &mut File, at: u64, piece: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    file.write_all(piece)
}

/// Reads until the buffer is full or there is no more.
pub(super) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Bytes that are looked at together for being zero: a hole is as fine as this.
const PIECE: usize = 64 << 10;
