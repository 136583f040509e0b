//! Ports and portgroups: what may change in which state of their node.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::parts::{group, port};
use super::stage::Stage;
use crate::base::id::{NodeId, PortId};
use crate::model::decision::ask::{Answer, Ask, PatchOp, PatchVerb};
use crate::model::decision::refusal::Refusal;
use crate::model::part::ask::{PartAsk, PortgroupAsk};
use crate::model::part::portgroup::Portgroup;
use crate::model::part::vif;
use crate::model::port::Port;
use crate::model::provision::Provision;

const BOND: Uuid = Uuid::from_u128(9);

/// A node with a bond of one port, and one port beside it.
fn stage(deploy: &str, provision: Provision) -> Stage {
    let mut stage = Stage::at(deploy, provision);
    let bond = group(9);
    stage.ports = vec![port(1, Some(bond.id)), port(2, None)];
    stage.around.portgroups = vec![bond];
    stage
}

fn operation(path: &str, value: Value) -> Vec<PatchOp> {
    vec![PatchOp { op: PatchVerb::Replace, path: path.to_owned(), value }]
}

fn patch(stage: &mut Stage, port: u128, path: &str, value: Value, version: u16) -> Result<Answer, Refusal> {
    let port = PortId(Uuid::from_u128(port));
    stage.ask(&Ask::PortPatch { port, patch: operation(path, value), version })
}

fn patch_group(stage: &mut Stage, path: &str, value: Value) -> Result<Answer, Refusal> {
    let ask = PortgroupAsk::Patch { id: BOND, operations: operation(path, value), version: 115 };
    stage.ask(&Ask::Part(PartAsk::Portgroup(ask)))
}

fn change_port(stage: &mut Stage, place: usize, change: impl FnOnce(&mut Port)) {
    let mut port = Port::clone(&stage.ports[place]);
    change(&mut port);
    stage.ports[place] = Arc::new(port);
}

fn change_group(stage: &mut Stage, change: impl FnOnce(&mut Portgroup)) {
    let mut group = Portgroup::clone(&stage.around.portgroups[0]);
    change(&mut group);
    stage.around.portgroups[0] = Arc::new(group);
}

/// Refused as a conflict, with nothing changed.
fn conflicts(stage: &mut Stage, ask: impl FnOnce(&mut Stage) -> Result<Answer, Refusal>, word: &str) {
    let before = (stage.ports.clone(), stage.around.portgroups.clone());
    let refusal = ask(stage).unwrap_err();
    assert!(matches!(refusal, Refusal::Conflict(_)) && refusal.to_string().contains(word), "{refusal}");
    assert_eq!((&stage.ports, &stage.around.portgroups), (&before.0, &before.1));
}

#[test]
fn a_port_in_use_changes_in_maintenance_only() {
    for state in [Provision::Active, Provision::Available] {
        let mut stage = stage("plain", state);
        stage.node.wished.instance_uuid = Some(Uuid::from_u128(77));
        for (path, value) in [("/address", json!("02:00:00:00:00:77")), ("/pxe_enabled", json!(false))] {
            conflicts(&mut stage, |stage| patch(stage, 2, path, value.clone(), 115), "maintenance");
        }
        stage.node.wished.maintenance = true;
        patch(&mut stage, 2, "/address", json!("02:00:00:00:00:77"), 115).unwrap();
        patch(&mut stage, 2, "/pxe_enabled", json!(false), 115).unwrap();
        let port = stage.ports.iter().find(|port| port.id == PortId(Uuid::from_u128(2))).unwrap();
        assert_eq!((port.address.0[5], port.wished.pxe_enabled), (0x77, false));
        assert!(port.updated_at.is_some());
    }
}

#[test]
fn neither_ports_nor_portgroups_change_while_their_node_is_inspected() {
    let mut stage = stage("plain", Provision::Inspecting);
    conflicts(&mut stage, |stage| patch(stage, 2, "/extra", json!({"a": 1}), 115), "being inspected");
    conflicts(&mut stage, |stage| patch_group(stage, "/extra", json!({"a": 1})), "being inspected");
}

#[test]
fn a_grouped_port_stays_in_the_network_of_its_portgroup() {
    let mut stage = stage("plain", Provision::Manageable);
    change_group(&mut stage, |group| group.wished.physical_network = Some("net1".to_owned()));
    change_port(&mut stage, 0, |port| port.wished.physical_network = Some("net1".to_owned()));
    change_port(&mut stage, 1, |port| port.wished.physical_network = Some("net2".to_owned()));
    conflicts(&mut stage, |stage| patch(stage, 2, "/portgroup_uuid", json!(BOND), 115), "net1");
    let refusal = patch(&mut stage, 1, "/physical_network", json!("net2"), 115).unwrap_err();
    assert!(matches!(&refusal, Refusal::Invalid(why) if why.contains("belongs to a portgroup")), "{refusal}");
    change_port(&mut stage, 1, |port| port.wished.physical_network = Some("net1".to_owned()));
    patch(&mut stage, 2, "/portgroup_uuid", json!(BOND), 115).unwrap();
}

#[test]
fn a_portgroup_whose_ports_are_not_used_alone_takes_none_that_is() {
    let mut stage = stage("plain", Provision::Manageable);
    stage.node.wished.interfaces.network = "flat".to_owned();
    assert!(vif::are_kept(&stage.node));
    conflicts(
        &mut stage,
        |stage| patch_group(stage, "/standalone_ports_supported", json!(false)),
        "does not support standalone ports",
    );
    change_group(&mut stage, |group| group.wished.standalone_ports_supported = false);
    conflicts(
        &mut stage,
        |stage| patch(stage, 2, "/portgroup_uuid", json!(BOND), 115),
        "does not support standalone ports",
    );
}

#[test]
fn a_portgroup_goes_to_another_node_alone_and_unbound_while_its_node_rests() {
    let other = NodeId(Uuid::from_u128(7));
    let go = |stage: &mut Stage| patch_group(stage, "/node_uuid", json!(other));
    let mut full = stage("plain", Provision::Manageable);
    let refusal = go(&mut full).unwrap_err();
    assert!(matches!(&refusal, Refusal::Invalid(why) if why.contains("has ports")), "{refusal}");
    let empty = |state| {
        let mut stage = stage("plain", state);
        stage.ports.remove(0);
        stage
    };
    let mut bound = empty(Provision::Manageable);
    change_group(&mut bound, |group| {
        group.internal_info.insert(vif::KEY.to_owned(), json!("v1"));
    });
    conflicts(&mut bound, go, "v1");
    conflicts(&mut empty(Provision::Active), go, "in maintenance only");
    let mut free = empty(Provision::Manageable);
    let Answer::Portgroup(gone) = go(&mut free).unwrap() else { panic!() };
    assert_eq!(gone.node, other);
}
