//! Asks of a lane: parked while a change is owed, looked into, decided, answered (style corners 4, 8, 9).

use std::time::Duration;

use crate::base::time::{Tick, sleep};
use crate::conduct::lane::{Asking, Lane};
use crate::conduct::parked::{ActReply, AskReply, Waiting};
use crate::conduct::refused;
use crate::conduct::site::Site;
use crate::driver::Machine;
use crate::flow;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::effect::{Effect, Look, Purpose};
use crate::model::decision::outcome::Seen;
use crate::model::decision::refusal::Refusal;
use crate::model::turn::Failure;

impl Lane {
    pub(super) fn is_busy(&self) -> bool {
        !self.owed.is_empty() || self.asking.is_some()
    }

    /// An ask: parked while a change is owed, else looked into and decided.
    pub(super) async fn ask(&mut self, ask: Ask, reply: AskReply) {
        if self.is_busy() && ask.yields() {
            self.refuse_as_locked(Waiting::Ask(ask, reply)).await;
            return;
        }
        if self.is_busy() && !ask.never_waits() {
            if let Some(refusal) = self.refused_at_once(&ask) {
                Waiting::Ask(ask, reply).refuse(refusal);
                return;
            }
            self.park(Waiting::Ask(ask, reply)).await;
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

    /// What no wait for the lock would change.
    fn refused_at_once(&self, ask: &Ask) -> Option<Refusal> {
        let published = self.site.reader.published();
        flow::refused_at_once(published.node(self.id)?, ask)
    }

    /// The looks before an ask are over. A change that was owed meanwhile comes first.
    pub(super) async fn ready(&mut self, ask: Ask, reply: AskReply, seen: Vec<Seen>) {
        if self.owed.is_empty() {
            self.admit(ask, reply, seen).await;
        } else {
            self.site.writer.release(self.id);
            self.park(Waiting::Ask(ask, reply)).await;
        }
    }

    /// Decides an ask on the record as it is by now.
    pub(super) async fn admit(&mut self, ask: Ask, reply: AskReply, seen: Vec<Seen>) {
        self.author.clone_from(&reply.author);
        let answer = self.decide(&ask, seen).await;
        if matches!(ask, Ask::Lookup { .. })
            && matches!(answer, Err(Refusal::AskAgain { .. }))
            && self.is_wished(&Look::AgentAlive)
        {
            self.hold_lookup(ask, reply);
            return;
        }
        if let Err(refusal) = &answer {
            refused::of_node(&self.site, self.id, &ask, refusal).await;
        }
        // The client may have gone away; what was decided stands.
        reply.send(answer).ok();
    }

    pub(super) async fn decide(&mut self, ask: &Ask, seen: Vec<Seen>) -> Result<Answer, Refusal> {
        self.site.writer.release(self.id);
        let one = ask.clone();
        let label = if ask.ends_things() { "end" } else { "ask" };
        let result =
            self.commit(label, seen, Box::new(move |node, facts| flow::admit(node, &one, facts))).await;
        match result {
            Ok(Answer::AskAgain) => Err(Refusal::AskAgain { node: self.id }),
            Ok(Answer::Refused(refusal)) => Err(*refusal),
            Ok(Answer::Done) if matches!(ask, Ask::Patch(_)) => self.published_answer(),
            Ok(answer) => Ok(answer),
            Err(refusal) => Err(refusal),
        }
    }

    /// An agent that is told to ask again sleeps for five seconds and more, the look at the known agent takes
    /// milliseconds: the answer waits for it, a little.
    pub(super) fn hold_lookup(&mut self, ask: Ask, reply: AskReply) {
        if let Err(one) = self.lookups.push(self.site.clock.tick(), Waiting::Ask(ask, reply)) {
            one.refuse(Refusal::AskAgain { node: self.id });
        }
    }

    /// The known agent was looked at: lookups that waited for it are decided anew, and not held again.
    pub(super) async fn answer_lookups(&mut self) {
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

    pub(super) fn published_answer(&self) -> Result<Answer, Refusal> {
        let published = self.site.reader.published();
        let node = published.node(self.id).cloned();
        node.map(Answer::Node).ok_or_else(|| Refusal::NoSuchNode { node: self.id.to_string() })
    }

    /// A synchronous change: owed and committed like any other, the caller gets the outcome.
    pub(super) async fn act(&mut self, effect: Effect, reply: ActReply) {
        if self.is_busy() {
            self.park(Waiting::Act(effect, reply)).await;
            return;
        }
        self.author.clone_from(&reply.author);
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

    pub(super) async fn park(&mut self, one: Waiting) {
        let now: Tick = self.site.clock.tick();
        if let Err(one) = self.parked.push(now, one) {
            self.refuse_as_locked(one).await;
        }
    }

    async fn refuse_as_locked(&self, one: Waiting) {
        if let Waiting::Ask(ask, _) = &one {
            refused::of_node(&self.site, self.id, ask, &self.locked()).await;
        }
        one.refuse(self.locked());
    }

    pub(super) fn locked(&self) -> Refusal {
        Refusal::Locked { node: self.id, host: self.site.policy.host.clone() }
    }

    /// Lets those in that waited, while nothing is owed.
    pub(super) async fn unpark(&mut self) {
        while !self.removed && !self.is_busy() {
            let Some(one) = self.parked.pop() else { return };
            match one {
                Waiting::Ask(ask, reply) => self.ask(ask, reply).await,
                Waiting::Act(effect, reply) => self.act(effect, reply).await,
            }
        }
    }

    pub(super) async fn refuse_overdue(&mut self) {
        let now = self.site.clock.tick();
        while let Some(one) = self.parked.overdue(now) {
            self.refuse_as_locked(one).await;
        }
        while let Some(one) = self.lookups.overdue(now) {
            one.refuse(Refusal::AskAgain { node: self.id });
        }
    }
}

/// The looks that an ask wants, 10 s together (style corner 8).
pub(in crate::conduct) async fn look_first(site: &Site, machine: Machine, looks: Vec<Look>) -> Vec<Seen> {
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

/// All looks before one ask.
const LOOKS_LIMIT: Duration = Duration::from_secs(10);
