//! RAKP messages 1 to 4 (IPMI 2.0 13.20 to 13.23).

use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::id::{SessionId, User};
use crate::wire::ipmi::status::Status;

/// A client's random number, its role and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rakp1 {
    pub tag: u8,
    pub bmc: SessionId,
    /// Rm.
    pub random: [u8; 16],
    /// Level in bits 3:0, bit 4: look the name up without the level.
    pub role: u8,
    pub user: User,
}

impl Rakp1 {
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("RAKP message 1", body);
        let [tag, _, _, _] = reader.array()?;
        let bmc = SessionId(reader.array()?);
        let random = reader.array()?;
        let [role, _, _, length] = reader.array()?;
        let user = User::new(reader.take(usize::from(length))?)
            .ok_or(WireError::Unexpected { what: "user name length", value: length })?;
        Ok(Self { tag, bmc, random, role, user })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.tag, 0, 0, 0];
        out.extend(self.bmc.0);
        out.extend(self.random);
        out.extend([self.role, 0, 0]);
        out.extend(self.user.counted());
        out
    }
}

/// A BMC's random number, its GUID and its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rakp2<'a> {
    Accepted {
        tag: u8,
        console: SessionId,
        /// Rc.
        random: [u8; 16],
        guid: [u8; 16],
        code: &'a [u8],
    },
    /// Some BMCs send the rest all the same; it is not read.
    Refused { tag: u8, status: Status, console: SessionId },
}

impl<'a> Rakp2<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("RAKP message 2", body);
        let [tag, status, _, _] = reader.array()?;
        let console = SessionId(reader.array()?);
        if Status(status) != Status::OK {
            return Ok(Self::Refused { tag, status: Status(status), console });
        }
        let random = reader.array()?;
        let guid = reader.array()?;
        Ok(Self::Accepted { tag, console, random, guid, code: reader.rest() })
    }

    pub fn emit(&self) -> Vec<u8> {
        match self {
            Self::Refused { tag, status, console } => {
                let mut out = vec![*tag, status.0, 0, 0];
                out.extend(console.0);
                out
            }
            Self::Accepted { tag, console, random, guid, code } => {
                let mut out = vec![*tag, Status::OK.0, 0, 0];
                out.extend(console.0);
                out.extend(random);
                out.extend(guid);
                out.extend(*code);
                out
            }
        }
    }
}

/// A client's proof, or why it gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rakp3<'a> {
    pub tag: u8,
    pub status: Status,
    pub bmc: SessionId,
    pub code: &'a [u8],
}

impl<'a> Rakp3<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let (tag, status, bmc, code) = coded("RAKP message 3", body)?;
        Ok(Self { tag, status, bmc, code })
    }

    pub fn emit(&self) -> Vec<u8> {
        emit_coded(self.tag, self.status, self.bmc, self.code)
    }
}

/// A BMC's proof that it has the session key, or why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rakp4<'a> {
    pub tag: u8,
    pub status: Status,
    pub console: SessionId,
    pub code: &'a [u8],
}

impl<'a> Rakp4<'a> {
    pub fn parse(body: &'a [u8]) -> Result<Self, WireError> {
        let (tag, status, console, code) = coded("RAKP message 4", body)?;
        Ok(Self { tag, status, console, code })
    }

    pub fn emit(&self) -> Vec<u8> {
        emit_coded(self.tag, self.status, self.console, self.code)
    }
}

/// Tag, status, receiver's id, code: RAKP 3 and 4 are made alike.
fn coded<'a>(what: &'static str, body: &'a [u8]) -> Result<(u8, Status, SessionId, &'a [u8]), WireError> {
    let mut reader = Reader::new(what, body);
    let [tag, status, _, _] = reader.array()?;
    let session = SessionId(reader.array()?);
    Ok((tag, Status(status), session, reader.rest()))
}

fn emit_coded(tag: u8, status: Status, session: SessionId, code: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, status.0, 0, 0];
    out.extend(session.0);
    out.extend(code);
    out
}
