//! Inspection by a ramdisk: we boot it, it tells what the machine is made of, hooks and rules make of that what the node
//! becomes, in one decision.
//!
//! ```text
//! admit -> inspecting, the parts of its boot owed -> all paid -> inspect wait, with its end
//!   told -> inspecting: hooks, rules, ports, properties, inventory -> off, eject owed -> paid -> manageable
//!        '-> a hook or a rule fails, nobody tells in time, abort -> inspect failed, off, eject owed beside it
//! ```
//!
//! The parts are those of the pipelines ([`parts`]), in their order. A machine that its boot interface does not boot is
//! left to the network, where the site allows that: it is started with the network as its boot device, and whoever serves
//! machines that nobody knows gives it the ramdisk. It is the node's by its NICs or its BMC when it tells. A mode that the firmware takes up when it boots is awaited by [`mode`](crate::flow::mode).
//!
//! While what is owed is paid the node is busy: a ramdisk that is quick waits for its turn.

use std::sync::Arc;

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::drives;
use crate::flow::hook::{Failed, Survey};
use crate::flow::inspect::{self, MEND};
use crate::flow::power;
use crate::flow::rule::{self, RuleFailed};
use crate::model::bmc::firmware;
use crate::model::bmc::panel::{ModeChange, ModeWish, Modes};
use crate::model::bmc::power::PowerWish;
use crate::model::boot::Boots;
use crate::model::catalog::BootWay;
use crate::model::decision::ask::Answer;
use crate::model::decision::effect::{BootPart, Effect, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Row};
use crate::model::draft;
use crate::model::inspection::identity::Identity;
use crate::model::inspection::told::Told;
use crate::model::inspection::{INVENTORY_LIMIT, Inventory};
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::port::Port;
use crate::model::provision::Provision;
use crate::model::run::{Wait, WaitFor};
use crate::model::shape::LATEST;

/// Whether the node's inspect interface works through a ramdisk.
pub fn is_chosen(node: &Node, facts: &Facts<'_>) -> bool {
    let found = facts.catalog.implementation(Interface::Inspect, &node.wished.interfaces.inspect);
    found.is_some_and(|found| found.uses_agent)
}

/// Whether the node's inspect interface works through a ramdisk that its boot interface boots.
pub fn is_booted(node: &Node, facts: &Facts<'_>) -> bool {
    is_chosen(node, facts) && unmanaged(node, facts).is_none()
}

/// Whether something boots a ramdisk: the node's boot interface, or the network by itself; checked before any move.
pub fn check(node: &Node, facts: &Facts<'_>) -> Result<(), Refusal> {
    let name = &node.wished.interfaces.boot;
    let found = facts.catalog.implementation(Interface::Boot, name);
    let boots = found.is_some_and(|found| found.boot_way != BootWay::Bare && !found.missing && !found.absent);
    if boots || facts.policy.inspector.managed_boot.may_leave(found) {
        return Ok(());
    }
    let why = match found.filter(|found| !found.missing && !found.absent) {
        None => "is not part of this version",
        Some(_) => "boots nothing, and [inspector] require_managed_boot is true",
    };
    Err(Refusal::Invalid(format!(
        "node {} cannot be inspected by a ramdisk: its boot interface {name:?} {why}; nothing has changed",
        node.id
    )))
}

/// Why the machine is left to boot from the network by itself; `None` if its boot interface boots it. Settings that
/// contradict each other are no reason: they are to be mended.
pub fn unmanaged(node: &Node, facts: &Facts<'_>) -> Option<String> {
    let name = &node.wished.interfaces.boot;
    let found = facts.catalog.implementation(Interface::Boot, name);
    if !facts.policy.inspector.managed_boot.may_leave(found) {
        return None;
    }
    if found.is_none_or(|found| found.boot_way == BootWay::Bare) {
        return Some(format!("boot interface {name:?} boots nothing"));
    }
    if !facts.ports.iter().any(|port| port.wished.pxe_enabled) {
        return Some("none of its ports may boot from the network".to_owned());
    }
    let verdicts = facts.seen.iter().filter_map(Seen::verdicts).flatten();
    let mut of_boot = verdicts.filter(|verdict| verdict.interface == Interface::Boot);
    let why = of_boot.find_map(|verdict| verdict.reason.clone());
    why.filter(|_| firmware::contradiction(node).is_none())
}

/// Begins with the boot of the ramdisk. Where there is none, the machine is not touched.
pub fn start(course: &mut Course<'_>) {
    if let Some(why) = unmanaged(&course.node, course.facts) {
        course.note(Event::info("boot", format!("the machine is left to boot from the network: {why}")));
        (course.node.boot_token, course.node.deploy_boot_mode) = (None, None);
        parts::start_bare(course, Boots::Ramdisk, Purpose::Inspect);
        return;
    }
    if let Err(why) = parts::prepare(course, Boots::Ramdisk, Purpose::Inspect) {
        leave(course);
        inspect::end_badly(course, &why, "Mend that");
    }
}

