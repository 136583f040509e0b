//! FRU inventory: its commands (netfn 0a) and its layout (FRU storage definition 1.3).
//!
//! - `area` the areas of an inventory
//! - `walk` reading an inventory's areas

pub mod area;
pub mod walk;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::STORAGE;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// Get FRU Inventory Area Info.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InventoryInfo {
    /// Size in bytes.
    pub size: u16,
    /// Whether offsets and counts are in words of two bytes.
    pub by_words: bool,
}

impl InventoryInfo {
    /// The request for a FRU id; 0 is the server itself.
    pub fn ask(fru: u8) -> Ask {
        Ask::new(STORAGE, INFO, [fru])
    }

    /// Three bytes.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("FRU inventory info", data);
        Ok(Self { size: bytes.word(0)?, by_words: bytes.byte(2)? & 1 != 0 })
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let mut out = self.size.to_le_bytes().to_vec();
        out.push(u8::from(self.by_words));
        out
    }
}

/// Read FRU Data. Offset and count are in words if the inventory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// FRU id.
    pub fru: u8,
    /// First unit.
    pub offset: u16,
    /// Units.
    pub count: u8,
}

impl Piece {
    /// The request.
    pub fn ask(self) -> Ask {
        let [low, high] = self.offset.to_le_bytes();
        Ask::new(STORAGE, READ, [self.fru, low, high, self.count])
    }

    /// Reads a request's data.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("Read FRU Data", data);
        Ok(Self { fru: bytes.byte(0)?, offset: bytes.word(1)?, count: bytes.byte(3)? })
    }
}

/// Get FRU Inventory Area Info.
pub const INFO: u8 = 0x10;
/// Read FRU Data.
pub const READ: u8 = 0x11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_info_there_and_back() {
        let piece = Piece { fru: 0, offset: 0x120, count: 0x20 };
        assert_eq!(piece.ask().data, [0, 0x20, 0x01, 0x20]);
        assert_eq!(Piece::parse(&piece.ask().data), Ok(piece));
        let info = InventoryInfo::parse(&[0, 1, 0]).unwrap();
        assert_eq!((info.size, info.by_words), (256, false));
        assert_eq!(info.emit(), [0, 1, 0]);
        assert!(InventoryInfo::parse(&[0, 1]).is_err());
    }
}
