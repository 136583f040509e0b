//! Activation of payloads: serial over LAN (IPMI 2.0 24.1 to 24.4).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn;
use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::fault::WireError;

/// Activates SOL, encrypted and signed where the session's suite is.
pub fn activate_sol(encrypt: bool, authenticate: bool) -> Ask {
    let protection = u8::from(encrypt) << 7 | u8::from(authenticate) << 6;
    Ask::new(netfn::APP, ACTIVATE, [SOL, INSTANCE, protection | DEFER_ALERTS | NO_CTS, 0, 0, 0])
}

/// The answer to an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
    pub aux: [u8; 4],
    /// Bytes of the longest payload that the BMC takes; some BMCs swap its bytes.
    pub inbound: u16,
    /// Bytes of the longest payload that the BMC sends.
    pub outbound: u16,
    /// UDP port of the payload; some BMCs swap its bytes or name one that is not theirs.
    pub port: u16,
    /// `ffff`: none.
    pub vlan: u16,
}

impl Activation {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("payload activation", data);
        let aux = reader.array()?;
        let (inbound, outbound) = (reader.u16()?, reader.u16()?);
        Ok(Self { aux, inbound, outbound, port: reader.u16()?, vlan: reader.u16().unwrap_or(u16::MAX) })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = self.aux.to_vec();
        for number in [self.inbound, self.outbound, self.port, self.vlan] {
            out.extend(number.to_le_bytes());
        }
        out
    }

    /// How many characters a packet to the BMC may carry: what it says, where that can be true.
    pub fn characters(&self) -> usize {
        let size = usize::from(self.inbound);
        if (SMALLEST..=LARGEST).contains(&size) { size - HEADER } else { FALLBACK }
    }
}

pub fn deactivate_sol() -> Ask {
    Ask::new(netfn::APP, DEACTIVATE, [SOL, INSTANCE, 0, 0, 0, 0])
}

/// Which instances of SOL are active?
pub fn sol_status() -> Ask {
    Ask::new(netfn::APP, ACTIVATION_STATUS, [SOL])
}

/// The answer to `sol_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivationStatus {
    /// How many instances there may be; 0 from some BMCs that have one.
    pub capacity: u8,
    /// Bit n: instance n + 1 is active.
    pub active: u16,
}

impl ActivationStatus {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("payload activation status", data);
        Ok(Self { capacity: reader.u8()? & 0x0f, active: reader.u16()? })
    }

    pub fn emit(&self) -> Vec<u8> {
        let [low, high] = self.active.to_le_bytes();
        vec![self.capacity, low, high]
    }
}

pub const ACTIVATE: u8 = 0x48;
pub const DEACTIVATE: u8 = 0x49;
pub const ACTIVATION_STATUS: u8 = 0x4a;
/// Payload type of SOL.
pub const SOL: u8 = 0x01;
/// The only instance that BMCs have in practice.
pub const INSTANCE: u8 = 0x01;
/// Serial alerts wait while SOL is active.
const DEFER_ALERTS: u8 = 0x04;
/// Start with CTS not held back.
const NO_CTS: u8 = 0x02;
/// Bytes before an SOL packet's characters.
const HEADER: usize = 4;
/// Sizes that are believed: below, and above, are BMCs that swap the bytes.
const SMALLEST: usize = 16;
const LARGEST: usize = 255 + HEADER;
/// Characters in a packet to a BMC whose figures are not believed; the smallest buffer that was ever reported.
const FALLBACK: usize = 12;
