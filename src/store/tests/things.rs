//! What is neither node nor port: kept, unique, sealed, gone with its node's chassis only when that is empty.

use super::*;
use crate::model::chassis::{Chassis, ChassisWished};
use crate::store::error::Duplicate;

fn chassis(number: u128) -> Chassis {
    let wished =
        ChassisWished { description: Some("hunter2 of row 3".to_owned()), ..ChassisWished::default() };
    Chassis { id: Uuid::from_u128(number), order: 0, created_at: Moment::default(), updated_at: None, wished }
}

#[tokio::test]
async fn a_thing_is_there_after_the_next_opening_and_sealed_on_the_disk() {
    let rig = Rig::new();
    let store = rig.open();
    let made = write(&store, |txn| txn.things().put(&chassis(7))).await.unwrap();
    assert_eq!(made.order, 1);
    drop(store);
    let bytes = std::fs::read(rig.data_file()).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "it lies open in the file");
    let store = rig.open();
    let published = store.reader().published();
    assert_eq!(published.shelves().chassis.get(Uuid::from_u128(7)), Some(&made));
}

#[tokio::test]
async fn orders_of_things_rise_and_uuids_are_given_once() {
    let rig = Rig::new();
    let store = rig.open();
    for number in 1..=3 {
        write(&store, move |txn| txn.things().put(&chassis(number))).await.unwrap();
    }
    let error = write(&store, |txn| txn.things().put(&chassis(2))).await.unwrap_err();
    assert!(matches!(&error, StoreError::Duplicate(Duplicate::Thing { word: "chassis", .. })), "{error}");
    assert!(write(&store, |txn| txn.things::<Chassis>().remove(Uuid::from_u128(3))).await.unwrap());
    assert!(!write(&store, |txn| txn.things::<Chassis>().remove(Uuid::from_u128(3))).await.unwrap());
    let next = write(&store, |txn| txn.things().put(&chassis(4))).await.unwrap();
    assert_eq!(next.order, 4, "the order of one that is gone is not given again");
    let published = store.reader().published();
    let orders: Vec<_> = published.shelves().chassis.all().map(|one| one.order).collect();
    assert_eq!(orders, [1, 2, 4]);
    assert_eq!(published.shelves().chassis.after(2).count(), 1);
}

#[tokio::test]
async fn one_transaction_sees_its_own_things() {
    let rig = Rig::new();
    let store = rig.open();
    let seen = write(&store, |txn| {
        txn.things().put(&chassis(1))?;
        txn.things().put(&chassis(2))?;
        txn.things::<Chassis>().remove(Uuid::from_u128(1))?;
        let things = txn.things::<Chassis>();
        Ok((
            things.get(Uuid::from_u128(1)).is_some(),
            things.get(Uuid::from_u128(2)).is_some(),
            things.count(),
        ))
    });
    assert_eq!(seen.await.unwrap(), (false, true, 1));
}

#[tokio::test]
async fn a_node_names_a_chassis_that_is_there() {
    let rig = Rig::new();
    let store = rig.open();
    let mut within = node(1);
    within.wished.chassis_uuid = Some(Uuid::from_u128(7).to_string());
    let error = put(&store, within.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Dangling { field: "chassis_uuid", .. }), "{error}");
    write(&store, |txn| txn.things().put(&chassis(7))).await.unwrap();
    put(&store, within).await.unwrap();
    let published = store.reader().published();
    assert_eq!(published.of_chassis(Uuid::from_u128(7)).count(), 1);
    assert!(write(&store, |txn| Ok(txn.nodes().is_in_chassis(Uuid::from_u128(7)))).await.unwrap());
}
