//! Inspections of machines that are left to boot from the network by themselves: which are, and how they go.

use std::sync::Arc;

use serde_json::json;

use super::in_band::{fill_in, inventory, tell, told_of};
use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::flow::tests::stage::{Stage, object};
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::ask::{Answer, Ask, ProvisionAsk, TokenAnswer};
use crate::model::decision::effect::{Effect, Purpose};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::policy::ManagedBoot;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::port::{Port, PortWished};
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::Failure;

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };
const ON: Effect = Effect::Power { wish: PowerWish::On, limit: 60 };
const RESET: Effect = Effect::Power { wish: PowerWish::Reset, limit: 60 };
const PXE: Effect = Effect::BootDevice { device: BootDevice::Pxe, persistent: false };

fn manageable(boot: &str, managed: ManagedBoot) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    fill_in(&mut stage.catalog);
    stage.node.wished.interfaces.boot = boot.to_owned();
    stage.node.wished.interfaces.inspect = "agent".to_owned();
    stage.policy.inspector.managed_boot = managed;
    stage
}

fn add_port(stage: &mut Stage, pxe_enabled: bool) {
    stage.ports.push(Arc::new(Port {
        id: PortId(uuid::Uuid::from_u128(7)),
        order: 0,
        created_at: stage.node.created_at,
        updated_at: None,
        node: stage.node.id,
        address: Mac([2, 0, 0, 0, 0, 1]),
        wished: PortWished { pxe_enabled, ..PortWished::default() },
        internal_info: Object::new(),
    }));
}

/// Asks for an inspection; the boot interface is judged so.
fn inspect(stage: &mut Stage, reason: Option<&str>) -> Result<Answer, Refusal> {
    let reason = reason.map(str::to_owned);
    let seen = [Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }])];
    stage.ask_seen(&Ask::Provision(ProvisionAsk::new(Verb::Inspect, "inspect")), &seen)
}

/// Its machine boots by itself.
fn waiting() -> Stage {
    let mut stage = manageable("network", ManagedBoot::WherePossible);
    inspect(&mut stage, None).unwrap();
    assert_eq!(stage.pay_all(), [OFF, PXE, ON]);
    stage
}

#[test]
fn a_machine_that_its_boot_interface_cannot_boot_is_started_from_the_network() {
    let mut stage = manageable("network", ManagedBoot::WherePossible);
    inspect(&mut stage, Some("there is no ramdisk for x86_64 machines")).unwrap();
    assert!(stage.node.is_left_to_network(), "also before it waits");
    assert_eq!(stage.pay_all(), [OFF, PXE, ON]);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::InspectWait, Some(WaitFor::Inspection)));
    let node = &stage.node;
    assert_eq!((node.boots, &node.boot_token, &node.agent), (Boots::Ramdisk, &None, &None));
    assert!(node.is_left_to_network() && !node.reserved);
}

#[test]
fn the_site_says_who_may_be_left_to_the_network() {
    use ManagedBoot::{ByInterface, Required, WherePossible};
    let bad = Some("import one");
    for (managed, boot, port, reason, left) in [
        (ByInterface, "x", None, None, Ok(true)),
        (ByInterface, "network", Some(true), None, Ok(false)),
        (ByInterface, "network", Some(true), bad, Err("import one")),
        (ByInterface, "nosuch", None, None, Err("not part of this version")),
        (Required, "x", None, None, Err("require_managed_boot")),
        (Required, "network", Some(true), None, Ok(false)),
        (Required, "network", Some(true), bad, Err("import one")),
        (WherePossible, "x", None, None, Ok(true)),
        (WherePossible, "nosuch", None, Some("not enabled"), Ok(true)),
        (WherePossible, "network", Some(true), None, Ok(false)),
        (WherePossible, "network", Some(true), bad, Ok(true)),
        (WherePossible, "network", Some(false), None, Ok(true)),
        (WherePossible, "network", None, None, Ok(true)),
        (WherePossible, "medium", None, None, Ok(false)),
        (WherePossible, "medium", None, bad, Err("import one")),
        (WherePossible, "url", None, bad, Err("import one")),
    ] {
        let case = format!("{managed:?} {boot} {port:?} {reason:?}");
        let mut stage = manageable(boot, managed);
        if let Some(pxe_enabled) = port {
            add_port(&mut stage, pxe_enabled);
        }
        match (inspect(&mut stage, reason), left) {
            (Ok(_), Ok(left)) => {
                assert_eq!(stage.node.is_left_to_network(), left, "{case}");
                assert_eq!(stage.node.boot_token.is_none(), left, "{case}");
                let told =
                    stage.journal.iter().any(|event| event.text.contains("left to boot from the network"));
                assert_eq!(told, left, "{case}");
            }
            (Err(refused), Err(word)) => {
                assert!(refused.to_string().contains(word), "{case}: {refused}");
                assert_eq!((stage.state(), stage.owed.len()), (Provision::Manageable, 0), "{case}");
            }
            (outcome, _) => panic!("{case}: {outcome:?}"),
        }
    }
}

