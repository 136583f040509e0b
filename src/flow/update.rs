//! Changes of the record that work on no machine: patch, maintenance, delete.

use crate::flow::bmc;
use crate::flow::course::Course;
use crate::flow::install;
use crate::flow::relatives;
use crate::model::decision::ask::PatchAsk;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Fate};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::patch;
use crate::model::provision::Provision;

/// Sets or ends maintenance; its end clears reason and fault, and lifts a refused log-in.
pub fn maintenance(node: &Node, on: bool, reason: Option<&str>, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    set_maintenance(&mut course, on);
    if on {
        course.node.maintenance_reason = reason.map(str::to_owned);
    }
    course.finish(node)
}

fn set_maintenance(course: &mut Course<'_>, on: bool) {
    if course.node.wished.maintenance != on {
        course.note(Event::info("maintenance", if on { "maintenance begins" } else { "maintenance ends" }));
    }
    course.node.wished.maintenance = on;
    if !on {
        course.node.maintenance_reason = None;
        course.node.fault = None;
        // The site's account is not shown to that BMC again, whatever a person says of the node.
        if !bmc::is_stranger(&course.node) {
            bmc::lift(course);
        }
        if course.node.wait.as_ref().is_some_and(|wait| wait.paused.is_some()) {
            course.renew_wait();
        }
        // What it told meanwhile was kept.
        install::told(course);
    }
}

/// Applies a JSON patch to what clients write.
pub fn patch(node: &Node, ask: &PatchAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let wished = patch::patch_node(node, ask, facts.catalog, facts.policy)?;
    if let Some(parent) = wished.parent_node.filter(|_| wished.parent_node != node.wished.parent_node) {
        relatives::check(facts.around, node.id, parent)?;
    }
    let mut course = Course::of(node, facts);
    let maintenance = wished.maintenance;
    if wished.interfaces.deploy != node.wished.interfaces.deploy {
        // A person's word is not taken back.
        course.node.original_deploy = None;
    }
    course.node.wished = wished;
    bmc::patched(&mut course, node, &ask.operations);
    if maintenance != node.wished.maintenance {
        course.node.wished.maintenance = node.wished.maintenance;
        set_maintenance(&mut course, maintenance);
    }
    Ok(course.finish(node))
}

/// Deletes the node, if nothing is on it or under way.
pub fn delete(node: &Node, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let maintenance = node.wished.maintenance;
    if node.wished.protected {
        return Err(Refusal::Protected { node: node.id });
    }
    if let Some(instance) = node.wished.instance_uuid.filter(|_| !maintenance) {
        return Err(Refusal::Conflict(format!("node {} is associated with instance {instance}", node.id)));
    }
    let available = node.provision == Provision::Available && !facts.policy.allow_deleting_available_nodes;
    if (!node.provision.traits().delete_ok || available) && !maintenance {
        return Err(Refusal::Conflict(format!(
            "node {} cannot be deleted while it is in state {:?}: undeploy or manage it first, or set maintenance",
            node.id,
            node.provision.name()
        )));
    }
    if !facts.around.children(node.id).is_empty() {
        return Err(Refusal::Conflict(format!("node {} has child nodes: delete them first", node.id)));
    }
    Ok(Decision::with(Fate::Removed))
}
