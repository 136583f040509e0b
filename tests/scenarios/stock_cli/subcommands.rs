//! Each subcommand of the stock command line, a resource a scenario of `py/cli`, and whether one was left out.
//!
//! The scenarios call the client's own entry point in one process: see `py/cli/client.py`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use crate::stage::daemon::Daemon;
use crate::stage::peers::python;

#[test]
fn an_operator_keeps_chassis() {
    tried("chassis");
}

#[test]
fn an_operator_looks_at_conductors_drivers_and_shards() {
    tried("conductors");
}

#[test]
fn an_operator_keeps_ports() {
    tried("ports");
}

#[test]
fn an_operator_keeps_portgroups() {
    tried("portgroups");
}

#[test]
fn an_operator_keeps_volumes() {
    tried("volumes");
}

#[test]
fn an_operator_keeps_deploy_templates_and_runbooks_and_nodes_use_them() {
    tried("templates");
}

#[test]
fn an_operator_keeps_inspection_rules() {
    tried("rules");
}

#[test]
fn an_operator_keeps_nodes() {
    tried("nodes");
}

#[test]
fn an_operator_takes_nodes_through_their_states() {
    tried("states");
}

#[test]
fn an_operator_uses_the_machine_behind_a_node() {
    tried("machines");
}

#[test]
fn an_operator_asks_for_nodes_by_what_they_are() {
    tried("allocations");
}

#[test]
fn an_operator_makes_what_a_file_says() {
    tried("files");
}

#[test]
fn an_operator_speaks_older_microversions() {
    tried("versions");
}

#[test]
fn no_subcommand_of_the_client_is_left_out() {
    let mut missing: BTreeSet<String> = names(&python("cli/commands", "http://127.0.0.1:1", &[]));
    assert!(missing.len() > 100, "{missing:?}");
    for name in STORIES {
        let tried = tried(name);
        missing.retain(|command| !tried.done.contains(command));
        for (command, _) in REFUSED {
            assert!(!tried.done.contains(*command), "{command} works: take it off the list of what cannot");
            if tried.refused.contains(*command) {
                missing.remove(*command);
            }
        }
    }
    assert!(missing.is_empty(), "no scenario tries {missing:?}");
}

/// What cannot work, and why; each must have been refused in a scenario that says with which words.
const REFUSED: &[(&str, &str)] = &[
    (
        "driver passthru call",
        "no hardware type that is here has a vendor method of its own, in the reference neither",
    ),
    ("node inject nmi", "the fake machine has no such button, in the reference neither"),
];

/// The scenarios in `py/cli`.
const STORIES: &[&str] = &[
    "chassis",
    "conductors",
    "ports",
    "portgroups",
    "volumes",
    "templates",
    "rules",
    "nodes",
    "states",
    "machines",
    "allocations",
    "files",
    "versions",
];

/// The subcommands that a scenario has tried, and those that were refused in it.
struct Tried {
    done: BTreeSet<String>,
    refused: BTreeSet<String>,
}

/// Plays a scenario on a daemon of its own, once for all who ask.
fn tried(name: &str) -> &'static Tried {
    static ALL: [OnceLock<Tried>; STORIES.len()] = [const { OnceLock::new() }; STORIES.len()];
    let place = STORIES.iter().position(|story| *story == name).unwrap();
    ALL[place].get_or_init(|| {
        let daemon = Daemon::start();
        let told = python(&format!("cli/{name}"), daemon.url(), &[]);
        Tried { done: names(&told["done"]), refused: names(&told["refused"]) }
    })
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}
