//! A BMC on a UDP socket of loopback, for tests: one account, suites 17 and 3, and the faults that a test asks for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::UdpSocket;

use crate::wire::ipmi::command::payload::Activation;
use crate::wire::ipmi::command::session::AuthCapabilities;
use crate::wire::ipmi::crypto::{Key, same};
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::id::{SessionId, User};
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rakp::{OpenRequest, OpenResponse, Opened, Proof, Rakp1, Rakp2, Rakp3, Rakp4};
use crate::wire::ipmi::sol::SolPacket;
use crate::wire::ipmi::status::{Completion, Status};
use crate::wire::ipmi::suite::{Algorithms, Suite};
use crate::wire::ipmi::window::Window;

/// What the test sees and sets.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) on: bool,
    pub(super) flags: [u8; 5],
    /// Keeps the flags that it has, whatever is set.
    pub(super) stubborn: bool,
    /// Takes a switch of power and does nothing.
    pub(super) ignores_power: bool,
    /// Has no session slot free.
    pub(super) full: bool,
    /// Each command that was done, with its data.
    pub(super) done: Vec<(u8, u8, Vec<u8>)>,
    pub(super) logins: u32,
    /// Completion codes of the next commands of these numbers.
    pub(super) codes: VecDeque<(u8, u8, u8)>,
    /// Answers to these commands are lost, all of them.
    pub(super) lost: Vec<(u8, u8)>,
    /// The next so many datagrams of ours are lost.
    pub(super) drops: u32,
    pub(super) deaf: bool,
    /// Forgets its sessions at the next datagram.
    pub(super) restart: bool,
    pub(super) guid: Option<[u8; 16]>,
}

impl Shown {
    pub(super) fn times(&self, netfn: u8, command: u8) -> usize {
        self.done.iter().filter(|done| (done.0, done.1) == (netfn, command)).count()
    }
}

/// The test's handle.
#[derive(Debug, Clone)]
pub(super) struct Bmc {
    pub(super) address: SocketAddr,
    shown: Arc<Mutex<Shown>>,
}

impl Bmc {
    pub(super) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let shown = Arc::new(Mutex::new(Shown::default()));
        let mut server = Server { shown: shown.clone(), half: None, open: None, memory: None, next: 0 };
        tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok((size, from)) = socket.recv_from(&mut buffer).await {
                for answer in server.receive(&buffer[..size]) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        Self { address, shown }
    }

    pub(super) fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap()
    }
}

struct Server {
    shown: Arc<Mutex<Shown>>,
    half: Option<(Suite, Proof)>,
    open: Option<Open>,
    memory: Option<((u8, u8, u8), Vec<u8>)>,
    next: u8,
}

struct Open {
    guard: Guard,
    console: SessionId,
    bmc: SessionId,
    window: Window,
    sequence: u32,
}

impl Server {
    fn receive(&mut self, datagram: &[u8]) -> Vec<Vec<u8>> {
        let mut shown = self.shown.lock().unwrap();
        if std::mem::take(&mut shown.restart) {
            (self.half, self.open, self.memory) = (None, None, None);
        }
        if shown.deaf || shown.drops > 0 {
            shown.drops = shown.drops.saturating_sub(1);
            return Vec::new();
        }
        drop(shown);
        match Packet::parse(datagram).unwrap() {
            Packet::V15(packet) => vec![probe(packet.message)],
            Packet::V20(packet) => match packet.header.payload {
                Payload::OpenRequest => vec![self.opening(packet.body)],
                Payload::Rakp1 => self.rakp1(packet.body).into_iter().collect(),
                Payload::Rakp3 => self.rakp3(packet.body).into_iter().collect(),
                Payload::Message => self.message(&packet).into_iter().collect(),
                Payload::Sol => self.sol(&packet).into_iter().collect(),
                Payload::Oem { .. }
                | Payload::OpenResponse
                | Payload::Rakp2
                | Payload::Rakp4
                | Payload::Other(_) => panic!("{:?}", packet.header.payload),
            },
            Packet::Ping(_) | Packet::Pong(_) => Vec::new(),
        }
    }

    fn opening(&mut self, body: &[u8]) -> Vec<u8> {
        let asked = OpenRequest::parse(body).unwrap();
        let wanted = Algorithms {
            auth: asked.algorithms.auth.unwrap(),
            integrity: asked.algorithms.integrity.unwrap(),
            confidentiality: asked.algorithms.confidentiality.unwrap(),
        };
        let found = Suite::of_algorithms(wanted).filter(|suite| [3, 17].contains(&suite.id));
        let Some(suite) = found else {
            let refused = OpenResponse::Refused { tag: asked.tag, status: Status::NO_SUITE };
            return lan20::emit_bare(Payload::OpenResponse, &refused.emit());
        };
        self.next += 1;
        let (console, bmc) = (asked.console, SessionId([self.next, 0, 0, 0x80]));
        let proof = Proof {
            auth: suite.auth,
            console,
            bmc,
            console_random: [0; 16],
            bmc_random: [self.next; 16],
            guid: [7; 16],
            role: 0,
            user: User::default(),
        };
        self.half = Some((suite, proof));
        let opened = Opened { tag: asked.tag, privilege: 4, console, bmc, algorithms: suite.algorithms() };
        lan20::emit_bare(Payload::OpenResponse, &OpenResponse::Opened(opened).emit())
    }