/// The outcome of a part of the boot, or of what ends it.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    match (&owed.effect, outcome) {
        (effect, Outcome::Failed(failure)) => part_failed(course, effect, &failure.why),
        (Effect::Boot(BootPart::Mode { wanted }), Outcome::Modes(seen)) => {
            match parts::mode_told(course, *wanted, *seen) {
                Some(wish) => boot_for(course, wish, *seen),
                None => go_on(course),
            }
        }
        (
            _,
            Outcome::Done
            | Outcome::Power(_)
            | Outcome::BootDevice { .. }
            | Outcome::Turn(_)
            | Outcome::Modes(_)
            | Outcome::Answer(_)
            | Outcome::Inspected(_)
            | Outcome::Speaks(_)
            | Outcome::Met(_),
        ) => go_on(course),
    }
}

fn go_on(course: &mut Course<'_>) {
    if !course.owes_for(Purpose::Inspect) {
        all_paid(course);
    }
}

/// Which part of it did not work, and what a person can do about that.
fn part_failed(course: &mut Course<'_>, effect: &Effect, why: &str) {
    let is_told = course.node.boots != Boots::Ramdisk;
    let kept = if is_told { "what the machine told is kept, but " } else { "" };
    inspect::fail(course, &format!("{kept}{}: {why}", effect.text()), remedy(effect));
}

fn remedy(effect: &Effect) -> &'static str {
    match effect {
        Effect::Boot(BootPart::Insert) => {
            "See that its BMC has a virtual drive and reaches what it is to hold"
        }
        Effect::Boot(BootPart::Fetch) => {
            "See that the servers of its deploy kernel and ramdisk give them out"
        }
        Effect::Boot(BootPart::Eject) => "Empty the virtual drives of its BMC",
        Effect::Boot(BootPart::Mode { .. } | BootPart::Secure { .. }) => MEND_MODE,
        Effect::Boot(BootPart::Device { .. }) | Effect::BootDevice { .. } | Effect::KeptBootDevice => {
            "See that its BMC takes boot devices, or choose another boot interface"
        }
        Effect::Power { .. }
        | Effect::Relative { .. }
        | Effect::StepOn { .. }
        | Effect::StepFor { .. }
        | Effect::Step { .. }
        | Effect::Logs
        | Effect::Mode(_)
        | Effect::Nmi
        | Effect::Indicator { .. }
        | Effect::Insert { .. }
        | Effect::Eject { .. }
        | Effect::Passthru(_)
        | Effect::Console { .. }
        | Effect::Inspect { .. }
        | Effect::Meet(_) => MEND,
        Effect::RuleCall { .. } => MEND_CALL,
    }
}

/// Firmware that takes a mode up when it boots: it boots once for that alone, since it may use up the boot device on
/// the way, as in the pipelines.
fn boot_for(course: &mut Course<'_>, wish: ModeWish, seen: Modes) {
    let has_booted_for_it =
        course.node.mode_change.as_ref().is_some_and(|change| change.met && change.wish == wish);
    if has_booted_for_it {
        inspect::fail(course, &parts::gone_again(wish, seen), MEND_MODE);
        return;
    }
    course.note(parts::taken_up_later(wish));
    course.strike(Purpose::Inspect);
    course.node.mode_change = Some(ModeChange::new(wish));
    parts::switch_on(course, Purpose::Mode);
}

/// The firmware has taken the mode up: now it boots the ramdisk. That it has is kept until it does, so that a mode which
/// goes back each time ends.
pub fn mode_met(course: &mut Course<'_>, wish: ModeWish) {
    course.stop_waiting();
    course.node.mode_change = Some(ModeChange { met: true, ..ModeChange::new(wish) });
    if let Err(why) = parts::prepare(course, Boots::Ramdisk, Purpose::Inspect) {
        inspect::fail(course, &why, "Mend that");
    }
}

/// It has not, or could not be started for it.
pub fn mode_unmet(course: &mut Course<'_>, wish: ModeWish, why: &str) {
    inspect::fail(course, &format!("{} was not set: {why}", wish.text()), MEND_MODE);
}

