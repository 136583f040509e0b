//! From what a transaction has changed to what it tells: before against after, whoever made the change.

use std::collections::BTreeSet;

use crate::base::id::{NodeId, PortId};
use crate::model::notice::{Notice, Turned, node, thing};
use crate::store::error::StoreError;
use crate::store::txn::{Change, Txn};

/// Writes down what the transaction's changes tell.
pub fn write(txn: &mut Txn<'_>, host: &str) -> Result<(), StoreError> {
    for notice in notices(txn, host) {
        txn.feed().append(&notice, host)?;
    }
    Ok(())
}

/// In the order in which records were first touched; what was changed twice is told once.
fn notices(txn: &Txn<'_>, host: &str) -> Vec<Notice> {
    let (mut nodes, mut ports) = (BTreeSet::new(), BTreeSet::new());
    let mut all = Vec::new();
    for change in &txn.changes {
        match change {
            Change::Node(one) if nodes.insert(one.id) => all.extend(of_node(txn, one.id, host)),
            Change::NodeGone(id) if nodes.insert(*id) => all.extend(of_node(txn, *id, host)),
            Change::Port(one) if ports.insert(one.id) => all.extend(of_port(txn, one.id, host)),
            Change::PortGone(id) if ports.insert(*id) => all.extend(of_port(txn, *id, host)),
            Change::Node(_)
            | Change::NodeGone(_)
            | Change::Port(_)
            | Change::PortGone(_)
            | Change::Entry(..)
            | Change::EntryGone(..) => {}
        }
    }
    all
}

fn of_node(txn: &Txn<'_>, id: NodeId, host: &str) -> Vec<Notice> {
    let (before, after) = (txn.node_before(id), txn.node(id));
    node::told(&Turned { before: before.as_deref(), after: after.as_deref(), host })
}

fn of_port(txn: &Txn<'_>, id: PortId, host: &str) -> Option<Notice> {
    let (before, after) = (txn.port_before(id), txn.port(id));
    thing::port(&Turned { before: before.as_deref(), after: after.as_deref(), host })
}
