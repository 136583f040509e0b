//! The one writer of a node: a task that takes posts and outcomes, one after the other.
//!
//! It never waits for a driver: changes and looks run beside it, in a slot each (style corner 4).

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::base::id::NodeId;
use crate::base::time::{Tick, sleep};
use crate::conduct::commit::{Committed, Rule, Turn, decide};
use crate::conduct::parked::{ActReply, AskReply, Parked, Waiting};
use crate::conduct::post::Post;
use crate::conduct::site::Site;
use crate::driver::Machine;
use crate::flow;
use crate::model::ask::{Answer, Ask};
use crate::model::boot::Beat;
use crate::model::decision::Decision;
use crate::model::effect::{Effect, Look, Owed, Purpose};
use crate::model::facts::Facts;
use crate::model::node::Node;
use crate::model::outcome::{Happened, Outcome, Seen};
use crate::model::refusal::Refusal;
use crate::model::turn::{Failure, FailureKind};
use crate::store::commit::Urgency;

/// A heartbeat that waits for its lane; a newer one takes its place, and all who sent are answered.
#[derive(Debug, Default)]
pub struct BeatSlot {
    waiting: Mutex<Option<Beating>>,
}

/// A heartbeat and who waits for its commit.
#[derive(Debug)]
struct Beating {
    beat: Beat,
    replies: Vec<oneshot::Sender<Result<(), Refusal>>>,
}

impl BeatSlot {
    pub fn put(&self, beat: Beat, reply: oneshot::Sender<Result<(), Refusal>>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut replies = waiting.take().map(|old| old.replies).unwrap_or_default();
        if replies.len() < BEATS_ANSWERED {
            replies.push(reply);
        }
        *waiting = Some(Beating { beat, replies });
    }

