//! What is there after the daemon was killed.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::stage::daemon::Daemon;
use crate::stage::peers::Cli;
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

/// One request on a connection of its own; the answer's text if `listen`, else the client hangs up at once.
fn send(daemon: &Daemon, method: &str, path: &str, body: &str, listen: bool) -> String {
    let address = daemon.url().trim_start_matches("http://").to_owned();
    let mut wire = TcpStream::connect(&address).unwrap();
    write!(
        wire,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nX-OpenStack-Ironic-API-Version: 1.115\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    if listen {
        wire.read_to_string(&mut answer).unwrap();
    }
    answer
}

#[test]
fn a_client_hangs_up_while_its_node_is_made_and_the_node_can_be_used_all_the_same() {
    let daemon = Daemon::start();
    for number in 0..60 {
        let body = format!(r#"{{"driver": "fake-hardware", "name": "gone-{number}"}}"#);
        send(&daemon, "POST", "/v1/nodes", &body, false);
    }
    // One that is answered comes after all that were begun: nodes are made one at a time.
    send(&daemon, "POST", "/v1/nodes", r#"{"driver": "fake-hardware", "name": "last"}"#, true);
    let listed = send(&daemon, "GET", "/v1/nodes?limit=1000", "", true);
    for number in (0..60).filter(|number| listed.contains(&format!("\"gone-{number}\""))) {
        let patch = r#"[{"op": "add", "path": "/extra/a", "value": 1}]"#;
        let answer = send(&daemon, "PATCH", &format!("/v1/nodes/gone-{number}"), patch, true);
        assert!(answer.starts_with("HTTP/1.1 200"), "gone-{number}: {answer}");
    }
}
