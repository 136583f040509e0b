//! Rows and their indices: nodes, ports, owed effects, journal, rack.

use super::*;
use crate::model::decision::effect::{Effect, Owed, Purpose};
use crate::model::inspection::Inventory;
use crate::model::journal::Event;
use crate::model::journal::Scene;
use crate::model::provision::Provision;
use crate::store::error::Duplicate;

#[tokio::test]
async fn orders_rise_and_survive_a_removal() {
    let rig = Rig::new();
    let store = rig.open();
    for number in 1..=3 {
        assert_eq!(put(&store, node(number)).await.unwrap().order, u64::try_from(number).unwrap());
    }
    write(&store, |txn| txn.nodes().remove(node_id(3))).await.unwrap();
    assert_eq!(put(&store, node(4)).await.unwrap().order, 4);
    let orders: Vec<_> = store.reader().published().nodes().map(|node| node.order).collect();
    assert_eq!(orders, [1, 2, 4]);
}

#[tokio::test]
async fn a_name_an_instance_and_an_id_are_given_once() {
    let rig = Rig::new();
    let store = rig.open();
    let instance = Uuid::from_u128(77);
    let mut first = node(1);
    first.wished.instance_uuid = Some(instance);
    put(&store, first).await.unwrap();

    let mut named = node(2);
    named.wished.name = Some("node-1".to_owned());
    let error = put(&store, named).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate(Duplicate::NodeName(name)) if name == "node-1"));

    let mut same = node(3);
    same.wished.instance_uuid = Some(instance);
    let error = put(&store, same).await.unwrap_err();
    let expected = Duplicate::Instance { instance, node: node_id(1) };
    assert!(matches!(error, StoreError::Duplicate(found) if found == expected));

    let error = put(&store, node(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate(Duplicate::Node(id)) if id == node_id(1)));
    assert_eq!(store.reader().published().node_count(), 1);
}

#[tokio::test]
async fn a_renamed_node_frees_its_old_name() {
    let rig = Rig::new();
    let store = rig.open();
    let mut first = Node::clone(&*put(&store, node(1)).await.unwrap());
    first.wished.name = Some("other".to_owned());
    put(&store, first).await.unwrap();
    let mut second = node(2);
    second.wished.name = Some("node-1".to_owned());
    put(&store, second).await.unwrap();
    let published = store.reader().published();
    assert_eq!(published.node_by_name("node-1").unwrap().id, node_id(2));
    assert_eq!(published.node_by_name("other").unwrap().id, node_id(1));
    let found = write(&store, |txn| Ok(txn.nodes().named("other"))).await.unwrap();
    assert_eq!(found, Some(node_id(1)));
}

#[tokio::test]
async fn indices_by_state_and_parent_follow_the_record() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    let mut child = node(2);
    child.wished.parent_node = Some(node_id(1));
    let mut child = Node::clone(&*put(&store, child).await.unwrap());
    child.provision = Provision::DeployWait;
    put(&store, child.clone()).await.unwrap();
    let rows = |store: &Store| {
        let published = store.reader().published();
        let ids = |nodes: Vec<&Arc<Node>>| nodes.iter().map(|node| node.id).collect::<Vec<_>>();
        (
            ids(published.nodes_in(Provision::DeployWait).collect()),
            ids(published.nodes_in(Provision::Enroll).collect()),
            ids(published.children(node_id(1)).collect()),
        )
    };
    assert_eq!(rows(&store), (vec![node_id(2)], vec![node_id(1)], vec![node_id(2)]));
    child.wished.parent_node = None;
    put(&store, child).await.unwrap();
    let after = (vec![node_id(2)], vec![node_id(1)], Vec::new());
    assert_eq!(rows(&store), after);
    drop(store);
    assert_eq!(rows(&rig.open()), after, "as built from the records");
}

#[tokio::test]
async fn a_record_that_is_gone_is_not_written_again() {
    let rig = Rig::new();
    let store = rig.open();
    let stored = put(&store, node(1)).await.unwrap();
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    let error = put(&store, Node::clone(&stored)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchNode(id) if id == node_id(1)));
}

#[tokio::test]
async fn a_record_over_the_limit_is_refused() {
    let rig = Rig::new();
    let store = rig.open();
    let mut large = node(1);
    large.wished.extra.insert("text".to_owned(), "x".repeat(64 << 10).into());
    let error = put(&store, large).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: 65_536, .. }), "{error}");
    assert_eq!(store.reader().published().node_count(), 0);
}

