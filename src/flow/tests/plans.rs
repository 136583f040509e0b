//! Plan order: priority, then the interface's weight, then the order in which they were named. Before all of them an
//! image that this host gives out is readied.

use serde_json::json;

use super::stage::{Stage, asked, failed, in_band, object, offered};
use crate::flow::plan;
use crate::model::bmc::power::Power;
use crate::model::boot::Boots;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Happened;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::{Phase, WaitFor};
use crate::model::step::Kind;
use crate::model::turn::{FailureKind, Turn};

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
    let old = stage.node.run.unwrap();
    let offers = [offered("write_image", 90), offered("early", 95)];
    let new = plan::deploy_with_agent(&old, 2, &offers, &|_| false).unwrap();
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

/// A deployment of an image that this host fetches, from this state.
fn readying(from: Provision, verb: &str) -> Stage {
    let mut stage = Stage::at("agent", from);
    let info = json!({"image_source": "http://10.0.0.9/a.img", "image_download_source": "local"});
    stage.node.wished.instance_info = object(info);
    stage.verb(verb).unwrap();
    assert_eq!((stage.step(), &stage.owed[..]), ("ready_image", &[][..]), "the machine is not touched");
    assert_eq!(stage.looks, [Look::Step { cursor: 0 }]);
    stage
}

/// The same once the download is under way.
fn downloading(from: Provision, verb: &str) -> Stage {
    let mut stage = readying(from, verb);
    let memo = object(json!({"progress": "the image (downloading: 1.0 GiB of 2.0 GiB)"}));
    stage.turn(Turn::LookIn { after: 5, memo });
    stage
}

#[test]
fn an_image_that_this_host_gives_out_is_readied_before_all_other_steps() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.policy.fetches_images = true;
    stage.deploy(&[asked(Interface::Power, "hold", 200)]).unwrap();
    assert_eq!(stage.plan()[..3], ["ready_image", "hold", "deploy"]);
    for (deploy, steps) in [("agent", vec![asked(Interface::Deploy, "write_image", 0)]), ("plain", vec![])] {
        let mut stage = Stage::at(deploy, Provision::Available);
        stage.policy.fetches_images = true;
        stage.deploy(&steps).unwrap();
        assert!(!stage.plan().contains(&"ready_image"), "{deploy}: no image is written");
    }
}

#[test]
fn while_an_image_is_readied_the_node_waits_and_says_how_far_it_is() {
    let mut stage = downloading(Provision::Available, "active");
    let wait = stage.node.wait.clone().unwrap();
    assert_eq!((stage.state(), wait.why, wait.length), (Provision::DeployWait, WaitFor::Look, 5));
    assert!(wait.from_whom.contains("downloading: 1.0 GiB of 2.0 GiB"), "{wait:?}");
    assert!(!stage.node.reserved && stage.owed.is_empty(), "it can be ended, and nothing was done");
    stage.due();
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.step()), (Provision::Deploying, "deploy"));
    stage.pay_all();
    assert_eq!((stage.waits_for(), stage.node.power), (Some(WaitFor::FirstBeat), Some(Power::On)));
    stage.agent_comes();
    stage.see(in_band(&[]));
    assert_eq!(stage.step(), "write_image");
}

#[test]
fn readying_goes_on_after_a_start_of_the_daemon() {
    let mut stage = readying(Provision::Available, "active");
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.looks, [Look::Step { cursor: 0 }]);
    let mut stage = downloading(Provision::Available, "active");
    stage.happen(&Happened::Opened);
    stage.due();
    assert_eq!((stage.looks.clone(), stage.phase()), (vec![Look::Step { cursor: 0 }], Some(Phase::Later)));
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "deploy");
}

#[test]
fn an_image_that_cannot_be_deployed_ends_the_deployment_and_leaves_the_machine_as_it_was() {
    for (from, verb, boots) in
        [(Provision::Available, "active", Boots::Nothing), (Provision::Active, "rebuild", Boots::Disk)]
    {
        for kind in [FailureKind::Step, FailureKind::Lost, FailureKind::Version] {
            let mut stage = Stage::at("agent", from);
            (stage.node.boots, stage.node.power) = (boots, Some(Power::On));
            stage.node.wished.instance_info = object(json!({"image_source": "file:///srv/a.qcow2"}));
            stage.verb(verb).unwrap();
            stage.turn(failed(kind));
            assert_eq!((stage.state(), &stage.owed[..]), (Provision::DeployFail, &[][..]), "{kind:?}");
            assert_eq!((stage.node.boots, stage.node.power), (boots, Some(Power::On)), "{kind:?}");
            let error = stage.error();
            let words = ["node n1", "before the machine was touched", "some reason", "then deploy it again"];
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}

#[test]
fn readying_can_be_ended_and_the_machine_is_left_as_it_was() {
    let mut stage = downloading(Provision::Active, "rebuild");
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), &stage.owed[..]), (Provision::DeployFail, &[][..]));
    assert!(stage.error().contains("aborted by request"), "{}", stage.error());
    assert!(stage.node.run.is_none() && stage.node.wait.is_none());
    let mut stage = downloading(Provision::Available, "active");
    stage.verb("deleted").unwrap();
    assert_eq!(stage.state(), Provision::Deleting);
    stage.pay_all();
    assert_eq!(stage.node.wished.instance_info, object(json!({})));
}
