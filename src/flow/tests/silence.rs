//! Looks that find nobody, or what the record says: what they cost, how long they go on, what is not lost by them.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, asked, failed, in_band, object, silent};
use crate::model::decision::LaterLook;
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::turn::{FailureKind, Turn};

/// Cleaning whose agent beats and did not answer the question for its steps.
fn asking() -> Stage {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(silent());
    assert_eq!((stage.step(), stage.phase()), ("fetch_steps", Some(Phase::Beat)));
    stage
}

/// A deployment without an agent that sets its own pace.
fn pacing() -> Stage {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.turn(Turn::LookIn { after: 15, memo: object(json!({"n": 1})) });
    assert_eq!(stage.phase(), Some(Phase::Later));
    stage
}

#[test]
fn a_beat_whose_look_is_silent_keeps_one_thing() {
    let mut stage = asking();
    for _ in 0..3 {
        let (kept, entries) = (stage.kept, stage.journal.len());
        stage.beat();
        assert_eq!((stage.state(), stage.looks.as_slice()), (Provision::CleanWait, &[Look::AgentSteps][..]));
        stage.see(silent());
        assert_eq!((stage.kept, stage.journal.len()), (kept + 1, entries));
        assert_eq!((stage.state(), stage.waits_for()), (Provision::CleanWait, Some(WaitFor::Beat)));
    }
    stage.beat();
    stage.see(in_band(&[("erase_devices", 10)]));
    assert_eq!((stage.state(), stage.step()), (Provision::Cleaning, "erase_devices"));
}

#[test]
fn silence_has_an_end_although_it_is_not_kept() {
    let mut stage = asking();
    let wait = stage.node.wait.clone().unwrap();
    for _ in 0..100 {
        stage.beat();
        stage.see(silent());
        assert_eq!((stage.state(), stage.node.wait.as_ref()), (Provision::CleanWait, Some(&wait)));
    }
    stage.due();
    stage.see(silent());
    assert_eq!((stage.state(), stage.node.wished.maintenance), (Provision::CleanFail, false));
    for part in
        ["https://192.0.2.1:9999", "since 1970-01-01", "0 s) although", "no answer", "cause, then manage"]
    {
        assert!(stage.error().contains(part), "{part} in {}", stage.error());
    }
}

#[test]
fn an_agent_that_neither_beats_nor_answers_is_told_of_as_such() {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.due();
    stage.see(silent());
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(
        stage.error().contains("no heartbeat of the agent at https://192.0.2.1:9999 since"),
        "{}",
        stage.error()
    );
}

#[test]
fn the_first_silent_look_is_kept_and_the_first_answer_ends_it() {
    let told = |stage: &Stage| stage.journal.iter().filter(|event| event.event == "trouble").count();
    let memo = object(json!({"command": "1"}));
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: memo.clone() });
    let began = stage.node.wait.clone().unwrap();
    stage.beat();
    let (kept, renewed) = (stage.kept, stage.node.wait.clone().unwrap());
    assert!(renewed.number > began.number && renewed.since == began.since, "{renewed:?}");
    stage.turn(failed(FailureKind::Silent));
    let trouble = stage.node.run.as_ref().unwrap().trouble.clone().unwrap();
    assert_eq!((stage.kept, trouble.why.as_str(), told(&stage)), (kept + 1, "some reason", 1));
    let marked = stage.node.wait.clone().unwrap();
    assert!(marked.number > renewed.number, "it has its full time from the first silence");
    stage.beat();
    stage.turn(failed(FailureKind::Silent));
    assert_eq!((stage.kept, stage.node.wait.as_ref(), told(&stage)), (kept + 2, Some(&marked), 1));
    stage.happen(&Happened::Opened);
    stage.turn(Turn::Agent { memo: memo.clone() });
    assert_eq!((stage.kept, told(&stage)), (kept + 3, 2));
    let (run, wait) = (stage.node.run.clone().unwrap(), stage.node.wait.clone().unwrap());
    assert!(run.trouble.is_none() && wait.number > marked.number && wait.since == began.since, "{wait:?}");
    stage.beat();
    stage.turn(Turn::Agent { memo });
    assert_eq!((stage.kept, told(&stage)), (kept + 4, 2));
}

