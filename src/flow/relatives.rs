//! Parents and children: who may stand below whom, and whose power hangs on whose (contract `states.json`, power rules).
//!
//! A card without a supply of its own lives on its server's power: before it is switched on its server is, and before a
//! server is switched off its cards are. A restart is neither.

use crate::base::id::NodeId;
use crate::flow::course::Course;
use crate::model::decision::effect::{Effect, Purpose};
use crate::model::decision::facts::Around;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_flag;
use crate::model::node::Node;

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

/// Whether it has a power supply of its own.
fn is_fed_apart(node: &Node) -> bool {
    let said = node.wished.driver_info.get(OWN_SUPPLY);
    said.is_some_and(|said| said.as_bool().or_else(|| parse_flag(said.as_str()?)).unwrap_or_default())
}

/// What says in `driver_info` that a child has a supply of its own.
const OWN_SUPPLY: &str = "has_dedicated_power_supply";

/// Generations of parents: a chassis, a server, its cards.
const ANCESTORS_LIMIT: usize = 16;
