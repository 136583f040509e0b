//! Waits that end, and power sync: the two clocks of the conductor.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

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

/// Goes round all nodes once a period and lets each lane look at power, a few at a time.
pub async fn power_sync(site: Arc<Site>, desk: Arc<Desk>) {
    let interval = site.policy.sync_power_state_interval;
    if interval == 0 {
        return;
    }
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = sleep(&*site.clock, Duration::from_secs(u64::from(interval))) => {}
        }
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = one_round(&site, &desk) => {}
        }
    }
}

async fn one_round(site: &Site, desk: &Arc<Desk>) {
    let nodes = to_look_at(site);
    let count = nodes.len();
    let at_once = Arc::new(Semaphore::new(SYNC_AT_ONCE));
    let mut looks = JoinSet::new();
    for id in nodes {
        let (desk, at_once) = (desk.clone(), at_once.clone());
        looks.spawn(async move {
            let _place = at_once.acquire().await;
            desk.sync(id).await;
        });
    }
    while looks.join_next().await.is_some() {}
    tracing::debug!(count, "power sync went round");
}

/// Nodes whose power is kept in step; those that have been silent come first.
fn to_look_at(site: &Site) -> Vec<NodeId> {
    let published = site.reader.published();
    let mut nodes: Vec<_> = published
        .nodes()
        .filter(|node| node.run.is_none() && (node.fault == Some(Fault::Power) || !node.wished.maintenance))
        .filter(|node| node.provision.traits().power_sync)
        .map(|node| (std::cmp::Reverse(node.misses), node.order, node.id))
        .collect();
    nodes.sort_unstable();
    nodes.into_iter().map(|(_, _, id)| id).collect()
}

/// BMCs that are asked at once (Ironic's `sync_power_state_workers`).
const SYNC_AT_ONCE: usize = 8;
/// The due order is looked at at least so often, hint or no hint.
const SCAN: Duration = Duration::from_mins(1);
