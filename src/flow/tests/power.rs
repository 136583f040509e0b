//! Power: requests, what was seen, and power sync.

use super::stage::{Stage, silent};
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::bmc::{Keep, Remembered};
use crate::model::boot::BootDevice;
use crate::model::decision::effect::{Effect, Look, Purpose};
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::{Failure, FailureKind};

fn wishes(stage: &Stage) -> Vec<(PowerWish, u32)> {
    stage
        .owed
        .iter()
        .map(|owed| {
            let Effect::Power { wish, limit } = owed.effect else { panic!("{owed:?}") };
            (wish, limit)
        })
        .collect()
}

#[test]
fn each_target_has_its_wishes_and_its_time() {
    let (off, on, soft) = ((PowerWish::Off, 60), (PowerWish::On, 60), (PowerWish::SoftOff, 600));
    let cases: [(_, _, &[_]); 5] = [
        (PowerTarget::On, Power::Off, &[on]),
        (PowerTarget::Off, Power::On, &[off]),
        (PowerTarget::Reboot, Power::On, &[off, on]),
        (PowerTarget::SoftOff, Power::On, &[soft]),
        (PowerTarget::SoftReboot, Power::On, &[(PowerWish::SoftReset, 600)]),
    ];
    for (target, from, expected) in cases {
        let mut stage = Stage::at("plain", Provision::Active);
        stage.node.power = Some(from);
        stage.power_ask(target).unwrap();
        assert_eq!(wishes(&stage), expected, "{target:?}");
        assert_eq!(stage.node.target_power, Some(target.goal()));
        stage.pay_all();
        assert_eq!((stage.node.power, stage.node.target_power), (Some(target.goal()), None), "{target:?}");
    }
}

#[test]
fn a_time_of_the_request_goes_before_the_sites() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage
        .ask(&crate::model::decision::ask::Ask::Power { target: PowerTarget::On, timeout: Some(7) })
        .unwrap();
    assert_eq!(wishes(&stage), [(PowerWish::On, 7)]);
}

#[test]
fn the_same_power_needs_no_command() {
    for (target, power) in
        [(PowerTarget::On, Power::On), (PowerTarget::Off, Power::Off), (PowerTarget::SoftOff, Power::Off)]
    {
        let mut stage = Stage::at("plain", Provision::Active);
        stage.node.power = Some(power);
        stage.node.last_error = Some("old".to_owned());
        stage.power_ask(target).unwrap();
        assert_eq!((stage.owed.len(), stage.error()), (0, ""));
    }
}

#[test]
fn a_failure_strikes_what_comes_after() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.power = Some(Power::On);
    stage.power_ask(PowerTarget::Reboot).unwrap();
    stage.pay(Outcome::Failed(Failure::step("the machine is power on after 60 s")));
    assert_eq!(stage.owed, []);
    assert_eq!((stage.node.power, stage.node.target_power), (Some(Power::On), None));
    assert!(stage.error().contains("power off of node n1 failed"), "{}", stage.error());
    assert!(!stage.node.wished.maintenance);
}

#[test]
fn power_is_refused_where_it_does_harm() {
    for from in [Provision::Cleaning, Provision::CleanWait] {
        let mut stage = Stage::at("plain", from);
        assert!(matches!(stage.power_ask(PowerTarget::On).unwrap_err(), Refusal::Invalid(_)));
    }
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.wished.disable_power_off = true;
    assert!(matches!(stage.power_ask(PowerTarget::Off).unwrap_err(), Refusal::Conflict(_)));
    stage.node.wished.interfaces.power = "hard".to_owned();
    for target in [PowerTarget::On, PowerTarget::SoftReboot] {
        assert!(matches!(stage.power_ask(target).unwrap_err(), Refusal::Invalid(_)), "{target:?}");
    }
}

#[test]
fn settings_that_could_not_be_looked_at_refuse_power() {
    let mut stage = Stage::at("plain", Provision::Active);
    let ask = crate::model::decision::ask::Ask::Power { target: PowerTarget::On, timeout: None };
    let refusal = stage.ask_seen(&ask, &[silent()]).unwrap_err();
    assert!(refusal.to_string().contains("Failed to validate power info"), "{refusal}");
    stage.ask_seen(&ask, &[Seen::Valid(Vec::new())]).unwrap();
}

/// One round of power sync that sees this.
fn round(stage: &mut Stage, seen: Seen) {
    stage.happen(&Happened::SyncDue);
    assert_eq!(stage.see(seen), Look::Power);
}

