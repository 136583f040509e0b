//! Volume connectors and targets of a node: what may change in which state (contract `states.json`, `volume`).

use std::sync::Arc;

use uuid::Uuid;

use crate::flow::course::Course;
use crate::model::bmc::power::Power;
use crate::model::decision::ask::{Answer, PatchOp};
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Row};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::volume::connector::ConnectorWished;
use crate::model::volume::target::TargetWished;
use crate::model::volume::{Volume, VolumeAsk, VolumeKind, VolumeRow, Wished};

/// Decides what is asked about the node's volumes.
pub fn admit(node: &Node, ask: &VolumeAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    match ask {
        VolumeAsk::Create(VolumeRow::Connector(one)) => create(node, one, facts),
        VolumeAsk::Create(VolumeRow::Target(one)) => create(node, one, facts),
        VolumeAsk::Patch { kind: VolumeKind::Connector, id, patch } => {
            change::<ConnectorWished>(node, *id, patch, facts)
        }
        VolumeAsk::Patch { kind: VolumeKind::Target, id, patch } => {
            change::<TargetWished>(node, *id, patch, facts)
        }
        VolumeAsk::Delete { kind: VolumeKind::Connector, id } => delete::<ConnectorWished>(node, *id, facts),
        VolumeAsk::Delete { kind: VolumeKind::Target, id } => delete::<TargetWished>(node, *id, facts),
    }
}

/// A new one is taken in any state: nothing has been done with it yet.
fn create<W: Wished>(node: &Node, one: &Volume<W>, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let word = W::KIND.word();
    if facts.around.volumes(W::KIND, node.id).len() >= LIMIT {
        return Err(Refusal::Invalid(format!("node {} has {LIMIT} {word}s already", node.id)));
    }
    let made = Volume { node: node.id, created_at: facts.at, updated_at: None, ..one.clone() };
    let mut course = Course::of(node, facts);
    note(&mut course, &format!("{word} {} is created", made.id));
    keep(&mut course, made);
    Ok(course.finish(node))
}

fn change<W: Wished>(
    node: &Node,
    id: Uuid,
    patch: &[PatchOp],
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let (word, old) = (W::KIND.word(), find::<W>(node, id, facts)?);
    let mut next = old.patched(patch)?;
    powered_off(node, &format!("{word} update"))?;
    if next.node != node.id {
        let other = facts.around.node(next.node);
        let other =
            other.ok_or_else(|| Refusal::Invalid(format!("node {} could not be found", next.node)))?;
        powered_off(&other, &format!("{word} update"))?;
    }
    let mut course = Course::of(node, facts);
    if next == *old {
        course.answer = Answer::Volume(W::row(old));
        return Ok(course.finish(node));
    }
    next.updated_at = Some(facts.at);
    note(&mut course, &format!("{word} {id} is updated"));
    keep(&mut course, next);
    Ok(course.finish(node))
}

fn delete<W: Wished>(node: &Node, id: Uuid, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let word = W::KIND.word();
    find::<W>(node, id, facts)?;
    // An available node is deleted by the site's leave only, and may be given to somebody at any time.
    if !node.provision.traits().delete_ok || node.provision == Provision::Available {
        powered_off(node, &format!("{word} deletion"))?;
    }
    let mut course = Course::of(node, facts);
    note(&mut course, &format!("{word} {id} is deleted"));
    course.row(Row::VolumeRemoved(W::KIND, id));
    Ok(course.finish(node))
}

/// Tear down leaves no volume of the instance; by what the machine reaches storage is its own.
pub fn forget_targets(course: &mut Course<'_>) {
    let targets = course.facts.around.volumes(VolumeKind::Target, course.node.id);
    for target in targets.into_iter().filter_map(TargetWished::of) {
        note(course, &format!("volume target {} is deleted", target.id));
        course.row(Row::VolumeRemoved(VolumeKind::Target, target.id));
    }
}

fn find<W: Wished>(node: &Node, id: Uuid, facts: &Facts<'_>) -> Result<Arc<Volume<W>>, Refusal> {
    let own = facts.around.volumes(W::KIND, node.id).into_iter().filter_map(W::of);
    let mut found = own.filter(|one| one.id == id);
    found.next().ok_or_else(|| Refusal::NotFound(format!("{} {id} could not be found", W::KIND.word())))
}

fn powered_off(node: &Node, what: &str) -> Result<(), Refusal> {
    if node.power == Some(Power::Off) {
        return Ok(());
    }
    let power = node.power.map_or("unknown", Power::name);
    Err(Refusal::Invalid(format!(
        "{what} is not possible while the power of node {} is {power:?}: power it off first",
        node.id
    )))
}

fn keep<W: Wished>(course: &mut Course<'_>, one: Volume<W>) {
    let row = W::row(Arc::new(one));
    course.answer = Answer::Volume(row.clone());
    course.row(Row::Volume(row));
}

fn note(course: &mut Course<'_>, text: &str) {
    course.note(Event::info("volume", text));
}

/// Connectors, and targets, of one node: more than any machine has.
const LIMIT: usize = 128;
