//! The table of inventories: what the last inspection of each node found.

use heed::RoTxn;

use crate::base::id::NodeId;
use crate::model::inspection::{INVENTORY_LIMIT, Inventory};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Inventories within a transaction.
#[derive(Debug)]
pub struct Inventories<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Inventories<'_, '_> {
    /// Keeps the node's inventory in place of the one before.
    pub fn put(&mut self, node: NodeId, inventory: &Inventory) -> Result<(), StoreError> {
        if self.txn.node(node).is_none() {
            return Err(StoreError::NoSuchNode(node));
        }
        let bytes = codec::encode(inventory, || what(node))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > LIMIT {
            return Err(StoreError::TooLarge { record: what(node), bytes: size, limit: LIMIT });
        }
        self.txn.put(self.txn.tables().inventories, node.0.as_bytes(), &bytes)
    }

    /// Removes the node's inventory; tells whether it had one.
    pub fn remove(&mut self, node: NodeId) -> Result<bool, StoreError> {
        self.txn.delete(self.txn.tables().inventories, node.0.as_bytes())
    }
}

/// The node's inventory, if it has one.
pub fn read(file: &File, txn: &RoTxn, node: NodeId) -> Result<Option<Inventory>, StoreError> {
    let bytes = file.tables.inventories.get(txn, node.0.as_bytes())?;
    bytes.map(|bytes| codec::decode(bytes, &file.path, || what(node))).transpose()
}

fn what(node: NodeId) -> String {
    format!("the inventory of node {node}")
}

/// Largest record in bytes. MessagePack is shorter than JSON but for small fractions, hence the room.
const LIMIT: u64 = INVENTORY_LIMIT * 2;