#[tokio::test]
async fn macs_and_port_names_are_given_once() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    let mut first = port(1, node_id(1));
    first.wished.name = Some("eth0".to_owned());
    write(&store, move |txn| txn.ports().put(&first)).await.unwrap();

    let clash = Port { id: port_id(2), ..port(1, node_id(1)) };
    let error = write(&store, move |txn| txn.ports().put(&clash)).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate(Duplicate::Mac(mac)) if mac == Mac([2, 0, 0, 0, 0, 1])));

    let mut clash = port(3, node_id(1));
    clash.wished.name = Some("eth0".to_owned());
    let error = write(&store, move |txn| txn.ports().put(&clash)).await.unwrap_err();
    assert!(matches!(error, StoreError::Duplicate(Duplicate::PortName(name)) if name == "eth0"));

    let orphan = port(4, node_id(9));
    let error = write(&store, move |txn| txn.ports().put(&orphan)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchNode(id) if id == node_id(9)));
}

#[tokio::test]
async fn ports_are_found_by_each_of_their_keys() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    put(&store, node(2)).await.unwrap();
    for (number, of) in [(7, 1), (6, 2), (5, 1)] {
        let mut one = port(number, node_id(of));
        one.wished.name = Some(format!("eth{number}"));
        write(&store, move |txn| txn.ports().put(&one)).await.unwrap();
    }
    let published = store.reader().published();
    let ids = |ports: Vec<&Arc<Port>>| ports.iter().map(|port| port.id).collect::<Vec<_>>();
    assert_eq!(ids(published.ports_of(node_id(1)).collect()), [port_id(7), port_id(5)]);
    assert_eq!(ids(published.ports().collect()), [port_id(7), port_id(6), port_id(5)]);
    assert_eq!(ids(published.ports_after(1).collect()), [port_id(6), port_id(5)]);
    assert_eq!(published.port_by_mac(Mac([2, 0, 0, 0, 0, 6])).unwrap().id, port_id(6));
    assert_eq!(published.port_by_name("eth5").unwrap().id, port_id(5));
    let of_node = write(&store, |txn| Ok(txn.ports().of_node(node_id(1)))).await.unwrap();
    assert_eq!(of_node.iter().map(|port| port.id).collect::<Vec<_>>(), [port_id(7), port_id(5)]);
}

#[tokio::test]
async fn a_removed_node_leaves_nothing_behind() {
    let rig = Rig::new();
    let store = rig.open();
    let mut first = node(1);
    first.wished.instance_uuid = Some(Uuid::from_u128(5));
    first.wished.parent_node = Some(node_id(2));
    put(&store, first).await.unwrap();
    write(&store, |txn| {
        txn.ports().put(&port(1, node_id(1)))?;
        txn.owed().add(node_id(1), &owed(3))?;
        txn.journal().append(node_id(1), Event::info("test", "made"), scene())
    })
    .await
    .unwrap();
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    let text = store.dump().unwrap();
    for line in text.lines().filter(|line| line.starts_with("rows ")) {
        let expected = if line.contains("meta") { "2" } else { "0" };
        // What was told of it stays told.
        assert!(line.ends_with(expected) || line.contains("rack") || line.contains("feed"), "{line}");
    }
    assert_eq!(store.reader().published().port_count(), 0);
}

#[tokio::test]
async fn owed_effects_come_by_number_and_go_when_settled() {
    let rig = Rig::new();
    let store = rig.open();
    write(&store, |txn| {
        for number in [300, 2, 7] {
            txn.owed().add(node_id(1), &owed(number))?;
        }
        txn.owed().add(node_id(2), &owed(1))
    })
    .await
    .unwrap();
    let settled = write(&store, |txn| {
        Ok((txn.owed().settle(node_id(1), 7)?, txn.owed().settle(node_id(1), 8)?, txn.owed().of(node_id(1))?))
    });
    assert_eq!(settled.await.unwrap(), (true, false, vec![owed(2), owed(300)]));
    store.close().await;
    let store = rig.open();
    let expected = vec![(node_id(1), vec![owed(2), owed(300)]), (node_id(2), vec![owed(1)])];
    assert_eq!(store.owed_at_open(), &expected);
}

/// Entries kept of one node.
const PER_NODE: usize = 300;

