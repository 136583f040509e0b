//! Rescue: a ramdisk to log in to takes the place of the instance, which comes back.

use serde_json::json;

use super::stage::{Stage, failed, object, password, silent};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::Boots;
use crate::model::decision::ask::{Answer, Ask, ProvisionAsk, TokenAnswer};
use crate::model::decision::effect::{BootPart, Effect, Look, Purpose};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::turn::{Failure, FailureKind, Memo, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };

/// A machine whose instance runs, and that is rescued by a ramdisk.
fn active() -> Stage {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.boots = Boots::Disk;
    stage.node.power = Some(Power::On);
    stage.node.wished.interfaces.rescue = "agent".to_owned();
    stage
}

fn on_medium() -> Stage {
    let mut stage = active();
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage
}

/// What a look at the settings sees; each of these has a reason.
fn valid(wrong: &[(Interface, &str)]) -> Seen {
    let all = [Interface::Boot, Interface::Network, Interface::Power, Interface::Rescue];
    let reason =
        |interface| wrong.iter().find(|(one, _)| *one == interface).map(|(_, why)| (*why).to_owned());
    Seen::Valid(all.map(|interface| Verdict { interface, reason: reason(interface) }).to_vec())
}

/// The ramdisk boots and is awaited.
fn waiting(mut stage: Stage) -> Stage {
    stage.verb("rescue").unwrap();
    if stage.looks.contains(&Look::Valid { deploy: false }) {
        stage.see(valid(&[]));
    }
    stage.pay_all();
    assert_eq!((stage.state(), stage.waits_for()), (Provision::RescueWait, Some(WaitFor::FirstBeat)));
    stage
}

/// The agent has called, and is to take the password.
fn finalizing() -> Stage {
    let mut stage = waiting(active());
    stage.agent_comes();
    assert_eq!((stage.state(), stage.step()), (Provision::Rescuing, "finalize_rescue"));
    stage
}

fn rescued() -> Stage {
    let mut stage = finalizing();
    stage.turn(Turn::Act { memo: object(json!({"after": null})) });
    stage.pay_well();
    assert_eq!((stage.state(), stage.error()), (Provision::Rescue, ""));
    stage
}

fn nothing_of_the_password(stage: &Stage) {
    assert_eq!(stage.node.rescue_password(), None);
    let told: String = stage.journal.iter().map(|event| event.text.as_str()).collect();
    for secret in [password().plain, password().hashed] {
        assert!(!told.contains(secret.reveal()) && !stage.error().contains(secret.reveal()), "{told}");
    }
}

#[test]
fn an_instance_gives_way_to_a_ramdisk_that_takes_the_password() {
    let mut stage = active();
    stage.node.agent = None;
    stage.verb("rescue").unwrap();
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Rescuing, Some(Provision::Rescue)));
    assert_eq!(stage.plan(), ["rescue", "finalize_rescue", "clean_up"]);
    assert_eq!(stage.node.rescue_password(), Some(password()));
    assert_eq!(stage.node.boots, Boots::Ramdisk);
    let paid = stage.pay_all();
    assert_eq!((paid.first(), paid.last()), (Some(&OFF), Some(&ON)));
    assert_eq!(stage.state(), Provision::RescueWait);
    assert_eq!(stage.node.wait.as_ref().unwrap().length, 1800);
    stage.agent_comes();
    stage.turn(Turn::Act { memo: object(json!({"after": null})) });
    assert_eq!(stage.pay_well(), Effect::Step { cursor: 1 });
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Rescue, None));
    assert!(stage.node.agent.is_none() && stage.node.boot_token.is_none() && stage.node.wait.is_none());
    assert_eq!(stage.node.power, Some(Power::On));
    nothing_of_the_password(&stage);
}

#[test]
fn unrescue_boots_the_instance_again() {
    let mut stage = rescued();
    stage.verb("unrescue").unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::Unrescuing, Some(Provision::Active))
    );
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
    assert!(stage.node.agent.is_none() && stage.error().is_empty());
}

