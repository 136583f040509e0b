//! Out-of-band inspection: the BMC tells what the machine is made of; that becomes its inventory, its properties and
//! its ports, in one decision (contract `redfish.md` section 13). Where a ramdisk tells it, [`in_band`] does.
//!
//! ```text
//! admit -> inspecting, read owed -> told: inventory, ports, properties -> manageable
//!                                '-> failed, late, or not all needed is told -> inspect failed
//! ```
//!
//! The read changes nothing, so it is begun anew after a start. What is known is kept where the machine says nothing:
//! no port is removed, and no NIC counts as one that does not boot because nobody said which one does.

pub mod in_band;

use serde_json::Value;

use crate::base::mac::Mac;
use crate::flow::course::Course;
use crate::flow::drives;
use crate::flow::part;
use crate::flow::part::port::PORTS_LIMIT;
use crate::model::Object;
use crate::model::bmc::panel::Mode;
use crate::model::decision::Row;
use crate::model::decision::effect::{Effect, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::identity::Identity;
use crate::model::inspection::{Inspection, Nic};
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::port::{Port, PortWished};
use crate::model::provision::Provision;

/// Whether the node's inspect interface can inspect; checked before any move.
pub fn check(node: &Node, facts: &Facts<'_>) -> Result<(), Refusal> {
    let name = &node.wished.interfaces.inspect;
    let refused = |why: &str| {
        let others = others(node, facts);
        Err(Refusal::Invalid(format!(
            "node {} cannot be inspected: its inspect interface {name:?} {why}{others}; nothing has changed",
            node.id
        )))
    };
    match facts.catalog.implementation(Interface::Inspect, name) {
        None => refused("is not enabled"),
        Some(found) if found.absent => refused("does not inspect"),
        Some(found) if found.missing => refused("is not part of this version"),
        Some(found) if found.uses_agent => in_band::check(node, facts),
        Some(_) => Ok(()),
    }
}

/// What the node's hardware type has instead.
fn others(node: &Node, facts: &Facts<'_>) -> String {
    let found = facts.catalog.types.get(&node.wished.driver);
    let names = found.and_then(|one| one.supported.get(&Interface::Inspect)).into_iter().flatten();
    let inspects = |name: &&String| {
        facts
            .catalog
            .implementation(Interface::Inspect, name)
            .is_some_and(|found| !found.absent && !found.missing)
    };
    let names: Vec<_> = names.filter(inspects).map(String::as_str).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" (set inspect_interface to {})", names.join(" or "))
    }
}

/// Begins an inspection.
pub fn start(course: &mut Course<'_>) {
    course.node.last_error = None;
    course.go(Verb::Inspect);
    let text = format!("inspection by interface {} begins", course.node.wished.interfaces.inspect);
    course.note(Event::info("start", text));
    if in_band::is_chosen(&course.node, course.facts) {
        in_band::start(course);
    } else {
        owe(course);
    }
}

fn owe(course: &mut Course<'_>) {
    let limit = course.facts.policy.inspect_wait_timeout;
    course.owe(Effect::Inspect { limit }, Purpose::Inspect);
}

/// After a start: one that is owed is paid by the lane; one that nobody owes any more cannot end by itself.
pub fn opened(course: &mut Course<'_>) {
    if in_band::is_chosen(&course.node, course.facts) {
        in_band::opened(course);
    } else if course.node.provision == Provision::Inspecting && !course.owes_for(Purpose::Inspect) {
        owe(course);
    }
}

/// The outcome of the read, or of what boots the ramdisk and what comes after it.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    if course.node.provision != Provision::Inspecting {
        course.note(Event::info("late", "an inspection ended that nobody waits for; nothing follows"));
        return;
    }
    if in_band::is_chosen(&course.node, course.facts) {
        in_band::paid(course, owed, outcome);
        return;
    }
    match outcome {
        Outcome::Inspected(found) => take(course, found),
        Outcome::Failed(failure) => fail(course, &failure.why, MEND),
        Outcome::Done
        | Outcome::Power(_)
        | Outcome::Turn(_)
        | Outcome::BootDevice { .. }
        | Outcome::Modes(_)
        | Outcome::Answer(_)
        | Outcome::Speaks(_)
        | Outcome::Met(_) => fail(course, "it ended without an inventory", MEND),
    }
}

