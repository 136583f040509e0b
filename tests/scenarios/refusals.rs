//! What a user is told when the ask is wrong: the status, the words, and that nothing has changed.

use serde_json::json;

use crate::stage::daemon::Daemon;
use crate::stage::peers::Cli;
use crate::stage::peers::python;

#[test]
fn an_operator_names_an_unknown_node() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    let told = cli.refused(&["node", "show", "nobody"]);
    assert!(told.contains("nobody") && told.contains("HTTP 404"), "{told}");
}

#[test]
fn an_operator_gives_a_name_twice() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    let create = ["node", "create", "--driver", "fake-hardware", "--name", "n1"];
    cli.ok(&create);
    // The client asks again after a 409, for half a minute unless told otherwise.
    let told = cli.refused(&[&["--max-retries", "1", "--retry-interval", "1"], &create[..]].concat());
    assert!(told.contains("n1") && told.contains("HTTP 409"), "{told}");
    assert_eq!(cli.names(&[]), ["n1"]);
}

#[test]
fn an_operator_asks_for_a_move_that_the_state_does_not_have() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    cli.ok(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    let told = cli.refused(&["node", "provide", "n1"]);
    assert!(told.contains("enroll") && told.contains("HTTP 400"), "{told}");
    assert_eq!(cli.field("n1", "provision_state"), "enroll");
}

#[test]
fn an_operator_deploys_a_node_in_maintenance() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    cli.ok(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    cli.ok(&["node", "provide", "n1", "--wait", "60"]);
    cli.ok(&["node", "maintenance", "set", "n1"]);
    let told = cli.refused(&["node", "deploy", "n1"]);
    assert!(told.contains("maintenance") && told.contains("HTTP 400"), "{told}");
    assert_eq!(cli.field("n1", "provision_state"), "available");
}

#[test]
fn an_operator_names_an_unknown_hardware_type() {
    let daemon = Daemon::start();
    let cli = Cli::new(daemon.url());
    let told = cli.refused(&["node", "create", "--driver", "abacus", "--name", "n1"]);
    assert!(told.contains("abacus") && told.contains("HTTP 400"), "{told}");
    assert_eq!(cli.json(&["node", "list"]), json!([]));
}

#[test]
fn a_program_sends_wrong_asks_and_is_told_so_in_the_reference_form() {
    let daemon = Daemon::start();
    python("refusals", daemon.url(), &[]);
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}
