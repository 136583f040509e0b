//! A decision inside a transaction: load, decide, write (style "Where rules run").

use std::cell::RefCell;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::conduct::site::Site;
use crate::flow;
use crate::model::decision::ask::Answer;
use crate::model::decision::effect::{Look, Owed};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Happened, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Fate, LaterLook, Row};
use crate::model::inspection::Bearers;
use crate::model::journal::{Event, Noted, Scene, Severity};
use crate::model::node::Node;
use crate::model::part::portgroup::Portgroup;
use crate::model::provision::Provision;
use crate::store::commit::Urgency;
use crate::store::txn::Txn;

/// What a lane needs to know after a commit.
#[derive(Debug)]
pub struct Committed {
    pub owed: Vec<Owed>,
    /// Number of the last change, which looks bear from now on.
    pub fence: u64,
    pub looks: Vec<Look>,
    pub later: Option<LaterLook>,
    /// The count of silent looks, if it was decided on.
    pub silent: Option<u8>,
    pub answer: Answer,
    pub removed: bool,
    /// What is told in the log, now that it is committed.
    told: Vec<Told>,
}

/// An event with what was known of its node.
#[derive(Debug)]
pub struct Told {
    node: String,
    step: String,
    event: Event,
}

impl Told {
    pub fn tell(&self) {
        let Self { node, step, event } = self;
        let (name, text) = (event.event, event.text.as_str());
        match event.severity {
            Severity::Info => tracing::info!(%node, %step, event = name, text, "node"),
            Severity::Error => tracing::warn!(%node, %step, event = name, text, "node"),
        }
    }
}

/// A rule with its input bound, to be called in the transaction.
pub type Rule = Box<dyn FnOnce(&Node, &Facts<'_>) -> Result<Decision, Refusal> + Send>;

/// Which node is decided on, why, and whether a full disk may refuse it.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    pub label: &'static str,
    pub urgency: Urgency,
    pub id: NodeId,
}

/// What the lane knows and the record does not say.
#[derive(Debug, Default)]
pub struct Said {
    /// What the looks before an ask have seen.
    pub seen: Vec<Seen>,
    /// Silent looks in a row, as the last decision counted them.
    pub silent: Option<u8>,
}

/// What the rules make of something that has happened, if nothing of it must be kept: then no transaction is
/// needed. The lane is the only writer of its node, so the published record is the one that is kept.
pub fn decide_unkept(site: &Site, id: NodeId, known: Known<'_>, happened: &Happened) -> Option<Decision> {
    let published = site.reader.published();
    let node = published.node(id)?;
    let ports: Vec<_> = published.ports_of(id).cloned().collect();
    let portgroups: Vec<_> = published.shelves().portgroups.of_node(id).cloned().collect();
    let (token, boot_token) = ((site.tokens)(), (site.tokens)());
    let facts = Facts {
        bearers: &*published,
        plans: &*published,
        at: site.clock.wall(),
        token: &token,
        boot_token: &boot_token,
        policy: &site.policy,
        catalog: &site.catalog,
        owed: known.owed,
        ports: &ports,
        portgroups: &portgroups,
        seen: &[],
        silent: known.silent,
    };
    let decision = flow::absorb(node, happened, &facts);
    (!decision.keeps_something()).then_some(decision)
}

/// What a lane knows of its node beside the record.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub owed: &'a [Owed],
    pub silent: Option<u8>,
}

/// The other nodes, as the transaction sees them.
#[derive(Debug)]
struct InTxn<'t, 'p>(RefCell<&'t mut Txn<'p>>);

impl Bearers for InTxn<'_, '_> {
    fn bearer(&self, mac: Mac) -> Option<NodeId> {
        let mut txn = self.0.borrow_mut();
        let ports = txn.ports();
        let port = ports.get(ports.with_mac(mac)?)?;
        Some(port.node)
    }

    fn count_in(&self, states: &[Provision]) -> usize {
        self.0.borrow_mut().nodes().count_in(states)
    }
}

