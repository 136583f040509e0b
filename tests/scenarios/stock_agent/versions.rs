//! Hardware managers that change in the middle of work: each kind has its plan made anew by its own rules.

use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

/// Has the next boot bring other hardware managers, once the rebooting step has run so often.
fn change_at_the_reboot(rig: &Rig, times: usize) {
    rig.until_step_runs("site_reboot", times);
    rig.machine().set("SITE_VERSION", "2.0");
}

fn is_told_so_often(rig: &Rig, times: usize) {
    let history = rig.history();
    let told = history.iter().filter(|event| event.contains("the plan is made anew")).count();
    assert_eq!(told, times, "{history:#?}");
}

fn steps(names: &[&str]) -> Value {
    let step = |name: &&str| match *name {
        "site_args" => json!({"interface": "deploy", "step": "site_args", "args": {"text": "on"}}),
        name => json!({"interface": "deploy", "step": name}),
    };
    names.iter().map(step).collect()
}

#[test]
fn manual_cleaning_goes_on_at_the_same_step_when_the_ramdisk_has_changed() {
    let rig = Rig::new(Machine::new(MAC), "", &json!({}));
    let steps = steps(&["site_quick", "site_reboot", "site_args"]);
    rig.provision(&json!({"target": "clean", "clean_steps": steps}));
    change_at_the_reboot(&rig, 1);
    rig.until("manageable");
    assert_eq!(rig.machine().steps(), ["site_quick", "site_reboot", "site_args on"]);
    is_told_so_often(&rig, 1);
    assert_eq!(rig.node()["last_error"], Value::Null);
}

#[test]
fn a_deployment_takes_up_the_deploy_steps_of_a_ramdisk_that_has_changed() {
    let rig = Rig::by_steps_alone(Machine::new(MAC));
    let reboot = json!({"interface": "deploy", "step": "site_reboot", "priority": 80, "args": {}});
    rig.provision(&json!({"target": "active", "deploy_steps": [reboot]}));
    change_at_the_reboot(&rig, 1);
    rig.until("active");
    let steps = ["site_reboot", "site_quick", "site_new"];
    assert_eq!(rig.machine().steps(), steps, "what is done is not done again, and nothing is cleaned");
    is_told_so_often(&rig, 1);
    assert_eq!(rig.node()["last_error"], Value::Null);
}

#[test]
fn a_service_goes_on_or_says_which_of_its_steps_the_changed_ramdisk_has_no_more() {
    let rig = Rig::in_use(Machine::new(MAC), "");
    rig.provision(&json!({"target": "service", "service_steps": steps(&["site_reboot", "site_args"])}));
    change_at_the_reboot(&rig, 1);
    rig.until("active");
    assert_eq!(rig.machine().steps(), ["site_reboot", "site_args on"]);
    is_told_so_often(&rig, 1);
    rig.wait("power on", |rig| rig.machine().is_on());

    rig.machine().set("SITE_VERSION", "1.0");
    rig.provision(
        &json!({"target": "service", "service_steps": steps(&["site_reboot", "site_quick", "site_old"])}),
    );
    change_at_the_reboot(&rig, 2);
    let told = rig.until_failed("service failed");
    assert!(told.contains("n1") && told.contains("deploy.site_old"), "{told}");
    assert_eq!(rig.machine().steps()[2..], ["site_reboot"], "no other step was begun");
    is_told_so_often(&rig, 2);
}
