//! Rescue: a ramdisk in which a person logs in takes the place of the instance, and unrescue brings that back (contract
//! `seeds-functions.md` C9, C10, D12).
//!
//! ```text
//! rescue    -> boots the ramdisk -> rescue wait -> first heartbeat -> the agent takes the password -> rescue
//!                                              '-> late, aborted, not taken -> rescue failed
//! unrescue  -> off, nothing left of the ramdisk's boot -> the instance boots -> active
//! ```
//! The password is in the record from the request until the agent has it, or until that has failed.

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::{pipeline, plan, power};
use crate::model::bmc::power::PowerWish;
use crate::model::boot::Boots;
use crate::model::decision::ask::ProvisionAsk;
use crate::model::decision::effect::{Effect, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::{Fault, Node};
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run};
use crate::model::step::{By, Core, Kind, Step};

/// Whether the node's rescue interface can do it, and somebody can log in; checked before any move.
pub fn check(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    let name = &node.wished.interfaces.rescue;
    let refused = |why: &str| {
        let others = others(node, facts);
        Err(Refusal::Invalid(format!(
            "node {} cannot be {}d: its rescue interface {name:?} {why}{others}; nothing has changed",
            node.id, ask.verb
        )))
    };
    match facts.catalog.implementation(Interface::Rescue, name) {
        None => refused("is not enabled"),
        Some(found) if found.absent => refused("does not rescue"),
        Some(found) if found.missing => refused("is not part of this version"),
        Some(_) if ask.verb == Verb::Rescue && ask.rescue_password.is_none() => {
            Err(Refusal::Invalid(format!("rescue_password is required for target {:?}", ask.word)))
        }
        Some(_) => Ok(()),
    }
}

/// What the node's hardware type has instead.
fn others(node: &Node, facts: &Facts<'_>) -> String {
    let found = facts.catalog.types.get(&node.wished.driver);
    let names = found.and_then(|one| one.supported.get(&Interface::Rescue)).into_iter().flatten();
    let rescues = |name: &&String| {
        let found = facts.catalog.implementation(Interface::Rescue, name);
        found.is_some_and(|found| !found.absent && !found.missing)
    };
    let names: Vec<_> = names.filter(rescues).map(String::as_str).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" (set rescue_interface to {})", names.join(" or "))
    }
}

/// What the looks found wrong with the settings, in the reference's words.
pub fn invalid_settings(node: &Node, verb: Verb, reason: &str) -> Refusal {
    let instance = node.wished.instance_uuid.map_or_else(|| "None".to_owned(), |id| id.to_string());
    Refusal::Invalid(format!(
        "Failed to {verb} instance {instance} for node {}: Validation failed: {reason}",
        node.id
    ))
}

/// Begins a rescue; the password is there.
pub fn start(course: &mut Course<'_>, ask: &ProvisionAsk) {
    let plan = plan::rescue::rescue(&course.node, course.facts);
    begin(course);
    if let Some(password) = &ask.rescue_password {
        course.node.keep_rescue_password(password);
    }
    course.go(Verb::Rescue);
    pipeline::start(course, Kind::Rescue, plan, Vec::new());
}

/// Begins the way back.
pub fn leave(course: &mut Course<'_>) {
    let plan = plan::rescue::unrescue(&course.node, course.facts);
    begin(course);
    course.node.forget_rescue_password();
    course.go(Verb::Unrescue);
    pipeline::start(course, Kind::Unrescue, plan, Vec::new());
}

/// Nothing of what was before goes on.
fn begin(course: &mut Course<'_>) {
    course.strike(Purpose::Run);
    course.drop_agent();
    course.node.run = None;
}

/// A rescue ends badly: nobody knows its password any more. The machine is off and nothing of the ramdisk's boot stays
/// behind, unless the instance still runs; after an abort it goes on as it is.
pub fn clean_up(course: &mut Course<'_>, run: &Run, aborted: bool) {
    course.node.forget_rescue_password();
    if !plan::rescue::uses_agent(&course.node, course.facts) {
        return;
    }
    if aborted {
        parts::empty_drives(course, Purpose::Abort);
    } else if !has_left_instance(course, run) {
        stay(course);
    } else if course.node.wished.disable_power_off {
        parts::empty_drives(course, Purpose::Aftermath);
    } else {
        let limit = course.facts.policy.power_state_change_timeout;
        power::off(course, limit, Purpose::Aftermath);
        parts::clean_up(course, Purpose::Aftermath);
    }
}

/// Whether the machine was switched off for this run. Effects are paid in order: one that is not paid yet was not begun.
fn has_left_instance(course: &Course<'_>, run: &Run) -> bool {
    let boots_first =
        run.boot_waited == 0 && run.step().is_some_and(|step| step.by == By::Core(Core::BootAgent));
    let ends_it = |owed: &Owed| {
        let ends = matches!(owed.effect, Effect::Power { wish: PowerWish::Off | PowerWish::Reset, .. });
        owed.purpose == Purpose::Run && ends
    };
    if !boots_first {
        return true;
    }
    match run.phase {
        Phase::Look | Phase::Later => false,
        Phase::Act
        | Phase::Reboot { .. }
        | Phase::Firmware { .. }
        | Phase::FirstBeat
        | Phase::Beat
        | Phase::Hold => !course.facts.owed.iter().any(ends_it),
    }
}

/// The instance runs as before, and boots as before.
fn stay(course: &mut Course<'_>) {
    if course.node.boots != Boots::Ramdisk {
        return;
    }
    if plan::manual::boots_itself(&course.node, course.facts) {
        course.node.boots = Boots::Instance;
    } else {
        course.node.boots = Boots::Disk;
    }
}

/// An aborted rescue is cleaned up, or is not: then a person has to look.
pub fn abort_paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    if let Outcome::Failed(failure) = outcome {
        let (node, what) = (course.node.label(), owed.effect.text());
        let text = format!(
            "rescue of node {node} was aborted by request, but its clean-up failed: {what}: {}. Mend that, unset \
             maintenance, then rescue it again, or unrescue it to boot its instance.",
            failure.why
        );
        course.strike(Purpose::Abort);
        course.node.wished.maintenance = true;
        course.node.maintenance_reason = Some(text.chars().take(REASON_LIMIT).collect());
        course.node.fault = Some(Fault::RescueAbort);
        course.error(text);
    }
    pipeline::aftermath_paid(course);
}

/// What a tear down has to do beside, of a node in rescue: its ramdisk ends, whatever the deploy interface does.
pub fn leftovers(course: &mut Course<'_>) -> Option<Step> {
    let state = course.node.provision;
    let is_rescued = matches!(
        state,
        Provision::Rescue | Provision::RescueWait | Provision::RescueFail | Provision::UnrescueFail
    );
    if !is_rescued || !plan::rescue::uses_agent(&course.node, course.facts) {
        return None;
    }
    course.note(Event::info("rescue", format!("the tear down ends what {state} has left")));
    (!course.node.wished.disable_power_off).then(|| plan::frame("power_off", Core::PowerOff))
}

/// Characters of a reason that repeats `last_error`, so that the record stays under 64 KiB.
const REASON_LIMIT: usize = 1024;
