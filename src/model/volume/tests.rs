use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::decision::ask::PatchVerb;

fn object(value: Value) -> Object {
    let Value::Object(members) = value else { panic!("no object") };
    members
}

fn connector(body: Value) -> Result<Connector, Refusal> {
    Connector::draft(object(body), NodeId(Uuid::from_u128(1)), Uuid::nil())
}

fn target(body: Value) -> Result<Target, Refusal> {
    Target::draft(object(body), NodeId(Uuid::from_u128(1)), Uuid::nil())
}

fn some_target() -> Target {
    target(json!({
        "node_uuid": "x", "volume_type": "iscsi", "volume_id": "v1", "boot_index": 0,
        "properties": {"auth_password": "hunter2", "target_lun": 1},
    }))
    .unwrap()
}

fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
    PatchOp { op, path: path.to_owned(), value }
}

#[test]
fn bodies_become_records() {
    let chosen = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
    let made = connector(
        json!({"node_uuid": "x", "type": "iqn", "connector_id": "iqn.1", "extra": null, "uuid": chosen}),
    )
    .unwrap();
    assert_eq!((made.id.to_string(), made.node), (chosen.to_owned(), NodeId(Uuid::from_u128(1))));
    assert_eq!((made.wished.kind.as_str(), made.wished.connector_id.as_str()), ("iqn", "iqn.1"));
    assert_eq!(some_target().wished.boot_index, 0);
}

#[test]
fn what_is_wrong_in_a_body_is_named() {
    let whole = json!({"node_uuid": "x", "type": "iqn", "connector_id": "a"});
    for (name, value) in [
        ("type", json!(1)),
        ("type", json!(null)),
        ("type", json!("")),
        ("connector_id", json!([])),
        ("connector_id", json!("x".repeat(256))),
        ("extra", json!("x")),
        ("extra", json!({"a": "x".repeat(RECORD_LIMIT)})),
        ("uuid", json!("x")),
        ("created_at", json!("x")),
        ("volume_id", json!("x")),
    ] {
        let mut body = whole.clone();
        body[name] = value;
        let refusal = connector(body).unwrap_err().to_string();
        assert!(refusal.contains(name), "{name}: {refusal}");
    }
    for name in ConnectorWished::NEEDED {
        let mut body = object(whole.clone());
        body.remove(*name);
        assert!(connector(Value::Object(body)).unwrap_err().to_string().contains(name));
    }
}

#[test]
fn a_place_in_the_boot_order_is_a_whole_number() {
    let body =
        |index: Value| json!({"node_uuid": "x", "volume_type": "a", "volume_id": "b", "boot_index": index});
    for index in [json!("0"), json!(1.5), json!(true), json!(null), json!(1_i64 << 31)] {
        let refusal = target(body(index.clone())).unwrap_err().to_string();
        assert!(refusal.contains("boot_index"), "{index}: {refusal}");
    }
    assert_eq!(target(body(json!(-1))).unwrap().wished.boot_index, -1);
}

#[test]
fn a_patch_changes_what_it_names() {
    let before = some_target();
    let other = Uuid::from_u128(2);
    let after = before
        .patched(&[
            op(PatchVerb::Replace, "/boot_index", json!(3)),
            op(PatchVerb::Add, "/extra/a", json!(1)),
            op(PatchVerb::Remove, "/properties/target_lun", Value::Null),
            op(PatchVerb::Replace, "/node_uuid", json!(other)),
        ])
        .unwrap();
    assert_eq!((after.wished.boot_index, after.node), (3, NodeId(other)));
    assert_eq!(Value::Object(after.wished.properties), json!({"auth_password": "hunter2"}));
    for wrong in [
        op(PatchVerb::Replace, "/uuid", json!(other)),
        op(PatchVerb::Remove, "/volume_id", Value::Null),
        op(PatchVerb::Remove, "/boot_index", Value::Null),
        op(PatchVerb::Remove, "/node_uuid", Value::Null),
        op(PatchVerb::Replace, "/node_uuid", json!("n1")),
        op(PatchVerb::Replace, "/volume_type", json!(7)),
        op(PatchVerb::Replace, "/extra/none", json!(7)),
        op(PatchVerb::Add, "/boot_index/x", json!(7)),
        op(PatchVerb::Add, "/connector_id", json!("x")),
    ] {
        assert!(before.patched(std::slice::from_ref(&wrong)).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_secret_that_is_written_back_masked_stays() {
    let before = some_target();
    let masked = json!({"auth_password": "******", "target_lun": 2});
    let after = before.patched(&[op(PatchVerb::Replace, "/properties", masked)]).unwrap();
    let kept = json!({"auth_password": "hunter2", "target_lun": 2});
    assert_eq!(Value::Object(after.wished.properties), kept);
    let unknown = op(PatchVerb::Add, "/properties/other_password", json!("******"));
    assert!(before.patched(&[unknown]).is_err());
}

#[test]
fn addresses_are_one_nodes_and_places_each_nodes_own() {
    let one = connector(json!({"node_uuid": "x", "type": "iqn", "connector_id": "a"})).unwrap();
    let moved = Connector { node: NodeId(Uuid::from_u128(2)), ..one.clone() };
    assert_eq!(one.marks(), moved.marks());
    let one = some_target();
    let moved = Target { node: NodeId(Uuid::from_u128(2)), ..one.clone() };
    assert_ne!(one.marks(), moved.marks());
}

proptest! {
    #[test]
    fn no_body_and_no_patch_is_a_panic(text: String, index in 0..10_usize, number: i64) {
        for value in [json!(text), json!(number), json!({"a": text}), json!([text]), json!(null), json!(true)] {
            if let Some(row) = TargetWished::TABLE.get(index) {
                target(json!({"node_uuid": "x", "volume_type": "a", "volume_id": "b", "boot_index": 1, row.name: value})).ok();
                some_target().patched(&[op(PatchVerb::Add, &format!("/{}", row.name), value.clone())]).ok();
            }
        }
    }
}
