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
use crate::model::step::{Again, By, Core, Step};
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

/// Pays what is owed to another node, or for it; `None` for what a driver pays. `again`: it may have been paid already.
pub async fn pay(site: &Site, machine: &Machine, effect: &Effect, again: bool) -> Option<Outcome> {
    if let Effect::Relative { node, on } = effect {
        return Some(switch(site, *node, *on).await.unwrap_or_else(Outcome::Failed));
    }
    if let Effect::StepOn { child, cursor, done } = *effect {
        let lent = Effect::StepFor { parent: machine.node.id, cursor, done, again };
        return Some(Outcome::Turn(step_on(site, child, lent).await.unwrap_or_else(Turn::Failed)));
    }
    if let Effect::StepFor { parent, cursor, done, again: unsure } = *effect {
        let place = Place { parent, cursor };
        let again = again || unsure;
        return Some(step_for(site, machine, place, done, again).await.unwrap_or_else(Outcome::Failed));
    }
    None
}

/// Looks at a step of the node that a child does, or at one that it does for its parent; `None` for what a driver looks
/// at.
pub async fn look(site: &Site, machine: &Machine, look: &Look) -> Option<Seen> {
    if let Look::StepFor { parent, cursor } = *look {
        let place = Place { parent, cursor };
        return Some(look_for(site, machine, place).await.unwrap_or_else(Seen::Silent));
    }
    let Look::Step { cursor } = *look else { return None };
    let step = machine.node.run.as_ref().and_then(|run| run.plan.get(cursor))?;
    let By::Core(Core::ByChild(child)) = step.by else { return None };
    let lent = Look::StepFor { parent: machine.node.id, cursor };
    Some(look_on(site, child, lent).await.unwrap_or_else(Seen::Silent))
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

/// Has a child go on with the step of its parent's run, in the child's own lane; however long that takes.
async fn step_on(site: &Site, child: NodeId, lent: Effect) -> Result<Turn, Failure> {
    let outcome = desk(site)?.lend(child, lent).await;
    match outcome.map_err(|refusal| Failure::step(format!("it takes no step: {refusal}")))? {
        Outcome::Turn(turn) => Ok(turn),
        Outcome::Failed(failure) => Err(failure),
        Outcome::Done
        | Outcome::Power(_)
        | Outcome::BootDevice { .. }
        | Outcome::Modes(_)
        | Outcome::Answer(_)
        | Outcome::Inspected(_)
        | Outcome::Speaks(_)
        | Outcome::Met(_) => Err(Failure::step(SAYS_NOTHING)),
    }
}

async fn look_on(site: &Site, child: NodeId, lent: Look) -> Result<Seen, Failure> {
    desk(site)?.look(child, lent).await.map_err(|refusal| Failure::silent(refusal.to_string()))
}

/// A step of a parent's run, by its place.
#[derive(Clone, Copy)]
struct Place {
    parent: NodeId,
    cursor: usize,
}

/// Looks at the step at this place of the parent's run by the node's own driver.
async fn look_for(site: &Site, machine: &Machine, place: Place) -> Result<Seen, Failure> {
    let (lent, _) = lent(site, machine, place)?;
    if does_nothing(&lent) {
        return Ok(Seen::Turn(Turn::Done(Object::new())));
    }
    Ok(site.hands.look(lent, &Look::Step { cursor: 0 }).await)
}

/// Goes on with the step at this place of the parent's run by the node's own driver. What was seen to be done is looked at
/// once more, so that this node learns what it leaves behind.
async fn step_for(
    site: &Site,
    machine: &Machine,
    place: Place,
    done: bool,
    again: bool,
) -> Result<Outcome, Failure> {
    if done {
        let seen = look_for(site, machine, place).await?;
        if let Seen::Silent(failure) = seen {
            return Err(failure);
        }
        let Seen::Turn(turn) = seen else { return Err(Failure::step(SAYS_NOTHING)) };
        return Ok(Outcome::Turn(turn));
    }
    let (lent, repeat) = lent(site, machine, place)?;
    if again && repeat == Again::Never {
        let why =
            "the daemon stopped while it was being done: unknown whether done, and it must not be done twice";
        return Err(Failure::new(FailureKind::Unknown, why));
    }
    Ok(site.hands.pay(lent, &Effect::Step { cursor: 0 }, again).await)
}

/// The node with the parent's step as its own, where the parent's run says that it stands; and what a second run of it
/// means.
fn lent(site: &Site, machine: &Machine, place: Place) -> Result<(Machine, Again), Failure> {
    let published = site.reader.published();
    let run = published.node(place.parent).and_then(|parent| parent.run.clone());
    let gone = || Failure::new(FailureKind::Unknown, "the parent's step is no longer under way");
    let run = run.filter(|run| run.cursor == place.cursor).ok_or_else(gone)?;
    let step = run.step().cloned().ok_or_else(gone)?;
    let catalog = site.catalog.now();
    let mut specs = catalog.steps(&machine.node, run.kind);
    let found = specs.find(|(of, spec)| *of == step.interface && spec.step == step.step);
    let (by, again) = found
        .map(|(_, spec)| (spec.by, spec.again))
        .ok_or_else(|| Failure::step("its driver has no such step"))?;
    let own = Run { memo: run.memo, ..Run::new(run.kind, vec![Step { by, ..step }], run.started) };
    let node = Arc::new(Node { run: Some(own), ..Node::clone(&machine.node) });
    Ok((Machine { node, ports: machine.ports.clone() }, again))
}

fn does_nothing(machine: &Machine) -> bool {
    let step = machine.node.run.as_ref().and_then(Run::step);
    step.is_some_and(|step| step.by == By::Core(Core::Nothing))
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

/// Why an answer is not one to a question about a step.
const SAYS_NOTHING: &str = "its driver said nothing about the step";
/// A node's own change of power may wait for those of its relatives.
const TRIES: u32 = 4;
