//! Open session and RAKP 1 to 4, the BMC's side (IPMI 2.0 13.17 to 13.24).

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::ipmi::bmc::Bmc;
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::session::{Seal, Session, random};
use crate::twin::ipmi::turn::{Now, Sent, Turn};
use crate::wire::ipmi::crypto::{Key, same};
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::id::{Privilege, SessionId, User};
use crate::wire::ipmi::lan20::{Header, Payload, emit_bare, emit_plain};
use crate::wire::ipmi::rakp::{OpenRequest, OpenResponse, Opened, Proof, Rakp1, Rakp2, Rakp3, Rakp4};
use crate::wire::ipmi::status::Status;
use crate::wire::ipmi::suite::{Algorithms, Auth, Suite};

/// A session between the open request and RAKP 3.
#[derive(Debug)]
pub struct Half {
    pub since: Tick,
    peer: SocketAddr,
    suite: Suite,
    /// The level of the open request.
    privilege: u8,
    /// Place of the account, once RAKP 1 has named it.
    account: Option<usize>,
    proof: Proof,
}

impl Bmc {
    pub(super) fn opening(&mut self, body: &[u8], from: SocketAddr, now: Now, turn: &mut Turn) {
        let Ok(asked) = OpenRequest::parse(body) else { return };
        let answer = match self.open(&asked, from, now) {
            Ok(opened) => OpenResponse::Opened(opened),
            Err(status) => OpenResponse::Refused { tag: asked.tag, status },
        };
        turn.say(from, emit_bare(Payload::OpenResponse, &answer.emit()));
    }

    fn open(&mut self, asked: &OpenRequest, peer: SocketAddr, now: Now) -> Result<Opened, Status> {
        let suite = self.suite(asked)?;
        if self.sessions.len() >= self.station.settings.sessions || self.halves.len() >= HALVES {
            return Err(Status::NO_RESOURCES);
        }
        let bmc = self.fresh_id();
        let proof = Proof {
            auth: suite.auth,
            console: asked.console,
            bmc,
            console_random: [0; 16],
            bmc_random: random(&self.dice),
            guid: self.station.guid,
            role: 0,
            user: User::default(),
        };
        let privilege = asked.privilege;
        self.halves.push(Half { since: now.tick, peer, suite, privilege, account: None, proof });
        let limit = Privilege::Administrator.code();
        let privilege = if privilege == 0 { limit } else { privilege.min(limit) };
        let algorithms = suite.algorithms();
        Ok(Opened { tag: asked.tag, privilege, console: asked.console, bmc, algorithms })
    }

    /// The suite asked for; what is left to us is as in the first suite on offer.
    fn suite(&self, asked: &OpenRequest) -> Result<Suite, Status> {
        let settings = &self.station.settings;
        let refusal =
            if settings.has(Quirk::SuiteStatus) { Status::ILLEGAL_PARAMETER } else { Status::NO_SUITE };
        let first = settings.suites.first().and_then(|id| Suite::find(*id)).ok_or(refusal)?.algorithms();
        let wanted = Algorithms {
            auth: asked.algorithms.auth.unwrap_or(first.auth),
            integrity: asked.algorithms.integrity.unwrap_or(first.integrity),
            confidentiality: asked.algorithms.confidentiality.unwrap_or(first.confidentiality),
        };
        let offered = |suite: &Suite| {
            settings.suites.contains(&suite.id) && !(suite.id == 17 && settings.has(Quirk::NoSuite17))
        };
        Suite::of_algorithms(wanted).filter(offered).ok_or(refusal)
    }

    pub(super) fn rakp1(&mut self, body: &[u8], from: SocketAddr, turn: &mut Turn) {
        let Ok(said) = Rakp1::parse(body) else { return };
        let Some(place) = self.halves.iter().position(|half| half.proof.bmc == said.bmc) else { return };
        let packet = match self.prove(place, &said) {
            Ok(packet) => packet,
            Err((status, console)) => {
                if status != Status::INVALID_SESSION {
                    self.seen.refused = self.seen.refused.saturating_add(1);
                    self.halves.remove(place);
                }
                emit_bare(Payload::Rakp2, &Rakp2::Refused { tag: said.tag, status, console }.emit())
            }
        };
        let late = self.station.settings.has(Quirk::RakpLate);
        turn.send.push(Sent { to: from, packet, delay: if late { LATE } else { Duration::ZERO } });
    }

