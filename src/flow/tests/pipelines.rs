//! Each pipeline from its verb to its end, and how it fails.

use serde_json::json;

use super::stage::{Stage, asked, failed, in_band, object, silent};
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::effect::{Effect, Look, Purpose};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::interface::Interface;
use crate::model::node::Fault;
use crate::model::policy::CollectLogs;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::turn::{Failure, FailureKind, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };
const PXE: Effect = Effect::BootDevice { device: BootDevice::Pxe, persistent: false };

/// A deployment whose agent has told its steps; `write_image` is looked at.
pub(super) fn deploying() -> Stage {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[]));
    assert_eq!(stage.step(), "write_image");
    stage
}

#[test]
fn verification_reads_power_and_checks() {
    let mut stage = Stage::new("plain");
    stage.verb("manage").unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::Verifying, Some(Provision::Manageable))
    );
    assert_eq!(stage.see(Seen::Power(Power::Off)), Look::Power);
    assert_eq!(stage.step(), "check_bmc");
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Manageable, None));
    assert_eq!(stage.node.power, Some(Power::Off));
    assert_eq!(stage.node.last_error, None);
}

#[test]
fn a_verified_machine_tells_its_modes() {
    let mut stage = Stage::new("plain");
    stage.verb("manage").unwrap();
    stage.see(Seen::Power(Power::On));
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Manageable);
    let modes = Modes { boot: Some(Mode::Uefi), secure: Some(true) };
    assert_eq!(stage.see(Seen::Modes(modes)), Look::Modes);
    let wished = &stage.node.wished;
    assert_eq!((wished.boot_mode.as_deref(), wished.secure_boot), (Some("uefi"), Some(true)));
    let mut stage = Stage::new("plain");
    stage.verb("manage").unwrap();
    stage.see(Seen::Power(Power::On));
    stage.turn(Turn::done());
    assert_eq!(stage.see(silent()), Look::Modes);
    assert_eq!((stage.state(), stage.node.last_error.as_ref()), (Provision::Manageable, None));
}

#[test]
fn verification_of_a_silent_bmc_ends_in_enroll() {
    for seen in [silent(), Seen::Power(Power::Error)] {
        let mut stage = Stage::new("plain");
        stage.verb("manage").unwrap();
        stage.see(seen);
        assert_eq!(stage.state(), Provision::Enroll);
        assert!(stage.error().contains("Correct driver_info"), "{}", stage.error());
        assert!(!stage.node.wished.maintenance);
    }
}

#[test]
fn cleaning_without_an_agent_takes_the_steps_by_weight() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert_eq!(stage.plan(), ["factory_reset", "delete_configuration"]);
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Cleaning);
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.run.is_none()), (Provision::Available, true));
}

#[test]
fn cleaning_may_be_switched_off() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.wished.automated_clean = Some(false);
    stage.node.last_error = Some("old".to_owned());
    stage.verb("provide").unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Available, ""));
}

#[test]
fn cleaning_boots_the_agent_and_asks_it() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    assert_eq!(stage.node.boots, Boots::Ramdisk);
    assert_eq!(stage.pay_all(), [OFF, PXE, ON]);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::CleanWait, Some(WaitFor::FirstBeat)));
    stage.agent_comes();
    assert_eq!(stage.state(), Provision::Cleaning);
    stage.see(in_band(&[("erase_devices", 10), ("erase_devices_metadata", 99), ("burnin_cpu", 0)]));
    let plan = stage.plan();
    assert_eq!(
        plan[2..],
        ["erase_devices_metadata", "erase_devices", "factory_reset", "delete_configuration", "power_off"]
    );
    stage.turn(Turn::Act { memo: object(json!({"after": null})) });
    assert_eq!((stage.phase(), stage.state()), (Some(Phase::Act), Provision::Cleaning));
    stage.pay(Outcome::Turn(Turn::Agent { memo: object(json!({"command": "1"})) }));
    assert_eq!((stage.state(), stage.waits_for()), (Provision::CleanWait, Some(WaitFor::Beat)));
    stage.beat();
    stage.turn(Turn::done());
    for _ in 0..3 {
        stage.turn(Turn::done());
    }
    assert_eq!(stage.step(), "power_off");
    assert_eq!(stage.pay_all(), [OFF]);
    assert_eq!(stage.state(), Provision::Available);
    assert!(stage.node.agent.is_none());
    assert_eq!(stage.node.agent_seen.unwrap().version.as_deref(), Some("13.0.0"));
}

