//! From what a transaction has changed to what it tells: before against after, whoever made the change.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::model::notice::{Notice, Turned, node, thing};
use crate::store::error::StoreError;
use crate::store::shelf::{self, Kind};
use crate::store::txn::{Change, Txn};

/// Writes down what the transaction's changes tell.
pub fn write(txn: &mut Txn<'_>) -> Result<(), StoreError> {
    for notice in notices(txn) {
        txn.feed().append(&notice)?;
    }
    Ok(())
}

/// In the order in which records were first touched; what was changed twice is told once.
fn notices(txn: &Txn<'_>) -> Vec<Notice> {
    let (mut nodes, mut ports, mut things) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut all = Vec::new();
    for change in &txn.changes {
        match change {
            Change::Node(one) if nodes.insert(one.id) => all.extend(of_node(txn, one.id)),
            Change::NodeGone(id) if nodes.insert(*id) => all.extend(of_node(txn, *id)),
            Change::Port(one) if ports.insert(one.id) => all.extend(of_port(txn, one.id)),
            Change::PortGone(id) if ports.insert(*id) => all.extend(of_port(txn, *id)),
            Change::Thing(one) if things.insert((one.kind(), one.id())) => {
                all.extend(of_thing(txn, one.kind(), one.id()));
            }
            Change::ThingGone(kind, id) if things.insert((*kind, *id)) => {
                all.extend(of_thing(txn, *kind, *id))
            }
            Change::Node(_)
            | Change::NodeGone(_)
            | Change::Port(_)
            | Change::PortGone(_)
            | Change::Thing(_)
            | Change::ThingGone(..)
            | Change::Entry(..)
            | Change::EntryGone(..) => {}
        }
    }
    all
}

fn of_node(txn: &Txn<'_>, id: NodeId) -> Vec<Notice> {
    let (before, after) = (txn.node_before(id), txn.node(id));
    node::told(&Turned { before: before.as_deref(), after: after.as_deref(), host: txn.host() })
}

fn of_port(txn: &Txn<'_>, id: PortId) -> Option<Notice> {
    let (before, after) = (txn.port_before(id), txn.port(id));
    thing::port(&Turned { before: before.as_deref(), after: after.as_deref(), host: txn.host() })
}

fn of_thing(txn: &Txn<'_>, kind: Kind, id: Uuid) -> Option<Notice> {
    let (before, after) = (txn.thing_before(kind, id), txn.thing(kind, id));
    shelf::told(before.as_ref(), after.as_ref(), txn.host())
}
