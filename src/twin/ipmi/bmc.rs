//! One BMC as a value: datagrams, moments and what happens to the machine in; datagrams and presses out.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::dice::Dice;
use crate::twin::ipmi::command;
use crate::twin::ipmi::login::Half;
use crate::twin::ipmi::old::Challenged;
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::session::{Seal, Session, random};
use crate::twin::ipmi::settings::Settings;
use crate::twin::ipmi::station::{Asked, Station};
use crate::twin::ipmi::turn::{Now, Seen, Turn};
use crate::wire::ipmi::ask::netfn;
use crate::wire::ipmi::command::session::{ACTIVATE_SESSION, CIPHER_SUITES, SESSION_CHALLENGE};
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::id::{Privilege, SessionId};
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::message::{Checks, Request, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rmcp::{Ping, Pong};
use crate::wire::ipmi::status::Completion;

#[derive(Debug)]
pub struct Bmc {
    pub station: Station,
    pub seen: Seen,
    pub(super) dice: Dice,
    pub(super) sessions: Vec<Session>,
    pub(super) halves: Vec<Half>,
    pub(super) challenges: Vec<Challenged>,
    boots: u32,
}

impl Bmc {
    /// `serial` names the server, `port` is where clients reach the BMC.
    pub fn new(settings: Settings, serial: &str, port: u16, now: Now) -> Self {
        let dice = Dice::new(settings.seed);
        Self {
            station: Station::new(settings, serial, port, now),
            seen: Seen::default(),
            dice,
            sessions: Vec::new(),
            halves: Vec::new(),
            challenges: Vec::new(),
            boots: 0,
        }
    }

    /// Takes a datagram; what is not understood is dropped.
    pub fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Now) -> Turn {
        let mut turn = Turn::default();
        self.seen.packets = self.seen.packets.saturating_add(1);
        if self.station.is_restarting(now.tick) {
            return turn;
        }
        self.expire(now);
        match Packet::parse(datagram) {
            Ok(Packet::Ping(ping)) => self.pong(ping, from, &mut turn),
            Ok(Packet::V15(packet)) => self.old_packet(&packet, from, now, &mut turn),
            Ok(Packet::V20(packet)) => self.new_packet(&packet, from, now, &mut turn),
            Ok(Packet::Pong(_)) | Err(_) => {}
        }
        self.settle(now, turn)
    }

    /// To be called at the moment that [`Self::next_wake`] names.
    pub fn wake(&mut self, now: Now) -> Turn {
        self.expire(now);
        let mut turn = Turn::default();
        self.pump_console(now, &mut turn);
        self.settle(now, turn)
    }

    pub fn next_wake(&self) -> Option<Tick> {
        self.station.sol.wake()
    }

    /// The machine's power and the number of its boots, as seen now.
    pub fn power_seen(&mut self, boots: u32, now: Now) -> Turn {
        let mut turn = Turn::default();
        let booted = boots != self.boots;
        self.boots = boots;
        if self.station.power_seen(booted, now) {
            if booted && self.station.settings.has(Quirk::SolKeepalive) {
                self.end_console(&mut turn);
            }
            self.pump_console(now, &mut turn);
        }
        self.settle(now, turn)
    }

    /// A session that came about.
    pub(super) fn admit(&mut self, mut session: Session, account: usize, asked: Privilege) {
        let settings = &self.station.settings;
        let limit = settings.accounts.get(account).map_or(Privilege::User, |account| account.limit);
        session.account = account;
        session.limit = asked.min(limit);
        session.level = session.limit.min(Privilege::User);
        if settings.has(Quirk::Callback) {
            (session.limit, session.level) = (Privilege::Callback, Privilege::Callback);
        }
        session.step = if settings.has(Quirk::SharedSequence) { 2 } else { 1 };
        session.busy = if settings.has(Quirk::NodeBusy) { 3 } else { 0 };
        if settings.has(Quirk::ZeroSession) {
            session.console = SessionId::NONE;
        }
        self.seen.logins = self.seen.logins.saturating_add(1);
        self.sessions.push(session);
    }

    /// An id that nobody has.
    pub(super) fn fresh_id(&self) -> SessionId {
        let [a, b, c] = random(&self.dice);
        // Never all zeros, and never that of another session but by a chance of one in 2^24.
        SessionId([a, b, c, 0x80])
    }

    fn pong(&self, ping: Ping, from: SocketAddr, turn: &mut Turn) {
        if self.station.settings.has(Quirk::NoPing) {
            return;
        }
        let answer =
            Pong { tag: ping.tag, enterprise: ASF, oem: [0; 4], entities: IPMI_AND_ASF, interactions: 0 };
        turn.say(from, answer.emit());
    }

    fn old_packet(&mut self, packet: &lan15::Packet<'_>, from: SocketAddr, now: Now, turn: &mut Turn) {
        let settings = &self.station.settings;
        let id = packet.header.session;
        let outside = id == SessionId::NONE;
        if settings.has(Quirk::NoOldHpe) || settings.has(Quirk::NoOldSupermicro) && !outside {
            return;
        }
        if outside {
            if let Ok(request) = Request::parse(packet.message)
                && let Some(answer) = self.bare(&request, now)
            {
                turn.say(from, lan15::emit(lan15::Header::BARE, &answer, &Key::default()));
            }
            return;
        }
        let Some(place) = self.sessions.iter().position(|session| session.id == id) else {
            if settings.old {
                self.activate(packet, from, now, turn);
            }
            return;
        };
        let Some(session) = self.sessions.get_mut(place) else { return };
        let Seal::Old { auth, password } = &session.seal else { return };
        if *auth != packet.header.auth || !packet.verifies(password) {
            return;
        }
        if session.window.take(packet.header.sequence) {
            self.message(place, packet.message, (from, now), turn);
        }
    }

    fn new_packet(&mut self, packet: &lan20::Packet<'_>, from: SocketAddr, now: Now, turn: &mut Turn) {
        match packet.header.payload {
            Payload::OpenRequest => self.opening(packet.body, from, now, turn),
            Payload::Rakp1 => self.rakp1(packet.body, from, turn),
            Payload::Rakp3 => self.rakp3(packet.body, from, now, turn),
            Payload::Message if packet.header.session == SessionId::NONE => {
                if let Ok(request) = Request::parse(packet.body)
                    && let Some(answer) = self.bare(&request, now)
                {
                    turn.say(from, lan20::emit_bare(Payload::Message, &answer));
                }
            }
            Payload::Message | Payload::Sol => self.session_packet(packet, from, now, turn),
            Payload::OpenResponse
            | Payload::Rakp2
            | Payload::Rakp4
            | Payload::Oem { .. }
            | Payload::Other(_) => {}
        }
    }

    fn session_packet(&mut self, packet: &lan20::Packet<'_>, from: SocketAddr, now: Now, turn: &mut Turn) {
        let id = packet.header.session;
        let Some(place) = self.sessions.iter().position(|session| session.id == id) else { return };
        let Some(session) = self.sessions.get_mut(place) else { return };
        let Seal::New(guard) = &session.seal else { return };
        let Ok(plain) = guard.open(packet) else { return };
        if !session.window.take(packet.header.sequence) {
            return;
        }
        if packet.header.payload == Payload::Sol {
            (session.last, session.peer) = (now.tick, from);
            self.typed(id, &plain, now, turn);
        } else {
            self.message(place, &plain, (from, now), turn);
        }
    }

    /// A command outside any session.
    fn bare(&mut self, request: &Request<'_>, now: Now) -> Option<Vec<u8>> {
        if request.netfn != netfn::APP {
            return None;
        }
        if request.command == CIPHER_SUITES && self.station.settings.has(Quirk::NoCipherQuery) {
            return None;
        }
        let answer = match request.command {
            SESSION_CHALLENGE if self.station.settings.has(Quirk::NoOldSupermicro) => return None,
            SESSION_CHALLENGE if self.station.settings.old => self.challenge(request.data, now),
            SESSION_CHALLENGE | ACTIVATE_SESSION => Err(Completion::INVALID_COMMAND),
            _ => command::bare(&self.station, request)?,
        };
        let (code, data) = split(answer);
        Some(request.answer(code, &data).emit())
    }

    /// A command in a session, verified.
    fn message(&mut self, place: usize, bytes: &[u8], (from, now): (SocketAddr, Now), turn: &mut Turn) {
        let Ok(request) = Request::parse(bytes) else { return };
        let Some(session) = self.sessions.get_mut(place) else { return };
        (session.last, session.peer) = (now.tick, from);
        let (id, level) = (session.id, session.level);
        if let Some(answers) = session.remembered(bytes, now.tick) {
            return self.answer(id, &answers, turn);
        }
        self.seen.commands = self.seen.commands.saturating_add(1);
        let answers = self.perform(place, &request, level, (now, turn));
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) {
            session.remember(bytes, &answers, now.tick);
        }
        self.answer(id, &answers, turn);
        self.after(id, &request, &answers, (now, turn));
    }

    fn perform(
        &mut self,
        place: usize,
        request: &Request<'_>,
        level: Privilege,
        (now, turn): (Now, &mut Turn),
    ) -> Vec<Vec<u8>> {
        let answer = match self.session_command(place, request, (now, turn)) {
            Some(answer) => answer,
            None if level < command::level(request) => Err(Completion::PRIVILEGE),
            None if self.is_busy(place) => Err(Completion::BUSY),
            None if command::is_bridge(request) => {
                return command::bridge(&mut self.station, request, now);
            }
            None => command::answer(&mut self.station, &Asked { request: *request, now }),
        };
        let (code, data) = split(answer);
        vec![request.answer(code, &data).emit()]
    }

    /// Whether this session is to be put off once more.
    fn is_busy(&mut self, place: usize) -> bool {
        let Some(session) = self.sessions.get_mut(place).filter(|session| session.busy > 0) else {
            return false;
        };
        session.busy -= 1;
        true
    }

    fn answer(&mut self, id: SessionId, answers: &[Vec<u8>], turn: &mut Turn) {
        let damage = self.station.settings.has(Quirk::Checksum);
        for answer in answers {
            let mut answer = answer.clone();
            if damage && let Some(last) = answer.last_mut() {
                *last = last.wrapping_add(1);
            }
            self.send(id, Payload::Message, &answer, turn);
        }
    }

    /// Sends something in a session, if it is still there.
    pub(super) fn send(&mut self, id: SessionId, payload: Payload, plain: &[u8], turn: &mut Turn) {
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) {
            let packet = session.wrap(payload, plain, &self.dice);
            turn.say(session.peer, packet);
        }
    }

    /// Ends a session and the console in it.
    pub(super) fn close(&mut self, id: SessionId) {
        self.sessions.retain(|session| session.id != id);
        self.station.sol.forget(id);
    }

    fn expire(&mut self, now: Now) {
        let Settings { idle, half_open, .. } = self.station.settings;
        let fresh = |since: Tick, limit: Duration| now.tick.since(since) < limit;
        self.halves.retain(|half| fresh(half.since, half_open));
        self.challenges.retain(|known| fresh(known.since, half_open));
        let old = self.sessions.iter().filter(|session| !fresh(session.last, idle));
        for id in old.map(|session| session.id).collect::<Vec<_>>() {
            self.close(id);
        }
        self.station.tick(now);
    }

    /// Takes what commands left to be done on the machine.
    fn settle(&mut self, now: Now, mut turn: Turn) -> Turn {
        turn.press.append(&mut self.station.presses);
        if self.station.is_restarting(now.tick) {
            self.sessions.clear();
            self.halves.clear();
            self.challenges.clear();
        }
        self.seen.sessions = self.sessions.len();
        self.seen.interrupts = self.station.interrupts;
        turn
    }
}

/// Completion code and data.
pub fn split(answer: Result<Vec<u8>, Completion>) -> (Completion, Vec<u8>) {
    match answer {
        Ok(data) => (Completion::OK, data),
        Err(code) => (code, Vec::new()),
    }
}

/// Whether an emitted answer says that all went well.
pub fn is_ok(answer: &[u8]) -> bool {
    Response::parse(answer, Checks::Strict).is_ok_and(|response| response.completion.is_ok())
}

/// ASF's enterprise number.
const ASF: u32 = 4542;
/// IPMI is spoken here, and ASF 1.0.
const IPMI_AND_ASF: u8 = 0x81;
