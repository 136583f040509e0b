//! Inspections: what the BMC tells becomes inventory, ports and properties; what it does not tell stays.

use std::sync::Arc;

use serde_json::json;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::flow;
use crate::flow::tests::stage::{Stage, object};
use crate::model::Object;
use crate::model::bmc::panel::Mode;
use crate::model::catalog::{HardwareType, Implementation};
use crate::model::decision::Decision;
use crate::model::decision::effect::{Effect, Look, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::{Inspection, Inventory, Nic};
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::port::{Port, PortWished};
use crate::model::provision::Provision;
use crate::model::turn::Failure;

const fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

fn port_id(last: u8) -> PortId {
    PortId(uuid::Uuid::from_u128(u128::from(last)))
}

fn nic(last: u8) -> Nic {
    Nic { mac: mac(last), name: format!("NIC.{last}"), port: port_id(last) }
}

/// A machine with all that is needed and two NICs.
fn found() -> Inspection {
    Inspection {
        memory_mb: Some(98_816),
        local_gb: Some(464),
        cpu_arch: Some("x86_64".to_owned()),
        boot_mode: Some(Mode::Uefi),
        nics: vec![nic(1), nic(2)],
        boots_from: None,
        kept: Arc::new(Inventory { inventory: object(json!({"disks": []})), plugin_data: Object::new() }),
    }
}

/// A node whose inspection has begun.
fn inspecting() -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.pass(100);
    stage.verb("inspect").unwrap();
    stage.pass(40);
    stage
}

fn told(stage: &mut Stage, found: Inspection) {
    stage.pay(Outcome::Inspected(Arc::new(found)));
}

fn add_port(stage: &mut Stage, last: u8, pxe_enabled: bool) {
    stage.ports.push(Arc::new(Port {
        id: port_id(100 + last),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: stage.node.id,
        address: mac(last),
        wished: PortWished { pxe_enabled, ..PortWished::default() },
        internal_info: Object::new(),
    }));
}

fn ports(stage: &Stage) -> Vec<(Mac, bool)> {
    stage.ports.iter().map(|port| (port.address, port.wished.pxe_enabled)).collect()
}

fn noted(stage: &Stage, text: &str) -> bool {
    stage.journal.iter().any(|event| event.text.contains(text))
}

#[test]
fn an_inspection_is_owed_and_ends_with_all_that_was_told() {
    let mut stage = inspecting();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::Inspecting, Some(Provision::Manageable))
    );
    assert_eq!(stage.owed[0].effect, Effect::Inspect { limit: 1800 });
    assert_eq!(stage.owed[0].purpose, Purpose::Inspect);
    assert!(stage.node.reserved);
    let began = stage.node.inspection_started_at.unwrap();
    assert_eq!(stage.node.inspection_finished_at, None);

    told(&mut stage, found());
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Manageable, None));
    let expected =
        json!({"memory_mb": 98_816, "local_gb": 464, "cpu_arch": "x86_64", "capabilities": "boot_mode:uefi"});
    assert_eq!(stage.node.wished.properties, object(expected));
    assert_eq!(ports(&stage), [(mac(1), true), (mac(2), true)]);
    assert_eq!(stage.ports[0].id, port_id(1));
    assert_eq!(stage.inventory.as_deref().unwrap().inventory, object(json!({"disks": []})));
    let ended = stage.node.inspection_finished_at.unwrap();
    assert_eq!((stage.node.inspection_started_at, ended.seconds_since(began)), (None, 40));
    assert_eq!((stage.error(), stage.node.reserved), ("", false));
    assert!(noted(&stage, "new ports: 02:00:00:00:00:01 (NIC.1), 02:00:00:00:00:02 (NIC.2)"));
    assert_eq!(stage.scenes.last().unwrap().seconds, Some(40));
}

#[test]
fn a_second_inspection_that_finds_the_same_changes_nothing_but_its_moments() {
    let mut stage = inspecting();
    told(&mut stage, found());
    let (properties, ports) = (stage.node.wished.properties.clone(), stage.ports.clone());
    stage.verb("inspect").unwrap();
    assert_eq!(stage.node.inspection_finished_at, None);
    told(&mut stage, found());
    assert_eq!((&stage.node.wished.properties, &stage.ports), (&properties, &ports));
    assert_eq!(stage.journal.iter().filter(|event| event.text.starts_with("new ports")).count(), 1);
}

