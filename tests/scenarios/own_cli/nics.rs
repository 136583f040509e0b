//! Ports, portgroups and chassis.

use serde_json::json;

use super::{Life, extra};
use crate::stage::daemon::Daemon;
use crate::stage::ferric::Ferric;

#[test]
fn ports_live_from_creation_to_deletion() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    let create =
        ["52:54:00:00:00:01", "--node", "n1", "--name", "p1", "--pxe-enabled=false", "--extra", "rack=4"];
    let set = ("extra", "extra.rack=5", extra(&json!(5)));
    let unset = ("extra.rack", "extra", json!({}));
    Life { words: &["port"], key: "ports", create: &create, set, unset }.lived(&ferric);
}

#[test]
fn a_port_is_known_by_its_address() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    let mac = "52:54:00:00:00:07";
    let refused = ferric.refused(&["port", "show", mac]);
    assert!(refused.contains(mac), "{refused}");
    ferric.ok(&["port", "create", mac, "--node", "n1"]);
    ferric.ok(&["port", "set", mac, "extra.rack=4"]);
    let shown = ferric.ok(&["port", "show", &mac.to_uppercase()]);
    assert!(shown.contains("extra.rack") && shown.contains(mac), "{shown}");
    assert_eq!(ferric.ok(&["port", "delete", mac]), format!("{mac}: deleted\n"));
}

#[test]
fn portgroups_live_from_creation_to_deletion() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    let create = ["bond0", "--node", "n1", "--mode", "802.3ad", "--property", "miimon=100"];
    let set = ("mode", "mode=balance-rr", json!("balance-rr"));
    let unset = ("properties.miimon", "properties", json!({}));
    Life { words: &["portgroup"], key: "portgroups", create: &create, set, unset }.lived(&ferric);
}

#[test]
fn chassis_live_from_creation_to_deletion() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    let set = ("extra", "extra.rack=5", extra(&json!(5)));
    let unset = ("description", "description", json!(null));
    let create = ["--description", "rack 4", "--extra", "rack=4"];
    Life { words: &["chassis"], key: "chassis", create: &create, set, unset }.lived(&ferric);
}

#[test]
fn members_are_put_into_a_portgroup_by_name_and_nodes_into_a_chassis() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    ferric.ok(&["portgroup", "create", "bond0", "--node", "n1"]);
    ferric.ok(&[
        "port",
        "create",
        "52:54:00:00:00:01",
        "--node",
        "n1",
        "--name",
        "p1",
        "--portgroup",
        "bond0",
    ]);
    ferric.ok(&["port", "create", "52:54:00:00:00:02", "--node", "n1", "--name", "p2"]);
    ferric.ok(&["port", "set", "p2", "portgroup_uuid=bond0"]);
    let members = ferric.ok(&["portgroup", "ports", "bond0"]);
    assert!(members.contains("52:54:00:00:00:01") && members.contains("52:54:00:00:00:02"), "{members}");
    assert_eq!(ferric.json(&["port", "list", "--portgroup", "bond0"])["ports"].as_array().unwrap().len(), 2);
    assert_eq!(ferric.json(&["port", "list", "--address", "52:54:00:00:00:02"])["ports"][0]["name"], "p2");
    ferric.refused(&["portgroup", "delete", "bond0"]);
    let chassis = ferric.json(&["chassis", "create", "--description", "rack 4"]);
    let chassis = chassis["uuid"].as_str().unwrap();
    ferric.ok(&["node", "set", "n1", &format!("chassis_uuid={chassis}")]);
    assert!(ferric.ok(&["chassis", "nodes", chassis]).contains("n1"));
}

#[test]
fn many_pages_are_one_list() {
    let daemon = Daemon::start_with(&[]);
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    for number in 1..=5 {
        ferric.ok(&["port", "create", &format!("52:54:00:00:00:0{number}"), "--node", "n1"]);
    }
    let rows = ferric.json(&["port", "list", "--sort", "address:desc", "--limit", "3"]);
    let addresses: Vec<&str> =
        rows["ports"].as_array().unwrap().iter().map(|row| row["address"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["52:54:00:00:00:05", "52:54:00:00:00:04", "52:54:00:00:00:03"]);
}

#[test]
fn what_is_refused_is_named_with_what_helps_and_the_others_are_done() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    ferric.ok(&["port", "create", "52:54:00:00:00:01", "--node", "n1", "--name", "p1"]);
    ferric.ok(&["port", "create", "52:54:00:00:00:02", "--node", "n1", "--name", "p2"]);
    let taken = ferric.refused(&["port", "create", "52:54:00:00:00:01", "--node", "n1"]);
    assert!(
        taken.contains("52:54:00:00:00:01")
            && taken.contains("`ferric port list --address 52:54:00:00:00:01`"),
        "{taken}"
    );
    let nowhere = ferric.refused(&["port", "create", "52:54:00:00:00:03", "--node", "nobody"]);
    assert!(nowhere.contains("nobody") && nowhere.contains("`ferric node list`"), "{nowhere}");
    let told = ferric.told(&["port", "delete", "p1", "p7", "p2"]);
    assert_eq!((told.code, told.out.as_str()), (1, "p1: deleted\np2: deleted\n"));
    assert!(told.err.starts_with("ferric: port p7: cannot delete: "), "{}", told.err);
    assert_eq!(ferric.json(&["port", "list"])["ports"], json!([]));
}
