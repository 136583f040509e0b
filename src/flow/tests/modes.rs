use super::stage::Stage;
use crate::model::bmc::panel::{Mode, ModeWish, Modes, Passthru};
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::{Effect, Look, Purpose};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::Failure;

const UEFI: ModeWish = ModeWish::Boot(Mode::Uefi);

fn says(mode: Mode) -> Modes {
    Modes { boot: Some(mode), secure: None }
}

fn at(power: Power) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.power = Some(power);
    stage
}

/// Asked for UEFI, and the machine says that it still has BIOS.
fn late(power: Power) -> Stage {
    let mut stage = at(power);
    stage.ask(&Ask::Mode(UEFI)).unwrap();
    stage.pay(Outcome::Modes(says(Mode::Bios)));
    stage
}

fn wishes(stage: &Stage) -> Vec<PowerWish> {
    let wish = |effect: &Effect| if let Effect::Power { wish, .. } = effect { Some(*wish) } else { None };
    stage.owed.iter().filter_map(|owed| wish(&owed.effect)).collect()
}

#[test]
fn a_mode_that_is_in_force_at_once_is_done() {
    let mut stage = at(Power::On);
    stage.ask(&Ask::Mode(UEFI)).unwrap();
    assert_eq!((stage.owed[0].purpose, stage.node.reserved), (Purpose::Mode, true));
    stage.pay(Outcome::Modes(says(Mode::Uefi)));
    assert!(stage.owed.is_empty() && stage.node.mode_change.is_none() && !stage.node.reserved);
    assert_eq!(stage.node.wished.boot_mode.as_deref(), Some("uefi"));
}

#[test]
fn one_that_cannot_be_read_is_believed() {
    let mut stage = at(Power::On);
    stage.ask(&Ask::Mode(ModeWish::Secure(true))).unwrap();
    stage.pay(Outcome::Modes(Modes::default()));
    assert!(stage.node.mode_change.is_none() && stage.node.last_error.is_none());
}

#[test]
fn one_that_waits_for_a_boot_gets_one() {
    let mut stage = late(Power::On);
    assert_eq!(wishes(&stage), [PowerWish::Off, PowerWish::On]);
    stage.pay_all();
    assert_eq!((stage.waits_for(), stage.node.reserved), (Some(WaitFor::Mode), true));
    stage.due();
    assert_eq!(stage.see(Seen::Modes(says(Mode::Bios))), Look::Modes);
    stage.due();
    stage.see(Seen::Modes(says(Mode::Uefi)));
    assert!(stage.node.mode_change.is_none() && stage.node.wait.is_none() && !stage.node.reserved);
    assert_eq!(stage.node.power, Some(Power::On));
}

#[test]
fn a_machine_that_was_off_is_off_again_in_the_end() {
    let mut stage = late(Power::Off);
    assert_eq!(wishes(&stage), [PowerWish::On]);
    stage.pay_all();
    stage.due();
    stage.see(Seen::Modes(says(Mode::Uefi)));
    assert_eq!(wishes(&stage), [PowerWish::Off]);
    stage.pay_all();
    assert_eq!((stage.node.mode_change.is_none(), stage.node.power), (true, Some(Power::Off)));
}

#[test]
fn a_machine_that_is_never_switched_off_is_reset() {
    let mut stage = at(Power::On);
    stage.node.wished.disable_power_off = true;
    stage.ask(&Ask::Mode(UEFI)).unwrap();
    stage.pay(Outcome::Modes(says(Mode::Bios)));
    assert_eq!(wishes(&stage), [PowerWish::Reset]);
}

#[test]
fn firmware_that_never_takes_it_up_is_told() {
    let mut stage = late(Power::On);
    stage.pay_all();
    for _ in 0..60 {
        assert!(stage.node.mode_change.is_some());
        stage.due();
        stage.see(Seen::Silent(Failure::silent("no answer")));
    }
    assert!(stage.node.mode_change.is_none() && stage.node.wait.is_none());
    let error = stage.error();
    assert!(error.contains("boot mode uefi") && error.contains("900 s"), "{error}");
}

#[test]
fn a_failure_on_the_way_strikes_the_rest() {
    for place in 0..2 {
        let mut stage = late(Power::On);
        (0..place).for_each(|_| drop(stage.pay_well()));
        stage.pay(Outcome::Failed(Failure::step("no")));
        assert!(stage.owed.is_empty() && stage.node.mode_change.is_none(), "{place}");
        assert!(stage.error().contains("failed: no"), "{}", stage.error());
    }
}

#[test]
fn a_restart_goes_on_looking() {
    let mut stage = late(Power::On);
    stage.pay_all();
    stage.due();
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.waits_for(), Some(WaitFor::Mode));
    stage.due();
    stage.see(Seen::Modes(says(Mode::Uefi)));
    assert!(stage.node.mode_change.is_none());
}

#[test]
fn nobody_else_works_on_the_machine_meanwhile() {
    let mut stage = late(Power::On);
    stage.pay_all();
    assert!(matches!(stage.power_ask(PowerTarget::Off), Err(Refusal::Locked { .. })));
    assert!(matches!(stage.ask(&Ask::Mode(UEFI)), Err(Refusal::Locked { .. })));
    stage.ask(&Ask::Maintenance { on: true, reason: None }).unwrap();
    stage.happen(&Happened::SyncDue);
    assert!(stage.looks.is_empty());
}

#[test]
fn a_node_at_work_is_left_alone() {
    let mut stage = Stage::at("plain", Provision::Cleaning);
    assert!(matches!(stage.ask(&Ask::Mode(UEFI)), Err(Refusal::Conflict(_))));
}

#[test]
fn what_a_round_of_sync_sees_is_recorded() {
    let mut stage = at(Power::On);
    stage.happen(&Happened::SyncDue);
    stage.see(Seen::Power(Power::On));
    assert_eq!(stage.see(Seen::Modes(Modes { boot: Some(Mode::Bios), secure: Some(false) })), Look::Modes);
    let wished = &stage.node.wished;
    assert_eq!((wished.boot_mode.as_deref(), wished.secure_boot), (Some("bios"), Some(false)));
}

#[test]
fn a_vendor_method_found_owed_is_not_called_again() {
    let mut stage = at(Power::On);
    let call = Passthru { method: "m".to_owned(), http: "POST".to_owned(), ticket: 1 };
    stage.ask(&Ask::Passthru(call)).unwrap();
    stage.happen(&Happened::Opened);
    assert!(stage.owed.is_empty());
    assert!(stage.error().contains("unknown whether done"), "{}", stage.error());
}

#[test]
fn a_reset_found_owed_is_not_pressed_again() {
    let mut stage = at(Power::On);
    stage.node.wished.disable_power_off = true;
    stage.power_ask(PowerTarget::Reboot).unwrap();
    assert_eq!(wishes(&stage), [PowerWish::Reset]);
    stage.happen(&Happened::Opened);
    assert!(stage.owed.is_empty() && stage.node.target_power.is_none());
    assert!(stage.error().contains("unknown whether done"), "{}", stage.error());
}

#[test]
fn an_enabled_console_is_opened_again_and_a_failure_is_history_only() {
    let mut stage = at(Power::On);
    stage.node.wished.console_enabled = true;
    stage.happen(&Happened::Opened);
    assert_eq!(stage.owed[0].effect, Effect::Console { on: true });
    stage.happen(&Happened::Opened);
    assert_eq!(stage.owed.len(), 1, "it is owed already");
    stage.pay(Outcome::Failed(Failure::silent("no answer")));
    assert!(stage.node.wished.console_enabled && stage.node.last_error.is_none());
}
