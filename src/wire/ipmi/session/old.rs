//! The login of IPMI 1.5: challenge, activate.

use crate::base::time::Tick;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bridge::wrap;
use crate::wire::ipmi::command::session::{
    Activate, Activated, AuthCapabilities, Challenge, activate_session, session_challenge,
};
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::lan15::{self, AuthType, Header};
use crate::wire::ipmi::message::{Checks, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::session::desk::Desk;
use crate::wire::ipmi::session::dice::{Purpose, draw};
use crate::wire::ipmi::session::line::Linked;
use crate::wire::ipmi::session::link::{Kind, Link};
use crate::wire::ipmi::session::login::PASSWORD_LIMIT_15;
use crate::wire::ipmi::session::outcome::{End, Mismatch, Reason, Stage};
use crate::wire::ipmi::session::probe::wait;
use crate::wire::ipmi::session::{Hand, Login, Next, Phase};
use crate::wire::ipmi::status::Completion;
use crate::wire::ipmi::window::Window;

/// A session of IPMI 1.5 half open.
#[derive(Debug)]
pub(super) struct Activation {
    auth: AuthType,
    /// The BMC signs its packets only where it likes.
    unsigned: bool,
    stage: Stage,
    /// The session id of the packets on their way: the temporary one once there is a challenge.
    header: Header,
    sequence: u8,
    message: Vec<u8>,
    tries: usize,
    pub(super) due: Tick,
}

impl Activation {
    /// Chooses an authentication type among those offered and asks for a challenge.
    pub(super) fn start(
        found: Option<AuthCapabilities>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        let offered = found.as_ref().map_or(u8::MAX, |found| found.auth_types);
        let is_offered = |auth: &&AuthType| offered & 1_u8.checked_shl(auth.code().into()).unwrap_or(0) != 0;
        let Some(auth) = login.tuning.auth15.iter().find(is_offered).copied() else {
            return Next::End(End::NoAuthType { offered });
        };
        if login.password.bytes().len() > PASSWORD_LIMIT_15 {
            return Next::End(End::PasswordTooLong);
        }
        let unsigned = found.is_some_and(|found| !found.signs_each_packet());
        let mut activation = Self {
            auth,
            unsigned,
            stage: Stage::Challenge,
            header: Header::BARE,
            sequence: 0,
            message: Vec::new(),
            tries: 0,
            due: hand.now,
        };
        activation.ask(&session_challenge(auth, &login.user), login, desk, hand);
        Next::Become(Phase::Old(Box::new(activation)))
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    fn ask(&mut self, ask: &Ask, login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) {
        self.sequence = desk.number();
        self.message = wrap(ask, self.sequence);
        self.tries = 0;
        self.send(login, hand);
    }

    fn send(&mut self, login: &Login, hand: &mut Hand<'_>) {
        hand.turn.send.push(lan15::emit(self.header, &self.message, &login.password));
        self.due = hand.now.after(wait(login, self.tries));
        self.tries += 1;
    }

    pub(super) fn receive(
        &mut self,
        packet: &Packet<'_>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        let Packet::V15(packet) = packet else {
            return Next::Stay;
        };
        let Ok(response) = Response::parse(packet.message, Checks::Strict) else {
            return Next::Stay;
        };
        if response.sequence != self.sequence || response.netfn != NETFN_ANSWER {
            return Next::Stay;
        }
        match (self.stage, response.command) {
            (Stage::Challenge, SESSION_CHALLENGE) if packet.header == Header::BARE => {
                self.challenged(&response, login, desk, hand)
            }
            // A refusal may come unsigned; a session may not, unless it was asked for so.
            (Stage::Activate, ACTIVATE_SESSION) if packet.header.session == self.header.session => {
                let signed = packet.header.auth == self.auth && packet.verifies(&login.password);
                let trusted = signed || self.unsigned || !response.completion.is_ok();
                if trusted { self.activated(&response, login, desk, hand) } else { Next::Stay }
            }
            _ => Next::Stay,
        }
    }

    fn challenged(
        &mut self,
        response: &Response<'_>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        if !response.completion.is_ok() {
            return Next::End(refused(Stage::Challenge, response.completion));
        }
        let Ok(challenge) = Challenge::parse(response.data) else {
            return Next::Stay;
        };
        let number = u32::from_le_bytes(draw(hand.dice, Purpose::Sequence));
        let activate = Activate {
            auth: self.auth,
            privilege: login.privilege.code(),
            challenge: challenge.challenge,
            sequence: number.max(1),
        };
        self.stage = Stage::Activate;
        self.header = Header { auth: self.auth, sequence: 0, session: challenge.session };
        self.ask(&activate_session(&activate), login, desk, hand);
        Next::Stay
    }

    fn activated(
        &mut self,
        response: &Response<'_>,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        if !response.completion.is_ok() {
            return Next::End(refused(Stage::Activate, response.completion));
        }
        let Ok(Activated { auth, session, sequence, .. }) = Activated::parse(response.data) else {
            return Next::Stay;
        };
        if session == SessionId::NONE || auth != self.auth && auth != AuthType::None {
            return Next::Stay;
        }
        let link = Link {
            kind: Kind::V15 { auth, password: login.password.clone(), unsigned: self.unsigned },
            bmc: session,
            sequence,
            window: Window::default(),
            zeros: false,
        };
        Next::Become(Phase::Linked(Box::new(Linked::start(link, None, login, (desk, hand)))))
    }

    pub(super) fn wake(&mut self, login: &Login, hand: &mut Hand<'_>) -> Next {
        if self.tries < login.tuning.waits.len() {
            self.send(login, hand);
            return Next::Stay;
        }
        Next::End(End::Silent { stage: self.stage })
    }
}

/// What a completion code at login means.
fn refused(stage: Stage, completion: Completion) -> End {
    let reason = Reason::Completion(completion);
    match (stage, completion.0) {
        (Stage::Challenge, 0x81 | 0x82) | (Stage::Activate, 0x86) => {
            End::WrongPassword(Mismatch::Completion(completion))
        }
        (Stage::Activate, 0x81..=0x83) => End::NoSlot(reason),
        _ => End::Refused { stage, reason },
    }
}

const NETFN_ANSWER: u8 = 0x07;
const SESSION_CHALLENGE: u8 = 0x39;
const ACTIVATE_SESSION: u8 = 0x3a;
