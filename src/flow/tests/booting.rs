//! What is owed to boot a machine, by its boot interface, in which order; and how that goes wrong.

mod firmware;
mod unmanaged;

use serde_json::json;

use super::stage::{Stage, asked, in_band, object};
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::PowerWish;
use crate::model::boot::Boots;
use crate::model::decision::ask::{Answer, TokenAnswer};
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::turn::{Failure, FailureKind, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };
const FETCH: Effect = Effect::Boot(BootPart::Fetch);
const INSERT: Effect = Effect::Boot(BootPart::Insert);
const EJECT: Effect = Effect::Boot(BootPart::Eject);
const TELL_MODE: Effect = Effect::Boot(BootPart::Mode { wanted: None });
const UEFI: Effect = Effect::Boot(BootPart::Mode { wanted: Some(Mode::Uefi) });
const ONCE: Effect = Effect::Boot(BootPart::Device { lasts: false });
const ALWAYS: Effect = Effect::Boot(BootPart::Device { lasts: true });
const SECURE: Effect = Effect::Boot(BootPart::Secure { on: true });
const INSECURE: Effect = Effect::Boot(BootPart::Secure { on: false });

fn stage(deploy: &str, boot: &str, provision: Provision) -> Stage {
    let mut stage = Stage::at(deploy, provision);
    stage.node.wished.interfaces.boot = boot.to_owned();
    stage
}

fn valid() -> Seen {
    Seen::Valid(vec![Verdict { interface: Interface::Boot, reason: None }])
}

fn modes(boot: Mode) -> Outcome {
    Outcome::Modes(Modes { boot: Some(boot), secure: None })
}

/// Pays all; the machine boots in UEFI mode and has no secure boot to speak of.
fn pay_all(stage: &mut Stage) -> Vec<Effect> {
    let mut paid = Vec::new();
    while let Some(owed) = stage.owed.first() {
        let is_mode = matches!(owed.effect, Effect::Boot(BootPart::Mode { .. }));
        let is_secure = matches!(owed.effect, Effect::Boot(BootPart::Secure { .. }));
        paid.push(match (is_mode, is_secure) {
            (true, _) => stage.pay(modes(Mode::Uefi)),
            (false, true) => stage.pay(Outcome::Modes(Modes::default())),
            (false, false) => stage.pay_well(),
        });
    }
    paid
}

/// A deployment that has booted its agent, which is there; what was paid for it.
fn booted(boot: &str, instance: serde_json::Value) -> (Stage, Vec<Effect>) {
    let mut stage = stage("agent", boot, Provision::Available);
    stage.node.wished.instance_info = object(instance);
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.see(valid()), Look::Valid { deploy: false }, "it is looked first whether it can boot");
    let paid = pay_all(&mut stage);
    (stage, paid)
}

/// The agent of a boot that bears data: it has its token, and beats.
fn comes(stage: &mut Stage) {
    if stage.node.agent.is_none() {
        stage.agent_comes();
    } else {
        stage.beat();
    }
}

/// The deployment goes on until the disk is to be booted.
fn written(stage: &mut Stage) {
    comes(stage);
    stage.see(in_band(&[]));
    for _ in 0..2 {
        stage.turn(Turn::done());
    }
    stage.turn(Turn::Done(object(json!({"power": "power off"}))));
    assert_eq!(stage.step(), "boot_instance");
}

#[test]
fn each_boot_interface_owes_its_parts_in_order() {
    for (boot, parts) in [
        ("network", vec![OFF, TELL_MODE, ONCE, ON]),
        ("medium", vec![OFF, INSERT, TELL_MODE, ONCE, ON]),
        ("url", vec![OFF, TELL_MODE, ONCE, ON]),
    ] {
        let (stage, paid) = booted(boot, json!({}));
        assert_eq!(paid, parts, "{boot}");
        assert_eq!(
            (stage.node.boots, stage.waits_for()),
            (Boots::Ramdisk, Some(WaitFor::FirstBeat)),
            "{boot}"
        );
        assert!(stage.node.boot_token.is_some(), "{boot}");
        assert_eq!(stage.node.deploy_boot_mode, Some(Mode::Uefi), "{boot}");
        let is_known = stage.node.agent.as_ref().is_some_and(|agent| agent.pregenerated);
        assert_eq!(is_known, boot != "network", "{boot}");
    }
}

#[test]
fn an_instance_boots_from_its_disk_and_nothing_of_the_ramdisk_stays() {
    for (boot, parts) in
        [("network", vec![UEFI, ON]), ("medium", vec![EJECT, UEFI, ON]), ("url", vec![UEFI, ON])]
    {
        let (mut stage, _) = booted(boot, json!({}));
        written(&mut stage);
        assert_eq!(stage.node.boot_token, None, "{boot}: what it booted is not given out any more");
        assert_eq!(pay_all(&mut stage), parts, "{boot}");
        assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk), "{boot}");
        assert_eq!((stage.node.agent.clone(), stage.node.boot_token.clone()), (None, None), "{boot}");
    }
}

