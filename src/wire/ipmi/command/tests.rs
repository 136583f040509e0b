//! Requests and answers of commands against recorded ones.

use crate::wire::ipmi::ask::Repeat;
use crate::wire::ipmi::capture::Capture;
use crate::wire::ipmi::command::payload::{self, Activation};
use crate::wire::ipmi::command::session::{
    AuthCapabilities, SuitePiece, auth_capabilities, cipher_suites, suite_ids,
};
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::lan15::AuthType;
use crate::wire::ipmi::message::{Checks, Response};
use crate::wire::ipmi::packet::Packet;

/// Data of the answer in the packet of this place.
fn answer(capture: &Capture, at: usize) -> Vec<u8> {
    let recorded = &capture.packets[at];
    let bytes = match (&recorded.plain, Packet::parse(&recorded.bytes).unwrap()) {
        (Some(plain), _) => plain.clone(),
        (None, Packet::V15(packet)) => packet.message.to_vec(),
        (None, Packet::V20(packet)) => packet.body.to_vec(),
        (None, other) => panic!("{other:?}"),
    };
    Response::parse(&bytes, Checks::Strict).unwrap().data.to_vec()
}

#[test]
fn capabilities_tell_versions_and_whether_there_is_a_kg() {
    let plain = answer(&Capture::load("sim-01-power-status"), 1);
    let found = AuthCapabilities::parse(&plain).unwrap();
    assert!(found.speaks_20() && !found.has_kg() && found.signs_each_packet());
    assert_eq!(found.auth_types & 1 << AuthType::Md5.code(), 4);
    assert_eq!(found.emit(), plain);
    let with_kg = AuthCapabilities::parse(&answer(&Capture::load("sim-91-kg-missing"), 1)).unwrap();
    assert!(with_kg.has_kg());
    assert_eq!(auth_capabilities(Privilege::Administrator, true).data, [0x8e, 4]);
    assert_eq!(auth_capabilities(Privilege::User, false).data, [0x0e, 2]);
}

#[test]
fn suites_are_gathered_piece_by_piece() {
    let capture = Capture::load("std-02-suite17-negotiated");
    let mut list = Vec::new();
    for at in [3, 5, 7, 9] {
        let data = answer(&capture, at);
        let piece = SuitePiece::parse(&data).unwrap();
        assert_eq!(piece.is_last(), at == 9);
        list.extend(piece.piece);
    }
    assert_eq!(suite_ids(&list), [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17]);
    assert_eq!(cipher_suites(2).data, [0x0e, 0x00, 0x82]);
    assert!(suite_ids(&[0xc1, 9, 1, 2, 3, 0x41, 0xc0]).is_empty(), "OEM, then cut off");
}

#[test]
fn raw_commands_are_never_asked_twice() {
    assert_eq!(super::raw(0x30, 0x70, &[1]).repeat, Repeat::SameDatagram);
}

#[test]
fn sizes_of_sol_that_cannot_be_true_are_not_believed() {
    let data = answer(&Capture::load("std-07-suite17-sol"), 19);
    let activation = Activation::parse(&data).unwrap();
    assert_eq!((activation.inbound, activation.characters()), (200, 196));
    assert_eq!(activation.emit(), data);
    for swapped in [0x0001, 0x0100 + 4, 0xc800] {
        assert_eq!(Activation { inbound: swapped, ..activation }.characters(), 12);
    }
    assert_eq!(payload::activate_sol(true, true).data, [1, 1, 0xc6, 0, 0, 0]);
    assert_eq!(payload::deactivate_sol().data, [1, 1, 0, 0, 0, 0]);
}
