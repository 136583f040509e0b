//! The handle that API, boot and ticks hold: they post to lanes, they never write.

mod drives;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::time::sleep;
use crate::base::who::Author;
use crate::conduct::audit::Audit;
use crate::conduct::author;
use crate::conduct::board::Board;
use crate::conduct::chronicle::Chronicle;
use crate::conduct::commit;
use crate::conduct::console::Line;
use crate::conduct::desk::drives::Drives;
use crate::conduct::gate::Gate;
use crate::conduct::hands::calls::CallsShown;
use crate::conduct::keyring::Keyring;
use crate::conduct::lane::Lane;
use crate::conduct::leases::LeaseLane;
use crate::conduct::letterbox::Letterbox;
use crate::conduct::parked::Reply;
use crate::conduct::post::Post;
use crate::conduct::rack::allocations::work::Allocator;
use crate::conduct::site::Site;
use crate::conduct::through::Through;
use crate::conduct::webhook::Webhooks;
use crate::depot::blobs::Blobs;
use crate::flow;
use crate::model::Object;
use crate::model::audit::Touched;
use crate::model::bmc::Fact;
use crate::model::bmc::panel::Passthru;
use crate::model::boot::Beat;
use crate::model::boot::again::BootLoop;
use crate::model::catalog::Catalog;
use crate::model::decision::ask::{Answer, Ask, NodeDraft};
use crate::model::decision::effect::{Effect, Look, Owed};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::policy::Policy;
use crate::model::provision::Provision;
use crate::model::step::site::SiteSteps;

/// Where to post to one lane.
#[derive(Debug, Clone)]
struct Slot {
    inbox: mpsc::Sender<Post>,
    letterbox: Arc<Letterbox>,
}

/// A call of a vendor's method.
#[derive(Debug, Clone)]
pub struct Called {
    pub method: String,
    /// The request's method, upper case.
    pub http: String,
    pub is_async: bool,
}

/// The handle; cheap to share behind an `Arc`.
pub struct Desk {
    pub(in crate::conduct) site: Arc<Site>,
    drives: Drives,
    lanes: RwLock<HashMap<NodeId, Slot>>,
    /// What belongs to no node changes one at a time, and nodes are made so: the rack's lane.
    pub(in crate::conduct) rack: tokio::sync::Mutex<()>,
    pub(in crate::conduct) gate: Gate,
    pub(in crate::conduct) allocator: Arc<Allocator>,
    /// Networks that are served.
    board: Arc<Board>,
    chronicle: Arc<Chronicle>,
    leases: LeaseLane,
    webhooks: Webhooks,
    keyring: Keyring,
    audit: Arc<Audit>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("site", &self.site).finish_non_exhaustive()
    }
}

impl Desk {
    /// Opens a lane for each node in the store; what was under way goes on.
    pub fn open(site: Arc<Site>, blobs: Arc<Blobs>, mut owed: HashMap<NodeId, Vec<Owed>>) -> Arc<Self> {
        let leases = LeaseLane::open(&site);
        let chronicle = Chronicle::open(&site);
        let keyring = Keyring::open(&site.reader);
        let audit = Audit::open(&site);
        let desk = Arc::new(Self {
            site,
            drives: Drives::new(blobs),
            lanes: RwLock::default(),
            rack: tokio::sync::Mutex::new(()),
            board: Arc::default(),
            chronicle,
            leases,
            webhooks: Webhooks::default(),
            gate: Gate::default(),
            allocator: Arc::default(),
            keyring,
            audit,
        });
        desk.site.others.found(&desk);
        let nodes: Vec<_> = desk.site.reader.published().nodes().map(|node| node.id).collect();
        for id in nodes {
            desk.open_lane(id, owed.remove(&id).unwrap_or_default(), true);
        }
        desk.resume_discovered();
        desk.tend_allocations();
        desk
    }

    pub(in crate::conduct) fn open_lane(self: &Arc<Self>, id: NodeId, owed: Vec<Owed>, opened: bool) {
        let (inbox, posts) = mpsc::channel(INBOX);
        let letterbox = Arc::new(Letterbox::default());
        let lane = Lane::new(self.site.clone(), id, posts, letterbox.clone(), owed);
        self.lanes.write().unwrap_or_else(PoisonError::into_inner).insert(id, Slot { inbox, letterbox });
        self.site.tasks.spawn(lane.run(opened));
    }

