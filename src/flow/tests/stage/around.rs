//! What stands around the node on the stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::id::NodeId;
use crate::model::decision::Row;
use crate::model::decision::facts::Around;
use crate::model::node::Node;
use crate::model::part::portgroup::Portgroup;
use crate::model::thing::Thing;
use crate::model::volume::{VolumeKind, VolumeRow};

/// Other nodes, and the volumes of all.
#[derive(Debug, Default)]
pub(in crate::flow::tests) struct Neighbours {
    pub(in crate::flow::tests) nodes: BTreeMap<NodeId, Arc<Node>>,
    pub(in crate::flow::tests) volumes: Vec<VolumeRow>,
    pub(in crate::flow::tests) portgroups: Vec<Arc<Portgroup>>,
}

impl Around for Neighbours {
    fn node(&self, id: NodeId) -> Option<Arc<Node>> {
        self.nodes.get(&id).cloned()
    }

    fn children(&self, parent: NodeId) -> Vec<Arc<Node>> {
        self.nodes.values().filter(|node| node.wished.parent_node == Some(parent)).cloned().collect()
    }

    fn portgroups(&self, node: NodeId) -> Vec<Arc<Portgroup>> {
        self.portgroups.iter().filter(|group| group.node == node).cloned().collect()
    }

    fn volumes(&self, kind: VolumeKind, node: NodeId) -> Vec<VolumeRow> {
        let own = |row: &&VolumeRow| place(row).0 == kind && place(row).1 == Some(node);
        self.volumes.iter().filter(own).cloned().collect()
    }
}

impl Neighbours {
    /// Keeps a row as the store would.
    pub(super) fn keep(&mut self, row: Row) {
        match row {
            Row::Volume(row) => {
                self.volumes.retain(|one| place(one).2 != place(&row).2);
                self.volumes.push(row);
            }
            Row::VolumeRemoved(_, id) => self.volumes.retain(|one| place(one).2 != id),
            Row::Port(_)
            | Row::PortRemoved(_)
            | Row::Portgroup(_)
            | Row::PortgroupRemoved(_)
            | Row::Sheet(_)
            | Row::Inventory(_) => panic!("no neighbour's row"),
        }
    }
}

fn place(row: &VolumeRow) -> (VolumeKind, Option<NodeId>, uuid::Uuid) {
    match row {
        VolumeRow::Connector(one) => (VolumeKind::Connector, one.node(), one.id),
        VolumeRow::Target(one) => (VolumeKind::Target, one.node(), one.id),
    }
}
