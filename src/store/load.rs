//! What is read once at the opening: every record, and what was owed when the daemon ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use heed::RoTxn;
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::model::decision::effect::Owed;
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::published::Published;
use crate::store::table::nodes::{self, first_id};
use crate::store::table::{journal, owed, ports, things};
use crate::store::txn::Change;

/// What was owed to each node, by rising number.
pub type OwedByNode = Vec<(NodeId, Vec<Owed>)>;

/// Every record, decoded once; an unreadable one fails the opening with its name.
pub fn published(file: &File, sealer: &Sealer, txn: &RoTxn) -> Result<Published, StoreError> {
    let mut copy = Published::default();
    for row in file.tables.nodes.iter(txn)? {
        let (key, bytes) = row?;
        let id = first_id(key).unwrap_or(NodeId(Uuid::nil()));
        copy.apply(Change::Node(Arc::new(nodes::decode(file, sealer, id, bytes)?)));
    }
    for row in file.tables.ports.iter(txn)? {
        let (key, bytes) = row?;
        let id = first_id(key).map_or(PortId(Uuid::nil()), |id| PortId(id.0));
        copy.apply(Change::Port(Arc::new(ports::decode(file, sealer, id, bytes)?)));
    }
    for thing in things::read(file, sealer, txn)? {
        copy.apply(Change::Thing(thing));
    }
    Ok(copy)
}

/// Which entries the journal has of each node.
pub fn entries(file: &File, txn: &RoTxn) -> Result<Entries, StoreError> {
    let entries = Entries::default();
    for row in file.tables.journal.iter(txn)? {
        let (key, bytes) = row?;
        entries.apply(&[Change::Entry(journal::subject(bytes), journal::sequence(key))]);
    }
    Ok(entries)
}

/// All that is owed.
pub fn owed(file: &File, txn: &RoTxn) -> Result<OwedByNode, StoreError> {
    let mut found: BTreeMap<NodeId, Vec<Owed>> = BTreeMap::new();
    for row in file.tables.owed.iter(txn)? {
        let (key, bytes) = row?;
        let node = key.first_chunk().map_or(Uuid::nil(), |id| Uuid::from_bytes(*id));
        found.entry(NodeId(node)).or_default().push(owed::decode(file, NodeId(node), bytes)?);
    }
    Ok(found.into_iter().collect())
}
