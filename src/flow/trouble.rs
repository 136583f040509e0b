//! When a step does not go well: silence, another boot under it, time that has run out.

use crate::flow::course::Course;
use crate::flow::{fetch, pipeline, step};
use crate::model::effect::{Look, Purpose};
use crate::model::journal::Event;
use crate::model::run::{Phase, Run, Wait, WaitFor};
use crate::model::step::{Again, By, Core};
use crate::model::turn::{Failure, FailureKind};

/// Goes by the kind of a failure.
pub fn take_failure(course: &mut Course<'_>, failure: &Failure) {
    match failure.kind {
        FailureKind::Step | FailureKind::Unknown => pipeline::fail(course, &failure.why),
        FailureKind::Silent => silent(course, &failure.why),
        FailureKind::Lost => lost(course, &failure.why),
        FailureKind::Version => fetch::plan_anew(course, &failure.why),
    }
}

/// No answer: an agent may be rebooting, so its next heartbeat or lookup decides; other far sides are
/// asked again. Either a bounded number of times, which is counted in memory.
fn silent(course: &mut Course<'_>, why: &str) {
    let Some(run) = course.node.run.as_ref() else { return };
    if course.silent >= SILENT_LIMIT || matches!(run.phase, Phase::Reboot { .. }) {
        pipeline::fail(course, why);
        return;
    }
    let core_power = run.phase == Phase::Act && run.step().is_some_and(|step| matches!(step.by, By::Core(_)));
    if core_power {
        pipeline::fail(course, why);
        return;
    }
    let press = run.phase == Phase::Act
        && run.step().is_some_and(|step| step.by == By::Driver && step.again == Again::Never);
    if press {
        pipeline::fail(
            course,
            &format!("it is not known whether it was done, and it must not be done twice ({why})"),
        );
        return;
    }
    course.silent += 1;
    step::rest(course);
    if course.node.agent.is_some() {
        step::set_phase(course, Phase::Beat);
        let waits = course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Beat);
        if !waits {
            let length = step::callback_timeout(course);
            course.wait(WaitFor::Beat, "the agent", length);
        }
    } else {
        step::set_phase(course, Phase::Later);
        course.wait(WaitFor::Look, "the BMC", SILENT_PAUSE);
    }
}

/// The agent is another boot than the one that was given the step (style corner 2).
pub fn lost(course: &mut Course<'_>, why: &str) {
    let Some(run) = course.node.run.as_mut() else { return };
    let Some(step) = run.step().cloned() else { return };
    if let By::Core(core) = step.by
        && core != Core::FetchSteps
    {
        return;
    }
    if matches!(run.phase, Phase::Reboot { .. } | Phase::FirstBeat | Phase::Hold) {
        // The reboot was ours, or nothing was given to that boot yet.
        return;
    }
    run.lost += 1;
    if step.again == Again::Never {
        pipeline::fail(
            course,
            &format!("the machine rebooted in its middle and it must not be done twice ({why})"),
        );
        return;
    }
    if run.lost > LOST_LIMIT {
        pipeline::fail(course, &format!("it was lost {LOST_LIMIT} times: {why}"));
        return;
    }
    run.memo.retain(|key, _| KEPT_WHEN_LOST.contains(&key.as_str()));
    course.silent = 0;
    let times = run.lost;
    course.note(Event::error(
        "lost",
        format!("step {step} was lost ({why}); it begins again, time {times} of {LOST_LIMIT}"),
    ));
    course.strike(Purpose::Run);
    if course.node.agent.as_ref().is_some_and(|agent| agent.borne) {
        // Either it is the new boot already, or the new boot has not called yet: the agent itself tells.
        course.stop_waiting();
        step::set_phase(course, Phase::Look);
        course.wish(Look::AgentAlive);
    } else {
        step::await_first_beat(course);
    }
}

/// Whether the current step was lost and it is being looked whether its agent is still the known one.
pub fn is_lost(course: &Course<'_>) -> bool {
    course.node.run.as_ref().is_some_and(|run| {
        run.phase == Phase::Look
            && run.lost > 0
            && run.step().is_some_and(|step| !matches!(step.by, By::Core(_)))
    })
}

/// The agent of a lost step is gone: the next boot's first heartbeat begins the step again.
pub fn await_another_boot(course: &mut Course<'_>) {
    if course.node.agent.as_ref().is_some_and(|agent| agent.borne) {
        course.forget_agent();
    }
    step::await_first_beat(course);
}

/// The known agent is gone: its identity is dropped and, if a step was under way, that is lost.
pub fn another_boot(course: &mut Course<'_>, why: &str) {
    course.forget_agent();
    lost(course, why);
}

/// The machine was switched off under an agent that had a step to do.
pub fn agent_was_switched_off(course: &mut Course<'_>) {
    let working = course.node.run.as_ref().is_some_and(|run| {
        matches!(run.phase, Phase::Look | Phase::Beat | Phase::Later)
            && run.step().is_some_and(|step| step.by == By::Agent)
    });
    if working {
        lost(course, "the machine was switched off");
    }
}

/// The ramdisk did not call within its time.
pub fn no_first_beat(course: &mut Course<'_>, wait: &Wait) {
    pipeline::fail(
        course,
        &format!(
            "no heartbeat of the ramdisk within {} s after power on; look at its console, its network and the boot order",
            wait.length
        ),
    );
}

/// The agent has been quiet for the whole wait: one last look, and silence then is a failure.
pub fn no_beat(course: &mut Course<'_>) {
    course.silent = SILENT_LIMIT;
    course.stop_waiting();
    step::set_phase(course, Phase::Look);
    let waiting =
        course.node.run.as_ref().and_then(Run::step).is_some_and(|step| step.by == By::Core(Core::Wait));
    if waiting {
        pipeline::fail(course, "no heartbeat came while the wait step waited for one");
    } else {
        step::look_at_step(course);
    }
}

/// How often a step may be lost and begun again (style corner 2).
pub const LOST_LIMIT: u8 = 3;
/// Looks in a row that may go unanswered: ten minutes of [`SILENT_PAUSE`].
const SILENT_LIMIT: u8 = 40;
/// Seconds between looks at a far side that is silent.
const SILENT_PAUSE: u32 = 15;
/// Members of a memo that outlive a lost step: the drives it may write.
const KEPT_WHEN_LOST: &[&str] = &["drives"];
