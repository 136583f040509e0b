//! Requests, from their bytes. The crate's own reader is not used for them: it loses how the client spelled its options,
//! which OVMF wants to see again (recorded, `i-ovmf-upper`), and with one value that is no number the whole request.

use tftpd::{Opcode, OptionType, TransferOption};

/// A read request (RFC 1350 5, RFC 2347).
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// As asked.
    pub name: String,
    pub mode: Mode,
    /// Those that are known and well formed, in their order.
    pub wishes: Vec<Wish>,
}

/// An option that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Its name as the client spells it.
    pub spelled: String,
    pub option: TransferOption,
}

/// What the bytes of a file become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Octet,
    Netascii,
}

/// Why a datagram is no read request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Odd {
    #[error("it is no request")]
    NoRequest,
    #[error("it asks to write")]
    Write,
    #[error("its mode is not known")]
    Mode,
    #[error("its name is no text")]
    Name,
}

impl Request {
    /// Reads a datagram that came to the server's own port.
    pub fn parse(datagram: &[u8]) -> Result<Self, Odd> {
        let (code, rest) = datagram.split_first_chunk().ok_or(Odd::NoRequest)?;
        match Opcode::from_u16(u16::from_be_bytes(*code)).map_err(|_| Odd::NoRequest)? {
            Opcode::Rrq => {}
            Opcode::Wrq => return Err(Odd::Write),
            Opcode::Data | Opcode::Ack | Opcode::Error | Opcode::Oack => return Err(Odd::NoRequest),
        }
        let (name, rest) = word(rest).ok_or(Odd::NoRequest)?;
        let (mode, mut rest) = word(rest).ok_or(Odd::NoRequest)?;
        let mode = Mode::parse(mode).ok_or(Odd::Mode)?;
        let name = str::from_utf8(name).map_err(|_| Odd::Name)?.to_owned();
        let mut wishes: Vec<Wish> = Vec::new();
        while let Some((spelled, value, after)) = pair(rest) {
            rest = after;
            // The first of two counts, so that no list is longer than there are options.
            if let Some(wish) = Wish::parse(spelled, value)
                && wishes.iter().all(|other| other.option.option != wish.option.option)
            {
                wishes.push(wish);
            }
        }
        Ok(Self { name, mode, wishes })
    }
}

impl Mode {
    fn parse(word: &[u8]) -> Option<Self> {
        if word.eq_ignore_ascii_case(b"octet") {
            Some(Self::Octet)
        } else if word.eq_ignore_ascii_case(b"netascii") {
            Some(Self::Netascii)
        } else {
            None
        }
    }
}

impl Wish {
    /// `None` for options that nobody knows and values outside their range: both are as if they were not asked.
    fn parse(spelled: &[u8], value: &[u8]) -> Option<Self> {
        let spelled = str::from_utf8(spelled).ok()?.to_owned();
        let option: OptionType = spelled.to_ascii_lowercase().parse().ok()?;
        let value = str::from_utf8(value).ok().filter(|text| text.bytes().all(|one| one.is_ascii_digit()))?;
        let value: u64 = value.parse().ok()?;
        let known = match option {
            OptionType::BlockSize => BLKSIZE.contains(&value),
            OptionType::Timeout => TIMEOUT.contains(&value),
            OptionType::WindowSize => WINDOWSIZE.contains(&value),
            OptionType::TransferSize => true,
            OptionType::UTimeout | OptionType::WindowWait => false,
        };
        known.then_some(Self { spelled, option: TransferOption { option, value } })
    }
}

/// Bytes up to a NUL, and what follows it.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|one| *one == 0)?;
    let (word, rest) = bytes.split_at_checked(end)?;
    Some((word, rest.get(1..)?))
}

fn pair(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = word(bytes)?;
    let (value, rest) = word(rest)?;
    Some((name, value, rest))
}

/// RFC 2348.
const BLKSIZE: std::ops::RangeInclusive<u64> = 8..=65464;
/// Seconds; RFC 2349 has them to 255, but who goes away must not hold a place for so long.
const TIMEOUT: std::ops::RangeInclusive<u64> = 1..=30;
/// RFC 7440.
const WINDOWSIZE: std::ops::RangeInclusive<u64> = 1..=65535;

#[cfg(test)]
mod tests;
