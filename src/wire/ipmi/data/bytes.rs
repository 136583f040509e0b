//! Bounded reading of little-endian fields.

use crate::wire::ipmi::data::RecordError;

/// A structure's bytes with its name for errors.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Bytes<'a> {
    /// Bytes of the structure that errors call `what`.
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { bytes, what }
    }

    /// How many bytes there are.
    pub fn len(self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// The byte at `at`.
    ///
    /// # Errors
    /// [`RecordError::Short`] when it is not there; as all below.
    pub fn byte(self, at: usize) -> Result<u8, RecordError> {
        self.bytes.get(at).copied().ok_or(RecordError::Short(self.what))
    }

    /// The two bytes from `at` on.
    pub fn word(self, at: usize) -> Result<u16, RecordError> {
        self.array(at).map(u16::from_le_bytes)
    }

    /// The three bytes from `at` on.
    pub fn triple(self, at: usize) -> Result<u32, RecordError> {
        let [low, middle, high] = self.array(at)?;
        Ok(u32::from_le_bytes([low, middle, high, 0]))
    }

    /// The four bytes from `at` on.
    pub fn long(self, at: usize) -> Result<u32, RecordError> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// The `N` bytes from `at` on.
    pub fn array<const N: usize>(self, at: usize) -> Result<[u8; N], RecordError> {
        let rest = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        rest.copied().ok_or(RecordError::Short(self.what))
    }

    /// What follows `at`, nothing if that is past the end.
    pub fn rest(self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// Refuses a byte at `at` that is not `want`.
    pub fn expect_byte(self, at: usize, want: u8) -> Result<(), RecordError> {
        let got = self.byte(at)?;
        if got == want { Ok(()) } else { Err(RecordError::Marker { what: self.what, got, want }) }
    }
}

/// The low byte of a number.
pub fn low(number: u16) -> u8 {
    let [low, _] = number.to_le_bytes();
    low
}

/// The lowest three bytes of a number.
pub fn three(number: u32) -> [u8; 3] {
    let [low, middle, high, _] = number.to_le_bytes();
    [low, middle, high]
}

/// A length as one byte, 255 at the most.
pub fn short_len(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_little_endian_and_bounded() {
        let bytes = Bytes::new("it", &[1, 2, 3, 4]);
        assert_eq!(bytes.word(1), Ok(0x0302));
        assert_eq!(bytes.triple(1), Ok(0x0004_0302));
        assert_eq!(bytes.long(0), Ok(0x0403_0201));
        assert_eq!(bytes.long(1), Err(RecordError::Short("it")));
        assert_eq!(bytes.word(usize::MAX), Err(RecordError::Short("it")));
        assert_eq!(bytes.rest(9), b"");
        assert_eq!(bytes.expect_byte(0, 9), Err(RecordError::Marker { what: "it", got: 1, want: 9 }));
        assert_eq!(short_len(300), 255);
    }
}
