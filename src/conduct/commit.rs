//! A decision inside a transaction: load, decide, write (style "Where rules run").

use std::cell::RefCell;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::who::Author;
use crate::conduct::site::Site;
use crate::flow;
use crate::model::audit::By;
use crate::model::decision::ask::Answer;
use crate::model::decision::effect::{Look, Owed};
use crate::model::decision::facts::{Around, Facts, Groups};
use crate::model::decision::outcome::{Happened, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::decision::{Decision, Fate, LaterLook, Row};
use crate::model::inspection::Bearers;
use crate::model::journal::{Event, Noted, Scene, Severity};
use crate::model::node::Node;
use crate::model::part::portgroup::Portgroup;
use crate::model::provision::Provision;
use crate::model::run::{HOLD, Hold, Phase};
use crate::model::volume::{Connector, Target, VolumeKind, VolumeRow};
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
    /// The allocation that no longer has the node.
    freed: Option<Uuid>,
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
    /// In whose name it is decided; `None` for the daemon itself.
    pub author: Option<Arc<Author>>,
}

/// What the rules make of something that has happened, if nothing of it must be kept: then no transaction is
/// needed. The lane is the only writer of its node, so the published record is the one that is kept.
pub fn decide_unkept(site: &Site, id: NodeId, known: Known<'_>, happened: &Happened) -> Option<Decision> {
    let published = site.reader.published();
    let node = published.node(id)?;
    let ports: Vec<_> = published.ports_of(id).cloned().collect();
    let (token, boot_token) = ((site.tokens)(), (site.tokens)());
    let catalog = site.catalog.now();
    let facts = Facts {
        bearers: &*published,
        around: &*published,
        plans: &*published,
        at: site.clock.wall(),
        token: &token,
        boot_token: &boot_token,
        policy: &site.policy,
        catalog: &catalog,
        owed: known.owed,
        ports: &ports,
        portgroups: &Groups::of(id, &*published),
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

/// The rack as the transaction sees it. Its tables are opened for one answer at a time.
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

impl Around for InTxn<'_, '_> {
    fn node(&self, id: NodeId) -> Option<Arc<Node>> {
        self.0.borrow_mut().nodes().get(id)
    }

    fn children(&self, parent: NodeId) -> Vec<Arc<Node>> {
        self.0.borrow_mut().nodes().children(parent)
    }

    fn portgroups(&self, node: NodeId) -> Vec<Arc<Portgroup>> {
        self.0.borrow_mut().things::<Portgroup>().of_node(node)
    }

    fn volumes(&self, kind: VolumeKind, node: NodeId) -> Vec<VolumeRow> {
        let mut txn = self.0.borrow_mut();
        match kind {
            VolumeKind::Connector => {
                txn.things::<Connector>().of_node(node).into_iter().map(VolumeRow::Connector).collect()
            }
            VolumeKind::Target => {
                txn.things::<Target>().of_node(node).into_iter().map(VolumeRow::Target).collect()
            }
        }
    }
}

/// Calls `rule` on the node and keeps what it decides, in one transaction.
pub async fn decide(site: &Site, to: Turn, said: Said, rule: Rule) -> Result<Committed, Refusal> {
    let Turn { label, urgency, id } = to;
    let (token, boot_token) = ((site.tokens)(), (site.tokens)());
    let at = site.clock.wall();
    let policy = site.policy.clone();
    let catalog = site.catalog.now();
    let reader = site.reader.clone();
    let committed = site
        .writer
        .submit(label, urgency, move |txn| {
            let node = txn.nodes().get(id).ok_or_else(|| Refusal::NoSuchNode { node: id.to_string() })?;
            let owed = txn.owed().of(id)?;
            let ports = txn.ports().of_node(id);
            let around = InTxn(RefCell::new(&mut *txn));
            // Not longer than the decision: a copy that is held is copied when the commit is published.
            let published = reader.published();
            let facts = Facts {
                bearers: &around,
                around: &around,
                plans: &*published,
                at,
                token: &token,
                boot_token: &boot_token,
                policy: &policy,
                catalog: &catalog,
                owed: &owed,
                ports: &ports,
                portgroups: &Groups::of(id, &around),
                seen: &said.seen,
                silent: said.silent,
            };
            let decision = rule(&node, &facts)?;
            keep(txn, &node, decision, (at, said.author.as_deref()))
        })
        .await?;
    committed.told.iter().for_each(Told::tell);
    if let Some(allocation) = committed.freed {
        site.freed.put(allocation);
    }
    Ok(committed)
}

fn keep(
    txn: &mut Txn<'_>,
    before: &Node,
    decision: Decision,
    (at, author): (Moment, Option<&Author>),
) -> Result<Committed, Refusal> {
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
            freed: None,
            told: vec![told(before, Event::info("delete", "the node was deleted"), Scene::of(before, at))],
        });
    }
    let changes = after.is_some() || !decision.rows.is_empty() || !decision.owe.is_empty();
    if let Some(node) = &after {
        txn.nodes().put(node)?;
    }
    for number in &decision.settle {
        txn.owed().settle(id, *number)?;
    }
    for owed in &decision.owe {
        txn.owed().add(id, owed)?;
    }
    write_rows(txn, id, decision.rows)?;
    for telling in decision.tellings {
        txn.tell(id, telling);
    }
    let now = after.as_ref().unwrap_or(before);
    let mut journal = decision.journal;
    // Who changed something is always told, also where the change alone is not worth an entry.
    if let Some(author) = author.filter(|_| journal.is_empty() && changes) {
        let event = Event::info("request", author.deed.as_str());
        journal.push(Noted { event, scene: Scene::of(now, at) });
    }
    let mut told: Vec<Told> =
        wait_begun(before, now).into_iter().map(|event| told_of(now, event, at)).collect();
    for noted in journal {
        told.push(write_down(txn, now, noted, author)?);
    }
    Ok(Committed {
        owed: txn.owed().of(id)?,
        fence: now.changes,
        looks: decision.looks,
        later: decision.later,
        silent: decision.silent,
        answer: decision.answer,
        removed,
        freed: freed(before, now),
        told,
    })
}