#[test]
fn a_medium_is_in_the_drive_for_the_rescue_alone() {
    let mut stage = on_medium();
    stage.verb("rescue").unwrap();
    stage.see(valid(&[]));
    let parts: Vec<_> = stage.owed.iter().map(|owed| owed.effect.clone()).collect();
    let expected = [
        OFF,
        Effect::Boot(BootPart::Insert),
        Effect::Boot(BootPart::Mode { wanted: None }),
        Effect::Boot(BootPart::Device { lasts: false }),
        ON,
    ];
    assert_eq!(parts, expected);
    stage.pay_all();
    assert!(stage.node.agent.as_ref().unwrap().pregenerated, "the medium bears the token");
    assert_eq!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Masked));
    stage.beat();
    stage.turn(Turn::Act { memo: Memo::new() });
    stage.pay_well();
    assert_eq!((stage.state(), stage.step()), (Provision::Rescuing, "clean_up"));
    assert_eq!(stage.pay_all(), [Effect::Boot(BootPart::Eject)]);
    assert_eq!(stage.state(), Provision::Rescue);
    stage.verb("unrescue").unwrap();
    let paid = stage.pay_all();
    assert_eq!(paid.first(), Some(&OFF));
    assert!(paid.contains(&Effect::Boot(BootPart::Eject)) && paid.last() == Some(&ON), "{paid:?}");
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn an_instance_that_boots_itself_boots_itself_again() {
    let mut stage = Stage::at("ramdisk", Provision::Active);
    stage.node.wished.interfaces.rescue = "agent".to_owned();
    stage.node.wished.interfaces.boot = "network".to_owned();
    stage.node.boots = Boots::Instance;
    let mut stage = waiting(stage);
    stage.agent_comes();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Rescue);
    stage.verb("unrescue").unwrap();
    stage.pay_all();
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Instance));
    assert!(stage.node.boot_token.is_some());
}

#[test]
fn secure_boot_is_off_while_a_ramdisk_is_booted_and_on_again_for_the_instance() {
    let mut stage = on_medium();
    stage.node.wished.instance_info = object(json!({"capabilities": {"secure_boot": "true"}}));
    stage.verb("rescue").unwrap();
    stage.see(valid(&[]));
    let has = |stage: &Stage, on| {
        stage.owed.iter().any(|owed| owed.effect == Effect::Boot(BootPart::Secure { on }))
    };
    assert!(has(&stage, false) && !has(&stage, true));
    stage.pay_all();
    stage.beat();
    stage.turn(Turn::done());
    stage.pay_all();
    stage.verb("unrescue").unwrap();
    stage.pay_well();
    while !has(&stage, true) {
        stage.pay_well();
    }
    stage.pay_all();
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_rescue_without_an_agent_is_done_by_its_driver() {
    let mut stage = active();
    stage.node.wished.interfaces.rescue = "x".to_owned();
    stage.verb("rescue").unwrap();
    stage.turn(Turn::LookIn { after: 5, memo: Memo::new() });
    assert_eq!(stage.state(), Provision::RescueWait);
    stage.due();
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.changes), (Provision::Rescue, 0));
    nothing_of_the_password(&stage);
    stage.verb("unrescue").unwrap();
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
}

#[test]
fn a_password_that_is_not_taken_ends_with_the_machine_off() {
    let mut stage = finalizing();
    stage.turn(Turn::Act { memo: Memo::new() });
    stage.pay(Outcome::Turn(Turn::failed("the agent did not take the password: disk full")));
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::RescueFail, Some(Provision::Rescue))
    );
    let error = stage.error();
    assert!(
        error.contains("rescue of node n1 failed in step rescue.finalize_rescue: the agent did not"),
        "{error}"
    );
    assert!(error.contains("rescue it again, or unrescue it"), "{error}");
    assert!(stage.owed.iter().all(|owed| owed.purpose == Purpose::Aftermath), "{:?}", stage.owed);
    assert_eq!(stage.pay_all(), [OFF]);
    assert!(stage.node.agent.is_none() && stage.node.boot_token.is_none() && !stage.node.wished.maintenance);
    nothing_of_the_password(&stage);
}

