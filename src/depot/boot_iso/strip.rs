//! Contents at their places one after the other, with zeros between them, readable at any offset.

use std::io;

use crate::depot::boot_iso::content::Content;
use crate::depot::iso9660::SECTOR;
use crate::depot::iso9660::layout::Layout;

/// An image of contents.
#[derive(Debug)]
pub struct Strip {
    /// By their start; none overlaps the next.
    pieces: Vec<Piece>,
    size: u64,
}

#[derive(Debug)]
struct Piece {
    /// Byte of the image.
    start: u64,
    content: Content,
}

impl Strip {
    /// `contents` at the extents of `layout`, after its head.
    pub fn new(layout: &Layout, contents: Vec<Content>) -> Self {
        let sector = u64::try_from(SECTOR).unwrap_or(u64::MAX);
        let places = layout.extents.iter().map(|extent| u64::from(extent.sector).saturating_mul(sector));
        let mut pieces: Vec<Piece> =
            places.zip(contents).map(|(start, content)| Piece { start, content }).collect();
        pieces.insert(0, Piece { start: 0, content: Content::memory(&layout.head) });
        Self { pieces, size: u64::from(layout.sectors).saturating_mul(sector) }
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Fills `bytes` with what is at `offset`. Blocks.
    pub fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let length = u64::try_from(bytes.len()).map_err(io::Error::other)?;
        let end = offset.checked_add(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        if end > self.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.fill(0);
        let first = self.pieces.partition_point(|piece| piece.end() <= offset);
        for piece in self.pieces.iter().skip(first).take_while(|piece| piece.start < end) {
            let (from, to) = (piece.start.max(offset), piece.end().min(end));
            if from >= to {
                continue;
            }
            let place = |at: u64| usize::try_from(at.saturating_sub(offset)).unwrap_or(usize::MAX);
            if let Some(part) = bytes.get_mut(place(from)..place(to)) {
                piece.content.read_exact_at(part, from.saturating_sub(piece.start))?;
            }
        }
        Ok(())
    }
}

impl Piece {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.content.size())
    }
}
