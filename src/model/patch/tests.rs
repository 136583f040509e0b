use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::model::draft::tests::catalog;
use crate::model::port::PortWished;
use crate::model::provision::Provision;

fn node(provision: Provision) -> Node {
    let mut wished = Wished { driver: "fake-hardware".to_owned(), ..Wished::default() };
    draft::fill_interfaces(&mut wished, &catalog()).unwrap();
    Node { provision, ..Node::new(NodeId(Uuid::nil()), wished, Moment(0)) }
}

fn op(verb: PatchVerb, path: &str, value: Value) -> PatchOp {
    PatchOp { op: verb, path: path.to_owned(), value }
}

fn add(path: &str, value: Value) -> PatchOp {
    op(PatchVerb::Add, path, value)
}

fn replace(path: &str, value: Value) -> PatchOp {
    op(PatchVerb::Replace, path, value)
}

fn remove(path: &str) -> PatchOp {
    op(PatchVerb::Remove, path, Value::Null)
}

fn patched(node: &Node, operations: Vec<PatchOp>) -> Result<Wished, Refusal> {
    let ask = PatchAsk { operations, reset_interfaces: false, version: LATEST };
    patch_node(node, &ask, &catalog(), &Policy::default())
}

#[test]
fn operations_go_one_by_one() {
    let wished = patched(
        &node(Provision::Enroll),
        vec![
            add("/driver_info/a", json!({"list": [1]})),
            add("/driver_info/a/list/-", json!(2)),
            replace("/driver_info/a/list/0", json!(0)),
            add("/extra/x", json!(1)),
            remove("/extra/x"),
            replace("/name", json!("n1")),
            replace("/automated_clean", json!("false")),
            remove("/description"),
        ],
    )
    .unwrap();
    assert_eq!(Value::Object(wished.driver_info), json!({"a": {"list": [0, 2]}}));
    assert!(wished.extra.is_empty());
    assert_eq!(wished.name.as_deref(), Some("n1"));
    assert_eq!(wished.automated_clean, Some(false));
}

#[test]
fn what_cannot_be_done_is_refused_whole() {
    let node = node(Provision::Enroll);
    for operations in [
        vec![remove("/driver_info/zz")],
        vec![replace("/extra/q1", json!(1))],
        vec![add("/zz", json!(1))],
        vec![replace("/provision_state", json!("x"))],
        vec![replace("/traits", json!([]))],
        vec![replace("/console_enabled", json!(true))],
        vec![remove("/driver")],
        vec![replace("/driver", json!("redfish"))],
        vec![replace("/power_interface", json!("zzz"))],
        vec![add("/name/x", json!(1))],
        vec![add("/extra/a/b", json!(1))],
        vec![replace("/name", json!("states"))],
        vec![replace("/protected_reason", json!("x"))],
        vec![add("/extra/l", json!([1])), add("/extra/l/01", json!(1))],
        vec![add("/extra/l", json!([1])), add("/extra/l/3", json!(1))],
    ] {
        let refused = patched(&node, operations.clone());
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{operations:?} {refused:?}");
    }
}

#[test]
fn a_mask_that_is_written_back_keeps_the_secret() {
    let mut node = node(Provision::Enroll);
    let info = json!({"ipmi_password": "hunter2", "a": [{"token": "t"}], "b": 1});
    node.wished.driver_info = info.as_object().unwrap().clone();
    let whole = json!({"ipmi_password": "******", "a": [{"token": "******"}], "b": 2});
    let wished = patched(&node, vec![replace("/driver_info", whole)]).unwrap();
    let kept = json!({"ipmi_password": "hunter2", "a": [{"token": "t"}], "b": 2});
    assert_eq!(Value::Object(wished.driver_info), kept);
    let wished = patched(&node, vec![replace("/driver_info/ipmi_password", json!("******"))]).unwrap();
    assert_eq!(Value::Object(wished.driver_info), info);
    for path in ["/driver_info/other_password", "/instance_info/image_url"] {
        let refused = patched(&node, vec![add(path, json!("******"))]);
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{path} {refused:?}");
    }
    assert!(patched(&node, vec![add("/driver_info/plain", json!("******"))]).is_ok());
}