#[test]
fn a_ramdisk_that_does_not_call_in_time_ends_the_rescue() {
    let mut stage = on_medium();
    stage.policy.rescue.callback_timeout = 700;
    let mut stage = waiting(stage);
    assert_eq!(stage.node.wait.as_ref().unwrap().length, 700);
    stage.due();
    assert_eq!(stage.state(), Provision::RescueFail);
    assert!(stage.error().contains("no heartbeat of the ramdisk within 700 s"), "{}", stage.error());
    assert_eq!(stage.pay_all(), [OFF, Effect::Boot(BootPart::Eject)]);
    nothing_of_the_password(&stage);
    stage.verb("rescue").unwrap();
    assert_eq!(stage.state(), Provision::Rescuing);
}

#[test]
fn an_aborted_rescue_leaves_no_password_and_no_medium() {
    let mut stage = waiting(on_medium());
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::RescueFail);
    assert!(stage.error().contains("rescue of node n1 was aborted by request"), "{}", stage.error());
    nothing_of_the_password(&stage);
    assert_eq!(stage.pay_all(), [Effect::Boot(BootPart::Eject)]);
    assert!(stage.node.agent.is_none() && stage.node.boot_token.is_none());
    assert_eq!((stage.node.fault, stage.node.wished.maintenance), (None, false));
}

#[test]
fn a_clean_up_that_fails_after_an_abort_asks_for_a_person() {
    let mut stage = waiting(on_medium());
    stage.verb("abort").unwrap();
    stage.pay(Outcome::Failed(Failure::step("the drive is stuck")));
    assert_eq!((stage.state(), stage.node.fault), (Provision::RescueFail, Some(Fault::RescueAbort)));
    assert!(stage.node.wished.maintenance && stage.owed.is_empty());
    let reason = stage.node.maintenance_reason.clone().unwrap();
    assert!(reason.contains("empty the drives: the drive is stuck"), "{reason}");
    assert_eq!(stage.error(), reason);
}

#[test]
fn an_abort_waits_for_a_step_that_is_at_work() {
    let mut stage = finalizing();
    assert!(matches!(stage.verb("abort").unwrap_err(), Refusal::Locked { .. } | Refusal::NoSuchMove { .. }));
    stage.turn(Turn::LookIn { after: 5, memo: Memo::new() });
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::RescueFail);
    assert!(stage.error().contains("during step rescue.finalize_rescue"), "{}", stage.error());
}

#[test]
fn an_instance_that_was_not_left_goes_on_running() {
    let mut stage = on_medium();
    stage.verb("rescue").unwrap();
    stage.see(valid(&[(Interface::Rescue, "the ramdisk is gone")]));
    assert_eq!((stage.state(), stage.node.boots), (Provision::RescueFail, Boots::Disk));
    assert!(stage.error().contains("the ramdisk is gone"), "{}", stage.error());
    assert!(stage.owed.is_empty(), "the machine is not touched");
    nothing_of_the_password(&stage);

    let mut stage = on_medium();
    let href = json!({"rescue_kernel": "http://h/k", "rescue_ramdisk": "http://h/r"});
    stage.node.wished.driver_info = object(href);
    stage.verb("rescue").unwrap();
    stage.see(valid(&[]));
    assert_eq!(stage.owed[0].effect, Effect::Boot(BootPart::Fetch));
    stage.pay(Outcome::Failed(Failure::step("404")));
    assert_eq!((stage.state(), stage.node.boots), (Provision::RescueFail, Boots::Disk));
    assert!(stage.owed.is_empty(), "{:?}", stage.owed);
}

#[test]
fn a_machine_that_was_switched_off_is_off_after_a_failure() {
    let mut stage = on_medium();
    stage.verb("rescue").unwrap();
    stage.see(valid(&[]));
    assert_eq!(stage.pay_well(), OFF);
    stage.pay(Outcome::Failed(Failure::step("no such drive")));
    assert_eq!(stage.state(), Provision::RescueFail);
    assert_eq!(stage.pay_all(), [OFF, Effect::Boot(BootPart::Eject)]);
}

