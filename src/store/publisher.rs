//! Keeps the published copy and the reservations laid over it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::base::id::NodeId;
use crate::model::node::Node;
use crate::store::published::Published;
use crate::store::txn::Change;

/// The published copy's only writer.
#[derive(Debug)]
pub struct Publisher {
    copy: watch::Sender<Arc<Published>>,
    /// Nodes shown reserved, with what their record says.
    laid: Mutex<HashMap<NodeId, bool>>,
}

impl Publisher {
    pub fn new(first: Published) -> Self {
        Self { copy: watch::Sender::new(Arc::new(first)), laid: Mutex::default() }
    }

    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.copy.borrow())
    }

    pub fn subscribe(&self) -> watch::Receiver<Arc<Published>> {
        self.copy.subscribe()
    }

    /// The node as its record is, whatever is laid over it.
    pub fn recorded(&self, id: NodeId) -> Option<Arc<Node>> {
        let laid = self.laid();
        let shown = self.copy.borrow().node(id).cloned()?;
        match laid.get(&id) {
            Some(reserved) if *reserved != shown.reserved => {
                Some(Arc::new(Node { reserved: *reserved, ..Node::clone(&shown) }))
            }
            Some(_) | None => Some(shown),
        }
    }

    /// Publishes what a commit changed.
    pub fn publish(&self, changes: impl IntoIterator<Item = Change>) {
        let mut laid = self.laid();
        // In place where no reader holds the copy: sharing costs as much as the whole commit's own work.
        self.copy.send_modify(|copy| {
            let next = Arc::make_mut(copy);
            for change in changes {
                next.apply(covered(&mut laid, change));
            }
        });
    }

    /// Shows the node reserved.
    pub fn reserve(&self, id: NodeId) {
        let mut laid = self.laid();
        let Some(node) = self.published().node(id).cloned() else { return };
        if laid.contains_key(&id) {
            return;
        }
        laid.insert(id, node.reserved);
        self.show(&node, true);
    }

    /// Shows the node as its record is.
    pub fn release(&self, id: NodeId) {
        let mut laid = self.laid();
        let Some(recorded) = laid.remove(&id) else { return };
        if let Some(node) = self.published().node(id) {
            self.show(node, recorded);
        }
    }

    fn show(&self, node: &Node, reserved: bool) {
        if node.reserved == reserved {
            return;
        }
        let shown = Change::Node(Arc::new(Node { reserved, ..node.clone() }));
        self.copy.send_modify(|copy| Arc::make_mut(copy).apply(shown));
    }

    fn laid(&self) -> MutexGuard<'_, HashMap<NodeId, bool>> {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The change as it is shown under the reservations.
fn covered(laid: &mut HashMap<NodeId, bool>, change: Change) -> Change {
    match change {
        Change::Node(node) => match laid.get_mut(&node.id) {
            Some(recorded) => {
                *recorded = node.reserved;
                Change::Node(Arc::new(Node { reserved: true, ..Node::clone(&node) }))
            }
            None => Change::Node(node),
        },
        Change::NodeGone(id) => {
            laid.remove(&id);
            Change::NodeGone(id)
        }
        Change::Port(_)
        | Change::PortGone(_)
        | Change::Thing(_)
        | Change::ThingGone(..)
        | Change::Entry(..)
        | Change::EntryGone(..) => change,
    }
}
