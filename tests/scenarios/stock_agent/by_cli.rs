//! Work of the stock agent that an operator asks for by the stock command line.

use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

#[test]
fn an_operator_services_a_server_with_quick_slow_rebooting_and_held_steps() {
    let rig = Rig::in_use(Machine::new(MAC).with("SITE_SLOW", "1"), "");
    let steps = json!([
        {"interface": "deploy", "step": "site_quick"},
        {"interface": "power", "step": "hold"},
        {"interface": "deploy", "step": "site_reboot"},
        {"interface": "deploy", "step": "site_args", "args": {"text": "new fans"}},
        {"interface": "deploy", "step": "site_slow"},
    ]);
    let cli = rig.cli();
    let wrong = json!([{"interface": "deploy", "step": "site_args", "args": {"colour": "red"}}]).to_string();
    rig.cli().ok(&["node", "service", "n1", "--service-steps", &steps.to_string()]);
    rig.until("service hold");
    assert_eq!(rig.machine().steps(), ["site_quick"]);
    assert_eq!(rig.node()["service_step"]["step"], "hold");
    cli.ok(&["node", "unhold", "n1"]);
    rig.until("active");
    let node = rig.node();
    assert_eq!((&node["last_error"], &node["power_state"]), (&Value::Null, &json!("power on")));
    assert_eq!(rig.machine().steps(), ["site_quick", "site_reboot", "site_args new fans", "site_slow"]);
    // The ramdisk, the step that reboots, the instance.
    rig.wait("three boots", |rig| rig.machine().boots() == 3);

    // Only the agent knows the step's arguments: it has to be asked first.
    cli.ok(&["node", "service", "n1", "--service-steps", &wrong]);
    let told = rig.until_failed("service failed");
    assert!(told.contains("deploy.site_args") && told.contains("colour"), "{told}");
    assert_eq!(rig.machine().steps().len(), 4, "it was not begun");
}

#[test]
fn an_operator_aborts_a_service_and_gives_up_one_that_failed() {
    let rig = Rig::in_use(Machine::new(MAC).with("SITE_SLOW", "300"), "");
    let cli = rig.cli();
    let service = |step: &str| {
        let steps =
            json!([{"interface": "deploy", "step": step}, {"interface": "deploy", "step": "site_quick"}]);
        cli.ok(&["node", "service", "n1", "--service-steps", &steps.to_string()]);
    };
    service("site_slow");
    rig.until_step_runs("site_slow", 1);
    rig.until("service wait");
    cli.ok(&["node", "abort", "n1"]);
    rig.until("active");
    assert_eq!(rig.machine().steps(), ["site_slow"]);
    rig.wait("boot of the instance", |rig| rig.machine().boots() == 2);
    rig.wait("power on", |rig| rig.node()["power_state"] == "power on");

    service("site_fail");
    let told = rig.until_failed("service failed");
    assert!(told.contains("n1") && told.contains("deploy.site_fail"), "{told}");
    assert!(told.contains("the step was asked to fail"), "{told}");
    let node = rig.node();
    assert_eq!((&node["maintenance"], &node["fault"]), (&json!(true), &json!("service failure")));
    assert!(rig.daemon.data().join("logs").read_dir().unwrap().next().is_some(), "no logs were kept");
    cli.ok(&["node", "maintenance", "unset", "n1"]);
    cli.ok(&["node", "abort", "n1"]);
    rig.until("active");
    assert_eq!(rig.machine().steps(), ["site_slow", "site_fail"]);
    rig.wait("power on", |rig| rig.node()["power_state"] == "power on");
}

#[test]
fn an_operator_has_runbooks_and_a_template_run_in_band_and_rescues_the_server() {
    let machine = Machine::new(MAC);
    let file = machine.disk().with_file_name("rescue-password");
    let more = json!({
        "deploy_interface": "custom-agent", "rescue_interface": "agent", "automated_clean": false,
        "driver_info": {"deploy_forces_oob_reboot": true},
    });
    let rig = Rig::new(machine.with("SITE_RESCUE", file.to_str().unwrap()), "", &more);
    let cli = rig.cli();
    let args = |text: &str, member: &str, value: u32| json!({"interface": "deploy", "step": "site_args", "args": {"text": text}, member: value});
    let quick = json!({"interface": "deploy", "step": "site_quick", "args": {}, "order": 1});
    let steps = json!([args("runbook", "order", 2), quick]).to_string();
    cli.ok(&["runbook", "create", "--name", "CUSTOM_BURN", "--public", "--steps", &steps]);
    cli.ok(&["node", "trait", "add", "n1", "CUSTOM_BURN", "CUSTOM_LABEL"]);
    cli.ok(&["runbook", "trait", "add", "CUSTOM_BURN", "CUSTOM_BURN"]);
    cli.ok(&["node", "clean", "n1", "--runbook", "CUSTOM_BURN"]);
    rig.until("manageable");
    let by_runbook = ["site_quick", "site_args runbook"];
    assert_eq!(rig.machine().steps(), by_runbook);

    let steps = json!([args("template", "priority", 75)]).to_string();
    cli.ok(&["deploy", "template", "create", "CUSTOM_LABEL", "--steps", &steps]);
    cli.ok(&["node", "set", "n1", "--instance-info", "traits=[\"CUSTOM_LABEL\"]"]);
    cli.ok(&["node", "provide", "n1"]);
    rig.until("available");
    cli.ok(&["node", "deploy", "n1"]);
    rig.until("active");
    assert_eq!(rig.machine().steps()[2..], ["site_args template", "site_quick"]);

    cli.ok(&["node", "service", "n1", "--runbook", "CUSTOM_BURN"]);
    rig.until("active");
    assert_eq!(rig.machine().steps()[4..], by_runbook);
    rig.wait("power on", |rig| rig.machine().is_on());

    cli.ok(&["node", "rescue", "n1", "--rescue-password", "open sesame"]);
    rig.until("rescue");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("$5$"));
    cli.ok(&["node", "unrescue", "n1"]);
    rig.until("active");
    let node = rig.node();
    assert_eq!((&node["last_error"], &node["power_state"]), (&Value::Null, &json!("power on")));
}