/// A wait is told in the log when it begins: for what, from whom, how long, and what happens then. The journal tells the
/// step that waits.
fn wait_begun(before: &Node, now: &Node) -> Option<Event> {
    let is_held = |node: &Node| node.run.as_ref().is_some_and(|run| run.phase == Phase::Hold);
    if is_held(now) && !is_held(before) {
        let Hold { why, from_whom, then } = HOLD;
        return Some(Event::info(
            "wait",
            format!("waits for {why}, from {from_whom}, with no deadline; {then}"),
        ));
    }
    let wait = now.wait.as_ref()?;
    let is_known = before.wait.as_ref().is_some_and(|old| old.why == wait.why && old.since == wait.since);
    (!is_known).then(|| {
        let (why, from, then) = (wait.why.text(), &wait.from_whom, wait.then());
        let looks = if wait.looks() { format!("looks in {} s, ", wait.length) } else { String::new() };
        let deadline =
            wait.deadline().map_or_else(|| "no deadline".to_owned(), |seconds| format!("{seconds} s"));
        Event::info(
            "wait",
            format!("waits for {why}, from {from}, since {}, {looks}{deadline}; then {then}", wait.since),
        )
    })
}

fn told_of(node: &Node, event: Event, at: Moment) -> Told {
    told(node, event, Scene::of(node, at))
}

/// What belongs to the node beside its record.
fn write_rows(txn: &mut Txn<'_>, id: NodeId, rows: Vec<Row>) -> Result<(), Refusal> {
    for row in rows {
        match row {
            Row::Port(port) => drop(txn.ports().put(&port)?),
            Row::PortRemoved(port) => txn.ports().remove(port)?,
            Row::Volume(VolumeRow::Connector(one)) => drop(txn.things().put(&*one)?),
            Row::Volume(VolumeRow::Target(one)) => drop(txn.things().put(&*one)?),
            Row::VolumeRemoved(VolumeKind::Connector, one) => drop(txn.things::<Connector>().remove(one)?),
            Row::VolumeRemoved(VolumeKind::Target, one) => drop(txn.things::<Target>().remove(one)?),
            Row::Inventory(inventory) => txn.inventories().put(id, &inventory)?,
            Row::Portgroup(group) => drop(txn.things().put(&*group)?),
            Row::PortgroupRemoved(group) => {
                txn.things::<Portgroup>().remove(group)?;
            }
            Row::Sheet(sheet) => txn.sheets().put(id, &sheet)?,
        }
    }
    Ok(())
}

fn freed(before: &Node, now: &Node) -> Option<Uuid> {
    let held = before.allocation.as_ref()?;
    (!now.is_held_by(held.id)).then_some(held.id)
}

fn told(node: &Node, event: Event, scene: Scene) -> Told {
    Told { node: node.label(), step: scene.step.unwrap_or_default(), event }
}

/// Journals an event of a node, with who asked for it.
pub fn write_down(
    txn: &mut Txn<'_>,
    node: &Node,
    noted: Noted,
    author: Option<&Author>,
) -> Result<Told, Refusal> {
    let Noted { event, scene } = noted;
    txn.journal().append_by(node.id, event.clone(), scene.clone(), author.map(By::from))?;
    Ok(told(node, event, scene))
}

/// Makes a node: the rack's own transaction.
pub async fn create(site: &Site, node: Node, author: Option<&Author>) -> Result<(), Refusal> {
    let (at, author) = (site.clock.wall(), author.cloned());
    let told = site
        .writer
        .write("create", move |txn| {
            if txn.nodes().get(node.id).is_some() {
                return Err(Refusal::Duplicate(format!("a node with UUID {} already exists", node.id)));
            }
            if let Some(parent) = node.wished.parent_node {
                flow::relatives::check(&InTxn(RefCell::new(&mut *txn)), node.id, parent)?;
            }
            txn.nodes().put(&node)?;
            let event = Event::info("create", "the node was enrolled");
            write_down(txn, &node, Noted { event, scene: Scene::of(&node, at) }, author.as_ref())
        })
        .await?;
    told.tell();
    Ok(())
}
