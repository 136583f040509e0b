//! Sensor data records: the repository's commands (netfn 0a, or 04 where the device holds them itself).
//!
//! - `record`   the kinds of records
//! - `full`     sensors that have values
//! - `locator`  where inventories and controllers are
//! - `walk`     reading a whole repository

pub mod full;
pub mod locator;
pub mod record;
pub mod walk;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::SENSOR;
use crate::wire::ipmi::ask::netfn::STORAGE;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// Who holds the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The SDR repository.
    Repository,
    /// The device, without a repository (bit 7 of its revision).
    Device,
}

impl Holder {
    /// Get SDR Repository Info, or Get Device SDR Info.
    pub fn ask_info(self) -> Ask {
        self.ask([0x20, 0x20], Vec::new())
    }

    /// Reserve SDR Repository.
    pub fn ask_reserve(self) -> Ask {
        self.ask([0x22, 0x22], Vec::new())
    }

    /// Get SDR.
    pub fn ask_piece(self, piece: Piece) -> Ask {
        self.ask([0x23, 0x21], piece.emit())
    }

    fn ask(self, [repository, device]: [u8; 2], data: Vec<u8>) -> Ask {
        match self {
            Self::Repository => Ask::new(STORAGE, repository, data),
            Self::Device => Ask::new(SENSOR, device, data),
        }
    }
}

/// Get SDR Repository Info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryInfo {
    /// 51 for IPMI 1.5 and 2.0; kept when it is not.
    pub version: u8,
    /// Records; some BMCs say too many or too few.
    pub count: u16,
    /// Free bytes; ffff not said, fffe 64 KiB or more.
    pub free: u16,
    /// When a record was last added, and all last erased: together the key of a cache.
    pub changed: (u32, u32),
    /// Operations supported.
    pub flags: u8,
}

impl RepositoryInfo {
    /// Fourteen bytes.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("SDR repository info", data);
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
}

/// What Get SDR asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Reservation; 0000 will do for whole records.
    pub reservation: u16,
    /// Record; 0000 is the first.
    pub record: u16,
    /// First byte.
    pub offset: u8,
    /// Bytes; ff is all.
    pub count: u8,
}

impl Piece {
    /// The request's data.
    pub fn emit(self) -> Vec<u8> {
        let ([r0, r1], [i0, i1]) = (self.reservation.to_le_bytes(), self.record.to_le_bytes());
        vec![r0, r1, i0, i1, self.offset, self.count]
    }

    /// Reads a request's data.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("Get SDR", data);
        Ok(Self {
            reservation: bytes.word(0)?,
            record: bytes.word(2)?,
            offset: bytes.byte(4)?,
            count: bytes.byte(5)?,
        })
    }

    /// The bytes of `record` that are asked for; fewer where it ends, none past its end.
    pub fn of(self, record: &[u8]) -> &[u8] {
        let rest = record.get(usize::from(self.offset)..).unwrap_or_default();
        let count = if self.count == 0xff { rest.len() } else { usize::from(self.count) };
        rest.get(..count).unwrap_or(rest)
    }
}

/// The id that ends a chain of records.
pub const END: u16 = 0xffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_info_there_and_back() {
        let data = [0x51, 0x0d, 0, 0xfe, 0xff, 0x5b, 0x12, 0, 0, 0, 0, 0, 0, 0x02];
        let info = RepositoryInfo::parse(&data).unwrap();
        assert_eq!((info.count, info.changed, info.flags), (13, (0x125b, 0), 2));
        assert_eq!(info.emit(), data);
        for length in 0..14 {
            assert!(RepositoryInfo::parse(&data[..length]).is_err());
        }
    }

    #[test]
    fn a_piece_is_cut_where_the_record_ends() {
        let piece = Piece { reservation: 3, record: 2, offset: 2, count: 3 };
        assert_eq!(piece.emit(), [3, 0, 2, 0, 2, 3]);
        assert_eq!(Piece::parse(&piece.emit()), Ok(piece));
        assert_eq!(piece.of(&[1, 2, 3, 4, 5, 6]), [3, 4, 5]);
        assert_eq!(piece.of(&[1, 2, 3]), [3]);
        assert_eq!(piece.of(&[]), [0_u8; 0]);
        assert_eq!(Piece { count: 0xff, ..piece }.of(&[1, 2, 3, 4]), [3, 4]);
    }

    #[test]
    fn device_and_repository_have_their_own_commands() {
        let asks =
            |holder: Holder| [holder.ask_info(), holder.ask_reserve()].map(|ask| (ask.netfn, ask.command));
        assert_eq!(asks(Holder::Repository), [(0x0a, 0x20), (0x0a, 0x22)]);
        assert_eq!(asks(Holder::Device), [(0x04, 0x20), (0x04, 0x22)]);
    }
}