#[test]
fn cleaning_leaves_no_medium_behind() {
    let mut stage = stage("agent", "medium", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.see(valid());
    pay_all(&mut stage);
    comes(&mut stage);
    stage.see(in_band(&[]));
    for _ in 0..2 {
        stage.turn(Turn::done());
    }
    assert_eq!(pay_all(&mut stage), [OFF, EJECT]);
    assert_eq!((stage.state(), stage.node.boots), (Provision::Available, Boots::Nothing));
    let node = &stage.node;
    assert_eq!((&node.agent, &node.boot_token, node.deploy_boot_mode), (&None, &None, None));
}

#[test]
fn the_tear_down_of_a_machine_that_never_is_off_empties_its_drive_too() {
    let mut stage = stage("agent", "medium", Provision::Active);
    stage.node.wished.disable_power_off = true;
    stage.node.wished.automated_clean = Some(false);
    stage.node.boots = Boots::Instance;
    stage.verb("deleted").unwrap();
    assert_eq!(stage.pay_all(), [EJECT, Effect::Power { wish: PowerWish::Reset, limit: 60 }]);
}

#[test]
fn a_medium_that_does_not_come_out_after_cleaning_is_told_and_no_failure() {
    let mut stage = stage("agent", "medium", Provision::Active);
    stage.verb("deleted").unwrap();
    stage.pay_well();
    stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
    assert_eq!(stage.state(), Provision::Cleaning);
    let told = stage.journal.iter().find(|event| event.text.contains("empty the drives")).unwrap();
    assert!(told.text.contains("the BMC refuses"), "{}", told.text);
}

#[test]
fn a_node_that_cannot_boot_fails_before_its_machine_is_touched() {
    let mut stage = stage("agent", "medium", Provision::Active);
    stage.verb("deleted").unwrap();
    pay_all(&mut stage);
    let reason = Some("there is no ramdisk for x86_64 machines; import one".to_owned());
    stage.see(Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }]));
    assert_eq!((stage.state(), stage.owed.len()), (Provision::CleanFail, 0));
    let error = stage.error();
    assert!(
        error.contains("import one") && error.contains("n1") && error.contains("provide it again"),
        "{error}"
    );
}

#[test]
fn a_bmc_that_refuses_a_part_is_told_with_what_was_asked() {
    for (boot, parts) in [("medium", 4), ("network", 3)] {
        for place in 0..parts {
            let mut stage = stage("agent", boot, Provision::Available);
            stage.deploy(&[]).unwrap();
            stage.see(valid());
            for _ in 0..place {
                stage.pay_well();
            }
            let effect = stage.pay(Outcome::Failed(Failure::step("it refuses")));
            assert_eq!(stage.state(), Provision::DeployFail, "{boot} {effect:?}");
            let error = stage.error();
            assert!(error.contains("it refuses") && error.contains("deploy.deploy"), "{error}");
            if let Effect::Boot(_) = effect {
                assert!(error.contains(&effect.text()), "{error}");
            }
            assert_eq!((stage.node.boots, &stage.node.boot_token), (Boots::Nothing, &None));
            let after = pay_all(&mut stage);
            assert_eq!(
                after.contains(&EJECT),
                boot == "medium",
                "the drive is emptied once the machine is off"
            );
            assert_eq!(stage.node.agent, None, "nobody is known any more");
        }
    }
}

#[test]
fn each_boot_has_files_and_an_identity_of_its_own() {
    let (mut stage, _) = booted("medium", json!({}));
    let first = (stage.node.boot_token.clone(), stage.node.agent.clone().map(|agent| agent.token));
    assert_ne!(first.0, first.1);
    comes(&mut stage);
    stage.see(in_band(&[]));
    stage.turn(Turn::Reboot { into: Boots::Ramdisk, memo: object(json!({})) });
    let second = (stage.node.boot_token.clone(), stage.node.agent.clone().map(|agent| agent.token));
    assert!(first.0 != second.0 && first.1 != second.1);
    assert_eq!(pay_all(&mut stage), [OFF, INSERT, UEFI, ONCE, ON]);
    let mut late = stage.good_beat();
    late.token = first.1.unwrap();
    stage.happen(&Happened::Beat(late));
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat), "the boot before is not this one");
    stage.beat();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn without_random_numbers_nothing_boots() {
    let mut stage = stage("agent", "medium", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.no_tokens = true;
    stage.see(valid());
    assert_eq!((stage.state(), &stage.node.boot_token), (Provision::DeployFail, &None));
    assert!(stage.error().contains("random"), "{}", stage.error());
}

#[test]
fn a_lookup_is_given_no_token_where_the_agent_was_brought_one() {
    for boot in ["medium", "url"] {
        let (mut stage, _) = booted(boot, json!({}));
        let brought = stage.node.agent.take();
        assert!(brought.is_some_and(|agent| agent.pregenerated), "{boot}");
        assert_eq!(stage.lookup(1).unwrap(), Answer::AskAgain, "{boot}");
        assert_eq!(stage.node.agent, None, "{boot}: whoever asks is not the agent that was brought");
    }
    let (mut stage, _) = booted("network", json!({}));
    assert!(matches!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Plain(_))));
}