#[tokio::test]
async fn the_journal_keeps_the_newest_of_each_node() {
    let rig = Rig::new();
    let store = rig.open();
    let extra = 40;
    write(&store, move |txn| {
        txn.journal().append(node_id(2), Event::error("test", "quiet"), scene())?;
        for number in 0..PER_NODE + extra {
            txn.journal().append(node_id(1), Event::info("test", format!("{number}")), scene())?;
        }
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    let reader = store.reader();
    let entries = reader.journal(node_id(1), 0, 1000).unwrap();
    assert_eq!(entries.len(), PER_NODE);
    assert_eq!(entries.first().unwrap().text, extra.to_string());
    assert!(entries.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    let last = entries.last().unwrap().sequence;
    assert_eq!(reader.journal(node_id(1), last - 2, 1).unwrap()[0].sequence, last - 1);
    assert_eq!(reader.journal(node_id(2), 0, 10).unwrap().len(), 1);
    drop((reader, store));
    let again = rig.open().reader().journal(node_id(1), 0, 1000).unwrap();
    assert_eq!(again, entries, "as found in the file");
}

#[tokio::test]
async fn a_site_says_how_much_of_a_history_is_kept() {
    let count = async |history| {
        let rig = Rig::new();
        let store = rig.open_with(history);
        write(&store, |txn| {
            for _ in 0..400 {
                txn.journal().append(node_id(1), Event::info("test", ""), scene())?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
        store.reader().journal(node_id(1), 0, 1000).unwrap().len()
    };
    assert_eq!(count(History { is_kept: true, entries: 7, days: 0 }).await, 7);
    assert_eq!(count(History { is_kept: true, entries: usize::MAX, days: 0 }).await, 400);
    assert_eq!(count(History { is_kept: true, entries: 7, days: u32::MAX }).await, 400, "none is old enough");
    assert_eq!(count(History { is_kept: false, ..History::default() }).await, 0, "it wants none");
}

#[test]
fn an_entry_goes_when_its_days_are_over() {
    let (at, day) = (Moment(0), 86_400_000_000);
    assert!(!History { is_kept: true, entries: 1, days: 2 }.lets_go(at, Moment(2 * day - 1_000_000)));
    assert!(History { is_kept: true, entries: 1, days: 2 }.lets_go(at, Moment(2 * day)));
}

#[tokio::test]
async fn numbers_of_the_journal_are_not_given_again() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    let append = |number| {
        write(&store, move |txn| txn.journal().append(node_id(number), Event::info("test", ""), scene()))
    };
    assert_eq!((append(2).await.unwrap(), append(1).await.unwrap()), (1, 2));
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    assert_eq!(append(2).await.unwrap(), 3);
}

#[tokio::test]
async fn the_journal_drops_the_oldest_of_all_above_its_size() {
    let rig = Rig::new();
    let store = rig.open();
    let full = crate::store::table::journal::IN_ALL;
    let nodes = full / PER_NODE + 1;
    for batch in 0..=full / BATCH {
        let some = move |txn: &mut Txn<'_>| {
            for number in batch * BATCH..(batch + 1) * BATCH {
                let node = node_id(u128::try_from(number % nodes).unwrap());
                txn.journal().append(node, Event::info("test", ""), scene())?;
            }
            Ok(())
        };
        write(&store, some).await.unwrap();
    }
    let text = store.dump().unwrap();
    assert!(text.contains(&format!("rows journal {full}\n")));
    let oldest = store.reader().journal(node_id(0), 0, 1).unwrap()[0].sequence;
    assert_eq!(oldest, u64::try_from(2 * nodes).unwrap() + 1, "of 500 too many, the two oldest are its");
}

/// Entries written in one transaction: a transaction's own changes are counted one by one.
const BATCH: usize = 500;

#[tokio::test]
async fn the_racks_values_come_back_by_name() {
    let rig = Rig::new();
    let store = rig.open();
    write(&store, |txn| txn.rack().put("names", &vec!["a", "b"])).await.unwrap();
    let names = write(&store, |txn| txn.rack().get::<Vec<String>>("names")).await.unwrap();
    assert_eq!(names.unwrap(), ["a", "b"]);
    assert!(write(&store, |txn| txn.rack().remove("names")).await.unwrap());
    assert_eq!(write(&store, |txn| txn.rack().get::<Vec<String>>("names")).await.unwrap(), None);
}

fn owed(number: u64) -> Owed {
    Owed { number, effect: Effect::Logs, purpose: Purpose::Aftermath }
}

fn scene() -> Scene {
    Scene { at: Moment(9), state: "enroll".to_owned(), target: None, step: None, seconds: None }
}

fn inventory(size: usize) -> Inventory {
    let text = serde_json::Value::from("x".repeat(size));
    Inventory { inventory: Object::from_iter([("disks".to_owned(), text)]), plugin_data: Object::new() }
}

#[tokio::test]
async fn an_inventory_is_replaced_survives_and_goes_with_its_node() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    put(&store, node(2)).await.unwrap();
    for size in [3, 100_000] {
        write(&store, move |txn| txn.inventories().put(node_id(1), &inventory(size))).await.unwrap();
    }
    drop(store);
    let store = rig.open();
    let seen = |number| store.reader().inventory(node_id(number)).unwrap();
    assert_eq!((seen(1), seen(2)), (Some(inventory(100_000)), None));
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    assert_eq!(seen(1), None);
}

#[tokio::test]
async fn an_inventory_has_a_node_and_a_limit() {
    let rig = Rig::new();
    let store = rig.open();
    let error = write(&store, |txn| txn.inventories().put(node_id(1), &inventory(1))).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchNode(id) if id == node_id(1)));
    put(&store, node(1)).await.unwrap();
    let error =
        write(&store, |txn| txn.inventories().put(node_id(1), &inventory(3 << 20))).await.unwrap_err();
    assert!(error.to_string().contains("the inventory of node"), "{error}");
    assert_eq!(store.reader().inventory(node_id(1)).unwrap(), None);
}
