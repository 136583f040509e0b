//! DCMI Get Power Reading (netfn 2c, command 02).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::GROUP;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// A system's power, in watts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerReading {
    /// Now.
    pub current: u16,
    /// Least in the period.
    pub minimum: u16,
    /// Most in the period.
    pub maximum: u16,
    /// Mean of the period.
    pub average: u16,
    /// When it was read: seconds since 1970 by the BMC's clock.
    pub at: u32,
    /// Length of the period in milliseconds.
    pub period: u32,
    /// Whether power is being measured.
    pub is_measuring: bool,
}

impl PowerReading {
    /// The request for the system's power statistics.
    pub fn ask() -> Ask {
        Ask::new(GROUP, POWER_READING, [DCMI, 0x01, 0x00, 0x00])
    }

    /// Eighteen bytes, the group's mark first; without the last one nothing says that power is measured.
    ///
    /// # Errors
    /// [`WireError`] when it is short or not DCMI.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("DCMI power reading", data);
        bytes.expect_byte(0, DCMI)?;
        Ok(Self {
            current: bytes.word(1)?,
            minimum: bytes.word(3)?,
            maximum: bytes.word(5)?,
            average: bytes.word(7)?,
            at: bytes.long(9)?,
            period: bytes.long(13)?,
            is_measuring: bytes.byte(17).is_ok_and(|state| state & MEASURING != 0),
        })
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let mut out = vec![DCMI];
        for watts in [self.current, self.minimum, self.maximum, self.average] {
            out.extend(watts.to_le_bytes());
        }
        out.extend(self.at.to_le_bytes());
        out.extend(self.period.to_le_bytes());
        out.push(if self.is_measuring { MEASURING } else { 0 });
        out
    }
}

/// Get DCMI Capabilities: whether DCMI is spoken at all; c1 says no.
pub fn capabilities_ask() -> Ask {
    Ask::new(GROUP, CAPABILITIES, [DCMI, 0x01])
}

/// The group that DCMI is.
pub const DCMI: u8 = 0xdc;
/// Get DCMI Capabilities.
pub const CAPABILITIES: u8 = 0x01;
/// Get Power Reading.
pub const POWER_READING: u8 = 0x02;

const MEASURING: u8 = 0x40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_there_and_back() {
        let data = [0xdc, 0x84, 0, 0, 0, 0x9a, 0x01, 0x80, 0, 0x7f, 0xb7, 0x00, 0x6b, 0xe8, 0x03, 0, 0, 0x40];
        let reading = PowerReading::parse(&data).unwrap();
        assert_eq!((reading.current, reading.minimum, reading.maximum, reading.average), (132, 0, 410, 128));
        assert_eq!((reading.at, reading.period, reading.is_measuring), (0x6b00_b77f, 1000, true));
        assert_eq!(reading.emit(), data);
        for length in 0..17 {
            assert!(PowerReading::parse(&data[..length]).is_err(), "{length}");
        }
        assert!(!PowerReading::parse(&data[..17]).unwrap().is_measuring);
        let other = WireError::Marker { what: "DCMI power reading", got: 0, want: 0xdc };
        assert_eq!(PowerReading::parse(&[0; 18]), Err(other));
    }
}
