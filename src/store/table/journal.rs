//! The journal: what happened, in the order in which it happened; trimmed a little with each entry.

use heed::RoTxn;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::audit::By;
use crate::model::journal::{Entry, Event, Scene};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::table::nodes::first_id;
use crate::store::txn::{Change, Txn};

/// The journal within a transaction.
#[derive(Debug)]
pub struct Journal<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Journal<'_, '_> {
    /// Adds an entry of the daemon's own; returns its sequence number, which rises over all nodes.
    pub fn append(&mut self, node: NodeId, event: Event, scene: Scene) -> Result<u64, StoreError> {
        self.append_by(node, event, scene, None)
    }

    /// Adds an entry for what somebody asked for; none, if the site wants no histories.
    pub fn append_by(
        &mut self,
        node: NodeId,
        event: Event,
        scene: Scene,
        by: Option<By>,
    ) -> Result<u64, StoreError> {
        let last = self.last()?;
        if !self.txn.history.is_kept {
            return Ok(last);
        }
        let sequence = last.saturating_add(1);
        let entry = Entry {
            sequence,
            at: scene.at,
            event: event.event.to_owned(),
            text: event.text,
            severity: event.severity,
            state: scene.state,
            target: scene.target,
            step: scene.step,
            seconds: scene.seconds,
            by,
        };
        self.txn.put(self.txn.tables().journal, &key(sequence), &encode(node, &entry)?)?;
        self.txn.changes.push(Change::Entry(node, sequence));
        self.trim_node(node)?;
        self.trim_rack()?;
        Ok(sequence)
    }

    /// Removes the node's entries. Their numbers are not given again.
    pub fn clear(&mut self, node: NodeId) -> Result<(), StoreError> {
        let kept = self.txn.entries(node);
        let last = self.last()?;
        if kept.last() == Some(&last) {
            self.txn.rack().put(SEQUENCE, &last)?;
        }
        kept.into_iter().try_for_each(|sequence| self.drop_entry(node, sequence))
    }

    /// The last number given.
    fn last(&self) -> Result<u64, StoreError> {
        let mark = self.txn.marked(SEQUENCE)?;
        let last = self.txn.tables().journal.last(&self.txn.rw)?;
        Ok(last.map_or(mark, |(key, _)| mark.max(sequence(key))))
    }

    fn drop_entry(&mut self, node: NodeId, sequence: u64) -> Result<(), StoreError> {
        self.txn.delete(self.txn.tables().journal, &key(sequence))?;
        self.txn.changes.push(Change::EntryGone(node, sequence));
        Ok(())
    }

    /// Drops the node's oldest entries above its share, a few at a time.
    fn trim_node(&mut self, node: NodeId) -> Result<(), StoreError> {
        let history = self.txn.history;
        if self.txn.entry_count(node) <= history.entries {
            return Ok(());
        }
        let kept = self.txn.entries(node);
        let excess = kept.len().saturating_sub(history.entries).min(PIECE);
        for sequence in kept.into_iter().take(excess) {
            if !self.may_go(sequence)? {
                break;
            }
            self.drop_entry(node, sequence)?;
        }
        Ok(())
    }

    /// Whether an entry has been kept for as many days as it must be.
    fn may_go(&self, sequence: u64) -> Result<bool, StoreError> {
        if self.txn.history.days == 0 {
            return Ok(true);
        }
        let Some(bytes) = self.txn.get(self.txn.tables().journal, &key(sequence))? else { return Ok(true) };
        let entry = decode(self.txn.file, bytes)?;
        Ok(self.txn.history.lets_go(entry.at, self.txn.at()))
    }

    /// Drops the oldest entries of all above the journal's size, a few at a time.
    fn trim_rack(&mut self) -> Result<(), StoreError> {
        let journal = self.txn.tables().journal;
        let count = usize::try_from(journal.len(&self.txn.rw)?).unwrap_or(usize::MAX);
        for _ in 0..count.saturating_sub(IN_ALL).min(PIECE) {
            let Some((key, bytes)) = journal.first(&self.txn.rw)? else { break };
            let (node, sequence) = (subject(bytes), sequence(key));
            self.drop_entry(node, sequence)?;
        }
        Ok(())
    }
}

/// The entries of these numbers; those that are gone are left out.
pub fn read(file: &File, txn: &RoTxn, wanted: impl Iterator<Item = u64>) -> Result<Vec<Entry>, StoreError> {
    let mut entries = Vec::new();
    for sequence in wanted {
        if let Some(bytes) = file.tables.journal.get(txn, &key(sequence))? {
            entries.push(decode(file, bytes)?);
        }
    }
    Ok(entries)
}

/// The latest entries of all nodes, the latest first, each with whom it is about.
pub fn latest(file: &File, txn: &RoTxn, limit: usize) -> Result<Vec<(NodeId, Entry)>, StoreError> {
    let mut entries = Vec::new();
    for row in file.tables.journal.rev_iter(txn)?.take(limit) {
        let (_, bytes) = row?;
        entries.push((subject(bytes), decode(file, bytes)?));
    }
    Ok(entries)
}

/// A row: whom it is about, then the entry.
pub fn encode(node: NodeId, entry: &Entry) -> Result<Vec<u8>, StoreError> {
    let bytes = codec::encode(entry, || what(node))?;
    Ok([node.0.as_bytes(), bytes.as_slice()].concat())
}

/// The entry of a row.
pub fn decode(file: &File, bytes: &[u8]) -> Result<Entry, StoreError> {
    let entry = bytes.get(ID..).unwrap_or_default();
    codec::decode(entry, &file.path, || what(subject(bytes)))
}

/// The node that a row is about.
pub fn subject(bytes: &[u8]) -> NodeId {
    first_id(bytes).unwrap_or(NodeId(Uuid::nil()))
}

/// A row's key.
pub fn key(sequence: u64) -> [u8; 8] {
    sequence.to_be_bytes()
}

/// The number in a row's key.
pub fn sequence(key: &[u8]) -> u64 {
    key.try_into().map_or(0, u64::from_be_bytes)
}

fn what(node: NodeId) -> String {
    format!("a journal entry of node {node}")
}

/// Entries kept in all (style corner 13).
pub const IN_ALL: usize = 100_000;

/// Entries dropped with one append at most, so that no transaction grows: more than one, so that a limit
/// lowered by a later version is reached.
const PIECE: usize = 4;

/// Bytes of a node's id.
const ID: usize = 16;

/// Row of the rack table that holds the last number given, if its entry is gone.
const SEQUENCE: &str = "journal.sequence";