    fn rakp1(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let said = Rakp1::parse(body).unwrap();
        let (_, proof) = self.half.as_mut().filter(|(_, proof)| proof.bmc == said.bmc)?;
        let is_full = {
            let mut shown = self.shown.lock().unwrap();
            shown.logins += 1;
            shown.full
        };
        if is_full {
            let refused =
                Rakp2::Refused { tag: said.tag, status: Status::NO_RESOURCES, console: proof.console };
            return Some(lan20::emit_bare(Payload::Rakp2, &refused.emit()));
        }
        (proof.console_random, proof.user, proof.role) = (said.random, said.user, said.role);
        let code = proof.rakp2(&Key::new(PASSWORD));
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
        let said = Rakp3::parse(body).unwrap();
        let (suite, proof) = self.half.take_if(|(_, proof)| proof.bmc == said.bmc)?;
        let password = Key::new(PASSWORD);
        if !same(proof.rakp3(&password).bytes(), said.code) {
            return None;
        }
        let sik = proof.sik(&password);
        let guard = Guard::new(suite, &sik, &password);
        let (console, bmc) = (proof.console, proof.bmc);
        self.open = Some(Open { guard, console, bmc, window: Window::default(), sequence: 0 });
        self.memory = None;
        let code = proof.rakp4(&sik);
        let answer = Rakp4 { tag: said.tag, status: Status::OK, console, code: code.bytes() };
        Some(lan20::emit_bare(Payload::Rakp4, &answer.emit()))
    }

    fn plain(&mut self, packet: &lan20::Packet<'_>) -> Option<Vec<u8>> {
        let open = self.open.as_mut().filter(|open| open.bmc == packet.header.session)?;
        let plain = open.guard.open(packet).ok()?.into_owned();
        open.window.take(packet.header.sequence).then_some(plain)
    }

    fn message(&mut self, packet: &lan20::Packet<'_>) -> Option<Vec<u8>> {
        let plain = self.plain(packet)?;
        let request = Request::parse(&plain).unwrap();
        let key = (request.sequence, request.netfn, request.command);
        let known = self.memory.as_ref().filter(|known| known.0 == key).map(|known| known.1.clone());
        let message = known.unwrap_or_else(|| {
            let (code, data) = answer(&mut self.shown.lock().unwrap(), &request);
            request.answer(Completion(code), &data).emit()
        });
        self.memory = Some((key, message.clone()));
        if self.shown.lock().unwrap().lost.contains(&(key.1, key.2)) {
            return None;
        }
        self.seal(Payload::Message, &message)
    }

    /// Acknowledges and echoes.
    fn sol(&mut self, packet: &lan20::Packet<'_>) -> Option<Vec<u8>> {
        let plain = self.plain(packet)?;
        let said = SolPacket::parse(&plain).unwrap();
        if said.sequence == 0 {
            return None;
        }
        let echo = SolPacket {
            sequence: said.sequence,
            acknowledged: said.sequence,
            accepted: u8::try_from(said.characters.len()).unwrap(),
            bits: 0,
            characters: said.characters,
        };
        self.seal(Payload::Sol, &echo.emit())
    }

    fn seal(&mut self, payload: Payload, message: &[u8]) -> Option<Vec<u8>> {
        let open = self.open.as_mut()?;
        open.sequence += 1;
        let bare = lan20::Header::bare(payload);
        let header = lan20::Header { session: open.console, sequence: open.sequence, ..bare };
        Some(open.guard.seal(open.guard.header(header), message, [9; 16]))
    }
}

fn probe(message: &[u8]) -> Vec<u8> {
    let request = Request::parse(message).unwrap();
    let found = AuthCapabilities { channel: 1, auth_types: 0x80, status: 4, versions: 2, oem: 0, aux: 0 };
    let answer = request.answer(Completion::OK, &found.emit()).emit();
    lan15::emit(lan15::Header::BARE, &answer, &Key::new(PASSWORD))
}

/// Does what is asked: completion code and data.
fn answer(shown: &mut Shown, request: &Request<'_>) -> (u8, Vec<u8>) {
    let number = (request.netfn, request.command);
    let code = shown.codes.pop_front_if(|next| (next.0, next.1) == number);
    if let Some((_, _, code)) = code {
        return (code, Vec::new());
    }
    shown.done.push((number.0, number.1, request.data.to_vec()));
    match (number, request.data) {
        ((0, 1), _) => (0, vec![u8::from(shown.on), 0, 0]),
        ((0, 2), [0 | 1 | 5]) if shown.ignores_power => (0, Vec::new()),
        ((0, 2), [0 | 5]) => {
            shown.on = false;
            (0, Vec::new())
        }
        ((0, 2), [1]) => {
            shown.on = true;
            (0, Vec::new())
        }
        ((0, 8), [5, flags @ ..]) => {
            if !shown.stubborn {
                shown.flags = flags.try_into().unwrap();
            }
            (0, Vec::new())
        }
        ((0, 9), _) => (0, [&[1, 5][..], &shown.flags].concat()),
        ((6, 0x37), _) if shown.guid.is_some() => (0, shown.guid.unwrap().to_vec()),
        ((0x0a, _), _) if shown.guid.is_some() => (0xc1, Vec::new()),
        ((0x0c, 2), [_, 5, ..]) => (0, vec![0x11, 2, 0, 0, 0, 0, 9]),
        ((6, 0x48), _) => {
            (0, Activation { aux: [0; 4], inbound: 64, outbound: 64, port: 623, vlan: 0xffff }.emit())
        }
        _ => (0, vec![4]),
    }
}

/// Of the one account.
pub(super) const PASSWORD: &[u8] = b"password";
