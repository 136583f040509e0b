//! What is known of a machine's firmware: kept in the place of what was, gone with its node.

use super::*;
use crate::model::part::sheet::{Component, Setting, Sheet};

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

async fn keep(store: &Store, sheet: Sheet) -> Result<(), StoreError> {
    write(store, move |txn| txn.sheets().put(node_id(1), &sheet)).await
}

#[tokio::test]
async fn a_sheet_takes_the_place_of_the_one_before() {
    let rig = Rig::new();
    let store = rig.open();
    assert!(keep(&store, Sheet::Settings(Vec::new())).await.is_err(), "there is no such node");
    put(&store, node(1)).await.unwrap();
    let known = Setting {
        name: "boot".to_owned(),
        value: Some("uefi".to_owned()),
        attribute_type: Some("Enumeration".to_owned()),
        ..Setting::default()
    };
    keep(&store, Sheet::Settings(vec![known.clone()])).await.unwrap();
    let component = Component { component: "bmc".to_owned(), ..Component::default() };
    keep(&store, Sheet::Components(vec![component.clone()])).await.unwrap();
    keep(&store, Sheet::Wished(vec![pair("boot", "bios"), pair("turbo", "on")])).await.unwrap();
    drop(store);
    let store = rig.open();
    let settings = store.reader().settings(node_id(1)).unwrap();
    let seen: Vec<_> = settings.iter().map(|one| (one.name.as_str(), one.value.as_deref())).collect();
    assert_eq!(seen, [("boot", Some("bios")), ("turbo", Some("on"))]);
    assert_eq!(settings[0].attribute_type, known.attribute_type, "what else is known of it stays");
    let known = store.reader().components(node_id(1)).unwrap();
    assert_eq!(known, [Component { created_at: known[0].created_at, ..component }]);
    write(&store, |txn| txn.nodes().remove(node_id(1))).await.unwrap();
    put(&store, node(1)).await.unwrap();
    assert!(store.reader().settings(node_id(1)).unwrap().is_empty(), "it goes with its node");
    assert!(store.reader().components(node_id(1)).unwrap().is_empty());
}

#[tokio::test]
async fn a_sheet_is_bounded() {
    let rig = Rig::new();
    let store = rig.open();
    put(&store, node(1)).await.unwrap();
    let error = keep(&store, Sheet::Wished(vec![pair("a", &"x".repeat(600 << 10))])).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    assert!(store.reader().settings(node_id(1)).unwrap().is_empty());
}
