//! Waits that end, and power sync: the two clocks of the conductor.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::base::id::NodeId;
use crate::base::time::{Tick, sleep};
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::model::node::Fault;

/// Tells lanes that their wait has ended. Scans the due order; signals only shorten the sleep.
pub async fn waits(site: Arc<Site>, desk: Arc<Desk>) {
    let due = &site.due;
    loop {
        let changed = due.changed().notified();
        for (id, wait) in due.take_due(site.clock.tick()) {
            // Beside, so that a lane with a full inbox holds up no other.
            let desk = desk.clone();
            site.tasks.spawn(async move { desk.due(id, wait).await });
        }
        let until = due.next().unwrap_or_else(|| site.clock.tick().after(SCAN));
        let until: Tick = until.min(site.clock.tick().after(SCAN));
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = changed => {}
            () = site.clock.sleep_until(until) => {}
        }
    }
}

/// Goes round all nodes once a period and lets each lane look at power, some at a time. A BMC that takes long delays no
/// other: a node whose last look is not over is passed over, and silent ones have places of their own.
pub async fn power_sync(site: Arc<Site>, desk: Arc<Desk>) {
    let interval = site.policy.sync_power_state_interval;
    if interval == 0 {
        return;
    }
    let round = Arc::new(Round::new(site.policy.sync_power_state_workers.unwrap_or(SYNC_AT_ONCE)));
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, Duration::from_secs(u64::from(interval))) => {}
        }
        let count = round.begin(&site, &desk);
        tracing::debug!(count, "power sync goes round");
    }
}

/// Looks of power sync that wait or run.
#[derive(Debug)]
struct Round {
    under_way: Mutex<HashSet<NodeId>>,
    well: Semaphore,
    silent: Semaphore,
}

impl Round {
    fn new(at_once: usize) -> Self {
        let (well, silent) = (Semaphore::new(at_once), Semaphore::new(SILENT_AT_ONCE.min(at_once)));
        Self { under_way: Mutex::default(), well, silent }
    }

    /// Begins a look at each node that has none under way; how many.
    fn begin(self: &Arc<Self>, site: &Site, desk: &Arc<Desk>) -> usize {
        let due = to_look_at(site).into_iter().filter(|(_, id)| self.lock().insert(*id));
        let due: Vec<_> = due.collect();
        for (is_silent, id) in &due {
            let look = self.clone().look(desk.clone(), *is_silent, *id);
            site.tasks.spawn(site.stop.clone().run_until_cancelled_owned(look));
        }
        due.len()
    }

    async fn look(self: Arc<Self>, desk: Arc<Desk>, is_silent: bool, id: NodeId) {
        let places = if is_silent { &self.silent } else { &self.well };
        if let Ok(_place) = places.acquire().await {
            desk.sync(id).await;
        }
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<NodeId>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nodes whose power is kept in step, and whether their BMCs were silent of late.
fn to_look_at(site: &Site) -> Vec<(bool, NodeId)> {
    let published = site.reader.published();
    let mut nodes: Vec<_> = published
        .nodes()
        .filter(|node| node.run.is_none() && (node.fault == Some(Fault::Power) || !node.wished.maintenance))
        .filter(|node| node.provision.traits().power_sync)
        .map(|node| (node.order, node.misses > 0 || node.bmc.silent.is_some(), node.id))
        .collect();
    nodes.sort_unstable();
    nodes.into_iter().map(|(_, is_silent, id)| (is_silent, id)).collect()
}

/// BMCs that are asked at once unless `sync_power_state_workers` is given: more than in the reference, since none of them
/// takes a thread.
const SYNC_AT_ONCE: usize = 24;
/// Silent ones that are tried at once.
const SILENT_AT_ONCE: usize = 8;
/// The due order is looked at at least so often, hint or no hint.
const SCAN: Duration = Duration::from_mins(1);
