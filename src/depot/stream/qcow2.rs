//! The disk inside a qcow2 image, without converting it: each read looks up its clusters.
//!
//! Memory: 64 blocks of 64 KiB of the tables, and unpacked clusters of 8 MiB (at the least four, of 2 MiB at the most).

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::{Decompress, FlushDecompress};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::depot::format::qcow2::{Header, Packing};
use crate::depot::format::{self, FormatError};
use crate::depot::stream::recent::Recent;
use crate::net::source::Source;

/// A view into a qcow2 image.
pub struct Qcow2 {
    file: Arc<dyn Source>,
    header: Header,
    tables: Recent,
    clusters: Recent,
    /// Makes room for zstd's window once.
    zstd: Mutex<FrameDecoder>,
}

/// Where the bytes of a cluster, or of a part of it, are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cluster {
    Zero,
    /// At this place of the file.
    Plain(u64),
    /// So many bytes at this place, packed.
    Packed {
        at: u64,
        length: usize,
    },
    /// With a bitmap of subclusters: their data, as far as there is some, begins here.
    Parts {
        at: u64,
        bitmap: u64,
    },
}

impl Qcow2 {
    /// Reads and checks the header. Blocks.
    pub fn open(file: Arc<dyn Source>) -> Result<Self, FormatError> {
        let header = Header::parse(&format::head(&*file, HEADER).map_err(FormatError::Io)?)?;
        header.check(file.size())?;
        let clusters = usize::try_from(CLUSTERS / header.cluster()).unwrap_or(0).clamp(4, 64);
        Ok(Self {
            file,
            header,
            tables: Recent::new(TABLES),
            clusters: Recent::new(clusters),
            zstd: Mutex::new(FrameDecoder::new()),
        })
    }

    /// Fills `out` with what is at `within` of the cluster of that number.
    fn read_cluster(&self, number: u64, within: u64, out: &mut [u8]) -> io::Result<()> {
        match self.find(number)? {
            Cluster::Zero => {
                out.fill(0);
                Ok(())
            }
            Cluster::Plain(at) => self.read_plain(at, within, out),
            Cluster::Packed { at, length } => {
                let whole = self.clusters.get(number, || self.unpacked(at, length))?;
                let held = span(within, out.len()).and_then(|span| whole.get(span));
                out.copy_from_slice(held.ok_or_else(|| damaged("a packed cluster is too short"))?);
                Ok(())
            }
            Cluster::Parts { at, bitmap } => self.read_parts(at, bitmap, within, out),
        }
    }

    fn find(&self, number: u64) -> io::Result<Cluster> {
        let (first, second) = (number / self.header.l2_entries(), number % self.header.l2_entries());
        let table = self.word(self.header.l1_offset.saturating_add(first.saturating_mul(8)))? & OFFSET;
        if table == 0 {
            return Ok(Cluster::Zero);
        }
        if !table.is_multiple_of(self.header.cluster()) {
            return Err(damaged("a second-level table is not at a cluster's begin"));
        }
        let place = table.saturating_add(second.saturating_mul(self.header.l2_entry()));
        let entry = self.word(place)?;
        let bitmap = if self.header.extended { Some(self.word(place.saturating_add(8))?) } else { None };
        if entry & PACKED != 0 {
            return Ok(self.packed(entry));
        }
        let at = entry & OFFSET;
        if !at.is_multiple_of(self.header.cluster()) {
            return Err(damaged("a cluster is not at a cluster's begin"));
        }
        Ok(match bitmap {
            Some(bitmap) => Cluster::Parts { at, bitmap },
            None if at == 0 || (self.header.version >= 3 && entry & ZERO != 0) => Cluster::Zero,
            None => Cluster::Plain(at),
        })
    }

    /// Place and length of a packed cluster; the length counts sectors, the first one from its begin.
    fn packed(&self, entry: u64) -> Cluster {
        let bits = 62 - self.header.cluster_bits.saturating_sub(8).min(13);
        let at = entry & ((1 << bits) - 1);
        let sectors = ((entry & !(3 << 62)) >> bits) + 1;
        let length = (sectors * 512).saturating_sub(at % 512);
        Cluster::Packed { at, length: usize::try_from(length).unwrap_or(0) }
    }

    fn read_parts(&self, at: u64, bitmap: u64, within: u64, out: &mut [u8]) -> io::Result<()> {
        let size = self.header.cluster() / 32;
        each(within, out, size, |part, inside, out| {
            let (is_data, is_zero) = (bitmap >> part & 1 == 1, bitmap >> (part + 32) & 1 == 1);
            match (is_data, is_zero) {
                (true, true) => Err(damaged("a subcluster is both data and zeros")),
                (true, false) if at == 0 => Err(damaged("a subcluster has data, and its cluster no place")),
                (true, false) => self.read_plain(at, part * size + inside, out),
                (false, _) => {
                    out.fill(0);
                    Ok(())
                }
            }
        })
    }

