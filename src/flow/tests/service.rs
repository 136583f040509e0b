//! Servicing: steps on a machine that is in use, which gets its instance back.

use serde_json::json;

use super::stage::{Stage, asked, failed, in_band, object};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::{Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::step::AskedStep;
use crate::model::turn::{FailureKind, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };

fn active() -> Stage {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.boots = Boots::Disk;
    stage.node.power = Some(Power::On);
    stage
}

/// An agent runs on the machine and works.
fn serviced() -> Stage {
    let mut stage = active();
    stage.manual("service", &["burnin_cpu"]).unwrap();
    assert_eq!((stage.state(), stage.node.boots), (Provision::Servicing, Boots::Ramdisk));
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("burnin_cpu", 0)]));
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::ServiceWait, Some(Provision::Active))
    );
    stage
}

#[test]
fn where_the_boot_interface_boots_nothing_the_machine_is_off_and_started_from_the_network() {
    let mut stage = active();
    stage.manual("service", &["burnin_cpu"]).unwrap();
    let device = Effect::BootDevice { device: BootDevice::Pxe, persistent: false };
    assert_eq!(stage.pay_all(), [OFF, device, ON]);
}

#[test]
fn steps_at_the_bmc_leave_the_instance_running() {
    let mut stage = active();
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    assert_eq!(stage.plan(), ["factory_reset"]);
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
    assert_eq!(stage.node.changes, 0, "nothing was done to the machine");
}

/// What is done to the stage, what is seen first, and a part of the refusal.
type Case = (fn(&mut Stage), Vec<Seen>, &'static str);

#[test]
fn it_is_refused_where_it_may_not_be_and_nothing_changes() {
    let bad =
        |interface| vec![Seen::Valid(vec![Verdict { interface, reason: Some("no settings".to_owned()) }])];
    let nothing = |_: &mut Stage| ();
    let cases: [Case; 5] = [
        (nothing, bad(Interface::Power), "no settings"),
        (nothing, bad(Interface::Network), "no settings"),
        (|stage| stage.node.wished.maintenance = true, Vec::new(), "maintenance"),
        (
            |stage| stage.policy.disallow_service_steps = vec!["deploy.burnin_cpu".to_owned()],
            Vec::new(),
            "service step deploy.burnin_cpu is not allowed",
        ),
        (
            |stage| {
                stage.policy.max_concurrent_clean = 1;
                stage.bearers.1 = vec![Provision::CleanWait];
            },
            Vec::new(),
            "max_concurrent_clean",
        ),
    ];
    for (change, seen, why) in cases {
        let mut stage = active();
        change(&mut stage);
        let before = stage.node.clone();
        let step = AskedStep { priority: None, ..asked(Interface::Deploy, "burnin_cpu", 0) };
        let ask = ProvisionAsk { steps: vec![step], ..ProvisionAsk::new(Verb::Service, "service") };
        let refusal = stage.ask_seen(&Ask::Provision(ask), &seen).unwrap_err();
        assert!(refusal.to_string().contains(why), "{refusal}");
        assert_eq!((&stage.node, stage.owed.len()), (&before, 0), "{why}");
    }
    let mut stage = active();
    stage.manual_as("service", &["burnin_cpu"], true).unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::ServiceFail, 0));
    assert!(stage.error().contains("disable_ramdisk"), "{}", stage.error());
}

#[test]
fn after_the_agent_the_instance_is_booted_again() {
    let mut stage = serviced();
    stage.beat();
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
    assert!(stage.node.agent.is_none());
}

#[test]
fn a_step_that_fails_asks_for_a_person_and_may_be_given_up() {
    let mut stage = serviced();
    stage.beat();
    stage.turn(Turn::failed("too hot"));
    assert_eq!((stage.state(), stage.node.fault), (Provision::ServiceFail, Some(Fault::Service)));
    assert!(stage.error().contains("step deploy.burnin_cpu: too hot"), "{}", stage.error());
    stage.pay_all();
    assert!(matches!(stage.verb("abort").unwrap_err(), Refusal::Conflict(_)));
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Active, ""));
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert_eq!(stage.node.boots, Boots::Disk);
}

#[test]
fn changed_hardware_managers_go_on_at_the_same_step_or_the_one_that_is_gone_is_named() {
    let mut stage = serviced();
    stage.beat();
    stage.turn(failed(FailureKind::Version));
    stage.see(in_band(&[("burnin_cpu", 0), ("erase_devices", 50)]));
    assert_eq!(stage.step(), "burnin_cpu");
    assert!(!stage.plan().contains(&"erase_devices"), "nobody asked for it: {:?}", stage.plan());
    stage.turn(failed(FailureKind::Version));
    stage.see(in_band(&[("erase_devices", 50)]));
    assert_eq!(stage.state(), Provision::ServiceFail, "and no step was under way that would be at fault");
    assert!(stage.error().contains("deploy.burnin_cpu"), "{}", stage.error());
}

#[test]
fn after_a_failure_the_next_steps_bring_the_instance_back() {
    let mut stage = serviced();
    stage.beat();
    stage.turn(Turn::failed("too hot"));
    stage.pay_all();
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    assert_eq!(stage.plan(), ["factory_reset", "power_off", "boot_instance"]);
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
}

#[test]
fn an_abort_ends_in_active() {
    let mut stage = serviced();
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::Active);
    assert!(stage.error().contains("aborted by request during step deploy.burnin_cpu"), "{}", stage.error());
    assert_eq!(stage.pay_all(), [OFF, ON]);
    assert!(stage.node.agent.is_none() && !stage.node.wished.maintenance);
}

#[test]
fn it_is_held_and_another_one_may_take_its_place() {
    let mut stage = active();
    stage.manual("service", &["hold"]).unwrap();
    assert_eq!(stage.state(), Provision::ServiceHold);
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    assert_eq!(stage.state(), Provision::Servicing);
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn an_instance_that_boots_itself_keeps_its_files() {
    let mut stage = Stage::at("ramdisk", Provision::Active);
    stage.node.boots = Boots::Instance;
    let files = Some(crate::base::secret::Secret::new("files"));
    stage.node.boot_token.clone_from(&files);
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Instance));
    assert_eq!(stage.node.boot_token, files, "it boots the same again");
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    stage.turn(Turn::failed("no"));
    assert_eq!((stage.state(), stage.node.boots), (Provision::ServiceFail, Boots::Instance));
    assert!(stage.node.boot_token.is_some());
}

#[test]
fn a_step_that_nobody_knows_fails_before_the_instance_is_left() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.boots = Boots::Disk;
    stage.manual("service", &["conjure"]).unwrap();
    assert_eq!((stage.state(), stage.node.boots), (Provision::ServiceFail, Boots::Disk));
    assert!(!stage.node.wished.maintenance && stage.owed.is_empty());
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Active, 0));
}

#[test]
fn an_agent_that_cannot_be_switched_off_is_locked_down_before_the_instance_boots() {
    let mut stage = active();
    stage.node.wished.disable_power_off = true;
    stage.manual("service", &["burnin_cpu"]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("burnin_cpu", 0)]));
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "tear_down_agent");
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [Effect::Power { wish: PowerWish::Reset, limit: 60 }]);
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
}
