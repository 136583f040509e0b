//! The steps that only the agent can tell: asked for once it is there, and again when they have changed.

use crate::flow::course::Course;
use crate::flow::trouble::LOST_LIMIT;
use crate::flow::{pipeline, plan, step, trouble};
use crate::model::Object;
use crate::model::decision::Row;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Seen;
use crate::model::journal::Event;
use crate::model::part::sheet::Sheet;
use crate::model::part::told::ToldSteps;
use crate::model::run::Run;
use crate::model::step::{AskedStep, By, Core, Kind};
use crate::model::turn::{FailureKind, InBandSteps};

/// The agent has told its steps, or has not answered.
pub fn steps_fetched(course: &mut Course<'_>, seen: &Seen) {
    let fetching = course
        .node
        .run
        .as_ref()
        .and_then(Run::step)
        .is_some_and(|step| step.by == By::Core(Core::FetchSteps));
    let awaited = course.node.run.as_ref().is_some_and(Run::awaits_a_look);
    if !fetching || !awaited {
        return;
    }
    match seen {
        Seen::Steps(steps) => match plan_with(course, steps) {
            Ok(()) => {
                keep(course, steps);
                trouble::heard(course);
                step::work(course);
                step::done(course);
            }
            Err(why) => pipeline::fail(course, &why),
        },
        Seen::Silent(failure) if failure.kind == FailureKind::Lost => {
            trouble::another_boot(course, &failure.why);
        }
        Seen::Silent(failure) => trouble::take_failure(course, failure),
        Seen::Power(_)
        | Seen::Turn(_)
        | Seen::Alive(_)
        | Seen::Valid(_)
        | Seen::BootDevice { .. }
        | Seen::BootDevices(_)
        | Seen::Image(_)
        | Seen::Modes(_)
        | Seen::Indicators(_)
        | Seen::Media(_)
        | Seen::Sensors(_)
        | Seen::Sheets(_)
        | Seen::Answer(_) => {}
    }
}

/// What the agent offers is remembered, so that a plan can be shown before the next one is booted.
fn keep(course: &mut Course<'_>, steps: &InBandSteps) {
    let Some(kind) = course.node.run.as_ref().map(|run| run.kind) else { return };
    let agent = course.node.agent.as_ref().and_then(|agent| agent.version.clone());
    let told = ToldSteps { kind, at: course.facts.at, agent, steps: steps.steps.clone() };
    if told.is_small() {
        course.row(Row::Sheet(Box::new(Sheet::Told(told))));
    }
}

/// The run's plan with the agent's steps in it, which come after the current step.
pub fn plan_with(course: &mut Course<'_>, steps: &InBandSteps) -> Result<(), String> {
    let facts = course.facts;
    let Some(run) = course.node.run.clone() else { return Ok(()) };
    let after = run.cursor + 1;
    let plan = match run.kind {
        Kind::Deploy => {
            let declared = |ask: &AskedStep| {
                let mut all = facts.catalog.steps(&course.node, Kind::Deploy);
                all.any(|(interface, spec)| interface == ask.interface && spec.step == ask.step)
            };
            plan::deploy_with_agent(&run, after, &steps.steps, &declared)?
        }
        Kind::Clean | Kind::Service if run.manual || run.by_runbook => {
            plan::manual::with_agent(&run.plan, after, &steps.steps, run.kind)?
        }
        Kind::Clean => {
            let past = run.plan.iter().take(after).cloned();
            let cleaning = plan::cleaning(&course.node, facts, &steps.steps);
            past.chain(cleaning).chain([plan::frame("power_off", Core::PowerOff)]).collect()
        }
        Kind::Verify | Kind::Service | Kind::Delete | Kind::Rescue | Kind::Unrescue => run.plan,
    };
    if plan.len() > PLAN_LIMIT {
        return Err(format!("its plan of {} steps is over the limit of {PLAN_LIMIT}", plan.len()));
    }
    if let Some(run) = course.node.run.as_mut() {
        run.plan = plan;
        run.versions.clone_from(&steps.versions);
        run.fetched = true;
    }
    Ok(())
}

/// The agent's hardware managers changed: its steps are asked for again and the plan made anew.
pub fn plan_anew(course: &mut Course<'_>, why: &str) {
    let Some(run) = course.node.run.as_mut() else { return };
    let anew = run.plan.iter().filter(|step| step.by == By::Core(Core::FetchSteps)).count();
    if anew > usize::from(LOST_LIMIT) {
        pipeline::fail(course, &format!("the plan was made anew {LOST_LIMIT} times: {why}"));
        return;
    }
    run.plan.insert(run.cursor, plan::frame("fetch_steps", Core::FetchSteps));
    run.memo = Object::new();
    trouble::heard(course);
    course.note(Event::info(
        "plan",
        format!("the agent's hardware managers changed ({why}); the plan is made anew"),
    ));
    step::look(course, Look::AgentSteps);
}

/// Steps in a plan, so that the record stays under 64 KiB.
const PLAN_LIMIT: usize = 64;
