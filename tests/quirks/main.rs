//! The real drivers against controllers that are odd: each row of the table of quirks that is tested here has a test of
//! its own, against a simulated controller that has the oddity. A file an area.
//!
//! A test does what the oddity breaks, looks at what came of it, and asks the controller whether the oddity showed:
//! either the driver met it, or (where the driver never gives it a chance) a naive client did.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub
)]

use std::collections::BTreeSet;

use ferric::wire::redfish::quirk::rows::ROWS;

#[macro_use]
mod row;
mod clock;
mod machine;
mod pages;
mod rig;
mod station;

mod boot;
mod etag;
mod http;
mod inventory;
mod ipmi_login;
mod ipmi_work;
mod media;
mod mode;
mod power;
mod session;
mod task;

/// Every row that is tested here, an area after the other.
fn tested() -> Vec<&'static str> {
    let redfish =
        [boot::IDS, etag::IDS, http::IDS, inventory::IDS, media::IDS, mode::IDS, power::IDS, session::IDS];
    [&redfish[..], &[task::IDS], &[ipmi_login::IDS, ipmi_work::IDS]].concat().concat()
}

#[test]
fn sixty_rows_and_more_are_tested_each_once_and_each_is_carried() {
    let tested = tested();
    let distinct: BTreeSet<&str> = tested.iter().copied().collect();
    assert_eq!(distinct.len(), tested.len(), "a row is tested twice");
    assert!(tested.len() >= 60, "{}", tested.len());
    for id in tested {
        assert!(ROWS.iter().any(|row| row.id == id), "{id} is not carried");
    }
}

#[test]
fn every_maker_is_among_them() {
    let tested = tested();
    for (maker, least) in [
        ("any-", 30),
        ("dell-", 20),
        ("hpe-", 10),
        ("lenovo-", 10),
        ("smc-", 10),
        ("ami-", 6),
        ("nvidia-", 5),
        ("openbmc-", 6),
        ("cisco-", 4),
        ("huawei-", 3),
        ("fujitsu-", 1),
        ("nokia-", 2),
        ("inspur-", 2),
    ] {
        let count = tested.iter().filter(|id| id.starts_with(maker)).count();
        assert!(count >= least, "{maker}: {count} of {least}");
    }
}
