//! Volumes, allocations, deploy templates, runbooks and inspection rules, and what can only be looked at.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Life, extra};
use crate::stage::daemon::Daemon;
use crate::stage::ferric::Ferric;

fn with_node(off: bool) -> (Daemon, Ferric) {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware", "--resource-class", "baremetal"]);
    if off {
        ferric.ok(&["node", "power", "n1", "off"]);
        let deadline = Instant::now() + Duration::from_secs(20);
        while ferric.json(&["node", "show", "n1"])["power_state"] != "power off" {
            assert!(Instant::now() < deadline, "the node stays on");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
    (daemon, ferric)
}

#[test]
fn volumes_live_from_creation_to_deletion() {
    let (_daemon, ferric) = with_node(true);
    let create =
        ["--node", "n1", "--type", "iqn", "--connector-id", "iqn.2026-11.example:n1", "--extra", "rack=4"];
    let set = ("extra", "extra.rack=5", extra(&json!(5)));
    let unset = ("extra.rack", "extra", json!({}));
    Life { words: &["volume", "connector"], key: "connectors", create: &create, set, unset }.lived(&ferric);
    let create = ["--node", "n1", "--volume-type", "iscsi", "--boot-index", "0", "--volume-id", "17"];
    let create = [&create[..], &["--property", "target_lun=1"]].concat();
    let set = ("boot_index", "boot_index=1", json!(1));
    let unset = ("properties.target_lun", "properties", json!({}));
    Life { words: &["volume", "target"], key: "targets", create: &create, set, unset }.lived(&ferric);
}

#[test]
fn templates_and_runbooks_live_from_creation_to_deletion() {
    let (_daemon, ferric) = with_node(false);
    let steps = r#"[{"interface": "deploy", "step": "erase_devices_metadata", "args": {}, "priority": 20}]"#;
    let set = ("extra", "extra.rack=5", extra(&json!(5)));
    let create = ["CUSTOM_A", "--steps", steps, "--extra", "rack=4"];
    let unset = ("extra.rack", "extra", json!({}));
    Life { words: &["template"], key: "deploy_templates", create: &create, set, unset }.lived(&ferric);
    let steps = r#"[{"interface": "deploy", "step": "erase_devices_metadata", "order": 1}]"#;
    let create = ["wipe", "--steps", steps, "--description", "all of it"];
    let set = ("public", "public=true", json!(true));
    let unset = ("description", "description", json!(null));
    Life { words: &["runbook"], key: "runbooks", create: &create, set, unset }.lived(&ferric);
}

#[test]
fn steps_come_from_a_file_and_traits_are_added_and_taken() {
    let (_daemon, ferric) = with_node(false);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let steps = br#"[{"interface": "deploy", "step": "erase_devices_metadata", "order": 1}]"#;
    std::io::Write::write_all(&mut file, steps).unwrap();
    ferric.ok(&["runbook", "create", "wipe", "--steps", file.path().to_str().unwrap()]);
    for (words, ident) in [("runbook", "wipe"), ("node", "n1")] {
        assert_eq!(ferric.ok(&[words, "trait", "add", ident, "CUSTOM_A", "CUSTOM_B"]).lines().count(), 2);
        ferric.ok(&[words, "trait", "remove", ident, "CUSTOM_A"]);
        assert_eq!(ferric.ok(&[words, "trait", "list", ident]), "CUSTOM_B\n");
        ferric.ok(&[words, "trait", "set", ident, "CUSTOM_C"]);
        assert_eq!(ferric.json(&[words, "trait", "list", ident]), json!({"traits": ["CUSTOM_C"]}));
        ferric.ok(&[words, "trait", "clear", ident]);
        let told = ferric.told(&[words, "trait", "list", ident]);
        assert_eq!((told.out.as_str(), told.err), ("", format!("ferric: {ident}: none\n")));
    }
    let told = ferric.told(&["runbook", "create", "x", "--steps", "/nonexistent"]);
    assert!(told.code == 2 && told.err.contains("cannot read /nonexistent"), "{told:?}");
}

#[test]
fn rules_live_from_creation_to_deletion_and_come_from_a_file() {
    let (_daemon, ferric) = with_node(false);
    let rule = r#"{"conditions": [], "description": "seen",
        "actions": [{"op": "set-attribute", "args": {"path": "/extra/seen", "value": true}}]}"#;
    let create = ["--file", rule, "--priority", "10"];
    let set = ("priority", "priority=20", json!(20));
    let unset = ("description", "description", json!(null));
    Life { words: &["rule"], key: "inspection_rules", create: &create, set, unset }.lived(&ferric);
}

#[test]
fn allocations_get_a_node_or_say_why_not() {
    let (_daemon, ferric) = with_node(false);
    ferric.ok(&["node", "manage", "n1", "--wait", "60"]);
    ferric.ok(&["node", "provide", "n1", "--wait", "60"]);
    let told = ferric.told(&["allocation", "create", "none", "--resource-class", "other", "--wait"]);
    assert_eq!((told.code, told.out.as_str()), (4, ""), "{told:?}");
    assert!(told.err.contains("`ferric allocation delete none`"), "{told:?}");
    let got = ferric.ok(&["allocation", "create", "web", "--resource-class", "baremetal", "--wait"]);
    assert!(got.starts_with("allocation web is active: node "), "{got}");
    let table = ferric.ok(&["allocation", "list", "--state", "active"]);
    assert!(table.contains("web") && !table.contains("none"), "{table}");
    assert_eq!(ferric.json(&["node", "allocation", "n1"])["name"], "web");
    ferric.ok(&["allocation", "set", "web", "name=17"]);
    ferric.ok(&["allocation", "unset", "17", "name"]);
    assert_eq!(ferric.json(&["allocation", "list", "--node", "n1"])["allocations"][0]["name"], json!(null));
    let taken = ferric.refused(&["allocation", "create", "none", "--resource-class", "baremetal"]);
    assert!(taken.contains("`ferric allocation list`"), "{taken}");
    let uuid = ferric.json(&["allocation", "list", "--node", "n1"])["allocations"][0]["uuid"].clone();
    assert_eq!(ferric.ok(&["allocation", "delete", uuid.as_str().unwrap(), "none"]).lines().count(), 2);
}

#[test]
fn drivers_conductors_and_shards_are_looked_at() {
    let (_daemon, ferric) = with_node(false);
    ferric.ok(&["node", "set", "n1", "shard=blue"]);
    assert!(ferric.ok(&["shard", "list"]).contains("blue"));
    assert_eq!(ferric.json(&["shard", "list"])["shards"][0]["count"], 1);
    assert!(ferric.ok(&["driver", "list"]).contains("fake-hardware"));
    assert!(ferric.ok(&["driver", "list", "--long"]).contains("default_deploy_interface"));
    assert_eq!(ferric.json(&["driver", "show", "fake-hardware"])["name"], "fake-hardware");
    assert!(ferric.ok(&["driver", "properties", "manual-management"]).contains("image_download_source"));
    let host = ferric.json(&["conductor", "list"])["conductors"][0]["hostname"].clone();
    assert!(ferric.ok(&["conductor", "list"]).contains(host.as_str().unwrap()));
    assert!(ferric.ok(&["conductor", "show", host.as_str().unwrap()]).contains("fake-hardware"));
    assert!(ferric.refused(&["driver", "show", "abacus"]).contains("`ferric driver list`"));
}

#[test]
fn what_lies_below_a_node_is_read_and_set() {
    let (_daemon, ferric) = with_node(false);
    ferric.ok(&["node", "boot-device", "set", "n1", "pxe", "--persistent"]);
    assert_eq!(
        ferric.json(&["node", "boot-device", "show", "n1"]),
        json!({"boot_device": "pxe", "persistent": true})
    );
    assert!(ferric.ok(&["node", "boot-device", "list", "n1"]).contains("pxe\n"));
    ferric.ok(&["node", "boot-mode", "n1", "uefi"]);
    ferric.ok(&["node", "secure-boot", "n1", "on"]);
    assert!(ferric.refused(&["node", "nmi", "n1"]).contains("n1: cannot send an NMI: "));
    assert!(ferric.refused(&["node", "media", "list", "n1"]).contains("does not support virtual media"));
    let lamps = ferric.json(&["node", "indicator", "list", "n1"]);
    let lamp = lamps["indicators"][0]["name"].as_str().unwrap();
    ferric.ok(&["node", "indicator", "set", "n1", lamp, "on"]);
    assert_eq!(ferric.json(&["node", "indicator", "show", "n1", lamp]), json!({"state": "on"}));
    ferric.ok(&["node", "vif", "list", "n1"]);
    ferric.ok(&["node", "bios", "n1"]);
    ferric.ok(&["node", "firmware", "n1"]);
    assert_eq!(ferric.told(&["node", "children", "n1"]).err, "ferric: no nodes are inside n1\n");
    ferric.ok(&["node", "history", "n1"]);
    ferric.ok(&["node", "raid", "n1", r#"{"logical_disks": [{"size_gb": 10, "raid_level": "1"}]}"#]);
    assert!(ferric.ok(&["node", "vendor", "methods", "n1"]).contains("third_method_sync"));
    assert_eq!(ferric.json(&["node", "vendor", "call", "n1", "third_method_sync", "bar=meow"]), json!(true));
    let told = ferric.told(&["node", "history", "nobody"]);
    assert!(told.code == 1 && told.err.contains("nobody: cannot read the history"), "{told:?}");
    assert!(told.err.contains("`ferric node list`"), "{told:?}");
}
