//! Allocations: which node fits, which is asked, and what the asked node says.
//!
//! The rack's lane chooses by the published copy, which may be a commit old; the node's lane decides by the record
//! itself, by the same rules.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::flow::course::Course;
use crate::model::allocation::pool::Pool;
use crate::model::allocation::{Allocation, Held, Tenancy};
use crate::model::decision::Decision;
use crate::model::decision::facts::Facts;
use crate::model::decision::refusal::Refusal;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::provision::Provision;

/// Why a node does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    NoCandidate,
    OtherClass,
    State(Provision),
    Instance(Uuid),
    UnknownPower,
    Maintenance,
    OtherOwner,
    /// These it lacks.
    Traits(Vec<String>),
}

impl Unfit {
    /// The reason alone, by which nodes are counted.
    fn word(&self) -> &'static str {
        match self {
            Self::NoCandidate => "not a candidate",
            Self::OtherClass => "of another resource class",
            Self::State(_) => "not available",
            Self::Instance(_) => "with an instance",
            Self::UnknownPower => "of unknown power",
            Self::Maintenance => "in maintenance",
            Self::OtherOwner => "of another owner",
            Self::Traits(_) => "without the traits",
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCandidate => f.write_str("is none of the candidate nodes"),
            Self::OtherClass => f.write_str("has another resource class"),
            Self::State(state) => write!(f, "is {state}, not available"),
            Self::Instance(instance) => write!(f, "is associated with instance {instance}"),
            Self::UnknownPower => f.write_str("has no known power state"),
            Self::Maintenance => f.write_str("is in maintenance"),
            Self::OtherOwner => f.write_str("belongs to another owner"),
            Self::Traits(lacking) => write!(f, "lacks the traits {}", lacking.join(", ")),
        }
    }
}

/// Whether the node does for the allocation. What can be mended comes last, so that it is what is told.
pub fn fits(node: &Node, allocation: &Allocation) -> Result<(), Unfit> {
    let wished = &allocation.wished;
    if !wished.candidate_nodes.is_empty() && !wished.candidate_nodes.contains(&node.id) {
        return Err(Unfit::NoCandidate);
    }
    if node.wished.resource_class.is_none() || node.wished.resource_class != wished.resource_class {
        return Err(Unfit::OtherClass);
    }
    if node.provision != Provision::Available {
        return Err(Unfit::State(node.provision));
    }
    if let Some(instance) = node.wished.instance_uuid {
        return Err(Unfit::Instance(instance));
    }
    if node.power.is_none() {
        return Err(Unfit::UnknownPower);
    }
    if node.wished.maintenance {
        return Err(Unfit::Maintenance);
    }
    if is_of_another(node, allocation) {
        return Err(Unfit::OtherOwner);
    }
    lacking(node, allocation).map_or(Ok(()), |lacking| Err(Unfit::Traits(lacking)))
}

/// Whether the node is none of those that the allocation's owner has or has leased.
fn is_of_another(node: &Node, allocation: &Allocation) -> bool {
    let owner = &allocation.wished.owner;
    owner.is_some() && *owner != node.wished.owner && *owner != node.wished.lessee
}

/// The traits that the allocation wants and the node does not have.
fn lacking(node: &Node, allocation: &Allocation) -> Option<Vec<String>> {
    let traits = allocation.wished.traits.iter();
    let lacking: Vec<_> = traits.filter(|one| !node.traits.contains(one)).cloned().collect();
    (!lacking.is_empty()).then_some(lacking)
}

/// Nodes that were asked and have refused, and why.
pub type Passed = BTreeMap<NodeId, Refusal>;

/// A search for the next node to ask.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    pub allocation: &'a Allocation,
    pub pool: &'a dyn Pool,
    pub passed: &'a Passed,
    /// At random, so that those who search at the same time do not meet.
    pub seed: u64,
}

