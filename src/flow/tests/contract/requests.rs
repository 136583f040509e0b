//! What the conductor is asked: what refuses it, what it begins, what it leaves (section C).

use serde_json::json;

use crate::flow;
use crate::flow::tests::stage::{Stage, failed, in_band, object, password};
use crate::model::bmc::panel::{ModeWish, Modes};
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::boot::Boots;
use crate::model::catalog::HardwareType;
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb, ProvisionAsk};
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::{Failure, FailureKind, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };

fn secure(on: bool) -> Modes {
    Modes { boot: None, secure: Some(on) }
}

fn active() -> Stage {
    let mut stage = Stage::at("agent", Provision::Active);
    (stage.node.boots, stage.node.power) = (Boots::Disk, Some(Power::On));
    stage
}

/// Servicing whose agent works.
fn serviced() -> Stage {
    let mut stage = active();
    stage.policy.service_callback_timeout = 77;
    stage.manual("service", &["burnin_cpu", "hold", "bios.factory_reset"]).unwrap();
    stage.pay_all();
    assert_eq!(stage.node.wait.as_ref().map(|wait| wait.length), Some(77));
    stage.agent_comes();
    stage.see(in_band(&[("burnin_cpu", 0)]));
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage
}

#[test]
fn power_waits_for_a_verification_and_a_new_request_forgets_the_last_error() {
    let mut stage = Stage::at("plain", Provision::Verifying);
    assert!(matches!(stage.power_ask(PowerTarget::On).unwrap_err(), Refusal::Locked { .. }));
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.last_error = Some("old".to_owned());
    stage.power_ask(PowerTarget::On).unwrap();
    assert_eq!((stage.error(), stage.node.target_power), ("", Some(Power::On)));
    assert_eq!(flow::wants(&stage.node, &Ask::Power { target: PowerTarget::On, timeout: None }).len(), 1);
}

#[test]
fn secure_boot_that_waits_for_a_boot_gets_one_and_a_failure_is_in_last_error() {
    for on in [true, false] {
        let mut stage = active();
        stage.node.last_error = Some("old".to_owned());
        let wish = ModeWish::Secure(on);
        stage.ask(&Ask::Mode(wish)).unwrap();
        assert_eq!((stage.error(), &stage.owed[0].effect), ("", &Effect::Mode(wish)));
        stage.pay(Outcome::Modes(secure(!on)));
        assert_eq!(stage.pay_all(), [OFF, ON], "{on}");
        stage.due();
        assert_eq!(stage.see(Seen::Modes(secure(on))), Look::Modes);
        assert!(stage.node.mode_change.is_none() && stage.node.wait.is_none(), "{on}");
        assert_eq!((stage.node.wished.secure_boot, stage.error()), (Some(on), ""));

        let mut stage = active();
        stage.ask(&Ask::Mode(wish)).unwrap();
        stage.pay(Outcome::Modes(secure(on)));
        assert!(stage.node.mode_change.is_none() && stage.owed.is_empty(), "{on}: it is so already");
        stage.ask(&Ask::Mode(wish)).unwrap();
        stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
        for part in ["secure boot", "node n1", "the BMC refuses", "set it again"] {
            assert!(stage.error().contains(part), "{part}: {}", stage.error());
        }
        assert!(stage.node.mode_change.is_none() && stage.owed.is_empty(), "{on}");
    }
}

#[test]
fn a_rescue_begins_with_its_password_and_without_the_agent_that_was() {
    let mut stage = active();
    stage.node.wished.interfaces.rescue = "agent".to_owned();
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage.node.agent = serviced().node.agent;
    stage.node.last_error = Some("old".to_owned());
    stage.verb("rescue").unwrap();
    let node = &stage.node;
    assert_eq!((node.rescue_password(), &node.agent), (Some(password()), &None));
    assert_eq!((stage.state(), node.target_provision), (Provision::Rescuing, Some(Provision::Rescue)));
    assert_eq!(stage.plan(), ["rescue", "finalize_rescue", "clean_up"]);
    assert_eq!(stage.error(), "");
}

#[test]
fn the_way_back_forgets_password_and_agent_and_boots_what_the_instance_is() {
    for (deploy, boots) in [("agent", Boots::Disk), ("ramdisk", Boots::Instance)] {
        let mut stage = Stage::at(deploy, Provision::Rescue);
        (stage.node.boots, stage.node.power) = (Boots::Nothing, Some(Power::On));
        stage.node.wished.interfaces.rescue = "agent".to_owned();
        stage.node.keep_rescue_password(&password());
        stage.node.agent = serviced().node.agent;
        stage.verb("unrescue").unwrap();
        assert_eq!((stage.node.rescue_password(), &stage.node.agent), (None, &None), "{deploy}");
        let paid = stage.pay_all();
        assert_eq!((paid.first(), paid.last()), (Some(&OFF), Some(&ON)), "{deploy}");
        assert_eq!((stage.state(), stage.node.boots), (Provision::Active, boots), "{deploy}");
        assert_eq!((&stage.node.agent, stage.error()), (&None, ""), "{deploy}");
    }
}

