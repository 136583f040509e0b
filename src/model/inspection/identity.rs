//! What a machine is known by besides its NICs: its serial number, its system UUID, the addresses of its BMC.
//!
//! None of them is unique by law: a placeholder of a board maker is no serial number, and two blades may share a BMC.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::base::mac::Mac;
use crate::base::visible::is_visible;
use crate::model::Object;

/// As the machine itself told it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    pub serial: Option<String>,
    /// SMBIOS UUID (DSP0134 7.2.1).
    pub system: Option<Uuid>,
    pub bmc: Vec<IpAddr>,
    /// Addresses of its NICs, so many at most.
    pub nics: Vec<Mac>,
    /// The address of its BMC's NIC.
    pub bmc_mac: Option<Mac>,
}

/// One thing by which nodes are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Lower-case.
    Serial(String),
    /// The smaller one of both byte orders.
    System(Uuid),
    Bmc(IpAddr),
    /// It became a node by itself.
    Discovered,
    /// Its inspection awaits a machine that boots from the network by itself.
    Unmanaged,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(number) => write!(f, "serial number {number}"),
            Self::System(uuid) => write!(f, "system UUID {uuid}"),
            Self::Bmc(address) => write!(f, "BMC {address}"),
            Self::Discovered => f.write_str("a discovered node"),
            Self::Unmanaged => f.write_str("an inspection without a boot of the node's own"),
        }
    }
}

impl Identity {
    /// What an inventory in the agent's shape says.
    pub fn of(inventory: &Object) -> Self {
        let vendor = inventory.get("system_vendor");
        let text = |name: &str| vendor.and_then(|vendor| vendor.get(name)).and_then(Value::as_str);
        let address = |name: &str| inventory.get(name).and_then(Value::as_str).and_then(bmc_address);
        Self {
            serial: text("serial_number").and_then(serial),
            system: text("system_uuid").and_then(|text| Uuid::try_parse(text.trim()).ok()).filter(is_own),
            bmc: ["bmc_address", "bmc_v6address"].into_iter().filter_map(address).collect(),
            nics: nics(inventory),
            bmc_mac: inventory.get("bmc_mac").and_then(Value::as_str).and_then(mac),
        }
    }

    /// With what was told before where it says nothing now.
    #[must_use]
    pub fn after(self, before: &Self) -> Self {
        let list = |now: Vec<IpAddr>, before: &Vec<IpAddr>| if now.is_empty() { before.clone() } else { now };
        Self {
            serial: self.serial.or_else(|| before.serial.clone()),
            system: self.system.or(before.system),
            bmc: list(self.bmc, &before.bmc),
            nics: if self.nics.is_empty() { before.nics.clone() } else { self.nics },
            bmc_mac: self.bmc_mac.or(before.bmc_mac),
        }
    }

    /// Whether both can be the same machine; what one of them does not tell speaks for neither.
    pub fn may_be(&self, other: &Self) -> bool {
        let differ =
            |one: Option<String>, two: Option<String>| one.zip(two).is_some_and(|(one, two)| one != two);
        let system = |of: &Self| of.system.map(either_order);
        let serial = |of: &Self| of.serial.as_ref().map(|text| text.to_lowercase());
        match system(self).zip(system(other)) {
            Some((one, two)) => one == two,
            None => !differ(serial(self), serial(other)),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        let serial = self.serial.as_ref().map(|text| Mark::Serial(text.to_lowercase()));
        let system = self.system.map(|uuid| Mark::System(either_order(uuid)));
        serial.into_iter().chain(system).chain(self.bmc.iter().copied().map(Mark::Bmc))
    }
}

fn nics(inventory: &Object) -> Vec<Mac> {
    let list = inventory.get("interfaces").and_then(Value::as_array).into_iter().flatten();
    let mut all: Vec<Mac> =
        list.filter_map(|nic| nic.get("mac_address").and_then(Value::as_str).and_then(mac)).collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(NICS_LIMIT);
    all
}

/// An address that one NIC can have (IEEE 802 8.2).
fn mac(text: &str) -> Option<Mac> {
    text.trim()
        .parse()
        .ok()
        .filter(|mac: &Mac| mac.0 != [0; 6] && mac.0.first().is_some_and(|first| first & 1 == 0))
}

/// A serial number that is one: no placeholder, of some length.
pub fn serial(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|one| is_visible(*one)).take(SERIAL_LIMIT).collect();
    let bare = text.to_lowercase();
    let mut letters = bare.chars().filter(|one| one.is_alphanumeric());
    let first = letters.next()?;
    let is_real = bare.len() >= SERIAL_LEAST
        && letters.any(|one| one != first)
        && !PLACEHOLDERS.contains(&bare.as_str());
    is_real.then_some(text)
}

/// Not the nil UUID, not all ones, and not the one that many boards share.
pub fn is_own(uuid: &Uuid) -> bool {
    !uuid.is_nil() && !uuid.is_max() && !SHARED_UUIDS.contains(&uuid.as_u128())
}

