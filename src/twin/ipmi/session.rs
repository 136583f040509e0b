//! One session of a client's: its keys, level, windows and last answers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::dice::Dice;
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::id::{Privilege, SessionId};
use crate::wire::ipmi::lan15::{self, AuthType};
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::window::Window;

/// How packets are protected.
#[derive(Debug)]
pub enum Seal {
    New(Guard),
    /// IPMI 1.5.
    Old {
        auth: AuthType,
        password: Key,
    },
}

#[derive(Debug)]
pub struct Session {
    /// Our id: what the client's packets carry.
    pub id: SessionId,
    /// The client's id: what ours carry. IPMI 1.5 has one id for both.
    pub console: SessionId,
    pub peer: SocketAddr,
    pub seal: Seal,
    /// Place of the account.
    pub account: usize,
    pub level: Privilege,
    /// The highest level that this session may have.
    pub limit: Privilege,
    pub window: Window,
    /// The number of the last packet sent.
    pub sent: u32,
    /// How far numbers rise.
    pub step: u32,
    pub last: Tick,
    /// Answers C0h this many times more.
    pub busy: u8,
    /// RAKP 3 and our answer to it, for a client that lost it.
    pub handshake: (Vec<u8>, Vec<u8>),
    memory: VecDeque<Remembered>,
}

/// A request and what was answered.
#[derive(Debug)]
struct Remembered {
    at: Tick,
    request: Vec<u8>,
    answers: Vec<Vec<u8>>,
}

impl Session {
    pub fn new(ids: (SessionId, SessionId), peer: SocketAddr, seal: Seal, now: Tick) -> Self {
        Self {
            id: ids.0,
            console: ids.1,
            peer,
            seal,
            account: 0,
            level: Privilege::User,
            limit: Privilege::User,
            window: Window::default(),
            sent: 0,
            step: 1,
            last: now,
            busy: 0,
            handshake: (Vec::new(), Vec::new()),
            memory: VecDeque::new(),
        }
    }

    /// What was answered to the very same request a moment ago.
    pub fn remembered(&self, request: &[u8], now: Tick) -> Option<Vec<Vec<u8>>> {
        let known = self.memory.iter().rev().find(|known| known.request == request);
        known.filter(|known| now.since(known.at) < MEMORY).map(|known| known.answers.clone())
    }

    pub fn remember(&mut self, request: &[u8], answers: &[Vec<u8>], now: Tick) {
        if self.memory.len() >= REMEMBERED {
            self.memory.pop_front();
        }
        self.memory.push_back(Remembered { at: now, request: request.to_vec(), answers: answers.to_vec() });
    }

    /// The datagram that carries `plain` to the client.
    pub fn wrap(&mut self, payload: Payload, plain: &[u8], dice: &Dice) -> Vec<u8> {
        self.sent = self.sent.checked_add(self.step).unwrap_or(1);
        match &self.seal {
            Seal::New(guard) => {
                let bare = lan20::Header::bare(payload);
                let header = lan20::Header { session: self.console, sequence: self.sent, ..bare };
                guard.seal(guard.header(header), plain, random(dice))
            }
            Seal::Old { auth, password } => {
                let header = lan15::Header { auth: *auth, sequence: self.sent, session: self.console };
                lan15::emit(header, plain, password)
            }
        }
    }
}

/// Random bytes.
pub fn random<const N: usize>(dice: &Dice) -> [u8; N] {
    let mut out = [0; N];
    for chunk in out.chunks_mut(8) {
        for (to, from) in chunk.iter_mut().zip(dice.roll().to_le_bytes()) {
            *to = from;
        }
    }
    out
}

/// A resent request comes within this time; the same one later is a new one.
const MEMORY: Duration = Duration::from_secs(5);
/// More requests than clients have on their way at once.
const REMEMBERED: usize = 8;