    fn take(&self) -> Option<Beating> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Who waits for a look, if anybody.
#[derive(Debug)]
enum Looker {
    /// The pipelines: what is seen is absorbed.
    Flow,
    /// A synchronous request: the answer goes to it alone.
    Caller(oneshot::Sender<Seen>),
    /// Power sync: absorbed, and the round is told that it is over.
    Round(oneshot::Sender<()>),
}

#[derive(Debug)]
struct Looking {
    look: Look,
    fence: u64,
    looker: Looker,
    task: JoinHandle<Seen>,
}

#[derive(Debug)]
struct Asking {
    ask: Ask,
    reply: AskReply,
    task: JoinHandle<Vec<Seen>>,
}

/// Takes in what has happened.
type Absorb = fn(&Node, &Happened, &Facts<'_>) -> Decision;

/// A node's lane.
#[derive(Debug)]
pub struct Lane {
    site: Arc<Site>,
    id: NodeId,
    inbox: mpsc::Receiver<Post>,
    beats: Arc<BeatSlot>,
    owed: Vec<Owed>,
    fence: u64,
    change: Option<(u64, JoinHandle<Outcome>)>,
    looking: Option<Looking>,
    asking: Option<Asking>,
    looks: VecDeque<(Look, Looker)>,
    callers: HashMap<u64, ActReply>,
    parked: Parked,
    /// Lookups that wait until the known agent was looked at.
    lookups: Parked,
    /// Effects found owed at open: they may have been paid already.
    begun_before: HashSet<u64>,
    removed: bool,
}

enum Came {
    Post(Post),
    Changed(u64, Outcome),
    Looked(Looking, Seen),
    Ready(Ask, AskReply, Vec<Seen>),
    Patience,
    End,
}

impl Lane {
    pub fn new(
        site: Arc<Site>,
        id: NodeId,
        inbox: mpsc::Receiver<Post>,
        beats: Arc<BeatSlot>,
        owed: Vec<Owed>,
    ) -> Self {
        let begun_before = owed.iter().map(|owed| owed.number).collect();
        Self {
            site,
            id,
            inbox,
            beats,
            owed,
            fence: 0,
            change: None,
            looking: None,
            asking: None,
            looks: VecDeque::new(),
            callers: HashMap::new(),
            parked: Parked::default(),
            lookups: Parked::default(),
            begun_before,
            removed: false,
        }
    }

    /// Goes on until the node is removed or the daemon stops. `opened` after a start: what was under way
    /// goes on.
    pub async fn run(mut self, opened: bool) {
        if opened {
            self.absorb("open", Happened::Opened).await;
        }
        while !self.removed {
            self.start_work();
            match self.next().await {
                Came::Post(post) => self.take(post).await,
                Came::Changed(number, outcome) => self.changed(number, outcome).await,
                Came::Looked(looking, seen) => self.looked(looking, seen).await,
                Came::Ready(ask, reply, seen) => self.ready(ask, reply, seen).await,
                Came::Patience => self.refuse_overdue(),
                Came::End => break,
            }
            self.unpark().await;
        }
    }

    /// Waits for whatever comes first.
    async fn next(&mut self) -> Came {
        let deadline = [self.parked.deadline(), self.lookups.deadline()].into_iter().flatten().min();
        let clock = self.site.clock.clone();
        let patience = async {
            match deadline {
                Some(until) => clock.sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.site.stop.cancelled() => Came::End,
            outcome = finished(self.change.as_mut().map(|(_, task)| task)) => {
                let number = self.change.take().map_or(0, |(number, _)| number);
                Came::Changed(number, outcome.unwrap_or_else(|| Outcome::Failed(died())))
            }
            seen = finished(self.looking.as_mut().map(|looking| &mut looking.task)) => match self.looking.take() {
                Some(looking) => Came::Looked(looking, seen.unwrap_or_else(|| Seen::Silent(died()))),
                None => Came::End,
            },
            seen = finished(self.asking.as_mut().map(|asking| &mut asking.task)) => match self.asking.take() {
                Some(asking) => Came::Ready(asking.ask, asking.reply, seen.unwrap_or_else(|| vec![Seen::Silent(died())])),
                None => Came::End,
            },
            post = self.inbox.recv() => post.map_or(Came::End, Came::Post),
            () = patience => Came::Patience,
        }
    }

    async fn take(&mut self, post: Post) {
        match post {
            Post::Ask(ask, reply) => self.ask(ask, reply).await,
            Post::Beat => self.beat().await,
            Post::Look(look, reply) => self.looks.push_back((look, Looker::Caller(reply))),
            Post::Act(effect, reply) => self.act(effect, reply).await,
            Post::Due(wait) => self.absorb("due", Happened::Due { wait }).await,
            Post::Sync(reply) => self.sync(reply).await,
        }
    }

    fn is_busy(&self) -> bool {
        !self.owed.is_empty() || self.asking.is_some()
    }

    /// An ask: parked while a change is owed, else looked into and decided.
    async fn ask(&mut self, ask: Ask, reply: AskReply) {
        if self.is_busy() && !ask.never_waits() {
            self.park(Waiting::Ask(ask, reply));
            return;
        }
        let Some(node) = self.site.reader.published().node(self.id).cloned() else {
            Waiting::Ask(ask, reply).refuse(Refusal::NoSuchNode { node: self.id.to_string() });
            return;
        };
        let looks = flow::wants(&node, &ask);
        if looks.is_empty() {
            self.admit(ask, reply, Vec::new()).await;
            return;
        }
        self.site.writer.reserve(self.id);
        let Some(machine) = self.machine() else { return };
        let site = self.site.clone();
        let task = tokio::spawn(async move { look_first(&site, machine, looks).await });
        self.asking = Some(Asking { ask, reply, task });
    }

    /// The looks before an ask are over. A change that was owed meanwhile comes first.
    async fn ready(&mut self, ask: Ask, reply: AskReply, seen: Vec<Seen>) {
        if self.owed.is_empty() {
            self.admit(ask, reply, seen).await;
        } else {
            self.site.writer.release(self.id);
            self.park(Waiting::Ask(ask, reply));
        }
    }

    /// Decides an ask on the record as it is by now.
    async fn admit(&mut self, ask: Ask, reply: AskReply, seen: Vec<Seen>) {
        let answer = self.decide(&ask, seen).await;
        if matches!(ask, Ask::Lookup { .. })
            && matches!(answer, Err(Refusal::AskAgain { .. }))
            && self.is_wished(&Look::AgentAlive)
        {
            self.hold_lookup(ask, reply);
            return;
        }
        // The client may have gone away; what was decided stands.
        reply.send(answer).ok();
    }

    async fn decide(&mut self, ask: &Ask, seen: Vec<Seen>) -> Result<Answer, Refusal> {
        self.site.writer.release(self.id);
        let one = ask.clone();
        let result =
            self.commit("ask", seen, Box::new(move |node, facts| flow::admit(node, &one, facts))).await;
        match result {
            Ok(Answer::AskAgain) => Err(Refusal::AskAgain { node: self.id }),
            Ok(Answer::Done) if matches!(ask, Ask::Patch(_)) => self.published_answer(),
            Ok(answer) => Ok(answer),
            Err(refusal) => Err(refusal),
        }
    }

    /// An agent that is told to ask again sleeps for five seconds and more, the look at the known agent takes
    /// milliseconds: the answer waits for it, a little.
    fn hold_lookup(&mut self, ask: Ask, reply: AskReply) {
        if let Err(one) = self.lookups.push(self.site.clock.tick(), Waiting::Ask(ask, reply)) {
            one.refuse(Refusal::AskAgain { node: self.id });
        }
    }

    /// The known agent was looked at: lookups that waited for it are decided anew, and not held again.
    async fn answer_lookups(&mut self) {
        while let Some(one) = self.lookups.pop() {
            match one {
                Waiting::Ask(ask, reply) => {
                    let answer = self.decide(&ask, Vec::new()).await;
                    // The agent may have gone away; it asks again.
                    reply.send(answer).ok();
                }
                Waiting::Act(..) => one.refuse(self.locked()),
            }
        }
    }

    fn published_answer(&self) -> Result<Answer, Refusal> {
        let published = self.site.reader.published();
        let node = published.node(self.id).cloned();
        node.map(Answer::Node).ok_or_else(|| Refusal::NoSuchNode { node: self.id.to_string() })
    }

    /// A synchronous change: owed and committed like any other, the caller gets the outcome.
    async fn act(&mut self, effect: Effect, reply: ActReply) {
        if self.is_busy() {
            self.park(Waiting::Act(effect, reply));
            return;
        }
        let result = self
            .commit("call", Vec::new(), Box::new(move |node, facts| Ok(flow::call(node, effect, facts))))
            .await;
        match (result, self.owed.iter().find(|owed| owed.purpose == Purpose::Call)) {
            (Ok(_), Some(owed)) => {
                self.callers.insert(owed.number, reply);
            }
            (Ok(_), None) => drop(reply),
            // The client may have gone away; nothing was owed.
            (Err(refusal), _) => drop(reply.send(Err(refusal))),
        }
    }

    async fn beat(&mut self) {
        let Some(Beating { beat, replies }) = self.beats.take() else { return };
        let checked = beat.clone();
        let rule: Rule = Box::new(move |node, facts| {
            flow::beat::check(node, &checked).map_err(Refusal::Invalid)?;
            Ok(flow::absorb(node, &Happened::Beat(checked), facts))
        });
        let result = self.commit("beat", Vec::new(), rule).await.map(|_| ());
        for reply in replies {
            // An agent that hung up will beat again.
            reply.send(result.clone()).ok();
        }
    }

    async fn sync(&mut self, reply: oneshot::Sender<()>) {
        self.absorb("sync", Happened::SyncDue).await;
        if let Some(place) = self
            .looks
            .iter()
            .position(|(look, looker)| *look == Look::Power && matches!(looker, Looker::Flow))
        {
            self.looks.remove(place);
            self.looks.push_back((Look::Power, Looker::Round(reply)));
        }
    }

    async fn changed(&mut self, number: u64, outcome: Outcome) {
        self.begun_before.remove(&number);
        self.absorb("outcome", Happened::Paid { number, outcome: outcome.clone() }).await;
        if let Some(reply) = self.callers.remove(&number) {
            // The request may have timed out; the journal has the outcome.
            reply.send(Ok(outcome)).ok();
        }
    }

    async fn looked(&mut self, looking: Looking, seen: Seen) {
        match looking.looker {
            Looker::Caller(reply) => {
                // The request may have timed out; a look changes nothing.
                reply.send(seen).ok();
            }
            Looker::Flow => self.absorb_look(looking.look, looking.fence, seen).await,
            Looker::Round(over) => {
                self.absorb_look(looking.look, looking.fence, seen).await;
                drop(over);
            }
        }
    }

    async fn absorb_look(&mut self, look: Look, fence: u64, seen: Seen) {
        let of_agent = look == Look::AgentAlive;
        self.absorb("look", Happened::Looked { look, fence, seen }).await;
        if of_agent {
            self.answer_lookups().await;
        }
    }

    /// Takes in what has happened. A store that cannot keep it is tried again: outcomes are never dropped.
    async fn absorb(&mut self, label: &'static str, happened: Happened) {
        let mut rules = ABSORBING.iter();
        let mut rule: Absorb = flow::absorb;
        for attempt in 1.. {
            let one = happened.clone();
            let result = self
                .commit(label, Vec::new(), Box::new(move |node, facts| Ok(rule(node, &one, facts))))
                .await;
            let Err(refusal) = result else { return };
            if let (Refusal::Invalid(_), Some(next)) = (&refusal, rules.next()) {
                // The rules take everything, so it is the record that has outgrown its limit.
                rule = *next;
                continue;
            }
            if matches!(refusal, Refusal::NoSuchNode { .. }) || self.site.stop.is_cancelled() {
                self.removed = true;
                return;
            }
            tracing::error!(node = %self.id, label, attempt, error = %refusal, "what happened could not be kept; trying again");
            tokio::select! {
                () = self.site.stop.cancelled() => return,
                () = sleep(&*self.site.clock, KEEP_PAUSE) => {}
            }
        }
    }

    /// Asks may be refused when the disk is full, what has happened may not.
    fn turn(&self, label: &'static str) -> Turn {
        let urgency = if matches!(label, "ask" | "call") { Urgency::Ask } else { Urgency::Outcome };
        Turn { label, urgency, id: self.id }
    }

    async fn commit(&mut self, label: &'static str, seen: Vec<Seen>, rule: Rule) -> Result<Answer, Refusal> {
        let Committed { owed, fence, looks, answer, removed } =
            decide(&self.site, self.turn(label), seen, rule).await?;
        self.owed = owed;
        self.fence = fence;
        self.removed = removed;
        for look in looks {
            if !self.is_wished(&look) {
                self.looks.push_back((look, Looker::Flow));
            }
        }
        Ok(answer)
    }

    /// Whether the rules wait for this look already. One under way may have begun too early, except for the
    /// question whether an agent lives: a second one would ask the agent of another boot.
    fn is_wished(&self, look: &Look) -> bool {
        let under_way = self.looking.as_ref().is_some_and(|looking| looking.look == *look);
        (*look == Look::AgentAlive && under_way)
            || self.looks.iter().any(|(one, looker)| one == look && matches!(looker, Looker::Flow))
    }

    /// Fills the two slots.
    fn start_work(&mut self) {
        self.start_look();
        self.start_change();
    }

    fn start_look(&mut self) {
        if self.looking.is_some() {
            return;
        }
        let Some((look, looker)) = self.next_look() else { return };
        let Some(machine) = self.machine() else { return };
        let (site, one) = (self.site.clone(), look.clone());
        let task = tokio::spawn(async move { site.hands.look(machine, &one).await });
        self.looking = Some(Looking { look, fence: self.fence, looker, task });
    }

    /// The first look that may begin now. A look of the rules begins when nothing is owed: what it saw in the
    /// middle of a change would pass its fence. Whether an agent lives does not hang on a change.
    fn next_look(&mut self) -> Option<(Look, Looker)> {
        let quiet = self.owed.is_empty() && self.change.is_none();
        let place = self.looks.iter().position(|(look, looker)| match looker {
            Looker::Caller(_) => true,
            Looker::Flow | Looker::Round(_) => quiet || *look == Look::AgentAlive,
        });
        self.looks.remove(place?)
    }

    /// Pays the first owed effect.
    fn start_change(&mut self) {
        let Some(owed) = self.owed.first().cloned().filter(|_| self.change.is_none()) else { return };
        let again = self.begun_before.contains(&owed.number);
        let Some(machine) = self.machine() else { return };
        let site = self.site.clone();
        let task = tokio::spawn(async move {
            let _turn = if again { site.recovery.clone().acquire_owned().await.ok() } else { None };
            site.hands.pay(machine, &owed.effect, again).await
        });
        self.change = self.owed.first().map(|owed| (owed.number, task));
    }

    fn machine(&self) -> Option<Machine> {
        let published = self.site.reader.published();
        let node = published.node(self.id)?.clone();
        let ports = published.ports_of(self.id).cloned().collect();
        Some(Machine { node, ports })
    }

    fn park(&mut self, one: Waiting) {
        let now: Tick = self.site.clock.tick();
        if let Err(one) = self.parked.push(now, one) {
            one.refuse(self.locked());
        }
    }

    fn locked(&self) -> Refusal {
        Refusal::Locked { node: self.id, host: self.site.policy.host.clone() }
    }

    /// Lets those in that waited, while nothing is owed.
    async fn unpark(&mut self) {
        while !self.removed && !self.is_busy() {
            let Some(one) = self.parked.pop() else { return };
            match one {
                Waiting::Ask(ask, reply) => self.ask(ask, reply).await,
                Waiting::Act(effect, reply) => self.act(effect, reply).await,
            }
        }
    }

    fn refuse_overdue(&mut self) {
        let now = self.site.clock.tick();
        while let Some(one) = self.parked.overdue(now) {
            one.refuse(self.locked());
        }
        while let Some(one) = self.lookups.overdue(now) {
            one.refuse(Refusal::AskAgain { node: self.id });
        }
    }
}

impl Drop for Lane {
    /// Calls under way end with the lane; what is owed stays owed.
    fn drop(&mut self) {
        if let Some((_, task)) = &self.change {
            task.abort();
        }
        if let Some(looking) = &self.looking {
            looking.task.abort();
        }
        if let Some(asking) = &self.asking {
            asking.task.abort();
        }
    }
}

/// The looks that an ask wants, 10 s together (style corner 8).
async fn look_first(site: &Site, machine: Machine, looks: Vec<Look>) -> Vec<Seen> {
    let all = async {
        let mut seen = Vec::new();
        for look in &looks {
            seen.push(site.hands.look(machine.clone(), look).await);
        }
        seen
    };
    tokio::select! {
        seen = all => seen,
        () = sleep(&*site.clock, LOOKS_LIMIT) => {
            vec![Seen::Silent(Failure::silent(format!("no answer within {} s", LOOKS_LIMIT.as_secs())))]
        }
    }
}

/// The result of a task that may not be there; `None` inside if it died.
async fn finished<T>(task: Option<&mut JoinHandle<T>>) -> Option<T> {
    match task {
        Some(task) => task.await.ok(),
        None => pending().await,
    }
}

fn died() -> Failure {
    Failure::new(FailureKind::Silent, "the call ended without an answer")
}

/// What is tried when the record that follows is too large to keep.
const ABSORBING: &[Absorb] = &[flow::outgrown, flow::forgotten];
/// Senders of replaced heartbeats that are answered with the newest one; more have gone away.
const BEATS_ANSWERED: usize = 8;
/// Pause before an outcome is offered to a failing store again.
const KEEP_PAUSE: Duration = Duration::from_secs(5);
/// All looks before one ask.
const LOOKS_LIMIT: Duration = Duration::from_secs(10);