    /// RAKP 2 for this half-open session, or why not.
    fn prove(&mut self, place: usize, said: &Rakp1) -> Result<Vec<u8>, (Status, SessionId)> {
        let settings = &self.station.settings;
        let half = self.halves.get_mut(place).ok_or((Status::INVALID_SESSION, SessionId::NONE))?;
        let console = half.proof.console;
        if half.account.is_some() && settings.has(Quirk::RakpNoRepeat) {
            return Err((Status::INVALID_SESSION, console));
        }
        let name = User::from_padded(&said.user.padded());
        let found = settings.accounts.iter().position(|account| account.name.as_bytes() == name.bytes());
        let account = found.ok_or((Status::UNAUTHORISED_NAME, console))?;
        let level = Privilege::from_code(said.role).ok_or((Status::INVALID_ROLE, console))?;
        let limit = settings.accounts.get(account).map_or(Privilege::Callback, |account| account.limit);
        if level > limit {
            return Err((Status::UNAUTHORISED_ROLE, console));
        }
        half.account = Some(account);
        half.proof.console_random = said.random;
        half.proof.role = said.role;
        if settings.has(Quirk::OpenPrivilege) || settings.has(Quirk::BrokenSuites) {
            half.proof.role = half.privilege | said.role & 0x10;
        }
        half.proof.user = if settings.has(Quirk::PaddedNames) {
            User::new(&name.padded()).unwrap_or_default()
        } else {
            said.user.clone()
        };
        let proof = half.proof.clone();
        let code = proof.rakp2(&self.password(account, proof.auth));
        let answer = Rakp2::Accepted {
            tag: said.tag,
            console,
            random: proof.bmc_random,
            guid: proof.guid,
            code: code.bytes(),
        };
        Ok(self.rakp2_packet(&answer.emit()))
    }

    fn rakp2_packet(&self, body: &[u8]) -> Vec<u8> {
        let mut packet = emit_plain(Header::bare(Payload::Rakp2), body);
        if self.station.settings.has(Quirk::Rakp2Length)
            && let Some(length) = packet.get_mut(LENGTH_AT)
        {
            *length = length.wrapping_add(1);
        }
        packet
    }

    pub(super) fn rakp3(&mut self, body: &[u8], from: SocketAddr, now: Now, turn: &mut Turn) {
        let Ok(said) = Rakp3::parse(body) else { return };
        if let Some(session) = self.sessions.iter().find(|session| session.id == said.bmc) {
            let repeated = session.handshake.0 == body;
            if repeated && self.station.settings.has(Quirk::RakpNoRepeat) {
                turn.say(from, refused(said.tag, Status::INVALID_SESSION, session.console));
            } else if repeated {
                turn.say(from, session.handshake.1.clone());
            }
            return;
        }
        let place = self.halves.iter().position(|half| half.proof.bmc == said.bmc && half.account.is_some());
        let Some(place) = place else { return };
        let half = self.halves.remove(place);
        if said.status != Status::OK {
            return;
        }
        let account = half.account.unwrap_or_default();
        let password = self.password(account, half.suite.auth);
        if !same(half.proof.rakp3(&password).bytes(), said.code) {
            self.seen.refused = self.seen.refused.saturating_add(1);
            turn.say(from, refused(said.tag, Status::INVALID_CHECK, half.proof.console));
            return;
        }
        let packet = self.establish(&half, account, said.tag, (body, now));
        turn.say(from, packet);
    }

    /// Makes the session; gives RAKP 4.
    fn establish(&mut self, half: &Half, account: usize, tag: u8, (body, now): (&[u8], Now)) -> Vec<u8> {
        let password = self.password(account, half.suite.auth);
        let sik = half.proof.sik(self.station.settings.kg.as_ref().unwrap_or(&password));
        let guard = Guard::new(half.suite, &sik, &password);
        let ids = (half.proof.bmc, half.proof.console);
        let mut session = Session::new(ids, half.peer, Seal::New(guard), now.tick);
        let code = half.proof.rakp4(&sik);
        let answer = Rakp4 { tag, status: Status::OK, console: ids.1, code: code.bytes() };
        let packet = emit_bare(Payload::Rakp4, &answer.emit());
        session.handshake = (body.to_vec(), packet.clone());
        let asked = Privilege::from_code(half.proof.role).unwrap_or(Privilege::User);
        self.admit(session, account, asked);
        packet
    }

    /// The account's password as the key exchange takes it.
    fn password(&self, account: usize, auth: Auth) -> Key {
        let settings = &self.station.settings;
        let found = settings.accounts.get(account).map(|account| account.password.clone());
        let password = found.unwrap_or_default();
        let cut = auth == Auth::HmacMd5 && settings.has(Quirk::PaddedNames);
        if cut { password.cut(16) } else { password }
    }
}

fn refused(tag: u8, status: Status, console: SessionId) -> Vec<u8> {
    emit_bare(Payload::Rakp4, &Rakp4 { tag, status, console, code: &[] }.emit())
}

/// Half-open sessions at once: a client that gives up leaves one behind.
const HALVES: usize = 32;
/// How late a BMC that has just started proves itself.
const LATE: Duration = Duration::from_secs(2);
/// Where the low byte of the payload length lies in a datagram.
const LENGTH_AT: usize = 14;
