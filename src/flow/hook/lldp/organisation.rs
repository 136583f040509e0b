//! Elements of IEEE 802.1 and 802.3: VLANs, link aggregation, speed and size of frames.

use serde_json::{Value, json};

use crate::flow::hook::lldp::{also, once};
use crate::model::Object;

/// Takes in an element of an organisation; those of others are passed over.
pub fn of_organisation(words: &mut Object, value: &[u8]) {
    let Some(([a, b, c, subtype], rest)) = value.split_first_chunk::<4>() else { return };
    match ([*a, *b, *c], *subtype) {
        (DOT1, 1) => once(words, "switch_port_untagged_vlan_id", short(rest)),
        (DOT1, 2) => protocol_vlan(words, rest),
        (DOT1, 3) => vlan(words, rest),
        (DOT1, 4) => protocol(words, rest),
        (DOT1, 6) => once(words, "switch_port_management_vlan_id", short(rest)),
        (DOT1, 7) | (DOT3, 3) => aggregation(words, rest),
        (DOT3, 1) => negotiation(words, rest),
        (DOT3, 4) => once(words, "switch_port_mtu", short(rest)),
        _ => {}
    }
}

fn short(value: &[u8]) -> Option<u16> {
    value.split_first_chunk::<2>().map(|(bytes, _)| u16::from_be_bytes(*bytes))
}

/// 802.1Q D.2.2.
fn protocol_vlan(words: &mut Object, value: &[u8]) {
    let Ok([flags, high, low]) = <[u8; 3]>::try_from(value) else { return };
    once(words, "switch_port_protocol_vlan_enabled", Some(flags & 4 != 0));
    once(words, "switch_port_protocol_vlan_support", Some(flags & 2 != 0));
    also(words, "switch_port_protocol_vlan_ids", Some(u16::from_be_bytes([high, low])));
}

/// 802.1Q D.2.3.
fn vlan(words: &mut Object, value: &[u8]) {
    let Some(([high, low, length], rest)) = value.split_first_chunk::<3>() else { return };
    let name = rest.get(..usize::from(*length)).and_then(|name| std::str::from_utf8(name).ok());
    if let Some(name) = name {
        let vlan = json!({"name": name.trim_end_matches('\0'), "id": u16::from_be_bytes([*high, *low])});
        also(words, "switch_port_vlans", Some(vlan));
    }
}

/// 802.1Q D.2.4.
fn protocol(words: &mut Object, value: &[u8]) {
    let Some((length, rest)) = value.split_first() else { return };
    if let Some(identity) = rest.get(..usize::from(*length)) {
        let digits = identity.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        also(words, "switch_protocol_identities", Some(text));
    }
}

/// 802.1AX 6.3, which was 802.3's before.
fn aggregation(words: &mut Object, value: &[u8]) {
    let Ok([status, a, b, c, d]) = <[u8; 5]>::try_from(value) else { return };
    once(words, "switch_port_link_aggregation_enabled", Some(status & 2 != 0));
    once(words, "switch_port_link_aggregation_support", Some(status & 1 != 0));
    once(words, "switch_port_link_aggregation_id", Some(u32::from_be_bytes([a, b, c, d])));
}

/// 802.3 79.3.1; numbers of RFC 4836.
fn negotiation(words: &mut Object, value: &[u8]) {
    let Ok([status, a, b, c, d]) = <[u8; 5]>::try_from(value) else { return };
    let Some(kind) = MAU_TYPES.get(usize::from(u16::from_be_bytes([c, d]))) else { return };
    let bits = u16::from_be_bytes([a, b]);
    let named = ABILITIES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| *name);
    let mut abilities: Vec<&str> = named.collect();
    abilities.sort_unstable();
    once(words, "switch_port_autonegotiation_enabled", Some(status & 2 != 0));
    once(words, "switch_port_autonegotiation_support", Some(status & 1 != 0));
    once(words, "switch_port_physical_capabilities", Some(Value::from(abilities)));
    once(words, "switch_port_mau_type", Some(*kind));
}

const DOT1: [u8; 3] = [0x00, 0x80, 0xc2];
const DOT3: [u8; 3] = [0x00, 0x12, 0x0f];

/// `IANAifMauAutoNegCapBits` (RFC 4836), the first one the highest bit but one.
const ABILITIES: &[(u16, &str)] = &[
    (0x4000, "10BASE-T hdx"),
    (0x2000, "10BASE-T fdx"),
    (0x1000, "10BASE-T4"),
    (0x0800, "100BASE-TX hdx"),
    (0x0400, "100BASE-TX fdx"),
    (0x0200, "100BASE-T2 hdx"),
    (0x0100, "100BASE-T2 fdx"),
    (0x0080, "PAUSE fdx"),
    (0x0040, "Asym PAUSE fdx"),
    (0x0020, "Sym PAUSE fdx"),
    (0x0010, "Asym and Sym PAUSE fdx"),
    (0x0008, "1000BASE-X hdx"),
    (0x0004, "1000BASE-X fdx"),
    (0x0002, "1000BASE-T hdx"),
    (0x0001, "1000BASE-T fdx"),
];

/// dot3MauType (RFC 4836), by number.
const MAU_TYPES: &[&str] = &[
    "Unknown",
    "AUI",
    "10BASE-5",
    "FOIRL",
    "10BASE-2",
    "10BASE-T duplex mode unknown",
    "10BASE-FP",
    "10BASE-FB",
    "10BASE-FL duplex mode unknown",
    "10BROAD36",
    "10BASE-T half duplex",
    "10BASE-T full duplex",
    "10BASE-FL half duplex",
    "10BASE-FL full duplex",
    "100 BASE-T4",
    "100BASE-TX half duplex",
    "100BASE-TX full duplex",
    "100BASE-FX half duplex",
    "100BASE-FX full duplex",
    "100BASE-T2 half duplex",
    "100BASE-T2 full duplex",
    "1000BASE-X half duplex",
    "1000BASE-X full duplex",
    "1000BASE-LX half duplex",
    "1000BASE-LX full duplex",
    "1000BASE-SX half duplex",
    "1000BASE-SX full duplex",
    "1000BASE-CX half duplex",
    "1000BASE-CX full duplex",
    "1000BASE-T half duplex",
    "1000BASE-T full duplex",
    "10GBASE-X",
    "10GBASE-LX4",
    "10GBASE-R",
    "10GBASE-ER",
    "10GBASE-LR",
    "10GBASE-SR",
    "10GBASE-W",
    "10GBASE-EW",
    "10GBASE-LW",
    "10GBASE-SW",
    "10GBASE-CX4",
    "2BASE-TL",
    "10PASS-TS",
    "100BASE-BX10D",
    "100BASE-BX10U",
    "100BASE-LX10",
    "1000BASE-BX10D",
    "1000BASE-BX10U",
    "1000BASE-LX10",
    "1000BASE-PX10D",
    "1000BASE-PX10U",
    "1000BASE-PX20D",
    "1000BASE-PX20U",
];