#[test]
fn a_machine_is_pushed_back_when_it_was_seen_twice() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.power = Some(Power::On);
    round(&mut stage, Seen::Power(Power::Off));
    assert_eq!((stage.owed.len(), stage.node.misses), (0, 1));
    round(&mut stage, Seen::Power(Power::Off));
    assert_eq!((wishes(&stage), stage.owed[0].purpose), (vec![(PowerWish::On, 60)], Purpose::Sync));
    stage.pay_all();
    round(&mut stage, Seen::Power(Power::On));
    assert_eq!(stage.node.misses, 0);
}

#[test]
fn a_machine_that_will_not_stay_gets_a_person() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.power = Some(Power::On);
    for _ in 0..5 {
        round(&mut stage, Seen::Power(Power::Off));
        stage.pay_all();
    }
    assert_eq!((stage.node.fault, stage.node.power), (Some(Fault::Power), Some(Power::Off)));
    assert!(stage.node.wished.maintenance);
    round(&mut stage, Seen::Power(Power::Off));
    assert_eq!((stage.node.fault, stage.node.wished.maintenance), (None, false));
    assert!(stage.node.wait.is_none());
}

#[test]
fn the_record_follows_if_the_site_does_not_force() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.policy.force_power_state_during_sync = false;
    round(&mut stage, Seen::Power(Power::On));
    assert_eq!(stage.node.power, Some(Power::On));
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.power = None;
    round(&mut stage, Seen::Power(Power::On));
    assert_eq!(stage.node.power, Some(Power::On), "nothing was known");
}

#[test]
fn a_silent_bmc_is_a_fault_that_heals() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.power = Some(Power::On);
    for misses in 1..=3 {
        round(&mut stage, silent());
        assert_eq!((stage.node.misses, stage.node.fault), (misses, None));
    }
    round(&mut stage, silent());
    assert_eq!((stage.node.fault, stage.waits_for()), (Some(Fault::Power), Some(WaitFor::Power)));
    assert!(stage.error().contains("n1 is out of hand"), "{}", stage.error());
    let kept = stage.kept;
    round(&mut stage, silent());
    assert_eq!(stage.kept, kept, "a fault that stays is not written again");
    stage.due();
    assert_eq!(stage.looks, [Look::Power]);
    stage.see(silent());
    assert_eq!(stage.waits_for(), Some(WaitFor::Power));
    stage.due();
    stage.see(Seen::Power(Power::Off));
    assert_eq!((stage.node.fault, stage.node.wished.maintenance), (None, false));
    let seen = (stage.node.power, stage.owed.len());
    assert_eq!(seen, (Some(Power::Off), 0), "what was done meanwhile is not undone");
}

#[test]
fn a_look_that_was_not_made_is_no_miss() {
    for kind in [FailureKind::Untried, FailureKind::Account] {
        let mut stage = Stage::at("plain", Provision::Active);
        (0..9).for_each(|_| round(&mut stage, Seen::Silent(Failure::new(kind, "not now"))));
        assert_eq!((stage.node.misses, stage.node.fault, stage.kept), (0, None, 0), "{kind:?}");
        (0..4).for_each(|_| round(&mut stage, silent()));
        stage.due();
        stage.see(Seen::Silent(Failure::new(kind, "not now")));
        assert_eq!(stage.waits_for(), Some(WaitFor::Power), "{kind:?}: a fault is looked at again");
    }
}

#[test]
fn recovery_goes_on_after_a_start_in_the_middle_of_a_look() {
    let mut stage = Stage::at("plain", Provision::Active);
    (0..4).for_each(|_| round(&mut stage, silent()));
    stage.due();
    assert_eq!(stage.node.wait, None);
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.waits_for(), Some(WaitFor::Power));
}

#[test]
fn a_good_look_commits_nothing() {
    let mut stage = Stage::at("plain", Provision::Active);
    round(&mut stage, Seen::Power(Power::Off));
    assert_eq!(stage.kept, 0);
}

#[test]
fn power_sync_leaves_those_alone_who_work() {
    let skipped = |prepare: fn(&mut Stage)| {
        let mut stage = Stage::at("agent", Provision::Manageable);
        prepare(&mut stage);
        stage.looks.clear();
        stage.happen(&Happened::SyncDue);
        stage.looks.is_empty()
    };
    assert!(!skipped(|_| ()));
    assert!(skipped(|stage| stage.node.wished.maintenance = true));
    assert!(skipped(|stage| stage.node.provision = Provision::Enroll));
    assert!(skipped(|stage| drop(stage.power_ask(PowerTarget::On))));
    assert!(skipped(|stage| drop(stage.verb("provide"))));
    assert!(skipped(|stage| stage.call(Effect::Nmi)));
}

