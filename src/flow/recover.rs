//! After a start: what was under way goes on; looks come before changes (style corner 15).

use crate::flow::aside;
use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::detect;
use crate::flow::inspect;
use crate::flow::mode;
use crate::flow::pipeline;
use crate::flow::power;
use crate::flow::step;
use crate::flow::take_outcome;
use crate::model::decision::effect::{Effect, Owed, Purpose};
use crate::model::decision::outcome::Outcome;
use crate::model::moves::Verb;
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run};
use crate::model::step::{Again, By, Core};
use crate::model::turn::{Failure, FailureKind};

/// The daemon has found the node in its store. Owed effects are paid by the lane, with `again`.
pub fn opened(course: &mut Course<'_>) {
    resume(course);
    end_what_cannot_go_on(course);
    mode::opened(course);
    aside::opened(course);
    inspect::opened(course);
}

/// A state in which somebody works, and nobody does: it would never end. Records of our own making do not come to this.
fn end_what_cannot_go_on(course: &mut Course<'_>) {
    let state = course.node.provision;
    let is_inspected = matches!(state, Provision::Inspecting | Provision::InspectWait);
    let rests = state.traits().stable || state.traits().failure;
    if rests || is_inspected || course.node.run.is_some() || state.after(Verb::Fail).is_none() {
        return;
    }
    course.strike(Purpose::Run);
    course.stop_waiting();
    detect::restore_after(course, state);
    course.go(Verb::Fail);
    course.error(format!(
        "node {} was found in state {state} with nothing under way when the daemon started. Look at the machine, then ask \
         for the work again.",
        course.node.label()
    ));
}

fn resume(course: &mut Course<'_>) {
    if let Some(press) = unsure_press(course) {
        course.settle(press.number);
        let failure = Failure::new(
            FailureKind::Unknown,
            "the daemon stopped while it was being done: unknown whether done",
        );
        take_outcome(course, &press, &Outcome::Failed(failure));
        pipeline::aftermath_paid(course);
        if press.purpose == Purpose::Run {
            return;
        }
    }
    if course.owes_for(Purpose::Run) {
        return;
    }
    power::keep_recovering(course);
    let Some(run) = course.node.run.as_ref() else { return };
    if run.step().is_some_and(|step| step.by == By::Core(Core::Wait)) {
        return;
    }
    let phase = run.phase;
    match phase {
        Phase::Look | Phase::Beat | Phase::Act | Phase::Reboot { .. } => step::look_at_step(course),
        Phase::Firmware { .. } if course.node.wait.is_none() => parts::await_firmware(course),
        Phase::Firmware { .. } | Phase::FirstBeat | Phase::Later | Phase::Hold => {}
    }
}

/// An owed effect that must not be done twice: it is not paid again (style corner 6).
fn unsure_press(course: &Course<'_>) -> Option<Owed> {
    let first = course.facts.owed.first()?;
    let never = match &first.effect {
        // An agent's list of commands tells whether its step was sent (style corner 3): paying again is safe.
        Effect::Step { .. } => course
            .node
            .run
            .as_ref()
            .and_then(Run::step)
            .is_some_and(|step| step.again == Again::Never && step.by != By::Agent),
        Effect::Power { .. }
        | Effect::Relative { .. }
        | Effect::StepOn { .. }
        | Effect::StepFor { .. }
        | Effect::BootDevice { .. }
        | Effect::KeptBootDevice
        | Effect::Boot(_)
        | Effect::Logs
        | Effect::Mode(_)
        | Effect::Nmi
        | Effect::Indicator { .. }
        | Effect::Insert { .. }
        | Effect::Eject { .. }
        | Effect::Passthru(_)
        | Effect::Console { .. }
        | Effect::Inspect { .. }
        | Effect::RuleCall { .. }
        | Effect::Meet(_) => first.effect.again() == Again::Never,
    };
    never.then(|| first.clone())
}
