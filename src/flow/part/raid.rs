//! The RAID that cleaning is to make.

use crate::flow::course::Course;
use crate::model::Object;
use crate::model::decision::Decision;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::part::raid;

/// Keeps what is wished for; an empty one is forgotten, whatever the driver can do.
pub fn target(node: &Node, config: &Object, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if !config.is_empty() {
        check_driver(node, facts)?;
        raid::check(config)?;
    }
    let mut course = Course::of(node, facts);
    if course.node.target_raid_config != *config {
        course.node.target_raid_config.clone_from(config);
        let text = if config.is_empty() { "the target RAID is forgotten" } else { "a target RAID is set" };
        course.note(Event::info("raid", text));
    }
    Ok(course.finish(node))
}

fn check_driver(node: &Node, facts: &Facts<'_>) -> Result<(), Refusal> {
    let name = &node.wished.interfaces.raid;
    let found = facts.catalog.implementation(Interface::Raid, name);
    if found.is_some_and(|found| !found.absent) {
        return Ok(());
    }
    Err(Refusal::NotFound(format!(
        "driver {} of node {} has no RAID: its raid interface is {name:?}",
        node.wished.driver, node.id
    )))
}
