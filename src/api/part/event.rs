//! `POST events`: what a network service tells of ports. The daemon configures no network, so that an event is checked
//! and let go.

use serde_json::Value;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::base::mac::Mac;
use crate::model::draft::given::parse_uuid;
use crate::net::http::Response;

/// Takes events.
pub async fn take(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.action().await?;
    let Some(Value::Array(events)) = args.take("events") else {
        return Err(Fault::invalid("events is required and must be a list"));
    };
    args.finish()?;
    if events.is_empty() {
        return Err(Fault::invalid("events must hold an event at least"));
    }
    for (place, event) in events.iter().enumerate() {
        check(event).map_err(|why| Fault::invalid(format!("event {place} {why}")))?;
    }
    tracing::debug!(count = events.len(), "events of a network service are dropped");
    Ok(Response::empty(204))
}

fn check(event: &Value) -> Result<(), String> {
    let Value::Object(members) = event else { return Err("must be an object".to_owned()) };
    for (name, value) in members {
        let Some(row) = MEMBERS.iter().find(|row| row.name == name) else {
            let shown: String = name.chars().take(64).collect();
            return Err(format!("has no member {shown:?}"));
        };
        if !(row.fits)(value) {
            return Err(format!("member {} must be {}", row.name, row.wanted));
        }
    }
    match MEMBERS.iter().find(|row| row.needed && !members.contains_key(row.name)) {
        Some(row) => Err(format!("needs {}", row.name)),
        None => Ok(()),
    }
}

/// A member of an event.
struct Member {
    name: &'static str,
    needed: bool,
    wanted: &'static str,
    fits: fn(&Value) -> bool,
}

const KINDS: &[&str] = &["network.bind_port", "network.unbind_port", "network.delete_port"];

#[rustfmt::skip]
const MEMBERS: &[Member] = &[
    Member { name: "event", needed: true, wanted: "network.bind_port, network.unbind_port or network.delete_port", fits: |value| value.as_str().is_some_and(|text| KINDS.contains(&text)) },
    Member { name: "port_id", needed: true, wanted: "a UUID", fits: is_uuid },
    Member { name: "mac_address", needed: true, wanted: "a MAC address", fits: |value| value.as_str().is_some_and(|text| text.parse::<Mac>().is_ok()) },
    Member { name: "status", needed: true, wanted: "a text", fits: Value::is_string },
    Member { name: "device_id", needed: false, wanted: "a UUID or null", fits: |value| value.is_null() || is_uuid(value) },
    Member { name: "binding:host_id", needed: false, wanted: "a UUID or null", fits: |value| value.is_null() || is_uuid(value) },
    Member { name: "binding:vnic_type", needed: false, wanted: "a text or null", fits: |value| value.is_null() || value.is_string() },
];

fn is_uuid(value: &Value) -> bool {
    value.as_str().and_then(parse_uuid).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event() -> Value {
        json!({
            "event": "network.bind_port",
            "port_id": "11111111-1111-1111-1111-111111111111",
            "mac_address": "de:ad:ca:fe:ba:be",
            "status": "ACTIVE",
            "device_id": null,
            "binding:host_id": "22222222-2222-2222-2222-222222222222",
            "binding:vnic_type": "baremetal",
        })
    }

    #[test]
    fn each_member_is_checked() {
        assert_eq!(check(&event()), Ok(()));
        for (name, value) in [
            ("event", json!("network.fly")),
            ("event", json!(1)),
            ("port_id", json!("x")),
            ("mac_address", json!("x")),
            ("status", json!(null)),
            ("device_id", json!("x")),
            ("binding:host_id", json!(1)),
            ("binding:vnic_type", json!(1)),
            ("more", json!(1)),
        ] {
            let mut wrong = event();
            wrong[name] = value;
            assert!(check(&wrong).unwrap_err().contains(name), "{wrong}");
        }
        for name in ["event", "port_id", "mac_address", "status"] {
            let mut short = event();
            short.as_object_mut().unwrap().remove(name);
            assert_eq!(check(&short), Err(format!("needs {name}")));
        }
        assert!(check(&json!([])).is_err());
    }

    proptest! {
        #[test]
        fn no_event_is_a_panic(name: String, text: String) {
            check(&json!({"event": text.clone(), name: text})).ok();
        }
    }
}
