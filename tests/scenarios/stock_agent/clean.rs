//! Cleaning by the stock agent.

use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

#[test]
fn a_new_server_is_cleaned_by_its_agent_with_quick_slow_and_rebooting_steps_and_becomes_available() {
    let config = "[conductor]\nclean_step_priority_override = ['deploy.site_slow:60']";
    let rig = Rig::new(Machine::new(MAC).with("SITE_SLOW", "2"), config, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");

    let node = rig.node();
    assert_eq!(node["last_error"], Value::Null);
    assert_eq!(node["power_state"], "power off");
    assert_eq!(node["clean_step"], json!({}));
    let steps = ["erase_devices_metadata", "site_quick", "site_slow", "site_reboot", "erase_devices"];
    assert_eq!(rig.machine().steps(), steps);
    assert_eq!(rig.machine().boots(), 2, "once to clean, once in the rebooting step");
    rig.wait("power off", |rig| !rig.machine().is_on());
    let history = rig.history();
    for step in steps {
        assert!(history.contains(&format!("step deploy.{step} is done")), "{step} in {history:#?}");
    }
    assert!(!rig.daemon.log().contains("WARN"), "{}", rig.daemon.log());
}

#[test]
fn an_operator_aborts_cleaning_while_a_slow_step_runs() {
    let config = "[conductor]\nclean_step_priority_override = ['deploy.site_slow:99', 'deploy.site_quick:0']\n\
                  [deploy]\nerase_devices_metadata_priority = 0";
    let rig = Rig::new(Machine::new(MAC).with("SITE_SLOW", "300"), config, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    rig.until_step_runs("site_slow", 1);
    rig.until("clean wait");
    rig.provision(&json!({"target": "abort"}));
    let told = rig.until_failed("clean failed");
    assert!(told.contains("n1") && told.contains("aborted") && told.contains("deploy.site_slow"), "{told}");
    assert_eq!(rig.node()["power_state"], "power off", "else the step would go on");
    assert_eq!(rig.machine().steps(), ["site_slow"]);

    // The way back: what was aborted is cleaned from the beginning.
    rig.machine().set("SITE_SLOW", "0");
    rig.provision(&json!({"target": "manage"}));
    rig.until("manageable");
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    assert_eq!(rig.machine().steps(), ["site_slow", "site_slow", "site_reboot", "erase_devices"]);
}

#[test]
fn a_server_whose_ramdisk_was_replaced_between_two_steps_gets_a_new_plan() {
    let config = "[conductor]\nclean_step_priority_override = ['deploy.site_quick:0']\n\
                  [deploy]\nerase_devices_metadata_priority = 0";
    let rig = Rig::new(Machine::new(MAC), config, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    rig.until_step_runs("site_reboot", 1);
    rig.machine().set("SITE_VERSION", "2.0");
    rig.until("available");
    let history = rig.history();
    assert!(history.iter().any(|event| event.contains("the plan is made anew")), "{history:#?}");
    assert_eq!(rig.machine().steps(), ["site_reboot", "site_reboot", "site_new", "erase_devices"], "anew");
}
