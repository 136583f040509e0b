//! Looks that change nothing: how often they are made, and what is committed for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::cut::Point;
use super::lanes::{provision, rig, seconds, trick};
use super::rig::{Rig, id};
use super::world::Trick;
use crate::base::id::NodeId;
use crate::base::time::Clock;
use crate::model::bmc::Fact;
use crate::model::bmc::power::Power;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::run::Phase;

/// A node in cleaning whose agent beats, but meets the trick when it is asked for its steps.
async fn cleaning(met: Trick) -> Rig {
    let rig = rig(1, "direct", Provision::Manageable).await;
    trick(&rig, "ask for steps", met);
    rig.ask(1, provision(Verb::Provide)).await.unwrap();
    rig.until(1, |node| in_step(node, "fetch_steps", Phase::Beat)).await;
    rig
}

/// A deployment whose image was just begun to be written, in so many seconds.
async fn writing(work: u64) -> Rig {
    let rig = rig(1, "direct", Provision::Available).await;
    rig.world.machine(id(1), |one| one.work = seconds(work));
    rig.ask(1, provision(Verb::Deploy)).await.unwrap();
    rig.until(1, |node| in_step(node, "write_image", Phase::Beat)).await;
    rig
}

fn in_step(node: &Node, name: &str, phase: Phase) -> bool {
    node.run
        .as_ref()
        .is_some_and(|run| run.phase == phase && run.step().is_some_and(|step| step.step == name))
}

/// How often it was asked, or committed, for this.
fn count(rig: &Rig, what: &str) -> usize {
    rig.cut().log().iter().filter(|line| line.contains(what)).count()
}

#[tokio::test]
async fn a_beat_is_one_commit_although_its_agent_does_not_answer() {
    let mut rig = cleaning(Trick::Silent).await;
    let (commits, beats, asked) =
        (rig.cut().commits(), count(&rig, "\"beat\""), count(&rig, "ask for steps"));
    rig.clock.pass(seconds(1000)).await;
    let came = count(&rig, "\"beat\"") - beats;
    assert!(came >= 9, "{came} beats came");
    assert_eq!(rig.cut().commits() - commits, came, "{:#?}", rig.cut().log());
    assert_eq!(count(&rig, "ask for steps") - asked, came);
    assert_eq!(rig.seen(1).unwrap().provision, Provision::CleanWait);
    *rig.world.script.lock().unwrap() = None;
    rig.until(1, |node| node.provision == Provision::Available).await;
    rig.stop().await;
}

