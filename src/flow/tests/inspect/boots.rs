//! What an inspection by a ramdisk owes to boot it and to take it away again, by boot interface; and how that goes wrong.

use serde_json::json;

use super::in_band::{fill_in, inventory, tell, told_of};
use crate::flow::tests::stage::{Stage, object};
use crate::model::Object;
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::Boots;
use crate::model::decision::ask::{Answer, Ask, ProvisionAsk, TokenAnswer};
use crate::model::decision::effect::{BootPart, Effect, Look, Purpose};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::inspection::told::Told;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::policy::CollectLogs;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::Failure;

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };
const RESET: Effect = Effect::Power { wish: PowerWish::Reset, limit: 60 };
const INSERT: Effect = Effect::Boot(BootPart::Insert);
const EJECT: Effect = Effect::Boot(BootPart::Eject);
const TELL_MODE: Effect = Effect::Boot(BootPart::Mode { wanted: None });
const BIOS: Effect = Effect::Boot(BootPart::Mode { wanted: Some(Mode::Bios) });
const ONCE: Effect = Effect::Boot(BootPart::Device { lasts: false });

/// A node that is inspected by a ramdisk, with this boot interface.
fn manageable(boot: &str) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    fill_in(&mut stage.catalog);
    stage.node.wished.interfaces.boot = boot.to_owned();
    stage.node.wished.interfaces.inspect = "agent".to_owned();
    stage
}

fn modes(boot: Mode) -> Modes {
    Modes { boot: Some(boot), secure: None }
}

/// Pays what is owed first; the firmware boots in UEFI mode.
fn pay(stage: &mut Stage) -> Effect {
    match stage.owed.first().map(|owed| &owed.effect) {
        Some(Effect::Boot(BootPart::Mode { .. })) => stage.pay(Outcome::Modes(modes(Mode::Uefi))),
        _ => stage.pay_well(),
    }
}

fn pay_all(stage: &mut Stage) -> Vec<Effect> {
    let mut paid = Vec::new();
    while !stage.owed.is_empty() {
        paid.push(pay(stage));
    }
    paid
}

/// Its ramdisk has booted; what was paid for that.
fn booted(boot: &str) -> (Stage, Vec<Effect>) {
    let mut stage = manageable(boot);
    stage.verb("inspect").unwrap();
    let paid = pay_all(&mut stage);
    (stage, paid)
}

/// Nothing of the boot is in the record.
fn is_over(stage: &Stage) -> bool {
    let node = &stage.node;
    let nothing = (&node.boot_token, &node.agent, &node.mode_change, &node.deploy_boot_mode, &node.wait);
    node.boots == Boots::Nothing && nothing == (&None, &None, &None, &None, &None)
}

/// Whether an inventory is taken, and by whom it is not refused.
fn answer(stage: &mut Stage, told: Told) -> Answer {
    tell(stage, told).unwrap()
}

#[test]
fn each_boot_interface_owes_its_parts_in_order_and_takes_them_away() {
    for (boot, parts, end) in [
        ("network", vec![OFF, TELL_MODE, ONCE, ON], vec![OFF]),
        ("medium", vec![OFF, INSERT, TELL_MODE, ONCE, ON], vec![OFF, EJECT]),
        ("url", vec![OFF, TELL_MODE, ONCE, ON], vec![OFF]),
    ] {
        let (mut stage, paid) = booted(boot);
        assert_eq!(paid, parts, "{boot}");
        let waits = (stage.state(), stage.waits_for(), stage.node.boots);
        assert_eq!(waits, (Provision::InspectWait, Some(WaitFor::Inspection), Boots::Ramdisk), "{boot}");
        assert!(stage.node.boot_token.is_some(), "{boot}");
        let is_known = stage.node.agent.as_ref().is_some_and(|agent| agent.pregenerated);
        assert_eq!(is_known, boot != "network", "{boot}: what it boots bears a token");
        tell(&mut stage, told_of(inventory())).unwrap();
        assert!(is_over(&stage), "{boot}: nothing of the ramdisk is given out any more");
        assert_eq!(pay_all(&mut stage), end, "{boot}");
        assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""), "{boot}");
    }
}

#[test]
fn each_boot_has_files_and_an_identity_of_its_own() {
    let (mut stage, _) = booted("medium");
    let identity = |stage: &Stage| {
        let agent = stage.node.agent.as_ref().map(|agent| agent.token.clone());
        (stage.node.boot_token.clone().unwrap(), agent.unwrap())
    };
    let first = identity(&stage);
    assert_ne!(first.0, first.1);
    assert_eq!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Masked), "it came with the medium");
    tell(&mut stage, told_of(inventory())).unwrap();
    pay_all(&mut stage);
    stage.verb("inspect").unwrap();
    let second = identity(&stage);
    assert!(first.0 != second.0 && first.1 != second.1);
}

