//! Ports of a node: which rules hold between them, their portgroup and the node's state (C20, C26 and C27 of contract
//! `seeds-functions.md`).

use std::sync::Arc;

use crate::base::id::PortId;
use crate::flow::course::Course;
use crate::flow::part::{INSPECT_WAIT_SINCE, portgroup};
use crate::model::decision::ask::{Answer, PatchOp};
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Row};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::part::portgroup::Portgroup;
use crate::model::part::vif;
use crate::model::patch::{self, apply, rules};
use crate::model::port::Port;
use crate::model::provision::Provision;

/// A patch of a port.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub port: PortId,
    pub operations: &'a [PatchOp],
    /// The client's microversion, minor number.
    pub version: u16,
}

/// Adds a NIC.
pub fn create(node: &Node, port: &Port, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let mut course = Course::of(node, facts);
    if facts.ports.len() >= PORTS_LIMIT {
        return Err(Refusal::Invalid(format!("node {} has {PORTS_LIMIT} ports already", node.id)));
    }
    if let Some(group) = group_of(node, port, facts)? {
        check_network(port, group, facts)?;
    }
    let port = Port { node: node.id, created_at: facts.at, updated_at: None, ..port.clone() };
    course.answer = Answer::Port(Arc::new(port.clone()));
    course.row(Row::Port(Box::new(port)));
    Ok(course.finish(node))
}

/// Changes a NIC.
pub fn patch(node: &Node, change: Change<'_>, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let Change { port, operations, version } = change;
    let mut course = Course::of(node, facts);
    let old = facts.ports.iter().find(|one| one.id == port).ok_or(Refusal::NoSuchPort { port })?;
    let mut next = patch::port_patch(old, operations)?;
    let group = if next.node == node.id {
        group_of(node, &next, facts)?
    } else {
        leave(old, &next)?;
        None
    };
    if version >= GROUP_NETWORK_SINCE && group.is_some() && touches(operations, "physical_network") {
        return Err(Refusal::Invalid(format!(
            "physical_network of port {port} cannot change while the port belongs to a portgroup"
        )));
    }
    if node.provision == Provision::Inspecting && version >= INSPECT_WAIT_SINCE {
        return Err(Refusal::Conflict(format!(
            "port {port} cannot be updated while node {} is being inspected",
            node.id
        )));
    }
    rules::port_change(node, old, &next)?;
    if let Some(group) = group {
        let moved = old.wished.portgroup_uuid != next.wished.portgroup_uuid;
        if moved || old.wished.physical_network != next.wished.physical_network {
            check_network(&next, group, facts)?;
        }
        if vif::are_kept(node) && (moved || old.wished.pxe_enabled != next.wished.pxe_enabled) {
            portgroup::check_alone(&next, group)?;
        }
    }
    if next != **old {
        next.updated_at = Some(facts.at);
        course.row(Row::Port(Box::new(next.clone())));
    }
    if next.node != node.id {
        course.note(Event::info("port", format!("port {port} belongs to node {} now", next.node)));
    }
    course.answer = Answer::Port(Arc::new(next));
    Ok(course.finish(node))
}

/// Whether a port may go to another node: it brings neither portgroup nor VIF along.
fn leave(old: &Port, next: &Port) -> Result<(), Refusal> {
    if next.wished.portgroup_uuid.is_some() {
        return Err(Refusal::Invalid(format!(
            "port {} cannot go to another node with its portgroup: take it out first",
            old.id
        )));
    }
    if let Some(bound) = vif::of(&old.internal_info) {
        return Err(Refusal::Conflict(format!(
            "port {} cannot go to another node: VIF {bound} is bound to it",
            old.id
        )));
    }
    Ok(())
}

/// Removes a NIC; one that a VIF is bound to stays, except in maintenance.
pub fn delete(node: &Node, port: PortId, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let mut course = Course::of(node, facts);
    let old = facts.ports.iter().find(|one| one.id == port).ok_or(Refusal::NoSuchPort { port })?;
    if let Some(bound) = vif::of(&old.internal_info).filter(|_| !node.wished.maintenance) {
        return Err(Refusal::Conflict(format!(
            "port {port} cannot be deleted: VIF {bound} is bound to it (detach it, or set maintenance)"
        )));
    }
    course.row(Row::PortRemoved(port));
    Ok(course.finish(node))
}

/// The portgroup that a port says it belongs to: one of the same node.
fn group_of<'a>(node: &Node, port: &Port, facts: &'a Facts<'_>) -> Result<Option<&'a Portgroup>, Refusal> {
    let Some(id) = &port.wished.portgroup_uuid else { return Ok(None) };
    let found = facts.portgroups.iter().find(|group| group.id.to_string() == *id);
    found.map(|group| Some(&**group)).ok_or_else(|| {
        Refusal::Invalid(format!("portgroup_uuid {id} names no portgroup of node {}", node.id))
    })
}

/// All ports of a portgroup are in one physical network, which is the group's if it has no other port.
fn check_network(port: &Port, group: &Portgroup, facts: &Facts<'_>) -> Result<(), Refusal> {
    let others = portgroup::members(group, facts).filter(|other| other.id != port.id);
    let Some(network) = others
        .map(|other| &other.wished.physical_network)
        .next()
        .or(Some(&group.wished.physical_network).filter(|network| network.is_some()))
    else {
        return Ok(());
    };
    if *network == port.wished.physical_network {
        return Ok(());
    }
    Err(Refusal::Conflict(format!(
        "a port with physical network {} cannot belong to portgroup {}, whose physical network is {}",
        port.wished.physical_network.as_deref().unwrap_or(NONE),
        group.id,
        network.as_deref().unwrap_or(NONE)
    )))
}

/// Whether an operation is about this member.
pub fn touches(operations: &[PatchOp], root: &str) -> bool {
    operations.iter().any(|op| apply::split(&op.path).0 == root)
}

/// How messages call a physical network that nobody has named.
const NONE: &str = "none";

/// NICs of one server: more than any has.
pub const PORTS_LIMIT: usize = 128;

/// Since then the physical network of grouped ports is their portgroup's affair.
const GROUP_NETWORK_SINCE: u16 = 102;
