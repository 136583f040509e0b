//! The published copy: every node and port in immutable maps that share what a commit did not change.

use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::model::allocation::Allocation;
use crate::model::allocation::pool::{Pool, place};
use crate::model::decision::facts::Around;
use crate::model::draft::given::parse_uuid;
use crate::model::inspection::Bearers;
use crate::model::inspection::identity::Mark;
use crate::model::node::Node;
use crate::model::part::portgroup::Portgroup;
use crate::model::plans::Plans;
use crate::model::port::Port;
use crate::model::provision::Provision;
use crate::model::runbook::Runbook;
use crate::model::tally::Tally;
use crate::model::template::Template;
use crate::model::volume::{VolumeKind, VolumeRow};
use crate::store::shelf::Shelves;
use crate::store::txn::Change;
use crate::store::words::{self, Word, Words};

/// Nodes and ports as of one commit. A clone shares everything.
#[derive(Debug, Clone, Default)]
pub struct Published {
    nodes: OrdMap<NodeId, Arc<Node>>,
    tally: Tally,
    by_order: OrdMap<u64, Arc<Node>>,
    by_name: OrdMap<Arc<str>, NodeId>,
    by_instance: OrdMap<Uuid, NodeId>,
    by_state: OrdMap<(Provision, u64), NodeId>,
    by_parent: OrdMap<(NodeId, u64), NodeId>,
    by_mark: OrdMap<(Mark, u64), NodeId>,
    by_word: Words,
    ports: OrdMap<PortId, Arc<Port>>,
    ports_by_order: OrdMap<u64, Arc<Port>>,
    ports_by_mac: OrdMap<Mac, PortId>,
    ports_by_name: OrdMap<Arc<str>, PortId>,
    ports_by_node: OrdMap<(NodeId, u64), PortId>,
    by_chassis: OrdMap<(Arc<str>, u64), NodeId>,
    /// Free nodes by resource class, and in it by an order that says nothing of them.
    by_free: OrdSet<(Arc<str>, u64, NodeId)>,
    /// In one piece, since commits that change none of it are by far the most.
    things: Arc<Shelves>,
}

impl Bearers for Published {
    fn bearer(&self, mac: Mac) -> Option<NodeId> {
        self.port_by_mac(mac).map(|port| port.node)
    }

    fn count_in(&self, states: &[Provision]) -> usize {
        states.iter().map(|state| self.ids_in(*state).count()).sum()
    }
}

impl Around for Published {
    fn node(&self, id: NodeId) -> Option<Arc<Node>> {
        self.nodes.get(&id).cloned()
    }

    fn children(&self, parent: NodeId) -> Vec<Arc<Node>> {
        Self::children(self, parent).cloned().collect()
    }

    fn portgroups(&self, node: NodeId) -> Vec<Arc<Portgroup>> {
        self.shelves().portgroups.of_node(node).cloned().collect()
    }

    fn volumes(&self, kind: VolumeKind, node: NodeId) -> Vec<VolumeRow> {
        match kind {
            VolumeKind::Connector => {
                self.shelves().connectors.of_node(node).cloned().map(VolumeRow::Connector).collect()
            }
            VolumeKind::Target => {
                self.shelves().targets.of_node(node).cloned().map(VolumeRow::Target).collect()
            }
        }
    }
}

impl Pool for Published {
    fn get(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.node(id)
    }

    fn named(&self, name: &str) -> Option<&Arc<Node>> {
        self.node_by_name(name)
    }

    fn free<'a>(&'a self, class: &str, seed: u64) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a> {
        let at = |place| (Arc::<str>::from(class), place, NodeId(Uuid::nil()));
        let end = (Arc::from(class), u64::MAX, NodeId(Uuid::max()));
        let above = self.by_free.range(at(seed)..=end);
        let below = self.by_free.range(at(0)..at(seed));
        Box::new(above.chain(below).filter_map(|(_, _, id)| self.node(*id)))
    }

    fn all<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a> {
        Box::new(self.nodes())
    }

    fn is_asked_for(&self, node: NodeId, but: Uuid) -> bool {
        let asking = self.things.allocations.marked(&Allocation::mark_of(node));
        asking.is_some_and(|row| row.is_allocating() && row.id != but)
    }
}

impl Plans for Published {
    fn template(&self, name: &str) -> Option<Arc<Template>> {
        self.shelves().templates.named(name).cloned()
    }

    fn runbook(&self, ident: &str) -> Option<Arc<Runbook>> {
        let kept = &self.shelves().runbooks;
        parse_uuid(ident).map_or_else(|| kept.named(ident), |id| kept.get(id)).cloned()
    }
}

