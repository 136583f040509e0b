//! What is there after the daemon was killed.

use serde_json::json;

use crate::daemon::Daemon;
use crate::peers::Cli;
use crate::stock_cli::until;

#[test]
fn an_operator_finds_every_node_again_after_the_daemon_was_killed() {
    let mut daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    let node =
        cli.json(&["node", "create", "--driver", "fake-hardware", "--name", "n1", "--extra", "shelf=4"]);
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    cli.ok(&["port", "create", "52:54:00:00:00:01", "--node", &uuid]);
    cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    cli.ok(&["node", "maintenance", "set", "n1", "--reason", "new fans"]);
    let before = cli.json(&["node", "show", "n1"]);

    daemon.kill9();
    daemon.restart();

    let cli = Cli::new(daemon.url());
    let after = cli.json(&["node", "show", "n1"]);
    for field in ["uuid", "provision_state", "maintenance_reason", "extra", "created_at", "power_state"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(cli.json(&["port", "list", "--node", "n1"])[0]["address"], "52:54:00:00:00:01");
}

#[test]
fn a_node_goes_on_to_active_after_the_daemon_was_killed_right_after_the_ask() {
    let mut daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    cli.ok(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    cli.ok(&["node", "provide", "n1", "--wait", "60"]);
    cli.ok(&["node", "deploy", "n1"]);

    daemon.kill9();
    daemon.restart();

    let cli = Cli::new(daemon.url());
    until(&cli, "n1", "provision_state", "active");
    assert_eq!(cli.field("n1", "last_error"), json!(null));
}

#[test]
fn an_operator_stops_the_daemon_and_it_ends_by_itself() {
    let mut daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    cli.ok(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    let ended = daemon.stop();
    assert!(ended.success(), "{ended}:\n{}", daemon.log());
    daemon.restart();
    assert_eq!(Cli::new(daemon.url()).names(&[]), ["n1"]);
}
