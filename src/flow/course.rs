//! A decision in the making: the next record with what is owed, looked at and written down.

use crate::base::moment::Moment;
use crate::model::decision::ask::Answer;
use crate::model::decision::effect::{Effect, Look, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::{Decision, Fate, LaterLook, Row};
use crate::model::journal::{Event, Noted, Scene};
use crate::model::moves::Verb;
use crate::model::node::{AgentSeen, Node};
use crate::model::notice::telling::{Move, Part, Telling};
use crate::model::provision::Provision;
use crate::model::run::{Run, Wait, WaitFor};
use crate::model::step::Kind;

/// A decision in the making.
#[derive(Debug)]
pub struct Course<'a> {
    pub node: Node,
    pub facts: &'a Facts<'a>,
    pub answer: Answer,
    /// Silent looks at the running step in a row.
    pub silent: u8,
    owe: Vec<Owed>,
    settled: Vec<u64>,
    looks: Vec<Look>,
    later: Option<LaterLook>,
    rows: Vec<Row>,
    journal: Vec<Noted>,
    tellings: Vec<Telling>,
    /// Runs that have begun, as they began.
    pub begun: Vec<Run>,
}

impl<'a> Course<'a> {
    pub fn of(node: &Node, facts: &'a Facts<'a>) -> Self {
        Self {
            node: node.clone(),
            facts,
            answer: Answer::Done,
            silent: facts.silent.unwrap_or_else(|| node.run.as_ref().map_or(0, |run| run.silent)),
            owe: Vec::new(),
            settled: Vec::new(),
            looks: Vec::new(),
            later: None,
            rows: Vec::new(),
            journal: Vec::new(),
            tellings: Vec::new(),
            begun: Vec::new(),
        }
    }

    /// The decision. `before` is the record as it was.
    pub fn finish(mut self, before: &Node) -> Decision {
        self.end_allocation();
        let reserved = self.still_owed().count() > 0 || self.node.mode_change.is_some();
        self.node.reserved = reserved;
        let fate = if self.node == *before {
            Fate::Same
        } else {
            self.node.updated_at = Some(self.facts.at);
            if let Some(run) = self.node.run.as_mut() {
                run.silent = self.silent;
            }
            Fate::Next(Box::new(self.node))
        };
        Decision {
            fate,
            rows: self.rows,
            owe: self.owe,
            settle: self.settled,
            looks: self.looks,
            later: self.later,
            silent: Some(self.silent),
            journal: self.journal,
            tellings: self.tellings,
            answer: self.answer,
            begun: self.begun,
        }
    }

    /// An allocation has the node for as long as its instance is on it.
    fn end_allocation(&mut self) {
        let instance = self.node.wished.instance_uuid;
        if let Some(held) = self.node.allocation.take_if(|held| instance != Some(held.id)) {
            self.note(Event::info("allocation", format!("allocation {} ends", held.id)));
        }
    }

    /// Owes one more effect, after all that is owed.
    pub fn owe(&mut self, effect: Effect, purpose: Purpose) {
        // A request for power tells of itself: it may owe several.
        if let (Effect::Power { wish, .. }, true) = (&effect, purpose != Purpose::Power) {
            self.tell(Telling::Power(Part::Start, wish.goal()));
        }
        self.node.changes += 1;
        self.owe.push(Owed { number: self.node.changes, effect, purpose });
    }