/// Somebody said abort while the inspection waited for a ramdisk.
pub fn abort(course: &mut Course<'_>) {
    let (node, began) = (course.node.label(), course.node.inspection_started_at);
    in_band::clean_up(course);
    course.go(Verb::Abort);
    course.error(format!("inspection of node {node} was aborted by request. Inspect it again."));
    course.which_began(began);
}

/// What happened is too large for the record: the inspection ends.
pub fn outgrown(course: &mut Course<'_>) {
    fail(course, "what it found does not fit into the node's record", "Shorten its largest field");
}

/// It ends badly, with all that it has begun.
pub fn fail(course: &mut Course<'_>, why: &str, mend: &str) {
    if in_band::is_chosen(&course.node, course.facts) {
        in_band::clean_up(course);
    }
    end_badly(course, why, mend);
}

/// To the failed state, with the reason and the remedy in `last_error`; what was begun is over by then.
pub fn end_badly(course: &mut Course<'_>, why: &str, mend: &str) {
    course.node.calls = Vec::new();
    let (node, name) = (course.node.label(), course.node.wished.interfaces.inspect.clone());
    let began = course.node.inspection_started_at;
    course.go(Verb::Fail);
    course.error(format!(
        "inspection of node {node} by interface {name} failed: {why}. {mend}, then inspect it again; or manage it to go \
         on without"
    ));
    course.which_began(began);
}

/// Inventory, ports and properties; the state last, so that a node that is manageable again has all of them.
fn take(course: &mut Course<'_>, found: &Inspection) {
    course.row(Row::Inventory(found.kept.clone()));
    course.node.identity = Identity::of(&found.kept.inventory);
    drives::inspected(course, None);
    make_ports(course, found);
    mark_ports(course, found);
    set_properties(course, found);
    let lacking = lacking(&course.node);
    if !lacking.is_empty() {
        let why = format!("Failed to discover the following properties: {}", lacking.join(", "));
        fail(course, &why, "Set them in the node's properties, or mend the BMC");
        return;
    }
    done(course);
}

/// All of it is known.
pub fn done(course: &mut Course<'_>) {
    let began = course.node.inspection_started_at;
    course.node.calls = Vec::new();
    course.go(Verb::Done);
    course.note(Event::info("end", "inspection ends"));
    course.which_began(began);
    part::sheet::look(course);
}

/// A port for each NIC that has none. Where it is known which NIC boots, only that one gets a port: the reference's
/// `add_ports`, as it is unless told otherwise.
fn make_ports(course: &mut Course<'_>, found: &Inspection) {
    if found.nics.is_empty() {
        course.note(Event::error("inspect", "no NIC with an address was found: no port is made"));
    }
    let facts = course.facts;
    let room = PORTS_LIMIT.saturating_sub(facts.ports.len());
    let mut made: Vec<String> = Vec::new();
    let mut left_out = Vec::new();
    for nic in wanted(facts, found) {
        match facts.bearers.bearer(nic.mac) {
            Some(node) => left_out.push(format!("{} is node {node}'s", shown(nic))),
            None if made.len() >= room => left_out.push(format!("{} is one too many", shown(nic))),
            None => {
                made.push(shown(nic));
                course.row(Row::Port(Box::new(port(course, nic))));
            }
        }
    }
    if !made.is_empty() {
        course.note(Event::info("inspect", format!("new ports: {}", made.join(", "))));
    }
    if !left_out.is_empty() {
        let text = cut(&format!("NICs that get no port: {}", left_out.join(", ")));
        course.note(Event::error("inspect", text));
    }
}

fn wanted<'a>(facts: &'a Facts<'_>, found: &'a Inspection) -> impl Iterator<Item = &'a Nic> {
    let has_port = |mac: Mac| facts.ports.iter().any(|port| port.address == mac);
    let boots = move |mac: Mac| found.boots_from.is_none_or(|boots| boots == mac);
    found.nics.iter().filter(move |nic| !has_port(nic.mac) && boots(nic.mac))
}

