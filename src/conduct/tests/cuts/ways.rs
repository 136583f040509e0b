//! Cuts of each deploy interface beside `direct`, and of what it leaves behind; and of an agent that is used again.

use serde_json::json;

use crate::conduct::tests::cut::Point;
use crate::conduct::tests::cuts::{
    DEPLOY, DEPLOYMENT, End, PROVIDE, Scene, Wish, cut_everywhere, play, provision, run,
};
use crate::conduct::tests::rig::{Rig, id};
use crate::model::Object;
use crate::model::bmc::power::Power;
use crate::model::boot::Boots;
use crate::model::node::Node;
use crate::model::provision::Provision;

/// The instance of before is torn down; not to be taken for what led there.
const UNDEPLOY_AFTER: Wish = Wish {
    when: |node| node.provision == Provision::Active && super::is_at_rest(node),
    ask: || provision("deleted"),
    taken: |node| {
        matches!(
            node.provision,
            Provision::Deleting | Provision::Cleaning | Provision::CleanWait | Provision::Available
        )
    },
};
/// The same of a deployment after cleaning.
const DEPLOY_AFTER: Wish = Wish {
    taken: |node| matches!(node.provision, Provision::Deploying | Provision::DeployWait | Provision::Active),
    ..DEPLOY
};

fn uncut(scene: &Scene) -> End {
    run(play(scene, [Point::Never; 2])).0
}

/// How often this was done at the node's machine.
fn done(end: &End, step: &str) -> u32 {
    end.machine.as_ref().map_or(0, |(_, traces)| traces.done.get(step).copied().unwrap_or(0))
}

fn instance(node: &mut Node, info: serde_json::Value) {
    node.wished.instance_info = serde_json::from_value::<Object>(info).unwrap();
}

/// The agent has two steps of its own to offer, and the site no image.
#[expect(clippy::ptr_arg, reason = "what a scene's set-up takes")]
fn offers(rig: &mut Rig, nodes: &mut Vec<Node>) {
    rig.world.machine(id(1), |one| one.offers = 2);
    instance(&mut nodes[0], json!({}));
}

#[test]
fn a_deployment_by_steps_of_the_agent_alone_survives_cuts() {
    let scene = Scene { deploy: "custom-agent", setup: offers, ..DEPLOYMENT };
    let end = uncut(&scene);
    let (_, traces) = end.machine.unwrap();
    let offered: Vec<_> = traces.done.iter().filter(|(step, _)| step.contains("_xxx")).collect();
    assert_eq!((offered.len(), traces.done.get("write_image")), (2, None), "{traces:?}");
    cut_everywhere(&scene);
}

#[test]
fn the_boot_of_a_ramdisk_of_the_instances_own_and_its_end_survive_cuts() {
    for wired in [false, true] {
        let scene = Scene {
            deploy: "ramdisk",
            wired,
            setup: |_, nodes| instance(&mut nodes[0], json!({"boot_iso": "http://10.0.0.1/a.iso"})),
            ..DEPLOYMENT
        };
        let end = uncut(&scene);
        let (power, traces) = end.machine.clone().unwrap();
        assert_eq!((power, end.boots, traces.cd.is_some()), (Power::On, Boots::Instance, wired));
        cut_everywhere(&scene);
        let gone = Scene { wishes: &[DEPLOY, UNDEPLOY_AFTER], end: Provision::Available, ..scene };
        assert_eq!(uncut(&gone).machine.unwrap().1.cd, None);
        cut_everywhere(&gone);
    }
}

#[expect(clippy::ptr_arg, reason = "what a scene's set-up takes")]
fn installs(_: &mut Rig, nodes: &mut Vec<Node>) {
    nodes[0].wished.interfaces.boot = "ipxe".to_owned();
}

#[test]
fn a_deployment_by_an_installer_survives_cuts() {
    let scene = Scene { deploy: "anaconda", setup: installs, ..DEPLOYMENT };
    let end = uncut(&scene);
    assert_eq!((end.boots, done(&end, "set_boot_to_disk")), (Boots::Disk, 1));
    assert_eq!(end.machine.unwrap().1.switched, (2, 1), "into the installer, and into the disk");
    cut_everywhere(&scene);
}

#[expect(clippy::ptr_arg, reason = "what a scene's set-up takes")]
fn container(_: &mut Rig, nodes: &mut Vec<Node>) {
    instance(&mut nodes[0], json!({"image_source": "oci://registry/os:1"}));
}

#[test]
fn a_deployment_of_a_bootable_container_survives_cuts() {
    let scene = Scene { deploy: "bootc", setup: container, ..DEPLOYMENT };
    let end = uncut(&scene);
    assert_eq!((done(&end, "execute_bootc_install"), done(&end, "set_boot_to_disk")), (1, 1));
    cut_everywhere(&scene);
}

#[test]
fn what_stands_in_for_autodetect_and_its_way_back_survive_cuts() {
    let scene = Scene { deploy: "autodetect", ..DEPLOYMENT };
    let end = uncut(&scene);
    assert_eq!((end.deploy.as_str(), done(&end, "write_image")), ("direct", 1));
    cut_everywhere(&scene);
    let gone = Scene { wishes: &[DEPLOY, UNDEPLOY_AFTER], end: Provision::Available, ..scene };
    assert_eq!(uncut(&gone).deploy, "autodetect");
    cut_everywhere(&gone);
}

#[test]
fn an_agent_that_is_used_again_is_so_after_cuts() {
    let scene = Scene {
        start: Provision::Manageable,
        wishes: &[PROVIDE, DEPLOY_AFTER],
        setup: |rig, _| rig.policy.fast_track = true,
        ..DEPLOYMENT
    };
    let (end, log, ..) = run(play(&scene, [Point::Never; 2]));
    assert_eq!((done(&end, "erase_devices"), done(&end, "write_image")), (1, 1));
    let boots = log.iter().filter(|call| call.ends_with(": power on")).count();
    assert_eq!(boots, 2, "no boot between cleaning and deployment: {log:#?}");
    cut_everywhere(&scene);
}
