//! The header of qcow2 images (QEMU `docs/interop/qcow2`), versions 2 and 3, and what in it is refused.

use crate::depot::format::FormatError;

/// What reading an image needs of its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub version: u32,
    /// Bytes of the disk inside.
    pub size: u64,
    pub cluster_bits: u32,
    /// Entries of the first-level table, and where it is.
    pub l1_entries: u32,
    pub l1_offset: u64,
    pub packing: Packing,
    /// Entries of second-level tables have 16 bytes, with a bitmap of subclusters.
    pub extended: bool,
}

/// How compressed clusters are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Deflate,
    Zstd,
}

impl Header {
    /// Reads the header and refuses what does not stand alone or is not known.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut words = Words(bytes);
        let short = || FormatError::Qcow2("its header is cut off");
        let mut u32 = || words.u32().ok_or_else(short);
        let (magic, version) = (u32()?, u32()?);
        if magic != MAGIC || !matches!(version, 2 | 3) {
            return Err(FormatError::Qcow2("its version is neither 2 nor 3"));
        }
        let (backing, _length) = (words.u64().ok_or_else(short)?, words.u32());
        let cluster_bits = words.u32().ok_or_else(short)?;
        let size = words.u64().ok_or_else(short)?;
        let crypt = words.u32().ok_or_else(short)?;
        let l1_entries = words.u32().ok_or_else(short)?;
        let l1_offset = words.u64().ok_or_else(short)?;
        let (_refcounts, refcount_clusters) = (words.u64(), words.u32().ok_or_else(short)?);
        let snapshots = words.u32().ok_or_else(short)?;
        words.u64().ok_or_else(short)?;
        let newer = if version == 3 { Newer::parse(words, bytes)? } else { Newer::NONE };
        if backing != 0 {
            return Err(FormatError::Dependent("a backing file"));
        }
        if crypt != 0 {
            return Err(FormatError::Dependent("encryption"));
        }
        let refcount_bytes = u64::from(refcount_clusters).checked_shl(cluster_bits);
        if !(9..=21).contains(&cluster_bits) {
            return Err(FormatError::Qcow2("its clusters are smaller than 512 bytes or larger than 2 MiB"));
        }
        if refcount_bytes.is_none_or(|bytes| bytes > LARGEST_REFCOUNTS) || snapshots > MOST_SNAPSHOTS {
            return Err(FormatError::Qcow2("its tables of references or snapshots are absurdly large"));
        }
        let Newer { packing, extended, .. } = newer;
        Ok(Self { version, size, cluster_bits, l1_entries, l1_offset, packing, extended })
    }

    /// Whether the tables can hold what the header says, in a file of `length` bytes.
    pub fn check(&self, length: u64) -> Result<(), FormatError> {
        let l1_bytes = u64::from(self.l1_entries).saturating_mul(8);
        if l1_bytes > LARGEST_L1 {
            return Err(FormatError::Qcow2("its first-level table is absurdly large"));
        }
        if self.extended && self.cluster_bits < 14 {
            return Err(FormatError::Qcow2("its clusters are too small for subclusters"));
        }
        let needed = self.size.div_ceil(self.cluster().saturating_mul(self.l2_entries()));
        if u64::from(self.l1_entries) < needed {
            return Err(FormatError::Qcow2("its first-level table is too short for its size"));
        }
        let end = self.l1_offset.checked_add(needed.saturating_mul(8));
        if needed > 0 && (self.l1_offset == 0 || end.is_none_or(|end| end > length)) {
            return Err(FormatError::Qcow2("its first-level table is outside of the file"));
        }
        if !self.l1_offset.is_multiple_of(self.cluster()) {
            return Err(FormatError::Qcow2("its first-level table is not at a cluster's begin"));
        }
        Ok(())
    }

    /// Bytes of a cluster.
    pub fn cluster(&self) -> u64 {
        1 << self.cluster_bits.min(21)
    }

    /// Bytes of an entry of a second-level table.
    pub fn l2_entry(&self) -> u64 {
        if self.extended { 16 } else { 8 }
    }

    /// Entries of a second-level table.
    pub fn l2_entries(&self) -> u64 {
        self.cluster() / self.l2_entry()
    }
}

/// What version 3 adds.
struct Newer {
    packing: Packing,
    extended: bool,
}

impl Newer {
    const NONE: Self = Self { packing: Packing::Deflate, extended: false };

    fn parse(mut words: Words<'_>, header: &[u8]) -> Result<Self, FormatError> {
        let short = || FormatError::Qcow2("its header is cut off");
        let incompatible = words.u64().ok_or_else(short)?;
        let (_compatible, _autoclear) = (words.u64(), words.u64());
        let refcount_order = words.u32().ok_or_else(short)?;
        let header_length = words.u32().ok_or_else(short)?;
        if incompatible & CORRUPT != 0 {
            return Err(FormatError::Qcow2("it is marked as corrupt"));
        }
        if incompatible & DATA_FILE != 0 {
            return Err(FormatError::Dependent("an external data file"));
        }
        if incompatible & !KNOWN != 0 {
            return Err(FormatError::Features(incompatible & !KNOWN));
        }
        if refcount_order > 6 || header_length < 104 || !header_length.is_multiple_of(8) {
            return Err(FormatError::Qcow2("its header contradicts itself"));
        }
        let packing = if header_length > 104 { header.get(104).copied().ok_or_else(short)? } else { 0 };
        let packing = match (packing, incompatible & PACKING != 0) {
            (0, false) => Packing::Deflate,
            (1, true) => Packing::Zstd,
            _ => return Err(FormatError::Qcow2("its clusters are packed in a way that is not known")),
        };
        Ok(Self { packing, extended: incompatible & EXTENDED != 0 })
    }
}

/// Big-endian numbers, one after the other.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*word))
    }

    fn u64(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*word))
    }
}

const MAGIC: u32 = 0x5146_49FB;

/// Incompatible features. A dirty image (bit 0) has stale reference counts, which reading does not need.
const CORRUPT: u64 = 1 << 1;
const DATA_FILE: u64 = 1 << 2;
const PACKING: u64 = 1 << 3;
const EXTENDED: u64 = 1 << 4;
const KNOWN: u64 = 1 | PACKING | EXTENDED;

/// QEMU's own limits: it makes and opens nothing beyond them.
const LARGEST_L1: u64 = 32 << 20;
const LARGEST_REFCOUNTS: u64 = 8 << 20;
const MOST_SNAPSHOTS: u32 = 65_536;