#[test]
fn the_ramdisk_is_taken_away_however_it_ends() {
    for end in ["a hook fails", "nobody tells", "abort"] {
        let (mut stage, _) = booted("medium");
        match end {
            "a hook fails" => drop(tell(&mut stage, told_of(Object::new())).unwrap()),
            "nobody tells" => stage.due(),
            _ => drop(stage.verb("abort").unwrap()),
        }
        assert_eq!(stage.state(), Provision::InspectFail, "{end}");
        assert!(is_over(&stage), "{end}");
        assert!(stage.owed.iter().all(|owed| owed.purpose == Purpose::Aftermath), "{end}");
        assert_eq!(pay_all(&mut stage), [OFF, EJECT], "{end}");
        assert_eq!(stage.state(), Provision::InspectFail, "{end}");
    }
}

#[test]
fn a_machine_that_stays_on_has_its_medium_taken_away_too() {
    let (mut stage, _) = booted("medium");
    stage.policy.inspector.power_off = false;
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!(pay_all(&mut stage), [EJECT]);
    assert_eq!((stage.state(), stage.node.power), (Provision::Manageable, Some(Power::On)));
}

#[test]
fn a_machine_that_is_never_off_is_started_anew_without_its_medium() {
    let mut stage = manageable("medium");
    stage.node.wished.disable_power_off = true;
    stage.verb("inspect").unwrap();
    assert_eq!(pay_all(&mut stage), [INSERT, TELL_MODE, ONCE, RESET]);
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!(pay_all(&mut stage), [EJECT, RESET]);
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn a_part_that_does_not_work_is_told_by_name_with_a_remedy() {
    for (boot, part, remedy) in [
        ("medium", OFF, "driver_info"),
        ("medium", INSERT, "reaches what it is to hold"),
        ("medium", TELL_MODE, "firmware's setup"),
        ("medium", ONCE, "another boot interface"),
        ("medium", ON, "driver_info"),
        ("network", ONCE, "another boot interface"),
        ("url", ONCE, "another boot interface"),
    ] {
        let mut stage = manageable(boot);
        stage.verb("inspect").unwrap();
        while stage.owed[0].effect != part {
            pay(&mut stage);
        }
        stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
        assert_eq!(stage.state(), Provision::InspectFail, "{boot} {part:?}");
        for word in ["node n1", &part.text(), "the BMC refuses", remedy, "inspect it again"] {
            assert!(stage.error().contains(word), "{word} in {}", stage.error());
        }
        assert!(is_over(&stage), "{boot} {part:?}");
        let after = pay_all(&mut stage);
        assert_eq!(after, if boot == "medium" { vec![OFF, EJECT] } else { vec![OFF] }, "{boot} {part:?}");
    }
}

#[test]
fn a_medium_that_stays_in_fails_the_inspection_but_what_was_told_is_kept() {
    let (mut stage, _) = booted("medium");
    tell(&mut stage, told_of(inventory())).unwrap();
    stage.pay_well();
    assert_eq!(stage.pay(Outcome::Failed(Failure::step("the BMC refuses"))), EJECT);
    assert_eq!(stage.state(), Provision::InspectFail);
    for word in ["node n1", "is kept", "empty the drives: the BMC refuses", "Empty the virtual drives"] {
        assert!(stage.error().contains(word), "{word} in {}", stage.error());
    }
    assert!(stage.inventory.is_some() && !stage.ports.is_empty());
    assert_eq!(pay_all(&mut stage), [OFF, EJECT], "it is tried once more beside the failure");
    stage.verb("manage").unwrap();
    assert_eq!(stage.state(), Provision::Manageable);
}

/// A node that is to boot in BIOS mode, as its firmware does not yet; it is off and has been told to.
fn to_change() -> Stage {
    let mut stage = manageable("medium");
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:bios"}));
    stage.verb("inspect").unwrap();
    for part in [OFF, INSERT, BIOS] {
        assert_eq!(pay(&mut stage), part);
    }
    stage
}

#[test]
fn a_mode_that_is_taken_up_when_the_machine_boots_has_a_boot_of_its_own() {
    let mut stage = to_change();
    assert_eq!(pay_all(&mut stage), [ON], "the boot device is not used up by it");
    assert_eq!((stage.state(), stage.waits_for()), (Provision::Inspecting, Some(WaitFor::Mode)));
    assert!(stage.node.reserved);
    stage.due();
    stage.see(Seen::Modes(modes(Mode::Uefi)));
    stage.due();
    assert_eq!(stage.see(Seen::Modes(modes(Mode::Bios))), Look::Modes);
    for part in [OFF, INSERT] {
        assert_eq!(stage.pay_well(), part);
    }
    assert_eq!(stage.pay(Outcome::Modes(modes(Mode::Bios))), BIOS);
    assert_eq!(stage.pay_all(), [ONCE, ON]);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::InspectWait, Some(WaitFor::Inspection)));
    assert_eq!((&stage.node.mode_change, stage.node.reserved), (&None, false));
    let mut told = inventory();
    told["boot"]["current_boot_mode"] = json!("bios");
    tell(&mut stage, told_of(told)).unwrap();
    assert_eq!(stage.pay_all(), [OFF, EJECT]);
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn a_mode_that_is_not_taken_up_fails_the_inspection_with_a_remedy() {
    let mut never = to_change();
    pay_all(&mut never);
    for _ in 0..60 {
        never.due();
        never.see(Seen::Modes(modes(Mode::Uefi)));
    }
    let mut back = to_change();
    pay_all(&mut back);
    back.due();
    back.see(Seen::Modes(modes(Mode::Bios)));
    for part in [OFF, INSERT, BIOS] {
        assert_eq!(pay(&mut back), part);
    }
    let mut dark = to_change();
    dark.pay(Outcome::Failed(Failure::step("no power")));
    for (mut stage, word) in [(never, "900 s"), (back, "gone again"), (dark, "power on failed: no power")] {
        assert_eq!(stage.state(), Provision::InspectFail, "{word}");
        for word in ["node n1", "boot mode bios", word, "capabilities"] {
            assert!(stage.error().contains(word), "{word} in {}", stage.error());
        }
        assert!(is_over(&stage), "{word}");
        assert_eq!(pay_all(&mut stage), [OFF, EJECT], "{word}");
    }
}

