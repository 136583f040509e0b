//! One transaction: what a job may read and write, and what it has changed.

use std::sync::Arc;

use heed::RwTxn;

use crate::base::id::{NodeId, PortId};
use crate::base::moment::Moment;
use crate::model::node::Node;
use crate::model::port::Port;
use crate::store::core::Core;
use crate::store::disk::env::{File, Table, Tables};
use crate::store::disk::seal::Sealer;
use crate::store::error::StoreError;
use crate::store::publisher::Publisher;
use crate::store::table::journal::Journal;
use crate::store::table::nodes::Nodes;
use crate::store::table::owed::OwedTable;
use crate::store::table::ports::Ports;
use crate::store::table::rack::Rack;

/// A transaction. It is kept if the job returns `Ok`, and gone without a trace if it does not.
pub struct Txn<'p> {
    pub(in crate::store) rw: RwTxn<'p>,
    pub(in crate::store) file: &'p File,
    pub(in crate::store) sealer: &'p Sealer,
    pub(in crate::store) changes: Vec<Change>,
    /// What is committed, and what earlier jobs of the same flush have changed.
    publisher: &'p Publisher,
    earlier: &'p [Change],
    at: Moment,
    dirty: bool,
}

/// What the published copy learns from a commit.
#[derive(Debug, Clone)]
pub enum Change {
    Node(Arc<Node>),
    NodeGone(NodeId),
    Port(Arc<Port>),
    PortGone(PortId),
}

impl std::fmt::Debug for Txn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Txn").field("at", &self.at).field("dirty", &self.dirty).finish_non_exhaustive()
    }
}

impl<'p> Txn<'p> {
    pub(in crate::store) fn new(rw: RwTxn<'p>, core: &'p Core, earlier: &'p [Change]) -> Self {
        let Core { file, sealer, publisher, clock, .. } = core;
        Self { rw, file, sealer, changes: Vec::new(), publisher, earlier, at: clock.wall(), dirty: false }
    }

    pub(in crate::store) fn into_parts(self) -> (RwTxn<'p>, Vec<Change>) {
        (self.rw, self.changes)
    }

    /// The wall's moment when the job began.
    pub fn at(&self) -> Moment {
        self.at
    }

    pub fn nodes(&mut self) -> Nodes<'_, 'p> {
        Nodes { txn: self }
    }

    pub fn ports(&mut self) -> Ports<'_, 'p> {
        Ports { txn: self }
    }

    pub fn owed(&mut self) -> OwedTable<'_, 'p> {
        OwedTable { txn: self }
    }

    pub fn journal(&mut self) -> Journal<'_, 'p> {
        Journal { txn: self }
    }

    pub fn rack(&mut self) -> Rack<'_, 'p> {
        Rack { txn: self }
    }

    /// Whether anything was written.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The node as this transaction sees it: every record is in memory, and nothing else writes.
    pub(in crate::store) fn node(&self, id: NodeId) -> Option<Arc<Node>> {
        let changed = self.newest(|change| match change {
            Change::Node(node) if node.id == id => Some(Some(Arc::clone(node))),
            Change::NodeGone(gone) if *gone == id => Some(None),
            Change::Node(_) | Change::NodeGone(_) | Change::Port(_) | Change::PortGone(_) => None,
        });
        changed.unwrap_or_else(|| self.publisher.recorded(id))
    }

    /// The port as this transaction sees it.
    pub(in crate::store) fn port(&self, id: PortId) -> Option<Arc<Port>> {
        let changed = self.newest(|change| match change {
            Change::Port(port) if port.id == id => Some(Some(Arc::clone(port))),
            Change::PortGone(gone) if *gone == id => Some(None),
            Change::Node(_) | Change::NodeGone(_) | Change::Port(_) | Change::PortGone(_) => None,
        });
        changed.unwrap_or_else(|| self.publisher.published().port(id).cloned())
    }

    fn newest<T>(&self, found: impl FnMut(&Change) -> Option<T>) -> Option<T> {
        self.earlier.iter().chain(&self.changes).rev().find_map(found)
    }

    pub(in crate::store) fn tables(&self) -> &'p Tables {
        &self.file.tables
    }

    pub(in crate::store) fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.dirty = true;
        table.put(&mut self.rw, key, value).map_err(|error| StoreError::lmdb(&self.file.path, error))
    }

    pub(in crate::store) fn delete(&mut self, table: Table, key: &[u8]) -> Result<bool, StoreError> {
        let was =
            table.delete(&mut self.rw, key).map_err(|error| StoreError::lmdb(&self.file.path, error))?;
        self.dirty |= was;
        Ok(was)
    }

    pub(in crate::store) fn get(&self, table: Table, key: &[u8]) -> Result<Option<&[u8]>, StoreError> {
        table.get(&self.rw, key).map_err(|error| StoreError::lmdb(&self.file.path, error))
    }

    /// Keys that begin with `prefix`, in order.
    pub(in crate::store) fn keys(&self, table: Table, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut keys = Vec::new();
        for row in table.prefix_iter(&self.rw, prefix)? {
            keys.push(row?.0.to_vec());
        }
        Ok(keys)
    }
}
