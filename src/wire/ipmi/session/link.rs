//! The wrapper of a session that came about: numbers, codes and ciphers of its packets, both versions.

use std::borrow::Cow;

use crate::wire::ipmi::crypto::{BLOCK, Key};
use crate::wire::ipmi::guard::Guard;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::lan15::{self, AuthType};
use crate::wire::ipmi::lan20::{self, Payload};
use crate::wire::ipmi::message::Checks;
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::session::dice::{Dice, Purpose, draw};
use crate::wire::ipmi::suite::{Integrity, Suite};
use crate::wire::ipmi::window::Window;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) kind: Kind,
    /// The BMC's session id.
    pub(super) bmc: SessionId,
    /// The next packet's number.
    pub(super) sequence: u32,
    pub(super) window: Window,
    /// A packet signed with this session's secrets came under session id 0.
    pub(super) zeros: bool,
}

/// What differs between the versions.
#[derive(Debug)]
pub(super) enum Kind {
    V20 {
        guard: Guard,
        console: SessionId,
    },
    V15 {
        auth: AuthType,
        password: Key,
        /// The BMC does not sign each packet.
        unsigned: bool,
    },
}

impl Link {
    pub(super) fn suite(&self) -> Option<Suite> {
        match &self.kind {
            Kind::V20 { guard, .. } => Some(guard.suite()),
            Kind::V15 { .. } => None,
        }
    }

    /// The whole UDP payload under the next number; 1.5 has room for messages only.
    pub(super) fn seal(&mut self, payload: Payload, body: &[u8], dice: &mut dyn Dice) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence = after(sequence);
        match &self.kind {
            Kind::V15 { auth, password, .. } => {
                let header = lan15::Header { auth: *auth, sequence, session: self.bmc };
                lan15::emit(header, body, password)
            }
            Kind::V20 { guard, .. } => {
                let header = lan20::Header { session: self.bmc, sequence, ..lan20::Header::bare(payload) };
                let header = guard.header(header);
                let iv = if header.encrypted { draw::<BLOCK>(dice, Purpose::Iv) } else { [0; BLOCK] };
                guard.seal(header, body, iv)
            }
        }
    }

    /// The payload of a packet of this session that was not there before; `None` for all others.
    ///
    /// Tyan's BMCs answer under session id 0. A code that is keyed by this session proves such a packet; one that is
    /// keyed by the password alone would let another session's answer be played back, and is taken only after one
    /// was left out, so that no well-behaved BMC is read so.
    pub(super) fn open<'a>(&mut self, packet: &Packet<'a>) -> Option<(Payload, Cow<'a, [u8]>)> {
        match (packet, &self.kind) {
            (Packet::V20(packet), Kind::V20 { guard, console }) => {
                let header = packet.header;
                // Without codes anyone may forge numbers, and some BMCs send 0: they are not looked at.
                let counted = guard.suite().integrity != Integrity::None;
                let fresh = !counted || header.sequence != 0 && self.window.is_open_to(header.sequence);
                let is_zero = header.session == SessionId::NONE && counted;
                if header.session != *console && !is_zero || !fresh {
                    return None;
                }
                let body = guard.open(packet).ok()?;
                // HMACs are keyed by this session, MD5 by the password alone.
                let is_ours = guard.suite().integrity != Integrity::Md5;
                if is_zero && !std::mem::replace(&mut self.zeros, true) && !is_ours {
                    return None;
                }
                if counted {
                    self.window.take(header.sequence);
                }
                Some((header.payload, body))
            }
            (Packet::V15(packet), Kind::V15 { auth, password, unsigned }) => {
                let header = packet.header;
                let signed = header.auth == *auth && packet.verifies(password);
                let trusted = signed || *unsigned && header.auth == AuthType::None;
                let is_zero = header.session == SessionId::NONE && signed && *auth == AuthType::Md5;
                if is_zero && !std::mem::replace(&mut self.zeros, true) {
                    return None;
                }
                if header.session != self.bmc && !is_zero || !trusted || !self.window.take(header.sequence) {
                    return None;
                }
                Some((Payload::Message, Cow::Borrowed(packet.message)))
            }
            (Packet::Ping(_) | Packet::Pong(_) | Packet::V15(_) | Packet::V20(_), _) => None,
        }
    }

    /// Whether message checksums add anything to what the packet's code has proven.
    pub(super) fn checks(&self) -> Checks {
        let proven = match &self.kind {
            Kind::V20 { guard, .. } => guard.suite().integrity != Integrity::None,
            Kind::V15 { auth, .. } => *auth == AuthType::Md5,
        };
        if proven { Checks::Waived } else { Checks::Strict }
    }
}

/// The number after this one; zero is skipped.
pub(super) fn after(sequence: u32) -> u32 {
    sequence.checked_add(1).unwrap_or(1)
}
