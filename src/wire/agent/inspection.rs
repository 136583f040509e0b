//! The body of `POST /v1/continue_inspection`: what the ramdisk's collectors found (contract `agent.md` section 8).
//!
//! It comes from a machine that nobody has vouched for, so that every part has a bound and every mistake a name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::base::mac::Mac;
use crate::wire::agent::fields::{BodyError, Fields, type_name};

/// One post, checked as far as the protocol says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InspectionPost {
    pub inventory: Map<String, Value>,
    /// Whatever came beside the inventory, but the logs.
    pub rest: Map<String, Value>,
    /// A gzipped tar archive in base64.
    pub logs: Option<String>,
    /// Addresses of the NICs that are ones, each once.
    pub macs: Vec<Mac>,
}

impl InspectionPost {
    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of(WHAT, value)?;
        let inventory =
            fields.object("inventory")?.ok_or(BodyError::Missing { what: WHAT, member: "inventory" })?;
        let logs = fields.text("logs", LOGS_LIMIT)?;
        let rest = fields.rest();
        let macs = macs(&inventory)?;
        for member in ["bmc_address", "bmc_v6address"] {
            address(&inventory, member)?;
        }
        let size = size(&inventory) + size(&rest);
        if size > DATA_LIMIT {
            return Err(BodyError::TooBig {
                what: "the inventory with what is beside it",
                size,
                limit: DATA_LIMIT,
            });
        }
        Ok(Self { inventory, rest, logs, macs })
    }
}

/// The archive that `logs` holds, if it is one.
pub fn archive(logs: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(logs.trim()).ok()?;
    bytes.starts_with(&GZIP).then_some(bytes)
}

/// Every interface names an address, as the reference asks; those that are none are passed over.
fn macs(inventory: &Map<String, Value>) -> Result<Vec<Mac>, BodyError> {
    let wrong = |found: &Value| BodyError::WrongType {
        what: INTERFACES.to_owned(),
        wanted: "a list of objects with a mac_address",
        found: type_name(found),
    };
    let list = match inventory.get("interfaces") {
        None => return Err(BodyError::Missing { what: "inventory", member: "interfaces" }),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong(other)),
    };
    if list.is_empty() {
        return Err(BodyError::Invalid {
            what: INTERFACES.to_owned(),
            wanted: "a list with an interface in it",
        });
    }
    if list.len() > INTERFACE_LIMIT {
        let what = INTERFACES.to_owned();
        return Err(BodyError::TooLong { what, size: list.len(), limit: INTERFACE_LIMIT });
    }
    let mut macs: Vec<Mac> = Vec::new();
    for iface in list {
        let text = iface.get("mac_address").and_then(Value::as_str).ok_or_else(|| wrong(iface))?;
        if let Some(mac) = text.parse().ok().filter(|mac| is_own(*mac)).filter(|mac| !macs.contains(mac)) {
            macs.push(mac);
        }
    }
    Ok(macs)
}

/// An address that a NIC can have: not all zeros, and not a group's (IEEE 802 8.2).
fn is_own(mac: Mac) -> bool {
    let [first, ..] = mac.0;
    first & 1 == 0 && mac.0 != [0; 6]
}

fn address(inventory: &Map<String, Value>, member: &'static str) -> Result<(), BodyError> {
    match inventory.get(member) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(other) => Err(BodyError::WrongType {
            what: format!("{member} of the inventory"),
            wanted: "a string or null",
            found: type_name(other),
        }),
    }
}

fn size(members: &Map<String, Value>) -> usize {
    serde_json::to_vec(members).map_or(usize::MAX / 2, |text| text.len())
}

/// How a gzip file begins (RFC 1952 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const WHAT: &str = "the inspection data";
const INTERFACES: &str = "interfaces of the inventory";
/// NICs and what looks like one: a server with all virtual functions of its cards has some hundred.
const INTERFACE_LIMIT: usize = 512;
/// Bytes of JSON without the logs; a large server has some 200 KiB.
pub const DATA_LIMIT: usize = 1 << 20;
/// Bytes of logs in base64: more than any body has.
const LOGS_LIMIT: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_beside_the_inventory_is_carried() {
        let post = InspectionPost::from_value(json!({
            "inventory": {"interfaces": [{"mac_address": "52:54:00:E2:E0:05"}, {"mac_address": "52:54:00:e2:e0:05"},
                {"mac_address": "ff:ff:ff:ff:ff:ff"}, {"mac_address": "infiniband"}], "bmc_address": null},
            "root_disk": {"name": "/dev/sda"}, "logs": "H4sI", "error": null,
        }));
        let post = post.unwrap();
        assert_eq!(post.macs, ["52:54:00:e2:e0:05".parse::<Mac>().unwrap()]);
        assert_eq!(post.logs.as_deref(), Some("H4sI"));
        assert_eq!(post.rest.keys().collect::<Vec<_>>(), ["error", "root_disk"]);
    }

    #[test]
    fn logs_are_an_archive_or_nothing() {
        assert_eq!(archive("H4sI\n"), Some(vec![0x1f, 0x8b, 0x08]));
        for other in ["", "AAAA", "no base64", "H4s"] {
            assert_eq!(archive(other), None, "{other}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (body, word) in [
            (json!([]), "object"),
            (json!({}), "inventory"),
            (json!({"inventory": 7}), "inventory"),
            (json!({"inventory": {}}), "interfaces"),
            (json!({"inventory": {"interfaces": []}}), "interfaces"),
            (json!({"inventory": {"interfaces": {"a": 1}}}), "interfaces"),
            (json!({"inventory": {"interfaces": [{"name": "eth0"}]}}), "mac_address"),
            (json!({"inventory": {"interfaces": [{"mac_address": 7}]}}), "mac_address"),
            (json!({"inventory": {"interfaces": [{"mac_address": "x"}], "bmc_address": 7}}), "bmc_address"),
            (json!({"inventory": {"interfaces": vec![json!({"mac_address": "x"}); 513]}}), "512"),
            (
                json!({"inventory": {"interfaces": [{"mac_address": "x"}], "a": "x".repeat(DATA_LIMIT)}}),
                "1048576",
            ),
        ] {
            let error = InspectionPost::from_value(body.clone()).unwrap_err().to_string();
            assert!(error.contains(word), "{word} in {error}");
        }
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_a_panic(text in r#"\{"inventory":\{"interfaces":\[[{}\[\]0-9a-z",:]{0,40}\]\}\}"#) {
            if let Ok(value) = serde_json::from_str(&text) {
                InspectionPost::from_value(value).ok();
            }
        }
    }
}
