//! Reading a whole repository record by record, piece by piece.
//!
//! ```text
//! reserve -> header of a record -> pieces of its body -> header of the next -> ... -> end
//!    ^            | lost reservation: reserve, restart the record
//!    +------------+ "too much": half the piece;  other trouble: three times, then the record is given up
//! ```
//! The walk ends at the end mark, at an id that was seen before, at a bound on records, or where no next id is known.

use std::collections::BTreeSet;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::bytes::short_length;
use crate::wire::ipmi::data::limit;
use crate::wire::ipmi::data::sdr::END;
use crate::wire::ipmi::data::sdr::Holder;
use crate::wire::ipmi::data::sdr::Piece;
use crate::wire::ipmi::data::sdr::record::HEADER;
use crate::wire::ipmi::data::sdr::record::Record;
use crate::wire::ipmi::status::{Completion, Verdict};

/// A walk through all records: ask [`Walk::ask`], feed [`Walk::take`], until there is nothing to ask.
#[derive(Debug, Clone)]
pub struct Walk {
    holder: Holder,
    step: Step,
    reservation: u16,
    record: u16,
    next: Option<u16>,
    bytes: Vec<u8>,
    piece: u8,
    troubles: u8,
    seen: BTreeSet<u16>,
    /// Records that may yet be read.
    left: usize,
    records: Vec<Record>,
    end: Option<End>,
}

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At the end mark.
    Marked,
    /// The chain came back to a record that was read.
    Loop(u16),
    /// More records than can be.
    TooMany,
    /// This record could not be read, and with it the way on.
    Lost {
        /// Record asked for.
        record: u16,
        /// Completion code of the last answer.
        code: u8,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Reserve,
    Header,
    Body,
}

impl Walk {
    /// A walk; `count` is what the repository's info says, 0 if unknown. It only bounds the walk, generously.
    pub fn new(holder: Holder, count: u16) -> Self {
        Self {
            holder,
            step: Step::Reserve,
            reservation: 0,
            record: FIRST,
            next: None,
            bytes: Vec::new(),
            piece: limit::PIECE,
            troubles: 0,
            seen: BTreeSet::new(),
            left: (usize::from(count) * 2).clamp(LEAST_BOUND, MOST_BOUND),
            records: Vec::new(),
            end: None,
        }
    }

    /// What to ask next; nothing when the walk has ended.
    pub fn ask(&self) -> Option<Ask> {
        if self.end.is_some() {
            return None;
        }
        let piece =
            Piece { reservation: self.reservation, record: self.record, offset: 0, count: limit::HEADER };
        Some(match self.step {
            Step::Reserve => self.holder.ask_reserve(),
            Step::Header => self.holder.ask_piece(piece),
            Step::Body => {
                let count = self.piece.min(short_length(self.missing()));
                let offset = short_length(self.bytes.len());
                self.holder.ask_piece(Piece { offset, count, ..piece })
            }
        })
    }

    /// Takes the answer to [`Walk::ask`]: completion code and the data after it. Nothing once the walk has ended.
    pub fn take(&mut self, code: u8, data: &[u8]) {
        if self.end.is_some() {
            return;
        }
        match (self.step, Completion(code).while_reading()) {
            (Step::Reserve, verdict) => self.reserved(verdict, code, data),
            (Step::Header, Verdict::Done) => self.begin(data),
            (Step::Body, Verdict::Done) => self.go_on(data),
            (_, Verdict::Reserve) => self.reserve_again(code),
            (Step::Body, Verdict::Smaller) if self.piece > 1 => self.piece /= 2,
            (_, Verdict::Later | Verdict::Duplicate) => self.trouble(code),
            (
                Step::Header | Step::Body,
                Verdict::Smaller | Verdict::Absent | Verdict::Privilege | Verdict::State | Verdict::Refused,
            ) => self.give_up(code),
        }
    }

    /// Records read so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records, whole or as far as the walk came.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }

