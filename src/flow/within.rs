//! How long a step may wait in all: by its own pace it would wait for ever, whoever sets that.
//!
//! | whose step | its time | what is counted |
//! |---|---|---|
//! | a site's executable | `within` of its manifest, or the callback timeout of the kind | all seconds for which it waited |
//! | a driver's that says how long it waits on ([`LEFT`]) | as it says | by itself |
//! | any other | the callback timeout of the kind | seconds of waiting in which its memo did not change |
//!
//! Seconds are those of waits that have ended while the daemon served: no clock is asked.

use crate::flow::course::Course;
use crate::flow::{pipeline, step};
use crate::model::run::{Phase, Run, WaitFor};
use crate::model::step::site::Within;
use crate::model::step::{By, Core};
use crate::model::turn::{LEFT, Memo, Turn};

/// Seconds for which a step may wait on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    pub seconds: u32,
    /// It is looked at then, however late it wanted to be.
    pub is_bound: bool,
}

/// A look at the step has an answer: the wait before it is over.
pub fn count(course: &mut Course<'_>, turn: Option<&Turn>) {
    let is_site = is_of_site(course);
    let length = course.node.wait.as_ref().map(|wait| (wait.why, wait.length));
    let Some(run) = course.node.run.as_mut() else { return };
    let waited = match (run.phase, length) {
        (Phase::Later, Some((WaitFor::Look, length))) => length.max(1),
        // One that is waited for in vain counts when its wait has ended.
        (Phase::Beat, Some(_)) if is_site && !matches!(turn, Some(Turn::Agent { .. })) => BEAT,
        _ => return,
    };
    run.waited = run.waited.saturating_add(waited);
}

/// A heartbeat was waited for so long, and none has ended it.
pub fn count_beats(course: &mut Course<'_>, length: u32) {
    let is_site = is_of_site(course);
    if let Some(run) = course.node.run.as_mut().filter(|_| is_site) {
        run.waited = run.waited.saturating_add(length);
    }
}

/// How long the current step may wait on, now that it says `memo`. If there is nothing left it fails.
pub fn left(course: &mut Course<'_>, memo: &Memo) -> Option<Left> {
    let whole = whole(course);
    let run = course.node.run.as_mut()?;
    if whole.is_none() {
        if let Some(left) = memo.get(LEFT).and_then(serde_json::Value::as_u64) {
            let seconds = u32::try_from(left).unwrap_or(u32::MAX);
            return Some(Left { seconds, is_bound: false });
        }
        if run.memo != *memo {
            run.waited = 0;
        }
    }
    let waited = run.waited;
    let limit = match whole {
        Some(Within::Seconds(seconds)) => seconds,
        Some(Within::Usual) | None => step::callback_timeout(course),
    };
    let seconds = limit.saturating_sub(waited);
    if seconds > 0 {
        return Some(Left { seconds, is_bound: whole.is_some() });
    }
    let why = over(course, whole, limit);
    pipeline::fail(course, &why);
    None
}

/// Whether heartbeats do not give the current step more time.
pub fn is_of_site(course: &Course<'_>) -> bool {
    whole(course).is_some()
}

/// The time of the current step, if it is a site's: what its manifest says of it now, if anything.
fn whole(course: &Course<'_>) -> Option<Within> {
    let step = course.node.run.as_ref().and_then(Run::step)?;
    let known = course.facts.catalog.site.within(step);
    match step.by {
        By::Site | By::Hook => Some(known.unwrap_or(Within::Usual)),
        By::Core(Core::ByChild(_)) => known,
        By::Core(_) | By::Driver | By::Agent => None,
    }
}

/// Why it is given up, and what changes that.
fn over(course: &Course<'_>, whole: Option<Within>, limit: u32) -> String {
    let run = course.node.run.as_ref();
    let usual = run.map_or("deploy", |run| step::callback_kind(run.kind));
    let last = course.node.wait.as_ref().filter(|wait| wait.from_whom != step::PACE);
    let last = last.map(|wait| format!("; last it waited for {}", wait.from_whom)).unwrap_or_default();
    match whole {
        Some(Within::Seconds(_)) => {
            format!(
                "it has waited for {limit} s and is not done (within, in its manifest){last}; if it needs more, raise within"
            )
        }
        Some(Within::Usual) => format!(
            "it has waited for {limit} s and is not done ([conductor] {usual}_callback_timeout){last}; if it needs more, \
             give its manifest a within"
        ),
        None => format!(
            "it has waited for {limit} s in which nothing has moved ([conductor] {usual}_callback_timeout){last}"
        ),
    }
}

/// Seconds for which a heartbeat counts that came: agents beat every minute or two.
const BEAT: u32 = 60;