    /// Reads from the file; the last cluster may end before its time, and counts as filled up with zeros.
    fn read_plain(&self, at: u64, within: u64, out: &mut [u8]) -> io::Result<()> {
        let place = at.saturating_add(within);
        if at >= self.file.size() {
            return Err(damaged("a cluster is behind the end of the file: it is cut off"));
        }
        let there = usize::try_from(self.file.size().saturating_sub(place)).unwrap_or(usize::MAX);
        let (held, missing) = out.split_at_mut(there.min(out.len()));
        missing.fill(0);
        if held.is_empty() { Ok(()) } else { self.file.read_exact_at(held, place) }
    }

    fn unpacked(&self, at: u64, length: usize) -> io::Result<Arc<Vec<u8>>> {
        if at >= self.file.size() {
            return Err(damaged("a packed cluster is behind the end of the file: it is cut off"));
        }
        let there = usize::try_from(self.file.size() - at).unwrap_or(usize::MAX);
        let mut packed = vec![0; length.min(there)];
        self.file.read_exact_at(&mut packed, at)?;
        let mut whole = vec![0; usize::try_from(self.header.cluster()).unwrap_or(0)];
        match self.header.packing {
            Packing::Deflate => inflate(&packed, &mut whole)?,
            Packing::Zstd => self.unzstd(&packed, &mut whole)?,
        }
        Ok(Arc::new(whole))
    }

    fn unzstd(&self, packed: &[u8], whole: &mut [u8]) -> io::Result<()> {
        let mut decoder = self.zstd.lock().unwrap_or_else(PoisonError::into_inner);
        decoder.set_max_window_size(WINDOW);
        let mut reader = StreamingDecoder::new_with_decoder(packed, &mut *decoder)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        io::Read::read_exact(&mut reader, whole)
    }

    /// The big-endian number at a place of the file.
    fn word(&self, place: u64) -> io::Result<u64> {
        let block = place - place % BLOCK;
        let bytes = self.tables.get(block, || {
            let there = self.file.size().saturating_sub(block).min(BLOCK);
            let mut bytes = vec![0; usize::try_from(there).unwrap_or(0)];
            self.file.read_exact_at(&mut bytes, block)?;
            Ok::<_, io::Error>(Arc::new(bytes))
        })?;
        let rest = usize::try_from(place % BLOCK).ok().and_then(|at| bytes.get(at..));
        let word = rest.and_then(|rest| rest.first_chunk());
        word.map(|word| u64::from_be_bytes(*word))
            .ok_or_else(|| damaged("a table is behind the end of the file"))
    }
}

impl Source for Qcow2 {
    fn size(&self) -> u64 {
        self.header.size
    }

    fn tag(&self) -> String {
        format!("{}-0", self.file.tag())
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let length = u64::try_from(bytes.len()).map_err(io::Error::other)?;
        if offset.checked_add(length).is_none_or(|end| end > self.header.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        each(offset, bytes, self.header.cluster(), |number, within, out| {
            self.read_cluster(number, within, out)
        })
    }
}

impl fmt::Debug for Qcow2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qcow2").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Calls `read` for each piece of `size` bytes that a stretch touches: its number, the begin within it, what to fill.
fn each(
    offset: u64,
    bytes: &mut [u8],
    size: u64,
    mut read: impl FnMut(u64, u64, &mut [u8]) -> io::Result<()>,
) -> io::Result<()> {
    let (mut place, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        let (number, within) = (place / size, place % size);
        let length = usize::try_from(size - within).unwrap_or(usize::MAX).min(rest.len());
        let (out, after) = rest.split_at_mut(length);
        read(number, within, out)?;
        place = place.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        rest = after;
    }
    Ok(())
}

fn span(from: u64, length: usize) -> Option<Range<usize>> {
    let from = usize::try_from(from).ok()?;
    Some(from..from.checked_add(length)?)
}

/// Raw deflate; behind it may be anything up to the end of its sector.
fn inflate(packed: &[u8], whole: &mut [u8]) -> io::Result<()> {
    let mut state = Decompress::new(false);
    let done = state.decompress(packed, whole, FlushDecompress::Finish);
    let is_full = usize::try_from(state.total_out()).is_ok_and(|out| out == whole.len());
    match done {
        Ok(_) if is_full => Ok(()),
        _ => Err(damaged("a packed cluster cannot be unpacked")),
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is a qcow2 image that is damaged: {what}"))
}

/// Bits of an entry that are a place in the file.
const OFFSET: u64 = 0x00FF_FFFF_FFFF_FE00;
/// An entry of a packed cluster.
const PACKED: u64 = 1 << 62;
/// An entry of a cluster of zeros, from version 3 on.
const ZERO: u64 = 1;
/// Bytes of tables that are read at once, and how many such blocks are kept.
const BLOCK: u64 = 64 << 10;
const TABLES: usize = 64;
/// Bytes of unpacked clusters that are kept.
const CLUSTERS: u64 = 8 << 20;
/// What QEMU's zstd takes for clusters of 2 MiB, with some to spare.
const WINDOW: u64 = 8 << 20;
/// Bytes that hold every header.
const HEADER: usize = 512;
