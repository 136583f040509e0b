//! Steps that fail on the machine.

use serde_json::json;

use crate::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

#[test]
fn a_step_that_fails_on_the_machine_is_named_with_what_the_agent_said() {
    let config = "[conductor]\n\
                  clean_step_priority_override = ['deploy.site_fail:99', 'deploy.site_quick:0']\n\
                  [deploy]\nerase_devices_metadata_priority = 0";
    let rig = Rig::new(Machine::new(MAC), config, &json!({}));
    rig.provision(&json!({"target": "provide"}));
    let told = rig.until_failed("clean failed");
    assert!(told.contains("n1") && told.contains("deploy.site_fail"), "{told}");
    assert!(told.contains("the step was asked to fail"), "{told}");
    let node = rig.node();
    assert_eq!((&node["maintenance"], &node["fault"]), (&json!(true), &json!("clean failure")));
    assert_eq!(rig.machine().steps(), ["site_fail"]);
    assert!(rig.daemon.data().join("logs").read_dir().unwrap().next().is_some(), "no logs were kept");
}
