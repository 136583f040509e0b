//! What is asked of a node's parts.

pub mod port;
pub mod portgroup;
pub mod raid;
pub mod sheet;
pub mod traits;
pub mod vif;

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
        PartAsk::Portgroup(ask) => portgroup::admit(node, ask, facts),
        PartAsk::VifAttach(wish) => Ok(vif::attach(node, wish, facts)),
        PartAsk::VifDetach(id) => Ok(vif::detach(node, id, facts)),
    }
}

/// From here on a node under inspection is told apart from one that waits for it, and its parts are not patched.
const INSPECT_WAIT_SINCE: u16 = 39;
