use proptest::prelude::*;

use super::*;
use crate::wire::ipmi::data::sdr::record::Body;

/// A BMC with records and oddities.
struct Bmc {
    records: Vec<Vec<u8>>,
    /// Most bytes that it gives at once.
    most: u8,
    /// Answers c5 this many times to pieces.
    lost: u32,
    /// The reservation in force.
    reservation: u16,
    /// What follows the last record.
    last: u16,
}

fn record(id: u16, length: u8) -> Vec<u8> {
    let [low, high] = id.to_le_bytes();
    let mut bytes = vec![low, high, 0x51, 0xc0, length];
    bytes.extend(0..length);
    bytes
}

impl Bmc {
    fn new(count: u16) -> Self {
        let records = (1..=count).map(|id| record(id, 60)).collect();
        Self { records, most: 32, lost: 0, reservation: 0, last: END }
    }

    fn answer(&mut self, ask: &Ask) -> (u8, Vec<u8>) {
        if ask.command == 0x22 {
            self.reservation += 1;
            return (0, self.reservation.to_le_bytes().to_vec());
        }
        let piece = Piece::parse(&ask.data).unwrap();
        let place = usize::from(piece.record.max(1)) - 1;
        if self.lost > 0 && piece.offset > 0 {
            self.lost -= 1;
            return (0xc5, Vec::new());
        }
        if piece.count > self.most {
            return (0xca, Vec::new());
        }
        let Some(bytes) = self.records.get(place) else { return (0xcb, Vec::new()) };
        let next = if place + 1 == self.records.len() { self.last } else { piece.record.max(1) + 1 };
        let mut data = next.to_le_bytes().to_vec();
        data.extend(piece.of(bytes));
        (0, data)
    }
}

fn walked(bmc: &mut Bmc, count: u16) -> (Walk, usize) {
    let mut walk = Walk::new(Holder::Repository, count);
    let mut asks = 0;
    while let Some(ask) = walk.ask() {
        let (code, data) = bmc.answer(&ask);
        walk.take(code, &data);
        asks += 1;
        assert!(asks < 100_000, "the walk does not end");
    }
    (walk, asks)
}

#[test]
fn a_repository_is_read_whole() {
    let mut bmc = Bmc::new(5);
    let (walk, asks) = walked(&mut bmc, 5);
    assert_eq!((walk.end(), walk.records().len(), asks), (Some(End::Marked), 5, 1 + 5 * 3));
    let emitted: Vec<Vec<u8>> = walk.into_records().iter().map(Record::emit).collect();
    assert_eq!(emitted, bmc.records);
}

#[test]
fn smaller_pieces_are_asked_for_once() {
    let mut bmc = Bmc { most: 8, ..Bmc::new(3) };
    let (walk, asks) = walked(&mut bmc, 3);
    assert_eq!((walk.end(), walk.records().len()), (Some(End::Marked), 3));
    assert_eq!(asks, 1 + 2 + 3 * (1 + 8));
}

#[test]
fn a_lost_reservation_is_renewed() {
    let mut bmc = Bmc { lost: 2, ..Bmc::new(2) };
    let (walk, _) = walked(&mut bmc, 2);
    assert_eq!((walk.end(), walk.records().len(), bmc.reservation), (Some(End::Marked), 2, 3));
}

#[test]
fn a_bmc_that_loses_every_reservation_ends_the_walk() {
    let mut bmc = Bmc { lost: u32::MAX, ..Bmc::new(3) };
    let (walk, asks) = walked(&mut bmc, 3);
    assert!(asks < 50, "{asks}");
    assert_eq!((walk.end(), walk.records().len()), (Some(End::Marked), 0));
}

#[test]
fn a_wrong_count_and_a_missing_end_do_not_matter() {
    let (walk, _) = walked(&mut Bmc::new(5), 8);
    assert_eq!((walk.end(), walk.records().len()), (Some(End::Marked), 5));
    let (walk, _) = walked(&mut Bmc::new(600), 3);
    assert_eq!((walk.end(), walk.records().len()), (Some(End::TooMany), 512));
    let (walk, _) = walked(&mut Bmc { last: 2, ..Bmc::new(4) }, 4);
    assert_eq!((walk.end(), walk.records().len()), (Some(End::Loop(2)), 4));
    for first in [0, 1] {
        let (walk, _) = walked(&mut Bmc { last: first, ..Bmc::new(4) }, 4);
        assert_eq!((walk.end(), walk.records().len()), (Some(End::Loop(first)), 4));
    }
}

#[test]
fn a_record_that_claims_more_than_it_has_is_kept() {
    let mut bmc = Bmc::new(2);
    bmc.records[0].truncate(20);
    let (walk, _) = walked(&mut bmc, 2);
    assert_eq!((walk.end(), walk.records().len()), (Some(End::Marked), 2));
    let Body::Other { rest, .. } = &walk.records()[0].body else { panic!() };
    assert_eq!(rest.len(), 15);
}

#[test]
fn the_id_asked_for_counts() {
    let mut bmc = Bmc::new(2);
    bmc.records[1][..2].copy_from_slice(&[0x77, 0x77]);
    let (walk, _) = walked(&mut bmc, 2);
    assert_eq!(walk.records().iter().map(|record| record.id).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_bmc_without_records_or_reservations() {
    let mut walk = Walk::new(Holder::Device, 0);
    assert_eq!(walk.ask().unwrap().command, 0x22);
    walk.take(0xc1, &[]);
    assert_eq!(walk.ask().unwrap().command, 0x21);
    walk.take(0xc1, &[]);
    assert_eq!((walk.ask(), walk.end()), (None, Some(End::Lost { record: 0, code: 0xc1 })));
}

proptest! {
    #[test]
    fn any_answers_end_the_walk(
        answers in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 1..20),
        good in any::<bool>(),
    ) {
        let mut walk = Walk::new(Holder::Repository, 3);
        let mut asks = 0_usize;
        for (code, data) in answers.iter().cycle() {
            if walk.ask().is_none() {
                break;
            }
            walk.take(if good && *code < 0xe0 { 0 } else { *code }, data);
            asks += 1;
            prop_assert!(asks < 600 * 400);
        }
        prop_assert!(walk.records().len() <= LEAST_BOUND);
    }
}
