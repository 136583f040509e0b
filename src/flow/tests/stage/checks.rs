//! What holds of every decision and of every record.

use super::Stage;
use crate::model::decision::ask::Answer;
use crate::model::decision::effect::{Look, Purpose};
use crate::model::decision::{Decision, Fate};
use crate::model::journal::Noted;
use crate::model::moves::MOVES;
use crate::model::provision::Provision;
use crate::model::run::Phase;

impl Stage {
    /// Each move is in the table and begins where the one before ended.
    pub(super) fn check_moves(&self, decision: &Decision) {
        let mut at = self.node.provision.name().to_owned();
        for Noted { event, .. } in &decision.journal {
            assert_ne!(event.event, "internal", "{}", event.text);
            if event.event != "provision" {
                continue;
            }
            let (from, to) = event.text.split_once(" -> ").unwrap();
            assert_eq!(from, at);
            assert!(MOVES.iter().any(|(a, _, b)| a.name() == from && b.name() == to), "{}", event.text);
            to.clone_into(&mut at);
        }
        if let Fate::Next(node) = &decision.fate {
            assert_eq!(node.provision.name(), at, "a state changed without a move");
        }
    }

    /// What a person reads of a failure names the node, the step that failed, and what to do next.
    pub(super) fn check_errors(&self, decision: &Decision) {
        for Noted { event, .. } in decision.journal.iter().filter(|noted| noted.event.event == "error") {
            let text = event.text.as_str();
            if matches!(&decision.answer, Answer::Refused(refusal) if refusal.to_string() == text) {
                continue;
            }
            let is_cut = text.chars().count() >= 4096;
            assert!(text.contains(&self.node.label()), "no node in: {text}");
            assert!(
                is_cut || REMEDIES.iter().any(|word| text.contains(word)),
                "nothing to do next in: {text}"
            );
            let step = self.node.run.as_ref().and_then(|run| run.step()).filter(|step| !step.hidden);
            let is_of_run = decision.journal.iter().any(|noted| noted.event.text.ends_with(" failed"))
                && text.contains(" failed in step ");
            if let (Some(step), true) = (step, is_of_run) {
                assert!(
                    text.contains(&step.step) || Self::step_may_move(decision),
                    "no step {step} in: {text}"
                );
            }
        }
    }

    /// Steps before the one that failed were done within the same decision.
    fn step_may_move(decision: &Decision) -> bool {
        decision.journal.iter().any(|noted| noted.event.event == "step")
    }

    pub(super) fn check_record(&self) {
        assert_eq!(self.node.reserved, !self.owed.is_empty() || self.node.mode_change.is_some());
        let numbers: Vec<_> = self.owed.iter().map(|owed| owed.number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert!(numbers.iter().all(|number| *number <= self.node.changes));
        let size = serde_json::to_vec(&self.node).unwrap().len();
        assert!(size < 64 << 10, "a record of {size} bytes");
    }

    /// Why nothing will ever move this node on, if that is so.
    pub(in crate::flow::tests) fn stuck(&self) -> Option<String> {
        let traits = self.node.provision.traits();
        let hold = traits.name.ends_with("hold");
        let run = self.node.run.as_ref();
        if traits.stable || traits.failure {
            return run.map(|run| format!("at rest with a run in {:?}", run.phase));
        }
        if self.state() == Provision::Inspecting {
            return self.stuck_inspecting();
        }
        let waits = self.node.wait.as_ref().is_some_and(|wait| Some(wait.number) != self.ended);
        if self.state() == Provision::InspectWait {
            return (!waits).then(|| "an inspection that nobody waits for".to_owned());
        }
        let Some(run) = run else { return Some("no run".to_owned()) };
        if hold {
            return (run.phase != Phase::Hold).then(|| format!("held in {:?}", run.phase));
        }
        let waits = self.node.wait.as_ref().is_some_and(|wait| Some(wait.number) != self.ended);
        let looked_at = matches!(run.phase, Phase::Look | Phase::Later | Phase::Firmware { .. })
            && (self.under_way || self.looks.iter().any(|look| !run.is_past(look)));
        let moves = waits || self.owed.iter().any(|owed| owed.purpose == Purpose::Run) || looked_at;
        (!moves).then(|| format!("in {:?} with no look, no wait and nothing owed", run.phase))
    }

    /// Its boot or its end is owed, or its firmware takes a mode up first.
    fn stuck_inspecting(&self) -> Option<String> {
        let owes = |purpose| self.owed.iter().any(|owed| owed.purpose == purpose);
        let waits = self.node.wait.as_ref().is_some_and(|wait| Some(wait.number) != self.ended);
        let looked_at = self.under_way || self.looks.contains(&Look::Modes);
        let awaits_mode = self.node.mode_change.as_ref().is_some_and(|change| !change.met)
            && (owes(Purpose::Mode) || waits || looked_at);
        (!owes(Purpose::Inspect) && !awaits_mode).then(|| "inspecting with nothing owed".to_owned())
    }
}

/// Words of sentences that say what to do.
const REMEDIES: &[&str] = &[
    "again",
    "Correct",
    "Mend",
    "See to",
    "Look at",
    "unset maintenance",
    "Manage it",
    "Deploy it",
    "Undeploy it",
    "gets its machine back",
    "becomes manageable all the same",
    "ferric node",
    "Find out",
];
