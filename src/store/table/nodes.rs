//! The table of nodes. Its indices are in the published copy; here they keep names and instances unique.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::secret::{Secret, Veil};
use crate::model::Object;
use crate::model::chassis::Chassis;
use crate::model::inspection::Bearers;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::disk::seal::{SealError, Sealer};
use crate::store::error::{Duplicate, StoreError};
use crate::store::shelf;
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
    pub fn named(&self, name: &str) -> Option<NodeId> {
        let published = self.txn.published();
        self.bearer(published.node_by_name(name), |node| node.wished.name.as_deref() == Some(name))
    }

    /// The node that bears this instance.
    pub fn with_instance(&self, instance: Uuid) -> Option<NodeId> {
        let published = self.txn.published();
        self.bearer(published.node_by_instance(instance), |node| node.wished.instance_uuid == Some(instance))
    }

    /// Nodes whose parent this is, in the order of their creation.
    pub fn children(&self, parent: NodeId) -> Vec<Arc<Node>> {
        let ids: BTreeSet<_> = self.txn.changed_nodes().map(|(id, _)| id).collect();
        let published = self.txn.published();
        let unchanged = published.children(parent).map(|node| node.id).filter(|id| !ids.contains(id));
        let all = unchanged.chain(ids.iter().copied()).filter_map(|id| self.get(id));
        let mut children: Vec<_> = all.filter(|node| node.wished.parent_node == Some(parent)).collect();
        children.sort_by_key(|node| node.order);
        children
    }

    /// How many nodes are in one of these states, with what this flush has changed.
    pub fn count_in(&self, states: &[Provision]) -> usize {
        let published = self.txn.published();
        let was = |id: &NodeId| published.node(*id).is_some_and(|node| states.contains(&node.provision));
        let is = |id: &NodeId| self.get(*id).is_some_and(|node| states.contains(&node.provision));
        let changed: BTreeSet<_> = self.txn.changed_nodes().map(|(id, _)| id).collect();
        let left = changed.iter().filter(|id| was(id)).count();
        let came = changed.iter().filter(|id| is(id)).count();
        published.count_in(states).saturating_sub(left).saturating_add(came)
    }

    /// Who bears it now: one that this flush has changed, or the published one, if it is unchanged.
    fn bearer(&self, published: Option<&Arc<Node>>, bears: impl Fn(&Node) -> bool) -> Option<NodeId> {
        let ids: BTreeSet<_> = self.txn.changed_nodes().map(|(id, _)| id).collect();
        let changed = ids.iter().find(|id| self.get(**id).is_some_and(|node| bears(&node)));
        changed.copied().or_else(|| published.map(|node| node.id).filter(|id| !ids.contains(id)))
    }

    /// Writes the record; `order` 0 means that it is new. Returns it as stored.
    pub fn put(&mut self, node: &Node) -> Result<Arc<Node>, StoreError> {
        let old = self.get(node.id);
        let old = old.as_deref();
        let node = self.with_order(node, old)?;
        if old == Some(&node) {
            return Ok(Arc::new(node));
        }
        self.refuse_clash(old, &node)?;
        self.refuse_dangling(old, &node)?;
        let bytes = encode(self.txn.sealer, &node)?;
        self.txn.put(self.txn.tables().nodes, node.id.0.as_bytes(), &bytes)?;
        let node = Arc::new(node);
        self.txn.changes.push(Change::Node(Arc::clone(&node)));
        Ok(node)
    }

    /// Removes the record with all that belongs to it: ports, owed effects, journal, inventory.
    pub fn remove(&mut self, id: NodeId) -> Result<(), StoreError> {
        let old = self.get(id).ok_or(StoreError::NoSuchNode(id))?;
        for port in self.txn.ports().of_node(id) {
            self.txn.ports().remove(port.id)?;
        }
        shelf::forget_node(self.txn, id)?;
        self.txn.owed().clear(id)?;
        self.txn.journal().clear(id)?;
        self.txn.inventories().remove(id)?;
        self.txn.sheets().remove(id)?;
        if old.order == self.last_order()? {
            self.txn.rack().put(ORDER, &old.order)?;
        }
        self.txn.delete(self.txn.tables().nodes, id.0.as_bytes())?;
        self.txn.changes.push(Change::NodeGone(id));
        Ok(())
    }

    fn with_order(&mut self, node: &Node, old: Option<&Node>) -> Result<Node, StoreError> {
        match (node.order, old) {
            (0, Some(_)) => Err(Duplicate::Node(node.id).into()),
            (0, None) => Ok(Node { order: self.last_order()?.saturating_add(1), ..node.clone() }),
            (_, None) => Err(StoreError::NoSuchNode(node.id)),
            (_, Some(old)) => Ok(Node { order: old.order, ..node.clone() }),
        }
    }

    /// The last order given.
    fn last_order(&self) -> Result<u64, StoreError> {
        let changed = self.txn.changed_nodes().filter_map(|(_, node)| node.map(|node| node.order)).max();
        let published = self.txn.published().last_node_order();
        Ok(self.txn.marked(ORDER)?.max(published).max(changed.unwrap_or(0)))
    }

    /// Refuses a chassis that is not there.
    fn refuse_dangling(&mut self, old: Option<&Node>, new: &Node) -> Result<(), StoreError> {
        let chassis = new.wished.chassis_uuid.as_deref();
        let Some(text) =
            chassis.filter(|_| old.is_none_or(|old| old.wished.chassis_uuid.as_deref() != chassis))
        else {
            return Ok(());
        };
        let id = Uuid::parse_str(text).unwrap_or_default();
        if self.txn.things::<Chassis>().get(id).is_none() {
            return Err(StoreError::Dangling {
                field: "chassis_uuid",
                word: "chassis",
                value: text.to_owned(),
            });
        }
        Ok(())
    }

    /// Whether a node is in the chassis.
    pub fn is_in_chassis(&self, chassis: Uuid) -> bool {
        let text = chassis.to_string();
        let published = self.txn.published();
        let mut changed = self.txn.changed_nodes().map(|(id, _)| id);
        let stays = |node: &Node| node.wished.chassis_uuid.as_deref() == Some(text.as_str());
        changed.any(|id| self.get(id).is_some_and(|node| stays(&node)))
            || published.of_chassis(chassis).any(|node| self.get(node.id).is_some_and(|node| stays(&node)))
    }

    /// Refuses a name or an instance that another node bears.
    fn refuse_clash(&self, old: Option<&Node>, new: &Node) -> Result<(), StoreError> {
        let (before, after) = (old.map(|old| &old.wished), &new.wished);
        if let Some(name) = &after.name
            && before.is_none_or(|before| before.name != after.name)
            && self.named(name).is_some_and(|other| other != new.id)
        {
            return Err(Duplicate::NodeName(name.clone()).into());
        }
        if let Some(instance) = after.instance_uuid
            && before.is_none_or(|before| before.instance_uuid != after.instance_uuid)
            && let Some(node) = self.with_instance(instance).filter(|other| *other != new.id)
        {
            return Err(Duplicate::Instance { instance, node }.into());
        }
        Ok(())
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
    if let Some(session) = &mut stored.bmc.session {
        let text = sealer.seal_text(&session_path(node.id), session.token.reveal());
        session.token = Secret::new(text.map_err(|error| unsealed(what(), error))?);
    }
    if let Some(token) = &mut stored.boot_token {
        let text = sealer.seal_text(&boot_path(node.id), token.reveal());
        *token = Secret::new(text.map_err(|error| unsealed(what(), error))?);
    }
    for call in &mut stored.calls {
        let text = sealer.seal_text(&call_path(node.id), call.reveal());
        *call = Secret::new(text.map_err(|error| unsealed(what(), error))?);
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
    if let Some(session) = &mut node.bmc.session {
        session.token = sealer.open_text(&session_path(id), session.token.reveal()).map_err(fail)?;
    }
    if let Some(token) = &mut node.boot_token {
        *token = sealer.open_text(&boot_path(id), token.reveal()).map_err(fail)?;
    }
    for call in &mut node.calls {
        *call = sealer.open_text(&call_path(id), call.reveal()).map_err(fail)?;
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
        ("media", &mut node.media),
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

fn session_path(id: NodeId) -> String {
    format!("{id}/bmc/session")
}

fn call_path(id: NodeId) -> String {
    format!("{id}/calls")
}

fn boot_path(id: NodeId) -> String {
    format!("{id}/boot/token")
}

/// The id in the first sixteen bytes.
pub fn first_id(bytes: &[u8]) -> Option<NodeId> {
    bytes.first_chunk().map(|id| NodeId(Uuid::from_bytes(*id)))
}

/// Largest record in bytes. What is typical is a tenth of it; clients of the reference do send such things as a whole BIOS
/// profile as steps.
pub const LIMIT: u64 = 64 << 10;

/// Row of the rack table that holds the last order given to a node, if that node is gone.
const ORDER: &str = "node.order";