#[tokio::test]
async fn an_agent_that_never_answers_fails_its_step() {
    let mut rig = cleaning(Trick::Silent).await;
    rig.until(1, |node| node.provision != Provision::CleanWait).await;
    let node = rig.seen(1).unwrap();
    assert_eq!(node.provision, Provision::CleanFail);
    assert!(node.last_error.as_ref().unwrap().contains("no answer"), "{:?}", node.last_error);
    let asked = count(&rig, "ask for steps");
    assert!((18..=22).contains(&asked), "half an hour of beats: {asked}");
    assert_eq!(node.agent, None, "its token and address are wiped");
    rig.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_with_the_silence_and_its_full_time() {
    let mut rig = cleaning(Trick::Silent).await;
    let trouble = |rig: &Rig| rig.seen(1).unwrap().run.clone().and_then(|run| run.trouble);
    let before = trouble(&rig).unwrap();
    rig.clock.pass(seconds(1000)).await;
    rig.start_again().await;
    rig.clock.pass(seconds(1700)).await;
    assert_eq!(trouble(&rig), Some(before), "waits begin again with the daemon");
    rig.clock.pass(seconds(200)).await;
    assert_eq!(rig.seen(1).unwrap().provision, Provision::CleanFail);
    rig.stop().await;
}

#[tokio::test]
async fn beats_in_the_middle_of_a_look_wish_one_more() {
    let mut rig = cleaning(Trick::Silent).await;
    trick(&rig, "ask for steps", Trick::Stall(seconds(650)));
    let asked = count(&rig, "ask for steps");
    rig.until(1, |_| count(&rig, "ask for steps") > asked).await;
    *rig.world.at_once.lock().unwrap() = (1, 1);
    trick(&rig, "ask for steps", Trick::Silent);
    let beats = count(&rig, "\"beat\"");
    rig.clock.pass(seconds(600)).await;
    assert!(count(&rig, "\"beat\"") - beats >= 5);
    assert_eq!((count(&rig, "ask for steps") - asked, *rig.world.at_once.lock().unwrap()), (1, (1, 1)));
    rig.until(1, |node| node.provision == Provision::Available).await;
    assert_eq!(count(&rig, "ask for steps") - asked, 1, "the one that was wished is past");
    rig.stop().await;
}

#[tokio::test]
async fn a_quick_step_needs_no_beat() {
    let mut rig = writing(1).await;
    let (before, beats) = (rig.clock.tick(), count(&rig, "\"beat\""));
    rig.until(1, |node| !in_step(node, "write_image", Phase::Beat)).await;
    assert_eq!((rig.clock.tick().since(before), count(&rig, "\"beat\"")), (seconds(1), beats));
    rig.until(1, |node| node.provision == Provision::Active).await;
    let written = rig.world.machine(id(1), |one| one.traces.done.get("write_image").copied()).unwrap();
    assert_eq!(written, Some(1));
    rig.stop().await;
}

#[tokio::test]
async fn an_early_look_at_a_step_that_works_is_made_once_and_keeps_nothing() {
    let mut rig = writing(45).await;
    let (commits, looks) = (rig.cut().commits(), count(&rig, "look at step"));
    rig.clock.pass(seconds(9)).await;
    assert_eq!((rig.cut().commits() - commits, count(&rig, "look at step") - looks), (0, 1));
    assert_eq!(rig.seen(1).unwrap().provision, Provision::DeployWait);
    rig.until(1, |node| node.provision == Provision::Active).await;
    rig.stop().await;
}

#[tokio::test]
async fn an_early_look_that_is_lost_is_made_up_by_a_beat() {
    let mut rig = writing(1).await;
    rig.start_again().await;
    trick(&rig, "look at step", Trick::Silent);
    rig.clock.pass(seconds(5)).await;
    assert!(in_step(&rig.seen(1).unwrap(), "write_image", Phase::Beat));
    *rig.world.script.lock().unwrap() = None;
    rig.until(1, |node| node.provision == Provision::Active).await;
    rig.stop().await;
}

#[tokio::test]
async fn power_sync_waits_for_no_look_that_takes_long() {
    let mut rig = Rig::new();
    rig.policy.sync_power_state_interval = 10;
    rig.put((1..=30).map(|n| rig.node(n, "fake", Provision::Manageable)).collect()).await;
    (1..=30).for_each(|n| rig.world.add(id(n), Power::Off));
    rig.start(Point::Never);
    let asked: Arc<Mutex<BTreeMap<NodeId, usize>>> = Arc::default();
    let counted = Arc::clone(&asked);
    let script = move |_: &_, node, called: &'static str| {
        if called == "look at power" {
            *counted.lock().unwrap().entry(node).or_default() += 1;
        }
        (called == "look at power" && node <= id(20)).then(|| Trick::Stall(seconds(85)))
    };
    *rig.world.script.lock().unwrap() = Some(Box::new(script));
    rig.clock.pass(seconds(81)).await;
    for (node, count) in &*asked.lock().unwrap() {
        assert_eq!(*count, if *node <= id(20) { 1 } else { 8 }, "{node}");
    }
    assert_eq!(asked.lock().unwrap().len(), 30);
    rig.stop().await;
}

#[tokio::test]
async fn what_drivers_learnt_is_kept_when_the_desk_has_settled() {
    let mut rig = rig(3, "fake", Provision::Manageable).await;
    let silent = |n: u128| Fact::Silent { why: format!("timed out {n}") };
    (1..=3).for_each(|n| rig.desk().learn(id(n), silent(n)));
    rig.desk().settle().await;
    for n in 1..=3 {
        let kept = rig.seen(n).unwrap().bmc.silent.clone();
        assert_eq!(kept.unwrap().why, format!("timed out {n}"));
    }
    rig.stop().await;
}