#[test]
fn a_masked_url_that_is_written_back_keeps_its_password() {
    let mut node = node(Provision::Enroll);
    let info = json!({"redfish_address": "http://adm:pw@host", "kernels": ["https://u:p@files/k"]});
    node.wished.driver_info = info.as_object().unwrap().clone();
    let whole = json!({"redfish_address": "http://adm:******@host", "kernels": ["https://u:******@files/k"]});
    let wished = patched(&node, vec![replace("/driver_info", whole)]).unwrap();
    assert_eq!(Value::Object(wished.driver_info), info);
    let elsewhere = json!("http://adm:******@other");
    for operation in
        [replace("/driver_info/redfish_address", elsewhere.clone()), add("/driver_info/x", elsewhere)]
    {
        let refused = patched(&node, vec![operation]);
        assert!(matches!(refused, Err(Refusal::Invalid(_))), "{refused:?}");
    }
    let anew = replace("/driver_info/redfish_address", json!("http://adm:new@host"));
    assert_eq!(patched(&node, vec![anew]).unwrap().driver_info["redfish_address"], "http://adm:new@host");
}

#[test]
fn an_empty_patch_changes_nothing() {
    let node = node(Provision::Active);
    assert_eq!(patched(&node, Vec::new()).unwrap(), node.wished);
}

#[test]
fn a_removed_interface_is_the_default_again() {
    let mut node = node(Provision::Enroll);
    node.wished.interfaces.power = "other".to_owned();
    assert_eq!(patched(&node, vec![remove("/power_interface")]).unwrap().interfaces.power, "fake");
}

#[test]
fn interfaces_are_reset_with_the_driver_only() {
    let mut node = node(Provision::Enroll);
    node.wished.interfaces.power = "other".to_owned();
    let ask = |operation| PatchAsk { operations: vec![operation], reset_interfaces: true, version: LATEST };
    let patched = |ask: &PatchAsk| patch_node(&node, ask, &catalog(), &Policy::default());
    let refused = patched(&ask(add("/extra/a", json!(1))));
    assert!(matches!(refused, Err(Refusal::Invalid(text)) if text.contains("reset_interfaces")));
    let same = patched(&ask(replace("/driver", json!("fake-hardware")))).unwrap();
    assert_eq!(same.interfaces.power, "other", "the driver is the one it was");
}

#[test]
fn a_display_name_becomes_the_instances_name() {
    let node = node(Provision::Enroll);
    let wished = patched(&node, vec![add("/instance_info/display_name", json!("web"))]).unwrap();
    assert_eq!(wished.instance_name.as_deref(), Some("web"));
}

#[test]
fn a_name_that_is_taken_away_does_not_come_back_by_itself() {
    let mut node = node(Provision::Enroll);
    node.wished.instance_info = json!({"display_name": "web"}).as_object().unwrap().clone();
    node.wished.instance_name = Some("web".to_owned());
    assert_eq!(patched(&node, vec![remove("/instance_name")]).unwrap().instance_name, None);
    let again = vec![remove("/instance_name"), add("/instance_info/a", json!(1))];
    assert_eq!(patched(&node, again).unwrap().instance_name.as_deref(), Some("web"));
}

#[test]
fn states_close_members() {
    let mut active = node(Provision::Active);
    active.wished.resource_class = Some("a".to_owned());
    active.wished.instance_uuid = Some(Uuid::from_u128(1));
    for operation in [
        replace("/power_interface", json!("other")),
        replace("/resource_class", json!("b")),
        replace("/instance_uuid", json!(Uuid::from_u128(2))),
    ] {
        assert!(matches!(patched(&active, vec![operation]), Err(Refusal::Conflict(_))));
    }
    assert!(patched(&active, vec![replace("/protected", json!(true))]).unwrap().protected);
    let available = node(Provision::Available);
    for operation in [replace("/protected", json!(true)), replace("/retired", json!(true))] {
        assert!(matches!(patched(&available, vec![operation]), Err(Refusal::Conflict(_))));
    }
    active.wished.maintenance = true;
    assert!(patched(&active, vec![replace("/power_interface", json!("other"))]).is_ok());
}

#[test]
fn a_driver_changes_where_hardware_may_be_described_anew_and_its_console_is_closed() {
    let other = |node: &Node| Wished { driver: "other".to_owned(), ..node.wished.clone() };
    let changed = |node: &Node| rules::change(node, &other(node));
    for (state, may) in [
        (Provision::Enroll, true),
        (Provision::Manageable, true),
        (Provision::Available, true),
        (Provision::Active, false),
        (Provision::CleanFail, false),
    ] {
        let mut node = node(state);
        assert_eq!(changed(&node).is_ok(), may, "{state}");
        node.wished.console_enabled = true;
        assert!(matches!(changed(&node), Err(Refusal::Conflict(_))), "{state}");
        node.wished.console_enabled = false;
        node.wished.maintenance = true;
        assert!(changed(&node).is_ok(), "{state}");
    }
}

