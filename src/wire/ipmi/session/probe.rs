//! The question before a session: what can this channel do? It tells a 1.5-only BMC from a dead one.

use std::time::Duration;

use crate::base::time::Tick;
use crate::wire::ipmi::command::session::{AuthCapabilities, auth_capabilities};
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::message::{Checks, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::session::desk::Desk;
use crate::wire::ipmi::session::old::Activation;
use crate::wire::ipmi::session::open::Handshake;
use crate::wire::ipmi::session::outcome::{End, Reason, Stage};
use crate::wire::ipmi::session::{Hand, Login, Next, Phase, Version};

/// Get Channel Authentication Capabilities on its way.
#[derive(Debug)]
pub(super) struct Probe {
    sequence: u8,
    /// Asked for the data of 2.0, too.
    extended: bool,
    tries: usize,
    message: Vec<u8>,
    pub(super) due: Tick,
}

impl Probe {
    pub(super) fn start(login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) -> Self {
        Self::ask(login.version != Version::V15, login, desk, hand)
    }

    fn ask(extended: bool, login: &Login, desk: &mut Desk, hand: &mut Hand<'_>) -> Self {
        let sequence = desk.number();
        let ask = auth_capabilities(login.privilege, extended);
        let message = crate::wire::ipmi::bridge::wrap(&ask, sequence);
        let mut probe = Self { sequence, extended, tries: 0, message, due: hand.now };
        probe.send(login, hand);
        probe
    }

    fn send(&mut self, login: &Login, hand: &mut Hand<'_>) {
        hand.turn.send.push(lan15::emit(lan15::Header::BARE, &self.message, &login.password));
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
        let Some(response) = bare_response(packet) else {
            return Next::Stay;
        };
        if response.sequence != self.sequence || (response.netfn, response.command) != ANSWER {
            return Next::Stay;
        }
        if !response.completion.is_ok() {
            return self.refused(response.completion, login, desk, hand);
        }
        let found = AuthCapabilities::parse(response.data).ok();
        let speaks_20 = found.as_ref().is_some_and(AuthCapabilities::speaks_20);
        match login.version {
            Version::V20 => open(login, (true, !speaks_20), hand),
            Version::Either if speaks_20 => open(login, (true, false), hand),
            Version::Either | Version::V15 => Activation::start(found, login, desk, hand),
        }
    }

    fn refused(
        &mut self,
        completion: crate::wire::ipmi::status::Completion,
        login: &Login,
        desk: &mut Desk,
        hand: &mut Hand<'_>,
    ) -> Next {
        if login.version == Version::V20 {
            return open(login, (true, false), hand);
        }
        if self.extended {
            return Next::Become(Phase::Probe(Self::ask(false, login, desk, hand)));
        }
        Next::End(End::Refused { stage: Stage::Probe, reason: Reason::Completion(completion) })
    }

    pub(super) fn wake(&mut self, login: &Login, hand: &mut Hand<'_>) -> Next {
        match login.version {
            // A BMC may answer nothing but 2.0.
            Version::V20 | Version::Either => open(login, (false, false), hand),
            Version::V15 if self.tries < login.tuning.waits.len() => {
                self.send(login, hand);
                Next::Stay
            }
            Version::V15 => Next::End(End::NoAnswer),
        }
    }
}

/// On to 2.0: whether the BMC answered, and whether it said that it has 1.5 only.
fn open(login: &Login, (heard, only_15): (bool, bool), hand: &mut Hand<'_>) -> Next {
    let mut handshake = Handshake::start(login, only_15, hand);
    handshake.heard = heard;
    Next::Become(Phase::Open(Box::new(handshake)))
}

/// A response in the wrapper of IPMI 1.5.
pub(super) fn bare_response<'a>(packet: &Packet<'a>) -> Option<Response<'a>> {
    let Packet::V15(packet) = packet else {
        return None;
    };
    Response::parse(packet.message, Checks::Strict).ok()
}

/// How long the sending after `tries` others waits.
pub(super) fn wait(login: &Login, tries: usize) -> Duration {
    let waits = &login.tuning.waits;
    waits.get(tries).or(waits.last()).copied().unwrap_or(Duration::from_secs(1))
}

/// Network function and command of the answer.
const ANSWER: (u8, u8) = (0x07, 0x38);
