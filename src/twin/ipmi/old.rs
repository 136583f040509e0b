//! Sessions of IPMI 1.5: challenge and activation, the BMC's side (IPMI 2.0 22.16, 22.17).

use std::net::SocketAddr;

use crate::base::time::Tick;
use crate::twin::ipmi::bmc::Bmc;
use crate::twin::ipmi::session::{Seal, Session, random};
use crate::twin::ipmi::station::Answer;
use crate::twin::ipmi::turn::{Now, Turn};
use crate::wire::ipmi::command::session::{
    ACTIVATE_SESSION, Activate, Activated, Challenge, parse_session_challenge,
};
use crate::wire::ipmi::id::{Privilege, SessionId};
use crate::wire::ipmi::lan15::{AuthType, Header, Packet, emit};
use crate::wire::ipmi::lan20::Payload;
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::status::Completion;

/// A challenge that waits for its activation.
#[derive(Debug)]
pub struct Challenged {
    pub since: Tick,
    id: SessionId,
    challenge: [u8; 16],
    auth: AuthType,
    account: usize,
}

impl Bmc {
    /// Get Session Challenge.
    pub(super) fn challenge(&mut self, data: &[u8], now: Now) -> Answer {
        let (auth, user) = parse_session_challenge(data).map_err(|_| Completion::LENGTH)?;
        let accounts = &self.station.settings.accounts;
        let account = accounts.iter().position(|account| account.name.as_bytes() == user.bytes());
        let account = account.ok_or(UNKNOWN_USER)?;
        if !matches!(auth, AuthType::None | AuthType::Md5 | AuthType::Password) {
            return Err(Completion::INVALID_FIELD);
        }
        if self.challenges.len() >= CHALLENGES {
            return Err(Completion::BUSY);
        }
        let made = Challenge { session: self.fresh_id(), challenge: random(&self.dice) };
        let (id, challenge) = (made.session, made.challenge);
        self.challenges.push(Challenged { since: now.tick, id, challenge, auth, account });
        Ok(made.emit())
    }

    /// Activate Session: signed with the password, or nothing is answered.
    pub(super) fn activate(&mut self, packet: &Packet<'_>, from: SocketAddr, now: Now, turn: &mut Turn) {
        let Ok(request) = Request::parse(packet.message) else { return };
        let Some(place) = self.challenges.iter().position(|known| known.id == packet.header.session) else {
            return;
        };
        if request.command != ACTIVATE_SESSION {
            return;
        }
        let known = self.challenges.remove(place);
        let accounts = &self.station.settings.accounts;
        let Some(account) = accounts.get(known.account).cloned() else { return };
        if packet.header.auth != known.auth || !packet.verifies(&account.password) {
            self.seen.refused = self.seen.refused.saturating_add(1);
            return;
        }
        let seal = Seal::Old { auth: known.auth, password: account.password.clone() };
        match self.activated(&known, request.data, account.limit) {
            Ok((asked, granted)) => {
                let mut session = Session::new((granted.session, granted.session), from, seal, now.tick);
                session.sent = asked.sequence.wrapping_sub(1);
                session.console = granted.session;
                let answer = request.answer(Completion::OK, &granted.emit()).emit();
                // The answer bears the temporary id still, and the number that the client asked for.
                let mut bearer = Session::new((known.id, known.id), from, session.seal.copied(), now.tick);
                bearer.sent = session.sent;
                turn.say(from, bearer.wrap(Payload::Message, &answer, &self.dice));
                let level = Privilege::from_code(granted.privilege).unwrap_or(Privilege::User);
                self.admit(session, known.account, level);
            }
            Err(code) => {
                let header = Header { auth: AuthType::None, sequence: 0, session: known.id };
                let answer = request.answer(code, &[]).emit();
                turn.say(from, emit(header, &answer, &account.password));
            }
        }
    }

    fn activated(
        &mut self,
        known: &Challenged,
        data: &[u8],
        limit: Privilege,
    ) -> Result<(Activate, Activated), Completion> {
        let asked = Activate::parse(data).map_err(|_| Completion::LENGTH)?;
        let level = Privilege::from_code(asked.privilege).ok_or(Completion::INVALID_FIELD)?;
        if known.challenge != asked.challenge || known.auth != asked.auth {
            return Err(Completion::INVALID_FIELD);
        }
        if level > limit {
            return Err(LEVEL_ABOVE_LIMIT);
        }
        if self.sessions.len() >= self.station.settings.sessions {
            return Err(NO_SLOT);
        }
        let [a, b, c, _] = random(&self.dice);
        let sequence = u32::from_le_bytes([a, b, c, 0]).max(1);
        let session = self.fresh_id();
        Ok((asked, Activated { auth: known.auth, session, sequence, privilege: level.code() }))
    }
}

impl Seal {
    /// The same protection once more; sessions of IPMI 2.0 have no need of it.
    fn copied(&self) -> Self {
        match self {
            Self::New(guard) => Self::New(guard.clone()),
            Self::Old { auth, password } => Self::Old { auth: *auth, password: password.clone() },
        }
    }
}

const CHALLENGES: usize = 32;
const UNKNOWN_USER: Completion = Completion(0x81);
const NO_SLOT: Completion = Completion(0x81);
const LEVEL_ABOVE_LIMIT: Completion = Completion(0x86);
