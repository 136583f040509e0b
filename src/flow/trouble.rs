//! When a step does not go well: silence, another boot under it, time that has run out.

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::{fetch, pipeline, step, within};
use crate::model::decision::effect::{Look, Purpose};
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::run::{Phase, Run, Trouble, Wait, WaitFor};
use crate::model::step::{Again, By, Core, Step};
use crate::model::turn::{Failure, FailureKind};

/// Goes by the kind of a failure.
pub fn take_failure(course: &mut Course<'_>, failure: &Failure) {
    let is_untouched = course.node.run.as_ref().is_some_and(Run::is_before_touch);
    match failure.kind {
        // No agent has a part in it.
        FailureKind::Lost | FailureKind::Version if is_untouched || is_out_of_band(course) => {
            pipeline::fail(course, &failure.why);
        }
        FailureKind::Step | FailureKind::Unknown | FailureKind::Account => {
            pipeline::fail(course, &failure.why);
        }
        FailureKind::Silent | FailureKind::Untried => silent(course, &failure.why),
        FailureKind::Lost => lost(course, &failure.why),
        FailureKind::Version => fetch::plan_anew(course, &failure.why),
    }
}

/// No answer: an agent may be rebooting, so its next heartbeat or lookup decides, for one callback timeout; other
/// far sides are asked again a bounded number of times.
fn silent(course: &mut Course<'_>, why: &str) {
    let Some(run) = course.node.run.as_ref() else { return };
    if matches!(run.phase, Phase::Reboot { .. } | Phase::Firmware { .. }) {
        pipeline::fail(course, why);
        return;
    }
    if course.silent >= SILENT_LIMIT {
        let text = silence(course, why);
        pipeline::fail(course, &text);
        return;
    }
    let of_child = run.step().is_some_and(|step| matches!(step.by, By::Core(Core::ByChild(_))));
    let is_core = run.step().is_some_and(|step| matches!(step.by, By::Core(_)));
    let core_power = run.phase == Phase::Act && is_core && !of_child;
    if core_power {
        pipeline::fail(course, why);
        return;
    }
    let press = run.phase == Phase::Act
        && run.step().is_some_and(|step| step.by != By::Agent && step.again == Again::Never);
    if press {
        pipeline::fail(
            course,
            &format!("it is not known whether it was done, and it must not be done twice ({why})"),
        );
        return;
    }
    let first = mark(course, why);
    step::rest(course);
    if course.node.agent.is_some() && !of_child && !is_out_of_band(course) {
        step::set_phase(course, Phase::Beat);
        let waits = course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Beat);
        if first || !waits {
            let length = step::callback_timeout(course);
            course.wait(WaitFor::Beat, "the agent", length);
        }
    } else {
        course.silent += 1;
        step::set_phase(course, Phase::Later);
        let left = u32::from(SILENT_LIMIT.saturating_sub(course.silent)) + 1;
        course.wait_until(WaitFor::Look, "the BMC", SILENT_PAUSE, left * SILENT_PAUSE);
    }
}

/// The first silent look of a row is kept, so that it is seen; true if this is one.
fn mark(course: &mut Course<'_>, why: &str) -> bool {
    let (since, whom) = (course.facts.at, whom(course));
    let Some(run) = course.node.run.as_mut().filter(|run| run.trouble.is_none()) else { return false };
    run.trouble = Some(Trouble { since, why: why.chars().take(CAUSE_LIMIT).collect() });
    course.note(Event::error("trouble", format!("{whom} does not answer: {why}. It is asked again")));
    true
}

/// The far side has answered: a silence is over. True if there was one.
pub fn heard(course: &mut Course<'_>) -> bool {
    course.silent = 0;
    let Some(trouble) = course.node.run.as_mut().and_then(|run| run.trouble.take()) else { return false };
    let whom = whom(course);
    course.note(Event::info("trouble", format!("{whom} answers again")));
    course.which_began(Some(trouble.since));
    true
}

/// Who is asked about the current step.
fn whom(course: &Course<'_>) -> String {
    match course.node.agent.as_ref().filter(|_| !is_out_of_band(course)) {
        Some(agent) => {
            agent.url.as_ref().map_or_else(|| "the agent".to_owned(), |url| format!("the agent at {url}"))
        }
        None => "the BMC".to_owned(),
    }
}

/// A silence that was too long: whose, since when, how long, its last cause.
fn silence(course: &Course<'_>, why: &str) -> String {
    let (at, whom) = (course.facts.at, whom(course));
    let agent = course.node.agent.as_ref().filter(|_| !is_out_of_band(course));
    let beat = agent.and_then(|agent| agent.last_heartbeat);
    match (course.node.run.as_ref().and_then(|run| run.trouble.as_ref()), beat) {
        (Some(trouble), beat) => {
            let although = if beat > Some(trouble.since) { " although its heartbeats come" } else { "" };
            let lasted = at.seconds_since(trouble.since);
            format!("{whom} has not answered since {} ({lasted} s){although}; last: {why}", trouble.since)
        }
        (None, Some(beat)) => {
            let lasted = at.seconds_since(beat);
            format!("no heartbeat of {whom} since {beat} ({lasted} s), and it does not answer: {why}")
        }
        (None, None) => format!("{whom} does not answer: {why}"),
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
    if works_out_of_band(&step) {
        // Its work is the BMC's, which knows no agent: a machine that boots anew on the way loses nothing of it.
        return;
    }
    if matches!(run.phase, Phase::Reboot { .. } | Phase::Firmware { .. } | Phase::FirstBeat | Phase::Hold) {
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
    run.trouble = None;
    run.waited = 0;
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

/// Whether the current step is worked on by the BMC, whoever runs on the machine.
fn is_out_of_band(course: &Course<'_>) -> bool {
    course.node.run.as_ref().and_then(Run::step).is_some_and(works_out_of_band)
}

fn works_out_of_band(step: &Step) -> bool {
    step.by == By::Driver
        && matches!(
            step.interface,
            Interface::Bios | Interface::Raid | Interface::Firmware | Interface::Management
        )
}

/// The ramdisk did not call within its time.
pub fn no_first_beat(course: &mut Course<'_>, wait: &Wait) {
    if parts::again(course, wait.length) {
        return;
    }
    let waited = course.node.run.as_ref().map_or(wait.length, |run| run.boot_waited);
    pipeline::fail(
        course,
        &format!(
            "no heartbeat of the ramdisk within {waited} s after power on; look at its console, its network and the boot \
             order"
        ),
    );
}

/// The agent has been quiet for the whole wait: one last look, and silence then is a failure.
pub fn no_beat(course: &mut Course<'_>, wait: &Wait) {
    within::count_beats(course, wait.length);
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
/// Characters of a cause, so that the record stays under 64 KiB.
const CAUSE_LIMIT: usize = 512;
/// Looks at a BMC in a row that may go unanswered: ten minutes of [`SILENT_PAUSE`].
const SILENT_LIMIT: u8 = 40;
/// Seconds between looks at a far side that is silent.
const SILENT_PAUSE: u32 = 15;
/// Members of a memo that outlive a lost step: the drives it may write.
const KEPT_WHEN_LOST: &[&str] = &["drives"];
