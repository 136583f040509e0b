//! What drivers learn of a BMC, kept as a node's lane keeps it.

use std::sync::Mutex;

use ferric::base::id::NodeId;
use ferric::driver::bmc::notebook::Notebook;
use ferric::model::bmc::Fact;
use ferric::model::node::Node;

/// Every fact, oldest first.
#[derive(Debug, Default)]
pub struct Pages(Mutex<Vec<Fact>>);

impl Notebook for Pages {
    fn learn(&self, _node: NodeId, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }
}

impl Pages {
    /// The node as its record would be now, as far as drivers look at what they learnt.
    pub fn recorded(&self, node: &Node) -> Node {
        let mut node = node.clone();
        for fact in self.0.lock().unwrap().iter() {
            match fact {
                Fact::ConnectionReuse(reuse) => node.bmc.connection_reuse = Some(*reuse),
                Fact::Vendor(vendor) => node.bmc.vendor.clone_from(vendor),
                Fact::Identity(identity) => node.bmc.identity = (**identity).clone(),
                Fact::LoginRefused { .. }
                | Fact::LoginAccepted { .. }
                | Fact::SessionOpened { .. }
                | Fact::SessionClosed
                | Fact::PinSeen { .. }
                | Fact::PinRefused { .. }
                | Fact::HostKeySeen { .. }
                | Fact::HostKeyRefused { .. }
                | Fact::Silent { .. }
                | Fact::Heard
                | Fact::Health(_) => {}
            }
        }
        node
    }
}
