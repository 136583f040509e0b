//! Parents and children: who may stand below whom, and whose power hangs on whose (contract `states.json`, power rules).
//!
//! A card without a supply of its own lives on its server's power: before it is switched on its server is, and before a
//! server is switched off its cards are. A restart is neither.

use crate::base::id::NodeId;
use crate::flow::course::Course;
use crate::flow::{step, trouble};
use crate::model::boot::Boots;
use crate::model::decision::effect::{Effect, Purpose};
use crate::model::decision::facts::Around;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_flag;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::run::Phase;
use crate::model::turn::{Failure, Turn};

/// A parent exists and is no descendant of its child.
pub fn check(around: &dyn Around, child: NodeId, parent: NodeId) -> Result<(), Refusal> {
    let mut next = Some(parent);
    for _ in 0..ANCESTORS_LIMIT {
        let Some(id) = next else { return Ok(()) };
        if id == child {
            return Err(Refusal::Invalid(format!(
                "parent_node {parent} is the node itself or one of its children"
            )));
        }
        let node = around.node(id);
        let node = node.ok_or_else(|| Refusal::Invalid(format!("parent_node {id} could not be found")))?;
        next = node.wished.parent_node;
    }
    Err(Refusal::Invalid(format!("parent_node {parent} has more than {ANCESTORS_LIMIT} ancestors")))
}

/// Owes that the node's parent is on, if its power hangs on it. What the record says of it may be old: it is looked at.
pub fn parent_on(course: &mut Course<'_>, purpose: Purpose) {
    let Some(parent) = course.node.wished.parent_node.filter(|_| !is_fed_apart(&course.node)) else { return };
    course.owe(Effect::Relative { node: parent, on: true }, purpose);
}

/// Owes that the children whose power hangs on the node's are off.
pub fn children_off(course: &mut Course<'_>, purpose: Purpose) {
    for child in course.facts.around.children(course.node.id) {
        if !is_fed_apart(&child) {
            course.owe(Effect::Relative { node: child.id, on: false }, purpose);
        }
    }
}

/// Goes by what a step said that a child does for the node: its changes are the child's, its memo and its waits the
/// node's, so that a start of the daemon goes on with it.
pub fn take_turn(course: &mut Course<'_>, child: NodeId, turn: &Turn) {
    let Some(run) = course.node.run.as_ref() else { return };
    let (cursor, has_acted) = (run.cursor, run.phase == Phase::Act);
    let name = course.facts.around.node(child).map_or_else(|| child.to_string(), |node| node.label());
    match turn {
        Turn::Done(_) if has_acted => {
            step::work(course);
            step::done(course);
        }
        // The child writes down what its step leaves behind: that is a change of its own.
        Turn::Done(_) => step::act(course, Effect::StepOn { child, cursor, done: true }),
        Turn::Failed(failure) => {
            let why = format!("on child node {name}: {}", failure.why);
            trouble::take_failure(course, &Failure { why, ..failure.clone() });
        }
        Turn::Act { memo } => {
            if step::remember(course, memo) {
                step::act(course, Effect::StepOn { child, cursor, done: false });
            }
        }
        Turn::LookIn { after, memo } => step::look_in(course, *after, memo),
        Turn::Reboot { into: Boots::Nothing | Boots::Disk, memo } => {
            if step::remember(course, memo) {
                step::act(course, Effect::Relative { node: child, on: false });
                course.owe(Effect::Relative { node: child, on: true }, Purpose::Run);
                step::set_phase(course, Phase::Reboot { into: Boots::Nothing });
            }
        }
        Turn::Reboot { into: Boots::Ramdisk | Boots::Instance | Boots::Installer, .. }
        | Turn::Agent { .. }
        | Turn::Hold => waits(course, child, cursor),
    }
}

/// The child's step waits for somebody: a failure of the step, unless the site takes it for done (`[conductor]
/// permit_child_node_step_async_result`).
fn waits(course: &mut Course<'_>, child: NodeId, cursor: usize) {
    if !course.facts.policy.permit_child_node_step_async_result {
        let why = format!(
            "on child node {child}: the step waits for an agent or a person, which a step of a child cannot ([conductor] \
             permit_child_node_step_async_result lets the pipeline go on without it)"
        );
        trouble::take_failure(course, &Failure::step(why));
        return;
    }
    let step = course.node.run.as_ref().and_then(|run| run.plan.get(cursor)).map(ToString::to_string);
    let step = step.unwrap_or_default();
    course.note(Event::info("step", format!("step {step} goes on by itself on child node {child}")));
    step::work(course);
    step::done(course);
}

/// Whether it has a power supply of its own.
fn is_fed_apart(node: &Node) -> bool {
    let said = node.wished.driver_info.get(OWN_SUPPLY);
    said.is_some_and(|said| said.as_bool().or_else(|| parse_flag(said.as_str()?)).unwrap_or_default())
}

/// What says in `driver_info` that a child has a supply of its own.
const OWN_SUPPLY: &str = "has_dedicated_power_supply";

/// Generations of parents: a chassis, a server, its cards.
const ANCESTORS_LIMIT: usize = 16;
