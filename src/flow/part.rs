//! What is asked of a node's parts.

pub mod raid;
pub mod traits;

use crate::model::decision::Decision;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::part::ask::PartAsk;

/// Decides such a request.
pub fn admit(node: &Node, ask: &PartAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    match ask {
        PartAsk::Traits(ask) => traits::change(node, ask, facts),
        PartAsk::Raid(config) => raid::target(node, config, facts),
    }
}
