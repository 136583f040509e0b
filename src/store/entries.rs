//! Which entries the journal has of each node: kept in memory, since the file orders them by age alone.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::id::NodeId;
use crate::store::txn::Change;

/// The numbers of each node's entries, the oldest first.
#[derive(Debug, Default)]
pub struct Entries(Mutex<HashMap<NodeId, VecDeque<u64>>>);

impl Entries {
    /// The node's entries, the oldest first.
    pub fn of(&self, node: NodeId) -> Vec<u64> {
        self.kept().get(&node).map(|kept| kept.iter().copied().collect()).unwrap_or_default()
    }

    /// How many entries the node has.
    pub fn count(&self, node: NodeId) -> usize {
        self.kept().get(&node).map_or(0, VecDeque::len)
    }

    /// Takes in what a commit changed.
    pub fn apply(&self, changes: &[Change]) {
        let mut all = self.kept();
        for change in changes {
            match change {
                Change::Entry(node, sequence) => all.entry(*node).or_default().push_back(*sequence),
                Change::EntryGone(node, sequence) => drop_entry(&mut all, *node, *sequence),
                Change::NodeGone(node) => drop(all.remove(node)),
                Change::Node(_)
                | Change::Port(_)
                | Change::PortGone(_)
                | Change::Thing(_)
                | Change::ThingGone(..) => {}
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<NodeId, VecDeque<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The oldest go first, so that it is found at the front.
fn drop_entry(all: &mut HashMap<NodeId, VecDeque<u64>>, node: NodeId, sequence: u64) {
    let Some(kept) = all.get_mut(&node) else { return };
    if let Some(place) = kept.iter().position(|kept| *kept == sequence) {
        kept.remove(place);
    }
}
