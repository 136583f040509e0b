use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::bmc::power::Power;
use crate::model::moves::Verb;
use crate::model::node::{AgentSeen, Fault, Node, Wished};
use crate::model::notice::node::told;
use crate::model::notice::telling::{Move, Part, Session, Telling};
use crate::model::notice::{Envelope, Notice, Turned};
use crate::model::provision::Provision;

fn node() -> Node {
    let mut wished = Wished { name: Some("n1".into()), driver: "ipmi".into(), ..Wished::default() };
    wished.driver_info.insert("ipmi_password".into(), json!("hunter2"));
    wished.extra.insert("row".into(), json!("a\"b"));
    Node::new(NodeId(Uuid::from_u128(7)), wished, Moment(1_795_204_023_271_161))
}

fn between(before: &Node, after: &Node) -> Vec<Notice> {
    told(&Turned { before: Some(before), after: Some(after), host: "rack0" }, &[])
}

fn types(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|one| one.event_type.strip_prefix("baremetal.node.").unwrap()).collect()
}

/// Name and data of a payload.
fn read(notice: &Notice) -> (String, Value) {
    let payload: Value = serde_json::from_slice(&notice.payload).unwrap();
    assert_eq!(payload["ironic_object.namespace"], "ironic");
    let name = format!(
        "{} {}",
        payload["ironic_object.name"].as_str().unwrap(),
        payload["ironic_object.version"].as_str().unwrap()
    );
    (name, payload["ironic_object.data"].clone())
}

fn changed(change: impl FnOnce(&mut Node)) -> Vec<Notice> {
    let before = node();
    let mut after = node();
    change(&mut after);
    between(&before, &after)
}

#[test]
fn what_nobody_sees_tells_nothing() {
    let told = changed(|node| {
        node.updated_at = Some(Moment(1));
        node.reserved = true;
        node.changes = 9;
        node.waits = 3;
        node.misses = 2;
        node.agent_seen = Some(AgentSeen { version: None, last_heartbeat: Some(Moment(5)) });
    });
    assert_eq!(told, []);
    assert_eq!(between(&node(), &node()), []);
}

#[test]
fn a_record_that_comes_or_goes_is_told_with_all_its_members_and_no_secret() {
    let node = node();
    let told = told(&Turned { before: None, after: Some(&node), host: "rack0" }, &[]);
    assert_eq!(types(&told), ["create.start", "create.end"]);
    let (name, data) = read(&told[1]);
    assert_eq!(name, "NodeCRUDPayload 1.15");
    assert_eq!(data["driver_info"]["ipmi_password"], "******");
    assert_eq!(data["extra"]["row"], "a\"b");
    assert_eq!(data["uuid"], node.id.to_string());
    let keys = data.as_object().unwrap();
    // 47 of NodePayload, and instance_info, driver_info, chassis_uuid.
    assert_eq!(keys.len(), 50, "{keys:?}");
    assert!(!keys.contains_key("links"));
    let gone = super::told(&Turned { before: Some(&node), after: None, host: "rack0" }, &[]);
    assert_eq!(types(&gone), ["delete.start", "delete.end"]);
}

#[test]
fn a_patched_member_is_an_update_and_maintenance_has_an_event_of_its_own() {
    assert_eq!(types(&changed(|node| node.wished.description = Some("x".into()))), UPDATE);
    assert_eq!(types(&changed(|node| node.wished.maintenance = true)), MAINTENANCE);
    let both = changed(|node| {
        node.wished.maintenance = true;
        node.wished.owner = Some("o".into());
    });
    assert_eq!(types(&both), [MAINTENANCE, UPDATE].concat());
    let fault = changed(|node| {
        node.wished.maintenance = true;
        node.fault = Some(Fault::Power);
        node.last_error = Some("no answer".into());
    });
    assert_eq!(types(&fault), MAINTENANCE);
    let shown: Vec<Value> = fault.iter().map(|one| read(one).1["maintenance"].clone()).collect();
    assert_eq!(shown, [json!(false), json!(true)], "as it was, and as it is");
    assert_eq!(read(&fault[1]).0, "NodePayload 1.17");
    let unasked = changed(|node| node.last_error = Some("no answer".into()));
    assert_eq!(types(&unasked), ["update.end"], "nobody has begun it");
}

