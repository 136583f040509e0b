//! Power of a node's parent or child, and steps that a child does for its parent, as a change of the node's own lane: a post to the other lane, and a wait beside
//! both. Neither lane waits for the other (style corner 10).

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::base::id::NodeId;
use crate::base::time::sleep;
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::driver::Machine;
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::run::Run;
use crate::model::step::{By, Core, Step};
use crate::model::turn::{Failure, FailureKind, Turn};

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

/// Pays what is owed to another node, or for it; `None` for what a driver pays.
pub async fn pay(site: &Site, machine: &Machine, effect: &Effect) -> Option<Outcome> {
    if let Effect::Relative { node, on } = effect {
        return Some(switch(site, *node, *on).await.unwrap_or_else(Outcome::Failed));
    }
    if let Effect::StepOn { child, cursor } = effect {
        return Some(step_on(site, machine, *child, *cursor).await.unwrap_or_else(Outcome::Failed));
    }
    if let Effect::StepFor { parent, cursor } = effect {
        return Some(step_for(site, machine, *parent, *cursor).await.unwrap_or_else(Outcome::Failed));
    }
    None
}

/// Brings it about that the other node is on, or off; what it is, is looked at.
async fn switch(site: &Site, id: NodeId, on: bool) -> Result<Outcome, Failure> {
    let word = if on { "on" } else { "off" };
    let desk = desk(site)?;
    let (target, goal) = if on { (PowerTarget::On, Power::On) } else { (PowerTarget::Off, Power::Off) };
    let cannot = |refusal: Refusal| Failure::step(format!("node {id} cannot be powered {word}: {refusal}"));
    let seen = desk.look(id, Look::Power).await.map_err(cannot)?;
    if seen == Seen::Power(goal) {
        return Ok(Outcome::Done);
    }
    let recorded = site.reader.published().node(id).and_then(|node| node.power);
    if recorded == Some(goal) {
        // A request would find nothing to do.
        let wish = if on { PowerWish::On } else { PowerWish::Off };
        let limit = site.policy.power_state_change_timeout;
        let outcome = desk.act(id, Effect::Power { wish, limit }).await.map_err(cannot)?;
        return Ok(if matches!(outcome, Outcome::Failed(_)) { outcome } else { Outcome::Done });
    }
    desk.ask(id, Ask::Power { target, timeout: None }).await.map_err(cannot)?;
    match settled(site, id).await {
        Some(node) if node.power == Some(goal) => Ok(Outcome::Done),
        Some(node) => {
            let why = node.last_error.as_deref().unwrap_or("its power was changed meanwhile");
            Err(Failure::step(format!("node {} was not powered {word}: {why}", node.label())))
        }
        None => Err(Failure::step(format!("node {id} has not been powered {word} in time, or is gone"))),
    }
}

/// Has a child do the step of its parent's run, in the child's own lane.
async fn step_on(site: &Site, parent: &Machine, child: NodeId, cursor: usize) -> Result<Outcome, Failure> {
    let asked = desk(site)?.act(child, Effect::StepFor { parent: parent.node.id, cursor }).await;
    let outcome = asked.map_err(|refusal| Failure::step(format!("on child node {child}: {refusal}")))?;
    if let Outcome::Turn(Turn::Done(_)) = outcome {
        return Ok(Outcome::Done);
    }
    if let Outcome::Failed(failure) | Outcome::Turn(Turn::Failed(failure)) = outcome {
        return Err(Failure { why: format!("on child node {child}: {}", failure.why), ..failure });
    }
    // The reference, too, waits for no step of a child.
    Err(Failure::step(format!("on child node {child}: the step is not done at once")))
}

/// Does the step at this place of the parent's run by the node's own driver.
async fn step_for(site: &Site, machine: &Machine, parent: NodeId, cursor: usize) -> Result<Outcome, Failure> {
    let published = site.reader.published();
    let run = published.node(parent).and_then(|parent| parent.run.clone());
    let gone = || Failure::new(FailureKind::Unknown, "the parent's step is no longer under way");
    let run = run.filter(|run| run.cursor == cursor).ok_or_else(gone)?;
    let step = run.plan.get(cursor).cloned().ok_or_else(gone)?;
    let catalog = site.catalog.now();
    let mut specs = catalog.steps(&machine.node, run.kind);
    let found = specs.find(|(of, spec)| *of == step.interface && spec.step == step.step);
    let by = found.map(|(_, spec)| spec.by).ok_or_else(|| Failure::step("its driver has no such step"))?;
    if by == By::Core(Core::Nothing) {
        return Ok(Outcome::Turn(Turn::Done(Object::new())));
    }
    let own = Run::new(run.kind, vec![Step { by, ..step }], run.started);
    let node = Arc::new(Node { run: Some(own), ..Node::clone(&machine.node) });
    let machine = Machine { node, ports: machine.ports.clone() };
    Ok(site.hands.pay(machine, &Effect::Step { cursor: 0 }, false).await)
}

fn desk(site: &Site) -> Result<Arc<Desk>, Failure> {
    site.others.desk().ok_or_else(|| Failure::step("the daemon is stopping"))
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
