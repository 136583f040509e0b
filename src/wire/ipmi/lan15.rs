//! The session header of IPMI 1.5 (IPMI 2.0 13.6) and its authentication codes: none, MD5, straight password.

use crate::wire::ipmi::bytes::{Reader, short_length};
use crate::wire::ipmi::crypto::{Key, md5, same};
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::rmcp;

/// How a packet of IPMI 1.5 proves who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthType {
    None,
    /// Read and named, never used: nothing here computes MD2.
    Md2,
    Md5,
    Password,
    Oem,
    Other(u8),
}

impl AuthType {
    pub fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Md2 => 1,
            Self::Md5 => 2,
            Self::Password => 4,
            Self::Oem => 5,
            Self::Other(code) => code,
        }
    }

    pub fn from_code(code: u8) -> Self {
        match code {
            0 => Self::None,
            1 => Self::Md2,
            2 => Self::Md5,
            4 => Self::Password,
            5 => Self::Oem,
            other => Self::Other(other),
        }
    }
}

/// What stands before the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub auth: AuthType,
    pub sequence: u32,
    pub session: SessionId,
}

impl Header {
    /// Outside a session.
    pub const BARE: Self = Self { auth: AuthType::None, sequence: 0, session: SessionId::NONE };
}

/// A packet of IPMI 1.5, not yet verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub header: Header,
    pub code: Option<[u8; 16]>,
    /// From the responder's or requester's address to the last checksum.
    pub message: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads what follows the RMCP header; a pad byte at the end is overlooked (IPMI 2.0 13.6, legacy pad).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("IPMI 1.5 session header", bytes);
        let auth = AuthType::from_code(reader.u8()?);
        if let AuthType::Other(value) = auth {
            return Err(WireError::Unexpected { what: "authentication type", value });
        }
        let sequence = reader.u32()?;
        let session = SessionId(reader.array()?);
        let code = if auth == AuthType::None { None } else { Some(reader.array()?) };
        let length = reader.u8()?;
        let message = reader.take(usize::from(length))?;
        Ok(Self { header: Header { auth, sequence, session }, code, message })
    }

    /// Whether the code is that of this password; a packet without one proves nothing and is true.
    pub fn verifies(&self, password: &Key) -> bool {
        match (self.code, code(self.header, self.message, password)) {
            (None, None) => true,
            (Some(theirs), Some(ours)) => same(&theirs, &ours),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }
}

/// The whole UDP payload. An authentication type without a code of ours (MD2, OEM) is sent with a code of zeros.
pub fn emit(header: Header, message: &[u8], password: &Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(30 + message.len());
    rmcp::Header::IPMI.emit(&mut out);
    out.push(header.auth.code());
    out.extend(header.sequence.to_le_bytes());
    out.extend(header.session.0);
    if header.auth != AuthType::None {
        out.extend(code(header, message, password).unwrap_or_default());
    }
    out.push(short_length(message.len()));
    out.extend(message);
    out
}

/// IPMI 2.0 22.17.1; the password is filled to 16 bytes.
fn code(header: Header, message: &[u8], password: &Key) -> Option<[u8; 16]> {
    let key = password.padded::<16>();
    match header.auth {
        AuthType::Md5 => {
            Some(md5(&[&*key, &header.session.0, message, &header.sequence.to_le_bytes(), &*key]))
        }
        AuthType::Password => Some(*key),
        AuthType::None | AuthType::Md2 | AuthType::Oem | AuthType::Other(_) => None,
    }
}