/// Nothing is owed any more: the ramdisk is awaited, or the inspection is over.
fn all_paid(course: &mut Course<'_>) {
    course.node.mode_change = None;
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
    let surveyed = survey(node, told, facts);
    course.answer = Answer::Told { keep_logs: facts.policy.collect_logs.keeps(surveyed.is_err()) };
    match surveyed {
        Ok(found) => take(&mut course, found),
        Err(why) => inspect::fail(&mut course, &why.to_string(), &why.remedy()),
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

/// Why an inventory comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsurveyed {
    /// A hook does not take what the machine told.
    #[error("{0}")]
    Hook(Failed),
    #[error(transparent)]
    Rule(#[from] RuleFailed),
    /// What hooks and rules made of the node cannot be.
    #[error("{0}")]
    Unfit(String),
}

impl Unsurveyed {
    /// What a person can do about it.
    fn remedy(&self) -> String {
        match self {
            Self::Hook(_) => MEND.to_owned(),
            Self::Rule(failed) => failed.remedy(),
            Self::Unfit(_) => {
                "Look at the inspection rules (/v1/inspection_rules) and at [inspector] hooks, which made it so".to_owned()
            }
        }
    }
}

/// Runs hooks and rules on what was told, and checks what they made.
pub fn survey(node: &Node, told: &Told, facts: &Facts<'_>) -> Result<Surveyed, Unsurveyed> {
    let unfit = |refusal: Refusal| Unsurveyed::Unfit(refusal.to_string());
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
    survey.run().map_err(Unsurveyed::Hook)?;
    rule::apply(&told.rules, &mut survey)?;
    let Survey { data, node: mut after, ports, notes, calls, .. } = survey;
    after.calls = calls;
    if after.wished != node.wished {
        draft::settle(&mut after.wished, LATEST).map_err(unfit)?;
        draft::fill_interfaces(&mut after.wished, facts.catalog).map_err(unfit)?;
    }
    for port in &ports {
        draft::settle_port(&mut port.wished.clone(), LATEST)
            .map_err(|refusal| Unsurveyed::Unfit(format!("the port of {}: {refusal}", port.address)))?;
    }
    let kept = Arc::new(Inventory { inventory: told.inventory.clone(), plugin_data: data });
    let size =
        serde_json::to_vec(&*kept).map_or(u64::MAX, |text| u64::try_from(text.len()).unwrap_or(u64::MAX));
    if size > INVENTORY_LIMIT {
        return Err(Unsurveyed::Unfit(format!(
            "inventory and data have {size} bytes with what the hooks add, {INVENTORY_LIMIT} at most"
        )));
    }
    after.identity = Identity::clone(&told.identity);
    Ok(Surveyed { node: after, ports, kept, notes })
}

/// Inventory, ports, properties, then power; the state is last, so that a node that is manageable again has all of it.
fn take(course: &mut Course<'_>, found: Surveyed) {
    course.node.wished = found.node.wished;
    course.node.traits = found.node.traits;
    course.node.identity = found.node.identity;
    drives::inspected(course, Some(&found.kept.inventory));
    course.row(Row::Inventory(found.kept));
    keep_ports(course, found.ports);
    for note in found.notes {
        course.note(note);
    }
    leave(course);
    rule::owe_calls(course, found.node.calls, Purpose::Inspect);
    take_down(course, Purpose::Inspect);
    go_on(course);
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

/// The ramdisk's boot is over: nothing of it is given out, and nobody is known as its agent.
fn leave(course: &mut Course<'_>) {
    course.stop_waiting();
    course.strike(Purpose::Inspect);
    course.strike(Purpose::Mode);
    course.drop_agent();
    let node = &mut course.node;
    node.boots = Boots::Nothing;
    (node.boot_token, node.mode_change, node.deploy_boot_mode) = (None, None, None);
}

/// Owes that the machine is off, if the site wants that, and that no medium stays behind. One that must not be off is
/// started anew instead, as in the reference: without its medium, then.
fn take_down(course: &mut Course<'_>, purpose: Purpose) {
    let policy = course.facts.policy;
    let (switches, limit) = (policy.inspector.power_off, policy.power_state_change_timeout);
    let never_off = course.node.wished.disable_power_off;
    if switches && !never_off {
        // The ramdisk may read from its medium until then.
        power::off(course, limit, purpose);
    }
    parts::empty_drives(course, purpose);
    if switches && never_off {
        course.owe(Effect::Power { wish: PowerWish::Reset, limit }, purpose);
    }
}

/// It ends badly: the ramdisk's boot is over, and it is taken down beside the failure.
pub fn clean_up(course: &mut Course<'_>) {
    leave(course);
    take_down(course, Purpose::Aftermath);
}

/// Nobody has told in time.
pub fn late(course: &mut Course<'_>, wait: &Wait) {
    let (by_itself, mend) = if course.node.is_left_to_network() {
        (", and the machine was left to boot from the network by itself", MEND_UNMANAGED)
    } else {
        ("", "Look at the machine's console, its network and its boot order")
    };
    let why = format!("no inventory came within {} s after power on{by_itself}", wait.length);
    inspect::fail(course, &why, mend);
}

/// After a start.
pub fn opened(course: &mut Course<'_>) {
    let awaits_mode = course.node.mode_change.as_ref().is_some_and(|change| !change.met);
    if course.node.provision == Provision::Inspecting && !awaits_mode {
        go_on(course);
    }
}

const MEND_UNMANAGED: &str = "Look at the machine's console and at what serves unknown machines in its network, and see \
                              that a port has the address of its NIC or driver_info that of its BMC";
const MEND_CALL: &str =
    "See to the host that is called, or change or delete the rule that calls it (/v1/inspection_rules)";
const MEND_MODE: &str =
    "Set it in the firmware's setup, or take it out of the capabilities in instance_info and properties";