    fn slot(&self, id: NodeId) -> Result<Slot, Refusal> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        lanes.get(&id).cloned().ok_or_else(|| Refusal::NoSuchNode { node: id.to_string() })
    }

    /// Hardware types and implementations; the site's own steps are not among them.
    pub fn catalog(&self) -> &Catalog {
        self.site.catalog.base()
    }

    /// The site's own steps, as its folder was last read.
    pub fn site_steps(&self) -> SiteSteps {
        self.site.catalog.now().site.clone()
    }

    /// What would keep a deployment of the node from taking the steps of its templates.
    pub fn deploy_trouble(&self, node: &Node) -> Option<String> {
        let Site { policy, catalog, reader, .. } = &*self.site;
        flow::template::trouble(node, policy, &catalog.now(), &*reader.published())
    }

    pub fn policy(&self) -> &Policy {
        &self.site.policy
    }

    /// The wall's moment, for showing.
    pub fn wall(&self) -> Moment {
        self.site.clock.wall()
    }

    /// Makes a node and opens its lane. Goes on if who asked goes away: a node that is kept has a lane.
    pub async fn create(self: &Arc<Self>, draft: NodeDraft) -> Result<Arc<Node>, Refusal> {
        let (desk, author) = (Arc::clone(self), author::present());
        Through::new(&self.site.tasks, async move { desk.make(draft, author).await }).await
    }

    async fn make(
        self: &Arc<Self>,
        draft: NodeDraft,
        author: Option<Arc<Author>>,
    ) -> Result<Arc<Node>, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        let mut node = Node::new(draft.id, draft.wished, self.site.clock.wall());
        if draft.starts_available {
            node.provision = Provision::Available;
        }
        // One that is made with its console enabled is opened like one that was found so.
        let (id, opened) = (node.id, node.wished.console_enabled);
        commit::create(&self.site, node, author.as_deref()).await?;
        self.open_lane(id, Vec::new(), opened);
        self.published(id)
    }

    fn published(&self, id: NodeId) -> Result<Arc<Node>, Refusal> {
        let published = self.site.reader.published();
        published.node(id).cloned().ok_or_else(|| Refusal::NoSuchNode { node: id.to_string() })
    }

    /// Asks something of a node; answered once it is committed.
    pub async fn ask(&self, id: NodeId, ask: Ask) -> Result<Answer, Refusal> {
        let removes = matches!(ask, Ask::Delete);
        let slot = self.slot(id)?;
        let (reply, answer) = Reply::new();
        slot.inbox.send(Post::Ask(ask, reply)).await.map_err(|_| self.gone(id))?;
        let answer = answer.await.map_err(|_| self.gone(id))?;
        if removes && answer.is_ok() {
            slot.inbox.closed().await;
            drop(self.gone(id));
        }
        answer
    }

    /// Why a lane does not answer: its node is deleted, or the daemon stops. The slot of a lane that has ended
    /// is dropped, unless a new node of this id has taken it.
    fn gone(&self, id: NodeId) -> Refusal {
        if self.site.reader.published().node(id).is_some() {
            return stopping(id);
        }
        let mut lanes = self.lanes.write().unwrap_or_else(PoisonError::into_inner);
        if lanes.get(&id).is_some_and(|slot| slot.inbox.is_closed()) {
            lanes.remove(&id);
        }
        Refusal::NoSuchNode { node: id.to_string() }
    }

    /// Calls a vendor's method: a look if it only reads, else a change; one that is asynchronous is answered once it
    /// is owed.
    pub async fn passthru(&self, id: NodeId, called: Called, args: Object) -> Result<Seen, Refusal> {
        let Called { method, http, is_async } = called;
        let ticket = self.site.tray.put(args);
        let call = Passthru { method, http, ticket };
        let answer = if is_async {
            self.ask(id, Ask::Passthru(call)).await.map(|_| Seen::Answer(Value::Null))
        } else if call.http == "GET" {
            self.look(id, Look::Passthru(call)).await
        } else {
            self.act(id, Effect::Passthru(call)).await.map(|outcome| match outcome {
                Outcome::Answer(value) => Seen::Answer(value),
                Outcome::Failed(failure) => Seen::Silent(failure),
                Outcome::Done
                | Outcome::Power(_)
                | Outcome::BootDevice { .. }
                | Outcome::Turn(_)
                | Outcome::Modes(_)
                | Outcome::Inspected(_)
                | Outcome::Speaks(_)
                | Outcome::Met(_) => Seen::Answer(Value::Null),
            })
        };
        if answer.is_err() {
            self.site.tray.take(ticket);
        }
        answer
    }

    /// Keeps what a ramdisk logged before it told its inventory. That it could not be kept is told in the log, and is no
    /// failure of anything.
    pub async fn keep_logs(&self, id: NodeId, archive: Vec<u8>) {
        let Ok(node) = self.published(id) else { return };
        match self.site.hands.keep_logs(&node, archive).await {
            Ok(name) => tracing::info!(node = %node.label(), %name, "the inspection ramdisk's logs are kept"),
            Err(failure) => tracing::warn!(node = %node.label(), error = failure.why, "logs are not kept"),
        }
    }

    /// The same of a machine that is no node.
    pub async fn keep_strangers_logs(&self, told: Arc<Told>, archive: Vec<u8>) {
        let macs = &told.macs;
        match self.site.hands.keep_strangers_logs(&told, archive).await {
            Ok(name) => tracing::info!(?macs, %name, "the logs of an unknown machine are kept"),
            Err(failure) => tracing::warn!(?macs, error = failure.why, "logs are not kept"),
        }
    }

    /// The networks that are served.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// The rack's journal.
    pub fn chronicle(&self) -> &Arc<Chronicle> {
        &self.chronicle
    }

    /// Calls to machines since the start, by kind.
    pub fn calls(&self) -> Vec<CallsShown> {
        self.site.hands.calls()
    }

    /// Programs elsewhere that are told what changes.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Bearer tokens that are valid or were.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Writes down who asked for a change and which status was answered.
    pub fn note_deed(&self, author: &Author, touched: Touched, status: u16) {
        self.audit.note(author, touched, status, &self.site);
    }

    /// What was changed by whom.
    pub fn audit(&self) -> &Arc<Audit> {
        &self.audit
    }

    /// The lane of leases.
    pub fn leases(&self) -> &LeaseLane {
        &self.leases
    }

    /// What is recorded of a node's console.
    pub async fn console_log(&self, id: NodeId) -> Vec<u8> {
        self.site.consoles.recorded(id).await
    }

    /// Somebody's end of a node's console; `None` if it is not open.
    pub fn console(&self, id: NodeId) -> Option<Line> {
        self.site.consoles.attach(id)
    }

    /// Hands over a heartbeat; answered once it is committed.
    pub async fn beat(&self, id: NodeId, beat: Beat) -> Result<(), Refusal> {
        let slot = self.slot(id)?;
        let (reply, answer) = oneshot::channel();
        slot.letterbox.beats.put(beat, reply);
        slot.inbox.send(Post::Beat).await.map_err(|_| self.gone(id))?;
        answer.await.map_err(|_| self.gone(id))?
    }

    /// Hands over what a driver has learnt; waits for nobody.
    pub fn learn(&self, id: NodeId, fact: Fact) {
        // What is learnt of a node that is gone is of no use.
        if let Ok(slot) = self.slot(id) {
            slot.letterbox.facts.put(fact);
        }
    }

    /// Hands over that a node's machine boots in a loop; waits for nobody.
    pub fn boots_again(&self, id: NodeId, looping: BootLoop) {
        // The boots of a node that is gone are nobody's.
        if let Ok(slot) = self.slot(id) {
            slot.letterbox.put_loop(looping);
        }
    }

    /// A look for a synchronous request (style corner 9).
    pub async fn look(&self, id: NodeId, look: Look) -> Result<Seen, Refusal> {
        let what = look.label();
        let (reply, answer) = oneshot::channel();
        self.post(id, Post::Look(look, reply)).await?;
        self.within(id, what, async { answer.await.map_err(|_| self.gone(id)) }).await
    }

    /// A change for a synchronous request: owed and committed first; it goes on if this times out.
    pub async fn act(&self, id: NodeId, effect: Effect) -> Result<Outcome, Refusal> {
        let what = effect.label();
        let (reply, answer) = Reply::new();
        self.post(id, Post::Act(effect, reply)).await?;
        self.within(id, what, async { answer.await.map_err(|_| self.gone(id))? }).await
    }

    /// A change that another lane has asked for, however long it takes: what it owes has its own deadline.
    pub async fn lend(&self, id: NodeId, effect: Effect) -> Result<Outcome, Refusal> {
        let (reply, answer) = Reply::new();
        self.post(id, Post::Act(effect, reply)).await?;
        answer.await.map_err(|_| self.gone(id))?
    }

    async fn within<T>(
        &self,
        id: NodeId,
        what: &str,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        tokio::select! {
            done = work => done,
            () = sleep(&*self.site.clock, ANSWER_LIMIT) => {
                let node = self.published(id).map_or_else(|_| id.to_string(), |node| node.label());
                Err(Refusal::Unanswered(format!("no answer from the BMC of node {node} to {what:?} in {} s", ANSWER_LIMIT.as_secs())))
            }
        }
    }

    /// The wait of this number has ended.
    pub async fn due(&self, id: NodeId, wait: u64) {
        // A lane that is gone has nothing to wait for.
        self.post(id, Post::Due(wait)).await.ok();
    }

    /// Power sync has come round to this node; returns when its look is over.
    pub async fn sync(&self, id: NodeId) {
        let (reply, over) = oneshot::channel();
        if self.post(id, Post::Sync(reply)).await.is_ok() {
            // The sender is dropped when the look is over or none was made.
            over.await.ok();
        }
    }

    /// Returns when all that drivers have learnt by now is kept.
    pub async fn settle(&self) {
        let nodes: Vec<_> =
            self.lanes.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let mut kept = Vec::new();
        for id in nodes {
            let (reply, over) = oneshot::channel();
            if self.post(id, Post::Settle(reply)).await.is_ok() {
                kept.push(over);
            }
        }
        for over in kept {
            // Its other end is dropped, never used.
            over.await.ok();
        }
    }

    async fn post(&self, id: NodeId, post: Post) -> Result<(), Refusal> {
        let slot = self.slot(id)?;
        slot.inbox.send(post).await.map_err(|_| self.gone(id))
    }
}

fn stopping(id: NodeId) -> Refusal {
    Refusal::Busy(format!("node {id} takes no requests: the daemon is stopping or the node is being deleted"))
}

/// Posts that may wait at a lane; senders wait beyond it.
const INBOX: usize = 64;
/// Synchronous requests are answered within this (style corner 9).
const ANSWER_LIMIT: Duration = Duration::from_secs(25);
