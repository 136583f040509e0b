//! One transaction: what a job may read and write, and what it has changed.

use std::marker::PhantomData;
use std::sync::Arc;

use heed::RwTxn;
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::moment::Moment;
use crate::model::journal::History;
use crate::model::node::Node;
use crate::model::notice::telling::Telling;
use crate::model::port::Port;
use crate::store::codec;
use crate::store::core::Core;
use crate::store::disk::env::{File, Table, Tables};
use crate::store::disk::seal::Sealer;
use crate::store::entries::Entries;
use crate::store::error::StoreError;
use crate::store::published::Published;
use crate::store::publisher::Publisher;
use crate::store::shelf::{AnyThing, Kept, Kind};
use crate::store::table::audits::Audits;
use crate::store::table::events::Events;
use crate::store::table::feed::FeedTable;
use crate::store::table::feed::ring::Item;
use crate::store::table::inventories::Inventories;
use crate::store::table::journal::Journal;
use crate::store::table::leases::Leases;
use crate::store::table::leases6::Leases6;
use crate::store::table::nodes::Nodes;
use crate::store::table::owed::OwedTable;
use crate::store::table::ports::Ports;
use crate::store::table::rack::Rack;
use crate::store::table::rules::Rules;
use crate::store::table::sheets::Sheets;
use crate::store::table::sightings::Sightings;
use crate::store::table::things::Things;
use crate::store::table::tokens::Tokens;

/// A transaction. It is kept if the job returns `Ok`, and gone without a trace if it does not.
pub struct Txn<'p> {
    pub(in crate::store) rw: RwTxn<'p>,
    pub(in crate::store) file: &'p File,
    pub(in crate::store) sealer: &'p Sealer,
    pub(in crate::store) changes: Vec<Change>,
    /// What is told of nodes beside what their records say.
    pub(in crate::store) tellings: Vec<(NodeId, Telling)>,
    /// What the changes tell, as it was written down.
    pub(in crate::store) told: Vec<Item>,
    /// What is committed, and what earlier jobs of the same flush have changed.
    publisher: &'p Publisher,
    earlier: &'p [Change],
    entries: &'p Entries,
    pub(in crate::store) history: History,
    host: &'p str,
    at: Moment,
    dirty: bool,
}

/// What a commit makes known.
#[derive(Debug, Default)]
pub struct Outcome {
    pub changes: Vec<Change>,
    pub told: Vec<Item>,
}

impl Outcome {
    pub(in crate::store) fn extend(&mut self, next: Self) {
        self.changes.extend(next.changes);
        self.told.extend(next.told);
    }
}

/// What the published copy learns from a commit.
#[derive(Debug, Clone)]
pub enum Change {
    Node(Arc<Node>),
    NodeGone(NodeId),
    Port(Arc<Port>),
    PortGone(PortId),
    Thing(AnyThing),
    ThingGone(Kind, Uuid),
    /// The journal has an entry of this number about the node, or has it no longer.
    Entry(NodeId, u64),
    EntryGone(NodeId, u64),
}

impl std::fmt::Debug for Txn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Txn").field("at", &self.at).field("dirty", &self.dirty).finish_non_exhaustive()
    }
}

impl<'p> Txn<'p> {
    pub(in crate::store) fn new(rw: RwTxn<'p>, core: &'p Core, earlier: &'p [Change]) -> Self {
        let Core { file, sealer, publisher, entries, history, host, clock, .. } = core;
        let (changes, tellings, told) = (Vec::new(), Vec::new(), Vec::new());
        let (at, history, dirty) = (clock.wall(), *history, false);
        Self {
            rw,
            file,
            sealer,
            changes,
            tellings,
            told,
            publisher,
            earlier,
            entries,
            history,
            host,
            at,
            dirty,
        }
    }

