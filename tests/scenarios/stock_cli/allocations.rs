//! Allocations through the stock `baremetal` command line: each of its commands.

use serde_json::{Value, json};

use super::{WAIT, create};
use crate::stage::daemon::Daemon;
use crate::stage::peers::Cli;

fn free(cli: &Cli, name: &str) -> Value {
    let node = create(cli, name, &["--resource-class", "metal"]);
    cli.ok(&["node", "manage", name, "--wait", WAIT]);
    cli.ok(&["node", "provide", name, "--wait", WAIT]);
    node["uuid"].clone()
}

fn names(cli: &Cli, options: &[&str]) -> Vec<String> {
    let rows = cli.json(&[&["allocation", "list"], options].concat());
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["Name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_operator_gets_a_node_by_what_it_is_and_gives_it_back() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    let node = free(&cli, "n1");
    let (class, wait) = (["--resource-class", "metal"], ["--wait", WAIT]);
    let options = ["--name", "a1", "--extra", "for=web", "--candidate-node", "n1"];
    let made = cli.json(&[&["allocation", "create"], &class[..], &options, &wait].concat());
    assert_eq!((&made["state"], &made["node_uuid"]), (&json!("active"), &node));
    assert_eq!((&made["extra"], &made["candidate_nodes"]), (&json!({"for": "web"}), &json!([node])));
    assert_eq!(cli.field("n1", "allocation_uuid"), made["uuid"]);
    assert_eq!(cli.field("n1", "instance_uuid"), made["uuid"]);
    let refused = cli.refused(&[&["allocation", "create", "--name", "a2"], &class[..], &wait].concat());
    assert!(refused.contains("no available nodes match the resource class metal"), "{refused}");
    let traits = ["--trait", "CUSTOM_GPU", "--owner", "ann"];
    cli.json(&[&["allocation", "create", "--name", "a3"], &class[..], &traits].concat());

    assert_eq!(names(&cli, &["--sort", "name"]), ["a1", "a2", "a3"]);
    assert_eq!(names(&cli, &["--state", "active"]), ["a1"]);
    assert_eq!(names(&cli, &["--node", "n1"]), ["a1"]);
    assert_eq!(names(&cli, &["--owner", "ann"]), ["a3"]);
    assert_eq!(names(&cli, &["--resource-class", "gold"]), [""; 0]);
    assert_eq!(names(&cli, &["--limit", "2", "--sort", "name:desc"]), ["a3", "a2"]);
    let long = cli.json(&["allocation", "list", "--long", "--state", "active"]);
    assert_eq!(long[0]["Node UUID"], node);
    let fields = cli.json(&["allocation", "list", "--fields", "name", "state", "--node", "n1"]);
    assert_eq!(fields, json!([{"name": "a1", "state": "active"}]));

    cli.ok(&["allocation", "set", "a1", "--name", "b1", "--extra", "shelf=4"]);
    let shown = cli.json(&["allocation", "show", "b1"]);
    assert_eq!(shown["extra"], json!({"for": "web", "shelf": 4}));
    cli.ok(&["allocation", "unset", "b1", "--name", "--extra", "shelf"]);
    let shown =
        cli.json(&["allocation", "show", made["uuid"].as_str().unwrap(), "--fields", "name", "extra"]);
    assert_eq!(shown, json!({"name": null, "extra": {"for": "web"}}));

    cli.ok(&["node", "deploy", "n1", "--wait", WAIT]);
    let uuid = made["uuid"].as_str().unwrap();
    assert!(cli.refused(&["allocation", "delete", uuid]).contains("HTTP 409"));
    cli.ok(&["node", "undeploy", "n1", "--wait", WAIT]);
    assert!(cli.refused(&["allocation", "show", uuid]).contains("HTTP 404"), "it ends with the node's use");
    cli.ok(&["allocation", "delete", "a2", "a3"]);
    assert_eq!(cli.json(&["allocation", "list"]), json!([]));
}

#[test]
fn an_operator_tells_of_a_node_that_is_in_use_already() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    let node = free(&cli, "n1");
    cli.ok(&["node", "deploy", "n1", "--wait", WAIT]);
    let made = cli.json(&["allocation", "create", "--node", "n1", "--name", "a1"]);
    assert_eq!((&made["state"], &made["node_uuid"]), (&json!("active"), &node));
    assert_eq!(cli.field("n1", "instance_uuid"), made["uuid"]);
    cli.ok(&["node", "maintenance", "set", "n1"]);
    cli.ok(&["allocation", "delete", "a1"]);
    assert_eq!(cli.field("n1", "instance_uuid"), Value::Null);
}
