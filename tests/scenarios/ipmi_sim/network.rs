//! A bad network, and a BMC that is restarted.

use serde_json::json;

use crate::ipmi_sim::relay::Relay;
use crate::ipmi_sim::relay::Weather;
use crate::ipmi_sim::rig::Sim;
use crate::ipmi_sim::rig::managed;
use crate::ipmi_sim::rig::page;
use crate::ipmi_sim::rig::switch;

#[test]
fn packets_that_are_lost_doubled_and_swapped_change_nothing() {
    let sim = Sim::start();
    let relay = Relay::before(sim.port, Weather { lose: 11, double: 4, swap: 23 });
    let daemon = managed(relay.port, &json!({}));
    switch(&daemon, "power on", "power on");
    assert_eq!(sim.file("power"), "1");
    assert!(page(&daemon, "sensors")["sensors"]["Temperature"].is_object());
    switch(&daemon, "power off", "power off");
    assert_eq!(sim.file("power"), "0");
}

#[test]
fn a_bmc_that_forgot_its_sessions_is_logged_in_to_again() {
    let mut sim = Sim::start();
    let relay = Relay::before(sim.port, Weather::default());
    let daemon = managed(relay.port, &json!({}));
    let before = relay.logins();
    sim.restart();
    switch(&daemon, "power on", "power on");
    assert_eq!(sim.file("power"), "1");
    assert!(relay.logins() > before);
}