#[test]
fn a_mac_of_another_node_is_left_out_and_told() {
    let mut stage = inspecting();
    let other = NodeId(uuid::Uuid::from_u128(7));
    stage.bearers.0.insert(mac(1), other);
    told(&mut stage, found());
    assert_eq!(stage.state(), Provision::Manageable);
    assert_eq!(ports(&stage), [(mac(2), true)]);
    assert!(noted(&stage, &format!("NICs that get no port: 02:00:00:00:00:01 (NIC.1) is node {other}'s")));
}

#[test]
fn ports_that_are_there_stay_as_they_are_while_nobody_says_what_boots() {
    let mut stage = inspecting();
    add_port(&mut stage, 1, false);
    add_port(&mut stage, 9, true);
    told(&mut stage, found());
    assert_eq!(ports(&stage), [(mac(1), false), (mac(9), true), (mac(2), true)]);
    assert_eq!(stage.ports[0].updated_at, None);
}

#[test]
fn where_it_is_known_what_boots_only_that_nic_gets_a_port_and_ports_are_marked() {
    let mut stage = inspecting();
    add_port(&mut stage, 1, true);
    add_port(&mut stage, 9, true);
    told(&mut stage, Inspection { boots_from: Some(mac(2)), nics: vec![nic(1), nic(2), nic(3)], ..found() });
    let mut seen = ports(&stage);
    seen.sort_unstable();
    assert_eq!(seen, [(mac(1), false), (mac(2), true), (mac(9), true)]);
    assert!(noted(&stage, "the port of 02:00:00:00:00:01 does not boot"));
}

#[test]
fn a_node_has_only_so_many_ports() {
    let mut stage = inspecting();
    let many = (0..200).map(nic).collect();
    told(&mut stage, Inspection { nics: many, ..found() });
    assert_eq!(stage.ports.len(), 128);
    assert!(noted(&stage, "is one too many"));
}

#[test]
fn what_is_needed_and_not_told_fails_the_inspection_by_name() {
    let mut stage = inspecting();
    told(&mut stage, Inspection { memory_mb: None, cpu_arch: None, ..found() });
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::InspectFail, Some(Provision::Manageable))
    );
    assert!(stage.error().contains("Failed to discover the following properties: memory_mb, cpu_arch"));
    assert!(stage.inventory.is_some() && stage.ports.len() == 2, "what is known is kept");
    assert_eq!((stage.node.inspection_started_at, stage.node.inspection_finished_at), (None, None));

    stage.node.wished.properties.extend(object(json!({"memory_mb": 1024, "cpu_arch": "aarch64"})));
    stage.verb("inspect").unwrap();
    assert_eq!(stage.error(), "");
    told(&mut stage, Inspection { memory_mb: None, cpu_arch: None, ..found() });
    assert_eq!(stage.state(), Provision::Manageable, "a person has said it");
}

#[test]
fn a_machine_without_disks_is_told_and_keeps_what_a_person_has_said() {
    let mut stage = inspecting();
    told(&mut stage, Inspection { local_gb: Some(0), ..found() });
    assert_eq!(
        (stage.state(), &stage.node.wished.properties["local_gb"]),
        (Provision::Manageable, &json!(0))
    );
    assert!(noted(&stage, "no disk"));
    let mut stage = inspecting();
    stage.node.wished.properties.insert("local_gb".to_owned(), json!(100));
    told(&mut stage, Inspection { local_gb: Some(0), ..found() });
    assert_eq!(stage.node.wished.properties["local_gb"], 100);
}

#[test]
fn capabilities_are_merged() {
    for (before, after) in [
        (json!(null), json!("boot_mode:uefi")),
        (json!(""), json!("boot_mode:uefi")),
        (json!("raid:yes"), json!("raid:yes,boot_mode:uefi")),
        (json!("raid:yes, boot_mode:bios"), json!("raid:yes, boot_mode:bios")),
        (json!({"raid": "yes"}), json!({"raid": "yes", "boot_mode": "uefi"})),
        (json!({"boot_mode": "bios"}), json!({"boot_mode": "bios"})),
        (json!([1]), json!([1])),
    ] {
        let mut stage = inspecting();
        stage.node.wished.properties.insert("capabilities".to_owned(), before.clone());
        told(&mut stage, found());
        assert_eq!(stage.node.wished.properties["capabilities"], after, "{before}");
    }
}

