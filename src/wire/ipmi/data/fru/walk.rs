//! Reading an inventory: its info, its header, then each area piece by piece.

use std::collections::VecDeque;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::bytes::short_length;
use crate::wire::ipmi::data::fru::InventoryInfo;
use crate::wire::ipmi::data::fru::Piece;
use crate::wire::ipmi::data::fru::area::Area;
use crate::wire::ipmi::data::fru::area::Header;
use crate::wire::ipmi::data::fru::area::Inventory;
use crate::wire::ipmi::data::fru::area::Note;
use crate::wire::ipmi::data::fru::area::area_length;
use crate::wire::ipmi::data::limit;
use crate::wire::ipmi::status::{Completion, Verdict};

/// A walk through one FRU's areas: ask [`Walk::ask`], feed [`Walk::take`], until there is nothing to ask.
#[derive(Debug, Clone)]
pub struct Walk {
    fru: u8,
    by_words: bool,
    step: Step,
    areas: VecDeque<(Area, u16)>,
    bytes: Vec<u8>,
    piece: u8,
    troubles: u8,
    inventory: Inventory,
    end: Option<End>,
}

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every area was read or noted.
    Read,
    /// There is no such FRU, or it cannot be read: the completion code, 00 if the data was unreadable.
    Refused(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Info,
    Header,
    Area(Area, u16),
}

impl Walk {
    /// A walk through the FRU with this id; 0 is the server itself.
    pub fn new(fru: u8) -> Self {
        Self {
            fru,
            by_words: false,
            step: Step::Info,
            areas: VecDeque::new(),
            bytes: Vec::new(),
            piece: limit::PIECE,
            troubles: 0,
            inventory: Inventory::default(),
            end: None,
        }
    }

    /// What to ask next; nothing when the walk has ended.
    pub fn ask(&self) -> Option<Ask> {
        if self.end.is_some() {
            return None;
        }
        Some(match self.step {
            Step::Info => InventoryInfo::ask(self.fru),
            Step::Header => self.piece_at(0),
            Step::Area(_, at) => self.piece_at(at),
        })
    }

    /// Takes the answer to [`Walk::ask`]: completion code and the data after it. Nothing once the walk has ended.
    pub fn take(&mut self, code: u8, data: &[u8]) {
        if self.end.is_some() {
            return;
        }
        match (Completion(code).while_reading(), self.step) {
            (Verdict::Done, Step::Info) => self.informed(data),
            (Verdict::Done, Step::Header | Step::Area(..)) => self.got(data),
            (Verdict::Smaller, Step::Header | Step::Area(..)) if self.piece > self.unit() => self.piece /= 2,
            (Verdict::Later | Verdict::Duplicate | Verdict::Reserve, _) if self.troubles < limit::TRIES => {
                self.troubles += 1;
            }
            (_, Step::Area(area, _)) => self.finish(area),
            (_, Step::Info | Step::Header) => self.end = Some(End::Refused(code)),
        }
    }

    /// Why the walk ended, once it has.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// The inventory, whole or as far as the walk came.
    pub fn into_inventory(self) -> Inventory {
        self.inventory
    }

    fn unit(&self) -> u8 {
        if self.by_words { 2 } else { 1 }
    }

    fn piece_at(&self, at: u16) -> Ask {
        let unit = self.unit();
        let done = u16::try_from(self.bytes.len()).unwrap_or(u16::MAX);
        let offset = at.saturating_add(done) / u16::from(unit);
        let bytes = self.piece.min(short_length(self.missing())).next_multiple_of(unit);
        Piece { fru: self.fru, offset, count: bytes / unit }.ask()
    }

    /// Bytes of the header or area that have not come; of an area the length has to come first.
    fn missing(&self) -> usize {
        let whole = match self.step {
            Step::Info | Step::Header => 8,
            Step::Area(..) if self.bytes.len() < 2 => 8,
            Step::Area(..) => area_length(&self.bytes).unwrap_or(0),
        };
        whole.saturating_sub(self.bytes.len())
    }

    fn informed(&mut self, data: &[u8]) {
        match InventoryInfo::parse(data) {
            Ok(info) if info.size >= 8 => {
                self.by_words = info.by_words;
                self.step = Step::Header;
            }
            Ok(_) | Err(_) => self.end = Some(End::Refused(0)),
        }
    }

