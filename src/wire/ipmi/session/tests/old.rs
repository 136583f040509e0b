//! The login of IPMI 1.5 where the network, or the BMC, is not honest.

use super::bmc::Counter;
use crate::base::time::Tick;
use crate::wire::ipmi::bridge::wrap;
use crate::wire::ipmi::command::session::{Activated, AuthCapabilities, Challenge};
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::lan15::{self, AuthType, Header};
use crate::wire::ipmi::message::{Checks, Request, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::session::{End, Event, Login, Session, Stage, Turn, Version};
use crate::wire::ipmi::status::Completion;

/// A client at IPMI 1.5 or either, whose packets a test answers by hand.
struct Client {
    session: Session,
    dice: Counter,
    turn: Turn,
}

impl Client {
    fn new(version: Version) -> Self {
        let login = Login::new(b"admin", b"password").unwrap().with_version(version).unwrap();
        let (mut session, mut dice) = (Session::new(login), Counter::default());
        let turn = session.start(Tick::default(), &mut dice);
        Self { session, dice, turn }
    }

    /// Answers the last packet under this header and password.
    fn answer(&mut self, header: Header, password: &str, completion: Completion, data: &[u8]) {
        let bytes = self.turn.send.last().unwrap().clone();
        let Ok(Packet::V15(packet)) = Packet::parse(&bytes) else { panic!("a packet of 2.0") };
        let message = Request::parse(packet.message).unwrap().answer(completion, data).emit();
        assert!(Response::parse(&message, Checks::Strict).is_ok());
        let answer = lan15::emit(header, &message, &Key::new(password.as_bytes()));
        let turn = self.session.receive(&answer, Tick::default(), &mut self.dice);
        if !turn.send.is_empty() || !turn.events.is_empty() {
            self.turn = turn;
        }
    }

    fn capabilities(&mut self, auth_types: u8, versions: u8) {
        let found = AuthCapabilities { channel: 1, auth_types, status: 0, versions, oem: 0, aux: 0 };
        self.answer(Header::BARE, "", Completion::OK, &found.emit());
    }

    fn challenge(&mut self) {
        let challenge = Challenge { session: TEMPORARY, challenge: [5; 16] };
        self.answer(Header::BARE, "", Completion::OK, &challenge.emit());
    }

    fn activated(&mut self, auth: AuthType, password: &str) {
        let activated = Activated { auth: AuthType::Md5, session: SESSION, sequence: 70, privilege: 4 };
        let header = Header { auth, sequence: 9, session: TEMPORARY };
        self.answer(header, password, Completion::OK, &activated.emit());
    }

    fn end(&self) -> Option<&Event> {
        self.turn.events.last()
    }
}

const TEMPORARY: SessionId = SessionId([1, 2, 3, 4]);
const SESSION: SessionId = SessionId([4, 3, 2, 1]);

#[test]
fn either_goes_to_20_where_it_is_and_to_15_where_it_is_not() {
    let mut client = Client::new(Version::Either);
    client.capabilities(0x97, 0x03);
    assert_eq!(client.session.stage(), Stage::Open);
    let mut client = Client::new(Version::Either);
    client.capabilities(0x17, 0x00);
    assert_eq!(client.session.stage(), Stage::Challenge);
}

#[test]
fn a_bmc_that_does_not_know_the_question_for_20_is_asked_the_old_one() {
    let mut client = Client::new(Version::Either);
    client.answer(Header::BARE, "", Completion::INVALID_FIELD, &[]);
    assert_eq!(client.session.stage(), Stage::Probe);
    client.capabilities(0x04, 0x00);
    assert_eq!(client.session.stage(), Stage::Challenge);
}

#[test]
fn a_session_must_be_signed_with_the_password() {
    let mut client = Client::new(Version::V15);
    client.capabilities(0x17, 0x00);
    client.challenge();
    client.activated(AuthType::None, "");
    assert_eq!(client.session.stage(), Stage::Activate);
    client.activated(AuthType::Md5, "guessed");
    assert_eq!(client.session.stage(), Stage::Activate);
    client.activated(AuthType::Md5, "password");
    assert_eq!(client.session.stage(), Stage::Privilege);
}

#[test]
fn unknown_users_and_full_tables_are_told_apart() {
    let mut client = Client::new(Version::V15);
    client.capabilities(0x17, 0x00);
    client.answer(Header::BARE, "", Completion(0x81), &[]);
    assert!(matches!(client.end(), Some(Event::Ended(end)) if end.blames_account()));
    let mut client = Client::new(Version::V15);
    client.capabilities(0x17, 0x00);
    client.challenge();
    client.answer(Header { session: TEMPORARY, ..Header::BARE }, "", Completion(0x81), &[]);
    assert!(matches!(client.end(), Some(Event::Ended(End::NoSlot(_)))));
}

#[test]
fn a_password_that_15_would_cut_is_not_sent() {
    let login = Login::new(b"admin", b"seventeen letters").unwrap().with_version(Version::Either).unwrap();
    let (session, mut dice) = (Session::new(login), Counter::default());
    let mut client = Client { session, dice: Counter::default(), turn: Turn::default() };
    client.turn = client.session.start(Tick::default(), &mut dice);
    client.capabilities(0x17, 0x00);
    assert_eq!(client.end(), Some(&Event::Ended(End::PasswordTooLong)));
}

#[test]
fn a_bmc_with_md2_alone_is_named() {
    let mut client = Client::new(Version::V15);
    client.capabilities(0x02, 0x00);
    assert_eq!(client.end(), Some(&Event::Ended(End::NoAuthType { offered: 0x02 })));
    assert_eq!(wrap(&crate::wire::ipmi::data::device::DeviceId::ask(), 3)[4], 3 << 2);
}
