//! Reading the log entry by entry: whole entries need no reservation.

use std::collections::BTreeSet;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::data::limit;
use crate::wire::ipmi::data::sel;
use crate::wire::ipmi::data::sel::EntryAsk;
use crate::wire::ipmi::data::sel::entry::Entry;
use crate::wire::ipmi::status::{Completion, Verdict};

/// A walk through the log: ask [`Walk::ask`], feed [`Walk::take`], until there is nothing to ask.
#[derive(Debug, Clone)]
pub struct Walk {
    reservation: u16,
    must_reserve: bool,
    next: u16,
    seen: BTreeSet<u16>,
    most: usize,
    troubles: u8,
    entries: Vec<Entry>,
    end: Option<End>,
}

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At the last entry, or the log is empty.
    Marked,
    /// The chain came back to an entry that was read.
    Loop(u16),
    /// As many entries as were wanted; there are more.
    Enough,
    /// This entry could not be read.
    Lost {
        /// Entry asked for.
        entry: u16,
        /// Completion code of the last answer; 00 if its data was unreadable.
        code: u8,
    },
}

impl Walk {
    /// A walk of `most` entries at the most (at least 1), from the first on.
    pub fn new(most: usize) -> Self {
        Self {
            reservation: 0,
            must_reserve: false,
            next: FIRST,
            seen: BTreeSet::new(),
            most: most.max(1),
            troubles: 0,
            entries: Vec::new(),
            end: None,
        }
    }

    /// What to ask next; nothing when the walk has ended.
    pub fn ask(&self) -> Option<Ask> {
        if self.end.is_some() {
            return None;
        }
        if self.must_reserve {
            return Some(sel::ask_reserve());
        }
        Some(EntryAsk { reservation: self.reservation, entry: self.next }.ask())
    }

    /// Takes the answer to [`Walk::ask`]: completion code and the data after it. Nothing once the walk has ended.
    pub fn take(&mut self, code: u8, data: &[u8]) {
        if self.end.is_some() {
            return;
        }
        if self.must_reserve {
            self.must_reserve = false;
            self.reservation = Bytes::new("SEL reservation", data).word(0).unwrap_or(0);
            return;
        }
        match Completion(code).while_reading() {
            Verdict::Done => self.entry(data),
            verdict @ (Verdict::Reserve | Verdict::Later | Verdict::Duplicate)
                if self.troubles < limit::TRIES =>
            {
                self.troubles += 1;
                self.must_reserve = verdict == Verdict::Reserve;
            }
            Verdict::Reserve
            | Verdict::Later
            | Verdict::Duplicate
            | Verdict::Smaller
            | Verdict::Absent
            | Verdict::Privilege
            | Verdict::State
            | Verdict::Refused => self.give_up(code),
        }
    }

    /// A log without a first entry is empty.
    fn give_up(&mut self, code: u8) {
        let is_empty = code == NOT_PRESENT && self.entries.is_empty();
        self.end = Some(if is_empty { End::Marked } else { End::Lost { entry: self.next, code } });
    }

    /// Entries read so far.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, whole or as far as the walk came.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Why the walk ended, once it has.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    fn entry(&mut self, data: &[u8]) {
        let bytes = Bytes::new("SEL entry", data);
        let (Ok(next), Ok(entry)) = (bytes.word(0), Entry::parse(bytes.rest(2))) else {
            self.end = Some(End::Lost { entry: self.next, code: 0 });
            return;
        };
        self.seen.insert(self.next);
        if self.next == FIRST {
            self.seen.insert(entry.id);
        }
        self.entries.push(entry);
        self.troubles = 0;
        self.end = match next {
            LAST => Some(End::Marked),
            next if self.seen.contains(&next) => Some(End::Loop(next)),
            _ if self.entries.len() >= self.most => Some(End::Enough),
            next => {
                self.next = next;
                None
            }
        };
    }
}

/// Stands for the first entry, whose own id is in the answer.
const FIRST: u16 = 0x0000;
const LAST: u16 = 0xffff;
const NOT_PRESENT: u8 = 0xcb;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(next: u16, id: u16) -> Vec<u8> {
        let mut data = next.to_le_bytes().to_vec();
        data.extend(id.to_le_bytes());
        data.extend([2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 1, 0x57, 0x30, 0x2d]);
        data
    }

    #[test]
    fn a_log_is_read_to_its_end() {
        let mut walk = Walk::new(10);
        assert_eq!(walk.ask().unwrap().data, [0, 0, 0, 0, 0, 0xff]);
        walk.take(0, &answer(2, 1));
        assert_eq!(walk.ask().unwrap().data, [0, 0, 2, 0, 0, 0xff]);
        walk.take(0, &answer(0xffff, 2));
        assert_eq!((walk.ask(), walk.end(), walk.entries().len()), (None, Some(End::Marked), 2));
    }

    #[test]
    fn a_reservation_is_taken_when_it_is_wanted() {
        let mut walk = Walk::new(10);
        walk.take(0xc5, &[]);
        assert_eq!(walk.ask(), Some(sel::ask_reserve()));
        walk.take(0, &[9, 0]);
        assert_eq!(walk.ask().unwrap().data, [9, 0, 0, 0, 0, 0xff]);
        for _ in 0..3 {
            walk.take(0xc5, &[]);
            walk.take(0, &[9, 0]);
        }
        assert_eq!(walk.end(), Some(End::Lost { entry: 0, code: 0xc5 }));
    }

    #[test]
    fn a_walk_is_bounded() {
        let ended = |most, answers: &[(u8, Vec<u8>)]| {
            let mut walk = Walk::new(most);
            for (code, data) in answers {
                walk.take(*code, data);
            }
            walk.end()
        };
        assert_eq!(ended(1, &[(0, answer(2, 1))]), Some(End::Enough));
        assert_eq!(ended(9, &[(0, answer(2, 1)), (0, answer(1, 2))]), Some(End::Loop(1)));
        assert_eq!(ended(9, &[(0xcb, Vec::new())]), Some(End::Marked));
        assert_eq!(ended(9, &[(0, vec![1, 0, 3])]), Some(End::Lost { entry: 0, code: 0 }));
        assert_eq!(ended(9, &[(0xc1, Vec::new())]), Some(End::Lost { entry: 0, code: 0xc1 }));
    }

    proptest! {
        #[test]
        fn any_answers_end_the_walk(
            answers in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..20)), 1..20),
        ) {
            let mut walk = Walk::new(50);
            let mut asks = 0;
            for (code, data) in answers.iter().cycle() {
                if walk.ask().is_none() {
                    break;
                }
                walk.take(*code & 0xc7, data);
                asks += 1;
                prop_assert!(asks <= 50 * 8);
            }
        }
    }
}
