//! The deploy interface `bootc`: the real agent has podman install a container. Podman is a file that writes down what it
//! was asked, as the machine is one.

use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

#[test]
fn a_user_installs_a_container_with_an_account_and_is_told_why_one_cannot_be() {
    let machine = Machine::new(MAC).with("AGENT_HAS", "podman");
    let more = json!({
        "deploy_interface": "bootc", "automated_clean": false, "driver_info": {"deploy_forces_oob_reboot": true},
    });
    let rig = Rig::new(machine, "", &more);
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    rig.instance(
        &json!({"image_source": "oci://registry.example/no-bootc:1", "image_pull_secret": "me:s3cret"}),
    );
    rig.provision(&json!({"target": "active"}));
    let told = rig.until_failed("deploy failed");
    assert!(told.contains("n1") && told.contains("deploy.execute_bootc_install"), "{told}");
    assert!(told.contains("does not contain the required bootc binary"), "{told}");
    assert!(told.contains("deploy it again"), "{told}");

    rig.instance(&json!({"image_source": "oci://registry.example/os:1"}));
    let drive = json!({"meta_data": {"hostname": "box"}});
    rig.provision(&json!({"target": "active", "configdrive": drive}));
    rig.until("active");
    let node = rig.node();
    assert_eq!((&node["last_error"], &node["power_state"]), (&Value::Null, &json!("power on")));
    rig.assert_disk(b"installed by bootc");
    assert!(!rig.machine().config_drive().is_empty(), "the config drive was not written");
    let said = rig.machine().podman();
    // base64("me:s3cret"), as registries take it
    assert!(said.contains(r#"{"auths": {"registry.example": {"auth": "bWU6czNjcmV0"}}}"#), "{said}");
    let disk = rig.machine().disk();
    let install = said.lines().last().unwrap();
    assert!(install.contains("registry.example/os:1 bootc install to-disk"), "{said}");
    assert!(install.ends_with(disk.to_str().unwrap()), "{said}");
    for told in [node.to_string(), rig.history().join("\n"), rig.daemon.log()] {
        assert!(!told.contains("s3cret") && !told.contains("bWU6czNjcmV0"), "{told}");
    }
}
