//! Inspections in a lane: how long they may take, who waits for them, and what they leave.

use serde_json::json;

use super::cut::Point;
use super::lanes::{provision, seconds, trick};
use super::rig::{Rig, id};
use super::world::Trick;
use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::time::Clock;
use crate::driver::fake::delays::{FakeDelay, FakeDelays};
use crate::model::Object;
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::decision::ask::Ask;
use crate::model::decision::refusal::Refusal;
use crate::model::moves::Verb;
use crate::model::port::{Port, PortWished};
use crate::model::provision::Provision;

/// Two fake machines whose BMCs take so long to tell all.
async fn rig(tells_in: u64) -> Rig {
    rig_of(2, tells_in).await
}

async fn rig_of(count: u128, tells_in: u64) -> Rig {
    let inspect = FakeDelay::of(seconds(tells_in));
    let mut rig = Rig::with(FakeDelays { inspect, ..FakeDelays::default() });
    rig.put((1..=count).map(|n| rig.node(n, "fake", Provision::Manageable)).collect()).await;
    rig.start(Point::Never);
    rig
}

const ADDRESS: Mac = Mac([2, 0, 0, 0, 0, 1]);

#[tokio::test]
async fn what_is_told_is_there_once_the_node_is_manageable_and_goes_with_it() {
    let mut rig = rig(0).await;
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.until(1, |node| node.inspection_finished_at.is_some()).await;
    let node = rig.seen(1).unwrap();
    assert_eq!((node.provision, node.last_error.as_deref()), (Provision::Manageable, None));
    assert_eq!(node.wished.properties["memory_mb"], 4096);
    assert_eq!(rig.ports(1), [(ADDRESS, true)]);
    assert_eq!(rig.inventory(1).unwrap().inventory["memory"], json!({"physical_mb": 4096}));
    rig.ask(1, Ask::Delete).await.unwrap();
    assert_eq!((rig.inventory(1), rig.ports(1)), (None, Vec::new()));
    rig.stop().await;
}

#[tokio::test]
async fn a_slow_bmc_has_half_an_hour_and_no_other_ask_comes_between() {
    let mut rig = rig(1700).await;
    let before = rig.clock.tick();
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.clock.pass(seconds(1000)).await;
    assert_eq!(rig.seen(1).unwrap().provision, Provision::Inspecting);
    assert!(rig.seen(1).unwrap().reserved);
    for ask in [provision(Verb::Abort), Ask::Power { target: PowerTarget::On, timeout: None }, Ask::Delete] {
        let refusal = rig.ask(1, ask).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Locked { .. }), "{refusal}");
    }
    rig.until(1, |node| node.provision == Provision::Manageable).await;
    assert_eq!(rig.clock.tick().since(before), seconds(1700));
    rig.stop().await;
}

#[tokio::test]
async fn a_bmc_that_never_ends_fails_the_inspection_by_name() {
    let mut rig = rig(3000).await;
    let before = rig.clock.tick();
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::InspectFail).await;
    assert_eq!(rig.clock.tick().since(before), seconds(1800));
    let error = rig.seen(1).unwrap().last_error.clone().unwrap();
    for part in ["node n1", "interface fake", "the fake machine of", "within 1800 s", "inspect it again"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!((rig.owed(), rig.inventory(1)), (0, None));
    rig.stop().await;
}

#[tokio::test]
async fn a_silent_bmc_fails_it_and_the_next_one_may_do_well() {
    let mut rig = rig(0).await;
    trick(&rig, "inspect", Trick::Silent);
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::InspectFail).await;
    *rig.world.script.lock().unwrap() = None;
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.until(1, |node| node.provision == Provision::Manageable).await;
    assert_eq!(rig.seen(1).unwrap().last_error, None);
    rig.stop().await;
}

#[tokio::test]
async fn an_inspection_that_was_cut_short_is_begun_anew_with_its_full_time() {
    let mut rig = rig(1700).await;
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.clock.pass(seconds(1000)).await;
    rig.start_again().await;
    let before = rig.clock.tick();
    rig.until(1, |node| node.provision != Provision::Inspecting).await;
    assert_eq!(rig.seen(1).unwrap().provision, Provision::Manageable);
    assert_eq!(rig.clock.tick().since(before), seconds(1700));
    rig.stop().await;
}

#[tokio::test]
async fn inspections_after_a_start_keep_no_change_waiting() {
    let mut rig = rig_of(10, 1000).await;
    for n in 1..=9 {
        rig.ask(n, provision(Verb::Inspect)).await.unwrap();
    }
    trick(&rig, "power on", Trick::Stall(seconds(100)));
    rig.ask(10, Ask::Power { target: PowerTarget::On, timeout: None }).await.unwrap();
    *rig.world.script.lock().unwrap() = None;
    rig.start_again().await;
    let before = rig.clock.tick();
    rig.until(10, |node| node.power == Some(Power::On) && !node.reserved).await;
    assert_eq!(rig.clock.tick(), before);
    for n in 1..=9 {
        rig.until(n, |node| node.provision == Provision::Manageable).await;
    }
    assert_eq!(rig.clock.tick().since(before), seconds(1000));
    rig.stop().await;
}

#[tokio::test]
async fn a_mac_that_another_node_has_stays_there() {
    let mut rig = rig(0).await;
    let port = Port {
        id: PortId(uuid::Uuid::from_u128(9)),
        order: 0,
        created_at: Moment(0),
        updated_at: None,
        node: id(2),
        address: ADDRESS,
        wished: PortWished::default(),
        internal_info: Object::new(),
    };
    rig.ask(2, Ask::PortCreate(Box::new(port))).await.unwrap();
    rig.ask(1, provision(Verb::Inspect)).await.unwrap();
    rig.until(1, |node| node.inspection_finished_at.is_some()).await;
    assert_eq!((rig.ports(1), rig.ports(2)), (Vec::new(), vec![(ADDRESS, true)]));
    let told = rig.site().reader.journal(id(1), 0, 100).unwrap();
    assert!(told.iter().any(|entry| entry.text.contains(&format!("is node {}'s", id(2)))), "{told:#?}");
    rig.stop().await;
}