#[test]
fn after_a_start_each_phase_goes_on_where_it_stood() {
    let mut stage = to_change();
    stage.happen(&Happened::Opened);
    pay_all(&mut stage);
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::Inspecting, Some(WaitFor::Mode)));
    stage.due();
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    stage.due();
    stage.see(Seen::Modes(modes(Mode::Bios)));
    stage.happen(&Happened::Opened);
    stage.pay_well();
    stage.pay_well();
    stage.pay(Outcome::Modes(modes(Mode::Bios)));
    stage.happen(&Happened::Opened);
    stage.pay_all();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::InspectWait, Some(WaitFor::Inspection)));
    let mut told = inventory();
    told["boot"]["current_boot_mode"] = json!("bios");
    tell(&mut stage, told_of(told)).unwrap();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.pay_all(), [OFF, EJECT]);
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn a_reset_that_was_cut_is_not_pressed_again_and_its_medium_comes_out() {
    let mut stage = manageable("medium");
    stage.node.wished.disable_power_off = true;
    stage.verb("inspect").unwrap();
    for part in [INSERT, TELL_MODE, ONCE] {
        assert_eq!(pay(&mut stage), part);
    }
    stage.happen(&Happened::Opened);
    assert_eq!(stage.state(), Provision::InspectFail);
    assert!(stage.error().contains("unknown whether done"), "{}", stage.error());
    assert_eq!(pay_all(&mut stage), [EJECT, RESET]);
}

#[test]
fn without_random_numbers_or_with_two_modes_the_machine_is_not_touched() {
    let mut stage = manageable("network");
    stage.no_tokens = true;
    stage.verb("inspect").unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::InspectFail, 0));
    assert!(stage.error().contains("random") && is_over(&stage), "{}", stage.error());

    let mut stage = manageable("network");
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:bios"}));
    stage.node.wished.instance_info = object(json!({"capabilities": {"boot_mode": "uefi"}}));
    stage.verb("inspect").unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::InspectFail, 0));
    assert!(stage.error().contains("boot_mode:bios") && is_over(&stage), "{}", stage.error());
}

#[test]
fn a_node_that_cannot_boot_a_ramdisk_is_refused_before_anything_moves() {
    let reason = Some("there is no ramdisk for x86_64 machines; import one".to_owned());
    let seen = Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }]);
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Inspect, "inspect"));
    let mut stage = manageable("medium");
    let refused = stage.ask_seen(&ask, std::slice::from_ref(&seen)).unwrap_err().to_string();
    assert!(refused.contains("import one"), "{refused}");
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Manageable, 0));
    stage.node.wished.interfaces.inspect = "x".to_owned();
    stage.ask_seen(&ask, &[seen]).unwrap();
    assert_eq!(stage.state(), Provision::Inspecting, "the BMC tells without a ramdisk");
}

#[test]
fn the_ramdisks_logs_are_kept_as_the_site_wants() {
    for (policy, of_failure, of_success) in [
        (CollectLogs::OnFailure, true, false),
        (CollectLogs::Always, true, true),
        (CollectLogs::Never, false, false),
    ] {
        for (inventory, keep_logs) in [(Object::new(), of_failure), (inventory(), of_success)] {
            let (mut stage, _) = booted("network");
            stage.policy.collect_logs = policy;
            assert_eq!(answer(&mut stage, told_of(inventory)), Answer::Told { keep_logs }, "{policy:?}");
        }
    }
}