#[test]
fn settings_that_contradict_each_other_are_to_be_mended() {
    let mut stage = manageable("network", ManagedBoot::WherePossible);
    add_port(&mut stage, true);
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:bios"}));
    stage.node.wished.instance_info = object(json!({"capabilities": {"boot_mode": "uefi"}}));
    let refused = inspect(&mut stage, Some("boot_mode:bios and boot_mode:uefi")).unwrap_err();
    assert!(refused.to_string().contains("boot_mode:bios"), "{refused}");
}

#[test]
fn what_it_tells_is_taken_and_nobody_gets_an_identity_after_it() {
    let mut stage = waiting();
    let answer = stage.lookup(1).unwrap();
    assert!(matches!(answer, Answer::Token(TokenAnswer::Plain(_))), "{answer:?}");
    tell(&mut stage, told_of(inventory())).unwrap();
    let node = &stage.node;
    assert_eq!((node.boots, &node.agent, node.is_left_to_network()), (Boots::Nothing, &None, false));
    let refused = stage.lookup(1).unwrap_err();
    assert!(matches!(refused, Refusal::NotFound(_)), "{refused}");
    assert_eq!(stage.pay_all(), [OFF]);
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
    assert!(stage.inventory.is_some());
    assert_eq!(stage.ports.len(), 1, "the NIC that booted gets a port");
}

#[test]
fn however_it_ends_the_machine_goes_off() {
    for (end, word) in
        [("a hook fails", "inspect it again"), ("nobody tells", "by itself"), ("abort", "abort")]
    {
        let mut stage = waiting();
        match end {
            "a hook fails" => drop(tell(&mut stage, told_of(Object::new())).unwrap()),
            "nobody tells" => stage.due(),
            _ => drop(stage.verb("abort").unwrap()),
        }
        assert_eq!(stage.state(), Provision::InspectFail, "{end}");
        assert!(stage.error().contains(word), "{end}: {}", stage.error());
        assert!(!stage.node.is_left_to_network() && stage.node.boots == Boots::Nothing, "{end}");
        assert!(stage.owed.iter().all(|owed| owed.purpose == Purpose::Aftermath), "{end}");
        assert_eq!(stage.pay_all(), [OFF], "{end}");
        let late = tell(&mut stage, told_of(inventory())).unwrap_err();
        assert!(matches!(late, Refusal::NotFound(_)), "{end}: {late}");
    }
}

#[test]
fn the_site_may_leave_it_on_and_one_that_is_never_off_is_started_anew() {
    let mut stage = waiting();
    stage.policy.inspector.power_off = false;
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Manageable, 0));
    assert_eq!(stage.node.power, Some(Power::On));

    let mut stage = manageable("network", ManagedBoot::WherePossible);
    stage.node.wished.disable_power_off = true;
    inspect(&mut stage, None).unwrap();
    assert_eq!(stage.pay_all(), [PXE, RESET]);
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!(stage.pay_all(), [RESET]);
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn a_machine_that_cannot_be_started_fails_the_inspection_with_a_remedy() {
    for (part, remedy) in [(PXE, "boot devices"), (ON, "driver_info")] {
        let mut stage = manageable("network", ManagedBoot::WherePossible);
        inspect(&mut stage, None).unwrap();
        while stage.owed[0].effect != part {
            stage.pay_well();
        }
        stage.pay(Outcome::Failed(Failure::step("the BMC refuses")));
        assert_eq!(stage.state(), Provision::InspectFail, "{part:?}");
        for word in ["node n1", "the BMC refuses", remedy] {
            assert!(stage.error().contains(word), "{word} in {}", stage.error());
        }
        assert_eq!(stage.pay_all(), [OFF], "{part:?}");
    }
}

#[test]
fn after_a_start_it_goes_on_where_it_stood() {
    let mut stage = manageable("network", ManagedBoot::WherePossible);
    inspect(&mut stage, None).unwrap();
    stage.happen(&Happened::Opened);
    stage.pay_all();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::InspectWait, Some(WaitFor::Inspection)));
    assert!(stage.node.is_left_to_network());
    tell(&mut stage, told_of(inventory())).unwrap();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.pay_all(), [OFF]);
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn the_next_inspection_is_managed_again_once_that_is_possible() {
    let mut stage = waiting();
    tell(&mut stage, told_of(inventory())).unwrap();
    stage.pay_all();
    inspect(&mut stage, None).unwrap();
    assert!(!stage.node.is_left_to_network(), "it has a port by now");
    assert!(stage.node.boot_token.is_some());
}
