//! Decisions: a record and what was asked or has happened, to the next record and what is owed.
//!
//! Pure: nothing here waits, reads a clock, draws a random number or touches a socket. Asking may be
//! refused (`admit`); what has happened may not (`absorb`). Only these two change a state.

pub mod adopt;
pub mod after_step;
pub mod allocation;
pub mod aside;
pub mod beat;
pub mod bmc;
pub mod boot;
pub mod by_runbook;
pub mod circle;
pub mod course;
pub mod detect;
pub mod discover;
pub mod drives;
pub mod explain;
pub mod fast;
pub mod fetch;
pub mod hook;
pub mod inspect;
pub mod install;
pub mod lookup;
pub mod manual;
pub mod mode;
pub mod part;
pub mod pipeline;
pub mod plan;
pub mod power;
pub mod recover;
pub mod relatives;
pub mod rescue;
pub mod rule;
pub mod site_hook;
pub mod step;
pub mod template;
pub mod trouble;
pub mod update;
pub mod verb;
pub mod volume;
pub mod within;

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::model::bmc::Remembered;
use crate::model::decision::Decision;
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{Effect, Look, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::Turn;

/// Why `ask` would be refused even when what is owed now is paid.
pub fn refused_at_once(node: &Node, ask: &Ask) -> Option<Refusal> {
    if let Ask::Power { .. } = ask { power::cleans(node).err() } else { None }
}

/// The looks that a decision on `ask` needs beforehand (style corner 8).
pub fn wants(node: &Node, ask: &Ask) -> Vec<Look> {
    match ask {
        Ask::Provision(ask) => match ask.verb {
            Verb::Deploy | Verb::Rebuild => vec![Look::Valid { deploy: true }, Look::Image],
            Verb::Adopt => vec![Look::Valid { deploy: true }],
            Verb::Clean
            | Verb::Service
            | Verb::Provide
            | Verb::Delete
            | Verb::Inspect
            | Verb::Rescue
            | Verb::Unrescue => vec![Look::Valid { deploy: false }],
            Verb::Abort
            | Verb::Done
            | Verb::Fail
            | Verb::Hold
            | Verb::Manage
            | Verb::Resume
            | Verb::Unhold
            | Verb::Wait => Vec::new(),
        },
        Ask::Power { .. } => vec![Look::Valid { deploy: false }],
        Ask::Maintenance { .. }
        | Ask::Patch(_)
        | Ask::Delete
        | Ask::Lookup { .. }
        | Ask::PortCreate(_)
        | Ask::PortPatch { .. }
        | Ask::PortDelete { .. }
        | Ask::Mode(_)
        | Ask::Console { .. }
        | Ask::Insert(_)
        | Ask::Eject(_)
        | Ask::Passthru(_)
        | Ask::Volume(_)
        | Ask::Told(_)
        | Ask::Allocation(_)
        | Ask::Part(_) => Vec::new(),
        Ask::Onward => discover::wants(node),
    }
}

/// Decides an ask: refused, or what follows from it.
pub fn admit(node: &Node, ask: &Ask, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if node.mode_change.is_some() && !ask.never_waits() {
        // Between its looks nothing is owed, but the machine is not free.
        return Err(Refusal::Locked { node: node.id, host: facts.policy.host.clone() });
    }
    match ask {
        Ask::Provision(ask) => verb::admit(node, ask, facts),
        Ask::Power { target, timeout } => power::admit(node, *target, *timeout, facts),
        Ask::Maintenance { on, reason } => Ok(update::maintenance(node, *on, reason.as_deref(), facts)),
        Ask::Patch(patch) => update::patch(node, patch, facts),
        Ask::Delete => update::delete(node, facts),
        Ask::Lookup { from } => lookup::admit(node, *from, facts),
        Ask::PortCreate(port) => part::port::create(node, port, facts),
        Ask::PortPatch { port, patch, version } => {
            let change = part::port::Change { port: *port, operations: patch, version: *version };
            part::port::patch(node, change, facts)
        }
        Ask::PortDelete { port } => part::port::delete(node, *port, facts),
        Ask::Volume(ask) => volume::admit(node, ask, facts),
        Ask::Mode(wish) => mode::admit(node, *wish, facts),
        Ask::Console { on } => aside::console(node, *on, facts),
        Ask::Insert(medium) => aside::insert(node, medium, facts),
        Ask::Eject(drives) => Ok(aside::eject(node, drives, facts)),
        Ask::Passthru(call) => Ok(aside::passthru(node, call, facts)),
        Ask::Told(told) if node.provision == Provision::Enroll && facts.policy.discovery.what.enrols() => {
            discover::update(node, told, facts)
        }
        Ask::Told(told) => inspect::in_band::told(node, told, facts),
        Ask::Onward => discover::onward(node, facts),
        Ask::Allocation(ask) => allocation::admit(node, ask, facts),
        Ask::Part(ask) => part::admit(node, ask, facts),
    }
}

/// Takes in what has happened; never refuses.
pub fn absorb(node: &Node, happened: &Happened, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    match happened {
        Happened::Opened => recover::opened(&mut course),
        Happened::Paid { number, outcome } => paid(&mut course, *number, outcome),
        Happened::Looked { look, fence, seen } => looked(&mut course, look, *fence, seen),
        Happened::Beat(beat) => beat::absorb(&mut course, beat),
        Happened::Due { wait } => due(&mut course, *wait),
        Happened::SyncDue => power::sync_due(&mut course),
        Happened::Learnt(fact) => bmc::learnt(&mut course, fact),
        Happened::BootsAgain(looping) => boot::again::absorb(&mut course, looping),
    }
    course.finish(node)
}

/// Owes a change for a synchronous request.
pub fn call(node: &Node, effect: Effect, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    course.owe(effect, Purpose::Call);
    course.finish(node)
}

fn paid(course: &mut Course<'_>, number: u64, outcome: &Outcome) {
    let Some(owed) = course.owed(number).cloned() else {
        course.note(Event::info(
            "late",
            format!("an outcome of effect {number} came after it was struck; nothing follows"),
        ));
        return;
    };
    course.settle(number);
    take_outcome(course, &owed, outcome);
}

/// What an outcome means to whom it was owed for; the effect is settled already.
fn take_outcome(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    if let Outcome::Power(power) = outcome {
        power::switched(course, &owed.effect, *power);
    }
    if let Outcome::BootDevice { device, keep } = outcome {
        let memory = &mut course.node.bmc.remembered_boot_device;
        *memory = Remembered::after(*memory, *device, *keep);
    }
    power::tell_paid(course, owed, outcome);
    match owed.purpose {
        Purpose::Run => step::paid(course, owed, outcome),
        Purpose::Power | Purpose::Sync => power::paid(course, owed, outcome),
        Purpose::Aftermath => {
            beside(course, owed, outcome);
            pipeline::aftermath_paid(course);
        }
        Purpose::Abort => rescue::abort_paid(course, owed, outcome),
        Purpose::Call => called(course, owed, outcome),
        Purpose::Mode => mode::paid(course, owed, outcome),
        Purpose::Aside => aside::paid(course, owed, outcome),
        Purpose::Discover => discover::meet::paid(course, owed, outcome),
        Purpose::Inspect => inspect::paid(course, owed, outcome),
    }
}

/// An effect beside the pipelines: its failure is written down and changes nothing.
fn beside(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    match outcome {
        Outcome::Failed(failure) => {
            course.note(Event::error("effect", format!("{} failed: {}", owed.effect.label(), failure.why)));
        }
        Outcome::Done
        | Outcome::Power(_)
        | Outcome::BootDevice { .. }
        | Outcome::Turn(_)
        | Outcome::Modes(_)
        | Outcome::Answer(_)
        | Outcome::Inspected(_)
        | Outcome::Speaks(_)
        | Outcome::Met(_) => {}
    }
}

/// A change that a request asked for and perhaps no longer waits for: how it ended is written down.
fn called(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    beside(course, owed, outcome);
    if let (Effect::StepFor { parent, cursor, .. }, Outcome::Turn(Turn::Done(result))) =
        (&owed.effect, outcome)
    {
        let parent = course.facts.around.node(*parent);
        let run = parent.as_ref().and_then(|parent| parent.run.as_ref());
        if let Some((kind, step)) = run.and_then(|run| Some((run.kind, run.plan.get(*cursor)?))) {
            step::left_behind(course, result, Some(step));
            if let Err(why) = after_step::apply_of(course, kind, step, result) {
                course.note(Event::error("step", format!("step {step} for the parent: {why}")));
            }
        }
    }
    let text = owed.effect.text();
    match outcome {
        // Told already.
        Outcome::Failed(_) => {}
        Outcome::Turn(Turn::Failed(failure)) => {
            course.note(Event::error("effect", format!("{text} failed: {}", failure.why)));
        }
        Outcome::Turn(
            Turn::Act { .. } | Turn::LookIn { .. } | Turn::Reboot { .. } | Turn::Agent { .. } | Turn::Hold,
        ) => {
            course.note(Event::info("effect", format!("{text} goes on")));
        }
        Outcome::Turn(Turn::Done(_))
        | Outcome::Done
        | Outcome::Power(_)
        | Outcome::BootDevice { .. }
        | Outcome::Modes(_)
        | Outcome::Answer(_)
        | Outcome::Inspected(_)
        | Outcome::Speaks(_)
        | Outcome::Met(_) => course.note(Event::info("effect", format!("{text} is done"))),
    }
}

/// What a look saw; it is dropped if a change was owed since (style corner 5).
fn looked(course: &mut Course<'_>, look: &Look, fence: u64, seen: &Seen) {
    if let (Look::Sheets, Seen::Sheets(sheets)) = (look, seen) {
        // It decides nothing, and is true of the moment at which it was read.
        part::sheet::take(course, sheets);
        return;
    }
    if fence != course.node.changes {
        dropped(course, look);
        return;
    }
    match look {
        Look::Power => power::looked(course, seen),
        Look::Step { cursor } => step::looked(course, *cursor, seen),
        Look::AgentSteps => fetch::steps_fetched(course, seen),
        Look::AgentAlive => lookup::agent_looked_at(course, seen),
        Look::Modes if parts::awaits_firmware(course) => parts::firmware_looked(course, seen),
        Look::Modes => mode::looked(course, seen),
        Look::Valid { .. } => parts::checked(course, seen),
        Look::StepFor { .. }
        | Look::BootDevice
        | Look::SupportedBootDevices
        | Look::Image
        | Look::Indicators
        | Look::Media
        | Look::Sensors
        | Look::Sheets
        | Look::Book(_)
        | Look::Passthru(_) => {}
    }
}

/// Nothing may hang because a look was dropped: what was to be decided by it is looked at again.
fn dropped(course: &mut Course<'_>, look: &Look) {
    match look {
        Look::Step { .. } | Look::AgentSteps | Look::Power => {
            step::look_was_dropped(course, look);
            power::keep_recovering(course);
        }
        Look::AgentAlive | Look::Valid { .. } => step::look_was_dropped(course, look),
        Look::Modes => {
            if parts::awaits_firmware(course) {
                course.wish(Look::Modes);
            }
            mode::look_was_dropped(course);
        }
        Look::StepFor { .. }
        | Look::BootDevice
        | Look::SupportedBootDevices
        | Look::Image
        | Look::Indicators
        | Look::Media
        | Look::Sensors
        | Look::Sheets
        | Look::Book(_)
        | Look::Passthru(_) => {}
    }
}

/// What has happened would make the record too large to keep: the pipeline ends with that reason. Struck
/// effects stay struck, so nothing is owed for ever.
pub fn outgrown(node: &Node, happened: &Happened, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    if let Happened::Learnt(_) = happened {
        // A fact that does not fit is learnt again; no pipeline ends for it.
        return course.finish(node);
    }
    if let Happened::Paid { number, .. } = happened {
        course.settle(*number);
    }
    if course.node.provision == Provision::Inspecting {
        inspect::outgrown(&mut course);
    } else {
        pipeline::fail(&mut course, "what it had to remember does not fit into the node's record");
    }
    course.finish(node)
}

/// The last resort of [`outgrown`]: only what is owed is struck, and a state that nothing else would end is left.
pub fn forgotten(node: &Node, happened: &Happened, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    if let Happened::Paid { number, .. } = happened {
        course.settle(*number);
    }
    if course.node.provision == Provision::Inspecting && !course.owes_for(Purpose::Inspect) {
        course.node.mode_change = None;
        course.go(Verb::Fail);
    }
    course.finish(node)
}

/// A wait has ended.
fn due(course: &mut Course<'_>, number: u64) {
    let Some(wait) = course.node.wait.clone().filter(|wait| wait.number == number) else { return };
    if course.node.wished.maintenance && wait.why != WaitFor::Power {
        // A step's own pace may be seconds or nothing: in maintenance nobody looks, so nothing is written for it.
        course.pause_wait(wait.length.max(MAINTENANCE_PAUSE));
        return;
    }
    match wait.why {
        WaitFor::FirstBeat => trouble::no_first_beat(course, &wait),
        WaitFor::Beat => trouble::no_beat(course, &wait),
        WaitFor::Look | WaitFor::Clock => step::look_at_step(course),
        WaitFor::Power => power::look_again(course),
        WaitFor::Mode => course.wish(Look::Modes),
        WaitFor::Inspection => inspect::in_band::late(course, &wait),
        WaitFor::Installer => install::late(course, &wait),
    }
}

/// Seconds between two ends of the same wait while the node is in maintenance.
const MAINTENANCE_PAUSE: u32 = 60;

#[cfg(test)]
mod tests;