#[test]
fn a_silent_bmc_is_seen_too() {
    let mut stage = pacing();
    let began = stage.node.wait.as_ref().unwrap().since;
    for _ in 0..3 {
        stage.due();
        stage.see(silent());
        assert_eq!(stage.node.wait.as_ref().unwrap().since, began);
    }
    assert_eq!(stage.journal.iter().filter(|event| event.event == "trouble").count(), 1);
    stage.due();
    stage.turn(Turn::LookIn { after: 15, memo: object(json!({"n": 1})) });
    assert_eq!(stage.node.run.as_ref().unwrap().trouble, None);
}

#[test]
fn what_is_looked_at_in_a_wait_may_be_aborted() {
    let mut stage = asking();
    stage.beat();
    let fence = stage.begin_look();
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::CleanFail);
    let before = stage.node.clone();
    let seen = in_band(&[("erase_devices", 10)]);
    stage.happen(&Happened::Looked { look: Look::AgentSteps, fence, seen });
    assert_eq!((&stage.node, stage.looks.len()), (&before, 0));
}

#[test]
fn an_end_of_a_steps_own_pace_keeps_nothing_until_it_is_answered() {
    let mut stage = pacing();
    let kept = stage.kept;
    stage.due();
    assert_eq!((stage.kept, stage.looks.as_slice()), (kept, &[Look::Step { cursor: 1 }][..]));
    let number = stage.node.wait.as_ref().unwrap().number;
    stage.turn(Turn::LookIn { after: 15, memo: object(json!({"n": 1})) });
    assert_eq!(stage.kept, kept + 1);
    assert!(stage.node.wait.as_ref().unwrap().number > number, "it waits anew");
}

#[test]
fn a_silent_bmc_costs_one_commit_a_look() {
    let mut stage = pacing();
    let kept = stage.kept;
    for looks in 1..=40 {
        stage.due();
        stage.see(silent());
        assert_eq!((stage.kept, stage.waits_for()), (kept + looks, Some(WaitFor::Look)));
        assert_eq!(stage.node.wait.as_ref().unwrap().length, 15);
    }
    stage.due();
    stage.see(silent());
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn a_look_in_a_wait_that_was_dropped_is_not_missed() {
    let mut stage = pacing();
    stage.due();
    let fence = stage.begin_look();
    stage.call(Effect::Logs);
    stage.happen(&Happened::Looked { look: Look::Step { cursor: 1 }, fence, seen: Seen::Turn(Turn::done()) });
    assert_eq!(stage.looks, [Look::Step { cursor: 1 }], "its wait has ended: nobody else looks");
    stage.pay_well();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);

    let mut stage = asking();
    stage.beat();
    let fence = stage.begin_look();
    stage.call(Effect::Logs);
    stage.pay_well();
    stage.happen(&Happened::Looked { look: Look::AgentSteps, fence, seen: in_band(&[]) });
    assert_eq!((stage.step(), stage.looks.len()), ("fetch_steps", 0));
    stage.beat();
    assert_eq!(stage.looks, [Look::AgentSteps], "a beat makes up");
}

#[test]
fn a_command_that_was_sent_is_looked_at_early() {
    let memo = object(json!({"command": "1"}));
    let mut stage = deploying();
    stage.turn(Turn::Act { memo: object(json!({})) });
    assert_eq!(stage.later, None);
    stage.pay(Outcome::Turn(Turn::Agent { memo: memo.clone() }));
    let look = Look::Step { cursor: 2 };
    assert_eq!(stage.later, Some(LaterLook { look: look.clone(), after: 1 }));
    let (before, kept, fence) = (stage.node.clone(), stage.kept, stage.node.changes);
    let seen = Seen::Turn(Turn::Agent { memo });
    stage.happen(&Happened::Looked { look: look.clone(), fence, seen });
    assert_eq!((&stage.node, stage.kept), (&before, kept), "it works");
    stage.happen(&Happened::Looked { look, fence, seen: Seen::Turn(Turn::done()) });
    assert_eq!(stage.step(), "prepare_instance_boot");
}

#[test]
fn what_does_not_work_is_not_looked_at_early() {
    for turn in [Turn::done(), Turn::LookIn { after: 0, memo: object(json!({})) }, Turn::failed("no")] {
        let mut stage = deploying();
        stage.turn(Turn::Act { memo: object(json!({})) });
        stage.pay(Outcome::Turn(turn));
        assert_eq!(stage.later, None);
    }
    let mut stage = deploying();
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::Agent { memo: object(json!({"x": "y".repeat(4096)})) }));
    assert_eq!((stage.state(), stage.later.as_ref()), (Provision::DeployFail, None));
}