#[test]
fn only_what_a_rescue_needs_is_looked_at_before_its_boot() {
    let mut stage = on_medium();
    stage.verb("rescue").unwrap();
    stage.see(valid(&[(Interface::Boot, "there is no deploy ramdisk")]));
    assert_eq!((stage.state(), stage.node.boots), (Provision::Rescuing, Boots::Ramdisk));
}

#[test]
fn settings_that_do_not_suffice_refuse_the_rescue_and_change_nothing() {
    let ask = Ask::Provision(ProvisionAsk {
        rescue_password: Some(password()),
        ..ProvisionAsk::new(Verb::Rescue, "rescue")
    });
    for wrong in [Interface::Power, Interface::Network, Interface::Rescue] {
        let mut stage = active();
        let before = stage.node.clone();
        let refusal = stage.ask_seen(&ask, &[valid(&[(wrong, "it is so")])]).unwrap_err();
        let told = refusal.to_string();
        assert!(told.starts_with("Failed to rescue instance None for node"), "{told}");
        assert!(told.ends_with("Validation failed: it is so"), "{told}");
        assert_eq!(stage.node, before);
    }
    let mut stage = active();
    stage.ask_seen(&ask, &[valid(&[(Interface::Boot, "no deploy ramdisk")])]).unwrap();
}

#[test]
fn the_way_back_needs_power_alone() {
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Unrescue, "unrescue"));
    let mut stage = rescued();
    let told = stage.ask_seen(&ask, &[valid(&[(Interface::Power, "no BMC")])]).unwrap_err().to_string();
    assert!(told.starts_with("Failed to unrescue instance") && told.ends_with("no BMC"), "{told}");
    for other in [Interface::Boot, Interface::Network, Interface::Rescue] {
        let mut stage = rescued();
        stage.ask_seen(&ask, &[valid(&[(other, "no ramdisk")])]).unwrap();
        assert_eq!(stage.state(), Provision::Unrescuing, "{other}");
    }
}

#[test]
fn maintenance_refuses_rescue_and_unrescue() {
    for (state, word) in [(Provision::Active, "rescue"), (Provision::Rescue, "unrescue")] {
        let mut stage = active();
        stage.node.provision = state;
        stage.node.wished.maintenance = true;
        let before = stage.node.clone();
        assert!(matches!(stage.verb(word).unwrap_err(), Refusal::InMaintenance { .. }), "{word}");
        assert_eq!(stage.node, before);
    }
}

#[test]
fn a_node_without_a_rescue_interface_is_told_so() {
    for (state, word) in [(Provision::Active, "rescue"), (Provision::Rescue, "unrescue")] {
        let mut stage = active();
        stage.node.provision = state;
        stage.node.wished.interfaces.rescue = "none".to_owned();
        let told = stage.verb(word).unwrap_err().to_string();
        assert!(told.contains("its rescue interface \"none\" does not rescue"), "{told}");
        stage.node.wished.interfaces.rescue = "other".to_owned();
        assert!(stage.verb(word).unwrap_err().to_string().contains("is not enabled"));
    }
}

#[test]
fn a_rescue_without_a_password_is_refused() {
    let mut stage = active();
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Rescue, "rescue"));
    assert!(matches!(stage.ask(&ask).unwrap_err(), Refusal::Invalid(_)));
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_tear_down_from_any_rescue_state_ends_it_all() {
    for state in [Provision::Rescue, Provision::RescueFail, Provision::UnrescueFail] {
        let mut stage = on_medium();
        stage.node.provision = state;
        stage.node.keep_rescue_password(&password());
        stage.verb("deleted").unwrap();
        nothing_of_the_password(&stage);
        assert_eq!(stage.owed[0].effect, OFF, "{state}");
        assert_eq!(stage.owed[1].effect, Effect::Boot(BootPart::Eject), "{state}");
    }
    let mut stage = waiting(on_medium());
    stage.verb("deleted").unwrap();
    nothing_of_the_password(&stage);
    assert_eq!(stage.node.wait, None);
    stage.pay_well();
    stage.pay_well();
    assert!(
        stage.node.wished.instance_info.is_empty() && stage.node.agent.as_ref().is_none_or(|one| !one.borne)
    );
}

