//! Allocations through power cuts, busy nodes and each other: nothing is lost, nothing is had twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::cut::Point;
use super::lanes::{ON, seconds, trick};
use super::rig::{Rig, id};
use super::world::Trick;
use crate::model::allocation::draft::Draft;
use crate::model::allocation::{Allocation, AllocationAsk, AllocationState, Tenancy};
use crate::model::bmc::power::Power;
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb, ProvisionAsk};
use crate::model::decision::refusal::Refusal;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::rack::{RackAnswer, RackAsk};

fn allocation(n: u128, members: Value) -> Allocation {
    let mut body = json!({"resource_class": "big"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let draft = Draft::read(body.as_object().unwrap().clone()).unwrap();
    let candidates = draft.candidates.iter().map(|text| text.parse().unwrap()).collect();
    draft.finish(None, candidates, key(n))
}

fn key(n: u128) -> Uuid {
    Uuid::from_u128(1000 + n)
}

fn free(rig: &Rig, n: u128) -> Node {
    let mut node = rig.node(n, "fake", Provision::Available);
    node.wished.resource_class = Some("big".to_owned());
    node
}

/// A rack of this many free nodes whose daemon ends here.
async fn rig(count: u128, point: Point) -> Rig {
    let mut rig = Rig::new();
    rig.put((1..=count).map(|n| free(&rig, n)).collect()).await;
    (1..=count).for_each(|n| rig.world.add(id(n), Power::Off));
    rig.start(point);
    rig
}

/// Asks the rack; `None` if the power fails before the answer.
async fn asked(rig: &Rig, ask: AllocationAsk) -> Option<Result<RackAnswer, Refusal>> {
    let (desk, clock, cut) = (rig.desk().clone(), rig.clock.clone(), rig.cut().clone());
    let asking = tokio::spawn(async move {
        let answer = desk.rack(RackAsk::Allocation(ask)).await;
        clock.noise();
        answer
    });
    rig.clock.run_until(seconds(60), || asking.is_finished() || cut.is_dead()).await;
    rig.clock.settle().await;
    if asking.is_finished() { Some(asking.await.unwrap()) } else { None }
}

async fn create(rig: &Rig, allocation: Allocation) -> Option<Result<RackAnswer, Refusal>> {
    asked(rig, AllocationAsk::Create(Box::new(allocation))).await
}

fn row(rig: &Rig, n: u128) -> Option<Arc<Allocation>> {
    rig.site().reader.published().shelves().allocations.get(key(n)).cloned()
}

/// Time goes on until it is neither allocating nor unknown to its node.
async fn settled(rig: &Rig, n: u128) -> Arc<Allocation> {
    let cut = rig.cut().clone();
    let done = || cut.is_dead() || row(rig, n).is_some_and(|row| !row.is_allocating());
    assert!(rig.clock.run_until(seconds(300), done).await, "it never comes: {:#?}", row(rig, n));
    row(rig, n).unwrap()
}

/// Rows and nodes tell the same of each other.
fn check(rig: &Rig) -> BTreeMap<Uuid, u128> {
    let published = rig.site().reader.published();
    let rows = &published.shelves().allocations;
    let active = rows.all().filter(|row| row.state == AllocationState::Active);
    let by_row: BTreeMap<_, _> = active.map(|row| (row.id, row.node.unwrap().0.as_u128())).collect();
    let held = published.nodes().filter_map(|node| Some((node.allocation.as_ref()?.id, node.id.0.as_u128())));
    assert_eq!(held.collect::<BTreeMap<_, _>>(), by_row);
    for node in published.nodes() {
        assert_eq!(node.allocation.as_ref().map(|held| held.id), node.wished.instance_uuid);
    }
    by_row
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// Plays it without a cut, then cut before and after each of its commits.
fn cut_everywhere(play: impl AsyncFn(Point) -> usize) {
    let commits = run(play(Point::Never));
    assert!(commits > 2, "{commits}");
    for k in 1..=commits {
        run(play(Point::BeforeCommit(k)));
        run(play(Point::AfterCommit(k)));
    }
}

#[test]
fn two_get_a_node_each_wherever_the_power_fails() {
    cut_everywhere(async |point| {
        let mut rig = rig(3, point).await;
        let first = rig.cut().clone();
        for n in [1, 2] {
            let answer = create(&rig, allocation(n, json!({"name": format!("a{n}")}))).await;
            if rig.cut().is_dead() {
                rig.start_again().await;
                assert!(
                    !matches!(answer, Some(Ok(_))) || row(&rig, n).is_some(),
                    "what was answered is lost"
                );
                if row(&rig, n).is_none() {
                    create(&rig, allocation(n, json!({"name": format!("a{n}")}))).await.unwrap().unwrap();
                }
            }
        }
        while [settled(&rig, 1).await, settled(&rig, 2).await].iter().any(|row| row.is_allocating()) {
            rig.start_again().await;
        }
        rig.clock.pass(seconds(130)).await;
        if rig.cut().is_dead() {
            rig.start_again().await;
            rig.clock.pass(seconds(130)).await;
        }
        let held = check(&rig);
        assert_eq!(held.keys().copied().collect::<Vec<_>>(), [key(1), key(2)]);
        assert_ne!(held[&key(1)], held[&key(2)]);
        let commits = first.commits();
        rig.stop().await;
        commits
    });
}

#[test]
fn what_is_deleted_is_gone_and_its_node_free_wherever_the_power_fails() {
    cut_everywhere(async |point| {
        let mut rig = rig(1, point).await;
        let first = rig.cut().clone();
        create(&rig, allocation(1, json!({}))).await;
        let deleted = asked(&rig, AllocationAsk::Delete(key(1))).await;
        if rig.cut().is_dead() {
            rig.start_again().await;
            rig.clock.pass(seconds(130)).await;
            assert!(
                !matches!(deleted, Some(Ok(_))) || row(&rig, 1).is_none(),
                "what was answered did not hold"
            );
            if row(&rig, 1).is_some() {
                asked(&rig, AllocationAsk::Delete(key(1))).await.unwrap().unwrap();
            }
        }
        rig.clock.pass(seconds(130)).await;
        if rig.cut().is_dead() {
            rig.start_again().await;
            rig.clock.pass(seconds(130)).await;
        }
        assert_eq!((check(&rig).len(), row(&rig, 1)), (0, None));
        let commits = first.commits();
        rig.stop().await;
        commits
    });
}

#[test]
fn a_backfill_is_whole_or_not_there_wherever_the_power_fails() {
    cut_everywhere(async |point| {
        let mut rig = Rig::new();
        let mut node = free(&rig, 1);
        (node.provision, node.wished.instance_uuid) = (Provision::Active, Some(key(1)));
        rig.put(vec![node.clone()]).await;
        rig.world.add(id(1), Power::Off);
        rig.start(point);
        let first = rig.cut().clone();
        let body = json!({"node": "n1"});
        let wish = || {
            Draft::read(body.as_object().unwrap().clone()).unwrap().finish(Some(&node), Vec::new(), key(9))
        };
        let answer = create(&rig, wish()).await;
        if rig.cut().is_dead() {
            rig.start_again().await;
            rig.clock.pass(seconds(130)).await;
            if row(&rig, 1).is_none() {
                assert!(!matches!(answer, Some(Ok(_))));
                create(&rig, wish()).await.unwrap().unwrap();
            }
        }
        let published = rig.site().reader.published();
        assert_eq!(published.shelves().allocations.len(), 1);
        let row = published.shelves().allocations.get(key(1)).unwrap();
        assert_eq!((row.state, row.node), (AllocationState::Active, Some(id(1))));
        check(&rig);
        let commits = first.commits();
        rig.stop().await;
        commits
    });
}

#[tokio::test]
async fn a_busy_node_is_passed_over_and_asked_again_if_there_is_no_other() {
    let mut rig = rig(2, Point::Never).await;
    trick(&rig, "power on", Trick::Stall(seconds(2)));
    rig.ask(1, ON).await.unwrap();
    assert!(rig.seen(1).unwrap().reserved);
    create(&rig, allocation(1, json!({}))).await.unwrap().unwrap();
    assert_eq!(settled(&rig, 1).await.node, Some(id(2)));
    create(&rig, allocation(2, json!({}))).await.unwrap().unwrap();
    assert_eq!(settled(&rig, 2).await.node, Some(id(1)));
    check(&rig);
    rig.stop().await;
}

#[tokio::test]
async fn a_node_that_stays_busy_is_told_of() {
    let mut rig = rig(1, Point::Never).await;
    trick(&rig, "power on", Trick::Stall(seconds(50)));
    rig.ask(1, ON).await.unwrap();
    create(&rig, allocation(1, json!({}))).await.unwrap().unwrap();
    let row = settled(&rig, 1).await;
    let why = row.last_error.as_deref().unwrap();
    assert!(why.contains("could not reserve any of 1 suitable nodes") && why.contains("locked"), "{why}");
    assert_eq!((row.state, row.node, row.candidate), (AllocationState::Error, None, None));
    assert!(rig.seen(1).unwrap().allocation.is_none());
    rig.stop().await;
}

#[tokio::test]
async fn who_comes_last_learns_why_there_is_none() {
    let mut rig = rig(1, Point::Never).await;
    create(&rig, allocation(1, json!({}))).await.unwrap().unwrap();
    create(&rig, allocation(2, json!({}))).await.unwrap().unwrap();
    settled(&rig, 1).await;
    let row = settled(&rig, 2).await;
    assert_eq!(row.state, AllocationState::Error);
    let why = row.last_error.as_deref().unwrap();
    assert!(why.contains("no available nodes match the resource class big: of 1 nodes"), "{why}");
    rig.stop().await;
}

#[tokio::test]
async fn many_at_once_get_a_node_each() {
    let mut rig = rig(20, Point::Never).await;
    let asking: Vec<_> = (1..=20)
        .map(|n| {
            let (desk, ask) = (rig.desk().clone(), AllocationAsk::Create(Box::new(allocation(n, json!({})))));
            tokio::spawn(async move { desk.rack(RackAsk::Allocation(ask)).await })
        })
        .collect();
    for one in asking {
        one.await.unwrap().unwrap();
    }
    for n in 1..=20 {
        settled(&rig, n).await;
    }
    assert_eq!(check(&rig).len(), 20);
    rig.stop().await;
}

#[tokio::test]
async fn an_allocation_ends_with_the_use_of_its_node() {
    let mut rig = rig(3, Point::Never).await;
    for n in 1..=3 {
        create(&rig, allocation(n, json!({"name": format!("n{n}")}))).await.unwrap().unwrap();
        assert_eq!(settled(&rig, n).await.node, Some(id(n)));
    }
    let remove = PatchOp { op: PatchVerb::Remove, path: "/instance_uuid".to_owned(), value: Value::Null };
    let patch = PatchAsk { operations: vec![remove], reset_interfaces: false, version: 115 };
    rig.ask(1, Ask::Patch(patch)).await.unwrap();
    rig.ask(2, Ask::Maintenance { on: true, reason: None }).await.unwrap();
    rig.ask(2, Ask::Delete).await.unwrap();
    rig.ask(3, Ask::Provision(ProvisionAsk::new(Verb::Deploy, "active"))).await.unwrap();
    rig.until(3, |node| node.provision == Provision::Active && !node.reserved).await;
    let release = rig.ask(3, Ask::Allocation(Tenancy::Release(key(3)))).await;
    assert!(matches!(release, Err(Refusal::Conflict(_))), "a node in use is not given back");
    assert!(matches!(asked(&rig, AllocationAsk::Delete(key(3))).await, Some(Err(Refusal::Conflict(_)))));
    assert!(row(&rig, 3).is_some());
    rig.ask(3, Ask::Provision(ProvisionAsk::new(Verb::Delete, "deleted"))).await.unwrap();
    rig.until(3, |node| node.provision == Provision::Available && !node.reserved).await;
    rig.clock.settle().await;
    assert!((1..=3).all(|n| row(&rig, n).is_none()));
    check(&rig);
    rig.stop().await;
}

#[tokio::test]
async fn a_node_without_its_row_is_free_again() {
    let mut rig = Rig::new();
    let mut node = free(&rig, 1);
    node.wished.instance_uuid = Some(key(5));
    node.allocation = Some(crate::model::allocation::Held { id: key(5), owner: None });
    rig.put(vec![node]).await;
    rig.world.add(id(1), Power::Off);
    rig.start(Point::Never);
    rig.clock.pass(Duration::from_secs(1)).await;
    assert_eq!(check(&rig).len(), 0);
    create(&rig, allocation(1, json!({}))).await.unwrap().unwrap();
    assert_eq!(settled(&rig, 1).await.node, Some(id(1)));
    rig.stop().await;
}
