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
        || (has("port_id") && has(VTEP[0]) && has(VTEP[1]))
        || link.get("network_type").and_then(Value::as_str) == Some("unmanaged");
    if has(VTEP[0]) != has(VTEP[1]) {
        return Err(refused(&format!("needs {} and {} together", VTEP[0], VTEP[1])));
    }
    if complete {
        return Ok(());
    }
    Err(refused("needs switch_id and port_id, port_id and hostname, or network_type unmanaged"))
}

/// Checks that the link of a smart NIC says which host it is in.
pub fn check_smart(link: &Object) -> Result<(), Refusal> {
    if link.contains_key("port_id") && link.contains_key("hostname") {
        return Ok(());
    }
    Err(refused("of a smart NIC needs port_id and hostname"))
}

/// Writes a checked switch in one way: small letters, and colons in addresses.
pub fn settle(link: &mut Object) {
    let Some(Value::String(text)) = link.get_mut("switch_id") else { return };
    *text = text.parse::<Mac>().map_or_else(|_| text.to_lowercase(), |address| address.to_string());
}

fn member(key: &str, value: &Value, version: u16) -> Result<(), Refusal> {
    let vtep = VTEP.contains(&key);
    if !(KEYS.contains(&key) || vtep && VTEP_TIME.contains(&version)) {
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
    text.parse::<Mac>().is_ok() || text.to_lowercase().strip_prefix("0x").is_some_and(hexadecimal)
}

fn refused(why: &str) -> Refusal {
    Refusal::Invalid(format!("local_link_connection {why}"))
}

const KEYS: &[&str] = &["port_id", "switch_id", "hostname", "switch_info", "network_type"];

/// Known from 1.90 to 1.104 only.
const VTEP: &[&str; 2] = &["vtep-logical-switch", "vtep-physical-switch"];

/// Versions that know these members.
const VTEP_TIME: std::ops::Range<u16> = 90..105;

/// Whether a version knows all members of a link.
pub fn is_known(link: &Object, version: u16) -> bool {
    VTEP_TIME.contains(&version) || !VTEP.iter().any(|name| link.contains_key(*name))
}

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
        let link = json!({"port_id": "e1", "vtep-logical-switch": "a", "vtep-physical-switch": "b"});
        assert!(!checked(&link, 89));
        assert!(checked(&link, 90));
        assert!(!checked(&link, 105));
        assert!(!checked(&json!({"port_id": "e1", "hostname": "h", "vtep-logical-switch": "a"}), 90));
    }

    #[test]
    fn a_switch_is_written_in_one_way() {
        for (given, kept) in
            [("0A-1B-2C-3D-4E-5F", "0a:1b:2c:3d:4e:5f"), ("0X00000000000000AB", "0x00000000000000ab")]
        {
            let Value::Object(mut link) = json!({"switch_id": given, "port_id": "E1"}) else {
                panic!("no object")
            };
            assert!(check(&link, 115).is_ok());
            settle(&mut link);
            assert_eq!(Value::Object(link), json!({"switch_id": kept, "port_id": "E1"}));
        }
    }
}
