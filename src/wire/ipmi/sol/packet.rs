//! An SOL packet: numbers, what was accepted, signals, characters (IPMI 2.0 15.9).

use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;

/// One packet of either direction; the bits differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolPacket<'a> {
    /// 1 to 15; 0: nothing but an acknowledgement.
    pub sequence: u8,
    /// The packet that is acknowledged; 0: none.
    pub acknowledged: u8,
    /// How many of its characters were taken.
    pub accepted: u8,
    /// Operation bits from a client, status bits from a BMC.
    pub bits: u8,
    pub characters: &'a [u8],
}

impl<'a> SolPacket<'a> {
    pub fn parse(payload: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("SOL packet", payload);
        let [sequence, acknowledged, accepted, bits] = reader.array()?;
        let characters = reader.rest();
        if characters.len() > CHARACTER_LIMIT {
            let size = characters.len();
            return Err(WireError::Long { what: "SOL packet", size, limit: CHARACTER_LIMIT });
        }
        Ok(Self { sequence: sequence & 0x0f, acknowledged: acknowledged & 0x0f, accepted, bits, characters })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.sequence, self.acknowledged, self.accepted, self.bits];
        out.extend(self.characters);
        out
    }

    /// The other side did not take all of what is acknowledged, or cannot just now.
    pub fn is_nack(&self) -> bool {
        self.bits & NACK != 0
    }
}

/// Both directions: the acknowledged packet was not taken.
pub const NACK: u8 = 0x40;
/// Client: ring the line.
pub const RING: u8 = 0x20;
/// Client: send a break.
pub const BREAK: u8 = 0x10;
/// Client: hold CTS back.
pub const CTS_OFF: u8 = 0x08;
/// Client: drop DCD and DSR.
pub const DCD_OFF: u8 = 0x04;
/// Client: throw away what comes in.
pub const FLUSH_IN: u8 = 0x02;
/// Client: throw away what goes out.
pub const FLUSH_OUT: u8 = 0x01;
/// BMC: characters cannot be passed on now.
pub const UNAVAILABLE: u8 = 0x20;
/// BMC: SOL is being deactivated.
pub const DEACTIVATED: u8 = 0x10;
/// BMC: characters were lost.
pub const OVERRUN: u8 = 0x08;
/// BMC: a break came over the line.
pub const BREAK_SEEN: u8 = 0x04;
/// The accepted count is one byte.
pub const CHARACTER_LIMIT: usize = 255;
