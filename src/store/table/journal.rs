//! The journal: what happened to each node, trimmed a little with each entry.

use heed::RoTxn;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::journal::{Entry, Event};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::table::nodes::last_id;
use crate::store::txn::Txn;

/// The journal within a transaction.
#[derive(Debug)]
pub struct Journal<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

/// When an event happened and how the node stood after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    pub at: Moment,
    pub state: String,
    pub target: Option<String>,
    pub step: Option<String>,
}

impl Journal<'_, '_> {
    /// Adds an entry; returns its sequence number, which rises over all nodes.
    pub fn append(&mut self, node: NodeId, event: Event, scene: Scene) -> Result<u64, StoreError> {
        let sequence = self.txn.rack().rise(SEQUENCE)?;
        let entry = Entry {
            sequence,
            at: scene.at,
            event: event.event.to_owned(),
            text: event.text,
            severity: event.severity,
            state: scene.state,
            target: scene.target,
            step: scene.step,
        };
        let bytes = codec::encode(&entry, || what(node))?;
        self.txn.put(self.txn.tables().journal, &key(node, sequence), &bytes)?;
        self.txn.put(self.txn.tables().journal_order, &sequence.to_be_bytes(), node.0.as_bytes())?;
        let count = self.tally(node)?.saturating_add(1);
        self.set_tally(node, count)?;
        self.trim_node(node, count)?;
        self.trim_rack()?;
        Ok(sequence)
    }

    /// Removes the node's entries.
    pub fn clear(&mut self, node: NodeId) -> Result<(), StoreError> {
        let keys = self.txn.keys(self.txn.tables().journal, node.0.as_bytes())?;
        for sequence in keys.iter().filter_map(|key| sequence(key)) {
            self.drop_entry(node, sequence)?;
        }
        self.txn.delete(self.txn.tables().journal_tally, node.0.as_bytes())?;
        Ok(())
    }

    /// How many entries the node has.
    pub fn tally(&self, node: NodeId) -> Result<u64, StoreError> {
        let bytes = self.txn.get(self.txn.tables().journal_tally, node.0.as_bytes())?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes))
    }

    fn set_tally(&mut self, node: NodeId, count: u64) -> Result<(), StoreError> {
        self.txn.put(self.txn.tables().journal_tally, node.0.as_bytes(), &count.to_be_bytes())
    }

    fn drop_entry(&mut self, node: NodeId, sequence: u64) -> Result<(), StoreError> {
        self.txn.delete(self.txn.tables().journal, &key(node, sequence))?;
        self.txn.delete(self.txn.tables().journal_order, &sequence.to_be_bytes())?;
        Ok(())
    }

    /// Drops the node's oldest entries above its share, a few at a time.
    fn trim_node(&mut self, node: NodeId, count: u64) -> Result<(), StoreError> {
        let excess = count.saturating_sub(PER_NODE).min(PIECE);
        if excess == 0 {
            return Ok(());
        }
        for sequence in self.oldest(node, excess)? {
            self.drop_entry(node, sequence)?;
        }
        self.set_tally(node, count - excess)
    }

    fn oldest(&self, node: NodeId, count: u64) -> Result<Vec<u64>, StoreError> {
        let mut found = Vec::new();
        let rows = self.txn.tables().journal.prefix_iter(&self.txn.rw, node.0.as_bytes())?;
        for row in rows.take(usize::try_from(count).unwrap_or(usize::MAX)) {
            found.extend(sequence(row?.0));
        }
        Ok(found)
    }

    /// Drops the oldest entries of all above the journal's size, a few at a time.
    fn trim_rack(&mut self) -> Result<(), StoreError> {
        let order = self.txn.tables().journal_order;
        let excess = order.len(&self.txn.rw)?.saturating_sub(IN_ALL).min(PIECE);
        for _ in 0..excess {
            let Some((key, node)) = order.first(&self.txn.rw)? else { break };
            let (Some(sequence), Some(node)) = (sequence(key), last_id(node)) else { break };
            self.drop_entry(node, sequence)?;
            let left = self.tally(node)?.saturating_sub(1);
            self.set_tally(node, left)?;
        }
        Ok(())
    }
}

/// The node's entries after the sequence number `after` (0: from the oldest), `limit` at most.
pub fn read(
    file: &File,
    txn: &RoTxn,
    node: NodeId,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    let (from, to) = (key(node, after), key(node, u64::MAX));
    let range = (std::ops::Bound::Excluded(from.as_slice()), std::ops::Bound::Included(to.as_slice()));
    for row in file.tables.journal.range(txn, &range)?.take(limit) {
        entries.push(codec::decode(row?.1, &file.path, || what(node))?);
    }
    Ok(entries)
}

fn key(node: NodeId, sequence: u64) -> Vec<u8> {
    [&node.0.as_bytes()[..], &sequence.to_be_bytes()].concat()
}

fn sequence(key: &[u8]) -> Option<u64> {
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

fn what(node: NodeId) -> String {
    format!("a journal entry of node {node}")
}

/// Entries kept of one node (style corner 13).
pub const PER_NODE: u64 = 300;

/// Entries kept in all (style corner 13).
pub const IN_ALL: u64 = 100_000;

/// Entries dropped with one append at most, so that no transaction grows: more than one, so that a limit
/// lowered by a later version is reached.
const PIECE: u64 = 4;

/// Row of the rack table that holds the last sequence number given.
const SEQUENCE: &str = "journal.sequence";
