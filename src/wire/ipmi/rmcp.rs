//! The RMCP header and ASF's ping and pong (ASF 2.0 3.2).

use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;

/// The four bytes before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// `ff`: no acknowledgement wanted, which IPMI always says.
    pub sequence: u8,
    pub class: u8,
}

impl Header {
    pub const IPMI: Self = Self { sequence: NO_ACK, class: CLASS_IPMI };
    pub const ASF: Self = Self { sequence: NO_ACK, class: CLASS_ASF };

    /// Returns what follows the header, too.
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), WireError> {
        let ([version, _, sequence, class], rest) =
            bytes.split_first_chunk().ok_or(WireError::Short("RMCP header"))?;
        if *version != VERSION {
            return Err(WireError::Version(*version));
        }
        Ok((Self { sequence: *sequence, class: *class }, rest))
    }

    pub fn emit(self, out: &mut Vec<u8>) {
        out.extend([VERSION, 0, self.sequence, self.class]);
    }
}

/// "Is there something at this address?"
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ping {
    pub tag: u8,
}

impl Ping {
    /// Reads what follows the RMCP header.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let (kind, tag, _) = asf(bytes)?;
        if kind != PING {
            return Err(WireError::Unexpected { what: "ASF message type", value: kind });
        }
        Ok(Self { tag })
    }

    /// The whole UDP payload.
    pub fn emit(self) -> Vec<u8> {
        emit_asf(PING, self.tag, &[])
    }
}

/// What answers a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pong {
    pub tag: u8,
    /// Enterprise number, big-endian on the wire as ASF has it.
    pub enterprise: u32,
    pub oem: [u8; 4],
    /// Bit 7: IPMI is spoken here; low nibble 1: ASF 1.0.
    pub entities: u8,
    pub interactions: u8,
}

impl Pong {
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let (kind, tag, mut data) = asf(bytes)?;
        if kind != PONG {
            return Err(WireError::Unexpected { what: "ASF message type", value: kind });
        }
        let enterprise = u32::from_be_bytes(data.array()?);
        let [oem, entities] = [data.array::<4>()?, data.array::<4>()?];
        let [entities, interactions, ..] = entities;
        data.array::<4>()?;
        Ok(Self { tag, enterprise, oem, entities, interactions })
    }

    pub fn emit(self) -> Vec<u8> {
        let mut data = self.enterprise.to_be_bytes().to_vec();
        data.extend(self.oem);
        data.extend([self.entities, self.interactions, 0, 0, 0, 0, 0, 0]);
        emit_asf(PONG, self.tag, &data)
    }

    pub fn speaks_ipmi(self) -> bool {
        self.entities & 0x80 != 0
    }
}

/// Type, tag and data of an ASF message.
fn asf(bytes: &[u8]) -> Result<(u8, u8, Reader<'_>), WireError> {
    let mut reader = Reader::new("ASF message", bytes);
    let [a, b, c, d, kind, tag, _, length] = reader.array()?;
    if [a, b, c, d] != ASF_ENTERPRISE {
        return Err(WireError::Unexpected { what: "ASF enterprise number ending in", value: d });
    }
    let data = reader.take(usize::from(length))?;
    Ok((kind, tag, Reader::new("ASF message", data)))
}

fn emit_asf(kind: u8, tag: u8, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + data.len());
    Header::ASF.emit(&mut out);
    out.extend(ASF_ENTERPRISE);
    out.extend([kind, tag, 0, crate::wire::ipmi::bytes::short_length(data.len())]);
    out.extend(data);
    out
}

/// RMCP 1.0.
pub const VERSION: u8 = 6;
pub const CLASS_ASF: u8 = 6;
pub const CLASS_IPMI: u8 = 7;
const NO_ACK: u8 = 0xff;
const PING: u8 = 0x80;
const PONG: u8 = 0x40;
/// 4542, big-endian.
const ASF_ENTERPRISE: [u8; 4] = [0, 0, 0x11, 0xbe];
