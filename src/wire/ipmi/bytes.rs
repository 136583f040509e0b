//! Reading foreign bytes from the front: nothing is read twice, nothing past the end.

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

/// The length of something that is short by its making, as the one byte that carries it.
pub fn short_length(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
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
}