#[test]
fn what_an_interface_cannot_do_is_refused_in_the_words_of_the_api() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.power = Some(Power::Off);
    stage.node.wished.interfaces.power = "nothing".to_owned();
    let Err(Refusal::Invalid(why)) = stage.power_ask(PowerTarget::On) else { panic!("it is refused") };
    assert!(why.ends_with("does not support \"power on\""), "{why}");
}

#[test]
fn a_soft_off_that_is_silent_is_not_a_reboot() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.wished.interfaces.power = "cold".to_owned();
    stage.node.power = Some(Power::On);
    stage.power_ask(PowerTarget::SoftReboot).unwrap();
    stage.pay(Outcome::Failed(Failure::silent("no answer")));
    assert_eq!(stage.owed, []);
}

#[test]
fn a_boot_device_that_the_machine_forgets_is_set_before_each_power_on() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.call(Effect::BootDevice { device: BootDevice::Disk, persistent: true });
    stage.pay(Outcome::BootDevice { device: BootDevice::Disk, keep: Keep::Device });
    let kept = Some(Remembered { device: Some(BootDevice::Disk), next_is_once: false });
    assert_eq!(stage.node.bmc.remembered_boot_device, kept);
    stage.power_ask(PowerTarget::Reboot).unwrap();
    let labels: Vec<_> = stage.owed.iter().map(|owed| owed.effect.label()).collect();
    assert_eq!(labels, ["power off", "set kept boot device", "power on"]);
    stage.pay_all();
    assert_eq!((stage.node.bmc.remembered_boot_device, stage.node.target_power), (kept, None));
    stage.call(Effect::BootDevice { device: BootDevice::Pxe, persistent: false });
    stage.pay(Outcome::BootDevice { device: BootDevice::Pxe, keep: Keep::Nothing });
    assert_eq!(stage.node.bmc.remembered_boot_device, None, "setting another one ends it");
}

#[test]
fn one_boot_of_another_device_leaves_the_kept_one_for_those_after_it() {
    let mut stage = Stage::at("plain", Provision::Active);
    let kept = Remembered { device: Some(BootDevice::Disk), next_is_once: false };
    stage.node.bmc.remembered_boot_device = Some(kept);
    stage.call(Effect::BootDevice { device: BootDevice::Pxe, persistent: false });
    stage.pay(Outcome::BootDevice { device: BootDevice::Pxe, keep: Keep::NextIsOnce });
    let once = Remembered { next_is_once: true, ..kept };
    assert_eq!((stage.node.bmc.remembered_boot_device, once.due()), (Some(once), None));
    stage.power_ask(PowerTarget::Off).unwrap();
    stage.pay_all();
    assert_eq!(stage.node.bmc.remembered_boot_device, Some(once), "it has not booted yet");
    stage.power_ask(PowerTarget::On).unwrap();
    stage.pay_all();
    assert_eq!(stage.node.bmc.remembered_boot_device, Some(kept));
    assert_eq!(kept.due(), Some(BootDevice::Disk));
}

#[test]
fn a_reboot_of_what_is_never_switched_off_is_one_press() {
    for (target, wish, limit) in
        [(PowerTarget::Reboot, PowerWish::Reset, 60), (PowerTarget::SoftReboot, PowerWish::SoftReset, 600)]
    {
        let mut stage = Stage::at("plain", Provision::Active);
        stage.node.power = Some(Power::On);
        stage.node.wished.disable_power_off = true;
        stage.power_ask(target).unwrap();
        assert_eq!(wishes(&stage), [(wish, limit)]);
        stage.pay_all();
        assert_eq!((stage.node.power, stage.node.target_power), (Some(Power::On), None));
    }
}

#[test]
fn a_soft_reboot_that_would_switch_off_is_refused_where_that_is_disabled() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.power = Some(Power::On);
    stage.node.wished.interfaces.power = "cold".to_owned();
    stage.node.wished.disable_power_off = true;
    let refused = stage.power_ask(PowerTarget::SoftReboot).unwrap_err();
    assert!(matches!(&refused, Refusal::Conflict(why) if why.contains("disable_power_off")), "{refused:?}");
    stage.node.wished.disable_power_off = false;
    stage.power_ask(PowerTarget::SoftReboot).unwrap();
    assert_eq!(wishes(&stage), [(PowerWish::SoftOff, 600), (PowerWish::On, 60)]);
}
