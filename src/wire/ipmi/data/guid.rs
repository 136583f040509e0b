//! Get System GUID (netfn 06, command 37).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::APP;
use crate::wire::ipmi::fault::WireError;

/// A system's GUID as it stands in the answer; firmware disagrees on the byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Guid(pub [u8; 16]);

impl Guid {
    /// The request.
    pub fn ask() -> Ask {
        Ask::new(APP, COMMAND, [])
    }

    /// Sixteen bytes; more are ignored.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        data.first_chunk().copied().map(Self).ok_or(WireError::Short("system GUID"))
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// Read as IPMI says: the whole number least significant byte first.
    pub fn ipmi(self) -> uuid::Uuid {
        let mut bytes = self.0;
        bytes.reverse();
        uuid::Uuid::from_bytes(bytes)
    }

    /// Read as SMBIOS says: the first three fields least significant byte first. Most servers mean this.
    pub fn smbios(self) -> uuid::Uuid {
        uuid::Uuid::from_bytes_le(self.0)
    }

    /// Read as RFC 4122 says: in the order of the bytes.
    pub fn rfc4122(self) -> uuid::Uuid {
        uuid::Uuid::from_bytes(self.0)
    }

    /// Whether nobody set it: all bytes equal.
    pub fn is_blank(self) -> bool {
        let [first, ..] = self.0;
        self.0.iter().all(|byte| *byte == first)
    }
}

/// Get System GUID.
pub const COMMAND: u8 = 0x37;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_orders() {
        let guid = Guid::parse(&[
            0xa1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xa1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
        ])
        .unwrap();
        assert_eq!(guid.ipmi().to_string(), "efcdab89-6745-23a1-efcd-ab89674523a1");
        assert_eq!(guid.smbios().to_string(), "674523a1-ab89-efcd-a123-456789abcdef");
        assert_eq!(guid.rfc4122().to_string(), "a1234567-89ab-cdef-a123-456789abcdef");
        assert!(!guid.is_blank());
        assert!(Guid([0xff; 16]).is_blank());
        assert_eq!(Guid::parse(&guid.emit()), Ok(guid));
        for length in 0..16 {
            assert_eq!(Guid::parse(&guid.0[..length]), Err(WireError::Short("system GUID")));
        }
    }
}