#[test]
fn a_token_on_a_medium_is_never_told_and_another_boot_of_it_is_seen() {
    let (mut stage, _) = booted("medium", json!({}));
    assert_eq!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Masked));
    assert_eq!(stage.looks, []);
    comes(&mut stage);
    stage.see(in_band(&[]));
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    assert_eq!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Masked));
    let token = stage.node.agent.as_ref().unwrap().token.clone();
    assert_eq!(stage.see(Seen::Alive(false)), Look::AgentAlive);
    let agent = stage.node.agent.clone().unwrap();
    assert_eq!((agent.token, agent.borne, agent.url), (token, false, None), "the medium is the same");
    assert_eq!(stage.node.run.as_ref().unwrap().lost, 1);
    stage.beat();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn a_ramdisk_deployment_boots_its_own_at_each_boot() {
    for (boot, parts) in [
        ("network", vec![OFF, TELL_MODE, ALWAYS, ON]),
        ("medium", vec![OFF, INSERT, TELL_MODE, ALWAYS, ON]),
        ("url", vec![OFF, TELL_MODE, ALWAYS, ON]),
    ] {
        let mut stage = stage("ramdisk", boot, Provision::Available);
        stage.node.wished.instance_info = object(json!({"boot_iso": "file:///srv/a.iso"}));
        stage.deploy(&[]).unwrap();
        assert_eq!(pay_all(&mut stage), parts, "{boot}");
        assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Instance), "{boot}");
        assert!(
            stage.node.boot_token.is_some() && stage.node.agent.is_none(),
            "{boot}: it boots it again and again"
        );
        stage.verb("deleted").unwrap();
        pay_all(&mut stage);
        assert_eq!(stage.node.boot_token, None, "{boot}");
    }
}

#[test]
fn what_lies_elsewhere_is_fetched_before_the_machine_is_touched() {
    let mut stage = stage("agent", "medium", Provision::Available);
    let info = json!({"deploy_kernel": "http://10.0.0.9/k", "deploy_ramdisk": "http://10.0.0.9/r"});
    stage.node.wished.driver_info = object(info);
    stage.deploy(&[]).unwrap();
    stage.see(valid());
    assert_eq!(stage.owed[0].effect, FETCH);
    assert!(stage.node.boot_token.is_some(), "it is kept under the name of this boot");
    assert_eq!(pay_all(&mut stage), [FETCH, OFF, INSERT, TELL_MODE, ONCE, ON]);

    let mut stage = self::stage("ramdisk", "network", Provision::Available);
    stage.node.wished.instance_info = object(json!({"kernel": "https://h/k", "ramdisk": "https://h/r"}));
    stage.deploy(&[]).unwrap();
    assert_eq!(pay_all(&mut stage), [FETCH, OFF, TELL_MODE, ALWAYS, ON]);
}

#[test]
fn a_machine_whose_ramdisk_cannot_be_had_is_left_as_it_was() {
    for (state, words, failed, boots) in [
        (Provision::Manageable, "clean", Provision::CleanFail, Boots::Nothing),
        (Provision::Active, "service", Provision::ServiceFail, Boots::Disk),
        (Provision::Active, "rebuild", Provision::DeployFail, Boots::Disk),
    ] {
        for at_the_look in [true, false] {
            let mut stage = stage("agent", "medium", state);
            let info = json!({"deploy_kernel": "http://10.0.0.9/k", "deploy_ramdisk": "http://10.0.0.9/r"});
            stage.node.wished.driver_info = object(info);
            stage.node.boots = boots;
            stage.policy.poweroff_in_cleanfail = true;
            stage.policy.poweroff_in_servicefail = true;
            match words {
                "rebuild" => stage.verb("rebuild").unwrap(),
                _ => stage.manual(words, &["erase_devices_metadata"]).unwrap(),
            };
            if at_the_look {
                let reason = Some("there is no ramdisk".to_owned());
                stage.see(Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }]));
            } else {
                stage.see(valid());
                stage.pay(Outcome::Failed(Failure::step("404")));
            }
            assert_eq!((stage.state(), stage.node.boots), (failed, boots), "{words}");
            assert_eq!((stage.owed.len(), stage.node.wished.maintenance), (0, false), "{words}");
            assert!(stage.error().contains("before the machine was touched"), "{}", stage.error());
        }
    }
    // What comes later has something to end.
    let mut stage = stage("agent", "medium", Provision::Available);
    let info = json!({"deploy_kernel": "http://10.0.0.9/k", "deploy_ramdisk": "http://10.0.0.9/r"});
    stage.node.wished.driver_info = object(info);
    stage.deploy(&[asked(Interface::Power, "power_on", 110)]).unwrap();
    stage.pay_well();
    stage.see(valid());
    stage.pay(Outcome::Failed(Failure::step("404")));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.pay_all().contains(&OFF));
}