    pub(in crate::store) fn into_parts(self) -> (RwTxn<'p>, Outcome) {
        (self.rw, Outcome { changes: self.changes, told: self.told })
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

    pub fn inventories(&mut self) -> Inventories<'_, 'p> {
        Inventories { txn: self }
    }

    pub fn leases(&mut self) -> Leases<'_, 'p> {
        Leases { txn: self }
    }

    pub fn events(&mut self) -> Events<'_, 'p> {
        Events { txn: self }
    }

    pub fn feed(&mut self) -> FeedTable<'_, 'p> {
        FeedTable { txn: self }
    }

    pub fn leases6(&mut self) -> Leases6<'_, 'p> {
        Leases6 { txn: self }
    }

    pub fn rack(&mut self) -> Rack<'_, 'p> {
        Rack { txn: self }
    }

    pub fn rules(&mut self) -> Rules<'_, 'p> {
        Rules { txn: self }
    }

    /// Records of a kind that is neither node nor port.
    pub fn things<T: Kept>(&mut self) -> Things<'_, 'p, T> {
        Things { txn: self, kind: PhantomData }
    }

    pub fn sheets(&mut self) -> Sheets<'_, 'p> {
        Sheets { txn: self }
    }

    pub fn sightings(&mut self) -> Sightings<'_, 'p> {
        Sightings { txn: self }
    }

    pub fn audits(&mut self) -> Audits<'_, 'p> {
        Audits { txn: self }
    }

    pub fn tokens(&mut self) -> Tokens<'_, 'p> {
        Tokens { txn: self }
    }

    /// Tells something of a node that its record does not say; kept with what else the job keeps.
    pub fn tell(&mut self, node: NodeId, telling: Telling) {
        self.dirty = true;
        self.tellings.push((node, telling));
    }

    /// Whether anything was written.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The node as this transaction sees it: every record is in memory, and nothing else writes.
    pub(in crate::store) fn node(&self, id: NodeId) -> Option<Arc<Node>> {
        let changed = self.changed_nodes().find(|(changed, _)| *changed == id);
        changed.map_or_else(|| self.publisher.recorded(id), |(_, node)| node.cloned())
    }

    /// The node as it was before this transaction.
    pub(in crate::store) fn node_before(&self, id: NodeId) -> Option<Arc<Node>> {
        let earlier = self.earlier.iter().rev().find_map(|change| {
            if let Change::Node(node) = change {
                return (node.id == id).then(|| Some(Arc::clone(node)));
            }
            matches!(change, Change::NodeGone(gone) if *gone == id).then_some(None)
        });
        earlier.unwrap_or_else(|| self.publisher.recorded(id))
    }

    /// The port as it was before this transaction.
    pub(in crate::store) fn port_before(&self, id: PortId) -> Option<Arc<Port>> {
        let earlier = self.earlier.iter().rev().find_map(|change| {
            if let Change::Port(port) = change {
                return (port.id == id).then(|| Some(Arc::clone(port)));
            }
            matches!(change, Change::PortGone(gone) if *gone == id).then_some(None)
        });
        earlier.unwrap_or_else(|| self.publisher.published().port(id).cloned())
    }

    /// The thing as it was before this transaction.
    pub(in crate::store) fn thing_before(&self, kind: Kind, id: Uuid) -> Option<AnyThing> {
        let earlier = self.earlier.iter().rev().find(|change| change.is_of(kind, id));
        earlier.map_or_else(|| self.publisher.published().shelves().any(kind, id), Change::thing)
    }

    /// The thing as this transaction sees it.
    pub(in crate::store) fn thing(&self, kind: Kind, id: Uuid) -> Option<AnyThing> {
        let changed = self.newest_first().find(|change| change.is_of(kind, id));
        changed.map_or_else(|| self.publisher.published().shelves().any(kind, id), Change::thing)
    }

    /// This host's name.
    pub(in crate::store) fn host(&self) -> &'p str {
        self.host
    }

    /// What was done to nodes since the published copy, the newest first.
    pub(in crate::store) fn changed_nodes(&self) -> impl Iterator<Item = (NodeId, Option<&Arc<Node>>)> {
        self.newest_first().filter_map(|change| match change {
            Change::Node(node) => Some((node.id, Some(node))),
            Change::NodeGone(id) => Some((*id, None)),
            Change::Port(_)
            | Change::PortGone(_)
            | Change::Thing(_)
            | Change::ThingGone(..)
            | Change::Entry(..)
            | Change::EntryGone(..) => None,
        })
    }

