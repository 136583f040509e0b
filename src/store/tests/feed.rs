//! The feed: a row for each change that is kept, none for any other, and numbers that only rise.

use super::*;
use crate::model::bmc::power::Power;
use crate::model::notice::sight::View;
use crate::model::notice::telling::{Part, Telling};
use crate::store::table::feed::ring::Item;

fn all(store: &Store) -> Vec<Item> {
    store.reader().feed(0, 100_000).unwrap()
}

fn types(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item.event_type.trim_start_matches("baremetal.").to_owned()).collect()
}

#[tokio::test]
async fn what_fails_or_changes_nothing_is_not_told() {
    let rig = Rig::new();
    let store = rig.open();
    let made = put(&store, node(1)).await.unwrap();
    let failed = write(&store, |txn| {
        txn.nodes().put(&node(2))?;
        txn.nodes().remove(node_id(9))
    });
    assert!(failed.await.is_err());
    put(&store, Node::clone(&made)).await.unwrap();
    put(&store, Node { misses: 3, waits: 4, ..Node::clone(&made) }).await.unwrap();
    assert_eq!(types(&all(&store)), ["node.create.start", "node.create.end"]);
    assert_eq!(store.reader().last_event(), 2);
}

#[tokio::test]
async fn changes_of_one_flush_are_told_each_against_the_one_before() {
    let rig = Rig::new();
    let store = rig.threaded();
    let made = Node::clone(&*put(&store, node(1)).await.unwrap());
    let powers = [Power::On, Power::Off, Power::On, Power::Off].map(|power| {
        let node = Node { power: Some(power), ..made.clone() };
        let writer = store.writer();
        async move { writer.outcome::<_, StoreError>("power", move |txn| txn.nodes().put(&node)).await }
    });
    futures_util::future::join_all(powers).await.into_iter().for_each(|done| drop(done.unwrap()));
    let told = all(&store);
    assert_eq!(told.len(), 6, "{:?}", types(&told));
    let numbers: Vec<u64> = told.iter().map(|item| item.sequence).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    store.close().await;
}

#[tokio::test]
async fn numbers_go_on_after_a_restart_and_the_file_says_what_memory_said() {
    let rig = Rig::new();
    let store = rig.open();
    for number in 1..=40 {
        put(&store, node(number)).await.unwrap();
    }
    let told = all(&store);
    store.close().await;
    let store = rig.open();
    assert_eq!((store.reader().last_event(), all(&store)), (80, told.clone()));
    put(&store, node(41)).await.unwrap();
    let later = store.reader().feed(79, 10).unwrap();
    assert_eq!(later.iter().map(|item| item.sequence).collect::<Vec<_>>(), [80, 81, 82]);
    assert_eq!(store.reader().feed(82, 10).unwrap(), []);
    assert_eq!(later[0], told[79]);
}

#[tokio::test]
async fn a_power_cut_keeps_a_change_with_what_it_tells_or_neither() {
    for after in [false, true] {
        let (rig, probe) = (Rig::new(), Arc::new(Counter::default()));
        let store = rig.probed(Mode::Inline, &probe);
        put(&store, node(1)).await.unwrap();
        let cut = if after { &probe.cut_after } else { &probe.cut_before };
        cut.store(2, Ordering::Relaxed);
        assert!(put(&store, node(2)).await.is_err());
        drop(store);
        let store = rig.open();
        let there = store.reader().published().node_count();
        assert_eq!((there, all(&store).len()), if after { (2, 4) } else { (1, 2) });
    }
}

#[tokio::test]
async fn who_sees_a_node_sees_what_is_told_of_it_and_of_its_parts() {
    let rig = Rig::new();
    let store = rig.open();
    let mut own = node(1);
    own.wished.owner = Some("a".to_owned());
    own.wished.lessee = Some("b".to_owned());
    put(&store, own).await.unwrap();
    let seen = |project: &str| {
        let items = all(&store);
        items.iter().filter(|item| item.sight.view(project) != View::Nothing).count()
    };
    assert_eq!([seen("a"), seen("b"), seen("c")], [2, 2, 0]);
    write(&store, |txn| txn.ports().put(&port(1, node_id(1)))).await.unwrap();
    assert_eq!([seen("a"), seen("b"), seen("c")], [4, 4, 0]);
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    assert_eq!([seen("a"), seen("b"), seen("c")], [8, 8, 0]);
    let told = all(&store);
    store.close().await;
    assert_eq!(all(&rig.open()), told);
}

#[tokio::test]
async fn what_no_record_says_is_told_with_the_change_or_not_at_all() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    let telling = Telling::Power(Part::Start, Power::On);
    let told = write(&store, move |txn| {
        txn.tell(node_id(1), telling);
        Ok::<_, StoreError>(())
    });
    told.await.unwrap();
    let failed = write(&store, move |txn| {
        txn.tell(node_id(1), telling);
        txn.nodes().remove(node_id(9))
    });
    assert!(failed.await.is_err());
    assert_eq!(types(&all(&store))[2..], ["node.power_set.start"]);
}
