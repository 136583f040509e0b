//! What is told of a change that had begun and was refused for the state in which it was found: `start` and `error`, about the
//! record as it stays.

use crate::model::node::Node;
use crate::model::notice::Notice;
use crate::model::notice::node::{crud, maintenance_set};
use crate::model::notice::thing::{changed, port_changed};
use crate::model::port::Port;
use crate::model::thing::Thing;

/// Of a node; `action` is `create`, `update` or `delete`.
pub fn node(action: &str, node: &Node, host: &str) -> Vec<Notice> {
    refused(&crud(action, node, host))
}

/// Of a node's maintenance.
pub fn maintenance(node: &Node, host: &str) -> Vec<Notice> {
    refused(&maintenance_set("error", node, host))
}

/// Of a port.
pub fn port(action: &str, port: &Port, host: &str) -> Vec<Notice> {
    refused(&port_changed((action, port), host))
}

/// Of anything else; `name` is that of its kind as in the names of payloads.
pub fn thing<T: Thing>(name: &str, action: &str, thing: &T, host: &str) -> Vec<Notice> {
    refused(&changed(name, (action, thing), host))
}

fn refused(notice: &Notice) -> Vec<Notice> {
    vec![notice.with("start"), notice.with("error")]
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::node::Wished;

    #[test]
    fn a_refused_change_has_begun_and_is_an_error() {
        let one = Node::new(NodeId(Uuid::from_u128(7)), Wished::default(), Moment(0));
        let told = node("delete", &one, "h");
        let types: Vec<(&str, bool)> =
            told.iter().map(|notice| (notice.event_type.as_str(), notice.is_error)).collect();
        assert_eq!(types, [("baremetal.node.delete.start", false), ("baremetal.node.delete.error", true)]);
        assert_eq!(maintenance(&one, "h")[1].event_type, "baremetal.node.maintenance_set.error");
    }
}