    /// The port as this transaction sees it.
    pub(in crate::store) fn port(&self, id: PortId) -> Option<Arc<Port>> {
        let changed = self.changed_ports().find(|(changed, _)| *changed == id);
        changed.map_or_else(|| self.publisher.published().port(id).cloned(), |(_, port)| port.cloned())
    }

    /// What was done to ports since the published copy, the newest first.
    pub(in crate::store) fn changed_ports(&self) -> impl Iterator<Item = (PortId, Option<&Arc<Port>>)> {
        self.newest_first().filter_map(|change| match change {
            Change::Port(port) => Some((port.id, Some(port))),
            Change::PortGone(id) => Some((*id, None)),
            Change::Node(_)
            | Change::NodeGone(_)
            | Change::Thing(_)
            | Change::ThingGone(..)
            | Change::Entry(..)
            | Change::EntryGone(..) => None,
        })
    }

    /// What was done to the things of a kind since the published copy, the newest first.
    pub(in crate::store) fn changed_things<T: Kept>(&self) -> impl Iterator<Item = (Uuid, Option<Arc<T>>)> {
        self.newest_first().filter_map(|change| match change {
            Change::Thing(any) => T::unwrap(any).map(|thing| (thing.id(), Some(Arc::clone(thing)))),
            Change::ThingGone(kind, id) => (*kind == T::KIND).then_some((*id, None)),
            Change::Node(_)
            | Change::NodeGone(_)
            | Change::Port(_)
            | Change::PortGone(_)
            | Change::Entry(..)
            | Change::EntryGone(..) => None,
        })
    }

    /// Numbers of the node's journal entries as this transaction sees them, the oldest first.
    pub(in crate::store) fn entries(&self, node: NodeId) -> Vec<u64> {
        let mut kept = self.entries.of(node);
        for change in self.earlier.iter().chain(&self.changes) {
            match change {
                Change::Entry(of, sequence) if *of == node => kept.push(*sequence),
                Change::EntryGone(of, gone) if *of == node => kept.retain(|sequence| sequence != gone),
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
        kept
    }

    /// How many entries the journal has of the node, as this transaction sees it.
    pub(in crate::store) fn entry_count(&self, node: NodeId) -> usize {
        let changes = || self.earlier.iter().chain(&self.changes);
        let is_more = |change: &&Change| matches!(change, Change::Entry(of, _) if *of == node);
        let is_less = |change: &&Change| matches!(change, Change::EntryGone(of, _) if *of == node);
        let more = self.entries.count(node) + changes().filter(is_more).count();
        more.saturating_sub(changes().filter(is_less).count())
    }

    /// A number that was given lately and is borne by nothing any more: none below it is given again.
    pub(in crate::store) fn marked(&self, key: &str) -> Result<u64, StoreError> {
        let Some(bytes) = self.get(self.tables().rack, key.as_bytes())? else { return Ok(0) };
        codec::decode(bytes, &self.file.path, || format!("the rack's value {key:?}"))
    }

    fn newest_first(&self) -> impl Iterator<Item = &Change> {
        self.earlier.iter().chain(&self.changes).rev()
    }

    /// The published copy, without what this flush has changed.
    pub(in crate::store) fn published(&self) -> Arc<Published> {
        self.publisher.published()
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

impl Change {
    /// Whether it is about this thing.
    fn is_of(&self, kind: Kind, id: Uuid) -> bool {
        if let Self::Thing(any) = self {
            return (any.kind(), any.id()) == (kind, id);
        }
        matches!(self, Self::ThingGone(gone, of) if (*gone, *of) == (kind, id))
    }

    /// The thing that it has put.
    fn thing(&self) -> Option<AnyThing> {
        if let Self::Thing(any) = self { Some(any.clone()) } else { None }
    }
}