#[test]
fn a_node_on_its_way_is_locked_while_somebody_works_on_it() {
    let mut node = node(Provision::Deploying);
    node.target_provision = Some(Provision::Active);
    node.reserved = true;
    assert!(matches!(patched(&node, vec![add("/extra/a", json!(1))]), Err(Refusal::Locked { .. })));
}

#[test]
fn a_reason_goes_with_its_flag() {
    let mut node = node(Provision::Active);
    node.wished.protected = true;
    node.wished.protected_reason = Some("prod".to_owned());
    let wished = patched(&node, vec![replace("/protected", json!(false))]).unwrap();
    assert_eq!(wished.protected_reason, None);
}

#[test]
fn a_node_on_its_way_is_closed() {
    let mut node = node(Provision::Deploying);
    node.target_provision = Some(Provision::Active);
    assert!(matches!(patched(&node, vec![add("/extra/a", json!(1))]), Err(Refusal::Conflict(_))));
    node.wished.instance_uuid = Some(Uuid::nil());
    node.wished.maintenance = true;
    assert!(patched(&node, vec![remove("/instance_uuid")]).unwrap().instance_uuid.is_none());
    node.provision = Provision::CleanFail;
    assert!(patched(&node, vec![add("/extra/a", json!(1))]).is_ok());
}

#[test]
fn an_inspected_node_is_closed_since_1_39() {
    let mut node = node(Provision::Inspecting);
    node.target_provision = Some(Provision::Manageable);
    let mut ask =
        PatchAsk { operations: vec![add("/extra/a", json!(1))], reset_interfaces: false, version: 38 };
    assert!(patch_node(&node, &ask, &catalog(), &Policy::default()).is_ok());
    ask.version = 39;
    assert!(patch_node(&node, &ask, &catalog(), &Policy::default()).is_err());
}

fn port() -> Port {
    Port {
        id: PortId(Uuid::nil()),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(Uuid::nil()),
        address: Mac([2, 0, 0, 0, 0, 1]),
        wished: PortWished::default(),
        internal_info: Object::new(),
    }
}

/// A patch with the rules of the node's state.
fn port_patched(node: &Node, port: &Port, operations: &[PatchOp]) -> Result<Port, Refusal> {
    let next = port_patch(port, operations)?;
    rules::port_change(node, port, &next)?;
    Ok(next)
}

#[test]
fn ports_follow_their_nodes_state() {
    let port = port();
    let pxe = vec![replace("/pxe_enabled", json!(false))];
    assert!(!port_patched(&node(Provision::Manageable), &port, &pxe).unwrap().wished.pxe_enabled);
    assert!(matches!(port_patched(&node(Provision::Available), &port, &pxe), Err(Refusal::Conflict(_))));
    let address = vec![replace("/address", json!("02:00:00:00:00:02"))];
    assert_eq!(port_patched(&node(Provision::Available), &port, &address).unwrap().address.0[5], 2);
    assert!(matches!(port_patched(&node(Provision::Active), &port, &address), Err(Refusal::Conflict(_))));
    for operation in
        [remove("/address"), replace("/node_uuid", json!("n7")), replace("/internal_info", json!({}))]
    {
        assert!(matches!(
            port_patched(&node(Provision::Enroll), &port, &[operation]),
            Err(Refusal::Invalid(_))
        ));
    }
    let moved = vec![replace("/node_uuid", json!(Uuid::from_u128(7)))];
    let other = NodeId(Uuid::from_u128(7));
    assert_eq!(port_patched(&node(Provision::Enroll), &port, &moved).unwrap().node, other);
    assert!(matches!(port_patched(&node(Provision::Active), &port, &moved), Err(Refusal::Conflict(_))));
    let same = vec![replace("/node_uuid", json!(Uuid::nil())), remove("/available_for_dynamic_portgroup")];
    assert_eq!(port_patched(&node(Provision::Active), &port, &same).unwrap(), port);
}

proptest! {
    #[test]
    fn no_patch_is_a_panic(
        verb in prop_oneof![Just(PatchVerb::Add), Just(PatchVerb::Replace), Just(PatchVerb::Remove)],
        path in "(/(extra|driver_info|name|traits|[a-z0-9_-]{0,3})){0,5}",
        number: i64,
    ) {
        let node = node(Provision::Enroll);
        for value in [json!(number), json!({"a": [number]}), json!(null), json!("x")] {
            let operations = vec![add("/extra", json!({"a": [1, {"b": 2}]})), op(verb, &path, value)];
            if let Ok(wished) = patched(&node, operations.clone()) {
                prop_assert_eq!(&patched(&Node { wished: wished.clone(), ..node.clone() }, Vec::new()).unwrap(), &wished);
            }
            port_patched(&node, &port(), &operations).ok();
        }
    }
}
