//! Commands of sessions (IPMI 2.0 22.13 to 22.19).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn;
use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::id::{Privilege, SessionId, User};
use crate::wire::ipmi::lan15::AuthType;

/// What may this channel do at this level? With `extended` the answer tells of IPMI 2.0, too.
pub fn auth_capabilities(privilege: Privilege, extended: bool) -> Ask {
    let channel = THIS_CHANNEL | if extended { EXTENDED } else { 0 };
    Ask::new(netfn::APP, AUTH_CAPABILITIES, [channel, privilege.code()])
}

/// The answer to `auth_capabilities`; its flags are often wrong and decide nothing alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthCapabilities {
    pub channel: u8,
    /// Bit 7: data of 2.0 follow; bits 0, 1, 2, 4, 5: none, MD2, MD5, password, OEM.
    pub auth_types: u8,
    /// Bits 5 `K_g`, 4 packets unsigned, 3 user level unsigned, 2 named users, 1 null users, 0 anonymous.
    pub status: u8,
    /// Bit 1: 2.0, bit 0: 1.5.
    pub versions: u8,
    pub oem: u32,
    pub aux: u8,
}

impl AuthCapabilities {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("authentication capabilities", data);
        let [channel, auth_types, status, versions] = reader.array()?;
        Ok(Self { channel, auth_types, status, versions, oem: reader.u24()?, aux: reader.u8()? })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.channel, self.auth_types, self.status, self.versions];
        out.extend(self.oem.to_le_bytes().iter().take(3));
        out.push(self.aux);
        out
    }

    pub fn speaks_20(&self) -> bool {
        self.auth_types & 0x80 != 0 && self.versions & 0x02 != 0
    }

    pub fn has_kg(&self) -> bool {
        self.status & 0x20 != 0
    }

    pub fn signs_each_packet(&self) -> bool {
        self.status & 0x10 == 0
    }
}

/// The suites of this channel, sixteen bytes of the list at a time; `index` counts the sixteens.
pub fn cipher_suites(index: u8) -> Ask {
    Ask::new(netfn::APP, CIPHER_SUITES, [THIS_CHANNEL, 0, LIST_SUITES | index & 0x3f])
}

/// One answer to `cipher_suites`: the channel and a piece of the list, the last if it is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuitePiece<'a> {
    pub channel: u8,
    pub piece: &'a [u8],
}

impl<'a> SuitePiece<'a> {
    pub fn parse(data: &'a [u8]) -> Result<Self, WireError> {
        let (channel, piece) = data.split_first().ok_or(WireError::Short("cipher suites"))?;
        if piece.len() > SUITE_PIECE {
            return Err(WireError::Long { what: "cipher suites", size: piece.len(), limit: SUITE_PIECE });
        }
        Ok(Self { channel: *channel, piece })
    }

    pub fn is_last(&self) -> bool {
        self.piece.len() < SUITE_PIECE
    }
}

/// The numbers of the standard suites in the whole list; OEM suites and damaged records are passed over.
pub fn suite_ids(list: &[u8]) -> Vec<u8> {
    let mut ids = Vec::new();
    let mut bytes = list.iter();
    while let Some(byte) = bytes.next() {
        if *byte == STANDARD_SUITE
            && let Some(id) = bytes.next()
        {
            ids.push(*id);
        } else if *byte == OEM_SUITE {
            bytes.nth(3);
        }
    }
    ids
}

/// A challenge to a user, for IPMI 1.5.
pub fn session_challenge(auth: AuthType, user: &User) -> Ask {
    let mut data = vec![auth.code()];
    data.extend(user.padded());
    Ask::new(netfn::APP, SESSION_CHALLENGE, data)
}

/// The request data of `session_challenge`.
pub fn parse_session_challenge(data: &[u8]) -> Result<(AuthType, User), WireError> {
    let mut reader = Reader::new("session challenge request", data);
    let auth = AuthType::from_code(reader.u8()?);
    Ok((auth, User::from_padded(&reader.array()?)))
}

/// A temporary session id and what to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    pub session: SessionId,
    pub challenge: [u8; 16],
}

impl Challenge {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("session challenge", data);
        Ok(Self { session: SessionId(reader.array()?), challenge: reader.array()? })
    }

    pub fn emit(&self) -> Vec<u8> {
        [&self.session.0[..], &self.challenge].concat()
    }
}

/// The request of Activate Session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activate {
    pub auth: AuthType,
    /// The highest level wanted, as a code.
    pub privilege: u8,
    pub challenge: [u8; 16],
    /// First number of the BMC's packets.
    pub sequence: u32,
}

pub fn activate_session(activate: &Activate) -> Ask {
    let mut data = vec![activate.auth.code(), activate.privilege];
    data.extend(activate.challenge);
    data.extend(activate.sequence.to_le_bytes());
    Ask::new(netfn::APP, ACTIVATE_SESSION, data)
}

impl Activate {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("activate session request", data);
        let [auth, privilege] = reader.array()?;
        let (challenge, sequence) = (reader.array()?, reader.u32()?);
        Ok(Self { auth: AuthType::from_code(auth), privilege: privilege & 0x0f, challenge, sequence })
    }
}

/// The session of IPMI 1.5 that came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activated {
    /// Of all further packets.
    pub auth: AuthType,
    pub session: SessionId,
    /// First number of the client's packets.
    pub sequence: u32,
    pub privilege: u8,
}

impl Activated {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("activate session", data);
        let auth = AuthType::from_code(reader.u8()?);
        let session = SessionId(reader.array()?);
        Ok(Self { auth, session, sequence: reader.u32()?, privilege: reader.u8()? })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.auth.code()];
        out.extend(self.session.0);
        out.extend(self.sequence.to_le_bytes());
        out.push(self.privilege);
        out
    }
}

/// Raises, or lowers, the session's level; the answer's byte is the level now.
pub fn set_privilege(level: Privilege) -> Ask {
    Ask::new(netfn::APP, SET_PRIVILEGE, [level.code()])
}

/// Ends a session by the BMC's id.
pub fn close_session(bmc: SessionId) -> Ask {
    Ask::new(netfn::APP, CLOSE_SESSION, bmc.0)
}

pub const AUTH_CAPABILITIES: u8 = 0x38;
pub const SESSION_CHALLENGE: u8 = 0x39;
pub const ACTIVATE_SESSION: u8 = 0x3a;
pub const SET_PRIVILEGE: u8 = 0x3b;
pub const CLOSE_SESSION: u8 = 0x3c;
pub const CIPHER_SUITES: u8 = 0x54;
/// The channel that the question came by.
pub const THIS_CHANNEL: u8 = 0x0e;
/// Asks for the data of IPMI 2.0.
pub const EXTENDED: u8 = 0x80;
/// Asks for suites, not for algorithms.
const LIST_SUITES: u8 = 0x80;
/// Bytes of a full piece of the list.
pub const SUITE_PIECE: usize = 16;
const STANDARD_SUITE: u8 = 0xc0;
const OEM_SUITE: u8 = 0xc1;