#[test]
fn a_failed_clean_step_asks_for_a_person() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.turn(Turn::failed("the BIOS said no"));
    assert_eq!(stage.state(), Provision::CleanFail);
    assert_eq!(stage.node.target_provision, Some(Provision::Available));
    assert_eq!((stage.node.wished.maintenance, stage.node.fault), (true, Some(Fault::Clean)));
    assert!(stage.error().contains("step bios.factory_reset: the BIOS said no"), "{}", stage.error());
    stage.verb("manage").unwrap();
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn an_agent_that_never_came_is_no_fault_of_a_step() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.due();
    assert_eq!((stage.state(), stage.node.fault), (Provision::CleanFail, None));
    assert!(stage.error().contains("no heartbeat of the ramdisk within 1800 s"), "{}", stage.error());
}

#[test]
fn a_deployment_goes_through_the_agent_to_the_disk() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Deploying, Some(Provision::Active)));
    assert_eq!(stage.pay_all(), [OFF, PXE, ON]);
    assert_eq!(stage.state(), Provision::DeployWait);
    stage.agent_comes();
    stage.see(in_band(&[("inject_files", 70), ("erase_devices_metadata", 0)]));
    let names = ["write_image", "inject_files", "prepare_instance_boot", "tear_down_agent"];
    for name in names {
        assert_eq!(stage.step(), name);
        stage.turn(Turn::done());
    }
    assert_eq!((stage.step(), stage.node.boots), ("boot_instance", Boots::Disk));
    assert_eq!(stage.pay_all(), [ON]);
    assert_eq!((stage.state(), stage.node.power), (Provision::Active, Some(Power::On)));
    assert!(stage.node.agent.is_none());
}

#[test]
fn a_beat_that_comes_before_power_on_is_answered_counts() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_well();
    stage.pay_well();
    stage.agent_comes();
    assert_eq!(stage.phase(), Some(Phase::Reboot { into: Boots::Ramdisk }));
    stage.pay_well();
    assert_eq!((stage.step(), stage.looks.as_slice()), ("fetch_steps", &[Look::AgentSteps][..]));
}

#[test]
fn a_failed_deployment_collects_logs_and_switches_off() {
    let mut stage = deploying();
    stage.turn(Turn::failed("no space on disk"));
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::DeployFail, Some(Provision::Active))
    );
    let owed: Vec<_> = stage.owed.iter().map(|owed| (owed.effect.clone(), owed.purpose)).collect();
    assert_eq!(owed, [(Effect::Logs, Purpose::Aftermath), (OFF, Purpose::Aftermath)]);
    stage.pay(Outcome::Failed(Failure::silent("the agent is gone")));
    stage.pay_well();
    assert!(
        stage.error().contains("failed in step deploy.write_image: no space on disk"),
        "the cause stays: {}",
        stage.error()
    );
    assert_eq!(stage.node.power, Some(Power::Off));
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.state(), Provision::Deploying);
}

#[test]
fn the_site_may_want_neither_logs_nor_off() {
    let mut stage = deploying();
    stage.policy.collect_logs = CollectLogs::Never;
    stage.policy.power_off_after_deploy_failure = false;
    stage.turn(Turn::failed("no"));
    assert_eq!(stage.owed, []);
}

#[test]
fn a_power_action_that_fails_ends_the_pipeline() {
    for outcome in [
        Outcome::Failed(Failure::silent("no answer")),
        Outcome::Failed(Failure::step("the machine is power on after 60 s")),
    ] {
        let mut stage = Stage::at("agent", Provision::Available);
        stage.deploy(&[]).unwrap();
        stage.pay(outcome);
        assert_eq!(stage.state(), Provision::DeployFail);
        assert!(stage.owed.iter().all(|owed| owed.purpose == Purpose::Aftermath), "{:?}", stage.owed);
    }
}

#[test]
fn tear_down_empties_the_instance_and_cleans() {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.power = Some(Power::On);
    stage.node.wished.instance_info = object(json!({"image_source": "http://x"}));
    stage.node.wished.instance_uuid = Some(uuid::Uuid::from_u128(9));
    stage.node.config_drive = Some("abc".to_owned());
    stage.verb("deleted").unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::Deleting, Some(Provision::Available))
    );
    assert_eq!(stage.pay_well(), OFF);
    assert_eq!(stage.state(), Provision::Cleaning);
    let wished = &stage.node.wished;
    assert!(wished.instance_info.is_empty() && wished.instance_uuid.is_none());
    assert_eq!(stage.node.config_drive, None);
    assert_eq!(stage.pay_all(), [OFF, PXE, ON]);
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::done());
    stage.turn(Turn::done());
    stage.pay_all();
    assert_eq!(stage.state(), Provision::Available);
}

