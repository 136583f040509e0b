//! Steps that wait by their own pace: each has an end, which is shown.

use serde_json::json;

use super::stage::{Stage, asked, object};
use crate::model::decision::outcome::{Happened, Outcome};
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::step::site::{Only, SiteHook, SiteStep};
use crate::model::step::{Again, Kind};
use crate::model::turn::Turn;

/// Cleaning of the site's step, whose manifest gives it so many seconds in all.
fn cleaning(within: Option<u32>) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.policy.clean_callback_timeout = 300;
    stage.catalog.site.steps = vec![SiteStep {
        interface: Interface::Vendor,
        step: "register".to_owned(),
        description: String::new(),
        kinds: [(Kind::Clean, 0)].into(),
        abortable: false,
        needs_ramdisk: false,
        again: Again::LookFirst,
        args: Vec::new(),
        within,
        only: Only::default(),
    }]
    .into();
    stage.manual("clean", &["vendor.register"]).unwrap();
    assert_eq!(stage.step(), "register");
    stage
}

fn not_yet(stage: &mut Stage, after: u32, memo: serde_json::Value) {
    stage.turn(Turn::LookIn { after, memo: object(memo) });
}

/// When it is looked again, and when it is given up.
fn ends(stage: &Stage) -> (u32, Option<u32>) {
    let wait = stage.node.wait.as_ref().unwrap();
    (wait.length, wait.deadline())
}

#[test]
fn a_step_of_the_site_that_is_never_done_fails_when_its_time_is_over() {
    for (within, whole, remedy) in [
        (
            Some(100),
            100,
            "(within, in its manifest); last it waited for the register; if it needs more, raise within",
        ),
        (None, 300, "([conductor] clean_callback_timeout)"),
    ] {
        let mut stage = cleaning(within);
        for waited in (0..whole).step_by(20) {
            // Another memo each time gives it no more time.
            not_yet(&mut stage, 20, json!({"progress": "the register", "n": waited}));
            assert_eq!(ends(&stage), (20, Some(whole - waited)));
            assert_eq!(stage.node.wait.as_ref().unwrap().then(), "if the step is not done by then, it fails");
            stage.due();
        }
        not_yet(&mut stage, 20, json!({}));
        assert_eq!(stage.state(), Provision::CleanFail);
        for part in
            ["n1 failed in step vendor.register: it has waited for", &format!("{whole} s"), remedy, "Mend"]
        {
            assert!(stage.error().contains(part), "{part}: {}", stage.error());
        }
    }
}

#[test]
fn the_last_look_comes_when_the_time_is_over_and_may_still_find_it_done() {
    let mut stage = cleaning(Some(100));
    not_yet(&mut stage, 70, json!({}));
    stage.due();
    not_yet(&mut stage, 70, json!({}));
    assert_eq!(ends(&stage), (30, Some(30)));
    stage.due();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn time_counts_while_the_daemon_serves_and_no_jump_of_the_clock_does() {
    let mut stage = cleaning(Some(100));
    not_yet(&mut stage, 60, json!({}));
    // The wait starts again at its full length, and what was waited before it stays counted.
    stage.pass(1_000_000);
    stage.happen(&Happened::Opened);
    assert_eq!(ends(&stage), (60, Some(100)));
    stage.due();
    not_yet(&mut stage, 60, json!({}));
    stage.happen(&Happened::Opened);
    assert_eq!((stage.phase(), ends(&stage)), (Some(Phase::Later), (40, Some(40))));
    stage.node.wished.maintenance = true;
    stage.due();
    assert_eq!((stage.node.wait.as_ref().unwrap().paused, ends(&stage)), (Some(60), (40, Some(40))));
    stage.node.wished.maintenance = false;
    stage.due();
    not_yet(&mut stage, 60, json!({}));
    assert_eq!(stage.state(), Provision::CleanFail);
}

#[test]
fn changes_in_between_give_a_step_of_the_site_no_more_time_and_the_next_step_has_its_own() {
    let mut stage = cleaning(Some(100));
    for _ in 0..2 {
        not_yet(&mut stage, 50, json!({}));
        stage.due();
        stage.turn(Turn::Act { memo: object(json!({})) });
        stage.pay(Outcome::Turn(Turn::LookIn { after: 0, memo: object(json!({"acted": true})) }));
        if stage.state() == Provision::CleanWait {
            stage.due();
        }
    }
    assert_eq!(stage.state(), Provision::CleanFail);

    let mut stage = cleaning(Some(100));
    stage.node.run.as_mut().unwrap().waited = 99;
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Manageable);
    stage.manual("clean", &["vendor.register"]).unwrap();
    not_yet(&mut stage, 50, json!({}));
    assert_eq!(ends(&stage), (50, Some(100)));
}

#[test]
fn heartbeats_give_a_step_of_the_site_no_more_time() {
    let agent = |stage: &mut Stage, n: u32| stage.turn(Turn::Agent { memo: object(json!({"n": n})) });
    let mut stage = cleaning(Some(100));
    agent(&mut stage, 0);
    let wait = stage.node.wait.clone().unwrap();
    assert_eq!((wait.why, wait.length), (WaitFor::Beat, 100));
    stage.happen(&Happened::Opened);
    agent(&mut stage, 1);
    assert_eq!(stage.node.wait.as_ref(), Some(&wait), "the same wait goes on");
    stage.due();
    agent(&mut stage, 2);
    assert_eq!(stage.state(), Provision::CleanFail);
    assert!(stage.error().contains("it has waited for 100 s"), "{}", stage.error());
}

#[test]
fn a_hook_has_a_time_of_its_own() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.catalog.site.hooks = vec![SiteHook {
        name: "announce".to_owned(),
        description: String::new(),
        kinds: vec![Kind::Deploy],
        after: None,
        again: Again::Repeat,
        within: Some(30),
        only: Only::default(),
    }]
    .into();
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.turn(Turn::done());
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::LookIn { after: 25, memo: object(json!({})) }));
    assert_eq!(ends(&stage), (25, Some(30)));
    stage.due();
    not_yet(&mut stage, 25, json!({}));
    assert_eq!(ends(&stage), (5, Some(5)));
    stage.due();
    not_yet(&mut stage, 25, json!({}));
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn a_step_of_a_driver_ends_when_nothing_moves_any_more() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.policy.deploy_callback_timeout = 60;
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    // An image that comes is waited for, however long it takes.
    for n in 0..20 {
        not_yet(&mut stage, 30, json!({"progress": format!("{n} of 20 MiB")}));
        assert_eq!(ends(&stage), (30, Some(60)));
        stage.due();
    }
    for left in [30, 0] {
        not_yet(&mut stage, 30, json!({"progress": "19 of 20 MiB"}));
        if left > 0 {
            assert_eq!(ends(&stage), (30, Some(left)));
            stage.due();
        }
    }
    assert_eq!(stage.state(), Provision::DeployFail);
    let why = "it has waited for 60 s in which nothing has moved ([conductor] deploy_callback_timeout); last it waited \
               for 19 of 20 MiB";
    assert!(stage.error().contains(why), "{}", stage.error());
}

#[test]
fn a_step_that_gives_up_by_itself_says_when_and_is_left_to_it() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.policy.deploy_callback_timeout = 60;
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    for _ in 0..10 {
        not_yet(&mut stage, 30, json!({"left": 900}));
        assert_eq!(ends(&stage), (30, Some(900)));
        stage.due();
    }
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}
