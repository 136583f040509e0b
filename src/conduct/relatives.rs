//! Power of a node's parent or child, as a change of the node's own lane: a post to the other lane, and a wait beside
//! both. Neither lane waits for the other (style corner 10).

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::base::id::NodeId;
use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::decision::ask::Ask;
use crate::model::decision::outcome::Outcome;
use crate::model::node::Node;
use crate::model::turn::Failure;

/// The way from a lane to the others: the desk that opened it.
#[derive(Default)]
pub struct OtherLanes(OnceLock<Weak<Desk>>);

impl fmt::Debug for OtherLanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtherLanes").finish_non_exhaustive()
    }
}

impl OtherLanes {
    /// Known from the moment that the desk is open.
    pub fn found(&self, desk: &Arc<Desk>) {
        // There is one desk, and it is opened once.
        self.0.set(Arc::downgrade(desk)).ok();
    }

    /// The desk, unless the daemon has not begun to serve or stops.
    pub fn desk(&self) -> Option<Arc<Desk>> {
        self.0.get().and_then(Weak::upgrade)
    }
}

/// Brings it about that the other node is on, or off.
pub async fn pay(site: &Site, id: NodeId, on: bool) -> Outcome {
    let word = if on { "on" } else { "off" };
    let failed = |why: String| Outcome::Failed(Failure::step(why));
    let Some(desk) = site.others.desk() else { return failed("the daemon is stopping".to_owned()) };
    let (target, goal) = if on { (PowerTarget::On, Power::On) } else { (PowerTarget::Off, Power::Off) };
    if let Err(refusal) = desk.ask(id, Ask::Power { target, timeout: None }).await {
        return failed(format!("node {id} cannot be powered {word}: {refusal}"));
    }
    match settled(site, id).await {
        Some(node) if node.power == Some(goal) => Outcome::Done,
        Some(node) => {
            let why = node.last_error.as_deref().unwrap_or("its power was changed meanwhile");
            failed(format!("node {} was not powered {word}: {why}", node.label()))
        }
        None => failed(format!("node {id} has not been powered {word} in time, or is gone")),
    }
}

/// The node once nothing is owed to its power any more.
async fn settled(site: &Site, id: NodeId) -> Option<Arc<Node>> {
    let limit = Duration::from_secs(u64::from(site.policy.power_state_change_timeout)) * TRIES;
    let mut changes = site.reader.changes();
    let rests = |node: &Arc<Node>| node.target_power.is_none();
    tokio::select! {
        published = changes.wait_for(|published| published.node(id).is_none_or(rests)) => {
            published.ok()?.node(id).cloned()
        }
        () = sleep(&*site.clock, limit) => None,
    }
}

/// A node's own change of power may wait for those of its relatives.
const TRIES: u32 = 4;