#[test]
fn tear_down_that_fails_ends_in_error_and_may_be_asked_again() {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.verb("deleted").unwrap();
    stage.pay(Outcome::Failed(Failure::silent("no answer")));
    assert_eq!(stage.state(), Provision::Error);
    stage.verb("deleted").unwrap();
    assert_eq!(stage.state(), Provision::Deleting);
}

#[test]
fn a_waiting_deployment_may_be_torn_down() {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.verb("deleted").unwrap();
    assert_eq!(stage.state(), Provision::Deleting);
    assert!(stage.node.agent.is_none() && stage.node.wait.is_none());
}

#[test]
fn request_steps_run_in_their_places() {
    let mut stage = Stage::at("plain", Provision::Available);
    let steps = [
        asked(Interface::Deploy, "turn", 50),
        asked(Interface::Deploy, "power_on", 60),
        asked(Interface::Deploy, "reboot", 40),
        asked(Interface::Deploy, "power_off", 30),
    ];
    stage.deploy(&steps).unwrap();
    assert_eq!(stage.plan(), ["deploy", "power_on", "turn", "reboot", "power_off"]);
    assert_eq!(stage.pay_all(), [ON]);
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [OFF, ON, OFF]);
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_step_that_only_the_agent_could_know_and_does_not_fails() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[asked(Interface::Deploy, "conjure", 70)]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("other", 0)]));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("deploy.conjure"), "{}", stage.error());
}

#[test]
fn changed_hardware_managers_make_the_plan_anew() {
    let mut stage = deploying();
    stage.turn(failed(FailureKind::Version));
    assert_eq!(stage.see(in_band(&[("inject_files", 70)])), Look::AgentSteps);
    assert_eq!(stage.step(), "write_image");
    assert!(stage.plan().contains(&"inject_files"));
    let mut stage = deploying();
    for _ in 0..3 {
        stage.turn(failed(FailureKind::Version));
        stage.see(in_band(&[]));
    }
    stage.turn(failed(FailureKind::Version));
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn a_step_that_asks_for_a_reboot_gets_one_and_goes_on() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    let Seen::Steps(mut steps) = in_band(&[("flash", 70)]) else { unreachable!() };
    steps.steps[0].reboot_requested = true;
    stage.see(Seen::Steps(steps));
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "flash");
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [OFF, PXE, ON]);
    stage.agent_comes();
    assert_eq!(stage.step(), "prepare_instance_boot");
}

#[test]
fn a_machine_that_never_is_off_starts_anew_at_tear_down() {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.wished.disable_power_off = true;
    stage.node.wished.automated_clean = Some(false);
    stage.node.boots = Boots::Instance;
    stage.verb("deleted").unwrap();
    assert_eq!(stage.node.boots, Boots::Nothing, "its instance is not given to it again");
    assert_eq!(stage.pay_all(), [Effect::Power { wish: PowerWish::Reset, limit: 60 }]);
    assert_eq!(stage.state(), Provision::Available);
}

#[test]
fn tear_down_of_an_empty_interface_leaves_the_machine_alone() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.wished.automated_clean = Some(false);
    stage.verb("deleted").unwrap();
    assert_eq!((stage.state(), stage.node.changes), (Provision::Available, 0));
}

#[test]
fn cleaning_leaves_a_machine_on_that_never_is_off() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.node.wished.disable_power_off = true;
    stage.manual("clean", &["burnin_cpu"]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("burnin_cpu", 0)]));
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Manageable, 0));
    stage.manual("clean", &["power_off"]).unwrap();
    assert_eq!(stage.state(), Provision::CleanFail);
    assert!(stage.error().contains("disable_power_off"), "{}", stage.error());
}

#[test]
fn a_machine_that_only_its_agent_can_switch_is_not_switched_on() {
    let mut stage = deploying();
    stage.node.wished.interfaces.power = "hard".to_owned();
    for step in ["write_image", "prepare_instance_boot", "tear_down_agent"] {
        assert_eq!(stage.step(), step);
        stage.turn(Turn::done());
    }
    assert_eq!((stage.state(), stage.owed.len(), stage.node.boots), (Provision::Active, 0, Boots::Disk));
}

#[test]
fn a_machine_that_never_is_off_is_reset_into_its_disk() {
    let mut stage = deploying();
    stage.node.wished.disable_power_off = true;
    for _ in 0..3 {
        stage.turn(Turn::done());
    }
    assert_eq!(stage.pay_all(), [Effect::Power { wish: PowerWish::Reset, limit: 60 }]);
    assert_eq!(stage.state(), Provision::Active);
}
