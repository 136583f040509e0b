//! The handle that reads: the published copy in memory, the journal by key. It cannot write.

use std::sync::Arc;

use tokio::sync::watch;

use crate::base::id::NodeId;
use crate::base::meter::Durations;
use crate::model::account::Token;
use crate::model::audit::{Deed, Search};
use crate::model::boot::event::RackEvent;
use crate::model::boot::lease::Lease;
use crate::model::boot::lease6::Lease6;
use crate::model::inspection::Inventory;
use crate::model::inspection::discovery::Sighting;
use crate::model::inspection::rule::Rule;
use crate::model::journal::Entry;
use crate::model::part::sheet::{Component, Setting};
use crate::model::part::told::ToldSteps;
use crate::model::step::Kind;
use crate::store::core::Core;
use crate::store::error::StoreError;
use crate::store::published::Published;
use crate::store::table::feed::ring::Item;
use crate::store::table::{
    audits, events, feed, inventories, journal, leases, leases6, rules, sheets, sightings, tokens,
};

/// Reads the store; a clone is another handle on the same one.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(in crate::store) core: Arc<Core>,
}

impl Reader {
    /// Nodes and ports as of the last commit.
    pub fn published(&self) -> Arc<Published> {
        self.core.publisher.published()
    }

    /// Told of each new published copy.
    pub fn changes(&self) -> watch::Receiver<Arc<Published>> {
        self.core.publisher.subscribe()
    }

    /// The node's journal entries after the sequence number `after` (0: from the oldest), `limit` at most.
    pub fn journal(&self, node: NodeId, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let Core { file, entries, .. } = &*self.core;
        let txn = file.read()?;
        let wanted = entries.of(node).into_iter().filter(|sequence| *sequence > after).take(limit);
        journal::read(file, &txn, wanted)
    }

    /// What the node's last inspection found; 1 MiB at most.
    pub fn inventory(&self, node: NodeId) -> Result<Option<Inventory>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        inventories::read(file, &txn, node)
    }

    /// The node's BIOS settings, as they were last written down.
    pub fn settings(&self, node: NodeId) -> Result<Vec<Setting>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        sheets::settings(file, &txn, node)
    }

    /// The node's parts that bear firmware, as they were last written down.
    pub fn components(&self, node: NodeId) -> Result<Vec<Component>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        sheets::components(file, &txn, node)
    }

    /// The steps that the node's agent told last for this kind of work.
    pub fn told_steps(&self, node: NodeId, kind: Kind) -> Result<Option<ToldSteps>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        sheets::told(file, &txn, node, kind)
    }

    /// The latest entries of the whole journal, `limit` at most, the latest first.
    pub fn latest_entries(&self, limit: usize) -> Result<Vec<(NodeId, Entry)>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        journal::latest(file, &txn, limit)
    }

    /// Every lease: read once, by who serves a network.
    pub fn leases(&self) -> Result<Vec<Lease>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        leases::read(file, &txn)
    }

    /// Every IPv6 lease: read once, by who serves a network.
    pub fn leases6(&self) -> Result<Vec<Lease6>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        leases6::read(file, &txn)
    }

    /// The rack's journal, the oldest first: read once, by who keeps it.
    pub fn events(&self) -> Result<Vec<RackEvent>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        events::read(file, &txn)
    }

    /// How long flushes to the disk took.
    pub fn commits(&self) -> &Durations {
        &self.core.commits
    }

    /// How many changes are yet to be made on machines.
    pub fn owed_count(&self) -> Result<u64, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        Ok(file.tables.owed.len(&txn)?)
    }

    /// The number of the last event of the feed; 0 before the first.
    pub fn last_event(&self) -> u64 {
        self.core.ring.last()
    }

    /// Told of each new number.
    pub fn new_events(&self) -> watch::Receiver<u64> {
        self.core.ring.subscribe()
    }

    /// Events of the feed after the one of number `after`, `limit` at most. The first may be a later one than the
    /// next, if those between are trimmed.
    pub fn feed(&self, after: u64, limit: usize) -> Result<Vec<Item>, StoreError> {
        if let Some(items) = self.core.ring.after(after, limit) {
            return Ok(items);
        }
        let file = &self.core.file;
        let txn = file.read()?;
        feed::read(file, &self.core.sealer, &txn, after, limit)
    }

    /// Every inspection rule, in the order of their creation.
    pub fn rules(&self) -> Result<Vec<Rule>, StoreError> {
        let Core { file, sealer, .. } = &*self.core;
        let txn = file.read()?;
        rules::read(file, sealer, &txn)
    }

    /// Every machine that nobody has enrolled and that is written down.
    pub fn sightings(&self) -> Result<Vec<Sighting>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        sightings::read(file, &txn)
    }

    /// Every bearer token: read once, by who knows them.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        tokens::read(file, &txn)
    }

    /// The latest deeds of the audit before the number `before` that are looked for, the latest first, `limit` at most.
    /// Blocks: all that are kept may have to be read.
    pub fn audit(&self, before: u64, limit: usize, search: &Search) -> Result<Vec<Deed>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        audits::read(file, &txn, (before, limit), search)
    }

    /// The numbers of the first and the last deed of the audit.
    pub fn audit_span(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let file = &self.core.file;
        let txn = file.read()?;
        audits::span(file, &txn)
    }
}
