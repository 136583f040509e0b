//! Power: what its looks push back and find silent, and how much runs at once after a cut.

use super::cut::Point;
use super::lanes::{ON, rig, seconds, trick};
use super::rig::{Rig, id};
use super::world::Trick;
use crate::base::time::Clock;
use crate::model::bmc::power::Power;
use crate::model::node::Fault;
use crate::model::provision::Provision;

#[tokio::test]
async fn power_sync_pushes_a_machine_back_that_was_seen_twice() {
    let mut rig = Rig::new();
    rig.policy.sync_power_state_interval = 120;
    let mut nodes: Vec<_> = (1..=20).map(|n| rig.node(n, "fake", Provision::Active)).collect();
    for node in &mut nodes {
        node.power = Some(Power::On);
    }
    rig.put(nodes).await;
    (1..=20).for_each(|n| rig.world.add(id(n), if n == 7 { Power::Off } else { Power::On }));
    let start = rig.clock.tick();
    rig.start(Point::Never);
    rig.clock.pass(seconds(130)).await;
    assert_eq!(rig.cut().calls(), 39, "power of all, and how the firmware boots where that is as recorded");
    assert_eq!(rig.cut().commits(), 1, "only the one that differs: {:?}", rig.cut().log());
    rig.clock.run_until(seconds(300), || rig.world.machine(id(7), |one| one.power) == Some(Power::On)).await;
    assert_eq!(rig.clock.tick().since(start), seconds(240));
    assert!(rig.world.at_once.lock().unwrap().1 <= 8);
    rig.stop().await;
}

#[tokio::test]
async fn a_silent_bmc_is_a_fault_and_heals() {
    let mut rig = Rig::new();
    rig.policy.sync_power_state_interval = 120;
    rig.put(vec![rig.node(1, "fake", Provision::Active)]).await;
    rig.world.add(id(1), Power::Off);
    rig.start(Point::Never);
    trick(&rig, "look at power", Trick::Silent);
    rig.until(1, |node| node.fault == Some(Fault::Power)).await;
    rig.stop().await;
    *rig.world.script.lock().unwrap() = None;
    rig.policy.sync_power_state_interval = 0;
    rig.start(Point::Never);
    rig.until(1, |node| node.fault.is_none() && !node.wished.maintenance).await;
    rig.stop().await;
}

#[tokio::test]
async fn after_a_cut_eight_changes_run_at_once() {
    let mut rig = rig(20, "fake", Provision::Active).await;
    trick(&rig, "power on", Trick::Stall(seconds(30)));
    for n in 1..=20 {
        rig.ask(n, ON).await.unwrap();
    }
    rig.clock.settle().await;
    assert_eq!(rig.world.at_once.lock().unwrap().1, 20);
    rig.stop().await;
    *rig.world.at_once.lock().unwrap() = (0, 0);
    rig.start(Point::Never);
    rig.clock.settle().await;
    assert_eq!(rig.world.at_once.lock().unwrap().1, 8);
    for n in 1..=20 {
        rig.until(n, |node| node.power == Some(Power::On)).await;
    }
    assert_eq!(rig.world.at_once.lock().unwrap().1, 8);
    rig.stop().await;
}