#[test]
fn files_that_cannot_be_had_end_the_pipeline_before_the_machine_is_touched() {
    let mut stage = stage("agent", "network", Provision::Available);
    let info = json!({"deploy_kernel": "http://10.0.0.9/k", "deploy_ramdisk": "http://10.0.0.9/r"});
    stage.node.wished.driver_info = object(info);
    stage.deploy(&[]).unwrap();
    stage.see(valid());
    stage.pay(Outcome::Failed(Failure::step("deploy_kernel http://10.0.0.9/k cannot be fetched")));
    assert_eq!(stage.state(), Provision::DeployFail);
    let error = stage.error().to_owned();
    for part in
        ["n1", "fetch boot files: deploy_kernel http://10.0.0.9/k cannot be fetched", "Mend the cause"]
    {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!stage.owed.iter().any(|owed| matches!(owed.effect, Effect::Boot(BootPart::Device { .. }))));
    assert_eq!(stage.node.boot_token, None);
}

#[test]
fn a_node_may_say_how_long_its_boot_devices_last() {
    for (word, ramdisk, instance) in [
        (None, false, true),
        (Some("Default"), false, true),
        (Some("Always"), true, true),
        (Some("always"), true, true),
        (Some("Never"), false, false),
    ] {
        use crate::flow::boot::parts::lasts;
        assert_eq!((lasts(word, false), lasts(word, true)), (ramdisk, instance), "{word:?}");
    }
}

#[test]
fn what_must_not_be_off_is_reset() {
    let mut stage = stage("agent", "medium", Provision::Available);
    stage.node.wished.disable_power_off = true;
    stage.deploy(&[]).unwrap();
    stage.see(valid());
    let reset = Effect::Power { wish: PowerWish::Reset, limit: 60 };
    assert_eq!(pay_all(&mut stage), [INSERT, TELL_MODE, ONCE, reset]);
}

#[test]
fn a_boot_that_brought_nobody_is_tried_again_where_the_site_wants_it() {
    let mut stage = stage("agent", "medium", Provision::Available);
    stage.policy.boot_retry_timeout = Some(300);
    stage.deploy(&[]).unwrap();
    stage.see(valid());
    pay_all(&mut stage);
    assert_eq!(stage.node.wait.as_ref().unwrap().length, 360, "at the first look after its time");
    let first = stage.node.boot_token.clone();
    for round in 1..5 {
        stage.due();
        assert_eq!(pay_all(&mut stage), [OFF, INSERT, UEFI, ONCE, ON], "{round}");
    }
    assert_ne!(stage.node.boot_token, first);
    stage.due();
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("1800 s"), "{}", stage.error());
}

#[test]
fn a_boot_that_has_called_is_not_tried_again() {
    let mut stage = stage("agent", "network", Provision::Available);
    stage.policy.boot_retry_timeout = Some(90);
    stage.deploy(&[]).unwrap();
    stage.see(valid());
    pay_all(&mut stage);
    stage.lookup(1).unwrap();
    stage.due();
    assert_eq!((stage.owed.len(), stage.waits_for()), (0, Some(WaitFor::FirstBeat)));
    assert_eq!(stage.node.wait.as_ref().unwrap().length, 1800 - 90, "it has the rest of its time");
    stage.beat();
    assert_eq!(stage.looks, [Look::AgentSteps]);
}

#[test]
fn a_look_before_the_boot_that_is_dropped_or_silent_is_made_again() {
    let mut stage = stage("agent", "medium", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.see(Seen::Silent(Failure::new(FailureKind::Silent, "given up")));
    assert_eq!(stage.waits_for(), Some(WaitFor::Look));
    stage.due();
    stage.see(valid());
    assert_eq!(stage.phase(), Some(Phase::Reboot { into: Boots::Ramdisk }));
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage.deploy(&[]).unwrap();
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.looks, [Look::Valid { deploy: false }]);
}
