//! Manual cleaning and servicing: a person names steps, and they are carried out in that order (contract `steps.md`
//! sections 2 and 8).
//!
//! ```text
//! clean    manageable -> cleaning  -> steps -> manageable
//! service  active     -> servicing -> steps -> active
//! ```
//! What the driver knows to be impossible is refused by the work, not by the request: the answer is 202, and the node
//! fails with that reason before its machine is touched.

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::{detect, fast, pipeline, plan};
use crate::model::boot::Boots;
use crate::model::decision::ask::ProvisionAsk;
use crate::model::decision::effect::Purpose;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::run::Run;
use crate::model::step::{ASKED_LIMIT, AskedStep, Kind};

/// Steps that this site does not let anybody ask for, and more of them than a record holds.
pub fn check_asked(kind: Kind, steps: &[AskedStep], facts: &Facts<'_>) -> Result<(), Refusal> {
    for asked in steps {
        let name = format!("{}.{}", asked.interface, asked.step);
        if facts.policy.disallowed(kind).contains(&name) {
            return Err(Refusal::Invalid(format!("{} step {name} is not allowed on this host", kind.name())));
        }
    }
    let size = serde_json::to_vec(steps).map_or(usize::MAX, |text| text.len());
    if size > ASKED_LIMIT {
        return Err(Refusal::Invalid(format!(
            "{}_steps of {size} bytes are over the limit of {ASKED_LIMIT}",
            kind.name()
        )));
    }
    Ok(())
}

/// Begins; the move is legal and the steps are allowed.
pub fn start(course: &mut Course<'_>, kind: Kind, ask: &ProvisionAsk) -> Result<(), Refusal> {
    check_asked(kind, &ask.steps, course.facts)?;
    let planned = match detect::switch(course) {
        Ok(()) => plan::manual::plan(&course.node, kind, &ask.steps, ask.disable_ramdisk, course.facts),
        Err(why) => Err(why),
    };
    course.strike(Purpose::Run);
    if !fast::is_ready(course) {
        course.drop_agent();
    }
    course.node.run = None;
    let run = |steps| Run {
        manual: true,
        disable_ramdisk: ask.disable_ramdisk,
        ..Run::new(kind, steps, course.facts.at)
    };
    match planned {
        Ok(steps) => {
            let run = run(steps);
            pipeline::enter(course, ask.verb, run);
        }
        Err(why) => {
            // The move and its failure are both told, as they are where somebody else finds out.
            course.node.run = Some(run(Vec::new()));
            course.go(ask.verb);
            pipeline::unprepared(course, kind, &why);
        }
    }
    Ok(())
}

/// Servicing that failed is given up: the instance gets its machine back.
pub fn check_give_up(node: &Node) -> Result<(), Refusal> {
    if node.wished.maintenance {
        return Err(Refusal::Conflict(format!(
            "servicing of node {} cannot be aborted while it is in maintenance mode: unset maintenance first",
            node.id
        )));
    }
    Ok(())
}

/// Back to the instance. It is active from now on, and busy until its machine runs.
pub fn give_up(course: &mut Course<'_>) {
    course.go(Verb::Abort);
    // What fits the instance says how it boots; where nothing does, it is what is on the disk.
    detect::switch(course).ok();
    bring_back(course);
    detect::restore(course);
}

/// Boots the instance again, unless it was never left.
fn bring_back(course: &mut Course<'_>) {
    let has_agent = course.facts.catalog.uses_agent(&course.node.wished.interfaces);
    if !has_agent || matches!(course.node.boots, Boots::Disk | Boots::Instance) {
        return;
    }
    let into =
        if plan::manual::boots_itself(&course.node, course.facts) { Boots::Instance } else { Boots::Disk };
    if let Err(why) = parts::back(course, into, Purpose::Aftermath) {
        let node = course.node.label();
        course.error(format!(
            "the instance of node {node} was not booted again: {why}. Mend that, then: ferric node power {node} on"
        ));
    }
}
