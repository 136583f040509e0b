//! Boot mode and Secure Boot: set before the boot, awaited, kept.

use serde_json::json;

use super::{
    EJECT, INSECURE, INSERT, OFF, ON, ONCE, SECURE, UEFI, booted, modes, pay_all, stage, valid, written,
};
use crate::flow::tests::stage::object;
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::Power;
use crate::model::boot::Boots;
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};

#[test]
fn the_wanted_mode_is_set_and_kept() {
    let (mut stage, paid) = booted("network", json!({"capabilities": {"boot_mode": "bios"}}));
    let bios = Effect::Boot(BootPart::Mode { wanted: Some(Mode::Bios) });
    assert_eq!(paid[1], bios);
    assert_eq!(
        stage.waits_for(),
        Some(WaitFor::Mode),
        "this machine is in UEFI mode, and boots to change it"
    );
    assert_eq!(stage.node.power, Some(Power::On));
    stage.due();
    stage.see(Seen::Modes(Modes { boot: Some(Mode::Uefi), secure: None }));
    stage.due();
    assert_eq!(stage.looks, [Look::Modes]);
    stage.see(Seen::Modes(Modes { boot: Some(Mode::Bios), secure: None }));
    assert_eq!(stage.phase(), Some(Phase::Reboot { into: Boots::Ramdisk }), "and then it boots the ramdisk");
    stage.pay_well();
    assert_eq!(stage.pay(modes(Mode::Bios)), bios);
    stage.pay_all();
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    assert_eq!(stage.node.deploy_boot_mode, Some(Mode::Bios));
}

#[test]
fn a_mode_that_is_never_taken_up_ends_the_pipeline_with_a_remedy() {
    let (mut stage, _) = booted("network", json!({"capabilities": {"boot_mode": "bios"}}));
    for _ in 0..60 {
        stage.due();
        stage.see(Seen::Modes(Modes { boot: Some(Mode::Uefi), secure: None }));
    }
    assert_eq!(stage.state(), Provision::DeployFail);
    let error = stage.error();
    assert!(
        error.contains("boot mode bios") && error.contains("900 s") && error.contains("capabilities"),
        "{error}"
    );
}

#[test]
fn a_mode_that_goes_back_each_time_ends_the_pipeline() {
    let (mut stage, _) = booted("network", json!({"capabilities": {"boot_mode": "bios"}}));
    stage.due();
    stage.see(Seen::Modes(Modes { boot: Some(Mode::Bios), secure: None }));
    stage.pay_well();
    stage.pay(modes(Mode::Uefi));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("gone again"), "{}", stage.error());
}

#[test]
fn a_start_of_the_daemon_looks_at_the_firmware_again() {
    let (mut stage, _) = booted("network", json!({"capabilities": {"boot_mode": "bios"}}));
    stage.due();
    let fence = stage.begin_look();
    stage.happen(&Happened::Opened);
    stage.due();
    stage.see(Seen::Modes(Modes { boot: Some(Mode::Bios), secure: None }));
    assert_eq!(stage.phase(), Some(Phase::Reboot { into: Boots::Ramdisk }));
    let seen = Seen::Modes(Modes::default());
    stage.happen(&Happened::Looked { look: Look::Modes, fence, seen });
    assert_eq!(stage.phase(), Some(Phase::Reboot { into: Boots::Ramdisk }), "what came late is dropped");
}

#[test]
fn two_words_on_the_mode_that_differ_are_an_error() {
    let mut stage = stage("agent", "network", Provision::Available);
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:bios"}));
    stage.node.wished.instance_info = object(json!({"capabilities": {"boot_mode": "uefi"}}));
    stage.deploy(&[]).unwrap();
    stage.see(valid());
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("boot_mode:bios"), "{}", stage.error());
}

#[test]
fn secure_boot_is_on_for_the_instance_alone_and_off_after_it() {
    let asked = json!({"capabilities": {"secure_boot": "true"}});
    let (mut stage, paid) = booted("medium", asked);
    assert_eq!(paid, [OFF, INSERT, UEFI, ONCE, ON], "the ramdisk boots without");
    written(&mut stage);
    assert_eq!([stage.pay_well(), stage.pay(modes(Mode::Uefi))], [EJECT, UEFI]);
    let late = Outcome::Modes(Modes { boot: None, secure: Some(false) });
    assert_eq!(stage.pay(late), SECURE);
    assert_eq!(stage.pay_well(), ON);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::DeployWait, Some(WaitFor::Mode)));
    stage.due();
    stage.see(Seen::Modes(Modes { boot: None, secure: Some(true) }));
    assert_eq!(stage.state(), Provision::Active);
    stage.verb("deleted").unwrap();
    assert_eq!(pay_all(&mut stage)[..3], [OFF, EJECT, INSECURE]);
}