#[test]
fn servicing_that_waits_goes_on_with_a_heartbeat_and_with_a_persons_word() {
    let mut stage = serviced();
    assert_eq!((stage.state(), stage.waits_for()), (Provision::ServiceWait, Some(WaitFor::Beat)));
    assert_eq!(stage.node.wait.as_ref().map(|wait| wait.length), Some(77), "its own time");
    let ended = stage.node.wait.as_ref().unwrap().number;
    stage.beat();
    stage.happen(&Happened::Due { wait: ended });
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }], "the wait that was renewed has not ended");
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.step()), (Provision::ServiceHold, "hold"));
    stage.beat();
    assert_eq!((stage.state(), stage.looks.len()), (Provision::ServiceHold, 0));
    stage.verb("unhold").unwrap();
    assert_eq!((stage.state(), stage.step()), (Provision::Servicing, "factory_reset"));
    assert_eq!(stage.node.target_provision, Some(Provision::Active));
}

#[test]
fn servicing_goes_on_at_a_steps_own_pace() {
    let mut stage = active();
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    stage.turn(Turn::LookIn { after: 10, memo: object(json!({})) });
    let wait = stage.node.wait.clone().unwrap();
    assert_eq!((stage.state(), wait.why, wait.length), (Provision::ServiceWait, WaitFor::Look, 10));
    stage.due();
    assert_eq!(stage.looks, [Look::Step { cursor: 0 }]);
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}

/// An instance with all that belongs to one, and its agent still known.
fn in_use(provision: Provision) -> Stage {
    let mut stage = Stage::at("agent", provision);
    let node = &mut stage.node;
    (node.power, node.boots, node.target_provision) = (Some(Power::On), Boots::Disk, None);
    node.wished.instance_info = object(json!({"image_source": "http://x", "capabilities": "a:b"}));
    node.wished.instance_uuid = Some(uuid::Uuid::from_u128(9));
    node.wished.instance_name = Some("web".to_owned());
    node.config_drive = Some("drive".to_owned());
    (node.wished.lessee, node.automatic_lessee) = (Some("p1".to_owned()), true);
    node.deploy_boot_mode = Some(crate::model::bmc::panel::Mode::Uefi);
    node.boot_token = Some(crate::base::secret::Secret::new("files"));
    node.agent = serviced().node.agent;
    stage
}

fn is_empty(stage: &Stage) {
    let (node, wished) = (&stage.node, &stage.node.wished);
    assert!(wished.instance_info.is_empty(), "{:?}", wished.instance_info);
    assert_eq!((wished.instance_uuid, &wished.instance_name, &wished.lessee), (None, &None, &None));
    assert_eq!((&node.config_drive, node.deploy_boot_mode), (&None, None));
    assert_eq!((node.boots, &node.boot_token, &node.agent), (Boots::Nothing, &None, &None));
    assert!(!node.automatic_lessee);
}

#[test]
fn tear_down_empties_all_that_is_the_instances_whether_it_works_or_not() {
    for is_good in [true, false] {
        let mut stage = in_use(Provision::Active);
        stage.node.wished.automated_clean = Some(false);
        stage.node.wished.console_enabled = true;
        stage.verb("deleted").unwrap();
        assert!(stage.node.agent.is_none(), "nobody is its agent any more");
        assert_eq!(stage.owed[0].effect, Effect::Console { on: false });
        stage.pay_well();
        if is_good {
            stage.pay_all();
            assert_eq!((stage.state(), stage.error()), (Provision::Available, ""));
        } else {
            stage.pay(Outcome::Failed(Failure::silent("no answer")));
            assert_eq!(stage.state(), Provision::Error);
            for part in ["tear down of node n1", "no answer", "undeploy it again"] {
                assert!(stage.error().contains(part), "{part}: {}", stage.error());
            }
        }
        is_empty(&stage);
    }
}

