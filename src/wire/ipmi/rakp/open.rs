//! Open session request and response: algorithms, session ids (IPMI 2.0 13.17, 13.18).

use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::status::Status;
use crate::wire::ipmi::suite::Algorithms;

/// A client's wish for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRequest {
    /// The answer repeats it.
    pub tag: u8,
    /// The level wanted as a code; 0 is the highest that the suite allows.
    pub privilege: u8,
    pub console: SessionId,
    /// What is asked for; `None` for what the BMC shall choose.
    pub algorithms: Wanted,
}

/// Algorithms asked for, each or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub auth: Option<u8>,
    pub integrity: Option<u8>,
    pub confidentiality: Option<u8>,
}

impl From<Algorithms> for Wanted {
    fn from(all: Algorithms) -> Self {
        Self {
            auth: Some(all.auth),
            integrity: Some(all.integrity),
            confidentiality: Some(all.confidentiality),
        }
    }
}

impl OpenRequest {
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("open session request", body);
        let [tag, privilege, _, _] = reader.array()?;
        let console = SessionId(reader.array()?);
        let algorithms = Wanted {
            auth: block(&mut reader, 0)?,
            integrity: block(&mut reader, 1)?,
            confidentiality: block(&mut reader, 2)?,
        };
        Ok(Self { tag, privilege: privilege & 0x0f, console, algorithms })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.tag, self.privilege, 0, 0];
        out.extend(self.console.0);
        emit_block(0, self.algorithms.auth, &mut out);
        emit_block(1, self.algorithms.integrity, &mut out);
        emit_block(2, self.algorithms.confidentiality, &mut out);
        out
    }
}

/// What a BMC says to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenResponse {
    Opened(Opened),
    /// Between two and eight bytes on the wire; the rest of them says nothing more.
    Refused {
        tag: u8,
        status: Status,
    },
}

/// A session half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    pub tag: u8,
    /// The level that the suite allows, as a code; 0 from BMCs that repeat the request's.
    pub privilege: u8,
    pub console: SessionId,
    pub bmc: SessionId,
    /// What is given: some BMCs say "opened" and give other algorithms than were asked for.
    pub algorithms: Algorithms,
}

impl OpenResponse {
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("open session response", body);
        let [tag, status] = reader.array()?;
        if Status(status) != Status::OK {
            return Ok(Self::Refused { tag, status: Status(status) });
        }
        let [privilege, _] = reader.array()?;
        let console = SessionId(reader.array()?);
        let bmc = SessionId(reader.array()?);
        let algorithms = Algorithms {
            auth: block(&mut reader, 0)?.unwrap_or(0),
            integrity: block(&mut reader, 1)?.unwrap_or(0),
            confidentiality: block(&mut reader, 2)?.unwrap_or(0),
        };
        Ok(Self::Opened(Opened { tag, privilege: privilege & 0x0f, console, bmc, algorithms }))
    }

    pub fn emit(&self) -> Vec<u8> {
        match self {
            Self::Refused { tag, status } => vec![*tag, status.0],
            Self::Opened(opened) => {
                let mut out = vec![opened.tag, Status::OK.0, opened.privilege, 0];
                out.extend(opened.console.0);
                out.extend(opened.bmc.0);
                emit_block(0, Some(opened.algorithms.auth), &mut out);
                emit_block(1, Some(opened.algorithms.integrity), &mut out);
                emit_block(2, Some(opened.algorithms.confidentiality), &mut out);
                out
            }
        }
    }
}

/// One algorithm: its kind, two reserved bytes, its length (0: the BMC chooses), its number, three reserved bytes.
fn block(reader: &mut Reader<'_>, kind: u8) -> Result<Option<u8>, WireError> {
    let [found, _, _, length, algorithm, _, _, _] = reader.array()?;
    if found != kind {
        return Err(WireError::Unexpected { what: "algorithm payload type", value: found });
    }
    Ok((length != 0).then_some(algorithm & 0x3f))
}

fn emit_block(kind: u8, algorithm: Option<u8>, out: &mut Vec<u8>) {
    let length = if algorithm.is_some() { BLOCK_LENGTH } else { 0 };
    out.extend([kind, 0, 0, length, algorithm.unwrap_or(0), 0, 0, 0]);
}

const BLOCK_LENGTH: u8 = 8;
