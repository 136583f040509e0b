//! What a ramdisk has told of its machine, checked as far as it can be without the node.

use std::net::IpAddr;
use std::sync::Arc;

use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::model::Object;
use crate::model::inspection::Inventory;
use crate::model::inspection::identity::Identity;
use crate::model::inspection::rule::Rule;

/// One post of a ramdisk.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    pub inventory: Object,
    /// All beside the inventory, but the logs.
    pub plugin_data: Object,
    /// Addresses of NICs, each once.
    pub macs: Vec<Mac>,
    pub identity: Identity,
    /// Identities for the ports that are made of it; one a NIC.
    pub ports: Vec<PortId>,
    /// Where the connection came from.
    pub from: Option<IpAddr>,
    /// The rules as they were when it came.
    pub rules: Arc<Vec<Rule>>,
    /// What the inspection before has kept.
    pub before: Option<Arc<Inventory>>,
}
