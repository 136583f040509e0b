//! A node's life through the stock openstacksdk: the scripts in `py/` are what a user of it would write.

mod methods;

use crate::stage::daemon::Daemon;
use crate::stage::peers::python;

#[test]
fn a_program_takes_a_fake_node_from_create_to_delete() {
    let daemon = Daemon::start();
    python("life", daemon.url(), &[]);
}

#[test]
fn a_program_reads_a_long_list_page_by_page() {
    let daemon = Daemon::start();
    python("pages", daemon.url(), &[]);
}

#[test]
fn a_program_speaks_an_old_microversion() {
    let daemon = Daemon::start();
    python("old_versions", daemon.url(), &[]);
}

#[test]
fn a_program_gets_nodes_by_what_they_are() {
    let daemon = Daemon::start();
    python("allocations", daemon.url(), &[]);
}