/// One key for both byte orders: firmware, BMCs and boot loaders do not agree on the first three fields (RFC 4578 2.3,
/// SMBIOS 2.6).
pub fn either_order(uuid: Uuid) -> Uuid {
    let swapped = Uuid::from_bytes_le(uuid.into_bytes());
    uuid.min(swapped)
}

/// The address that a BMC of this text has; what the agent says where it knows none is no address.
pub fn bmc_address(text: &str) -> Option<IpAddr> {
    let address = text.trim().split('%').next()?.parse::<IpAddr>().ok()?.to_canonical();
    let usable = !address.is_unspecified() && !address.is_loopback() && !address.is_multicast();
    usable.then_some(address)
}

/// The addresses that a node's `driver_info` names as its BMC's. Behind an IPMI bridge many nodes share one.
pub fn addresses(driver_info: &Object) -> impl Iterator<Item = IpAddr> {
    let bridged = driver_info.get("ipmi_bridging").and_then(Value::as_str).is_some_and(|word| word != "no");
    let named = driver_info.iter().filter(|(key, _)| key.ends_with("_address"));
    let direct = named.filter(move |(key, _)| !(bridged && key.starts_with("ipmi_")));
    direct.filter_map(|(_, value)| bmc_address(host(value.as_str()?)))
}

/// The host of `scheme://user@host:port/path`; all but the host may be left out.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    if let Some(bracketed) = place.strip_prefix('[') {
        return bracketed.split(']').next().unwrap_or_default();
    }
    match place.split_once(':') {
        Some((name, port)) if !port.contains(':') => name,
        Some(_) | None => place,
    }
}

/// Addresses that are kept of one machine: few have more NICs, and the record has a limit.
const NICS_LIMIT: usize = 32;
/// Characters of a serial number that are kept, and that it has at least.
const SERIAL_LIMIT: usize = 64;
const SERIAL_LEAST: usize = 4;

/// What board makers leave in place of a serial number.
const PLACEHOLDERS: &[&str] = &[
    "to be filled by o.e.m.",
    "system serial number",
    "default string",
    "not specified",
    "not applicable",
    "not available",
    "chassis serial number",
    "123456789",
    "0123456789",
    "1234567890",
    "none",
    "unknown",
    "n/a",
    "oem",
    "invalid",
];

/// `03000200-0400-0500-0006-000700080009`, which some thousand kinds of boards have, in both byte orders.
const SHARED_UUIDS: &[u128] =
    &[0x0300_0200_0400_0500_0006_0007_0008_0009, 0x0002_0003_0004_0005_0006_0007_0008_0009];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        if let Value::Object(object) = value { object } else { Object::new() }
    }

    #[test]
    fn what_an_inventory_says_is_read_and_placeholders_are_not() {
        let told = object(json!({
            "system_vendor": {"serial_number": " CZ3 01 ", "system_uuid": "4c4c4544-0042-3510-8052-b4c04f563932"},
            "bmc_address": "192.0.2.9", "bmc_v6address": "::/0",
        }));
        let identity = Identity::of(&told);
        assert_eq!(identity.serial.as_deref(), Some("CZ3 01"));
        assert_eq!(identity.bmc, ["192.0.2.9".parse::<IpAddr>().unwrap()]);
        assert_eq!(identity.marks().count(), 3);
        for placeholder in ["To Be Filled By O.E.M.", "0000000000", "", "x", "....", "Default string"] {
            assert_eq!(serial(placeholder), None, "{placeholder}");
        }
        let shared =
            object(json!({"system_vendor": {"system_uuid": "03000200-0400-0500-0006-000700080009"}}));
        assert!(Identity::of(&shared).is_empty());
    }

    #[test]
    fn both_byte_orders_of_a_uuid_are_one() {
        let told: Uuid = "44454c4c-4200-1035-8052-b4c04f563932".parse().unwrap();
        let swapped: Uuid = "4c4c4544-0042-3510-8052-b4c04f563932".parse().unwrap();
        assert_eq!(either_order(told), either_order(swapped));
    }

    #[test]
    fn the_bmcs_of_a_node_are_found_in_its_settings() {
        for (address, found) in [
            ("https://[2001:db8::7]:443/redfish", Some("2001:db8::7")),
            ("http://10.0.0.7:8000", Some("10.0.0.7")),
            ("10.0.0.7", Some("10.0.0.7")),
            ("2001:db8::7", Some("2001:db8::7")),
            ("https://root@10.0.0.7/x", Some("10.0.0.7")),
            ("https://bmc7.example.org", None),
            ("127.0.0.1", None),
        ] {
            let info = object(json!({"redfish_address": address, "redfish_password": "10.0.0.9"}));
            let wanted: Vec<IpAddr> = found.into_iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(addresses(&info).collect::<Vec<_>>(), wanted, "{address}");
        }
        let bridged = object(json!({"ipmi_address": "10.0.0.7", "ipmi_bridging": "single"}));
        assert_eq!(addresses(&bridged).count(), 0);
    }

    proptest! {
        #[test]
        fn no_text_is_a_panic(text: String) {
            serial(&text);
            host(&text);
            bmc_address(&text);
        }
    }
}