#[test]
fn a_failure_names_node_interface_cause_and_remedy() {
    let mut stage = inspecting();
    stage.pay(Outcome::Failed(Failure::silent("no answer from redfish BMC 10.0.0.9:443")));
    assert_eq!(stage.state(), Provision::InspectFail);
    for part in ["node n1", "interface x", "redfish BMC 10.0.0.9:443", "driver_info", "inspect it again"] {
        assert!(stage.error().contains(part), "{part} in {}", stage.error());
    }
    assert!(stage.owed.is_empty());
    stage.verb("manage").unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
}

#[test]
fn an_interface_that_cannot_inspect_is_refused_by_name_before_the_move() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    let absent = Implementation { absent: true, ..Implementation::default() };
    let missing = Implementation { missing: true, ..Implementation::default() };
    stage.catalog.implementations.insert((Interface::Inspect, "no-inspect".to_owned()), absent);
    stage.catalog.implementations.insert((Interface::Inspect, "agent".to_owned()), missing);
    let supported = ["x", "agent", "no-inspect"].map(str::to_owned).to_vec();
    let kind =
        HardwareType { supported: [(Interface::Inspect, supported)].into(), ..HardwareType::default() };
    stage.catalog.types.insert("d".to_owned(), kind);
    for (name, why) in [
        ("no-inspect", "\"no-inspect\" does not inspect (set inspect_interface to x)"),
        ("agent", "\"agent\" is not part of this version (set inspect_interface to x)"),
        ("zz", "\"zz\" is not enabled"),
    ] {
        stage.node.wished.interfaces.inspect = name.to_owned();
        let before = stage.node.clone();
        let refusal = stage.verb("inspect").unwrap_err();
        assert!(matches!(&refusal, Refusal::Invalid(text) if text.contains(why)), "{refusal}");
        assert_eq!(stage.node, before);
    }
}

#[test]
fn settings_are_looked_at_first_and_refuse_the_ask() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    let verb = crate::model::moves::Verb::Inspect;
    let ask = crate::model::decision::ask::Ask::Provision(crate::model::decision::ask::ProvisionAsk::new(
        verb, "inspect",
    ));
    assert_eq!(flow::wants(&stage.node, &ask), [Look::Valid { deploy: false }]);
    let bad = |interface| {
        [Seen::Valid(vec![Verdict { interface, reason: Some("redfish_address is missing".to_owned()) }])]
    };
    for interface in [Interface::Inspect, Interface::Power] {
        let refusal = stage.ask_seen(&ask, &bad(interface)).unwrap_err();
        assert!(refusal.to_string().contains("inspect or power info"), "{refusal}");
    }
    stage.ask_seen(&ask, &bad(Interface::Console)).unwrap();
}

#[test]
fn a_start_goes_on_with_what_is_owed_and_owes_what_was_lost() {
    let mut stage = inspecting();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.owed.len(), 1);
    stage.owed.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.owed.len(), 1, "nobody would ever end it");
    told(&mut stage, found());
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn an_outcome_of_another_effect_ends_it_and_a_late_one_changes_nothing() {
    let mut stage = inspecting();
    let number = stage.owed[0].number;
    stage.pay(Outcome::Done);
    assert_eq!(stage.state(), Provision::InspectFail);
    let before = stage.node.clone();
    stage.happen(&Happened::Paid { number, outcome: Outcome::Inspected(Arc::new(found())) });
    assert_eq!(stage.node, before);
}

#[test]
fn an_inspection_that_waits_can_be_aborted_and_one_that_works_cannot() {
    let mut stage = inspecting();
    assert!(matches!(stage.verb("abort").unwrap_err(), Refusal::Locked { .. }));
    let mut stage = Stage::at("plain", Provision::InspectWait);
    stage.node.inspection_started_at = Some(Moment(0));
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.node.inspection_started_at), (Provision::InspectFail, None));
    assert!(stage.error().contains("aborted by request"));
}

#[test]
fn a_record_that_outgrew_its_limit_ends_the_inspection() {
    let mut stage = inspecting();
    let number = stage.owed[0].number;
    let happened = Happened::Paid { number, outcome: Outcome::Inspected(Arc::new(found())) };
    for (rule, told) in [(flow::outgrown as Rule, true), (flow::forgotten, false)] {
        let mut stage = inspecting();
        stage.take(&happened, rule);
        assert_eq!((stage.state(), stage.owed.len()), (Provision::InspectFail, 0));
        assert_eq!(stage.error().contains("does not fit"), told, "{}", stage.error());
    }
    stage.take(&happened, flow::absorb);
    assert_eq!(stage.state(), Provision::Manageable);
}

type Rule = fn(&Node, &Happened, &Facts<'_>) -> Decision;
