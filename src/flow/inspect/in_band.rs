//! Inspection by a ramdisk: we boot it, it tells what the machine is made of, hooks and rules make of that what the node
//! becomes, in one decision.
//!
//! ```text
//! admit -> inspecting, off, boot device, on owed -> all paid -> inspect wait, with its end
//!   told -> inspecting: hooks, rules, ports, properties, inventory -> off owed -> paid -> manageable
//!        '-> a hook or a rule fails, nobody tells in time, abort -> inspect failed, off owed beside it
//! ```
//!
//! While what is owed is paid the node is busy: a ramdisk that is quick waits for its turn.

use std::sync::Arc;

use crate::flow::course::Course;
use crate::flow::hook::{Failed, Survey};
use crate::flow::inspect::{self, MEND};
use crate::flow::{power, rule};
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::{Decision, Row};
use crate::model::draft;
use crate::model::effect::{Effect, Purpose};
use crate::model::facts::Facts;
use crate::model::inspection::identity::Identity;
use crate::model::inspection::told::Told;
use crate::model::inspection::{INVENTORY_LIMIT, Inventory};
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::port::Port;
use crate::model::power::PowerWish;
use crate::model::provision::Provision;
use crate::model::refusal::Refusal;
use crate::model::run::{Wait, WaitFor};
use crate::model::shape::LATEST;

/// Whether the node's inspect interface works through a ramdisk.
pub fn is_chosen(node: &Node, facts: &Facts<'_>) -> bool {
    let found = facts.catalog.implementation(Interface::Inspect, &node.wished.interfaces.inspect);
    found.is_some_and(|found| found.uses_agent)
}

/// Whether the node's boot interface can boot a ramdisk; checked before any move.
pub fn check(node: &Node, facts: &Facts<'_>) -> Result<(), Refusal> {
    let name = &node.wished.interfaces.boot;
    let found = facts.catalog.implementation(Interface::Boot, name);
    if found.is_some_and(|found| !found.missing && !found.absent) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!(
        "node {} cannot be inspected by a ramdisk: its boot interface {name:?} is not part of this version; nothing has \
         changed",
        node.id
    )))
}

/// Owes the boot of the ramdisk.
pub fn boot(course: &mut Course<'_>) {
    course.forget_agent();
    course.node.boots = Boots::Ramdisk;
    course.node.boot_token = Some(course.facts.token.clone()).filter(|token| !token.reveal().is_empty());
    let limit = course.facts.policy.power_state_change_timeout;
    let never_off = course.node.wished.disable_power_off;
    if !never_off {
        course.owe(Effect::Power { wish: PowerWish::Off, limit }, Purpose::Inspect);
    }
    course.owe(Effect::BootDevice { device: BootDevice::Pxe, persistent: false }, Purpose::Inspect);
    let wish = if never_off { PowerWish::Reset } else { PowerWish::On };
    power::switch(course, wish, limit, Purpose::Inspect);
}

/// Nothing is owed any more: the ramdisk is awaited, or the inspection is over.
pub fn all_paid(course: &mut Course<'_>) {
    if course.node.boots == Boots::Ramdisk {
        course.go(Verb::Wait);
        let length = course.facts.policy.inspect_wait_timeout;
        course.wait(WaitFor::Inspection, "the inspection ramdisk", length);
    } else {
        inspect::done(course);
    }
}

/// The ramdisk has told.
pub fn told(node: &Node, told: &Told, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if node.provision != Provision::InspectWait {
        return Err(Refusal::NotFound("the node was not found or is not expecting an inventory".to_owned()));
    }
    let mut course = Course::of(node, facts);
    course.stop_waiting();
    course.go(Verb::Resume);
    match survey(node, told, facts) {
        Ok(found) => take(&mut course, found),
        Err(why) => inspect::fail(&mut course, &why, MEND),
    }
    Ok(course.finish(node))
}

/// What an inventory comes to.
#[derive(Debug)]
pub struct Surveyed {
    pub node: Node,
    pub ports: Vec<Port>,
    pub kept: Arc<Inventory>,
    pub notes: Vec<Event>,
}

