use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::bmc::power::Power;
use crate::model::node::{AgentSeen, Fault, Node, Wished};
use crate::model::notice::node::told;
use crate::model::notice::{Envelope, Notice, Turned};
use crate::model::provision::Provision;

fn node() -> Node {
    let mut wished = Wished { name: Some("n1".into()), driver: "ipmi".into(), ..Wished::default() };
    wished.driver_info.insert("ipmi_password".into(), json!("hunter2"));
    wished.extra.insert("row".into(), json!("a\"b"));
    Node::new(NodeId(Uuid::from_u128(7)), wished, Moment(1_795_204_023_271_161))
}

fn between(before: &Node, after: &Node) -> Vec<Notice> {
    told(&Turned { before: Some(before), after: Some(after), host: "rack0" })
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
    let told = told(&Turned { before: None, after: Some(&node), host: "rack0" });
    assert_eq!(types(&told), ["create.end"]);
    let (name, data) = read(&told[0]);
    assert_eq!(name, "NodeCRUDPayload 1.15");
    assert_eq!(data["driver_info"]["ipmi_password"], "******");
    assert_eq!(data["extra"]["row"], "a\"b");
    assert_eq!(data["uuid"], node.id.to_string());
    let keys = data.as_object().unwrap();
    // 47 of NodePayload, and instance_info, driver_info, chassis_uuid.
    assert_eq!(keys.len(), 50, "{keys:?}");
    assert!(!keys.contains_key("links"));
    let gone = super::told(&Turned { before: Some(&node), after: None, host: "rack0" });
    assert_eq!(types(&gone), ["delete.end"]);
}

#[test]
fn a_patched_member_is_an_update_and_maintenance_has_an_event_of_its_own() {
    assert_eq!(types(&changed(|node| node.wished.description = Some("x".into()))), ["update.end"]);
    assert_eq!(types(&changed(|node| node.wished.maintenance = true)), ["maintenance_set.end"]);
    let both = changed(|node| {
        node.wished.maintenance = true;
        node.wished.owner = Some("o".into());
    });
    assert_eq!(types(&both), ["maintenance_set.end", "update.end"]);
    let fault = changed(|node| {
        node.wished.maintenance = true;
        node.fault = Some(Fault::Power);
        node.last_error = Some("no answer".into());
    });
    assert_eq!(types(&fault), ["maintenance_set.end"]);
    assert_eq!(read(&fault[0]).0, "NodePayload 1.17");
    assert_eq!(types(&changed(|node| node.wished.console_enabled = true)), ["console_set.end"]);
}

#[test]
fn a_state_is_told_with_the_one_before_and_the_word_between() {
    let mut before = node();
    before.provision = Provision::Available;
    let mut after = before.clone();
    after.provision = Provision::Deploying;
    after.target_provision = Some(Provision::Active);
    let told = between(&before, &after);
    assert_eq!(types(&told), ["provision_set.start"]);
    let (name, data) = read(&told[0]);
    assert_eq!(name, "NodeSetProvisionStatePayload 1.18");
    assert_eq!(data["event"], "deploy");
    assert_eq!(data["previous_provision_state"], "available");
    assert_eq!(data["previous_target_provision_state"], Value::Null);
    assert_eq!(data["provision_state"], "deploying");
    assert!(data["driver_internal_info"].is_object());
    let next = |from: &Node, to| between(from, &Node { provision: to, ..from.clone() });
    assert_eq!(types(&next(&after, Provision::DeployWait)), ["provision_set.success"]);
    assert_eq!(types(&next(&after, Provision::Active)), ["provision_set.end"]);
    let failed = next(&after, Provision::DeployFail);
    assert_eq!((types(&failed), failed[0].is_error), (vec!["provision_set.error"], true));
    assert_eq!(types(&next(&before, Provision::Manageable)), ["provision_set.success"]);
}

#[test]
fn power_is_told_at_its_start_its_end_and_when_it_was_another() {
    let start = changed(|node| node.target_power = Some(Power::On));
    assert_eq!(types(&start), ["power_set.start"]);
    assert_eq!(read(&start[0]).1["to_power"], "power on");
    let waiting = Node { target_power: Some(Power::On), ..node() };
    let on = Node { power: Some(Power::On), target_power: None, ..node() };
    assert_eq!(types(&between(&waiting, &on)), ["power_set.end"]);
    let failed = Node { last_error: Some("silent".into()), ..node() };
    let told = between(&waiting, &failed);
    assert_eq!((types(&told), told[0].is_error), (vec!["power_set.error"], true));
    let off = Node { power: Some(Power::Off), ..node() };
    let told = between(&on, &off);
    assert_eq!(types(&told), ["power_state_corrected.success"]);
    assert_eq!(read(&told[0]).1["from_power"], "power on");
}

#[test]
fn the_envelope_is_one_line_that_consumers_of_the_reference_can_read() {
    let told = changed(|node| node.wished.description = Some("two\nlines".into()));
    let id = Uuid::from_u128(1);
    let line = Envelope { sequence: 12, at: Moment(0), id, host: "rack0" }.wrap(&told[0]);
    assert!(!line.contains(&b'\n'));
    let value: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(value["event_type"], "baremetal.node.update.end");
    assert_eq!(value["publisher_id"], "ironic-api.rack0");
    assert_eq!(value["priority"], "info");
    assert_eq!(value["timestamp"], "1970-01-01T00:00:00.000000+00:00");
    assert_eq!((&value["sequence"], &value["message_id"]), (&json!(12), &json!(id)));
    assert_eq!(value["payload"]["ironic_object.data"]["description"], "two\nlines");
}
