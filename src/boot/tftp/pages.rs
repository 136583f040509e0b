//! Content read ahead in pages of whole blocks, off the async threads; what the client has is let go.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::io::{ReadWriteFlags, preadv2};
use tokio::task::JoinHandle;

use crate::boot::library::{Content, Script};
use crate::boot::tftp::netascii;
use crate::boot::tftp::request::Mode;
use crate::boot::tftp::terms::WINDOW;
use crate::net::source::Source;

/// The blocks of one file, as far as they are in memory: [`HELD`] pages at the most.
#[derive(Debug)]
pub(super) struct Pages {
    /// Bytes in a block.
    blksize: usize,
    /// Blocks in a page, all but the last one.
    blocks: u64,
    held: VecDeque<Vec<u8>>,
    /// How many pages were let go before the first that is held.
    gone: u64,
    reading: Reading,
    spare: Option<Vec<u8>>,
    /// The file's last block, once it is known.
    last: Option<u64>,
}

#[derive(Debug)]
enum Reading {
    Idle(Reader),
    Under(JoinHandle<io::Result<Read>>),
    /// All was read, or reading failed.
    Over,
}

/// What a reading brings.
#[derive(Debug)]
struct Read {
    page: Vec<u8>,
    /// `None` after the last page.
    reader: Option<Reader>,
}

impl Pages {
    /// Begins to read. The size is told where it is the number of bytes sent.
    pub(super) async fn open(content: Content, mode: Mode, blksize: u16) -> io::Result<(Self, Option<u64>)> {
        let blksize = usize::from(blksize.max(1));
        let blocks = (usize::try_from(WINDOW).unwrap_or(usize::MAX) / blksize).max(1);
        let page = blocks.saturating_mul(blksize);
        let (reader, size) = Reader::open(content, mode, page).await?;
        let pages = Self {
            blksize,
            blocks: u64::try_from(blocks).unwrap_or(u64::MAX),
            held: VecDeque::new(),
            gone: 0,
            reading: Reading::Idle(reader),
            spare: None,
            last: None,
        };
        Ok((pages, size))
    }

    /// The file's last block, once it is known.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Bytes of blocks from `first`, `most` of them or fewer, and how many they are; none if they are not in memory.
    pub(super) fn stretch(&self, first: u64, most: u64) -> Option<(&[u8], u64)> {
        let place = first.checked_sub(1)?;
        let (number, within) = (place.checked_div(self.blocks)?, place.checked_rem(self.blocks)?);
        let Some(page) = self.held.get(usize::try_from(number.checked_sub(self.gone)?).ok()?) else {
            // The last block is empty if all others are full.
            return (self.last == Some(first)).then_some((&[], 1));
        };
        let start = usize::try_from(within).ok()?.checked_mul(self.blksize)?;
        let rest = page.get(start..)?;
        let wanted = usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(self.blksize);
        let bytes = rest.get(..wanted).unwrap_or(rest);
        let blocks = u64::try_from(bytes.len().div_ceil(self.blksize)).ok()?;
        // An empty rest is the empty last block; a page that is not full and ends with a block is followed by it.
        if blocks == 0 { (self.last == Some(first)).then_some((bytes, 1)) } else { Some((bytes, blocks)) }
    }

    /// Lets go what lies before the block after `acked`, and reads on if there is room.
    pub(super) fn turn(&mut self, acked: u64) {
        let done = acked.checked_div(self.blocks).unwrap_or_default();
        while self.gone < done {
            let Some(page) = self.held.pop_front() else { break };
            self.gone = self.gone.saturating_add(1);
            self.spare = Some(page);
        }
        while self.held.len() < HELD.saturating_sub(1) {
            match std::mem::replace(&mut self.reading, Reading::Over) {
                Reading::Idle(reader) => self.reading = self.start(reader),
                other @ (Reading::Under(_) | Reading::Over) => {
                    self.reading = other;
                    return;
                }
            }
        }
    }

    fn start(&mut self, mut reader: Reader) -> Reading {
        let mut page = self.spare.take().unwrap_or_default();
        // A copy within memory is not worth another thread, which a busy machine keeps waiting.
        if reader.take_cached(&mut page) {
            return self.take(reader.bring(page));
        }
        Reading::Under(tokio::task::spawn_blocking(move || reader.read(page)))
    }

    /// Waits for the page that is being read; for ever if there is none. May be dropped at any time.
    pub(super) async fn arrived(&mut self) -> io::Result<()> {
        let Reading::Under(work) = &mut self.reading else { return std::future::pending().await };
        let read = work.await.map_err(io::Error::other).flatten();
        self.reading = Reading::Over;
        self.reading = self.take(read?);
        Ok(())
    }

