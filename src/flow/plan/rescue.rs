//! The steps of a rescue, and of the way back.

use crate::flow::plan::{declared, frame, manual};
use crate::model::decision::facts::Facts;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::step::{Core, Kind, Step};

/// Whether the node is rescued by a ramdisk.
pub fn uses_agent(node: &Node, facts: &Facts<'_>) -> bool {
    let found = facts.catalog.implementation(Interface::Rescue, &node.wished.interfaces.rescue);
    found.is_some_and(|found| found.uses_agent)
}

/// What the node's rescue interface does.
pub fn rescue(node: &Node, facts: &Facts<'_>) -> Vec<Step> {
    declared(node, facts, Kind::Rescue)
}

/// The way back: off, with nothing left of the ramdisk's boot, then the instance boots.
pub fn unrescue(node: &Node, facts: &Facts<'_>) -> Vec<Step> {
    if !uses_agent(node, facts) {
        return declared(node, facts, Kind::Unrescue);
    }
    let off = (!node.wished.disable_power_off).then(|| frame("power_off", Core::PowerOff));
    let back = if manual::boots_itself(node, facts) { Core::BootInstance } else { Core::BootDisk };
    off.into_iter().chain([frame("boot_instance", back)]).collect()
}
