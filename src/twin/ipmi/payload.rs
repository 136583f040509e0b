//! Commands that change sessions: level, close, serial over LAN; and what is typed on the console.

use crate::twin::ipmi::bmc::{Bmc, is_ok};
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::session::Seal;
use crate::twin::ipmi::station::Answer;
use crate::twin::ipmi::turn::{Now, Turn};
use crate::wire::ipmi::ask::netfn;
use crate::wire::ipmi::command::payload::{
    ACTIVATE, ACTIVATION_STATUS, Activation, ActivationStatus, DEACTIVATE, INSTANCE, SOL,
};
use crate::wire::ipmi::command::session::{CLOSE_SESSION, SET_PRIVILEGE};
use crate::wire::ipmi::id::{Privilege, SessionId};
use crate::wire::ipmi::lan20::Payload;
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::status::Completion;
use crate::wire::ipmi::suite::Confidentiality;

impl Bmc {
    /// The answer to a command that changes sessions; `None` to all others.
    pub(super) fn session_command(
        &mut self,
        place: usize,
        request: &Request<'_>,
        (now, turn): (Now, &mut Turn),
    ) -> Option<Answer> {
        if request.netfn != netfn::APP {
            return None;
        }
        let answer = match request.command {
            SET_PRIVILEGE => self.set_level(place, request.data),
            CLOSE_SESSION => self.closing(request.data),
            ACTIVATE => self.activate_console(place, request.data, now),
            DEACTIVATE => self.deactivate_console(place, request.data, turn),
            ACTIVATION_STATUS => self.console_status(request.data),
            _ => return None,
        };
        Some(answer)
    }

    /// What follows an answer once it is sent.
    pub(super) fn after(
        &mut self,
        id: SessionId,
        request: &Request<'_>,
        answers: &[Vec<u8>],
        (now, turn): (Now, &mut Turn),
    ) {
        if request.netfn != netfn::APP || !answers.first().is_some_and(|answer| is_ok(answer)) {
            return;
        }
        if request.command == CLOSE_SESSION
            && let Some(closed) = request.data.first_chunk()
        {
            self.close(SessionId(*closed));
        }
        if request.command == ACTIVATE {
            if self.station.settings.has(Quirk::Runt) {
                self.send(id, Payload::Message, &[0], turn);
            }
            if self.station.settings.has(Quirk::SolDrops) && self.station.sol.take_first() {
                self.close(id);
                return;
            }
            self.pump_console(now, turn);
        }
    }

    fn set_level(&mut self, place: usize, data: &[u8]) -> Answer {
        let [wanted] = data else { return Err(Completion::LENGTH) };
        let settings = &self.station.settings;
        let session = self.sessions.get_mut(place).ok_or(Completion::UNSPECIFIED)?;
        if *wanted == 0 {
            return Ok(vec![session.level.code()]);
        }
        let level = Privilege::from_code(*wanted).ok_or(Completion::INVALID_FIELD)?;
        let refused = settings.has(Quirk::AdminRefused) && level == Privilege::Administrator;
        if level > session.limit || refused {
            return Err(ABOVE_LIMIT);
        }
        if settings.has(Quirk::ExactLevel) && level < session.limit {
            return Err(Completion::PRIVILEGE);
        }
        session.level = level;
        Ok(vec![level.code()])
    }

    fn closing(&mut self, data: &[u8]) -> Answer {
        let id = SessionId(*data.first_chunk().ok_or(Completion::LENGTH)?);
        let known = self.sessions.iter().any(|session| session.id == id);
        if known { Ok(Vec::new()) } else { Err(NO_SUCH_SESSION) }
    }

    fn activate_console(&mut self, place: usize, data: &[u8], now: Now) -> Answer {
        let [SOL, INSTANCE, bits, ..] = data else { return Err(Completion::INVALID_FIELD) };
        let session = self.sessions.get(place).ok_or(Completion::UNSPECIFIED)?;
        let Seal::New(guard) = &session.seal else { return Err(Completion::INVALID_COMMAND) };
        let encrypts = guard.suite().confidentiality != Confidentiality::None;
        if encrypts && bits & ENCRYPT == 0 {
            return Err(ENCRYPTION_REQUIRED);
        }
        if !encrypts && bits & ENCRYPT != 0 {
            return Err(NO_ENCRYPTION);
        }
        let id = session.id;
        if self.station.sol.is_held() {
            return Err(ALREADY_ACTIVE);
        }
        self.station.sol.hold(id, now);
        let swapped = self.station.settings.has(Quirk::SolPort);
        let port = if swapped { self.station.port.swap_bytes() } else { self.station.port };
        let size = LONGEST;
        Ok(Activation { aux: [0; 4], inbound: size, outbound: size, port, vlan: u16::MAX }.emit())
    }

    fn deactivate_console(&mut self, place: usize, data: &[u8], turn: &mut Turn) -> Answer {
        let [SOL, INSTANCE, ..] = data else { return Err(Completion::INVALID_FIELD) };
        let id = self.sessions.get(place).map(|session| session.id);
        let foreign = self.station.sol.owner() != id;
        if !self.station.sol.is_held() || foreign && self.station.settings.has(Quirk::SolLimit) {
            return Err(NOT_ACTIVE);
        }
        if foreign {
            self.end_console(turn);
        }
        self.station.sol.release();
        Ok(Vec::new())
    }

    fn console_status(&self, data: &[u8]) -> Answer {
        if self.station.settings.has(Quirk::SolPort) {
            return Err(Completion::INVALID_COMMAND);
        }
        let [SOL, ..] = data else { return Err(Completion::INVALID_FIELD) };
        let capacity = u8::from(!self.station.settings.has(Quirk::SolLimit));
        Ok(ActivationStatus { capacity, active: u16::from(self.station.sol.is_held()) }.emit())
    }

    /// Takes an SOL packet of this session's.
    pub(super) fn typed(&mut self, id: SessionId, payload: &[u8], now: Now, turn: &mut Turn) {
        if self.station.sol.owner() == Some(id) {
            if let Some(packet) = self.station.sol.receive(payload, now) {
                self.send(id, Payload::Sol, &packet, turn);
            }
            self.pump_console(now, turn);
        }
    }

    /// Sends what the console has to say.
    pub(super) fn pump_console(&mut self, now: Now, turn: &mut Turn) {
        if let Some(id) = self.station.sol.owner()
            && let Some(packet) = self.station.sol.pump(now.tick)
        {
            self.send(id, Payload::Sol, &packet, turn);
        }
    }

    /// Tells the console's owner that it is taken away.
    pub(super) fn end_console(&mut self, turn: &mut Turn) {
        if let Some(id) = self.station.sol.owner() {
            let packet = self.station.sol.farewell();
            self.send(id, Payload::Sol, &packet, turn);
        }
        self.station.sol.release();
    }
}

const ENCRYPT: u8 = 0x80;
/// Bytes of the longest SOL payload.
const LONGEST: u16 = 255;
const ABOVE_LIMIT: Completion = Completion(0x81);
const NO_SUCH_SESSION: Completion = Completion(0x87);
const ALREADY_ACTIVE: Completion = Completion(0x80);
const NOT_ACTIVE: Completion = Completion(0x80);
const NO_ENCRYPTION: Completion = Completion(0x83);
const ENCRYPTION_REQUIRED: Completion = Completion(0x84);