    fn take(&mut self, read: Read) -> Reading {
        let before = self.gone.saturating_add(u64::try_from(self.held.len()).unwrap_or(u64::MAX));
        let full = read.page.len() / self.blksize;
        if read.reader.is_none() {
            let blocks = before.saturating_mul(self.blocks);
            self.last =
                Some(blocks.saturating_add(u64::try_from(full).unwrap_or(u64::MAX)).saturating_add(1));
        }
        self.held.push_back(read.page);
        read.reader.map_or(Reading::Over, Reading::Idle)
    }
}

/// Where content is read from, front to back.
#[derive(Debug)]
struct Reader {
    from: From,
    at: u64,
    size: u64,
    /// Bytes in a page.
    page: usize,
    /// Text that did not fit into the page before; `None` if bytes are sent as they are.
    text: Option<Vec<u8>>,
}

#[derive(Debug)]
enum From {
    Memory(Vec<u8>),
    File(File),
    Source(Arc<dyn Source>),
}

impl Reader {
    async fn open(content: Content, mode: Mode, page: usize) -> io::Result<(Self, Option<u64>)> {
        let (from, size) = match content {
            Content::Text(bytes) | Content::Script(Script { text: bytes, .. }) => {
                let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                (From::Memory(bytes), size)
            }
            Content::File(file) => tokio::task::spawn_blocking(move || {
                let size = file.metadata()?.len();
                Ok::<_, io::Error>((From::File(file), size))
            })
            .await
            .map_err(io::Error::other)
            .flatten()?,
            Content::Source(source) => {
                let size = source.size();
                (From::Source(source), size)
            }
        };
        let (text, told) = match mode {
            Mode::Octet => (None, Some(size)),
            Mode::Netascii => (Some(Vec::new()), None),
        };
        Ok((Self { from, at: 0, size, page, text }, told))
    }

    /// Fills a page with what is in memory: content that was rendered, and of a file what the kernel has. `false` if
    /// that is not all of it; then nothing counts as read.
    fn take_cached(&mut self, page: &mut Vec<u8>) -> bool {
        if self.text.is_some() {
            return false;
        }
        page.resize(self.next_length(), 0);
        match &self.from {
            From::Memory(_) => self.fill(page).is_ok(),
            From::File(file) => {
                let whole = read_cached(file, page, self.at);
                if whole {
                    self.pass(page.len());
                }
                whole
            }
            From::Source(_) => false,
        }
    }

    /// Bytes of the next page, if it is sent as it is.
    fn next_length(&self) -> usize {
        usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX).min(self.page)
    }

    fn pass(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The next page, in the memory of an old one. Blocks.
    fn read(mut self, mut page: Vec<u8>) -> io::Result<Read> {
        if let Some(text) = self.text.take() {
            page.clear();
            self.text = Some(self.read_text(text, &mut page)?);
        } else {
            page.resize(self.next_length(), 0);
            self.fill(&mut page)?;
        }
        Ok(self.bring(page))
    }

    fn bring(self, page: Vec<u8>) -> Read {
        let carried = self.text.as_ref().is_some_and(|text| !text.is_empty());
        let more = self.at < self.size || carried;
        Read { page, reader: more.then_some(self) }
    }

    /// Fills a page with text; what is too much comes back.
    fn read_text(&mut self, carried: Vec<u8>, page: &mut Vec<u8>) -> io::Result<Vec<u8>> {
        page.extend(carried);
        let mut raw = Vec::new();
        while page.len() < self.page && self.at < self.size {
            let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
            raw.resize(left.min(TEXT), 0);
            self.fill(&mut raw)?;
            netascii::encode(&raw, page);
        }
        Ok(page.split_off(page.len().min(self.page)))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        match &self.from {
            From::Memory(held) => {
                let start = usize::try_from(self.at).map_err(io::Error::other)?;
                let found = start.checked_add(bytes.len()).and_then(|end| held.get(start..end));
                bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
            From::File(file) => file.read_exact_at(bytes, self.at)?,
            From::Source(source) => source.read_exact_at(bytes, self.at)?,
        }
        self.pass(bytes.len());
        Ok(())
    }
}

/// Fills `bytes` without waiting for a disk; `false` if the kernel would have to, or does not know how.
fn read_cached(file: &File, bytes: &mut [u8], mut at: u64) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match preadv2(file, &mut [IoSliceMut::new(rest)], at, ReadWriteFlags::NOWAIT) {
            Ok(0) | Err(_) => return false,
            Ok(read) => {
                at = at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
                rest = rest.split_at_mut_checked(read).map(|(_, rest)| rest).unwrap_or_default();
            }
        }
    }
    true
}

/// Pages in memory: a window may lie on two, and the next one is read meanwhile.
const HELD: usize = 3;

/// Bytes of text that are taken at a time.
const TEXT: usize = 16 * 1024;

#[cfg(test)]
mod tests;
