//! All decoders against all recordings: bytes in, the same bytes out, cut anywhere, and anything at all.

use proptest::prelude::*;

use crate::wire::ipmi::PACKET_LIMIT;
use crate::wire::ipmi::capture::{Capture, Recorded};
use crate::wire::ipmi::command::payload::{Activation, ActivationStatus};
use crate::wire::ipmi::command::session::{
    Activate, Activated, AuthCapabilities, Challenge, SuitePiece, parse_session_challenge, suite_ids,
};
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::data::boot::BootOption;
use crate::wire::ipmi::data::chassis;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::message::{Checks, Request, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rakp::{OpenRequest, OpenResponse, Proof, Rakp1, Rakp2, Rakp3, Rakp4};
use crate::wire::ipmi::sol::SolPacket;
use crate::wire::ipmi::status::Status;
use crate::wire::ipmi::suite::Suite;

/// What a bare payload is emitted as once it was read.
fn again(payload: Payload, body: &[u8]) -> Option<Vec<u8>> {
    match payload {
        Payload::OpenRequest => OpenRequest::parse(body).ok().map(|message| message.emit()),
        Payload::OpenResponse => OpenResponse::parse(body).ok().map(|message| message.emit()),
        Payload::Rakp1 => Rakp1::parse(body).ok().map(|message| message.emit()),
        Payload::Rakp2 => Rakp2::parse(body).ok().map(|message| message.emit()),
        Payload::Rakp3 => Rakp3::parse(body).ok().map(|message| message.emit()),
        Payload::Rakp4 => Rakp4::parse(body).ok().map(|message| message.emit()),
        Payload::Sol => SolPacket::parse(body).ok().map(|message| message.emit()),
        Payload::Message => message_again(body),
        Payload::Oem { .. } | Payload::Other(_) => None,
    }
}

fn message_again(body: &[u8]) -> Option<Vec<u8>> {
    let is_response = body.get(1).is_some_and(|byte| byte >> 2 & 1 == 1);
    if is_response {
        return Response::parse(body, Checks::Strict).ok().map(|message| message.emit());
    }
    Request::parse(body).ok().map(|message| message.emit())
}

/// A refusal that goes on after its status is read, and emitted without the rest.
fn is_long_refusal(packet: &lan20::Packet<'_>) -> bool {
    matches!(packet.header.payload, Payload::OpenResponse | Payload::Rakp2) && packet.body[1] != 0
}

#[test]
fn every_recorded_packet_is_read_and_emitted_the_same() {
    for capture in Capture::all() {
        let key = Key::new(capture.password.as_bytes());
        for recorded in &capture.packets {
            let bytes = &recorded.bytes;
            match Packet::parse(bytes).unwrap() {
                Packet::Ping(ping) => assert_eq!(&ping.emit(), bytes),
                Packet::Pong(pong) => {
                    assert_eq!(&pong.emit(), bytes);
                    assert!(pong.speaks_ipmi());
                }
                Packet::V15(packet) => {
                    assert!(packet.verifies(&key), "{}", capture.name);
                    assert_eq!(&lan15::emit(packet.header, packet.message, &key), bytes, "{}", capture.name);
                    assert_eq!(message_again(packet.message).as_deref(), Some(packet.message));
                }
                Packet::V20(packet) if packet.header.encrypted || is_long_refusal(&packet) => {}
                Packet::V20(packet) => {
                    let body = again(packet.header.payload, packet.body);
                    assert_eq!(body.as_deref(), Some(packet.body), "{}", capture.name);
                    if !packet.header.authenticated {
                        assert_eq!(&lan20::emit_plain(packet.header, packet.body), bytes);
                    }
                }
            }
        }
    }
}

/// Follows a recording as both sides: what was said so far, and the keys once there are some.
struct Walk {
    capture: Capture,
    suite: Option<Suite>,
    proof: Option<Proof>,
    guard: Option<Guard>,
    checked: usize,
}

impl Walk {
    fn step(&mut self, recorded: &Recorded) {
        let Ok(Packet::V20(packet)) = Packet::parse(&recorded.bytes) else {
            return;
        };
        match packet.header.payload {
            Payload::OpenResponse => {
                if let OpenResponse::Opened(opened) = OpenResponse::parse(packet.body).unwrap() {
                    let suite = Suite::of_algorithms(opened.algorithms).unwrap();
                    self.suite = Some(suite);
                    self.proof = Some(Proof {
                        auth: suite.auth,
                        console: opened.console,
                        bmc: opened.bmc,
                        console_random: [0; 16],
                        bmc_random: [0; 16],
                        guid: [0; 16],
                        role: 0,
                        user: crate::wire::ipmi::id::User::default(),
                    });
                }
            }
            Payload::Rakp1 => {
                let said = Rakp1::parse(packet.body).unwrap();
                let proof = self.proof.as_mut().unwrap();
                (proof.console_random, proof.role, proof.user) = (said.random, said.role, said.user);
            }
            Payload::Rakp2 => self.rakp2(packet.body),
            Payload::Rakp3 => {
                let said = Rakp3::parse(packet.body).unwrap();
                let wanted = self.proof.as_ref().unwrap().rakp3(&self.password());
                assert_eq!(said.code, wanted.bytes(), "{}", self.capture.name);
                self.checked += 1;
            }
            Payload::Rakp4 => self.rakp4(packet.body),
            Payload::Message | Payload::Sol => self.inside(recorded, &packet),
            Payload::Oem { .. } | Payload::OpenRequest | Payload::Other(_) => {}
        }
    }

    fn password(&self) -> Key {
        Key::new(self.capture.bmc_password.as_bytes())
    }

    fn rakp2(&mut self, body: &[u8]) {
        let password = self.password();
        if let Rakp2::Accepted { random, guid, code, .. } = Rakp2::parse(body).unwrap() {
            let proof = self.proof.as_mut().unwrap();
            (proof.bmc_random, proof.guid) = (random, guid);
            assert_eq!(proof.rakp2(&password).bytes(), code, "{}", self.capture.name);
            self.checked += 1;
        }
    }

    fn rakp4(&mut self, body: &[u8]) {
        let said = Rakp4::parse(body).unwrap();
        assert_eq!(said.status, Status::OK);
        let proof = self.proof.as_ref().unwrap();
        let kg = if self.capture.kg.is_empty() { self.password() } else { Key::new(&self.capture.kg) };
        let sik = proof.sik(&kg);
        assert!(proof.accepts_rakp4(&sik, said.code) || self.capture.name.contains("kg-missing"));
        if !self.capture.name.contains("kg-missing") {
            assert_eq!(proof.rakp4(&sik).bytes(), said.code);
        }
        self.guard = Some(Guard::new(self.suite.unwrap(), &sik, &self.password()));
    }

    /// Opens as the receiver does and seals as the sender did.
    fn inside(&mut self, recorded: &Recorded, packet: &lan20::Packet<'_>) {
        let Some(guard) = self.guard.as_ref().filter(|_| packet.header.sequence != 0) else {
            return;
        };
        let plain = guard.open(packet).unwrap();
        if let Some(wanted) = &recorded.plain {
            assert_eq!(&plain.to_vec(), wanted);
        }
        let iv = packet.body.first_chunk::<16>().copied().unwrap_or_default();
        assert_eq!(guard.seal(packet.header, &plain, iv), recorded.bytes, "{}", self.capture.name);
        assert_eq!(again(packet.header.payload, &plain).as_deref(), Some(&*plain));
        self.checked += 1;
        self.damaged_is_refused(recorded);
    }

    /// Not one bit of a signed packet may change.
    fn damaged_is_refused(&self, recorded: &Recorded) {
        let guard = self.guard.as_ref().unwrap();
        for at in (4..recorded.bytes.len()).step_by(5) {
            let mut bytes = recorded.bytes.clone();
            bytes[at] ^= 0x10;
            if let Ok(Packet::V20(packet)) = Packet::parse(&bytes)
                && packet.header.authenticated
            {
                assert!(guard.open(&packet).is_err(), "{} byte {at}", self.capture.name);
            }
        }
    }
}

#[test]
fn codes_and_ciphers_of_every_recording_are_ours_on_both_sides() {
    let mut checked = 0;
    for capture in Capture::all() {
        let packets = capture.packets.clone();
        let mut walk = Walk { capture, suite: None, proof: None, guard: None, checked: 0 };
        for recorded in &packets {
            walk.step(recorded);
        }
        checked += walk.checked;
    }
    assert!(checked > 500, "{checked} codes");
}

/// Everything that reads foreign bytes, one after another.
fn read_all(bytes: &[u8]) {
    for payload in [
        Payload::Message,
        Payload::Sol,
        Payload::OpenRequest,
        Payload::OpenResponse,
        Payload::Rakp1,
        Payload::Rakp2,
        Payload::Rakp3,
        Payload::Rakp4,
    ] {
        again(payload, bytes);
    }
    Response::parse(bytes, Checks::Waived).ok();
    AuthCapabilities::parse(bytes).ok();
    SuitePiece::parse(bytes).ok();
    suite_ids(bytes);
    parse_session_challenge(bytes).ok();
    Challenge::parse(bytes).ok();
    Activate::parse(bytes).ok();
    Activated::parse(bytes).ok();
    Activation::parse(bytes).ok();
    ActivationStatus::parse(bytes).ok();
    chassis::Status::parse(bytes).ok();
    chassis::Control::parse(bytes).ok();
    chassis::Identify::parse(bytes);
    BootOption::parse(bytes).ok();
    BootOption::parse_answer(bytes).ok();
    if let Ok(Packet::V20(packet)) = Packet::parse(bytes) {
        for suite in crate::wire::ipmi::suite::SUITES {
            Guard::new(*suite, &Key::new(&[1; 20]), &Key::default()).open(&packet).ok();
        }
    }
}

#[test]
fn every_prefix_of_every_packet_and_its_contents_is_read_without_a_panic() {
    for capture in Capture::all().iter().step_by(3) {
        for recorded in &capture.packets {
            for end in 0..recorded.bytes.len() {
                read_all(&recorded.bytes[..end]);
            }
            let plain = recorded.plain.clone().unwrap_or_default();
            for end in 0..plain.len() {
                read_all(&plain[..end]);
            }
        }
    }
}

#[test]
fn an_endless_packet_is_refused_before_it_is_read() {
    let long = vec![6; PACKET_LIMIT + 1];
    assert!(matches!(Packet::parse(&long), Err(WireError::Long { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_a_packet_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        read_all(&bytes);
        let mut packet = vec![6, 0, 0xff, 7];
        packet.extend(&bytes);
        read_all(&packet);
        packet.insert(4, 6);
        read_all(&packet);
    }

    #[test]
    fn what_is_sealed_opens_again_under_every_suite(
        sik in any::<[u8; 20]>(),
        iv in any::<[u8; 16]>(),
        sequence in any::<u32>(),
        plain in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        for suite in crate::wire::ipmi::suite::SUITES {
            let guard = Guard::new(*suite, &Key::new(&sik), &Key::new(b"password"));
            let header = lan20::Header { sequence, ..lan20::Header::bare(Payload::Sol) };
            let bytes = guard.seal(guard.header(header), &plain, iv);
            let Ok(Packet::V20(packet)) = Packet::parse(&bytes) else { panic!("{suite:?}") };
            let opened = guard.open(&packet).unwrap();
            prop_assert_eq!(&*opened, &plain[..]);
        }
    }

    #[test]
    fn messages_come_back_as_they_went(
        numbers in any::<[u8; 5]>(), data in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let [responder, netfn, requester, sequence, command] = numbers;
        let request = Request {
            responder,
            netfn: netfn & 0x3e,
            lun: netfn & 1,
            requester,
            requester_lun: 2,
            sequence: sequence & 0x3f,
            command,
            data: &data,
        };
        let bytes = request.emit();
        prop_assert_eq!(Request::parse(&bytes), Ok(request));
        let response = request.answer(crate::wire::ipmi::status::Completion(command), &data);
        let bytes = response.emit();
        prop_assert_eq!(Response::parse(&bytes, Checks::Strict), Ok(response));
        let mut damaged = bytes.clone();
        damaged[0] ^= 1;
        prop_assert!(Response::parse(&damaged, Checks::Strict).is_err());
        prop_assert!(Response::parse(&damaged, Checks::Waived).is_ok());
    }
}
