//! One step as a machine of turns: each word it can say, silence, loss, fences and limits.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, asked, failed, lost, object, silent};
use crate::model::bmc::power::PowerTarget;
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::step::Again;
use crate::model::turn::{Failure, FailureKind, Turn};

/// A deployment without an agent in its step `turn`.
fn turning() -> Stage {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    assert_eq!((stage.step(), stage.phase()), ("turn", Some(Phase::Look)));
    stage
}

fn with_step(name: &str, args: serde_json::Value) -> Stage {
    let mut stage = Stage::at("plain", Provision::Available);
    let mut step = asked(Interface::Deploy, name, 50);
    step.args = object(args);
    stage.deploy(&[step]).unwrap();
    stage
}

#[test]
fn an_act_is_owed_with_its_memo() {
    let mut stage = turning();
    stage.turn(Turn::Act { memo: object(json!({"n": 1})) });
    assert_eq!(stage.node.run.as_ref().unwrap().memo, object(json!({"n": 1})));
    stage.pay(Outcome::Turn(Turn::Act { memo: object(json!({"n": 2})) }));
    assert_eq!(stage.node.run.as_ref().unwrap().memo, object(json!({"n": 2})));
    stage.pay_well();
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_step_sets_its_own_pace() {
    let mut stage = turning();
    stage.turn(Turn::LookIn { after: 15, memo: object(json!({})) });
    assert_eq!((stage.state(), stage.waits_for()), (Provision::DeployWait, Some(WaitFor::Look)));
    stage.due();
    assert_eq!(stage.state(), Provision::DeployWait, "a look is no work");
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_reboot_of_a_step_comes_back_to_its_look() {
    for into in [Boots::Disk, Boots::Nothing] {
        let mut stage = turning();
        stage.turn(Turn::Reboot { into, memo: object(json!({"stage": "verify"})) });
        assert_eq!(stage.pay_all().len(), 2);
        stage.turn(Turn::done());
        assert_eq!(stage.state(), Provision::Active);
    }
    let mut stage = turning();
    stage.turn(Turn::Reboot { into: Boots::Ramdisk, memo: object(json!({})) });
    assert_eq!(stage.pay_all().len(), 3);
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    stage.agent_comes();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_step_that_goes_round_in_a_circle_fails() {
    let mut stage = turning();
    for _ in 0..50 {
        stage.turn(Turn::Reboot { into: Boots::Disk, memo: object(json!({})) });
        assert_eq!(stage.pay_all().len(), 2);
    }
    stage.turn(Turn::Reboot { into: Boots::Disk, memo: object(json!({})) });
    assert_eq!(stage.state(), Provision::DeployFail);
    let why = stage.node.last_error.clone().unwrap();
    assert!(why.contains("in step") && why.contains("after 50 reboots it wants another one"), "{why}");

    let mut stage = turning();
    stage.turn(Turn::Act { memo: object(json!({})) });
    for _ in 1..500 {
        stage.pay(Outcome::Turn(Turn::Act { memo: object(json!({})) }));
    }
    stage.pay(Outcome::Turn(Turn::Act { memo: object(json!({})) }));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.node.last_error.clone().unwrap().contains("after 500 changes of the machine"));
}

#[test]
fn a_look_after_a_reboot_may_be_silent() {
    let mut stage = turning();
    stage.turn(Turn::Reboot { into: Boots::Nothing, memo: object(json!({})) });
    stage.pay_all();
    stage.see(silent());
    assert_eq!(stage.waits_for(), Some(WaitFor::Look));
    stage.due();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_held_step_goes_on_when_somebody_lets_go() {
    for mut stage in [with_step("hold", json!({})), {
        let mut stage = turning();
        stage.turn(Turn::Hold);
        stage
    }] {
        assert_eq!((stage.state(), stage.phase()), (Provision::DeployHold, Some(Phase::Hold)));
        stage.verb("unhold").unwrap();
        assert_eq!(stage.state(), Provision::Active);
    }
}

#[test]
fn a_verify_step_that_fails_or_wants_to_hold_is_recorded_and_passed_over() {
    let mut stage = Stage::new("plain");
    stage.verb("manage").unwrap();
    stage.see(Seen::Power(crate::model::bmc::power::Power::On));
    stage.turn(Turn::Hold);
    assert_eq!(stage.state(), Provision::Manageable);
    let told = stage.node.last_error.clone().unwrap();
    assert!(
        told.contains("verification of node") && told.contains("becomes manageable all the same"),
        "{told}"
    );
    assert!(!told.contains("verify it again"), "it is manageable, and is verified no more: {told}");
    stage.verb("provide").unwrap();
}

#[test]
fn a_wait_step_waits_its_seconds_or_for_a_beat() {
    let mut stage = with_step("wait", json!({"seconds": 3600}));
    assert_eq!(stage.node.wait.as_ref().unwrap().length, 30, "the site's limit");
    stage.due();
    assert_eq!(stage.state(), Provision::Active);

    let mut stage = with_step("wait", json!({}));
    assert_eq!(stage.waits_for(), Some(WaitFor::Beat));
    stage.happen(&Happened::Opened);
    assert_eq!(stage.waits_for(), Some(WaitFor::Beat), "a restart is no heartbeat");
    stage.due();
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn a_far_side_that_is_silent_is_asked_again_but_not_for_ever() {
    let mut stage = turning();
    for _ in 0..40 {
        stage.see(silent());
        assert_eq!(stage.waits_for(), Some(WaitFor::Look));
        stage.due();
    }
    stage.see(silent());
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn a_look_that_finds_what_the_record_says_commits_nothing() {
    let mut stage = deploying();
    let memo = object(json!({"command": "1"}));
    stage.turn(Turn::Agent { memo: memo.clone() });
    stage.beat();
    let kept = stage.kept;
    stage.turn(Turn::Agent { memo });
    assert_eq!(stage.kept, kept);
}

#[test]
fn an_agent_that_stays_quiet_is_looked_at_once_more() {
    let memo = object(json!({"command": "1"}));
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: memo.clone() });
    stage.due();
    stage.turn(Turn::Agent { memo: memo.clone() });
    assert_eq!(stage.waits_for(), Some(WaitFor::Beat), "it works on");
    stage.due();
    stage.see(silent());
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn waits_do_not_end_in_maintenance() {
    let mut stage = turning();
    stage.turn(Turn::LookIn { after: 0, memo: object(json!({})) });
    stage.node.wished.maintenance = true;
    let before = stage.node.wait.clone().unwrap();
    stage.due();
    let after = stage.node.wait.clone().unwrap();
    assert_eq!((after.why, after.since, after.length), (before.why, before.since, before.length));
    assert!(after.number > before.number && after.ends_in() >= 60, "{after:?}");
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    assert_eq!(stage.node.wait.as_ref().unwrap().ends_in(), 0, "its own length again");
    stage.due();
    assert_eq!(stage.looks, [Look::Step { cursor: 1 }]);
}

#[test]
fn an_end_of_an_older_wait_is_known_as_one() {
    let mut stage = turning();
    stage.turn(Turn::LookIn { after: 15, memo: object(json!({})) });
    let kept = stage.kept;
    stage.happen(&Happened::Due { wait: 0 });
    assert_eq!(stage.kept, kept);
}

#[test]
fn a_memo_has_a_limit() {
    let mut stage = turning();
    stage.turn(Turn::Act { memo: object(json!({"x": "y".repeat(4096)})) });
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("over the limit of 4096"), "{}", stage.error());
}

#[test]
fn a_lost_step_begins_again_three_times_at_most() {
    let mut stage = deploying();
    for _ in 0..3 {
        stage.turn(Turn::Agent { memo: object(json!({"command": "1", "drives": ["a"]})) });
        stage.beat();
        stage.turn(lost());
        assert_eq!(stage.looks, [Look::AgentAlive], "is it the known agent?");
        stage.see(Seen::Alive(true));
        assert_eq!(stage.node.run.as_ref().unwrap().memo, object(json!({"drives": ["a"]})));
        assert!(!stage.node.agent.as_ref().unwrap().proven, "nobody looked it up");
    }
    stage.turn(lost());
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("lost 3 times"), "{}", stage.error());
}

#[test]
fn a_step_lost_with_its_agent_waits_for_the_next_boot() {
    let mut stage = deploying();
    stage.turn(lost());
    stage.see(Seen::Alive(false));
    assert!(stage.node.agent.is_none());
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    assert_eq!(stage.node.run.as_ref().unwrap().lost, 1, "one boot, one loss");
    stage.agent_comes();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn a_press_is_not_repeated() {
    let press = || {
        let mut stage = Stage::at("plain", Provision::Available);
        stage.deploy(&[asked(Interface::Deploy, "press", 50)]).unwrap();
        stage.turn(Turn::Act { memo: object(json!({})) });
        stage
    };
    let mut stage = press();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.owed.len()), (Provision::DeployFail, 0));
    assert!(stage.error().contains("unknown whether done"), "{}", stage.error());
    for kind in [FailureKind::Silent, FailureKind::Lost, FailureKind::Unknown] {
        let mut stage = press();
        stage.pay(Outcome::Turn(failed(kind)));
        assert_eq!(stage.state(), Provision::DeployFail, "{kind:?}");
    }
    let mut stage = press();
    stage.pay_well();
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn an_in_band_step_may_say_that_it_must_not_be_repeated() {
    let mut stage = deploying();
    stage.node.run.as_mut().unwrap().plan[2].again = Again::Never;
    stage.turn(lost());
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn an_outcome_that_is_no_longer_owed_changes_nothing() {
    let mut stage = turning();
    stage.turn(Turn::Act { memo: object(json!({})) });
    let number = stage.owed[0].number;
    stage.pay_well();
    let before = stage.node.clone();
    stage.happen(&Happened::Paid { number, outcome: Outcome::Turn(Turn::failed("late")) });
    assert_eq!(stage.node, before);
    assert_eq!(stage.journal.last().unwrap().event, "late");
}

#[test]
fn what_a_look_saw_before_a_change_is_dropped_and_looked_at_again() {
    let mut stage = turning();
    let fence = stage.begin_look();
    stage.call(Effect::BootDevice { device: BootDevice::Disk, persistent: true });
    stage.happen(&Happened::Looked { look: Look::Step { cursor: 1 }, fence, seen: Seen::Turn(Turn::done()) });
    assert_eq!(stage.state(), Provision::Deploying);
    assert_eq!(stage.looks, [Look::Step { cursor: 1 }]);
    stage.pay_well();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_power_look_of_verification_that_was_dropped_is_made_again() {
    let mut stage = Stage::new("plain");
    stage.verb("manage").unwrap();
    let fence = stage.begin_look();
    assert!(matches!(stage.power_ask(PowerTarget::On), Err(Refusal::Locked { .. })));
    stage.call(Effect::BootDevice { device: BootDevice::Disk, persistent: true });
    stage.happen(&Happened::Looked { look: Look::Power, fence, seen: silent() });
    assert_eq!((stage.state(), stage.looks.as_slice()), (Provision::Verifying, &[Look::Power][..]));
}

#[test]
fn a_look_at_another_step_changes_nothing() {
    let mut stage = turning();
    let before = stage.node.clone();
    let fence = stage.node.changes;
    stage.happen(&Happened::Looked { look: Look::Step { cursor: 0 }, fence, seen: Seen::Turn(Turn::done()) });
    assert_eq!(stage.node, before);
}

#[test]
fn a_start_looks_where_nothing_is_owed() {
    let mut stage = deploying();
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.happen(&Happened::Opened);
    assert_eq!((stage.owed.len(), stage.looks.len()), (1, 0), "the lane pays what is owed");
    stage.pay(Outcome::Turn(Turn::Agent { memo: object(json!({})) }));
    stage.happen(&Happened::Opened);
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn a_record_that_outgrew_its_limit_ends_the_pipeline() {
    let mut stage = turning();
    stage.turn(Turn::Act { memo: object(json!({})) });
    let happened = Happened::Paid { number: stage.owed[0].number, outcome: Outcome::Done };
    let token = crate::base::secret::Secret::new("t");
    let facts = crate::model::decision::facts::Facts {
        at: crate::base::moment::Moment(0),
        token: &token,
        boot_token: &token,
        policy: &stage.policy,
        catalog: &stage.catalog,
        owed: &stage.owed,
        ports: &[],
        portgroups: &crate::model::decision::facts::Groups::of(stage.node.id, &stage.around),
        bearers: &stage.bearers,
        around: &stage.around,
        plans: &crate::model::plans::NoPlans,
        seen: &[],
        silent: None,
    };
    let ended = crate::flow::outgrown(&stage.node, &happened, &facts);
    let crate::model::decision::Fate::Next(node) = ended.fate else { panic!("it stays") };
    assert_eq!((node.provision, node.run), (Provision::DeployFail, None));
    assert!(ended.settle.contains(&stage.owed[0].number));
    let struck = crate::flow::forgotten(&stage.node, &happened, &facts);
    assert_eq!(struck.settle, [stage.owed[0].number]);
}

#[test]
fn a_dead_call_is_silence() {
    let mut stage = turning();
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Failed(Failure::silent("the call ended without an answer")));
    assert_eq!(stage.waits_for(), Some(WaitFor::Look));
    stage.due();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}