    /// An effect that was owed before this decision.
    pub fn owed(&self, number: u64) -> Option<&'a Owed> {
        self.facts.owed.iter().find(|owed| owed.number == number)
    }

    /// All that stays owed after this decision.
    pub fn still_owed(&self) -> impl Iterator<Item = &Owed> {
        self.facts.owed.iter().filter(|owed| !self.settled.contains(&owed.number)).chain(&self.owe)
    }

    /// Whether something stays owed for `purpose`.
    pub fn owes_for(&self, purpose: Purpose) -> bool {
        self.still_owed().any(|owed| owed.purpose == purpose)
    }

    pub fn settle(&mut self, number: u64) {
        self.settled.push(number);
    }

    /// Strikes all that is owed for `purpose`; an outcome that comes later changes nothing.
    pub fn strike(&mut self, purpose: Purpose) {
        let struck: Vec<_> =
            self.facts.owed.iter().filter(|owed| owed.purpose == purpose).map(|owed| owed.number).collect();
        self.settled.extend(struck);
        self.owe.retain(|owed| owed.purpose != purpose);
    }

    pub fn wish(&mut self, look: Look) {
        if !self.looks.contains(&look) {
            self.looks.push(look);
        }
    }

    /// Wishes a look in so many seconds; it may be lost.
    pub fn wish_later(&mut self, look: Look, after: u32) {
        self.later = Some(LaterLook { look, after });
    }

    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Tells the world what the record does not say.
    pub fn tell(&mut self, telling: Telling) {
        self.tellings.push(telling);
    }

    /// Writes down what has happened, with the node as it stands by now.
    pub fn note(&mut self, event: Event) {
        let scene = Scene::of(&self.node, self.facts.at);
        self.journal.push(Noted { event, scene });
    }

    /// The event that was noted last ends what began then.
    pub fn which_began(&mut self, began: Option<Moment>) {
        let at = self.facts.at;
        if let (Some(began), Some(noted)) = (began, self.journal.last_mut()) {
            noted.scene.seconds = Some(at.seconds_since(began));
        }
    }

    /// Moves along the table. A pair that it does not hold is a mistake of ours: it is written down
    /// and the state stays.
    pub fn go(&mut self, verb: Verb) {
        let from = self.node.provision;
        let Some(to) = from.after(verb) else {
            self.note(Event::error("internal", format!("no move {verb} from {from}; the state stays")));
            return;
        };
        let target = self.target_after(to);
        let before = (from, self.node.target_provision);
        self.tell(Telling::Moved(Move { verb, from: before, to: (to, target) }));
        self.node.provision = to;
        self.node.target_provision = target;
        self.node.provision_updated_at = Some(self.facts.at);
        self.mark_inspection(from, to);
        self.note(Event::info("provision", format!("{from} -> {to}")));
    }

    /// When an inspection began, until it ends; when the last good one ended.
    fn mark_inspection(&mut self, from: Provision, to: Provision) {
        let (inspecting, waiting) = (Provision::Inspecting, Provision::InspectWait);
        let node = &mut self.node;
        if to == inspecting && from != waiting {
            (node.inspection_started_at, node.inspection_finished_at) = (Some(self.facts.at), None);
        } else if (from == inspecting || from == waiting) && to != inspecting && to != waiting {
            node.inspection_started_at = None;
            node.inspection_finished_at = (to == Provision::Manageable).then_some(self.facts.at);
        }
    }

    /// A stable state has no target; manual cleaning keeps heading for `manageable`.
    fn target_after(&self, to: Provision) -> Option<Provision> {
        let traits = to.traits();
        if traits.stable {
            return None;
        }
        let manual = self.node.run.as_ref().is_some_and(|run| run.manual && run.kind == Kind::Clean);
        if manual { Some(Provision::Manageable) } else { traits.target }
    }

    /// Waits, with a deadline in `length` seconds. Who waits for this already goes on with the wait that began
    /// then.
    pub fn wait(&mut self, why: WaitFor, from_whom: impl Into<String>, length: u32) {
        let before = self.node.wait.as_ref().filter(|wait| wait.why == why);
        let since = before.map_or(self.facts.at, |wait| wait.since);
        self.node.waits += 1;
        let number = self.node.waits;
        self.node.wait = Some(Wait {
            number,
            why,
            from_whom: from_whom.into(),
            since,
            length,
            paused: None,
            gives_up: None,
        });
    }

    /// The same, of a wait whose end is a look: it is given up in so many seconds.
    pub fn wait_until(&mut self, why: WaitFor, from_whom: impl Into<String>, length: u32, gives_up: u32) {
        self.wait(why, from_whom, length);
        if let Some(wait) = self.node.wait.as_mut() {
            wait.gives_up = Some(gives_up);
        }
    }

    /// The same wait; its deadline is at its full length from now.
    pub fn renew_wait(&mut self) {
        if let Some(wait) = self.node.wait.clone() {
            self.wait(wait.why, wait.from_whom, wait.length);
            if let Some(renewed) = self.node.wait.as_mut() {
                renewed.gives_up = wait.gives_up;
            }
        }
    }

    /// The same wait, whose end decides nothing in maintenance and comes once more in `seconds`.
    pub fn pause_wait(&mut self, seconds: u32) {
        self.renew_wait();
        if let Some(wait) = self.node.wait.as_mut() {
            wait.paused = Some(seconds);
        }
    }

    pub fn stop_waiting(&mut self) {
        self.node.wait = None;
    }

    /// Drops the identity of an agent that is not to come back, with a token that was made beforehand.
    pub fn drop_agent(&mut self) {
        self.forget_agent();
        self.node.agent = None;
    }

    /// Drops the identity of the agent's boot; what was seen of it stays (style corner 2).
    pub fn forget_agent(&mut self) {
        if let Some(agent) = self.node.agent.take() {
            self.node.agent_seen =
                Some(AgentSeen { version: agent.version.clone(), last_heartbeat: agent.last_heartbeat });
            if agent.pregenerated {
                self.node.agent = Some(crate::model::boot::Agent::unused(agent.token, true));
            }
        }
    }

    /// What a person must know; cut to the length that the API shows.
    pub fn error(&mut self, text: impl Into<String>) {
        let text: String = text.into().chars().take(ERROR_LIMIT).collect();
        self.note(Event::error("error", text.clone()));
        self.node.last_error = Some(text);
    }
}

/// Ironic's `log_in_db_max_size`.
const ERROR_LIMIT: usize = 4096;