const UPDATE: &[&str] = &["update.start", "update.end"];
const MAINTENANCE: &[&str] = &["maintenance_set.start", "maintenance_set.end"];

fn moved(verb: Verb, from: (Provision, Option<Provision>), to: (Provision, Option<Provision>)) -> Telling {
    Telling::Moved(Move { verb, from, to })
}

#[test]
fn each_state_that_a_commit_went_through_is_told_with_the_one_before_and_the_word_between() {
    let (available, deploying) = (Provision::Available, Provision::Deploying);
    let target = Some(Provision::Active);
    let failed = Node { provision: Provision::DeployFail, target_provision: target, ..node() };
    let tellings = [
        moved(Verb::Deploy, (available, None), (deploying, target)),
        moved(Verb::Wait, (deploying, target), (Provision::DeployWait, target)),
        moved(Verb::Fail, (Provision::DeployWait, target), (Provision::DeployFail, target)),
    ];
    let told = told(&Turned { before: Some(&node()), after: Some(&failed), host: "rack0" }, &tellings);
    assert_eq!(types(&told), ["provision_set.start", "provision_set.success", "provision_set.error"]);
    assert!(told[2].is_error);
    let (name, data) = read(&told[0]);
    assert_eq!(name, "NodeSetProvisionStatePayload 1.18");
    assert_eq!(data["event"], "deploy");
    assert_eq!(data["previous_provision_state"], "available");
    assert_eq!(data["previous_target_provision_state"], Value::Null);
    assert_eq!(
        (&data["provision_state"], &data["target_provision_state"]),
        (&json!("deploying"), &json!("active"))
    );
    assert!(data["driver_internal_info"].is_object());
    let ended = [
        moved(Verb::Done, (deploying, target), (Provision::Active, None)),
        moved(Verb::Manage, (available, None), (Provision::Manageable, None)),
        moved(Verb::Hold, (Provision::Cleaning, None), (Provision::CleanHold, None)),
    ];
    let told = super::told(&Turned { before: Some(&failed), after: Some(&failed), host: "rack0" }, &ended);
    assert_eq!(types(&told), ["provision_set.end", "provision_set.success", "provision_set.end"]);
}

#[test]
fn power_and_console_are_told_in_their_order() {
    let (before, after) = (node(), Node { power: Some(Power::On), ..node() });
    let tellings = [
        Telling::Power(Part::End, Power::On),
        Telling::Power(Part::Error, Power::Off),
        Telling::Corrected(Some(Power::Off)),
        Telling::Console(Session::Restore, Part::Start),
    ];
    let told = told(&Turned { before: Some(&before), after: Some(&after), host: "rack0" }, &tellings);
    let wanted =
        ["power_set.end", "power_set.error", "power_state_corrected.success", "console_restore.start"];
    assert_eq!(types(&told), wanted);
    assert_eq!(told.iter().filter(|notice| notice.is_error).count(), 1);
    let (name, data) = read(&told[0]);
    assert_eq!((name.as_str(), &data["to_power"]), ("NodeSetPowerStatePayload 1.17", &json!("power on")));
    let (name, data) = read(&told[2]);
    assert_eq!(
        (name.as_str(), &data["from_power"]),
        ("NodeCorrectedPowerStatePayload 1.17", &json!("power off"))
    );
    assert_eq!(read(&told[3]).0, "NodePayload 1.17");
}

#[test]
fn the_envelope_is_one_line_that_consumers_of_the_reference_can_read() {
    let told = changed(|node| node.wished.description = Some("two\nlines".into()));
    let id = Uuid::from_u128(1);
    let line = Envelope { sequence: 12, at: Moment(0), id, host: "rack0" }.wrap(&told[1]);
    assert!(!line.contains(&b'\n'));
    let value: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(value["event_type"], "baremetal.node.update.end");
    assert_eq!(value["publisher_id"], "ironic-api.rack0");
    assert_eq!(value["priority"], "info");
    assert_eq!(value["timestamp"], "1970-01-01T00:00:00.000000+00:00");
    assert_eq!((&value["sequence"], &value["message_id"]), (&json!(12), &json!(id)));
    assert_eq!(value["payload"]["ironic_object.data"]["description"], "two\nlines");
}
