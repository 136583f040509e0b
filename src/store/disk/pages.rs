//! Whether a short file of LMDB lacks pages that something refers to.
//!
//! LMDB does not write pages at the end that no transaction uses any more, so that a file may end before its last page
//! number says. A file that lost what is used must not be read: LMDB aborts the process where a cursor comes to a page
//! that is none. Hence this walk over the trees, done only if a file is short, by LMDB's page format (version 1:
//! `MDB_page`, `MDB_node`, `MDB_db` of its source, 64 bits, little-endian as everywhere that we run).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Whether every page that a tree of the file refers to lies within its first `length` bytes.
pub fn is_whole(file: &File, length: u64) -> io::Result<bool> {
    let (Some(first), Some(second)) = (page(file, 0, META_PAGE)?, page(file, META_PAGE as u64, META_PAGE)?)
    else {
        return Ok(false);
    };
    // Both metas say the page size; the one of the later transaction is in force.
    let Some(size) = number(&first, META + 24, 4).filter(|size| (512..=65_536).contains(size)) else {
        return Ok(false);
    };
    let second =
        if size == META_PAGE as u64 { second } else { page(file, size, META_PAGE)?.unwrap_or_default() };
    let age = |meta: &[u8]| number(meta, META + 24 + 2 * DB + 8, 8).unwrap_or(0);
    let meta = if age(&second) > age(&first) { &second } else { &first };
    let mut walk = Walk { file, size, pages: length / size, left: length / size };
    for root in [META + 24, META + 24 + DB] {
        if !walk.tree(number(meta, root + ROOT, 8).unwrap_or(NONE), DEEPEST)? {
            return Ok(false);
        }
    }
    Ok(true)
}

struct Walk<'a> {
    file: &'a File,
    /// Bytes of a page.
    size: u64,
    /// Pages that the file has.
    pages: u64,
    /// Pages that may yet be visited: a loop ends.
    left: u64,
}

impl Walk<'_> {
    /// Whether the tree below this page is all there.
    fn tree(&mut self, number_of_page: u64, depth: u8) -> io::Result<bool> {
        if number_of_page == NONE {
            return Ok(true);
        }
        if number_of_page >= self.pages || self.left == 0 || depth == 0 {
            return Ok(false);
        }
        self.left -= 1;
        let size = usize::try_from(self.size).unwrap_or(META_PAGE);
        let Some(page) = page(self.file, number_of_page.saturating_mul(self.size), size)? else {
            return Ok(false);
        };
        let (flags, lower) = (number(&page, 10, 2).unwrap_or(0), number(&page, 12, 2).unwrap_or(0));
        if number(&page, 0, 8) != Some(number_of_page) || flags & (BRANCH | LEAF) == 0 {
            return Ok(false);
        }
        let entries = usize::try_from(lower.saturating_sub(16) / 2).unwrap_or(0);
        for entry in 0..entries {
            let Some(at) = number(&page, 16 + 2 * entry, 2).and_then(|at| usize::try_from(at).ok()) else {
                return Ok(false);
            };
            if !self.entry(&page, at, flags & BRANCH != 0, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what an entry refers to is there.
    fn entry(&mut self, page: &[u8], at: usize, branch: bool, depth: u8) -> io::Result<bool> {
        let word = |offset: usize| number(page, at.saturating_add(offset), 2);
        let (Some(low), Some(high), Some(flags), Some(key)) = (word(0), word(2), word(4), word(6)) else {
            return Ok(false);
        };
        let amount = low | (high << 16);
        if branch {
            return self.tree(amount | (flags << 32), depth - 1);
        }
        let data = at.saturating_add(8).saturating_add(usize::try_from(key).unwrap_or(usize::MAX));
        if flags & BIG != 0 {
            let over = (amount + 16).div_ceil(self.size);
            return Ok(number(page, data, 8).is_some_and(|first| first.saturating_add(over) <= self.pages));
        }
        if flags & SUB != 0 {
            return self.tree(number(page, data.saturating_add(ROOT), 8).unwrap_or(0), depth - 1);
        }
        Ok(true)
    }
}

/// So many bytes of the file; `None` where it ends before.
fn page(file: &File, at: u64, size: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; size];
    match file.read_exact_at(&mut bytes, at) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The number of these bytes, the lowest first.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let end = at.checked_add(size)?;
    Some(bytes.get(at..end)?.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
}

/// Bytes of a page, where nothing else is known yet.
const META_PAGE: usize = 4096;

/// Where the meta begins in its page, behind the page's head.
const META: usize = 16;

/// Bytes of a tree's record, and where its root stands in it.
const DB: usize = 48;
const ROOT: usize = 40;

/// No page.
const NONE: u64 = u64::MAX;

/// Flags of pages.
const BRANCH: u64 = 0x01;
const LEAF: u64 = 0x02;

/// Flags of entries: the value has pages of its own; the value is a tree.
const BIG: u64 = 0x01;
const SUB: u64 = 0x02;

/// LMDB's own bound of a tree's depth.
const DEEPEST: u8 = 32;
