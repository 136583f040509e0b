//! A request to be sent, and what a completion code asks of the asker.

/// A request: network function (even), command, data. The LUN is 0 unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Network function of the request.
    pub netfn: u8,
    /// Logical unit of the BMC.
    pub lun: u8,
    /// Command.
    pub command: u8,
    /// Request data.
    pub data: Vec<u8>,
}

impl Ask {
    /// A request to LUN 0.
    pub fn new(netfn: u8, command: u8, data: impl Into<Vec<u8>>) -> Self {
        Self { netfn, lun: 0, command, data: data.into() }
    }
}

/// What a completion code means for one who reads a store piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The data is good.
    Done,
    /// The reservation was lost: reserve again.
    Reserve,
    /// Ask for less at once.
    Smaller,
    /// Ask the same again.
    Again,
    /// It will not be answered.
    Never,
}

impl Verdict {
    /// Classes a completion code (IPMI 2.0, table 5-2).
    pub fn of(code: u8) -> Self {
        match code {
            0x00 => Self::Done,
            0xc5 => Self::Reserve,
            0xc4 | 0xc6 | 0xc7 | 0xc8 | 0xca => Self::Smaller,
            0x81 | 0xc0 | 0xc3 | 0xcf | 0xd0 | 0xd1 | 0xd2 | 0xd3 | 0xff => Self::Again,
            _ => Self::Never,
        }
    }
}

/// Network function of chassis requests.
pub const CHASSIS: u8 = 0x00;
/// Network function of sensor and event requests.
pub const SENSOR: u8 = 0x04;
/// Network function of application requests.
pub const APP: u8 = 0x06;
/// Network function of storage requests.
pub const STORAGE: u8 = 0x0a;
/// Network function of transport requests.
pub const TRANSPORT: u8 = 0x0c;
/// Network function of group extensions, DCMI and HPM among them.
pub const GROUP: u8 = 0x2c;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_classed() {
        assert_eq!(Verdict::of(0), Verdict::Done);
        assert_eq!(Verdict::of(0xc5), Verdict::Reserve);
        assert_eq!(Verdict::of(0xca), Verdict::Smaller);
        assert_eq!(Verdict::of(0xc0), Verdict::Again);
        for never in [0xc1, 0xc9, 0xcb, 0xcc, 0xd4, 0x80] {
            assert_eq!(Verdict::of(never), Verdict::Never, "{never:02x}");
        }
    }
}
