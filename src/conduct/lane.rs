//! The one writer of a node: a task that takes posts and outcomes, one after the other.
//!
//! It never waits for a driver: changes and looks run beside it, in a slot each (style corner 4).

use std::collections::{HashMap, HashSet, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub mod asks;
pub mod slots;

use crate::base::id::NodeId;
use crate::base::time::{Tick, sleep};
use crate::base::who::Author;
use crate::conduct::beats::Beating;
use crate::conduct::commit::{Committed, Known, Rule, Said, Turn, decide, decide_unkept};
use crate::conduct::letterbox::Letterbox;
use crate::conduct::parked::{ActReply, AskReply, Parked};
use crate::conduct::post::Post;
use crate::conduct::site::Site;
use crate::flow;
use crate::model::decision::Decision;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::effect::{Look, Owed};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::turn::{Failure, FailureKind};
use crate::store::commit::Urgency;

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
    letterbox: Arc<Letterbox>,
    owed: Vec<Owed>,
    fence: u64,
    change: Option<(u64, JoinHandle<Outcome>)>,
    looking: Option<Looking>,
    asking: Option<Asking>,
    looks: VecDeque<(Look, Looker)>,
    /// A look that the rules want at this tick; a beat makes up for one that is lost.
    later: Option<(Tick, Look)>,
    /// Silent looks in a row, as the last decision counted them.
    silent: Option<u8>,
    callers: HashMap<u64, ActReply>,
    /// In whose name the next decision is made; taken by it.
    author: Option<Arc<Author>>,
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
    Facts,
    Time,
    End,
}

impl Lane {
    pub fn new(
        site: Arc<Site>,
        id: NodeId,
        inbox: mpsc::Receiver<Post>,
        letterbox: Arc<Letterbox>,
        owed: Vec<Owed>,
    ) -> Self {
        let patience = site.policy.lock_patience();
        let begun_before = owed.iter().map(|owed| owed.number).collect();
        Self {
            site,
            id,
            inbox,
            letterbox,
            owed,
            fence: 0,
            change: None,
            looking: None,
            asking: None,
            looks: VecDeque::new(),
            later: None,
            silent: None,
            callers: HashMap::new(),
            author: None,
            parked: Parked::new(patience),
            lookups: Parked::new(LOOKUP_PATIENCE),
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
                Came::Facts => self.learnt().await,
                Came::Time => {
                    self.refuse_overdue().await;
                    self.look_later();
                }
                Came::End => break,
            }
            self.unpark().await;
        }
    }

    /// Waits for whatever comes first.
    async fn next(&mut self) -> Came {
        let later = self.later.as_ref().map(|(at, _)| *at);
        let deadline = [self.parked.deadline(), self.lookups.deadline(), later].into_iter().flatten().min();
        let clock = self.site.clock.clone();
        let time = async {
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
            () = self.letterbox.facts.came() => Came::Facts,
            post = self.inbox.recv() => post.map_or(Came::End, Came::Post),
            () = time => Came::Time,
        }
    }

    async fn take(&mut self, post: Post) {
        match post {
            Post::Ask(ask, reply) => self.ask(ask, reply).await,
            Post::Beat => self.beat().await,
            Post::Look(look, reply) => self.looks.push_back((look, Looker::Caller(reply))),
            Post::Act(effect, reply) => self.act(effect, reply).await,
            Post::Due(wait) => self.absorb("due", Happened::Due { wait }).await,
            // Facts go before posts.
            Post::Settle(reply) => drop(reply),
            Post::Sync(reply) => self.sync(reply).await,
        }
    }

    async fn beat(&mut self) {
        let Some(Beating { beat, replies }) = self.letterbox.beats.take() else { return };
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

    /// What drivers have learnt, and boots that come to nothing: most often the record says so already.
    async fn learnt(&mut self) {
        let facts = self.letterbox.facts.take().into_iter().map(Happened::Learnt);
        let looping = self.letterbox.take_loop().map(Happened::BootsAgain);
        for happened in facts.chain(looping) {
            let known = Known { owed: &self.owed, silent: self.silent };
            if decide_unkept(&self.site, self.id, known, &happened).is_none() {
                self.absorb("learnt", happened).await;
            }
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

    /// Asks may be refused when the disk is full; what has happened, and what ends things, may not.
    fn turn(&self, label: &'static str) -> Turn {
        let urgency = if matches!(label, "ask" | "call") { Urgency::Ask } else { Urgency::Outcome };
        Turn { label, urgency, id: self.id }
    }

    async fn commit(&mut self, label: &'static str, seen: Vec<Seen>, rule: Rule) -> Result<Answer, Refusal> {
        let said = Said { seen, silent: self.silent, author: self.author.take() };
        let Committed { owed, fence, looks, later, silent, answer, removed, .. } =
            decide(&self.site, self.turn(label), said, rule).await?;
        self.owed = owed;
        self.fence = fence;
        self.removed = removed;
        if removed {
            self.site.hands.forget(self.id);
        }
        self.remember(looks, later, silent);
        Ok(answer)
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

/// An agent that asks waits no longer for the look at the one that is known.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(3);
/// What is tried when the record that follows is too large to keep.
const ABSORBING: &[Absorb] = &[flow::outgrown, flow::forgotten];
/// Pause before an outcome is offered to a failing store again.
const KEEP_PAUSE: Duration = Duration::from_secs(5);
