//! From what a transaction has changed to what it tells: before against after, whoever made the change.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::model::node::Node;
use crate::model::notice::sight::Sight;
use crate::model::notice::telling::Telling;
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
    // What is told of a node whose record stays as it is.
    for (id, _) in &txn.tellings {
        let is_changed =
            txn.changes.iter().any(|change| matches!(change, Change::Node(one) if one.id == *id));
        if !is_changed && nodes.insert(*id) {
            all.extend(of_node(txn, *id));
        }
    }
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
                all.extend(of_thing(txn, *kind, *id));
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
    let own = txn.tellings.iter().filter(|(of, _)| *of == id).map(|(_, telling)| *telling);
    let own: Vec<Telling> = own.collect();
    node::told(&Turned { before: before.as_deref(), after: after.as_deref(), host: txn.host() }, &own)
}

/// The node as it is, or as it was.
fn node_of(txn: &Txn<'_>, id: NodeId) -> Option<Arc<Node>> {
    txn.node(id).or_else(|| txn.node_before(id))
}

/// Who sees the node sees what belongs to it.
fn sighted(txn: &Txn<'_>, mut notices: Vec<Notice>) -> Vec<Notice> {
    let node = notices.first().and_then(|notice| notice.node).and_then(|id| node_of(txn, id));
    if let Some(node) = node {
        for notice in &mut notices {
            notice.sight = Sight::of_node(&node);
        }
    }
    notices
}

fn of_port(txn: &Txn<'_>, id: PortId) -> Vec<Notice> {
    let (before, after) = (txn.port_before(id), txn.port(id));
    let turned = Turned { before: before.as_deref(), after: after.as_deref(), host: txn.host() };
    sighted(txn, thing::port(&turned))
}

fn of_thing(txn: &Txn<'_>, kind: Kind, id: Uuid) -> Vec<Notice> {
    let (before, after) = (txn.thing_before(kind, id), txn.thing(kind, id));
    sighted(txn, shelf::told(before.as_ref(), after.as_ref(), txn.host()))
}