/// Runs hooks and rules on what was told, and checks what they made.
pub fn survey(node: &Node, told: &Told, facts: &Facts<'_>) -> Result<Surveyed, Failed> {
    let mut survey = Survey {
        inventory: &told.inventory,
        data: told.plugin_data.clone(),
        node: node.clone(),
        ports: facts.ports.iter().map(|port| Port::clone(port)).collect(),
        policy: &facts.policy.inspector,
        bearers: facts.bearers,
        fresh: told.ports.clone(),
        before: told.before.as_deref(),
        notes: Vec::new(),
        calls: Vec::new(),
    };
    survey.run()?;
    rule::apply(&told.rules, &mut survey)?;
    let Survey { data, node: mut after, ports, notes, calls, .. } = survey;
    after.calls = calls;
    if after.wished != node.wished {
        draft::settle(&mut after.wished, LATEST).map_err(|refusal| refusal.to_string())?;
        draft::fill_interfaces(&mut after.wished, facts.catalog).map_err(|refusal| refusal.to_string())?;
    }
    for port in &ports {
        draft::settle_port(&port.wished, LATEST)
            .map_err(|refusal| format!("the port of {}: {refusal}", port.address))?;
    }
    let kept = Arc::new(Inventory { inventory: told.inventory.clone(), plugin_data: data });
    let size =
        serde_json::to_vec(&*kept).map_or(u64::MAX, |text| u64::try_from(text.len()).unwrap_or(u64::MAX));
    if size > INVENTORY_LIMIT {
        return Err(format!(
            "inventory and data have {size} bytes with what the hooks add, {INVENTORY_LIMIT} at most"
        ));
    }
    after.identity = Identity::clone(&told.identity);
    Ok(Surveyed { node: after, ports, kept, notes })
}

/// Inventory, ports, properties, then power; the state is last, so that a node that is manageable again has all of it.
fn take(course: &mut Course<'_>, found: Surveyed) {
    course.node.wished = found.node.wished;
    course.node.traits = found.node.traits;
    course.node.identity = found.node.identity;
    course.row(Row::Inventory(found.kept));
    keep_ports(course, found.ports);
    for note in found.notes {
        course.note(note);
    }
    leave(course);
    rule::owe_calls(course, found.node.calls, Purpose::Inspect);
    if course.facts.policy.inspector.power_off {
        switch_off(course, Purpose::Inspect);
    }
    if !course.owes_for(Purpose::Inspect) {
        inspect::done(course);
    }
}

/// What became of the node's ports, as rows.
pub fn keep_ports(course: &mut Course<'_>, after: Vec<Port>) {
    let facts = course.facts;
    for gone in facts.ports.iter().filter(|port| !after.iter().any(|one| one.id == port.id)) {
        course.row(Row::PortRemoved(gone.id));
        course.note(Event::info(
            "inspect",
            format!("the port of {} goes: its NIC is not expected", gone.address),
        ));
    }
    for mut port in after {
        match facts.ports.iter().find(|before| before.id == port.id) {
            None => {
                port.created_at = facts.at;
                course.note(Event::info("inspect", format!("new port: {}", port.address)));
            }
            Some(before) if **before == port => continue,
            Some(_) => port.updated_at = Some(facts.at),
        }
        course.row(Row::Port(Box::new(port)));
    }
}

/// The ramdisk's boot is over.
pub fn leave(course: &mut Course<'_>) {
    course.stop_waiting();
    course.strike(Purpose::Inspect);
    course.forget_agent();
    course.node.boots = Boots::Nothing;
    course.node.boot_token = None;
}

/// A machine that must not be off is started anew instead, as in the reference.
fn switch_off(course: &mut Course<'_>, purpose: Purpose) {
    let limit = course.facts.policy.power_state_change_timeout;
    let wish = if course.node.wished.disable_power_off { PowerWish::Reset } else { PowerWish::Off };
    course.owe(Effect::Power { wish, limit }, purpose);
}

/// It ends badly: the ramdisk's boot is over, and its machine goes off, beside the failure.
pub fn clean_up(course: &mut Course<'_>) {
    leave(course);
    if course.facts.policy.inspector.power_off {
        switch_off(course, Purpose::Aftermath);
    }
}

/// Nobody has told in time.
pub fn late(course: &mut Course<'_>, wait: &Wait) {
    let why = format!("no inventory came within {} s after power on", wait.length);
    inspect::fail(course, &why, "Look at the machine's console, its network and its boot order");
}

/// After a start.
pub fn opened(course: &mut Course<'_>) {
    if course.node.provision == Provision::Inspecting && !course.owes_for(Purpose::Inspect) {
        all_paid(course);
    }
}
