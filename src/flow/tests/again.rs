//! A machine that boots in a loop: its node says so, and who waits for it ends.

use std::time::Duration;

use serde_json::json;

use super::inspect::in_band::fill_in;
use super::stage::{Stage, object};
use crate::base::mac::Mac;
use crate::flow::boot::again::mark;
use crate::model::boot::Boots;
use crate::model::boot::again::{BootLoop, Looped};
use crate::model::decision::outcome::Happened;
use crate::model::node::Node;
use crate::model::provision::Provision;

/// As it is told of this record.
pub(super) fn looping(node: &Node, what: Looped) -> Happened {
    let (mac, lasted) = (Mac([0x52, 0x54, 0, 0, 0, 1]), Duration::from_mins(4));
    Happened::BootsAgain(BootLoop { mac, what, boots: 11, lasted, mark: mark(node) })
}

/// The machine of a deployment boots its ramdisk.
fn deploying() -> Stage {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.wished.instance_info = object(json!({}));
    stage.deploy(&[]).unwrap();
    while !stage.owed.is_empty() {
        stage.pay_well();
    }
    assert_eq!((stage.state(), stage.node.boots), (Provision::DeployWait, Boots::Ramdisk));
    stage
}

#[test]
fn who_waits_for_the_ramdisk_fails_at_once_and_says_why() {
    let mut stage = deploying();
    stage.happen(&looping(&stage.node.clone(), Looped::Agent));
    assert_eq!(stage.state(), Provision::DeployFail);
    let error = stage.node.last_error.clone().unwrap();
    for part in [
        "again and again, 11 times in 240 s",
        "52:54:00:00:00:01",
        "is stopped",
        "console",
        "deploy it again",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn an_inspection_fails_at_once_too() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    fill_in(&mut stage.catalog);
    stage.node.wished.interfaces.boot = "network".to_owned();
    stage.node.wished.interfaces.inspect = "agent".to_owned();
    stage.verb("inspect").unwrap();
    while !stage.owed.is_empty() {
        stage.pay_well();
    }
    assert_eq!(stage.state(), Provision::InspectWait);
    stage.happen(&looping(&stage.node.clone(), Looped::Agent));
    assert_eq!(stage.state(), Provision::InspectFail);
    let error = stage.node.last_error.clone().unwrap();
    assert!(error.contains("again and again") && error.contains("inspect it again"), "{error}");
}

#[test]
fn a_loop_of_another_boot_changes_nothing() {
    let mut stage = deploying();
    let before = looping(&stage.node, Looped::Agent);
    stage.agent_comes();
    let node = stage.node.clone();
    stage.happen(&before);
    assert_eq!(stage.node, node);
}

#[test]
fn in_maintenance_it_is_said_and_nothing_ends() {
    let mut stage = deploying();
    stage.node.wished.maintenance = true;
    stage.happen(&looping(&stage.node.clone(), Looped::Agent));
    assert_eq!(stage.state(), Provision::DeployWait);
    let error = stage.node.last_error.clone().unwrap();
    assert!(error.contains("power") && error.contains("reboot"), "{error}");
}

#[test]
fn an_instance_that_does_not_stay_up_is_said_and_a_disk_is_journaled() {
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.boots = Boots::Instance;
    stage.happen(&looping(&stage.node.clone(), Looped::Instance));
    assert_eq!(stage.state(), Provision::Active);
    let error = stage.node.last_error.take().unwrap();
    assert!(error.contains("its instance again and again") && error.contains("ferric node power"), "{error}");
    stage.node.boots = Boots::Disk;
    stage.happen(&looping(&stage.node.clone(), Looped::Disk));
    assert_eq!((stage.state(), stage.node.last_error.clone()), (Provision::Active, None));
    assert!(stage.journal.iter().any(|noted| noted.text.contains("its disk again and again")));
}
