use serde_json::{Value, json};

use super::*;
use crate::base::moment::Moment;
use crate::base::time::PausedClock;
use crate::driver::fake::FakeDelays;
use crate::model::Object;
use crate::model::node::Wished;
use crate::model::step::Kind;

const TYPES_ON: [&str; 2] = ["fake-hardware", "manual-management"];

fn node(driver: &str) -> Node {
    let catalog = catalog(TYPES_ON).unwrap();
    let mut wished = Wished { driver: driver.to_owned(), ..Wished::default() };
    for interface in Interface::ALL {
        wished.interfaces.set(interface, catalog.default_of(driver, interface).unwrap().to_owned());
    }
    Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0))
}

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/goldens/driver/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The reference's order, without what is not there yet, is ours. What a table of ours has beyond the
/// reference's is named in the golden as `ours`.
#[test]
fn interfaces_stand_in_the_order_of_the_reference() {
    let golden = golden("interfaces");
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, found) in &catalog.types {
        for (interface, ours) in &found.supported {
            let reference: Vec<&str> =
                golden[name][interface.name()].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let kept: Vec<&str> =
                reference.into_iter().filter(|one| ours.iter().any(|own| own == one)).collect();
            assert_eq!(&kept, ours, "{name} {interface}");
        }
    }
}

#[test]
fn steps_and_priorities_are_those_of_the_reference() {
    let golden = golden("deploy-steps");
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, steps) in golden.as_object().unwrap() {
        let found = catalog.implementation(Interface::Deploy, name).unwrap();
        let ours: Object = found
            .steps
            .iter()
            .filter(|spec| spec.kind == Kind::Deploy && !spec.step.starts_with("fake_"))
            .map(|spec| (spec.step.to_owned(), json!(spec.priority)))
            .collect();
        assert_eq!(&Value::Object(ours), steps, "{name}");
    }
}

#[test]
fn every_supported_name_has_an_implementation_and_every_row_a_type() {
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, found) in &catalog.types {
        for (interface, names) in &found.supported {
            for one in names {
                assert!(catalog.implementation(*interface, one).is_some(), "{name} {interface} {one}");
            }
        }
        assert_eq!(found.supported.len(), Interface::ALL.len());
    }
    assert_eq!(catalog.implementations.len(), ROWS.len());
}

#[test]
fn an_unknown_type_is_refused_by_name() {
    let error = catalog(["redfish"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no hardware type \"redfish\": known are fake-hardware, manual-management"
    );
}
