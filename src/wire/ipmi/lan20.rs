//! The session header of IPMI 2.0 / RMCP+ (IPMI 2.0 13.6, 13.28), and what payloads there are.

use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::rmcp;

/// What a packet carries (IPMI 2.0 13.27.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payload {
    Message,
    Sol,
    /// Enterprise number and payload id as they stand on the wire.
    Oem {
        enterprise: [u8; 4],
        id: [u8; 2],
    },
    OpenRequest,
    OpenResponse,
    Rakp1,
    Rakp2,
    Rakp3,
    Rakp4,
    Other(u8),
}

impl Payload {
    fn code(self) -> u8 {
        match self {
            Self::Message => 0x00,
            Self::Sol => 0x01,
            Self::Oem { .. } => OEM,
            Self::OpenRequest => 0x10,
            Self::OpenResponse => 0x11,
            Self::Rakp1 => 0x12,
            Self::Rakp2 => 0x13,
            Self::Rakp3 => 0x14,
            Self::Rakp4 => 0x15,
            Self::Other(code) => code,
        }
    }

    fn from_code(code: u8) -> Self {
        match code {
            0x00 => Self::Message,
            0x01 => Self::Sol,
            0x10 => Self::OpenRequest,
            0x11 => Self::OpenResponse,
            0x12 => Self::Rakp1,
            0x13 => Self::Rakp2,
            0x14 => Self::Rakp3,
            0x15 => Self::Rakp4,
            other => Self::Other(other),
        }
    }
}

/// What stands before the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub payload: Payload,
    pub encrypted: bool,
    pub authenticated: bool,
    /// The receiver's id.
    pub session: SessionId,
    pub sequence: u32,
}

impl Header {
    /// Outside a session: open session, RAKP, and commands that need none.
    pub fn bare(payload: Payload) -> Self {
        Self { payload, encrypted: false, authenticated: false, session: SessionId::NONE, sequence: 0 }
    }

    /// From the authentication type to the payload's length.
    pub fn emit(self, length: u16, out: &mut Vec<u8>) {
        out.push(AUTH_TYPE);
        let bits = u8::from(self.encrypted) << 7 | u8::from(self.authenticated) << 6;
        out.push(bits | self.payload.code());
        if let Payload::Oem { enterprise, id } = self.payload {
            out.extend(enterprise);
            out.extend(id);
        }
        out.extend(self.session.0);
        out.extend(self.sequence.to_le_bytes());
        out.extend(length.to_le_bytes());
    }
}

/// A packet of IPMI 2.0, neither verified nor decrypted: `guard::Guard::open` does both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    pub header: Header,
    /// The payload as it came.
    pub body: &'a [u8],
    /// Everything from the authentication type on, for the code.
    pub whole: &'a [u8],
    /// What follows the payload: the trailer if the packet is authenticated.
    pub trailer: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads what follows the RMCP header.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("IPMI 2.0 session header", bytes);
        let [auth, bits] = reader.array()?;
        if auth != AUTH_TYPE {
            return Err(WireError::Unexpected { what: "authentication type", value: auth });
        }
        let mut payload = Payload::from_code(bits & 0x3f);
        if payload == Payload::Other(OEM) {
            payload = Payload::Oem { enterprise: reader.array()?, id: reader.array()? };
        }
        let header = Header {
            payload,
            encrypted: bits & 0x80 != 0,
            authenticated: bits & 0x40 != 0,
            session: SessionId(reader.array()?),
            sequence: reader.u32()?,
        };
        let length = usize::from(reader.u16()?);
        // Peppercon's BMCs count one byte too many in RAKP 2; the code in it proves what came all the same.
        let is_miscounted = payload == Payload::Rakp2 && length == reader.rest().len() + 1;
        let body = reader.take(if is_miscounted { length - 1 } else { length })?;
        Ok(Self { header, body, whole: bytes, trailer: reader.rest() })
    }
}

/// The whole UDP payload of a packet that nothing protects.
pub fn emit_bare(payload: Payload, body: &[u8]) -> Vec<u8> {
    emit_plain(Header::bare(payload), body)
}

/// The whole UDP payload of a packet of a suite without integrity.
pub fn emit_plain(header: Header, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + body.len());
    rmcp::Header::IPMI.emit(&mut out);
    header.emit(length(body), &mut out);
    out.extend(body);
    out
}

/// What we send is short: requests are bounded by `ask::DATA_LIMIT`, SOL by 255 characters.
pub fn length(body: &[u8]) -> u16 {
    u16::try_from(body.len()).unwrap_or(u16::MAX)
}

/// RMCP+'s mark in the place of an authentication type.
pub const AUTH_TYPE: u8 = 6;
const OEM: u8 = 0x02;
