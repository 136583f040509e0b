//! `anaconda`: an installer that works by itself and tells of it.

use super::stage::{Stage, address};
use crate::base::secret::Secret;
use crate::flow::beat;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{Beat, Boots};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{BootPart, Effect};
use crate::model::decision::outcome::{Happened, Outcome};
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::turn::{Failure, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };

fn available() -> Stage {
    let mut stage = Stage::at("anaconda", Provision::Available);
    stage.node.wished.interfaces.boot = "network".to_owned();
    stage
}

/// The installer is awaited.
fn installing() -> Stage {
    let mut stage = available();
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    assert_eq!((stage.state(), stage.waits_for()), (Provision::DeployWait, Some(WaitFor::Installer)));
    stage
}

fn word(stage: &Stage, status: &str) -> Beat {
    let token = stage.node.agent.as_ref().map_or(Secret::new("none"), |agent| agent.token.clone());
    Beat {
        url: String::new(),
        token,
        version: None,
        verify_ca: None,
        status: Some(status.to_owned()),
        status_message: Some(format!("it says {status}")),
        from: address(1),
    }
}

fn tell(stage: &mut Stage, status: &str) {
    let word = word(stage, status);
    beat::check(&stage.node, &word).unwrap();
    stage.happen(&Happened::Beat(word));
}

#[test]
fn the_installer_is_booted_once_with_a_token_made_beforehand() {
    let mut stage = available();
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.plan(), ["deploy", "power_off", "set_boot_to_disk", "boot_disk"]);
    assert_eq!(stage.node.boots, Boots::Installer);
    assert!(
        stage.node.agent.as_ref().is_some_and(|agent| agent.pregenerated) && stage.node.boot_token.is_some()
    );
    let wanted = [
        Effect::Boot(BootPart::Fetch),
        OFF,
        Effect::Boot(BootPart::Mode { wanted: None }),
        Effect::Boot(BootPart::Device { lasts: false }),
        ON,
    ];
    assert_eq!(stage.pay_all(), wanted);
    assert_eq!((stage.state(), stage.phase()), (Provision::DeployWait, Some(Phase::FirstBeat)));
}

#[test]
fn its_end_leads_to_the_disk() {
    let mut stage = installing();
    tell(&mut stage, "start");
    assert_eq!((stage.state(), stage.waits_for()), (Provision::DeployWait, Some(WaitFor::Installer)));
    assert!(stage.journal.iter().any(|event| event.text == "the installer tells: it says start"));
    tell(&mut stage, "end");
    assert_eq!((stage.state(), stage.step()), (Provision::Deploying, "power_off"));
    assert!(stage.node.agent.is_none() && stage.node.boot_token.is_none(), "nothing of it is given out");
    assert_eq!(stage.pay_well(), OFF);
    assert_eq!(stage.step(), "set_boot_to_disk");
    stage.turn(Turn::done());
    assert_eq!(stage.pay_all(), [Effect::Boot(BootPart::Mode { wanted: None }), ON]);
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Disk));
    assert_eq!(stage.node.power, Some(Power::On));
}

#[test]
fn its_error_fails_the_deployment_with_its_words() {
    let mut stage = installing();
    tell(&mut stage, "error");
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(
        stage.error().contains("in step deploy.deploy: the installer says: it says error"),
        "{}",
        stage.error()
    );
    assert_eq!(stage.pay_well(), OFF);
    assert!(stage.node.agent.is_none());
}

#[test]
fn its_silence_fails_the_deployment_and_each_word_renews_the_wait() {
    let mut stage = installing();
    let before = stage.node.wait.clone().unwrap().number;
    tell(&mut stage, "start");
    assert!(stage.node.wait.clone().unwrap().number > before);
    stage.due();
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("has told nothing for 1800 s since it began"), "{}", stage.error());
    let mut stage = installing();
    stage.due();
    assert!(stage.error().contains("no word of the installer within 1800 s"), "{}", stage.error());
}

#[test]
fn a_word_that_comes_before_power_on_is_answered_counts() {
    let mut stage = available();
    stage.deploy(&[]).unwrap();
    for _ in 0..4 {
        stage.pay_well();
    }
    tell(&mut stage, "end");
    assert_eq!(stage.state(), Provision::Deploying);
    stage.pay_well();
    assert_eq!(stage.step(), "power_off");
}

#[test]
fn in_maintenance_its_word_is_kept_until_that_ends() {
    let mut stage = installing();
    stage.ask(&Ask::Maintenance { on: true, reason: None }).unwrap();
    tell(&mut stage, "end");
    assert_eq!((stage.state(), stage.step()), (Provision::DeployWait, "deploy"));
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    assert_eq!((stage.state(), stage.step()), (Provision::Deploying, "power_off"));
}

#[test]
fn a_start_of_the_daemon_goes_on_waiting_and_hears_the_end() {
    let mut stage = installing();
    stage.happen(&Happened::Opened);
    tell(&mut stage, "end");
    stage.happen(&Happened::Opened);
    stage.pay_all();
    stage.turn(Turn::done());
    stage.pay_all();
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn an_abort_and_a_failed_fetch_leave_no_installer_behind() {
    let mut stage = installing();
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.node.boots), (Provision::DeployFail, Boots::Nothing));
    let mut stage = available();
    stage.deploy(&[]).unwrap();
    stage.pay(Outcome::Failed(Failure::step("kickstart template of Ferric cannot be used")));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("cannot be used"), "{}", stage.error());
}

#[test]
fn only_an_installer_may_call_without_an_address() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage.lookup(1).unwrap();
    let why = beat::check(&stage.node, &word(&stage, "end")).unwrap_err();
    assert!(why.contains("callback_url is empty"), "{why}");
    stage.happen(&Happened::Beat(word(&stage, "end")));
    assert_eq!(stage.step(), "deploy");
}

#[test]
fn nobody_else_is_given_a_token_while_an_installer_works() {
    let mut stage = installing();
    let refused = stage.lookup(9).unwrap_err();
    assert!(refused.to_string().contains("not expecting a ramdisk"), "{refused}");
    tell(&mut stage, "start");
    assert!(stage.lookup(9).is_err());
    tell(&mut stage, "end");
    assert_eq!(stage.step(), "power_off");
}

#[test]
fn a_boot_interface_that_brings_nothing_is_told_by_name() {
    let mut stage = Stage::at("anaconda", Provision::Available);
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("boot interface \"x\" cannot bring an installer"), "{}", stage.error());
}
