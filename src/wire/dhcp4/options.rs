//! The list of options: walked before the codec sees it, so that lengths are right and nothing is read that we do not
//! know.

use std::collections::BTreeMap;

use crate::wire::dhcp4::Dhcp4Error;

/// The options that we read, each with its bytes joined (RFC 3396).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<u8, Vec<u8>>);

impl Options {
    /// Walks what follows the magic number. A missing END is no fault.
    pub fn parse(mut bytes: &[u8]) -> Result<Self, Dhcp4Error> {
        let mut found: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        while let Some((&code, rest)) = bytes.split_first() {
            if code == END {
                break;
            }
            if code == PAD {
                bytes = rest;
                continue;
            }
            let (&length, rest) = rest.split_first().ok_or(Dhcp4Error::Beyond(code))?;
            let (value, rest) = rest.split_at_checked(length.into()).ok_or(Dhcp4Error::Beyond(code))?;
            if let Some(rule) = READ.iter().find(|rule| rule.code == code) {
                found.entry(rule.code).or_default().extend(value);
            }
            bytes = rest;
        }
        for (code, value) in &found {
            let rule = READ.iter().find(|rule| rule.code == *code);
            if !rule.is_some_and(|rule| rule.takes(value.len())) {
                return Err(Dhcp4Error::Length(*code));
            }
        }
        Ok(Self(found))
    }

    pub fn get(&self, code: u8) -> Option<&[u8]> {
        self.0.get(&code).map(Vec::as_slice)
    }

    /// As one list for the codec, long options split again.
    pub fn emit(&self, out: &mut Vec<u8>) {
        for (code, value) in &self.0 {
            put(*code, value, out);
        }
        out.push(END);
    }
}

/// Writes one option; more than 255 bytes are split, none is an option without bytes.
pub fn put(code: u8, value: &[u8], out: &mut Vec<u8>) {
    if value.is_empty() {
        out.extend([code, 0]);
    }
    for part in value.chunks(usize::from(u8::MAX)) {
        out.push(code);
        out.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
        out.extend(part);
    }
}

/// An option that we read, and how many bytes it may have.
struct Rule {
    code: u8,
    least: usize,
    most: usize,
}

impl Rule {
    fn takes(&self, length: usize) -> bool {
        (self.least..=self.most).contains(&length)
    }
}

const fn rule(code: u8, least: usize, most: usize) -> Rule {
    Rule { code, least, most }
}

/// What is read. Lengths are those of RFC 2132, 3004, 3046, 3679, 4578; a text may be as long as a packet.
const READ: &[Rule] = &[
    rule(HOST_NAME, 0, 255),
    rule(VENDOR, 0, 1024),
    rule(REQUESTED, 4, 4),
    rule(LEASE, 4, 4),
    rule(KIND, 1, 1),
    rule(SERVER, 4, 4),
    rule(MAX_SIZE, 2, 2),
    rule(CLASS, 0, 255),
    rule(CLIENT_ID, 0, 255),
    rule(USER_CLASS, 0, 255),
    rule(RELAY, 0, 1024),
    rule(ARCH, 2, 64),
    rule(MACHINE, 0, 255),
    rule(IPXE, 0, 1024),
];

pub const HOST_NAME: u8 = 12;
pub const VENDOR: u8 = 43;
pub const REQUESTED: u8 = 50;
pub const LEASE: u8 = 51;
pub const KIND: u8 = 53;
pub const SERVER: u8 = 54;
pub const MAX_SIZE: u8 = 57;
pub const CLASS: u8 = 60;
pub const CLIENT_ID: u8 = 61;
pub const USER_CLASS: u8 = 77;
pub const RELAY: u8 = 82;
pub const ARCH: u8 = 93;
pub const MACHINE: u8 = 97;
pub const IPXE: u8 = 175;
pub const PAD: u8 = 0;
pub const END: u8 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_option_are_joined_and_unknown_ones_left_out() {
        let options = Options::parse(&[0, 60, 2, b'P', b'X', 200, 1, 9, 60, 1, b'E', 255, 60, 9]).unwrap();
        assert_eq!(options.get(CLASS), Some(&b"PXE"[..]));
        assert_eq!(options.get(200), None);
    }

    #[test]
    fn what_goes_beyond_the_end_is_named() {
        assert_eq!(Options::parse(&[53, 1, 1, 61]), Err(Dhcp4Error::Beyond(61)));
        assert_eq!(Options::parse(&[53, 1, 1, 61, 7, 1]), Err(Dhcp4Error::Beyond(61)));
        assert_eq!(Options::parse(&[50, 3, 1, 2, 3]), Err(Dhcp4Error::Length(50)));
    }

    #[test]
    fn a_long_option_is_split_and_joined_again() {
        let long = vec![7; 600];
        let mut out = Vec::new();
        put(VENDOR, &long, &mut out);
        assert_eq!(out.len(), 606);
        assert_eq!(Options::parse(&out).unwrap().get(VENDOR), Some(&long[..]));
    }
}