#[test]
fn tear_down_is_refused_where_power_cannot_be_and_ends_what_was_under_way() {
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Delete, "deleted"));
    let mut stage = in_use(Provision::Active);
    let before = stage.node.clone();
    let bad = Verdict { interface: Interface::Power, reason: Some("no address".to_owned()) };
    let refusal = stage.ask_seen(&ask, &[Seen::Valid(vec![bad])]).unwrap_err().to_string();
    assert!(refusal.ends_with("no address"), "{refusal}");
    stage.node.wished.protected = true;
    assert!(matches!(stage.verb("deleted").unwrap_err(), Refusal::Protected { .. }));
    stage.node.wished.protected = false;
    assert_eq!(stage.node, before);
    stage.verb("deleted").unwrap();
    stage.pay_all();
    assert!(matches!(stage.state(), Provision::Cleaning | Provision::CleanWait), "it is cleaned next");

    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage.verb("deleted").unwrap();
    assert_eq!((stage.state(), stage.waits_for()), (Provision::Deleting, None));
    assert_eq!(stage.owed.len(), 1, "{:?}", stage.owed);
}

#[test]
fn manual_cleaning_is_refused_where_settings_room_or_maintenance_say_so() {
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Clean, "clean"));
    for interface in [Interface::Power, Interface::Network] {
        let mut stage = Stage::at("plain", Provision::Manageable);
        let before = stage.node.clone();
        let bad = Verdict { interface, reason: Some("it is wrong".to_owned()) };
        let refusal = stage.ask_seen(&ask, &[Seen::Valid(vec![bad])]).unwrap_err().to_string();
        assert!(
            refusal.contains("validate network or power info") && refusal.ends_with("it is wrong"),
            "{refusal}"
        );
        assert_eq!(stage.node, before, "{interface}");
    }
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.wished.maintenance = true;
    assert!(matches!(stage.manual("clean", &["power_on"]).unwrap_err(), Refusal::InMaintenance { .. }));
    stage.node.wished.maintenance = false;
    stage.policy.max_concurrent_clean = 1;
    stage.bearers.1 = vec![Provision::CleanWait];
    assert!(matches!(stage.manual("clean", &["power_on"]).unwrap_err(), Refusal::Busy(_)));
}

#[test]
fn cleaning_that_waits_keeps_what_it_heads_for_and_has_its_own_time() {
    for (manual, target) in [(true, Provision::Manageable), (false, Provision::Available)] {
        let mut stage = Stage::at("agent", Provision::Manageable);
        stage.policy.clean_callback_timeout = 77;
        if manual {
            stage.manual("clean", &["erase_devices", "bios.factory_reset"]).unwrap();
        } else {
            stage.verb("provide").unwrap();
        }
        stage.pay_all();
        let seen = |stage: &Stage| {
            assert_eq!(stage.node.target_provision, Some(target), "{}", stage.state());
            stage.state()
        };
        assert_eq!(seen(&stage), Provision::CleanWait);
        assert_eq!(stage.node.wait.as_ref().map(|wait| wait.length), Some(77));
        stage.agent_comes();
        assert_eq!(seen(&stage), Provision::Cleaning);
        stage.see(in_band(&[("erase_devices", 90)]));
        stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
        assert_eq!(seen(&stage), Provision::CleanWait);
        stage.happen(&Happened::Opened);
        stage.looks.clear();
        stage.beat();
        stage.turn(Turn::done());
        assert_eq!((seen(&stage), stage.step()), (Provision::Cleaning, "factory_reset"));
        while stage.node.run.is_some() && stage.owed.is_empty() {
            stage.turn(Turn::done());
        }
        stage.pay_all();
        assert_eq!((stage.state(), stage.node.target_provision), (target, None));
    }
}

#[test]
fn provide_cleans_manage_verifies_only_what_is_new_and_abort_needs_no_run_where_servicing_failed() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert_eq!((stage.state(), stage.plan().len()), (Provision::Cleaning, 2));
    for state in [Provision::CleanFail, Provision::AdoptFail, Provision::InspectFail] {
        let mut stage = Stage::at("plain", state);
        stage.node.last_error = Some("old".to_owned());
        stage.verb("manage").unwrap();
        assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""), "{state}");
    }
    let mut stage = active();
    stage.node.provision = Provision::ServiceFail;
    stage.node.boots = Boots::Nothing;
    stage.node.wished.maintenance = true;
    let refusal = stage.verb("abort").unwrap_err();
    assert!(matches!(&refusal, Refusal::Conflict(why) if why.contains("unset maintenance")), "{refusal}");
    stage.node.wished.maintenance = false;
    stage.node.last_error = Some("old".to_owned());
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Active, ""));
    assert_eq!(stage.pay_all(), [OFF, ON], "the instance gets its machine back");
}

