//! Power of a card and its server: each lane sees to its own, and nobody waits for ever.

use std::time::Duration;

use super::cut::Point;
use super::lanes::{ON, seconds, trick};
use super::rig::{LONG, Rig, id};
use super::world::Trick;
use crate::model::bmc::power::{Power, PowerTarget};
use crate::model::decision::ask::Ask;
use crate::model::provision::Provision;

const OFF: Ask = Ask::Power { target: PowerTarget::Off, timeout: None };

/// A server, which is node 1, and its card, which is node 2; both are off.
async fn family(point: Point) -> Rig {
    let mut rig = Rig::new();
    let server = rig.node(1, "fake", Provision::Manageable);
    let mut card = rig.node(2, "fake", Provision::Manageable);
    card.wished.parent_node = Some(id(1));
    rig.put(vec![server, card]).await;
    (1..=2).for_each(|n| rig.world.add(id(n), Power::Off));
    rig.start(point);
    rig
}

fn powers(rig: &Rig) -> [Option<Power>; 2] {
    [1, 2].map(|n| rig.world.machine(id(n), |one| one.power))
}

/// Asks for the power of a node until it is there, however often the daemon is cut; how much it did before the first
/// cut.
async fn play(point: Point) -> (usize, usize) {
    let mut rig = family(point).await;
    let first = rig.cut().clone();
    for (n, ask, power) in [(2, ON, Power::On), (1, OFF, Power::Off)] {
        let reached = |rig: &Rig| {
            let rests = |n| rig.seen(n).is_some_and(|node| node.power == Some(power) && !node.reserved);
            rests(1) && rests(2) && powers(rig) == [Some(power); 2]
        };
        while !reached(&rig) {
            let (asking, cut) = (rig.asking(n, ask.clone()), rig.cut().clone());
            let over = rig.clock.run_until(LONG, || cut.is_dead() || reached(&rig)).await;
            assert!(over, "{point:?}: {:#?}\n{:#?}", rig.seen(n), cut.log());
            rig.clock.settle().await;
            asking.abort();
            if cut.is_dead() {
                rig.start_again().await;
                // What was owed is paid; what was not kept is asked for again.
                rig.clock.pass(seconds(60)).await;
            }
        }
    }
    for n in 1..=2 {
        let node = rig.seen(n).unwrap();
        assert_eq!((node.last_error.clone(), node.target_power), (None, None), "{point:?}");
    }
    assert_eq!(rig.owed(), 0);
    rig.stop().await;
    (first.commits(), first.calls())
}

#[tokio::test]
async fn a_card_and_its_server_follow_each_other_over_any_cut() {
    let (commits, calls) = play(Point::Never).await;
    assert!(commits > 4 && calls >= 4, "{commits} {calls}");
    for k in 1..=commits {
        play(Point::BeforeCommit(k)).await;
        play(Point::AfterCommit(k)).await;
    }
    for k in 1..=calls {
        play(Point::BeforeCall(k)).await;
        play(Point::SentCall(k)).await;
        play(Point::AnsweredCall(k)).await;
    }
}

#[tokio::test]
async fn a_card_whose_server_is_busy_says_so_and_stays_off() {
    let mut rig = family(Point::Never).await;
    trick(&rig, "power on", Trick::Stall(seconds(20)));
    let busy = rig.asking(1, Ask::Power { target: PowerTarget::On, timeout: None });
    rig.clock.settle().await;
    // Its server comes on for another reason, later than a card waits for a lock.
    rig.ask(2, ON).await.unwrap();
    rig.until(2, |node| !node.reserved).await;
    let card = rig.seen(2).unwrap();
    assert_eq!((card.power, card.target_power), (Some(Power::Off), None));
    let error = card.last_error.clone().unwrap();
    assert!(error.contains("power on parent") && error.contains("locked"), "{error}");
    rig.clock.pass(Duration::from_mins(1)).await;
    busy.await.unwrap().unwrap();
    rig.stop().await;
}

#[tokio::test]
async fn a_card_whose_server_does_not_come_on_is_not_switched() {
    let mut rig = family(Point::Never).await;
    let script = |_: &_, _, called: &'static str| (called == "power on").then(|| Trick::Silent);
    *rig.world.script.lock().unwrap() = Some(Box::new(script));
    rig.ask(2, ON).await.unwrap();
    rig.until(2, |node| node.last_error.is_some() && !node.reserved).await;
    let error = rig.seen(2).unwrap().last_error.clone().unwrap();
    assert!(error.contains("n1"), "{error}");
    assert_eq!(powers(&rig), [Some(Power::Off); 2]);
    rig.stop().await;
}
