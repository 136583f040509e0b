//! The notebook of the drivers: what they learn is posted to the node's lane.

use std::sync::{Arc, OnceLock, Weak};

use crate::base::id::NodeId;
use crate::conduct::desk::Desk;
use crate::driver::bmc::notebook::Notebook;
use crate::model::bmc::Fact;

/// Made before the desk, since drivers are; opened with it.
#[derive(Debug, Default)]
pub struct Ledger {
    desk: OnceLock<Weak<Desk>>,
}

impl Ledger {
    /// From now on facts reach their lanes.
    pub fn open(&self, desk: &Arc<Desk>) {
        // Opened twice, it stays with the first desk: there is one.
        self.desk.set(Arc::downgrade(desk)).ok();
    }
}

impl Notebook for Ledger {
    fn learn(&self, node: NodeId, fact: Fact) {
        let Some(desk) = self.desk.get().and_then(Weak::upgrade) else {
            tracing::debug!(%node, topic = ?fact.topic(), "a fact came while no lane was open");
            return;
        };
        desk.learn(node, fact);
    }
}