#[test]
fn a_console_is_switched_once_and_a_good_one_is_remembered() {
    let mut stage = Stage::at("plain", Provision::Active);
    let console = |name: &str| (Interface::Console, name.to_owned());
    let there = crate::model::catalog::Implementation::default;
    stage.catalog.implementations.insert(console("x"), there());
    let absent = crate::model::catalog::Implementation { absent: true, ..there() };
    stage.catalog.implementations.insert(console("none"), absent);
    let missing = crate::model::catalog::Implementation { missing: true, ..there() };
    stage.catalog.implementations.insert(console("later"), missing);
    for on in [true, false] {
        stage.node.last_error = Some("old".to_owned());
        stage.ask(&Ask::Console { on }).unwrap();
        assert_eq!((stage.pay_well(), stage.error()), (Effect::Console { on }, ""));
        assert_eq!(stage.node.wished.console_enabled, on);
        let before = stage.node.clone();
        stage.ask(&Ask::Console { on }).unwrap();
        assert_eq!((&stage.node, stage.owed.len()), (&before, 0), "it is so already");
    }
    stage.ask(&Ask::Console { on: true }).unwrap();
    stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
    assert_eq!((stage.node.wished.console_enabled, stage.error()), (false, ""), "history only");
    let told = stage.journal.iter().find(|event| event.text.contains("the BMC refuses"));
    assert_eq!(told.map(|event| event.event), Some("console"));
    for (name, why) in [("none", "has no console"), ("later", "not part of this version")] {
        stage.node.wished.interfaces.console = name.to_owned();
        let before = stage.node.clone();
        let refusal = stage.ask(&Ask::Console { on: true }).unwrap_err();
        assert!(matches!(&refusal, Refusal::Invalid(text) if text.contains(why)), "{refusal}");
        assert_eq!(stage.node, before);
    }
}

#[test]
fn a_wait_is_over_at_its_own_end_only_and_what_it_waits_for_says_how_long() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[flow::tests::stage::asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.turn(Turn::LookIn { after: 30, memo: object(json!({})) });
    let first = stage.node.wait.clone().unwrap();
    assert_eq!((first.why, first.length), (WaitFor::Look, 30));
    stage.due();
    assert_eq!(stage.looks, [Look::Step { cursor: 1 }]);
    stage.turn(Turn::LookIn { after: 40, memo: object(json!({"n": 2})) });
    stage.happen(&Happened::Due { wait: first.number });
    assert_eq!(stage.looks, [], "that wait is over");
    assert_eq!(stage.node.wait.as_ref().map(|wait| wait.length), Some(40));
}

#[test]
fn a_rescue_that_fails_leaves_machine_and_record_clean() {
    let mut stage = active();
    stage.node.wished.interfaces.rescue = "agent".to_owned();
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage.verb("rescue").unwrap();
    stage.see(Seen::Valid(Vec::new()));
    stage.pay_all();
    stage.beat();
    stage.turn(failed(FailureKind::Step));
    assert_eq!(stage.state(), Provision::RescueFail);
    assert_eq!(stage.node.rescue_password(), None);
    for part in ["rescue of node n1", "some reason", "unrescue it"] {
        assert!(stage.error().contains(part), "{part}: {}", stage.error());
    }
    let eject = Effect::Boot(crate::model::decision::effect::BootPart::Eject);
    assert_eq!(stage.pay_all(), [OFF, eject]);
    assert_eq!((stage.node.fault, stage.node.power), (None::<Fault>, Some(Power::Off)));
    assert_eq!(stage.node.agent, None);
}

#[test]
fn the_end_of_maintenance_clears_reason_and_fault_however_it_is_said() {
    let patch = |value: bool| {
        let op = PatchOp { op: PatchVerb::Replace, path: "/maintenance".to_owned(), value: json!(value) };
        Ask::Patch(PatchAsk { operations: vec![op], reset_interfaces: false, version: 115 })
    };
    for end in [Ask::Maintenance { on: false, reason: None }, patch(false)] {
        let mut stage = Stage::at("plain", Provision::CleanFail);
        let all = Interface::ALL.map(|interface| (interface, vec!["x".to_owned(), "plain".to_owned()]));
        let supported = all.into();
        for interface in Interface::ALL {
            stage.catalog.implementations.entry((interface, "x".to_owned())).or_default();
        }
        let found = HardwareType { supported, ..HardwareType::default() };
        stage.catalog.types.insert("d".to_owned(), found);
        stage.node.wished.maintenance = true;
        stage.node.maintenance_reason = Some("fan".to_owned());
        stage.node.fault = Some(Fault::Clean);
        stage.ask(&end).unwrap();
        let node = &stage.node;
        assert_eq!((node.wished.maintenance, &node.maintenance_reason, node.fault), (false, &None, None));
        assert!(stage.journal.iter().any(|event| event.text == "maintenance ends"));
    }
}
