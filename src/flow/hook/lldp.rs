//! What a switch says of itself (IEEE 802.1AB-2016 clause 8, 802.1Q annex D, 802.3 clause 79), as the agent hands it
//! on: pairs of a type and its value in hexadecimal.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::{Value, json};

use crate::base::mac::Mac;
use crate::base::visible::is_visible;
use crate::flow::hook::lldp::organisation::of_organisation;
use crate::model::Object;

pub mod organisation;

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlv {
    pub kind: u8,
    pub value: Vec<u8>,
}

/// An identity in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    pub text: String,
    pub is_mac: bool,
}

impl Tlv {
    /// `[type, "hexadecimal"]`.
    pub fn parse(pair: &Value) -> Option<Self> {
        let [kind, value] = pair.as_array()?.as_slice() else { return None };
        let kind = u8::try_from(kind.as_u64()?).ok()?;
        Some(Self { kind, value: bytes(value.as_str()?)? })
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.len() > 2 * VALUE_LIMIT || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The switch (8.5.2).
pub fn chassis(value: &[u8]) -> Option<Id> {
    let (subtype, rest) = value.split_first()?;
    match subtype {
        4 => hardware(rest),
        5 => network(rest),
        1 | 2 | 3 | 6 | 7 => name(rest),
        _ => None,
    }
}

/// The switch's port (8.5.3).
pub fn port(value: &[u8]) -> Option<Id> {
    let (subtype, rest) = value.split_first()?;
    match subtype {
        3 => hardware(rest),
        4 => network(rest),
        1 | 2 | 5 | 7 => name(rest),
        _ => None,
    }
}

/// A text, without letters that would do something to a terminal: it becomes a member of a port.
pub fn name(value: &[u8]) -> Option<Id> {
    let text = std::str::from_utf8(value).ok()?;
    Some(Id { text: text.chars().filter(|letter| is_visible(*letter)).collect(), is_mac: false })
}

fn hardware(value: &[u8]) -> Option<Id> {
    let (mac, _) = value.split_first_chunk::<6>()?;
    Some(Id { text: Mac(*mac).to_string(), is_mac: true })
}

/// An address behind its family (IANA address family numbers).
fn network(value: &[u8]) -> Option<Id> {
    let (family, rest) = value.split_first()?;
    let plain = |text: String| Id { text, is_mac: false };
    match family {
        1 => rest.split_first_chunk::<4>().map(|(four, _)| plain(Ipv4Addr::from(*four).to_string())),
        2 => rest.split_first_chunk::<16>().map(|(six, _)| plain(Ipv6Addr::from(*six).to_string())),
        6 => hardware(rest),
        _ => None,
    }
}

/// All that is known to have a name; the first of several with one name, but for lists.
pub fn words(heard: &[Tlv]) -> Object {
    let mut words = Object::new();
    for Tlv { kind, value } in heard {
        match *kind {
            CHASSIS_ID => once(&mut words, "switch_chassis_id", chassis(value).map(|id| id.text)),
            PORT_ID => once(&mut words, "switch_port_id", port(value).map(|id| id.text)),
            PORT_DESCRIPTION => once(&mut words, "switch_port_description", name(value).map(|id| id.text)),
            SYSTEM_NAME => once(&mut words, "switch_system_name", name(value).map(|id| id.text)),
            SYSTEM_DESCRIPTION => {
                once(&mut words, "switch_system_description", name(value).map(|id| id.text));
            }
            CAPABILITIES => abilities(&mut words, value),
            MANAGEMENT_ADDRESS => {
                let address = value.split_first().and_then(|(_, rest)| network(rest)).map(|id| id.text);
                also(&mut words, "switch_mgmt_addresses", address);
            }
            ORGANISATION => of_organisation(&mut words, value),
            _ => {}
        }
    }
    words
}

/// What the switch can be and what it is (8.5.8).
fn abilities(words: &mut Object, value: &[u8]) {
    let Ok([a, b, c, d]) = <[u8; 4]>::try_from(value) else { return };
    let list = |bits: u16| {
        let named = ABILITIES.iter().enumerate().filter(|(place, _)| bits & (2 << place) != 0);
        named.map(|(_, name)| *name).collect::<Vec<_>>()
    };
    once(words, "switch_capabilities_support", Some(json!(list(u16::from_be_bytes([a, b])))));
    once(words, "switch_capabilities_enabled", Some(json!(list(u16::from_be_bytes([c, d])))));
}

/// The first word stays.
fn once(words: &mut Object, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        words.entry(name).or_insert(value.into());
    }
}

/// One more of a list.
fn also(words: &mut Object, name: &str, value: Option<impl Into<Value>>) {
    let list = words.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if let (Some(value), Value::Array(list)) = (value, list) {
        list.push(value.into());
    }
}

pub const CHASSIS_ID: u8 = 1;
pub const PORT_ID: u8 = 2;
const PORT_DESCRIPTION: u8 = 4;
pub const SYSTEM_NAME: u8 = 5;
const SYSTEM_DESCRIPTION: u8 = 6;
const CAPABILITIES: u8 = 7;
const MANAGEMENT_ADDRESS: u8 = 8;
const ORGANISATION: u8 = 127;
/// Bytes of the longest value (nine bits of length).
const VALUE_LIMIT: usize = 511;
/// By their bits, the second lowest first.
const ABILITIES: &[&str] = &[
    "Repeater",
    "Bridge",
    "WLAN",
    "Router",
    "Telephone",
    "DOCSIS cable device",
    "Station only",
    "C-Vlan",
    "S-Vlan",
    "TPMR",
];
