//! What is read once at the opening: every record, and what was owed when the daemon ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use heed::RoTxn;
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::model::effect::Owed;
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::error::StoreError;
use crate::store::published::Published;
use crate::store::table::nodes::{self, last_id};
use crate::store::table::{owed, ports};
use crate::store::txn::Change;

/// What was owed to each node, by rising number.
pub type OwedByNode = Vec<(NodeId, Vec<Owed>)>;

/// Every record, decoded once; an unreadable one fails the opening with its name.
pub fn published(file: &File, sealer: &Sealer, txn: &RoTxn) -> Result<Published, StoreError> {
    let mut copy = Published::default();
    for row in file.tables.nodes.iter(txn)? {
        let (key, bytes) = row?;
        let id = last_id(key).unwrap_or(NodeId(Uuid::nil()));
        copy.apply(Change::Node(Arc::new(nodes::decode(file, sealer, id, bytes)?)));
    }
    for row in file.tables.ports.iter(txn)? {
        let (key, bytes) = row?;
        let id = last_id(key).map_or(PortId(Uuid::nil()), |id| PortId(id.0));
        copy.apply(Change::Port(Arc::new(ports::decode(file, sealer, id, bytes)?)));
    }
    Ok(copy)
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
