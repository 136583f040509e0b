//! The system event log's commands (netfn 0a).
//!
//! - `entry` one entry
//! - `walk`  reading the log from its first entry on

pub mod entry;
pub mod walk;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::STORAGE;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// Get SEL Info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogInfo {
    /// 51.
    pub version: u8,
    /// Entries.
    pub count: u16,
    /// Free bytes; ffff means 64 KiB or more.
    pub free: u16,
    /// When an entry was last added, and the log last erased.
    pub changed: (u32, u32),
    /// Overflow (7), delete (3), partial add (2), reserve (1), allocation info (0).
    pub flags: u8,
}

impl LogInfo {
    /// The request.
    pub fn ask() -> Ask {
        Ask::new(STORAGE, INFO, [])
    }

    /// Fourteen bytes.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("SEL info", data);
        Ok(Self {
            version: bytes.byte(0)?,
            count: bytes.word(1)?,
            free: bytes.word(3)?,
            changed: (bytes.long(5)?, bytes.long(9)?),
            flags: bytes.byte(13)?,
        })
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let mut out = vec![self.version];
        out.extend(self.count.to_le_bytes());
        out.extend(self.free.to_le_bytes());
        out.extend(self.changed.0.to_le_bytes());
        out.extend(self.changed.1.to_le_bytes());
        out.push(self.flags);
        out
    }

    /// Whether entries were lost for want of room.
    pub fn has_overflowed(self) -> bool {
        self.flags & 0x80 != 0
    }
}

/// Get SEL Entry: a whole entry, 0000 the first, ffff the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryAsk {
    /// Reservation; 0000 for whole entries.
    pub reservation: u16,
    /// Entry.
    pub entry: u16,
}

impl EntryAsk {
    /// The request.
    pub fn ask(self) -> Ask {
        let ([r0, r1], [e0, e1]) = (self.reservation.to_le_bytes(), self.entry.to_le_bytes());
        Ask::new(STORAGE, ENTRY, [r0, r1, e0, e1, 0x00, 0xff])
    }

    /// Reads a request's data; offset and count are not looked at.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("Get SEL Entry", data);
        Ok(Self { reservation: bytes.word(0)?, entry: bytes.word(2)? })
    }
}

/// Clear SEL: begun with a reservation, then polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clear {
    /// Reservation.
    pub reservation: u16,
    /// Whether to begin; else how far it is.
    pub begin: bool,
}

impl Clear {
    /// The request.
    pub fn ask(self) -> Ask {
        let [r0, r1] = self.reservation.to_le_bytes();
        let action = if self.begin { CLEAR_BEGIN } else { 0x00 };
        Ask::new(STORAGE, CLEAR, [r0, r1, b'C', b'L', b'R', action])
    }

    /// Reads a request's data.
    ///
    /// # Errors
    /// [`WireError`] when it is short or the letters are missing.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("Clear SEL", data);
        for (at, letter) in (2..).zip(*b"CLR") {
            bytes.expect_byte(at, letter)?;
        }
        Ok(Self { reservation: bytes.word(0)?, begin: bytes.byte(5)? == CLEAR_BEGIN })
    }

    /// Whether the answer says that the log is empty by now.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn is_done(data: &[u8]) -> Result<bool, WireError> {
        Ok(Bytes::new("Clear SEL", data).byte(0)? & 0x0f == 1)
    }
}

/// Reserve SEL; the answer is the reservation.
pub fn ask_reserve() -> Ask {
    Ask::new(STORAGE, RESERVE, [])
}

/// Get SEL Time; the answer is seconds since 1970 by the BMC's clock.
pub fn ask_time() -> Ask {
    Ask::new(STORAGE, TIME, [])
}

/// Get SEL Info.
pub const INFO: u8 = 0x40;
/// Reserve SEL.
pub const RESERVE: u8 = 0x42;
/// Get SEL Entry.
pub const ENTRY: u8 = 0x43;
/// Clear SEL.
pub const CLEAR: u8 = 0x47;
/// Get SEL Time.
pub const TIME: u8 = 0x48;

const CLEAR_BEGIN: u8 = 0xaa;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_there_and_back() {
        let data = [0x51, 2, 0, 0x60, 0x3e, 0x5b, 0x12, 0, 0, 0, 0, 0, 0, 0x0a];
        let info = LogInfo::parse(&data).unwrap();
        assert_eq!((info.count, info.free, info.has_overflowed()), (2, 0x3e60, false));
        assert_eq!(info.emit(), data);
        for length in 0..14 {
            assert!(LogInfo::parse(&data[..length]).is_err());
        }
    }

    #[test]
    fn requests_there_and_back() {
        let entry = EntryAsk { reservation: 1, entry: 0xffff };
        assert_eq!(entry.ask().data, [1, 0, 0xff, 0xff, 0, 0xff]);
        assert_eq!(EntryAsk::parse(&entry.ask().data), Ok(entry));
        for clear in [Clear { reservation: 1, begin: true }, Clear { reservation: 1, begin: false }] {
            assert_eq!(Clear::parse(&clear.ask().data), Ok(clear));
        }
        assert_eq!(Clear { reservation: 1, begin: true }.ask().data, [1, 0, 0x43, 0x4c, 0x52, 0xaa]);
        assert!(Clear::parse(&[1, 0, 0x43, 0x4c, 0x53, 0xaa]).is_err());
        assert_eq!((Clear::is_done(&[1]), Clear::is_done(&[0])), (Ok(true), Ok(false)));
    }
}