impl Search<'_> {
    /// The node to ask next, or why there is none. One that bears the allocation's name goes first.
    pub fn choose(&self) -> Result<NodeId, String> {
        let wished = &self.allocation.wished;
        let namesake = wished.name.as_deref().and_then(|name| self.pool.named(name));
        let found = match namesake.filter(|node| self.takes(node)) {
            Some(node) => Some(node),
            None if wished.candidate_nodes.is_empty() => {
                let class = wished.resource_class.as_deref().unwrap_or_default();
                self.pool.free(class, self.seed).find(|node| self.takes(node))
            }
            None => self.candidates().find(|node| self.takes(node)),
        };
        found.map(|node| node.id).ok_or_else(|| self.why())
    }

    fn takes(&self, node: &Arc<Node>) -> bool {
        !self.passed.contains_key(&node.id)
            && fits(node, self.allocation).is_ok()
            && !self.pool.is_asked_for(node.id, self.allocation.id)
    }

    /// The nodes of the client's list, from a place that the seed chooses.
    fn candidates(&self) -> impl Iterator<Item = &Arc<Node>> {
        let list = &self.allocation.wished.candidate_nodes;
        let count = u64::try_from(list.len()).unwrap_or(u64::MAX).max(1);
        let start = usize::try_from(self.seed % count).unwrap_or_default();
        list.iter().cycle().skip(start).take(list.len()).filter_map(|id| self.pool.get(*id))
    }

    /// What `last_error` says: that there is none, and what keeps those that could have been.
    fn why(&self) -> String {
        let Allocation { id, wished, .. } = self.allocation;
        let class = wished.resource_class.as_deref().unwrap_or_default();
        let listed = !wished.candidate_nodes.is_empty();
        // A tenant is told of its own nodes only, not even how many others have.
        let mine = |node: &&Arc<Node>| !is_of_another(node, self.allocation);
        let nodes: Vec<_> = if listed {
            wished.candidate_nodes.iter().filter_map(|id| self.pool.get(*id)).filter(mine).collect()
        } else {
            let all = self.pool.all().filter(mine);
            all.filter(|node| node.wished.resource_class.as_deref() == Some(class)).collect()
        };
        let lacks = |node: &&Arc<Node>| matches!(fits(node, self.allocation), Err(Unfit::Traits(_)));
        let what = if !self.passed.is_empty() {
            format!("could not reserve any of {} suitable nodes", self.passed.len())
        } else if nodes.iter().any(lacks) {
            format!("no suitable nodes have the requested traits {}", wished.traits.join(", "))
        } else if listed {
            format!("none of the requested nodes are available and match the resource class {class}")
        } else {
            format!("no available nodes match the resource class {class}")
        };
        let detail = match (self.passed.is_empty(), listed) {
            (false, _) => some_of(self.passed.values().map(ToString::to_string).collect()),
            (true, true) => some_of(nodes.iter().map(|node| self.keeps(node)).collect()),
            (true, false) => self.counted(&nodes),
        };
        format!("Failed to process allocation {id}: {what}: {detail}.")
    }

    fn keeps(&self, node: &Node) -> String {
        let label = node.label();
        match fits(node, self.allocation) {
            Err(unfit) => format!("node {label} {unfit}"),
            Ok(()) => format!("node {label} is being allocated to another"),
        }
    }

    /// How many nodes of the class are kept by what.
    fn counted(&self, nodes: &[&Arc<Node>]) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for node in nodes {
            let word =
                fits(node, self.allocation).err().map_or("being allocated to another", |unfit| unfit.word());
            *counts.entry(word).or_default() += 1;
        }
        let counts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        match nodes.len() {
            0 => "no node has it".to_owned(),
            count => format!("of {count} nodes that have it {}", counts.join(", ")),
        }
    }
}

/// A few of what keeps single nodes.
fn some_of(mut texts: Vec<String>) -> String {
    let more = texts.len().saturating_sub(SHOWN);
    texts.truncate(SHOWN);
    if more > 0 {
        texts.push(format!("{more} more do not do either"));
    }
    if texts.is_empty() { "none of them is there any more".to_owned() } else { texts.join("; ") }
}

/// An allocation asks for the node, or gives it back.
pub fn admit(node: &Node, ask: &Tenancy, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    match ask {
        Tenancy::Claim(allocation) => claim(node, allocation, facts),
        Tenancy::Release(id) => release(node, *id, facts),
    }
}

fn claim(node: &Node, allocation: &Allocation, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if node.is_held_by(allocation.id) {
        return Ok(Decision::same());
    }
    if allocation.backfill {
        check_backfill(node, allocation)?;
    } else {
        let unfit = |unfit: Unfit| Refusal::Conflict(format!("node {} {unfit}", node.label()));
        fits(node, allocation).map_err(unfit)?;
    }
    let mut course = Course::of(node, facts);
    let traits = allocation.wished.traits.iter().cloned().map(Value::String).collect();
    let wished = &mut course.node.wished;
    wished.instance_uuid = Some(allocation.id);
    // Deployments choose their templates by what the instance wants of its node.
    wished.instance_info.insert("traits".to_owned(), Value::Array(traits));
    course.node.allocation = Some(Held { id: allocation.id, owner: allocation.wished.owner.clone() });
    course.note(Event::info("allocation", format!("allocated to {}", allocation.label())));
    Ok(course.finish(node))
}

/// An allocation for a node that is in use already: whether it says of the node what is so.
fn check_backfill(node: &Node, allocation: &Allocation) -> Result<(), Refusal> {
    let (id, wished) = (node.id, &allocation.wished);
    if let Some(instance) = node.wished.instance_uuid.filter(|instance| *instance != allocation.id) {
        return Err(Refusal::Conflict(format!("node {id} is associated with instance {instance}")));
    }
    let mut wrong = Vec::new();
    if node.provision != Provision::Active {
        wrong.push(format!("it must be active, but it is {}", node.provision));
    }
    if wished.resource_class.is_some() && wished.resource_class != node.wished.resource_class {
        let has = node.wished.resource_class.as_deref().unwrap_or("none");
        wrong.push(format!("its resource class is {has}"));
    }
    if let Some(lacking) = lacking(node, allocation) {
        wrong.push(format!("it lacks the traits {}", lacking.join(", ")));
    }
    if !wished.candidate_nodes.is_empty() && !wished.candidate_nodes.contains(&id) {
        wrong.push("it is none of the candidate nodes".to_owned());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Refusal::Conflict(format!("cannot backfill an allocation for node {id}: {}", wrong.join("; "))))
}

fn release(node: &Node, id: Uuid, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if !node.is_held_by(id) {
        return Ok(Decision::same());
    }
    let state = node.provision;
    let moves = node.target_provision.is_some() && !state.traits().patch_ok;
    if !node.wished.maintenance && (moves || state == Provision::Active) {
        return Err(Refusal::Conflict(format!(
            "allocation {id} cannot be removed while node {} is in state {:?}: undeploy the node first, or set \
             maintenance",
            node.label(),
            state.name()
        )));
    }
    let mut course = Course::of(node, facts);
    course.node.wished.instance_uuid = None;
    Ok(course.finish(node))
}

/// Nodes that an error names one by one.
const SHOWN: usize = 8;
