//! The table of nodes and the indices that keep names and instances unique; other orders are in `published`.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::secret::{Secret, Veil};
use crate::model::Object;
use crate::model::node::Node;
use crate::store::codec;
use crate::store::disk::env::{File, Table};
use crate::store::disk::seal::{SealError, Sealer};
use crate::store::error::{Duplicate, StoreError};
use crate::store::txn::{Change, Txn};

/// Nodes within a transaction.
#[derive(Debug)]
pub struct Nodes<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Nodes<'_, '_> {
    pub fn get(&self, id: NodeId) -> Option<Arc<Node>> {
        self.txn.node(id)
    }

    /// The node of this name.
    pub fn named(&self, name: &str) -> Result<Option<NodeId>, StoreError> {
        self.indexed(self.txn.tables().node_name, &name_key(name))
    }

    /// The node that bears this instance.
    pub fn with_instance(&self, instance: Uuid) -> Result<Option<NodeId>, StoreError> {
        self.indexed(self.txn.tables().node_instance, instance.as_bytes())
    }

    /// Writes the record and its indices; `order` 0 means that it is new. Returns it as stored.
    pub fn put(&mut self, node: &Node) -> Result<Arc<Node>, StoreError> {
        let old = self.get(node.id);
        let old = old.as_deref();
        let node = self.with_order(node, old)?;
        if old == Some(&node) {
            return Ok(Arc::new(node));
        }
        self.index(old, Some(&node))?;
        let bytes = encode(self.txn.sealer, &node)?;
        self.txn.put(self.txn.tables().nodes, node.id.0.as_bytes(), &bytes)?;
        let node = Arc::new(node);
        self.txn.changes.push(Change::Node(Arc::clone(&node)));
        Ok(node)
    }

    /// Removes the record with all that belongs to it: indices, ports, owed effects, journal.
    pub fn remove(&mut self, id: NodeId) -> Result<(), StoreError> {
        let old = self.get(id).ok_or(StoreError::NoSuchNode(id))?;
        for port in self.txn.ports().of_node(id)? {
            self.txn.ports().remove(port.id)?;
        }
        self.txn.owed().clear(id)?;
        self.txn.journal().clear(id)?;
        self.index(Some(&old), None)?;
        self.txn.delete(self.txn.tables().nodes, id.0.as_bytes())?;
        self.txn.changes.push(Change::NodeGone(id));
        Ok(())
    }

    fn with_order(&mut self, node: &Node, old: Option<&Node>) -> Result<Node, StoreError> {
        match (node.order, old) {
            (0, Some(_)) => Err(Duplicate::Node(node.id).into()),
            (0, None) => Ok(Node { order: self.txn.rack().rise(ORDER)?, ..node.clone() }),
            (_, None) => Err(StoreError::NoSuchNode(node.id)),
            (_, Some(old)) => Ok(Node { order: old.order, ..node.clone() }),
        }
    }

    fn indexed(&self, table: Table, key: &[u8]) -> Result<Option<NodeId>, StoreError> {
        Ok(self.txn.get(table, key)?.and_then(last_id))
    }

    /// Moves every index from the old record to the new one; a clash refuses the whole.
    fn index(&mut self, old: Option<&Node>, new: Option<&Node>) -> Result<(), StoreError> {
        let tables = self.txn.tables();
        let id = old.or(new).map_or_else(Uuid::nil, |node| node.id.0);
        for (table, key) in [
            (tables.node_name, name_row as fn(&Node) -> Option<Vec<u8>>),
            (tables.node_instance, instance_row),
        ] {
            let (before, after) = (old.and_then(key), new.and_then(key));
            if before == after {
                continue;
            }
            if let Some(before) = before {
                self.txn.delete(table, &before)?;
            }
            if let (Some(after), Some(new)) = (after, new) {
                self.refuse_clash(table, &after, new)?;
                self.txn.put(table, &after, id.as_bytes())?;
            }
        }
        Ok(())
    }

