//! In which states a node or a port may be patched (contract `states.json`, `update_node`).

use crate::model::decision::ask::{PatchAsk, PatchVerb};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::node::{Node, Wished};
use crate::model::port::Port;
use crate::model::provision::Provision;

/// Whether the node takes patches at all at present.
pub fn open(node: &Node, ask: &PatchAsk, host: &str) -> Result<(), Refusal> {
    let state = node.provision;
    let freeing = node.wished.maintenance && removes_instance(ask);
    if node.target_provision.is_some() && !state.traits().patch_ok && !freeing {
        if node.reserved {
            return Err(Refusal::Locked { node: node.id, host: host.to_owned() });
        }
        return Err(conflict(
            node,
            &format!("cannot be updated while it is in {state}, on its way elsewhere"),
        ));
    }
    if state == Provision::Inspecting && ask.version >= INSPECT_WAIT_SINCE {
        return Err(conflict(node, "cannot be updated while it is being inspected"));
    }
    Ok(())
}

fn removes_instance(ask: &PatchAsk) -> bool {
    matches!(ask.operations.as_slice(), [op] if op.op == PatchVerb::Remove && op.path == "/instance_uuid")
}

/// Whether what a patch changes may change in the node's present state.
pub fn change(node: &Node, next: &Wished) -> Result<(), Refusal> {
    let old = &node.wished;
    hardware(node, next)?;
    if old.resource_class.is_some() && old.resource_class != next.resource_class && !at_rest(node) {
        return Err(conflict(node, &format!("cannot change its resource_class while in {}", node.provision)));
    }
    if old.instance_uuid.is_some() && next.instance_uuid.is_some() && old.instance_uuid != next.instance_uuid
    {
        return Err(conflict(node, "belongs to another instance: remove its instance_uuid first"));
    }
    let loose = at_rest(node) || old.maintenance;
    if let Some(held) = node.allocation.as_ref().filter(|_| next.instance_uuid.is_none() && !loose) {
        return Err(conflict(
            node,
            &format!(
                "is in {} and belongs to allocation {}: its instance_uuid can be removed in enroll, manageable, \
                 available, while inspecting or in maintenance",
                node.provision, held.id
            ),
        ));
    }
    if node.allocation.as_ref().is_some_and(|held| held.owner.is_some()) && old.owner != next.owner {
        return Err(conflict(
            node,
            "belongs to an allocation that has an owner: its own owner cannot change",
        ));
    }
    let protectable = matches!(node.provision, Provision::Active | Provision::Rescue);
    if next.protected && !old.protected && !protectable {
        return Err(conflict(node, "can be protected while it is active or in rescue only"));
    }
    if next.retired && !old.retired && node.provision == Provision::Available {
        return Err(conflict(node, "cannot be retired while it is available: manage it first"));
    }
    Ok(())
}

fn hardware(node: &Node, next: &Wished) -> Result<(), Refusal> {
    let old = &node.wished;
    let loose = at_rest(node) || old.maintenance;
    if old.driver != next.driver {
        if old.console_enabled {
            return Err(conflict(node, "cannot change its driver while its console is enabled"));
        }
        if !loose {
            return Err(conflict(
                node,
                &format!(
                    "cannot change its driver while in {}: it can in enroll, manageable, available, while inspecting or in maintenance",
                    node.provision
                ),
            ));
        }
    }
    let changed =
        Interface::ALL.into_iter().find(|kind| old.interfaces.of(*kind) != next.interfaces.of(*kind));
    match changed.filter(|_| !loose) {
        Some(kind) => Err(conflict(
            node,
            &format!(
                "cannot change its {kind}_interface while in {}: it can in enroll, manageable, available, while inspecting or in maintenance",
                node.provision
            ),
        )),
        None => Ok(()),
    }
}

/// States in which hardware may be described anew.
fn at_rest(node: &Node) -> bool {
    matches!(
        node.provision,
        Provision::Enroll
            | Provision::Inspecting
            | Provision::InspectWait
            | Provision::Manageable
            | Provision::Available
    )
}

/// Whether what a patch changes on a port may change in its node's present state.
pub fn port_change(node: &Node, old: &Port, next: &Port) -> Result<(), Refusal> {
    if node.wished.maintenance {
        return Ok(());
    }
    let used = node.provision == Provision::Active || node.wished.instance_uuid.is_some();
    if old.address != next.address && used {
        return Err(conflict(
            node,
            "is in use: the address of its port cannot change, except in maintenance",
        ));
    }
    let wiring = old.node != next.node
        || old.wished.portgroup_uuid != next.wished.portgroup_uuid
        || old.wished.pxe_enabled != next.wished.pxe_enabled
        || old.wished.local_link_connection != next.wished.local_link_connection
        || old.wished.physical_network != next.wished.physical_network;
    if wiring && !is_rewirable(node) {
        return Err(conflict(
            node,
            &format!(
                "is in {}: node, pxe_enabled, local_link_connection, physical_network and portgroup of its ports change in enroll, manageable, while inspecting or in maintenance only",
                node.provision
            ),
        ));
    }
    Ok(())
}

/// Whether a portgroup may go to another node in its node's present state.
pub fn portgroup_move(node: &Node) -> Result<(), Refusal> {
    if node.wished.maintenance || is_rewirable(node) {
        return Ok(());
    }
    Err(conflict(
        node,
        &format!(
            "is in {}: its portgroups go to other nodes in enroll, manageable, while inspecting or in maintenance only",
            node.provision
        ),
    ))
}

fn is_rewirable(node: &Node) -> bool {
    at_rest(node) && node.provision != Provision::Available
}

fn conflict(node: &Node, why: &str) -> Refusal {
    Refusal::Conflict(format!("node {} {why}", node.id))
}

/// From here on a node under inspection is told apart from one that waits for it, and is not patched.
const INSPECT_WAIT_SINCE: u16 = 39;