/// Calls `rule` on the node and keeps what it decides, in one transaction.
pub async fn decide(site: &Site, to: Turn, said: Said, rule: Rule) -> Result<Committed, Refusal> {
    let Turn { label, urgency, id } = to;
    let (token, boot_token) = ((site.tokens)(), (site.tokens)());
    let at = site.clock.wall();
    let policy = site.policy.clone();
    let catalog = site.catalog.clone();
    let reader = site.reader.clone();
    let committed = site
        .writer
        .submit(label, urgency, move |txn| {
            let node = txn.nodes().get(id).ok_or_else(|| Refusal::NoSuchNode { node: id.to_string() })?;
            let owed = txn.owed().of(id)?;
            let ports = txn.ports().of_node(id);
            let portgroups = txn.things::<Portgroup>().of_node(id);
            let bearers = InTxn(RefCell::new(&mut *txn));
            // Not longer than the decision: a copy that is held is copied when the commit is published.
            let published = reader.published();
            let facts = Facts {
                bearers: &bearers,
                plans: &*published,
                at,
                token: &token,
                boot_token: &boot_token,
                policy: &policy,
                catalog: &catalog,
                owed: &owed,
                ports: &ports,
                portgroups: &portgroups,
                seen: &said.seen,
                silent: said.silent,
            };
            let decision = rule(&node, &facts)?;
            keep(txn, &node, decision, at)
        })
        .await?;
    committed.told.iter().for_each(Told::tell);
    Ok(committed)
}

fn keep(txn: &mut Txn<'_>, before: &Node, decision: Decision, at: Moment) -> Result<Committed, Refusal> {
    let id = before.id;
    let (after, removed) = match decision.fate {
        Fate::Same => (None, false),
        Fate::Next(node) => (Some(*node), false),
        Fate::Removed => (None, true),
    };
    if removed {
        txn.nodes().remove(id)?;
        return Ok(Committed {
            owed: Vec::new(),
            fence: before.changes,
            looks: Vec::new(),
            later: None,
            silent: None,
            answer: decision.answer,
            removed,
            told: vec![told(before, Event::info("delete", "the node was deleted"), Scene::of(before, at))],
        });
    }
    if let Some(node) = &after {
        txn.nodes().put(node)?;
    }
    for number in &decision.settle {
        txn.owed().settle(id, *number)?;
    }
    for owed in &decision.owe {
        txn.owed().add(id, owed)?;
    }
    for row in decision.rows {
        match row {
            Row::Port(port) => drop(txn.ports().put(&port)?),
            Row::PortRemoved(port) => txn.ports().remove(port)?,
            Row::Inventory(inventory) => txn.inventories().put(id, &inventory)?,
            Row::Portgroup(group) => drop(txn.things().put(&*group)?),
            Row::PortgroupRemoved(group) => {
                txn.things::<Portgroup>().remove(group)?;
            }
            Row::Sheet(sheet) => txn.sheets().put(id, &sheet)?,
        }
    }
    let now = after.as_ref().unwrap_or(before);
    let mut told = Vec::new();
    for noted in decision.journal {
        told.push(write_down(txn, now, noted)?);
    }
    Ok(Committed {
        owed: txn.owed().of(id)?,
        fence: now.changes,
        looks: decision.looks,
        later: decision.later,
        silent: decision.silent,
        answer: decision.answer,
        removed,
        told,
    })
}

fn told(node: &Node, event: Event, scene: Scene) -> Told {
    Told { node: node.label(), step: scene.step.unwrap_or_default(), event }
}

pub fn write_down(txn: &mut Txn<'_>, node: &Node, noted: Noted) -> Result<Told, Refusal> {
    let Noted { event, scene } = noted;
    txn.journal().append(node.id, event.clone(), scene.clone())?;
    Ok(told(node, event, scene))
}

/// Makes a node: the rack's own transaction.
pub async fn create(site: &Site, node: Node) -> Result<(), Refusal> {
    let at = site.clock.wall();
    let told = site
        .writer
        .write("create", move |txn| {
            if txn.nodes().get(node.id).is_some() {
                return Err(Refusal::Duplicate(format!("a node with UUID {} already exists", node.id)));
            }
            txn.nodes().put(&node)?;
            let event = Event::info("create", "the node was enrolled");
            write_down(txn, &node, Noted { event, scene: Scene::of(&node, at) })
        })
        .await?;
    told.tell();
    Ok(())
}
