//! Where drivers leave what they learn of a BMC.

use std::fmt;

use crate::base::id::NodeId;
use crate::model::bmc::Fact;

/// Takes facts to the node's record. Never waits; of two facts on the same topic the newer one counts.
pub trait Notebook: Send + Sync + fmt::Debug {
    fn learn(&self, node: NodeId, fact: Fact);
}

/// Forgets everything: for tests and for nodes that are not kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Blank;

impl Notebook for Blank {
    fn learn(&self, _node: NodeId, _fact: Fact) {}
}