    fn refuse_clash(&self, table: Table, key: &[u8], new: &Node) -> Result<(), StoreError> {
        let Some(other) = self.indexed(table, key)?.filter(|other| *other != new.id) else { return Ok(()) };
        let named = new.wished.name.as_deref().filter(|name| name_key(name) == key);
        let duplicate = match (named, new.wished.instance_uuid) {
            (Some(name), _) => Duplicate::NodeName(name.to_owned()),
            (None, Some(instance)) => Duplicate::Instance { instance, node: other },
            (None, None) => Duplicate::Node(other),
        };
        Err(duplicate.into())
    }
}

/// The record's bytes, its secrets sealed.
pub fn encode(sealer: &Sealer, node: &Node) -> Result<Vec<u8>, StoreError> {
    let what = || what(node.id);
    let mut stored = node.clone();
    each_object(&mut stored, |path, veil, object| sealer.seal(path, veil, object))
        .map_err(|error| unsealed(what(), error))?;
    if let Some(agent) = &mut stored.agent {
        let text = sealer.seal_text(&token_path(node.id), agent.token.reveal());
        agent.token = Secret::new(text.map_err(|error| unsealed(what(), error))?);
    }
    let bytes = codec::encode(&stored, what)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > LIMIT {
        return Err(StoreError::TooLarge { record: what(), bytes: size, limit: LIMIT });
    }
    Ok(bytes)
}

/// The record of these bytes, its secrets opened.
pub fn decode(file: &File, sealer: &Sealer, id: NodeId, bytes: &[u8]) -> Result<Node, StoreError> {
    let what = || what(id);
    let fail = |error: SealError| StoreError::Unreadable {
        file: file.path.clone(),
        record: what(),
        source: Arc::new(error),
    };
    let mut node: Node = codec::decode(bytes, &file.path, what)?;
    each_object(&mut node, |path, _, object| sealer.open(path, object)).map_err(fail)?;
    if let Some(agent) = &mut node.agent {
        agent.token = sealer.open_text(&token_path(id), agent.token.reveal()).map_err(fail)?;
    }
    Ok(node)
}

/// Calls `work` with each free-form object of the record, its path and what is secret in it.
fn each_object<E>(
    node: &mut Node,
    mut work: impl FnMut(&str, Veil, &mut Object) -> Result<(), E>,
) -> Result<(), E> {
    let id = node.id;
    let wished = &mut node.wished;
    for (name, object) in [
        ("driver_info", &mut wished.driver_info),
        ("properties", &mut wished.properties),
        ("extra", &mut wished.extra),
        ("instance_info", &mut wished.instance_info),
        ("network_data", &mut wished.network_data),
        ("raid_config", &mut node.raid_config),
        ("target_raid_config", &mut node.target_raid_config),
    ] {
        work(&format!("{id}/{name}"), Veil::of_member(name), object)?;
    }
    let Some(run) = &mut node.run else { return Ok(()) };
    work(&format!("{id}/memo"), Veil::Names, &mut run.memo)?;
    work(&format!("{id}/versions"), Veil::Names, &mut run.versions)?;
    for step in &mut run.plan {
        work(&format!("{id}/plan"), Veil::Names, &mut step.args)?;
    }
    for step in &mut run.asked {
        work(&format!("{id}/asked"), Veil::Names, &mut step.args)?;
    }
    Ok(())
}

fn unsealed(what: String, error: SealError) -> StoreError {
    StoreError::Encode { what, source: Arc::new(error) }
}

fn what(id: NodeId) -> String {
    format!("the record of node {id}")
}

fn token_path(id: NodeId) -> String {
    format!("{id}/agent/token")
}

/// A name as an index key of fixed size.
pub fn name_key(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

fn name_row(node: &Node) -> Option<Vec<u8>> {
    node.wished.name.as_deref().map(|name| name_key(name).to_vec())
}

fn instance_row(node: &Node) -> Option<Vec<u8>> {
    node.wished.instance_uuid.map(|instance| instance.as_bytes().to_vec())
}

/// The id in the last sixteen bytes.
pub fn last_id(bytes: &[u8]) -> Option<NodeId> {
    bytes.last_chunk().map(|id| NodeId(Uuid::from_bytes(*id)))
}

/// Largest record in bytes (style corner 11).
pub const LIMIT: u64 = 16 << 10;

/// Row of the rack table that holds the last order given to a node.
const ORDER: &str = "node.order";