    /// The count in the answer is in words too if the inventory is; what came counts.
    fn got(&mut self, data: &[u8]) {
        let got = Bytes::new("FRU data", data).rest(1);
        let missing = self.missing();
        self.bytes.extend(got.iter().take(missing));
        self.troubles = 0;
        if !got.is_empty() && self.missing() > 0 {
            return;
        }
        match self.step {
            Step::Info | Step::Header => self.begin(),
            Step::Area(area, _) => self.finish(area),
        }
    }

    fn begin(&mut self) {
        let Ok(header) = Header::parse(&self.bytes) else {
            self.end = Some(End::Refused(0));
            return;
        };
        if !header.is_sound {
            self.inventory.notes.push(Note::HeaderChecksum);
        }
        self.areas = header.areas().collect();
        self.advance();
    }

    fn finish(&mut self, area: Area) {
        let bytes = std::mem::take(&mut self.bytes);
        self.inventory.read(area, &bytes);
        self.advance();
    }

    fn advance(&mut self) {
        self.bytes.clear();
        self.troubles = 0;
        self.piece = self.piece.max(LEAST_PIECE);
        match self.areas.pop_front() {
            Some((area, at)) => self.step = Step::Area(area, at),
            None => self.end = Some(End::Read),
        }
    }
}

/// Halving ends here once an area has been read, so that one bad area does not slow the others.
const LEAST_PIECE: u8 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::ipmi::data::fru::area::Chassis;
    use crate::wire::ipmi::data::fru::area::Product;

    fn sample() -> Inventory {
        let product = Product { name: "Edge Node".to_owned(), serial: "x".repeat(31), ..Product::default() };
        let chassis = Chassis { serial: "S1".to_owned(), ..Chassis::default() };
        Inventory { product: Some(product), chassis: Some(chassis), ..Inventory::default() }
    }

    fn walked(image: &[u8], by_words: bool, most: u8) -> (Option<End>, Inventory) {
        let unit = if by_words { 2 } else { 1 };
        let mut walk = Walk::new(0);
        while let Some(ask) = walk.ask() {
            let Ok(piece) = Piece::parse(&ask.data) else {
                let size = u16::try_from(image.len()).unwrap();
                walk.take(0, &InventoryInfo { size, by_words }.emit());
                continue;
            };
            if piece.count > most {
                walk.take(0xca, &[]);
                continue;
            }
            let rest = image.get(usize::from(piece.offset) * unit..).unwrap_or_default();
            let bytes = rest.get(..usize::from(piece.count) * unit).unwrap_or(rest);
            let mut data = vec![piece.count];
            data.extend(bytes);
            walk.take(0, &data);
        }
        (walk.end(), walk.into_inventory())
    }

    #[test]
    fn an_inventory_is_read_whole_by_bytes_words_and_small_pieces() {
        let image = sample().emit();
        for (by_words, most) in [(false, 32), (true, 16), (false, 5), (true, 1), (false, 1)] {
            assert_eq!(walked(&image, by_words, most), (Some(End::Read), sample()), "{by_words} {most}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_noted() {
        let image = sample().emit();
        let (end, inventory) = walked(&image[..image.len() - 20], false, 32);
        assert_eq!(
            (end, inventory.notes.as_slice()),
            (Some(End::Read), [Note::Cut(Area::Product)].as_slice())
        );
        assert_eq!(walked(&[0; 64], false, 32).0, Some(End::Refused(0)));
        let mut walk = Walk::new(9);
        walk.take(0xcb, &[]);
        assert_eq!((walk.ask(), walk.end()), (None, Some(End::Refused(0xcb))));
    }

    proptest! {
        #[test]
        fn any_answers_end_the_walk(
            answers in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 1..20),
        ) {
            let mut walk = Walk::new(0);
            walk.take(0, &[0xff, 0xff, 1]);
            walk.take(0, &[8, 1, 0, 1, 2, 3, 4, 0, 0]);
            let mut asks = 0;
            for (code, data) in answers.iter().cycle() {
                if walk.ask().is_none() {
                    break;
                }
                walk.take(*code & 0xca, data);
                asks += 1;
                prop_assert!(asks < 50_000);
            }
        }
    }
}
