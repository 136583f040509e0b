//! What a client says.

use std::net::Ipv6Addr;

use crate::base::duid::Duid;
use crate::wire::dhcp6::options::{
    self, ARCHITECTURE, CLIENT_ID, IA_ADDRESS, IA_NA, IA_PD, IA_TA, Options, RAPID_COMMIT, SERVER_ID,
    USER_CLASS, VENDOR_CLASS, WANTED,
};
use crate::wire::dhcp6::{Dhcp6Error, ENTERPRISE, Kind};

/// A message of a client, as far as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub kind: Kind,
    pub xid: [u8; 3],
    pub client: Option<Duid>,
    /// The server that the client means.
    pub server: Option<Duid>,
    pub associations: Vec<Association>,
    /// What it wants beside those, and nobody is given here.
    pub unserved: Vec<Unserved>,
    /// Options that the client asks for.
    pub wants: Vec<u16>,
    /// It takes addresses in two messages instead of four.
    pub rapid: bool,
    /// The most wanted first (RFC 5970 3.3).
    pub architectures: Vec<u16>,
    /// As in `HTTPClient:Arch:00016:UNDI:003000`; empty for what does not boot.
    pub class: Vec<u8>,
    pub is_ipxe: bool,
}

/// What one interface of a client has or wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    pub id: u32,
    pub addresses: Vec<Ipv6Addr>,
}

/// An association for what is not given: temporary addresses (RFC 8981), or prefixes to be passed on, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unserved {
    Temporary(u32),
    Prefix(u32),
}

impl Message {
    /// A message without relays around it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Dhcp6Error> {
        let ([kind, xid @ ..], rest) =
            bytes.split_first_chunk::<4>().ok_or(Dhcp6Error::Short(bytes.len()))?;
        let kind = Kind::of(*kind).ok_or(Dhcp6Error::Kind(*kind))?;
        let options = Options::parse(rest)?;
        let mut associations = Vec::new();
        for (_, value) in options.all().filter(|(code, _)| *code == IA_NA).take(MOST) {
            associations.push(Association::parse(value)?);
        }
        Ok(Self {
            kind,
            xid: *xid,
            client: identifier(options, CLIENT_ID)?,
            server: identifier(options, SERVER_ID)?,
            associations,
            unserved: options.all().filter_map(unserved).take(MOST).collect(),
            wants: options.first(WANTED).map(options::numbers).unwrap_or_default(),
            rapid: options.first(RAPID_COMMIT).is_some(),
            architectures: options.first(ARCHITECTURE).map(options::numbers).unwrap_or_default(),
            class: class(options).unwrap_or_default().to_vec(),
            is_ipxe: options.first(USER_CLASS).is_some_and(is_ipxe_class),
        })
    }
}

impl Association {
    fn parse(value: &[u8]) -> Result<Self, Dhcp6Error> {
        let (head, rest) = value.split_first_chunk::<12>().ok_or(Dhcp6Error::Length(IA_NA))?;
        let [id @ .., _, _, _, _, _, _, _, _] = *head;
        let inside = Options::parse(rest)?;
        let mut addresses = Vec::new();
        for (_, value) in inside.all().filter(|(code, _)| *code == IA_ADDRESS).take(MOST) {
            let (address, rest) = options::address(value).ok_or(Dhcp6Error::Length(IA_ADDRESS))?;
            if rest.len() < 8 {
                return Err(Dhcp6Error::Length(IA_ADDRESS));
            }
            addresses.push(address);
        }
        Ok(Self { id: u32::from_be_bytes(id), addresses })
    }
}

fn unserved((code, value): (u16, &[u8])) -> Option<Unserved> {
    let id = || value.first_chunk().map(|id| u32::from_be_bytes(*id));
    match code {
        IA_TA => id().map(Unserved::Temporary),
        IA_PD => id().map(Unserved::Prefix),
        _ => None,
    }
}

fn identifier(options: Options<'_>, code: u16) -> Result<Option<Duid>, Dhcp6Error> {
    let Some(value) = options.first(code) else { return Ok(None) };
    Duid::of(value).map(Some).ok_or(Dhcp6Error::Length(code))
}

/// The class that firmware gives itself, under the number that it does so with.
fn class(options: Options<'_>) -> Option<&[u8]> {
    let classes = options.all().filter(|(code, _)| *code == VENDOR_CLASS);
    let own = classes.filter_map(|(_, value)| value.split_first_chunk::<4>());
    own.filter(|(number, _)| u32::from_be_bytes(**number) == ENTERPRISE)
        .find_map(|(_, rest)| options::parts(rest).next())
}

/// As parts with their lengths, or as plain text as iPXE sends its class to DHCPv4.
fn is_ipxe_class(value: &[u8]) -> bool {
    value == b"iPXE" || options::parts(value).any(|part| part == b"iPXE")
}

/// Associations of a message and addresses of an association that are looked at; a machine has one of each.
const MOST: usize = 8;
