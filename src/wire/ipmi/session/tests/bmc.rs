//! A small BMC for tests, with the oddities that a test asks for; the real one is `twin`'s.

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::command::session::AuthCapabilities;
use crate::wire::ipmi::crypto::{Key, same};
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::message::{Checks, Request, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rakp::{OpenRequest, OpenResponse, Opened, Proof, Rakp1, Rakp2, Rakp3, Rakp4};
use crate::wire::ipmi::session::{Dice, Purpose};
use crate::wire::ipmi::status::{Completion, Status};
use crate::wire::ipmi::suite::{Algorithms, Suite};
use crate::wire::ipmi::window::Window;

/// Random bytes that only count up.
#[derive(Debug, Default)]
pub(super) struct Counter(pub(super) u8);

impl Dice for Counter {
    fn fill(&mut self, _: Purpose, out: &mut [u8]) {
        for byte in out {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

/// What a test asks of it.
#[derive(Debug)]
pub(super) struct Manner {
    pub(super) password: Key,
    pub(super) kg: Option<Key>,
    /// Suites that it has, by number.
    pub(super) suites: Vec<u8>,
    /// What it says to others.
    pub(super) refusal: Status,
    /// Derives keys from the level in the open request.
    pub(super) level_of_open: bool,
    /// The highest level of the account.
    pub(super) limit: u8,
    /// Answers no command of these numbers.
    pub(super) deaf_to: Vec<(u8, u8)>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            password: Key::new(b"password"),
            kg: None,
            suites: vec![17, 3],
            refusal: Status::NO_SUITE,
            level_of_open: false,
            limit: 4,
            deaf_to: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Bmc {
    manner: Manner,
    /// All that was asked in a session, once for each time it was done.
    pub(super) done: Vec<(u8, u8)>,
    /// The last answer: request number, netfn, command and the message.
    memory: Option<(u8, u8, u8, Vec<u8>)>,
    half: Option<(Suite, u8, Proof)>,
    open: Option<Open>,
    next: u8,
}

#[derive(Debug)]
struct Open {
    guard: Guard,
    console: SessionId,
    bmc: SessionId,
    window: Window,
    sequence: u32,
}

impl Bmc {
    pub(super) fn new() -> Self {
        Self::with(Manner::default())
    }

    pub(super) fn with(manner: Manner) -> Self {
        Self { manner, done: Vec::new(), memory: None, half: None, open: None, next: 0 }
    }

    /// The BMC was restarted: it knows no session.
    pub(super) fn forget(&mut self) {
        (self.half, self.open, self.memory) = (None, None, None);
    }

    pub(super) fn receive(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        match Packet::parse(datagram).ok()? {
            Packet::V15(packet) => {
                let request = Request::parse(packet.message).ok()?;
                let found =
                    AuthCapabilities { channel: 1, auth_types: 0x80, status: 4, versions: 2, oem: 0, aux: 0 };
                let data = found.emit();
                let answer = request.answer(Completion::OK, &data).emit();
                Some(lan15::emit(lan15::Header::BARE, &answer, &self.manner.password))
            }
            Packet::V20(packet) => match packet.header.payload {
                Payload::OpenRequest => self.opening(packet.body),
                Payload::Rakp1 => self.rakp1(packet.body),
                Payload::Rakp3 => self.rakp3(packet.body),
                Payload::Message => self.message(&packet),
                _ => None,
            },
            Packet::Ping(_) | Packet::Pong(_) => None,
        }
    }

    fn opening(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let asked = OpenRequest::parse(body).ok()?;
        let wanted = Algorithms {
            auth: asked.algorithms.auth?,
            integrity: asked.algorithms.integrity?,
            confidentiality: asked.algorithms.confidentiality?,
        };
        let suite = Suite::of_algorithms(wanted).filter(|suite| self.manner.suites.contains(&suite.id));
        let Some(suite) = suite else {
            let refused = OpenResponse::Refused { tag: asked.tag, status: self.manner.refusal };
            return Some(lan20::emit_bare(Payload::OpenResponse, &refused.emit()));
        };
        self.next += 1;
        let proof = Proof {
            auth: suite.auth,
            console: asked.console,
            bmc: SessionId([self.next, 0, 0, 0x80]),
            console_random: [0; 16],
            bmc_random: [self.next; 16],
            guid: [7; 16],
            role: 0,
            user: crate::wire::ipmi::id::User::default(),
        };
        let (console, bmc) = (proof.console, proof.bmc);
        self.half = Some((suite, asked.privilege, proof));
        let opened = Opened { tag: asked.tag, privilege: 4, console, bmc, algorithms: suite.algorithms() };
        Some(lan20::emit_bare(Payload::OpenResponse, &OpenResponse::Opened(opened).emit()))
    }

    fn rakp1(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let said = Rakp1::parse(body).ok()?;
        let (_, level, proof) = self.half.as_mut().filter(|(_, _, proof)| proof.bmc == said.bmc)?;
        (proof.console_random, proof.user) = (said.random, said.user);
        proof.role = if self.manner.level_of_open { *level | said.role & 0x10 } else { said.role };
        let code = proof.rakp2(&self.manner.password);
        let answer = Rakp2::Accepted {
            tag: said.tag,
            console: proof.console,
            random: proof.bmc_random,
            guid: proof.guid,
            code: code.bytes(),
        };
        Some(lan20::emit_bare(Payload::Rakp2, &answer.emit()))
    }

    fn rakp3(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let said = Rakp3::parse(body).ok()?;
        let (suite, _, proof) = self.half.take_if(|(_, _, proof)| proof.bmc == said.bmc)?;
        if !same(proof.rakp3(&self.manner.password).bytes(), said.code) {
            return None;
        }
        let sik = proof.sik(self.manner.kg.as_ref().unwrap_or(&self.manner.password));
        self.open = Some(Open {
            guard: Guard::new(suite, &sik, &self.manner.password),
            console: proof.console,
            bmc: proof.bmc,
            window: Window::default(),
            sequence: 0,
        });
        self.memory = None;
        let code = proof.rakp4(&sik);
        let answer = Rakp4 { tag: said.tag, status: Status::OK, console: proof.console, code: code.bytes() };
        Some(lan20::emit_bare(Payload::Rakp4, &answer.emit()))
    }

    fn message(&mut self, packet: &lan20::Packet<'_>) -> Option<Vec<u8>> {
        let open = self.open.as_mut().filter(|open| open.bmc == packet.header.session)?;
        let plain = open.guard.open(packet).ok()?;
        if !open.window.take(packet.header.sequence) {
            return None;
        }
        let request = Request::parse(&plain).ok()?;
        let key = (request.sequence, request.netfn, request.command);
        if self.manner.deaf_to.contains(&(key.1, key.2)) {
            return None;
        }
        let known = self.memory.as_ref().filter(|known| (known.0, known.1, known.2) == key);
        let message = if let Some(known) = known {
            known.3.clone()
        } else {
            self.done.push((request.netfn, request.command));
            let too_high =
                key.2 == 0x3b && request.data.first().is_some_and(|level| *level > self.manner.limit);
            let code = if too_high { Completion(0x81) } else { Completion::OK };
            request.answer(code, &[1, 0, 0, 0]).emit()
        };
        assert!(Response::parse(&message, Checks::Strict).is_ok());
        self.memory = Some((key.0, key.1, key.2, message.clone()));
        self.seal(&message)
    }

    fn seal(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let open = self.open.as_mut()?;
        open.sequence += 1;
        let bare = lan20::Header::bare(Payload::Message);
        let header = lan20::Header { session: open.console, sequence: open.sequence, ..bare };
        Some(open.guard.seal(open.guard.header(header), message, [9; 16]))
    }
}

/// Chassis status and chassis reset.
pub(super) fn look() -> Ask {
    crate::wire::ipmi::data::chassis::Status::ask()
}

pub(super) fn press() -> Ask {
    crate::wire::ipmi::data::chassis::Control::Reset.ask()
}
