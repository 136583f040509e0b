//! Machines that nobody has enrolled, through power cuts: what was answered is there, and what is there is whole.

use std::sync::Arc;

use serde_json::json;

use super::cut::Point;
use super::rig::{Rig, id};
use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::Object;
use crate::model::bmc::power::Power;
use crate::model::boot::plan::Discovery;
use crate::model::decision::ask::Ask;
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::discovery::{BmcAccount, Discovered, Goal, Onward, Stage};
use crate::model::inspection::identity::Identity;
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::run::WaitFor;

const MAC: Mac = Mac([2, 0, 0, 0, 0, 1]);

/// What a machine with one NIC tells.
pub(super) fn told() -> Told {
    let inventory: Object = serde_json::from_value(json!({
        "interfaces": [{"name": "eth0", "mac_address": MAC.to_string(), "ipv4_address": "192.0.2.7"}],
        "cpu": {"architecture": "x86_64"},
        "system_vendor": {"serial_number": "CZ3001"},
    }))
    .unwrap();
    let identity = Identity::of(&inventory);
    Told {
        inventory,
        identity,
        macs: vec![MAC],
        ports: vec![PortId(uuid::Uuid::from_u128(7))],
        ..Told::default()
    }
}

fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.policy.discovery.what = Discovery::Enrol;
    rig.policy.discovery.driver = Some("fake-hardware".to_owned());
    rig
}

async fn tell(rig: &Rig) -> Result<RackAnswer, Refusal> {
    rig.desk().rack(RackAsk::Discover(Arc::new(told()))).await
}

fn whole(rig: &Rig) -> bool {
    let published = rig.site().reader.published();
    published.nodes().all(|node| {
        published.ports_of(node.id).count() == 1 && rig.site().reader.inventory(node.id).unwrap().is_some()
    })
}

#[tokio::test]
async fn a_discovered_node_and_its_ports_are_there_or_not_as_one() {
    for (point, there) in [(Point::BeforeCommit(1), 0), (Point::AfterCommit(1), 1)] {
        let mut rig = rig();
        rig.start(point);
        assert!(tell(&rig).await.is_err(), "the power went before the answer");
        rig.start_again().await;
        assert_eq!(rig.site().reader.published().node_count(), there, "{point:?}");
        assert!(whole(&rig));
        let answer = tell(&rig).await.unwrap();
        assert!(matches!(answer, RackAnswer::Node(_)), "{answer:?}");
        assert_eq!(rig.site().reader.published().node_count(), 1, "it is the same machine");
        assert!(whole(&rig));
        rig.stop().await;
    }
}

#[tokio::test]
async fn an_answered_inventory_is_there_after_a_power_cut() {
    for point in [Point::BeforeCommit(1), Point::AfterCommit(1), Point::Never] {
        let mut rig = rig();
        let mut node = rig.node(1, "fake", Provision::InspectWait);
        node.wished.interfaces.inspect = "agent".to_owned();
        node.wait = Some(crate::model::run::Wait {
            number: 1,
            why: WaitFor::Inspection,
            from_whom: "the inspection ramdisk".to_owned(),
            since: Moment(0),
            length: 1800,
            paused: None,
            gives_up: None,
        });
        node.waits = 1;
        node.power = Some(Power::On);
        rig.put(vec![node]).await;
        rig.world.add(id(1), Power::On);
        rig.next = Point::Never;
        // Opening the lane commits nothing: the first commit takes the inventory in.
        rig.start(point);
        let answered = rig.ask(1, Ask::Told(Arc::new(told()))).await.is_ok();
        rig.start_again().await;
        if answered {
            assert!(rig.inventory(1).is_some(), "{point:?}");
        }
        let taken = rig.inventory(1).is_some();
        assert_eq!(taken, !rig.ports(1).is_empty(), "{point:?}: all or nothing");
        if taken {
            rig.until(1, |node| node.provision == Provision::Manageable).await;
            assert_eq!(rig.seen(1).unwrap().power, Some(Power::Off));
        } else {
            assert_eq!(rig.seen(1).unwrap().provision, Provision::InspectWait);
        }
        rig.stop().await;
    }
}

fn on_its_way(rig: &Rig, goal: Goal) -> Node {
    let mut node = rig.node(1, "fake", Provision::Enroll);
    node.discovered = Some(Discovered {
        at: Moment(0),
        onward: Some(Onward { goal, bmc: None, speaks: None, stage: Stage::Sure }),
    });
    node
}

#[tokio::test]
async fn a_discovered_node_reaches_its_goal_by_itself_after_a_start() {
    for (goal, end) in [(Goal::Manageable, Provision::Manageable), (Goal::Available, Provision::Available)] {
        let mut rig = rig();
        rig.put(vec![on_its_way(&rig, goal)]).await;
        rig.world.add(id(1), Power::Off);
        rig.start(Point::Never);
        let there = |node: &Node| node.provision == end && node.discovered.unwrap().onward.is_none();
        rig.until(1, there).await;
        rig.stop().await;
    }
}

#[tokio::test]
async fn its_way_goes_on_wherever_the_power_fails() {
    for number in 1..6 {
        for point in [Point::BeforeCommit(number), Point::AfterCommit(number)] {
            let mut rig = rig();
            rig.put(vec![on_its_way(&rig, Goal::Available)]).await;
            rig.world.add(id(1), Power::Off);
            rig.start(point);
            rig.clock.pass(std::time::Duration::from_secs(30)).await;
            rig.start_again().await;
            rig.until(1, |node| node.provision == Provision::Available).await;
            rig.stop().await;
        }
    }
}

/// A node whose machine says that its BMC is at an address.
fn claimant(rig: &Rig) -> Node {
    let mut node = rig.node(1, "fake", Provision::Enroll);
    let bmc = Some("10.1.0.9".parse().unwrap());
    let onward = Onward { goal: Goal::Manageable, bmc, speaks: None, stage: Stage::Found };
    node.discovered = Some(Discovered { at: Moment(0), onward: Some(onward) });
    node.identity.serial = Some("CZ3001".to_owned());
    node
}

fn rig_with_account() -> Rig {
    let mut rig = rig();
    let (username, password) = ("admin".to_owned(), Secret::new("p"));
    rig.policy.discovery.bmc =
        Some(BmcAccount { kind: None, username, password, password_file: "/p".into() });
    rig
}

#[tokio::test]
async fn a_bmc_is_logged_in_to_once_wherever_the_power_fails() {
    for number in 1..10 {
        for point in [Point::BeforeCommit(number), Point::AfterCommit(number)] {
            let mut rig = rig_with_account();
            rig.put(vec![claimant(&rig)]).await;
            rig.world.add(id(1), Power::On);
            rig.start(point);
            rig.clock.pass(std::time::Duration::from_secs(30)).await;
            rig.start_again().await;
            rig.until(1, |node| node.discovered.unwrap().onward.is_none() && !node.reserved).await;
            let node = rig.seen(1).unwrap();
            let logins = rig.world.machine(id(1), |one| one.logins).unwrap();
            assert!(logins <= 1, "{point:?}: {logins} log-ins");
            if node.provision == Provision::Manageable {
                assert_eq!(node.wished.driver, "redfish");
            } else {
                assert_eq!(node.provision, Provision::Enroll, "{point:?}");
                let error = node.last_error.as_deref().unwrap();
                assert!(error.contains("the daemon stopped") && error.contains("once"), "{error}");
                assert!(node.wished.driver_info.is_empty(), "{point:?}");
            }
            rig.stop().await;
        }
    }
}
