//! The due order: which wait ends when, kept in memory by the commits (style idea 5).
//!
//! A wait's time counts from its commit, or from the opening of the store; the wall clock plays no part.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::id::NodeId;
use crate::base::time::Tick;
use crate::model::run::Wait;

/// The due order; a clone is another handle on the same one.
#[derive(Debug, Clone, Default)]
pub struct Due {
    order: Arc<Mutex<Order>>,
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Order {
    by_tick: BTreeSet<(Tick, NodeId)>,
    waits: HashMap<NodeId, Known>,
}

/// A wait that was seen; once taken it has no end until the node waits anew.
#[derive(Debug, Clone, Copy)]
struct Known {
    number: u64,
    ends: Option<Tick>,
}

impl Due {
    /// When the next wait ends.
    pub fn next(&self) -> Option<Tick> {
        self.order().by_tick.first().map(|(tick, _)| *tick)
    }

    /// Takes out the waits that have ended by `now`: node and number of the wait, the earliest first.
    pub fn take_due(&self, now: Tick) -> Vec<(NodeId, u64)> {
        let mut order = self.order();
        let mut due = Vec::new();
        while let Some((tick, node)) = order.by_tick.first().copied().filter(|(tick, _)| *tick <= now) {
            order.by_tick.remove(&(tick, node));
            if let Some(known) = order.waits.get_mut(&node) {
                known.ends = None;
                due.push((node, known.number));
            }
        }
        due
    }

    /// Told when the next end may have moved nearer; one telling is kept for who comes late.
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    /// Takes in what the node waits for as of a commit at `now`.
    pub fn set(&self, node: NodeId, wait: Option<&Wait>, now: Tick) {
        let nearer = {
            let mut order = self.order();
            let first = order.by_tick.first().copied();
            order.set(node, wait, now);
            order.by_tick.first().copied() != first
        };
        if nearer {
            self.changed.notify_one();
        }
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    fn set(&mut self, node: NodeId, wait: Option<&Wait>, now: Tick) {
        let known = self.waits.get(&node).copied();
        if let (Some(known), Some(wait)) = (known, wait)
            && known.number == wait.number
        {
            return;
        }
        if let Some(Known { ends: Some(tick), .. }) = known {
            self.by_tick.remove(&(tick, node));
        }
        let Some(wait) = wait else {
            self.waits.remove(&node);
            return;
        };
        let ends = now.after(Duration::from_secs(wait.ends_in().into()));
        self.by_tick.insert((ends, node));
        self.waits.insert(node, Known { number: wait.number, ends: Some(ends) });
    }
}