fn port(course: &Course<'_>, nic: &Nic) -> Port {
    Port {
        id: nic.port,
        order: 0,
        created_at: course.facts.at,
        updated_at: None,
        node: course.node.id,
        address: nic.mac,
        wished: PortWished::default(),
        internal_info: Object::new(),
    }
}

/// Ports that are there say whether their NIC boots, if that is known; else they stay as they are.
fn mark_ports(course: &mut Course<'_>, found: &Inspection) {
    let Some(boots_from) = found.boots_from else { return };
    let facts = course.facts;
    let is_ours = |mac: Mac| found.nics.iter().any(|nic| nic.mac == mac);
    for port in facts.ports.iter().filter(|port| is_ours(port.address)) {
        let boots = port.address == boots_from;
        if port.wished.pxe_enabled == boots {
            continue;
        }
        let mut next = Port::clone(port);
        next.wished.pxe_enabled = boots;
        next.updated_at = Some(facts.at);
        course.row(Row::Port(Box::new(next)));
        let now = if boots { "boots" } else { "does not boot" };
        course.note(Event::info("inspect", format!("the port of {} {now}", port.address)));
    }
}

fn set_properties(course: &mut Course<'_>, found: &Inspection) {
    let mut properties = course.node.wished.properties.clone();
    let mut changes = Vec::new();
    let disk = found.local_gb.filter(|size| *size > 0 || !properties.contains_key("local_gb"));
    for (name, value) in [
        ("memory_mb", found.memory_mb.map(Value::from)),
        ("local_gb", disk.map(Value::from)),
        ("cpu_arch", found.cpu_arch.clone().map(Value::from)),
        ("capabilities", found.boot_mode.and_then(|mode| capabilities(&properties, mode))),
    ] {
        let Some(value) = value.filter(|value| properties.get(name) != Some(value)) else { continue };
        changes.push(format!("{name} {}", bare(&value)));
        properties.insert(name.to_owned(), value);
    }
    if found.local_gb == Some(0) {
        course.note(Event::error("inspect", "no disk that could be a root disk was found"));
    }
    if !changes.is_empty() {
        course.node.wished.properties = properties;
        course.note(Event::info("inspect", cut(&format!("properties set: {}", changes.join(", ")))));
    }
}

/// The capabilities with the boot mode, unless they have one; `None` if they stay. What is there is merged, not
/// replaced.
fn capabilities(properties: &Object, mode: Mode) -> Option<Value> {
    let own = format!("{BOOT_MODE}:{}", mode.name());
    match properties.get("capabilities") {
        None | Some(Value::Null) => Some(own.into()),
        Some(Value::String(text)) => {
            let has_one =
                text.split(',').any(|part| part.split(':').next().map(str::trim) == Some(BOOT_MODE));
            let merged = || if text.trim().is_empty() { own } else { format!("{text},{own}") };
            (!has_one).then(merged).map(Value::from)
        }
        Some(Value::Object(map)) if !map.contains_key(BOOT_MODE) => {
            let mut map = map.clone();
            map.insert(BOOT_MODE.to_owned(), mode.name().into());
            Some(Value::Object(map))
        }
        Some(Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => None,
    }
}

/// Properties that every scheduler asks for and that the node still lacks.
fn lacking(node: &Node) -> Vec<&'static str> {
    let lacks =
        |name: &&&str| node.wished.properties.get(**name).is_none_or(|value| value.is_null() || *value == "");
    NEEDED.iter().filter(lacks).copied().collect()
}

fn shown(nic: &Nic) -> String {
    if nic.name.is_empty() { nic.mac.to_string() } else { format!("{} ({})", nic.mac, nic.name) }
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn cut(text: &str) -> String {
    text.chars().take(NOTE_LIMIT).collect()
}

const NEEDED: &[&str] = &["memory_mb", "local_gb", "cpu_arch"];
const BOOT_MODE: &str = "boot_mode";
const MEND: &str = "Correct driver_info or mend the BMC";
/// Characters of an entry that names many things.
const NOTE_LIMIT: usize = 2000;
