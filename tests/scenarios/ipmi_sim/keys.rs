//! Accounts and keys: what is wrong is named, and nothing is tried over and over.

use serde_json::json;

use crate::ipmi_sim::relay::Relay;
use crate::ipmi_sim::relay::Weather;
use crate::ipmi_sim::rig::Sim;
use crate::ipmi_sim::rig::enrolled;
use crate::ipmi_sim::rig::field;
use crate::ipmi_sim::rig::manage;
use crate::ipmi_sim::rig::managed;
use crate::ipmi_sim::rig::wait_for;
use crate::stock_agent::http::ask;

#[test]
fn an_operator_who_mistypes_the_password_is_told_and_the_account_is_left_alone() {
    let sim = Sim::start();
    let relay = Relay::before(sim.port, Weather::default());
    let mut daemon = enrolled(relay.port, &json!({"ipmi_password": "mistyped"}));
    manage(&daemon);
    let told = |words: &str| field(&daemon, "last_error").as_str().is_some_and(|said| said.contains(words));
    wait_for("the refusal", || told("refused the log-in"));
    assert!(told("user name or password is wrong"), "{}", field(&daemon, "last_error"));
    assert_eq!(field(&daemon, "provision_state"), "enroll");
    let tries = relay.logins();
    assert!((1..=2).contains(&tries), "the second names the level: {tries}");
    let sensors = |url: &str| ask(url, "GET", "/ferric/v1/nodes/n1/sensors", None).unwrap().0;
    for _ in 0..3 {
        assert_ne!(sensors(daemon.url()), 200);
    }
    daemon.restart();
    assert_ne!(sensors(daemon.url()), 200);
    assert_eq!(relay.logins(), tries, "a restart forgets nothing");
    let mended = json!([{"op": "replace", "path": "/driver_info/ipmi_password", "value": "password"}]);
    assert_eq!(ask(daemon.url(), "PATCH", "/v1/nodes/n1", Some(&mended)).unwrap().0, 200);
    assert_eq!(sensors(daemon.url()), 200);
    assert_eq!(relay.logins(), tries + 1);
}

#[test]
fn an_unknown_user_is_told_apart_from_a_wrong_password() {
    let sim = Sim::start();
    let daemon = enrolled(sim.port, &json!({"ipmi_username": "nobody"}));
    manage(&daemon);
    wait_for("the refusal", || {
        field(&daemon, "last_error").as_str().is_some_and(|said| said.contains("unauthorised name"))
    });
}

#[test]
fn a_bmc_with_a_second_key_wants_it() {
    let sim = Sim::with("bmc_key \"kgkgkg\"", "");
    let daemon = managed(sim.port, &json!({"ipmi_hex_kg_key": "6b676b676b67"}));
    drop(daemon);
    let daemon = enrolled(sim.port, &json!({"ipmi_hex_kg_key": "006b676b676b"}));
    manage(&daemon);
    let told = |words: &str| field(&daemon, "last_error").as_str().is_some_and(|said| said.contains(words));
    wait_for("the refusal", || told("K_g is wrong: the password is right"));
    drop(daemon);
    let daemon = enrolled(sim.port, &json!({}));
    manage(&daemon);
    let told = |words: &str| field(&daemon, "last_error").as_str().is_some_and(|said| said.contains(words));
    wait_for("the refusal", || told("has a K_g and none is set"));
}

#[test]
fn an_old_protocol_that_is_asked_for_is_spoken() {
    let sim = Sim::start();
    let daemon = managed(sim.port, &json!({"ipmi_protocol_version": "1.5"}));
    assert_eq!(field(&daemon, "power_state"), "power off");
}
