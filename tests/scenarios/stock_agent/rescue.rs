//! Rescue by the stock agent: it takes the hash, and ends.

use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

const PASSWORD: &str = "correct horse battery";

/// Nobody is ever told the password, nor its hash.
fn is_secret(rig: &Rig) {
    let node = rig.node();
    assert!(node["instance_info"].get("rescue_password").is_none(), "{node}");
    assert!(node["instance_info"].get("hashed_rescue_password").is_none(), "{node}");
    for told in [node.to_string(), rig.history().join("\n"), rig.daemon.log()] {
        assert!(!told.contains(PASSWORD) && !told.contains("$5$"), "{told}");
    }
}

#[test]
fn a_server_in_use_is_rescued_by_its_agent_and_brought_back() {
    let machine = Machine::new(MAC);
    let file = machine.disk().with_file_name("rescue-password");
    let rig = Rig::in_use(machine.with("SITE_RESCUE", file.to_str().unwrap()), "");
    rig.provision(&json!({"target": "rescue", "rescue_password": PASSWORD}));
    rig.until("rescue");
    let node = rig.node();
    assert_eq!((&node["last_error"], &node["power_state"]), (&Value::Null, &json!("power on")));
    assert_eq!(node["driver_internal_info"].get("agent_url"), None);
    is_secret(&rig);

    // What the real agent has written down lets this password in.
    let hash = std::fs::read_to_string(&file).unwrap();
    let [_, "5", salt, _] = hash.split('$').collect::<Vec<_>>()[..] else { panic!("no hash: {hash}") };
    let made = Command::new("openssl").args(["passwd", "-5", "-salt", salt, PASSWORD]).output().unwrap();
    assert_eq!(String::from_utf8(made.stdout).unwrap().trim(), hash);

    rig.provision(&json!({"target": "unrescue"}));
    rig.until("active");
    assert_eq!(rig.node()["power_state"], "power on");
}

#[test]
fn an_agent_that_cannot_write_the_password_down_fails_the_rescue_and_its_server_is_off() {
    let rig = Rig::in_use(Machine::new(MAC).with("SITE_RESCUE", "/nowhere/at/all"), "");
    rig.provision(&json!({"target": "rescue", "rescue_password": PASSWORD}));
    let told = rig.until_failed("rescue failed");
    assert!(told.contains("n1") && told.contains("step rescue.finalize_rescue"), "{told}");
    assert!(told.contains("rescue it again, or unrescue it"), "{told}");
    assert_eq!(rig.node()["power_state"], "power off");
    is_secret(&rig);
}
