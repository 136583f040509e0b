//! What an inspection found: the machine's inventory, and what of it goes into the node's own fields.

pub mod discovery;
pub mod identity;
pub mod policy;
pub mod reported;
pub mod rule;
pub mod told;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::model::Object;
use crate::model::bmc::panel::Mode;
use crate::model::provision::Provision;

/// What is kept of the last inspection: the machine in the shape of the agent's inventory, and what its source tells
/// beyond that shape.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inventory {
    pub inventory: Object,
    pub plugin_data: Object,
}

/// What an inspection found; `None` is what the machine does not tell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inspection {
    pub kept: Arc<Inventory>,
    /// MiB.
    pub memory_mb: Option<u64>,
    /// GiB that a root disk may count on; 0 if there is no disk.
    pub local_gb: Option<u64>,
    pub cpu_arch: Option<String>,
    pub boot_mode: Option<Mode>,
    /// One an address.
    pub nics: Vec<Nic>,
    /// The address of the NIC that boots.
    pub boots_from: Option<Mac>,
}

/// A NIC of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    pub mac: Mac,
    /// As the machine calls it.
    pub name: String,
    /// The identity of its port, if one is made for it.
    pub port: PortId,
}

/// What a decision asks of the other nodes; the answer is as of its transaction.
pub trait Bearers: fmt::Debug {
    /// Which node has the port of an address.
    fn bearer(&self, mac: Mac) -> Option<NodeId>;

    /// How many nodes are in one of these states.
    fn count_in(&self, states: &[Provision]) -> usize;
}

/// Largest inventory in bytes of JSON, with its plugin data: a server with every drive and card has some 200 KiB.
pub const INVENTORY_LIMIT: u64 = 1 << 20;