#[test]
fn a_tear_down_ends_a_rescue_even_if_the_deployment_has_no_agent() {
    let mut stage = Stage::at("plain", Provision::Rescue);
    stage.node.wished.interfaces.rescue = "agent".to_owned();
    stage.verb("deleted").unwrap();
    assert_eq!(stage.owed[0].effect, OFF);
}

#[test]
fn a_rescue_may_follow_a_rescue_with_another_password() {
    let mut stage = rescued();
    stage.verb("rescue").unwrap();
    assert_eq!(stage.state(), Provision::Rescuing);
    assert_eq!(stage.node.rescue_password(), Some(password()));
    assert_eq!(stage.pay_all().last(), Some(&ON));
    assert_eq!(stage.state(), Provision::RescueWait);
}

#[test]
fn a_way_back_that_fails_says_what_to_do_and_may_be_tried_again() {
    let mut stage = rescued();
    stage.verb("unrescue").unwrap();
    stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::UnrescueFail, Some(Provision::Active))
    );
    assert!(stage.error().contains("unrescue of node n1 failed: the BMC refuses"), "{}", stage.error());
    assert!(stage.error().contains("unrescue it again"), "{}", stage.error());
    assert!(stage.owed.is_empty());
    stage.verb("unrescue").unwrap();
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn an_agent_that_reboots_before_it_has_the_password_is_told_again() {
    let mut stage = finalizing();
    stage.turn(Turn::Act { memo: Memo::new() });
    stage.pay(Outcome::Turn(failed(FailureKind::Lost)));
    assert_eq!(stage.state(), Provision::Rescuing);
    stage.see(Seen::Alive(false));
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    stage.agent_comes();
    assert_eq!((stage.step(), stage.phase()), ("finalize_rescue", Some(Phase::Look)));
}

#[test]
fn who_may_have_the_password_is_booted_anew() {
    let mut stage = finalizing();
    stage.turn(Turn::Act { memo: Memo::new() });
    stage.pay(Outcome::Turn(Turn::Reboot { into: Boots::Ramdisk, memo: object(json!({"boots": 1})) }));
    assert_eq!((stage.state(), stage.node.boots), (Provision::Rescuing, Boots::Ramdisk));
    assert!(stage.node.agent.is_none());
    stage.pay_all();
    assert_eq!(stage.state(), Provision::RescueWait);
    stage.agent_comes();
    assert_eq!((stage.step(), stage.node.run.as_ref().unwrap().memo.len()), ("finalize_rescue", 1));
}

#[test]
fn a_start_of_the_daemon_goes_on_with_a_rescue() {
    let mut stage = waiting(active());
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::RescueWait, Some(WaitFor::FirstBeat)));
    let mut stage = finalizing();
    stage.turn(Turn::LookIn { after: 5, memo: Memo::new() });
    stage.happen(&Happened::Opened);
    assert_eq!(stage.state(), Provision::RescueWait);
    let mut stage = rescued();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Rescue, 0));
    stage.verb("unrescue").unwrap();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_silent_bmc_before_the_boot_is_asked_again_and_the_instance_runs() {
    let mut stage = on_medium();
    stage.verb("rescue").unwrap();
    stage.see(silent());
    assert_eq!((stage.state(), stage.node.boots), (Provision::RescueWait, Boots::Disk));
    stage.due();
    stage.see(valid(&[]));
    assert_eq!(stage.node.boots, Boots::Ramdisk);
}

#[test]
fn an_agent_is_served_in_rescue_wait_and_nobody_is_in_rescue() {
    let mut stage = rescued();
    assert!(matches!(stage.lookup(1).unwrap_err(), Refusal::NotFound(_)));
    let before = stage.node.clone();
    stage.beat();
    assert_eq!(stage.node, before);
}
