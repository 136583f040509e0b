use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::model::catalog::Implementation;

pub fn catalog() -> Catalog {
    let mut supported = BTreeMap::new();
    let mut implementations = BTreeMap::new();
    for kind in Interface::ALL {
        supported.insert(kind, vec!["fake".to_owned(), "other".to_owned(), "absent".to_owned()]);
        for name in ["fake", "other"] {
            implementations.insert((kind, name.to_owned()), Implementation::default());
        }
    }
    let hardware = HardwareType { supported, properties: BTreeMap::new() };
    let types = BTreeMap::from([("fake-hardware".to_owned(), hardware)]);
    Catalog { types, implementations, ..Catalog::default() }
}

fn draft(body: Value, version: u16) -> Result<NodeDraft, Refusal> {
    let Value::Object(body) = body else { unreachable!() };
    let policy = Policy { default_conductor_group: "rack".to_owned(), ..Policy::default() };
    node(body, version, NodeId(Uuid::nil()), &policy, &catalog())
}

#[test]
fn only_the_driver_is_required() {
    let made = draft(json!({"driver": "fake-hardware"}), 115).unwrap();
    assert_eq!(made.wished.interfaces.deploy, "fake");
    assert!(!made.starts_available);
    assert!(draft(json!({"driver": "fake-hardware"}), 10).unwrap().starts_available);
    assert_eq!(draft(json!({}), 115).unwrap_err().to_string(), "driver is required");
}

#[test]
fn members_are_checked_by_name() {
    for (body, text) in [
        (json!({"driver": "nope"}), "fake-hardware"),
        (json!({"driver": "fake-hardware", "foo": 1}), "foo"),
        (json!({"driver": "fake-hardware", "deploy_interface": "zzz"}), "fake, other"),
        (json!({"driver": "fake-hardware", "deploy_interface": "absent"}), "fake, other"),
        (json!({"driver": "fake-hardware", "name": "a/b"}), "name"),
        (json!({"driver": "fake-hardware", "name": "states"}), "states"),
        (json!({"driver": "fake-hardware", "provision_state": "active"}), "provision_state"),
        (json!({"driver": "fake-hardware", "traits": []}), "traits"),
        (json!({"driver": "fake-hardware", "protected": true}), "protected"),
        (json!({"driver": "fake-hardware", "extra": 1}), "extra"),
        (json!({"driver": "fake-hardware", "uuid": "x"}), "uuid"),
        (json!({"driver": "fake-hardware", "resource_class": "x".repeat(81)}), "resource_class"),
        (json!({"driver": "fake-hardware", "instance_name": ""}), "instance_name"),
        (json!({"driver": "fake-hardware", "network_data": {"x": []}}), "network_data"),
        (json!({"driver": "fake-hardware", "extra": {"x": "y".repeat(RECORD_LIMIT)}}), "extra"),
        (json!({"driver": "fake-hardware", "chassis_uuid": "x"}), "chassis"),
        (json!({"driver": null}), "driver"),
        (json!({"driver": "fake-hardware", "conductor_group": "other"}), "serves \"rack\""),
        (json!({"driver": ""}), "driver"),
    ] {
        let refusal = draft(body, 115).unwrap_err();
        assert!(matches!(refusal, Refusal::Invalid(_)));
        assert!(refusal.to_string().contains(text), "{refusal}");
    }
}

#[test]
fn null_objects_are_empty_and_words_are_booleans() {
    let made = draft(
        json!({
            "driver": "fake-hardware", "extra": null, "automated_clean": "False", "maintenance": "on",
            "conductor_group": "Rack", "instance_info": {"display_name": "web"}
        }),
        115,
    )
    .unwrap();
    assert!(made.wished.extra.is_empty() && made.wished.maintenance);
    assert_eq!(made.wished.automated_clean, Some(false));
    assert_eq!(made.wished.conductor_group, "rack");
    assert_eq!(made.wished.instance_name.as_deref(), Some("web"));
}

fn made_port(body: Value) -> Result<Port, Refusal> {
    let Value::Object(body) = body else { unreachable!() };
    port(body, 115, NodeId(Uuid::nil()), PortId(Uuid::nil()), Moment(0))
}

#[test]
fn a_port_has_an_address_and_defaults() {
    let made = made_port(json!({"node_uuid": "x", "address": "52-54-00-AA-BB-02"})).unwrap();
    assert_eq!(made.address.to_string(), "52:54:00:aa:bb:02");
    assert!(made.wished.pxe_enabled && made.wished.available_for_dynamic_portgroup);
    for body in [
        json!({"node_uuid": "x"}),
        json!({"address": "zz"}),
        json!({"address": "52:54:00:aa:bb:02", "physical_network": ""}),
        json!({"address": "52:54:00:aa:bb:02", "available_for_dynamic_portgroup": "true"}),
        json!({"address": "52:54:00:aa:bb:02", "local_link_connection": {"a": "b"}}),
        json!({"address": "52:54:00:aa:bb:02", "internal_info": {}}),
        json!({"address": "52:54:00:aa:bb:02", "portgroup_uuid": "x"}),
    ] {
        assert!(made_port(body.clone()).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn no_body_is_a_panic(name in "[a-z_]{1,24}", text: String, index in 0..shape::node::TABLE.len()) {
        let row = &shape::node::TABLE[index];
        for value in [json!(text), json!([text]), json!({"a": text}), json!(1), json!(null), json!(true)] {
            let mut body = serde_json::Map::new();
            body.insert("driver".to_owned(), json!("fake-hardware"));
            body.insert(row.name.to_owned(), value.clone());
            body.insert(name.clone(), value);
            draft(Value::Object(body), 115).ok();
        }
    }
}
