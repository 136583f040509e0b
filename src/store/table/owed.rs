//! The table of owed effects: what the daemon still has to do to the world.

use crate::base::id::NodeId;
use crate::model::decision::effect::Owed;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Owed effects within a transaction.
#[derive(Debug)]
pub struct OwedTable<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl OwedTable<'_, '_> {
    /// What is owed to the node, by rising number.
    pub fn of(&self, node: NodeId) -> Result<Vec<Owed>, StoreError> {
        let mut owed = Vec::new();
        for row in self.txn.tables().owed.prefix_iter(&self.txn.rw, node.0.as_bytes())? {
            owed.push(decode(self.txn.file, node, row?.1)?);
        }
        Ok(owed)
    }

    /// Owes the node one more effect.
    pub fn add(&mut self, node: NodeId, owed: &Owed) -> Result<(), StoreError> {
        let bytes = codec::encode(owed, || what(node))?;
        self.txn.put(self.txn.tables().owed, &key(node, owed.number), &bytes)
    }

    /// Strikes an effect; tells whether it was owed.
    pub fn settle(&mut self, node: NodeId, number: u64) -> Result<bool, StoreError> {
        self.txn.delete(self.txn.tables().owed, &key(node, number))
    }

    /// Strikes all of the node's effects.
    pub fn clear(&mut self, node: NodeId) -> Result<(), StoreError> {
        for key in self.txn.keys(self.txn.tables().owed, node.0.as_bytes())? {
            self.txn.delete(self.txn.tables().owed, &key)?;
        }
        Ok(())
    }
}

/// The effect of these bytes.
pub fn decode(file: &File, node: NodeId, bytes: &[u8]) -> Result<Owed, StoreError> {
    codec::decode(bytes, &file.path, || what(node))
}

fn key(node: NodeId, number: u64) -> Vec<u8> {
    [&node.0.as_bytes()[..], &number.to_be_bytes()].concat()
}

fn what(node: NodeId) -> String {
    format!("an owed effect of node {node}")
}
