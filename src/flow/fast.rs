//! Fast track: an agent that runs already is used again, and the machine stays on after cleaning (contract `config.md`,
//! `seeds-functions.md` D17, D18).
//!
//! ```text
//! cleaning ends -> the agent stays, its heartbeats are kept -> deploy, clean: alive? -> its steps, no boot
//!                                                                            \-> no: booted as ever
//! ```

use serde_json::Value;

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::{step, trouble};
use crate::model::bmc::power::Power;
use crate::model::boot::Boots;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Seen;
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run};
use crate::model::step::{By, Core, Kind};

/// Whether the node, or else the site, wants it.
pub fn is_wanted(course: &Course<'_>) -> bool {
    match course.node.wished.driver_info.get("fast_track") {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(word)) => word.eq_ignore_ascii_case("true"),
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
            course.facts.policy.fast_track
        }
    }
}

/// Whether an agent is there that may be used again: it called in not long ago, on a machine that is on and well.
pub fn is_ready(course: &Course<'_>) -> bool {
    let node = &course.node;
    let beat = node.agent.as_ref().filter(|agent| agent.borne && agent.url.is_some());
    let fresh = beat.and_then(|agent| agent.last_heartbeat).is_some_and(|beat| {
        course.facts.at.seconds_since(beat) <= u64::from(course.facts.policy.fast_track_timeout)
    });
    fresh && node.power == Some(Power::On) && node.last_error.is_none() && is_wanted(course)
}

/// Whether the agent stays when cleaning ends well.
pub fn stays(course: &Course<'_>) -> bool {
    let is_cleaned = course.node.run.as_ref().is_none_or(|run| run.kind == Kind::Clean);
    let is_there = course.node.agent.as_ref().is_some_and(|agent| agent.url.is_some());
    is_cleaned && is_there && course.node.boots == Boots::Ramdisk && is_wanted(course)
}

/// Whether a heartbeat counts while nothing is done to the node.
pub fn hears(course: &Course<'_>) -> bool {
    let rests =
        matches!(course.node.provision, Provision::Enroll | Provision::Manageable | Provision::Available);
    rests && is_wanted(course)
}

/// Asks the agent that is there, if this is the work's first boot; true if it is asked.
pub fn asks(course: &mut Course<'_>) -> bool {
    let is_first = course.node.run.as_ref().is_some_and(|run| !run.fetched);
    if is_first && is_ready(course) {
        step::look(course, Look::AgentAlive);
        return true;
    }
    false
}

/// Whether the agent was asked so.
pub fn is_asked(course: &Course<'_>) -> bool {
    let run = course.node.run.as_ref().filter(|run| run.phase == Phase::Look && !run.fetched);
    let boots = run.and_then(Run::step).is_some_and(|step| step.by == By::Core(Core::BootAgent));
    boots && is_ready(course)
}

/// It has answered, or not.
pub fn answered(course: &mut Course<'_>, seen: &Seen) {
    if matches!(seen, Seen::Alive(true)) {
        trouble::heard(course);
        course.node.boots = Boots::Ramdisk;
        step::core_done(course);
    } else {
        course.drop_agent();
        parts::check(course);
    }
}
