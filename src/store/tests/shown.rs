//! What readers see without a commit of their own: reservations and the due order.

use std::time::Duration;

use super::*;
use crate::base::time::{Clock, Tick};
use crate::model::run::{Wait, WaitFor};

#[tokio::test]
async fn a_reservation_lies_over_the_record_until_released() {
    let rig = Rig::new();
    let store = rig.open();
    let stored = put(&store, node(1)).await.unwrap();
    let (writer, reader) = (store.writer(), store.reader());
    let shown = || reader.published().node(node_id(1)).unwrap().reserved;
    writer.reserve(node_id(1));
    assert!(shown());
    let mut changed = Node::clone(&stored);
    changed.wished.description = Some("new".to_owned());
    put(&store, changed.clone()).await.unwrap();
    assert!(shown(), "a commit does not lift it");
    writer.release(node_id(1));
    assert!(!shown());
    writer.reserve(node_id(1));
    changed.reserved = true;
    put(&store, changed).await.unwrap();
    writer.release(node_id(1));
    assert!(shown(), "the record's own reservation stays");
    let inside = write(&store, |txn| Ok(txn.nodes().get(node_id(1)))).await.unwrap().unwrap();
    assert!(inside.reserved);
}

#[tokio::test]
async fn a_reservation_is_not_stored() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    store.writer().reserve(node_id(1));
    store.writer().reserve(node_id(2));
    let inside = write(&store, |txn| Ok(txn.nodes().get(node_id(1)))).await.unwrap().unwrap();
    assert!(!inside.reserved);
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    put(&store, node(1)).await.unwrap();
    assert!(!store.reader().published().node(node_id(1)).unwrap().reserved);
}

#[tokio::test]
async fn an_old_copy_stays_as_it_was() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    let old = store.reader().published();
    put(&store, node(2)).await.unwrap();
    assert_eq!(old.node_count(), 1);
    assert_eq!(store.reader().published().node_count(), 2);
    let after: Vec<_> = store.reader().published().nodes_after(1).map(|node| node.id).collect();
    assert_eq!(after, [node_id(2)]);
}

#[tokio::test]
async fn waits_end_in_order_and_once() {
    let rig = Rig::new();
    let store = rig.open();
    let due = store.due();
    for (number, length) in [(1, 30), (2, 10), (3, 20)] {
        put(&store, waiting(number, length)).await.unwrap();
    }
    assert_eq!(due.next(), Some(seconds(10)));
    rig.clock.advance(Duration::from_secs(20));
    assert_eq!(due.take_due(rig.clock.tick()), [(node_id(2), 1), (node_id(3), 1)]);
    assert_eq!(due.take_due(rig.clock.tick()), []);
    assert_eq!(due.next(), Some(seconds(30)));
}

#[tokio::test]
async fn only_a_new_number_is_a_new_wait() {
    let rig = Rig::new();
    let store = rig.open();
    let due = store.due();
    let mut node = Node::clone(&*put(&store, waiting(1, 10)).await.unwrap());
    rig.clock.advance(Duration::from_secs(8));
    node.last_error = Some("something else".to_owned());
    put(&store, node.clone()).await.unwrap();
    assert_eq!(due.next(), Some(seconds(10)));
    node.wait = Some(wait(2, 10));
    put(&store, node.clone()).await.unwrap();
    assert_eq!(due.next(), Some(seconds(18)));
    node.wait = None;
    put(&store, node).await.unwrap();
    assert_eq!(due.next(), None);
}

#[tokio::test]
async fn waits_begin_anew_when_the_store_is_opened() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, waiting(1, 10)).await.unwrap();
    rig.clock.advance(Duration::from_secs(100));
    store.close().await;
    assert_eq!(rig.open().due().next(), Some(seconds(110)));
}

#[tokio::test]
async fn a_nearer_end_is_told() {
    let rig = Rig::new();
    let store = rig.open();
    let due = store.due();
    put(&store, waiting(1, 10)).await.unwrap();
    due.changed().notified().await;
    put(&store, waiting(2, 20)).await.unwrap();
    let told = tokio::time::timeout(Duration::ZERO, due.changed().notified());
    assert!(told.await.is_err(), "a later end moves nothing");
}

fn waiting(number: u128, length: u32) -> Node {
    Node { wait: Some(wait(1, length)), ..node(number) }
}

fn wait(number: u64, length: u32) -> Wait {
    Wait {
        number,
        why: WaitFor::Beat,
        from_whom: "agent".to_owned(),
        since: Moment(3),
        length,
        paused: None,
        gives_up: None,
    }
}

fn seconds(count: u64) -> Tick {
    Tick(Duration::from_secs(count))
}
