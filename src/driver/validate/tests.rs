use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::PausedClock;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::registry::catalog;
use crate::model::node::Wished;

const TYPES_ON: [&str; 5] = ["fake-hardware", "manual-management", "redfish", "idrac", "ipmi"];

fn ground() -> Ground {
    Ground::new(Arc::new(PausedClock::new()), Arc::new(Blank), PrintKey::new(Secret::new("key")), 1)
}

fn machine(driver: &str, change: impl FnOnce(&mut Node)) -> Machine {
    let catalog = catalog(TYPES_ON).unwrap();
    let mut wished = Wished { driver: driver.to_owned(), ..Wished::default() };
    for interface in Interface::ALL {
        wished.interfaces.set(interface, catalog.default_of(driver, interface).unwrap().to_owned());
    }
    let mut node = Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0));
    change(&mut node);
    Machine { node: Arc::new(node), ports: Vec::new() }
}

fn reason(machine: &Machine, interface: Interface) -> Option<String> {
    let catalog = catalog(TYPES_ON).unwrap();
    super::interface(&catalog, &ground(), machine, interface).err()
}

/// Why a deployment with this record is refused; the image itself is good unless it is left out.
fn refused(deploy: &str, change: impl FnOnce(&mut Node)) -> Option<String> {
    let machine = machine("manual-management", |node| {
        node.wished.interfaces.deploy = deploy.to_owned();
        let info = json!({"image_source": "http://host/i", "image_checksum": "0".repeat(64)});
        node.wished.instance_info = info.as_object().cloned().unwrap();
        change(node);
    });
    reason(&machine, Interface::Deploy)
}

fn with(place: &'static str, value: Value) -> impl FnOnce(&mut Node) {
    move |node| {
        node.wished.instance_info.insert(place.to_owned(), value);
    }
}

#[test]
fn a_fake_node_is_good_everywhere() {
    let machine = machine("fake-hardware", |_| ());
    for interface in SHOWN {
        assert_eq!(reason(&machine, *interface), None, "{interface}");
    }
    assert!(!SHOWN.contains(&Interface::Vendor));
    assert_eq!(SHOWN.len(), 12);
}

#[test]
fn what_a_driver_lacks_is_said_by_name() {
    let machine = machine("manual-management", |_| ());
    assert_eq!(
        reason(&machine, Interface::Raid).unwrap(),
        "Driver manual-management does not support raid (disabled or not implemented)."
    );
    for good in [Interface::Boot, Interface::Management, Interface::Network, Interface::Storage] {
        assert_eq!(reason(&machine, good), None, "{good}");
    }
}

#[test]
fn the_agent_as_power_needs_fast_track() {
    let machine_of = |value: Value| {
        machine("manual-management", |node| {
            node.wished.driver_info.insert("fast_track".to_owned(), value);
        })
    };
    assert!(reason(&machine("manual-management", |_| ()), Interface::Power).unwrap().contains("fast track"));
    for value in [json!(true), json!("True")] {
        assert_eq!(reason(&machine_of(value), Interface::Power), None);
    }
    for value in [json!(false), json!("no"), json!(1)] {
        assert!(reason(&machine_of(value), Interface::Power).is_some());
    }
}

#[test]
fn an_interface_that_is_not_enabled_is_named() {
    let machine = machine("fake-hardware", |node| node.wished.interfaces.boot = "ilo".to_owned());
    assert_eq!(reason(&machine, Interface::Boot).unwrap(), "boot interface \"ilo\" is not enabled");
}

#[test]
fn a_direct_deployment_needs_a_good_image() {
    assert_eq!(refused("direct", |_| ()), None);
    let none = refused("direct", |node| node.wished.instance_info.clear()).unwrap();
    assert!(none.contains("image_source"), "{none}");
    let no_sum = refused("direct", |node| {
        node.wished.instance_info.remove("image_checksum");
    });
    assert!(no_sum.unwrap().contains("checksum"));
    assert_eq!(refused("custom-agent", |node| node.wished.instance_info.clear()), None);
    assert_eq!(refused("ramdisk", |node| node.wished.instance_info.clear()), None);
}

#[test]
fn root_device_hints_are_checked_by_name() {
    for deploy in ["direct", "custom-agent"] {
        assert_eq!(refused(deploy, with("root_device", json!({"serial": "s== X"}))), None);
        let unknown = refused(deploy, with("root_device", json!({"colour": "red"}))).unwrap();
        assert!(unknown.contains("\"colour\"") && unknown.contains("wwn_with_extension"), "{unknown}");
        assert!(refused(deploy, with("root_device", json!("sda"))).unwrap().contains("not an object"));
        let own = refused(deploy, |node| {
            node.wished.properties.insert("root_device".into(), json!({"colour": "red"}));
        });
        assert!(own.unwrap().starts_with("properties.root_device"));
    }
}

#[test]
fn capabilities_are_an_object_with_known_values() {
    for good in
        [json!({"boot_mode": "uefi"}), json!("{\"secure_boot\": \"true\"}"), json!({"boot_option": "x"})]
    {
        assert_eq!(refused("direct", with("capabilities", good)), None);
    }
    for bad in [json!([]), json!("boot_mode:uefi"), json!(7)] {
        assert!(refused("direct", with("capabilities", bad)).unwrap().contains("neither an object"));
    }
    let value = refused("direct", with("capabilities", json!({"boot_mode": "legacy"}))).unwrap();
    assert_eq!(value, "capability boot_mode is \"legacy\": acceptable values are bios, uefi");
    assert!(refused("direct", with("capabilities", json!({"secure_boot": "maybe"}))).is_some());
}

#[test]
fn traits_must_be_on_the_node() {
    let asks = |node: &mut Node| {
        node.wished.instance_info.insert("traits".into(), json!(["CUSTOM_A", "CUSTOM_B"]));
        node.traits = vec!["CUSTOM_A".to_owned()];
    };
    for deploy in ["direct", "custom-agent", "ramdisk", "noop"] {
        let why = refused(deploy, asks).unwrap();
        assert!(why.ends_with(": CUSTOM_B"), "{why}");
    }
    assert!(refused("noop", with("traits", json!("CUSTOM_A"))).unwrap().contains("not a list"));
}

#[test]
fn a_proxy_of_another_scheme_is_refused() {
    let why = refused("custom-agent", |node| {
        node.wished.driver_info.insert("image_http_proxy".into(), json!("ftp://proxy"));
    });
    assert!(why.unwrap().contains("image_http_proxy"));
}

#[test]
fn the_settings_of_a_bmc_are_checked_without_asking_it() {
    for (driver, key, others) in [
        ("redfish", "redfish_address", [Interface::Power, Interface::Management]),
        ("idrac", "redfish_address", [Interface::Power, Interface::Management]),
        ("ipmi", "ipmi_address", [Interface::Power, Interface::Management]),
    ] {
        for interface in others {
            let why = reason(&machine(driver, |_| ()), interface).unwrap();
            assert_eq!(why, format!("missing in the node's driver_info: {key}"));
            let good = machine(driver, |node| {
                node.wished.driver_info.insert(key.to_owned(), json!("192.0.2.1"));
            });
            assert_eq!(reason(&good, interface), None);
        }
    }
}
