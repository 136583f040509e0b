//! Power and boot device: the chassis' hook sees what the operator asked for.

use serde_json::Value;
use serde_json::json;

use crate::ipmi_sim::rig::Sim;
use crate::ipmi_sim::rig::managed;
use crate::ipmi_sim::rig::node;
use crate::ipmi_sim::rig::switch;
use crate::ipmi_sim::rig::wait_for;
use crate::stage::daemon::Daemon;
use crate::stage::peers::Cli;
use crate::stock_agent::http::ask;

#[test]
fn an_operator_works_a_machine_over_ipmi() {
    let sim = Sim::start();
    let daemon = Daemon::start_with(&["--hardware", "ipmi"]);
    let cli = Cli::new(daemon.url());
    let port = format!("ipmi_port={}", sim.port);
    let mut words = vec!["node", "create", "--driver", "ipmi", "--name", "n1"];
    for one in ["ipmi_address=127.0.0.1", &port, "ipmi_username=admin", "ipmi_password=password"] {
        words.extend(["--driver-info", one]);
    }
    cli.ok(&words);
    cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    assert_eq!(cli.field("n1", "power_state"), "power off");
    cli.ok(&["node", "power", "on", "n1", "--power-timeout", "60"]);
    wait_for("power on", || cli.field("n1", "power_state") == "power on");
    assert_eq!(sim.file("power"), "1");
    assert!(sim.ipmitool(&["chassis", "power", "status"]).contains("is on"));
    cli.ok(&["node", "boot", "device", "set", "n1", "cdrom", "--persistent"]);
    assert_eq!(sim.file("boot"), "cdrom");
    assert_eq!(cli.json(&["node", "boot", "device", "show", "n1"])["boot_device"], "cdrom");
    cli.ok(&["node", "power", "off", "n1", "--power-timeout", "60"]);
    wait_for("power off", || cli.field("n1", "power_state") == "power off");
    assert_eq!(sim.file("power"), "0");
}

#[test]
fn a_kept_boot_device_is_set_again_at_each_power_on_but_the_one_that_is_another_s() {
    let sim = Sim::start();
    let daemon = managed(sim.port, &json!({"ipmi_force_boot_device": true}));
    let set = |device: &str, persistent: bool| {
        let body = json!({"boot_device": device, "persistent": persistent});
        let path = "/v1/nodes/n1/management/boot_device";
        assert_eq!(ask(daemon.url(), "PUT", path, Some(&body)).unwrap().0, 204);
    };
    let kept = |name: &str| node(&daemon)["driver_internal_info"][name].clone();
    set("disk", true);
    assert_eq!(
        (kept("persistent_boot_device"), kept("is_next_boot_persistent")),
        (json!("disk"), Value::Null)
    );
    sim.set("boot", "none");
    switch(&daemon, "power on", "power on");
    assert_eq!(sim.file("boot"), "default", "the simulator's name of the disk");
    set("pxe", false);
    assert_eq!(
        (kept("persistent_boot_device"), kept("is_next_boot_persistent")),
        (json!("disk"), json!(false))
    );
    switch(&daemon, "rebooting", "power on");
    assert_eq!((sim.file("boot").as_str(), kept("is_next_boot_persistent")), ("pxe", Value::Null));
    switch(&daemon, "rebooting", "power on");
    assert_eq!(sim.file("boot"), "default");
}

#[test]
fn a_soft_reboot_goes_through_off_and_is_refused_where_that_is_disabled() {
    let sim = Sim::start();
    let daemon = managed(sim.port, &json!({}));
    switch(&daemon, "power on", "power on");
    switch(&daemon, "soft rebooting", "power on");
    let presses = sim.file("presses");
    assert_eq!(presses.lines().collect::<Vec<_>>(), ["power 1", "shutdown 1", "power 1"]);
    let never_off = json!([{"op": "replace", "path": "/disable_power_off", "value": true}]);
    assert_eq!(ask(daemon.url(), "PATCH", "/v1/nodes/n1", Some(&never_off)).unwrap().0, 200);
    let soft = json!({"target": "soft rebooting"});
    let (status, said) = ask(daemon.url(), "PUT", "/v1/nodes/n1/states/power", Some(&soft)).unwrap();
    assert_eq!((status, said.to_string().contains("disable_power_off")), (409, true), "{said}");
    switch(&daemon, "rebooting", "power on");
    assert!(sim.file("presses").ends_with("reset 1"), "{}", sim.file("presses"));
}
