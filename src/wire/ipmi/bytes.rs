//! Bounded reading of foreign bytes, nothing past the end: a packet from its front (`Reader`), where nothing is read
//! twice; a record by the places of its fields (`Bytes`).

use crate::wire::ipmi::fault::WireError;

/// What is left of a packet; integers are little-endian as IPMI has them.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `what` names the packet in errors.
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(WireError::Short(self.what))?;
        self.rest = rest;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, WireError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u24(&mut self) -> Result<u32, WireError> {
        self.array().map(|[low, middle, high]| u32::from_le_bytes([low, middle, high, 0]))
    }

    pub fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(WireError::Short(self.what))?;
        self.rest = rest;
        Ok(head)
    }

    /// All that is left.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// A structure whose fields stand at fixed places.
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
    /// [`WireError::Short`] when it is not there; as all below.
    pub fn byte(self, at: usize) -> Result<u8, WireError> {
        self.bytes.get(at).copied().ok_or(WireError::Short(self.what))
    }

    /// The two bytes from `at` on.
    pub fn word(self, at: usize) -> Result<u16, WireError> {
        self.array(at).map(u16::from_le_bytes)
    }

    /// The three bytes from `at` on.
    pub fn triple(self, at: usize) -> Result<u32, WireError> {
        let [low, middle, high] = self.array(at)?;
        Ok(u32::from_le_bytes([low, middle, high, 0]))
    }

    /// The four bytes from `at` on.
    pub fn long(self, at: usize) -> Result<u32, WireError> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// The `N` bytes from `at` on.
    pub fn array<const N: usize>(self, at: usize) -> Result<[u8; N], WireError> {
        let rest = self.bytes.get(at..).and_then(<[u8]>::first_chunk);
        rest.copied().ok_or(WireError::Short(self.what))
    }

    /// What follows `at`, nothing if that is past the end.
    pub fn rest(self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// Refuses a byte at `at` that is not `want`.
    pub fn expect_byte(self, at: usize, want: u8) -> Result<(), WireError> {
        let got = self.byte(at)?;
        if got == want { Ok(()) } else { Err(WireError::Marker { what: self.what, got, want }) }
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

/// A length as the one byte that carries it, 255 at the most.
pub fn short_length(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_little_endian_and_the_end_is_an_error() {
        let mut reader = Reader::new("a test", &[1, 2, 3, 4, 5, 6]);
        assert_eq!(reader.u16(), Ok(0x0201));
        assert_eq!(reader.u24(), Ok(0x0005_0403));
        assert_eq!(reader.u32(), Err(WireError::Short("a test")));
        assert_eq!(reader.take(2), Err(WireError::Short("a test")));
        assert_eq!(reader.u8(), Ok(6));
        assert!(reader.is_empty());
    }
    #[test]
    fn fields_are_little_endian_and_bounded() {
        let bytes = Bytes::new("it", &[1, 2, 3, 4]);
        assert_eq!(bytes.word(1), Ok(0x0302));
        assert_eq!(bytes.triple(1), Ok(0x0004_0302));
        assert_eq!(bytes.long(0), Ok(0x0403_0201));
        assert_eq!(bytes.long(1), Err(WireError::Short("it")));
        assert_eq!(bytes.word(usize::MAX), Err(WireError::Short("it")));
        assert_eq!(bytes.rest(9), b"");
        assert_eq!(bytes.expect_byte(0, 9), Err(WireError::Marker { what: "it", got: 1, want: 9 }));
        assert_eq!(short_length(300), 255);
    }
}
