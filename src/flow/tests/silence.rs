//! Looks that find nobody, or what the record says: what they cost, how long they go on, what is not lost by them.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, asked, failed, in_band, object, silent};
use crate::model::decision::LaterLook;
use crate::model::effect::{Effect, Look};
use crate::model::interface::Interface;
use crate::model::outcome::{Happened, Outcome, Seen};
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
    let mut beats = 0;
    while stage.state() == Provision::CleanWait {
        stage.beat();
        stage.see(silent());
        beats += 1;
        assert!(beats < 100);
    }
    assert_eq!((beats, stage.state()), (40, Provision::CleanFail), "the first was before");
    assert!(stage.error().contains("no answer"), "{}", stage.error());
}

#[test]
fn the_count_of_silence_is_kept_with_what_is_kept() {
    let mut stage = asking();
    stage.beat();
    stage.see(silent());
    assert_eq!((stage.silent, stage.node.run.as_ref().unwrap().silent), (Some(2), 1));
    stage.beat();
    assert_eq!(stage.node.run.as_ref().unwrap().silent, 2);
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.silent, stage.looks.as_slice()), (Some(2), &[Look::AgentSteps][..]));
}

#[test]
fn an_answer_forgets_the_silence_in_memory() {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.beat();
    stage.turn(failed(FailureKind::Silent));
    assert_eq!(stage.silent, Some(1));
    stage.beat();
    let kept = stage.kept;
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    assert_eq!((stage.silent, stage.kept), (Some(0), kept));
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