impl Published {
    pub fn node(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.nodes.get(&id)
    }

    pub fn node_by_name(&self, name: &str) -> Option<&Arc<Node>> {
        self.node(*self.by_name.get(name)?)
    }

    pub fn node_by_instance(&self, instance: Uuid) -> Option<&Arc<Node>> {
        self.node(*self.by_instance.get(&instance)?)
    }

    /// All nodes in the order of their creation.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = &Arc<Node>> {
        self.by_order.values()
    }

    /// Nodes created after the one of this order.
    pub fn nodes_after(&self, order: u64) -> impl DoubleEndedIterator<Item = &Arc<Node>> {
        self.by_order.range((Bound::Excluded(order), Bound::Unbounded)).map(|(_, node)| node)
    }

    /// Nodes in this state, in the order of their creation.
    pub fn nodes_in(&self, state: Provision) -> impl DoubleEndedIterator<Item = &Arc<Node>> {
        self.ids_in(state).filter_map(|id| self.node(*id))
    }

    fn ids_in(&self, state: Provision) -> impl DoubleEndedIterator<Item = &NodeId> {
        self.by_state.range((state, 0)..=(state, u64::MAX)).map(|(_, id)| id)
    }

    /// Nodes that say this, in the order of their creation.
    pub fn saying<'a>(
        &'a self,
        word: Word,
        text: &str,
    ) -> impl DoubleEndedIterator<Item = &'a Arc<Node>> + use<'a> {
        self.by_word.with(word, text).filter_map(|id| self.node(id))
    }

    /// Nodes whose parent this is, in the order of their creation.
    pub fn children(&self, parent: NodeId) -> impl DoubleEndedIterator<Item = &Arc<Node>> {
        let rows = self.by_parent.range((parent, 0)..=(parent, u64::MAX));
        rows.filter_map(|(_, id)| self.node(*id))
    }

    /// Nodes that bear this mark, in the order of their creation.
    pub fn marked(&self, mark: &Mark) -> impl Iterator<Item = &Arc<Node>> {
        let rows = self.by_mark.range((mark.clone(), 0)..=(mark.clone(), u64::MAX));
        rows.filter_map(|(_, id)| self.node(*id))
    }

    /// Whether a machine that nobody knows is awaited: that of a node without ports whose inspection is left to the
    /// network.
    pub fn awaits_a_stranger(&self) -> bool {
        self.marked(&Mark::Unmanaged).any(|node| self.ports_of(node.id).next().is_none())
    }

    /// The highest order given to a node that is there; 0 without nodes.
    pub fn last_node_order(&self) -> u64 {
        self.by_order.get_max().map_or(0, |(order, _)| *order)
    }

    /// The highest order given to a port that is there; 0 without ports.
    pub fn last_port_order(&self) -> u64 {
        self.ports_by_order.get_max().map_or(0, |(order, _)| *order)
    }

    /// How many nodes are how.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    pub fn port(&self, id: PortId) -> Option<&Arc<Port>> {
        self.ports.get(&id)
    }

    pub fn port_by_mac(&self, mac: Mac) -> Option<&Arc<Port>> {
        self.port(*self.ports_by_mac.get(&mac)?)
    }

    pub fn port_by_name(&self, name: &str) -> Option<&Arc<Port>> {
        self.port(*self.ports_by_name.get(name)?)
    }

    /// All ports in the order of their creation.
    pub fn ports(&self) -> impl DoubleEndedIterator<Item = &Arc<Port>> {
        self.ports_by_order.values()
    }

    /// Ports created after the one of this order.
    pub fn ports_after(&self, order: u64) -> impl DoubleEndedIterator<Item = &Arc<Port>> {
        self.ports_by_order.range((Bound::Excluded(order), Bound::Unbounded)).map(|(_, port)| port)
    }

    /// The node's ports in the order of their creation.
    pub fn ports_of(&self, node: NodeId) -> impl DoubleEndedIterator<Item = &Arc<Port>> {
        let rows = self.ports_by_node.range((node, 0)..=(node, u64::MAX));
        rows.filter_map(|(_, id)| self.port(*id))
    }

    pub fn port_count(&self) -> usize {
        self.ports.len()
    }

    /// What is neither node nor port.
    pub fn shelves(&self) -> &Shelves {
        &self.things
    }

    /// The nodes of a chassis, in the order of their creation.
    pub fn of_chassis(&self, chassis: Uuid) -> impl DoubleEndedIterator<Item = &Arc<Node>> {
        let key: Arc<str> = chassis.to_string().into();
        let rows = self.by_chassis.range((key.clone(), 0)..=(key, u64::MAX));
        rows.filter_map(|(_, id)| self.node(*id))
    }

    /// Takes in what a commit changed.
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Node(node) => {
                if let Some(old) = self.nodes.get(&node.id) {
                    self.tally.minus(old);
                }
                self.tally.plus(&node);
                self.put_node(node);
            }
            Change::NodeGone(id) => {
                if let Some(old) = self.nodes.get(&id) {
                    self.tally.minus(old);
                }
                self.drop_node(id);
            }
            Change::Port(port) => self.put_port(port),
            Change::PortGone(id) => self.drop_port(id),
            Change::Thing(any) => Arc::make_mut(&mut self.things).put(&any),
            Change::ThingGone(kind, id) => Arc::make_mut(&mut self.things).drop(kind, id),
            Change::Entry(..) | Change::EntryGone(..) => {}
        }
    }

    fn put_node(&mut self, node: Arc<Node>) {
        let (id, order) = (node.id, node.order);
        if !self.nodes.get(&id).is_some_and(|old| is_indexed_alike(old, &node)) {
            self.drop_node(id);
            self.index_node(&node);
        }
        self.by_order.insert(order, Arc::clone(&node));
        self.nodes.insert(id, node);
    }

    fn index_node(&mut self, node: &Node) {
        let (id, order) = (node.id, node.order);
        if let Some(name) = &node.wished.name {
            self.by_name.insert(name.as_str().into(), id);
        }
        if let Some(instance) = node.wished.instance_uuid {
            self.by_instance.insert(instance, id);
        }
        if let Some(parent) = node.wished.parent_node {
            self.by_parent.insert((parent, order), id);
        }
        if let Some(chassis) = &node.wished.chassis_uuid {
            self.by_chassis.insert((chassis.as_str().into(), order), id);
        }
        self.by_state.insert((node.provision, order), id);
        self.by_word.put(node);
        if let Some(class) = node.free_class() {
            self.by_free.insert((class.into(), place(id), id));
        }
        for mark in node.marks() {
            self.by_mark.insert((mark, order), id);
        }
    }

    fn drop_node(&mut self, id: NodeId) {
        let Some(old) = self.nodes.remove(&id) else { return };
        if let Some(name) = &old.wished.name {
            self.by_name.remove(name.as_str());
        }
        if let Some(instance) = old.wished.instance_uuid {
            self.by_instance.remove(&instance);
        }
        if let Some(parent) = old.wished.parent_node {
            self.by_parent.remove(&(parent, old.order));
        }
        if let Some(chassis) = &old.wished.chassis_uuid {
            self.by_chassis.remove(&(chassis.as_str().into(), old.order));
        }
        self.by_state.remove(&(old.provision, old.order));
        self.by_word.drop(&old);
        if let Some(class) = old.free_class() {
            self.by_free.remove(&(class.into(), place(id), id));
        }
        for mark in old.marks() {
            self.by_mark.remove(&(mark, old.order));
        }
        self.by_order.remove(&old.order);
    }

    fn put_port(&mut self, port: Arc<Port>) {
        self.drop_port(port.id);
        if let Some(name) = &port.wished.name {
            self.ports_by_name.insert(name.as_str().into(), port.id);
        }
        self.ports_by_mac.insert(port.address, port.id);
        self.ports_by_node.insert((port.node, port.order), port.id);
        self.ports_by_order.insert(port.order, Arc::clone(&port));
        self.ports.insert(port.id, port);
    }

    fn drop_port(&mut self, id: PortId) {
        let Some(old) = self.ports.remove(&id) else { return };
        if let Some(name) = &old.wished.name {
            self.ports_by_name.remove(name.as_str());
        }
        self.ports_by_mac.remove(&old.address);
        self.ports_by_node.remove(&(old.node, old.order));
        self.ports_by_order.remove(&old.order);
    }
}

/// Whether both stand at the same places of every index.
fn is_indexed_alike(old: &Node, new: &Node) -> bool {
    (old.order, old.provision) == (new.order, new.provision)
        && old.wished.name == new.wished.name
        && old.wished.instance_uuid == new.wished.instance_uuid
        && old.wished.parent_node == new.wished.parent_node
        && old.free_class() == new.free_class()
        && old.wished.chassis_uuid == new.wished.chassis_uuid
        && old.wished.driver_info == new.wished.driver_info
        && old.identity == new.identity
        && words::are_alike(old, new)
        && old.discovered.is_some() == new.discovered.is_some()
        && old.is_left_to_network() == new.is_left_to_network()
}
