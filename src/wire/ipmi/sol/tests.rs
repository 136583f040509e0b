//! The line against acknowledgements as recorded, and against a BMC that takes little, repeats and goes silent.

use std::time::Duration;

use proptest::prelude::*;

use crate::base::time::Tick;
use crate::wire::ipmi::capture::Capture;
use crate::wire::ipmi::sol::packet::{BREAK, NACK, UNAVAILABLE};
use crate::wire::ipmi::sol::{Line, LineEvent, LineTurn, SolPacket};

fn at(millis: u64) -> Tick {
    Tick(Duration::from_millis(millis))
}

fn acknowledge(sequence: u8, accepted: u8, bits: u8) -> Vec<u8> {
    SolPacket { sequence: 0, acknowledged: sequence, accepted, bits, characters: &[] }.emit()
}

fn only(turn: &LineTurn) -> &[u8] {
    assert_eq!(turn.send.len(), 1, "{turn:?}");
    &turn.send[0]
}

#[test]
fn recorded_packets_of_both_sides_come_back_as_they_were() {
    let mut seen = 0;
    for name in ["sim-71-sol-activate", "std-07-suite17-sol"] {
        for recorded in Capture::load(name).packets {
            if recorded.bytes[5] & 0x3f == 1 {
                let plain = recorded.plain.unwrap();
                assert_eq!(SolPacket::parse(&plain).unwrap().emit(), plain);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 20);
}

#[test]
fn one_packet_is_on_its_way_and_the_rest_waits() {
    let mut line = Line::new(4);
    let (taken, turn) = line.write(b"root\rls", at(0));
    assert_eq!((taken, only(&turn)), (7, &b"\x01\0\0\0root"[..]));
    assert!(line.write(b"\r", at(1)).1.send.is_empty());
    let turn = line.receive(&acknowledge(1, 4, 0), at(2));
    assert_eq!(only(&turn), b"\x02\0\0\0\rls\r");
}

#[test]
fn what_was_not_taken_goes_on_under_a_new_number() {
    let mut line = Line::new(200);
    line.write(b"hello", at(0));
    let turn = line.receive(&acknowledge(1, 2, 0), at(1));
    assert_eq!(only(&turn), b"\x02\0\0\0llo");
}

#[test]
fn a_refusal_holds_the_line_for_a_while() {
    let mut line = Line::new(200);
    line.write(b"hello", at(0));
    let turn = line.receive(&acknowledge(1, 0, NACK | UNAVAILABLE), at(1));
    assert!(turn.send.is_empty());
    let wake = turn.wake.unwrap();
    assert!(line.wake(at(2)).send.is_empty());
    assert_eq!(only(&line.wake(wake)), b"\x02\0\0\0hello");
}

#[test]
fn silence_repeats_the_same_packet_and_then_stalls() {
    let mut line = Line::new(200);
    let (_, first) = line.write(b"x", at(0));
    let mut wake = first.wake;
    let mut sent = 1;
    loop {
        let turn = line.wake(wake.unwrap());
        if turn.events == [LineEvent::Stalled] {
            assert_eq!(turn.wake, None);
            break;
        }
        assert_eq!(only(&turn), only(&first));
        (sent, wake) = (sent + 1, turn.wake);
    }
    assert_eq!(sent, 8);
}

#[test]
fn a_repeated_packet_gives_only_its_tail_and_is_acknowledged_again() {
    let mut line = Line::new(200);
    let packet = |characters: &'static [u8]| {
        SolPacket { sequence: 3, acknowledged: 0, accepted: 0, bits: 0, characters }.emit()
    };
    let turn = line.receive(&packet(b"login"), at(0));
    assert_eq!((turn.output.as_slice(), only(&turn)), (&b"login"[..], &[0, 3, 5, 0][..]));
    let turn = line.receive(&packet(b"login: "), at(1));
    assert_eq!((turn.output.as_slice(), only(&turn)), (&b": "[..], &[0, 3, 7, 0][..]));
}

#[test]
fn numbers_go_from_fifteen_to_one() {
    let mut line = Line::new(200);
    for round in 0..31_u8 {
        let (_, turn) = line.write(b"x", at(0));
        let wanted = round % 15 + 1;
        assert_eq!(only(&turn)[0], wanted);
        line.receive(&acknowledge(wanted, 1, 0), at(0));
    }
}

#[test]
fn a_break_is_a_packet_of_its_own() {
    let mut line = Line::new(200);
    line.write(b"x", at(0));
    assert!(line.press_break(at(0)).send.is_empty());
    let turn = line.receive(&acknowledge(1, 1, 0), at(0));
    assert_eq!(only(&turn), [2, 0, 0, BREAK]);
    assert!(line.receive(&acknowledge(2, 0, 0), at(0)).send.is_empty());
}

#[test]
fn signals_are_told() {
    let mut line = Line::new(200);
    let turn = line.receive(&[0, 0, 0, 0x18], at(0));
    assert_eq!(turn.events, [LineEvent::Deactivated, LineEvent::Overrun]);
}

#[test]
fn a_page_that_is_too_long_is_taken_in_part() {
    let mut line = Line::new(200);
    let (taken, _) = line.write(&[b'x'; 5000], at(0));
    assert_eq!(taken, 4096);
}

proptest! {
    #[test]
    fn whatever_is_lost_or_taken_in_part_what_was_typed_arrives_in_order(
        typed in proptest::collection::vec(any::<u8>(), 1..120),
        mood in proptest::collection::vec(0_u8..6, 0..60),
    ) {
        let mut line = Line::new(16);
        let mut mood = mood.into_iter();
        let mut arrived: Vec<u8> = Vec::new();
        let mut last = 0;
        let (_, mut turn) = line.write(&typed, at(0));
        for _ in 0..600 {
            let mut answers = Vec::new();
            for payload in &turn.send {
                let packet = SolPacket::parse(payload).unwrap();
                let mood = mood.next().unwrap_or(5);
                if mood == 0 {
                    continue;
                }
                let taken = if mood < 4 { packet.characters.len() / usize::from(mood + 1) } else { packet.characters.len() };
                // A repeat is answered as the first was; this BMC takes all of what it saw then.
                if packet.sequence != last {
                    arrived.extend(&packet.characters[..taken]);
                    last = packet.sequence;
                    answers.push(acknowledge(packet.sequence, u8::try_from(taken).unwrap(), 0));
                }
            }
            turn = match answers.pop() {
                Some(answer) => line.receive(&answer, at(0)),
                None => match turn.wake {
                    Some(wake) => line.wake(wake),
                    None => break,
                },
            };
            prop_assert!(turn.events.is_empty() || turn.events == [LineEvent::Stalled]);
            if !turn.events.is_empty() {
                return Ok(());
            }
        }
        prop_assert_eq!(arrived, typed);
    }

    #[test]
    fn a_line_takes_anything(payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..20)) {
        let mut line = Line::new(1);
        line.write(b"typed", at(0));
        for (step, payload) in payloads.iter().enumerate() {
            let now = at(u64::try_from(step).unwrap() * 200);
            prop_assert!(line.receive(payload, now).output.len() <= payload.len());
            line.wake(now);
        }
    }
}
