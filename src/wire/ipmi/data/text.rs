//! Texts behind a type/length byte, as SDR ids and FRU fields bear them (IPMI 2.0, 43.15; FRU storage 1.3, 13).

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Binary in a FRU, unspecified in an SDR.
    Binary,
    /// Digits, blank, hyphen, period: two a byte, the high half first.
    BcdPlus,
    /// Four characters in three bytes, the low bits first.
    SixBit,
    /// One byte a character.
    Latin1,
}

impl Coding {
    /// The coding that a type/length byte names.
    pub fn of(byte: u8) -> Self {
        match byte >> 6 {
            0 => Self::Binary,
            1 => Self::BcdPlus,
            2 => Self::SixBit,
            _ => Self::Latin1,
        }
    }
}

/// An SDR's id string. Many BMCs write plain text as "unspecified", so that is read as Latin-1.
pub fn id(kind: u8, bytes: &[u8]) -> String {
    match Coding::of(kind) {
        Coding::BcdPlus => shown(&bcd_plus(bytes)),
        Coding::SixBit => shown(&six_bit(bytes)),
        Coding::Binary | Coding::Latin1 => shown(&latin1(bytes)),
    }
}

/// A FRU field. Binary that is no text is shown in hexadecimal; padding of ff and 00 goes.
pub fn field(kind: u8, bytes: &[u8]) -> String {
    match Coding::of(kind) {
        Coding::BcdPlus => shown(&bcd_plus(bytes)),
        Coding::SixBit => shown(&six_bit(bytes)),
        Coding::Latin1 => shown(&latin1(unpadded(bytes))),
        Coding::Binary => binary(unpadded(bytes)),
    }
}

/// Writes a text as Latin-1, 31 characters at the most: the type/length byte, then the characters.
pub fn emit_latin1(text: &str) -> Vec<u8> {
    let bytes: Vec<u8> = text
        .chars()
        .take(MOST_LATIN1)
        .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?'))
        .collect();
    let length = u8::try_from(bytes.len()).unwrap_or(0);
    let mut out = vec![0xc0 | length];
    out.extend(bytes);
    out
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn bcd_plus(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    halves.map(|half| BCD_PLUS.get(usize::from(half)).copied().map_or('?', char::from)).collect()
}

fn six_bit(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().rev().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..(group.len() * 8 / 6) {
            let sextet = bits >> (place * 6) & 0x3f;
            text.extend(char::from_u32(sextet + 0x20));
        }
    }
    text
}

fn binary(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        return shown(&latin1(bytes));
    }
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    halves.filter_map(|half| char::from_digit(u32::from(half), 16)).collect()
}

/// Up to the first NUL, with no control characters.
fn shown(text: &str) -> String {
    let end = text.find('\0').unwrap_or(text.len());
    let letters = text.get(..end).unwrap_or_default().chars();
    letters.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn unpadded(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0x00 | 0xff)).map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

const BCD_PLUS: &[u8; 16] = b"0123456789 -.:,_";

/// What an SDR's five length bits hold; FRU fields could be longer but need not.
const MOST_LATIN1: usize = 31;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codings_are_read() {
        assert_eq!(id(0xc7, b"Outside"), "Outside");
        assert_eq!(id(0x07, b"Outside"), "Outside");
        assert_eq!(id(0x83, &[0x29, 0xdc, 0xa6]), "IPMI");
        assert_eq!(id(0x45, &[0x12, 0x34, 0x5b, 0x67, 0x89]), "12345-6789");
        assert_eq!(id(0xc6, b"Fan\x001\x02"), "Fan");
        assert_eq!(field(0xc4, b"A\xff\x00\xff"), "A");
        assert_eq!(field(0x02, &[0x01, 0x80]), "0180");
        assert_eq!(field(0xc3, b"a\nb"), "a b");
    }

    #[test]
    fn texts_are_written() {
        assert_eq!(emit_latin1("Fan 1"), b"\xc5Fan 1");
        assert_eq!(emit_latin1("\u{3b1}"), b"\xc1?");
        assert_eq!(emit_latin1(&"x".repeat(99)).len(), 32);
    }

    proptest! {
        #[test]
        fn any_bytes_are_shown(kind: u8, bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for text in [id(kind, &bytes), field(kind, &bytes)] {
                prop_assert!(text.chars().all(|letter| !letter.is_control()));
                prop_assert!(text.chars().count() <= 2 * bytes.len());
            }
        }
    }
}
