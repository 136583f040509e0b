//! The two slots of a lane, one change and one look, and what comes out of them (style corner 4).

use std::time::Duration;

use crate::conduct::commit::{Known, decide_unkept};
use crate::conduct::lane::{Lane, Looker, Looking};
use crate::conduct::relatives;
use crate::driver::Machine;
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::{Decision, LaterLook};

impl Lane {
    pub(super) async fn changed(&mut self, number: u64, outcome: Outcome) {
        self.begun_before.remove(&number);
        self.absorb("outcome", Happened::Paid { number, outcome: outcome.clone() }).await;
        if let Some(reply) = self.callers.remove(&number) {
            // The request may have timed out; the journal has the outcome.
            reply.send(Ok(outcome)).ok();
        }
    }

    pub(super) async fn looked(&mut self, looking: Looking, seen: Seen) {
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

    pub(super) async fn absorb_look(&mut self, look: Look, fence: u64, seen: Seen) {
        let of_agent = look == Look::AgentAlive;
        let happened = Happened::Looked { look, fence, seen };
        let known = Known { owed: &self.owed, silent: self.silent };
        match decide_unkept(&self.site, self.id, known, &happened) {
            Some(Decision { looks, later, silent, .. }) => self.remember(looks, later, silent),
            None => self.absorb("look", happened).await,
        }
        if of_agent {
            self.answer_lookups().await;
        }
    }

    /// Takes in what of a decision is kept in memory only.
    pub(super) fn remember(&mut self, looks: Vec<Look>, later: Option<LaterLook>, silent: Option<u8>) {
        self.silent = silent.or(self.silent);
        for look in looks {
            self.wish(look);
        }
        if let Some(LaterLook { look, after }) = later {
            self.later = Some((self.site.clock.tick().after(Duration::from_secs(after.into())), look));
        }
    }

    /// The rules want this look.
    pub(super) fn wish(&mut self, look: Look) {
        if !self.is_wished(&look) {
            self.looks.push_back((look, Looker::Flow));
        }
    }

    /// Makes the look that was to come later, if its time has come.
    pub(super) fn look_later(&mut self) {
        let now = self.site.clock.tick();
        if let Some((_, look)) = self.later.take_if(|(at, _)| *at <= now) {
            self.wish(look);
        }
    }

    /// Whether the rules wait for this look already. One under way may have begun too early, except for the
    /// question whether an agent lives: a second one would ask the agent of another boot.
    pub(super) fn is_wished(&self, look: &Look) -> bool {
        let under_way = self.looking.as_ref().is_some_and(|looking| looking.look == *look);
        (*look == Look::AgentAlive && under_way)
            || self.looks.iter().any(|(one, looker)| one == look && matches!(looker, Looker::Flow))
    }

    /// Fills the two slots.
    pub(super) fn start_work(&mut self) {
        self.start_look();
        self.start_change();
    }

    pub(super) fn start_look(&mut self) {
        if self.looking.is_some() {
            return;
        }
        let Some((look, looker)) = self.next_look() else { return };
        let Some(machine) = self.machine() else { return };
        let (site, one) = (self.site.clone(), look.clone());
        let task = tokio::spawn(async move {
            match relatives::look(&site, &machine, &one).await {
                Some(seen) => seen,
                None => site.hands.look(machine, &one).await,
            }
        });
        self.looking = Some(Looking { look, fence: self.fence, looker, task });
    }

    /// The first look that may begin now. A look of the rules begins when nothing is owed: what it saw in the
    /// middle of a change would pass its fence. Whether an agent lives does not hang on a change.
    pub(super) fn next_look(&mut self) -> Option<(Look, Looker)> {
        self.forget_past_looks();
        let quiet = self.owed.is_empty() && self.change.is_none();
        let place = self.looks.iter().position(|(look, looker)| match looker {
            Looker::Caller(_) => true,
            Looker::Flow | Looker::Round(_) => quiet || *look == Look::AgentAlive,
        });
        self.looks.remove(place?)
    }

    /// Looks that the rules wished for a step that is over by now are not made.
    fn forget_past_looks(&mut self) {
        let Some(node) = self.site.reader.published().node(self.id).cloned() else { return };
        let is_past = |look: &Look| node.run.as_ref().is_some_and(|run| run.is_past(look));
        self.looks.retain(|(look, looker)| !(matches!(looker, Looker::Flow) && is_past(look)));
    }

    /// Pays the first owed effect.
    pub(super) fn start_change(&mut self) {
        let Some(owed) = self.owed.first().cloned().filter(|_| self.change.is_none()) else { return };
        let again = self.begun_before.contains(&owed.number);
        // These touch no machine, or only read, and may take half an hour: the changes of others do not wait for them.
        let is_long = matches!(owed.effect, Effect::Inspect { .. } | Effect::Boot(BootPart::Fetch));
        let in_turn = again && !is_long;
        let Some(machine) = self.machine() else { return };
        let site = self.site.clone();
        let task = tokio::spawn(async move {
            let _turn = if in_turn { site.recovery.clone().acquire_owned().await.ok() } else { None };
            match relatives::pay(&site, &machine, &owed.effect, again).await {
                Some(outcome) => outcome,
                None => site.hands.pay(machine, &owed.effect, again).await,
            }
        });
        self.change = self.owed.first().map(|owed| (owed.number, task));
    }

    pub(super) fn machine(&self) -> Option<Machine> {
        let published = self.site.reader.published();
        let node = published.node(self.id)?.clone();
        let ports = published.ports_of(self.id).cloned().collect();
        Some(Machine { node, ports })
    }
}
