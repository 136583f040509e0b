//! Portgroups of a node (C21, C22 and C28 of contract `seeds-functions.md`).

use std::sync::Arc;

use uuid::Uuid;

use crate::flow::course::Course;
use crate::flow::part::INSPECT_WAIT_SINCE;
use crate::flow::part::port::touches;
use crate::model::decision::ask::{Answer, PatchOp};
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Row};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::part::ask::PortgroupAsk;
use crate::model::part::portgroup::Portgroup;
use crate::model::part::vif;
use crate::model::patch::rules;
use crate::model::port::Port;
use crate::model::provision::Provision;

/// Decides what is asked of the node's portgroups.
pub fn admit(node: &Node, ask: &PortgroupAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    match ask {
        PortgroupAsk::Create(group) => create(node, group, facts),
        PortgroupAsk::Patch { id, operations, version } => patch(node, *id, operations, *version, facts),
        PortgroupAsk::Delete(id) => delete(node, *id, facts),
    }
}

fn create(node: &Node, group: &Portgroup, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if facts.portgroups.len() >= LIMIT {
        return Err(Refusal::Invalid(format!("node {} has {LIMIT} portgroups already", node.id)));
    }
    let mut course = Course::of(node, facts);
    let made = Portgroup { node: node.id, created_at: facts.at, updated_at: None, ..group.clone() };
    course.answer = Answer::Portgroup(Arc::new(made.clone()));
    course.row(Row::Portgroup(Box::new(made)));
    Ok(course.finish(node))
}

/// Changes it; a new physical network is that of its ports, too.
fn patch(
    node: &Node,
    id: Uuid,
    operations: &[PatchOp],
    version: u16,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let old = own(id, facts)?;
    let mut next = old.patched(operations)?;
    if node.provision == Provision::Inspecting && version >= INSPECT_WAIT_SINCE {
        return Err(Refusal::Conflict(format!(
            "portgroup {id} cannot be updated while node {} is being inspected",
            node.id
        )));
    }
    if next.node != old.node {
        leave(node, old, facts)?;
    }
    let alone = next.wished.standalone_ports_supported;
    if vif::are_kept(node) && !alone && old.wished.standalone_ports_supported {
        members(old, facts).try_for_each(|port| check_alone(port, &next))?;
    }
    let mut course = Course::of(node, facts);
    if next != **old {
        next.updated_at = Some(facts.at);
        course.row(Row::Portgroup(Box::new(next.clone())));
    }
    if next.node != old.node {
        course.note(Event::info("portgroup", format!("portgroup {id} belongs to node {} now", next.node)));
    }
    if touches(operations, "physical_network") {
        cascade(&mut course, &next, facts);
    }
    course.answer = Answer::Portgroup(Arc::new(next));
    Ok(course.finish(node))
}

/// Whether a portgroup may go to another node.
fn leave(node: &Node, old: &Portgroup, facts: &Facts<'_>) -> Result<(), Refusal> {
    if members(old, facts).next().is_some() {
        let id = old.id;
        return Err(Refusal::Invalid(format!("portgroup {id} cannot go to another node while it has ports")));
    }
    if let Some(bound) = vif::of(&old.internal_info) {
        let id = old.id;
        return Err(Refusal::Conflict(format!(
            "portgroup {id} cannot go to another node: VIF {bound} is bound to it"
        )));
    }
    rules::portgroup_move(node)
}

fn cascade(course: &mut Course<'_>, group: &Portgroup, facts: &Facts<'_>) {
    let network = &group.wished.physical_network;
    for port in members(group, facts).filter(|port| port.wished.physical_network != *network) {
        let mut next = Port { updated_at: Some(facts.at), ..Port::clone(port) };
        next.wished.physical_network.clone_from(network);
        course.row(Row::Port(Box::new(next)));
    }
}

fn delete(node: &Node, id: Uuid, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let group = own(id, facts)?;
    if members(group, facts).next().is_some() {
        return Err(Refusal::Invalid(format!("portgroup {id} has ports: take them out first")));
    }
    let mut course = Course::of(node, facts);
    course.row(Row::PortgroupRemoved(id));
    Ok(course.finish(node))
}

fn own<'a>(id: Uuid, facts: &'a Facts<'_>) -> Result<&'a Arc<Portgroup>, Refusal> {
    let found = facts.portgroups.iter().find(|group| group.id == id);
    found.ok_or_else(|| Refusal::NotFound(format!("portgroup {id} could not be found")))
}

/// The ports that belong to a portgroup, in the order of their creation.
pub fn members<'a>(group: &Portgroup, facts: &'a Facts<'_>) -> impl Iterator<Item = &'a Arc<Port>> {
    let id = group.id.to_string();
    facts.ports.iter().filter(move |port| port.wished.portgroup_uuid.as_deref() == Some(id.as_str()))
}

/// Refuses a port that is used alone in a portgroup whose ports cannot be.
pub fn check_alone(port: &Port, group: &Portgroup) -> Result<(), Refusal> {
    if group.wished.standalone_ports_supported {
        return Ok(());
    }
    let pxe = port.wished.pxe_enabled.then(|| "its pxe_enabled is true".to_owned());
    let bound = vif::of(&port.internal_info).map(|vif| format!("VIF {vif} is attached to it"));
    let reasons: Vec<_> = pxe.into_iter().chain(bound).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Refusal::Conflict(format!(
        "portgroup {} does not support standalone ports, and port {} would be one: {}",
        group.id,
        port.id,
        reasons.join(", ")
    )))
}

/// Portgroups of one server: each has two ports at least if it is of any use.
const LIMIT: usize = 64;