    /// Why the walk ended, once it has.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// A BMC without reservations is walked with 0000.
    fn reserved(&mut self, verdict: Verdict, code: u8, data: &[u8]) {
        let id = Bytes::new("SDR reservation", data).word(0);
        match (verdict, id) {
            (Verdict::Done, Ok(reservation)) => self.reservation = reservation,
            (Verdict::Later | Verdict::Duplicate, _) => {
                self.trouble(code);
                return;
            }
            (
                Verdict::Done
                | Verdict::Reserve
                | Verdict::Smaller
                | Verdict::Absent
                | Verdict::Privilege
                | Verdict::State
                | Verdict::Refused,
                _,
            ) => self.reservation = 0,
        }
        self.step = Step::Header;
    }

    fn begin(&mut self, data: &[u8]) {
        let bytes = Bytes::new("SDR", data);
        let (Ok(next), Ok(_)) = (bytes.word(0), bytes.byte(2 + HEADER - 1)) else {
            self.give_up(0);
            return;
        };
        self.next = Some(next);
        let header = bytes.rest(2);
        self.bytes = header.iter().copied().take(HEADER).collect();
        self.step = Step::Body;
        if self.missing() == 0 {
            self.finish();
        }
    }

    fn go_on(&mut self, data: &[u8]) {
        let got = Bytes::new("SDR", data).rest(2);
        let missing = self.missing();
        self.bytes.extend(got.iter().take(missing.min(usize::from(self.piece))));
        if got.is_empty() || self.missing() == 0 {
            self.finish();
        }
    }

    /// Bytes of the record that its header claims and that have not come.
    fn missing(&self) -> usize {
        let claimed = self.bytes.get(HEADER - 1).copied().map_or(0, usize::from) + HEADER;
        claimed.min(usize::from(u8::MAX)).saturating_sub(self.bytes.len())
    }

    /// Keeps what came of the record, under the id that was asked for, and goes on to the next.
    fn finish(&mut self) {
        if let Ok(mut record) = Record::parse(&self.bytes) {
            if self.record == FIRST {
                self.seen.insert(record.id);
            } else {
                record.id = self.record;
            }
            self.records.push(record);
        }
        self.advance(0);
    }

    fn advance(&mut self, code: u8) {
        self.seen.insert(self.record);
        self.left = self.left.saturating_sub(1);
        self.bytes.clear();
        self.piece = limit::PIECE.min(self.piece.max(LEAST_PIECE));
        self.troubles = 0;
        self.step = Step::Header;
        self.end = match self.next.take() {
            None => Some(End::Lost { record: self.record, code }),
            Some(END) => Some(End::Marked),
            Some(next) if self.seen.contains(&next) => Some(End::Loop(next)),
            Some(_) if self.left == 0 => Some(End::TooMany),
            Some(next) => {
                self.record = next;
                None
            }
        };
    }

    /// After too many lost reservations the record is given up, with half of it or none.
    fn reserve_again(&mut self, code: u8) {
        self.piece = (self.piece / 2).max(LEAST_PIECE);
        self.trouble(code);
        if self.troubles > 0 && self.end.is_none() {
            self.bytes.clear();
            self.step = Step::Reserve;
        }
    }

    fn trouble(&mut self, code: u8) {
        self.troubles += 1;
        if self.troubles <= limit::TRIES {
            return;
        }
        match self.step {
            Step::Reserve => {
                self.reservation = 0;
                self.troubles = 0;
                self.step = Step::Header;
            }
            Step::Header | Step::Body => self.give_up(code),
        }
    }

    /// Keeps a record whose fixed part came; else skips it if the way on is known.
    fn give_up(&mut self, code: u8) {
        if self.bytes.len() > HEADER {
            self.finish();
        } else {
            self.advance(code);
        }
    }
}

/// Stands for the first record, whose own id is told by its header.
const FIRST: u16 = 0x0000;
/// A repository of fewer records than it says (or says 0) is still walked this far.
const LEAST_BOUND: usize = 512;
/// No server has so many; the walk ends.
const MOST_BOUND: usize = 4096;
/// Halving ends here once a record has been read, so that one bad record does not slow all others.
const LEAST_PIECE: u8 = 8;

#[cfg(test)]
mod tests;
