//! A list of options: number, length, value (RFC 8415 21.1).

use std::net::Ipv6Addr;

use crate::wire::dhcp6::Dhcp6Error;

/// Options whose lengths fit.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// Walks the list once to its end.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Dhcp6Error> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (_, _, after) = next(rest)?;
            rest = after;
        }
        Ok(Self(bytes))
    }

    /// All of them in their order.
    pub fn all(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (code, value, after) = next(rest).ok()?;
            rest = after;
            Some((code, value))
        })
    }

    /// The first of this number.
    pub fn first(self, code: u16) -> Option<&'a [u8]> {
        self.all().find(|(own, _)| *own == code).map(|(_, value)| value)
    }
}

fn next(rest: &[u8]) -> Result<(u16, &[u8], &[u8]), Dhcp6Error> {
    let ([c0, c1, l0, l1], after) = rest.split_first_chunk().ok_or(Dhcp6Error::Beyond(0))?;
    let code = u16::from_be_bytes([*c0, *c1]);
    let length = u16::from_be_bytes([*l0, *l1]);
    let (value, after) = after.split_at_checked(length.into()).ok_or(Dhcp6Error::Beyond(code))?;
    Ok((code, value, after))
}

/// Appends one option; a value that is longer than an option can be is left out.
pub fn put(code: u16, value: &[u8], out: &mut Vec<u8>) {
    if let Ok(length) = u16::try_from(value.len()) {
        out.extend(code.to_be_bytes());
        out.extend(length.to_be_bytes());
        out.extend(value);
    }
}

/// Parts with their lengths before them (RFC 8415 21.15); what is cut short ends the list.
pub fn parts(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk()?;
        let (part, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = after;
        Some(part)
    })
}

/// Numbers of two bytes; an odd byte at the end is no number.
pub fn numbers(value: &[u8]) -> Vec<u16> {
    let (pairs, _odd) = value.as_chunks();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect()
}

/// The address in the first sixteen bytes.
pub fn address(value: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let (bytes, rest) = value.split_first_chunk::<16>()?;
    Some((Ipv6Addr::from(*bytes), rest))
}

pub const CLIENT_ID: u16 = 1;
pub const SERVER_ID: u16 = 2;
/// An identity association for addresses that stay.
pub const IA_NA: u16 = 3;
/// One for temporary addresses.
pub const IA_TA: u16 = 4;
pub const IA_ADDRESS: u16 = 5;
/// The options that the client asks for.
pub const WANTED: u16 = 6;
pub const PREFERENCE: u16 = 7;
pub const RELAY_MESSAGE: u16 = 9;
pub const STATUS: u16 = 13;
pub const RAPID_COMMIT: u16 = 14;
pub const USER_CLASS: u16 = 15;
pub const VENDOR_CLASS: u16 = 16;
pub const INTERFACE_ID: u16 = 18;
pub const DNS: u16 = 23;
/// An identity association for prefixes.
pub const IA_PD: u16 = 25;
/// RFC 5970
pub const BOOT_URL: u16 = 59;
pub const ARCHITECTURE: u16 = 61;
/// The client's own hardware address, as its relay saw it (RFC 6939).
pub const LINK_ADDRESS: u16 = 79;
