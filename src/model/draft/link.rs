//! Rules of a port's `local_link_connection`: which switch port the NIC is plugged into.

use serde_json::Value;

use crate::base::mac::Mac;
use crate::model::Object;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::kind;

/// Checks the members, and that together they name a place.
pub fn check(link: &Object, version: u16) -> Result<(), Refusal> {
    for (key, value) in link {
        member(key, value, version)?;
    }
    let has = |key: &str| link.contains_key(key);
    let complete = link.is_empty()
        || (has("switch_id") && has("port_id"))
        || (has("hostname") && has("port_id"))
        || (has(VTEP[0]) && has(VTEP[1]))
        || link.get("network_type").and_then(Value::as_str) == Some("unmanaged");
    if complete {
        return Ok(());
    }
    Err(refused("needs switch_id and port_id, port_id and hostname, or network_type unmanaged"))
}

fn member(key: &str, value: &Value, version: u16) -> Result<(), Refusal> {
    let vtep = VTEP.contains(&key);
    if !(KEYS.contains(&key) || vtep && (90..105).contains(&version)) {
        return Err(refused(&format!("has no member {key:?}; it has {}", KEYS.join(", "))));
    }
    let Some(text) = value.as_str() else {
        return Err(refused(&format!("member {key} must be a text, but {} was given", kind(value))));
    };
    match key {
        "switch_id" if !is_switch(text) => {
            Err(refused("member switch_id must be a MAC address or an OpenFlow datapath id"))
        }
        "network_type" if !["managed", "unmanaged"].contains(&text) => {
            Err(refused("member network_type must be managed or unmanaged"))
        }
        _ => Ok(()),
    }
}

/// A MAC address, or an `OpenFlow` datapath id: sixteen hexadecimal digits after `0x`.
fn is_switch(text: &str) -> bool {
    let hexadecimal =
        |digits: &str| digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.parse::<Mac>().is_ok() || text.strip_prefix("0x").is_some_and(hexadecimal)
}

fn refused(why: &str) -> Refusal {
    Refusal::Invalid(format!("local_link_connection {why}"))
}

const KEYS: &[&str] = &["port_id", "switch_id", "hostname", "switch_info", "network_type"];

/// Known from 1.90 to 1.104 only.
const VTEP: &[&str; 2] = &["vtep-logical-switch", "vtep-physical-switch"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(link: &Value, version: u16) -> bool {
        check(link.as_object().unwrap(), version).is_ok()
    }

    #[test]
    fn a_link_names_a_place_or_is_empty() {
        assert!(checked(&json!({}), 115));
        assert!(checked(
            &json!({"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "e1", "switch_info": "s"}),
            115
        ));
        assert!(checked(&json!({"switch_id": "0x0000000000000001", "port_id": "e1"}), 115));
        assert!(!checked(&json!({"switch_id": "0000000000000001", "port_id": "e1"}), 115));
        assert!(checked(&json!({"port_id": "e1", "hostname": "h"}), 115));
        assert!(checked(&json!({"network_type": "unmanaged"}), 115));
        for link in [
            json!({"port_id": "e1"}),
            json!({"network_type": "managed"}),
            json!({"network_type": "other"}),
            json!({"switch_id": "zz", "port_id": "e1"}),
            json!({"switch_id": 1, "port_id": "e1"}),
            json!({"zz": "1"}),
        ] {
            assert!(!checked(&link, 115), "{link}");
        }
    }

    #[test]
    fn vtep_members_had_their_time() {
        let link = json!({"vtep-logical-switch": "a", "vtep-physical-switch": "b"});
        assert!(!checked(&link, 89));
        assert!(checked(&link, 90));
        assert!(!checked(&link, 105));
    }
}
