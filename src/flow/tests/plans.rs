//! Plan order: priority, then the interface's weight, then the order in which they were named.

use super::stage::{Stage, asked, in_band, offered};
use crate::flow::plan;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::step::{Kind, Step};

fn plan_of(deploy: &str, steps: &[crate::model::step::AskedStep]) -> Vec<String> {
    let mut stage = Stage::at(deploy, Provision::Available);
    stage.deploy(steps).unwrap();
    stage.plan().into_iter().map(str::to_owned).collect()
}

/// Contract `steps.md` section 1, the heavier interface first.
#[test]
fn equal_priorities_are_ordered_by_interface() {
    let golden: [(Kind, &[Interface]); 3] = [
        (
            Kind::Clean,
            &[
                Interface::Vendor,
                Interface::Power,
                Interface::Management,
                Interface::Firmware,
                Interface::Deploy,
                Interface::Bios,
                Interface::Raid,
            ],
        ),
        (
            Kind::Deploy,
            &[
                Interface::Vendor,
                Interface::Power,
                Interface::Management,
                Interface::Firmware,
                Interface::Deploy,
                Interface::Bios,
                Interface::Raid,
            ],
        ),
        (
            Kind::Verify,
            &[
                Interface::Power,
                Interface::Management,
                Interface::Firmware,
                Interface::Inspect,
                Interface::Deploy,
                Interface::Boot,
                Interface::Bios,
                Interface::Raid,
                Interface::Vendor,
                Interface::Network,
                Interface::Storage,
                Interface::Console,
                Interface::Rescue,
            ],
        ),
    ];
    for (kind, order) in golden {
        assert!(order.is_sorted_by(|a, b| kind.weight(*a) > kind.weight(*b)), "{kind:?}");
    }
}

#[test]
fn the_agent_deployment_in_order() {
    assert_eq!(
        plan_of("agent", &[]),
        [
            "deploy",
            "fetch_steps",
            "write_image",
            "prepare_instance_boot",
            "tear_down_agent",
            "switch_to_tenant_network",
            "boot_instance"
        ]
    );
}

#[test]
fn a_request_overrides_and_removes() {
    let plan = plan_of(
        "agent",
        &[asked(Interface::Deploy, "write_image", 50), asked(Interface::Deploy, "boot_instance", 0)],
    );
    assert_eq!(
        plan[2..],
        ["prepare_instance_boot", "write_image", "tear_down_agent", "switch_to_tenant_network"]
    );
}

#[test]
fn reserved_names_are_kept_each_time_in_their_order() {
    let names = ["hold", "wait", "power_off", "power_on", "hold"];
    let steps: Vec<_> = names.iter().map(|name| asked(Interface::Deploy, name, 50)).collect();
    assert_eq!(plan_of("plain", &steps)[1..], names);
}

#[test]
fn a_driver_without_an_agent_skips_what_it_does_not_know() {
    assert_eq!(
        plan_of("plain", &[asked(Interface::Deploy, "conjure", 70), asked(Interface::Deploy, "hold", 60)]),
        ["deploy", "hold"]
    );
}

#[test]
fn the_site_orders_cleaning() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.policy.erase_devices_priority = Some(0);
    stage.policy.erase_devices_metadata_priority = Some(5);
    stage.policy.clean_step_priority_override =
        vec![("raid.delete_configuration".to_owned(), 90), ("bios.factory_reset".to_owned(), 0)];
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("erase_devices", 10), ("erase_devices_metadata", 99)]));
    assert_eq!(stage.plan()[2..], ["delete_configuration", "erase_devices_metadata", "power_off"]);
}

#[test]
fn what_the_agent_offers_does_not_come_twice() {
    let stage = {
        let mut stage = Stage::at("agent", Provision::Available);
        stage.deploy(&[]).unwrap();
        stage
    };
    let old: Vec<Step> = stage.node.run.unwrap().plan;
    let new = plan::deploy_with_agent(&old, 2, &[offered("write_image", 90), offered("early", 95)]).unwrap();
    let names: Vec<_> = new.iter().map(|step| step.step.as_str()).collect();
    assert_eq!(names[..4], ["deploy", "fetch_steps", "early", "write_image"]);
    assert_eq!(names.iter().filter(|name| **name == "write_image").count(), 1);
}

#[test]
fn an_endless_plan_is_refused() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    let names: Vec<_> = (0..64).map(|n| format!("step_{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), 50)).collect();
    stage.see(in_band(&many));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("over the limit of 64"), "{}", stage.error());
}

#[test]
fn the_site_orders_verification() {
    let plan = |over: &[(&str, i64)]| -> Vec<String> {
        let mut stage = Stage::new("plain");
        stage.policy.verify_step_priority_override =
            over.iter().map(|(name, priority)| ((*name).to_owned(), *priority)).collect();
        stage.verb("manage").unwrap();
        stage.plan().into_iter().map(str::to_owned).collect()
    };
    assert_eq!(plan(&[]), ["check_power", "check_bmc"]);
    assert_eq!(plan(&[("management.check_bmc", 0)]), ["check_power"]);
    assert_eq!(plan(&[("management.reset", 7)]), ["check_power", "reset", "check_bmc"]);
}
