//! The install step of `bootc`: what the agent is told, and what stops before it is asked.

use serde_json::json;

use super::*;
use crate::driver::agent::bootc::{BootcInstall, validate};

/// The arguments that the agent was sent for this record.
async fn sent(instance_info: Value, driver_info: Value) -> (Value, Turn) {
    let data = tempfile::tempdir().unwrap();
    let agents = agents(data.path());
    let peer = Peer::start().await;
    let mut node = node(&peer);
    node.wished.instance_info = instance_info.as_object().cloned().unwrap();
    node.wished.driver_info = driver_info.as_object().cloned().unwrap();
    let work = BootcInstall::new(agents);
    let mut call = call(node, Kind::Deploy, "execute_bootc_install");
    let turn = work.look(&call).await;
    call.memo = memo(&turn);
    assert_eq!(call.memo["drives"], json!(["S1", "S2"]), "it writes to disks");
    let turn = work.act(&call, false).await;
    let command = peer.book().sent.last().unwrap().clone();
    assert_eq!(command["name"], "deploy.execute_deploy_step");
    assert_eq!(command["params"]["step"]["step"], "execute_bootc_install");
    (command["params"]["step"]["args"].clone(), turn)
}

#[tokio::test]
async fn a_container_is_installed_from_its_registry_with_its_config_drive() {
    let info = json!({"image_source": "oci://registry.example/os:1", "configdrive": "http://host/drive"});
    let (args, _) = sent(info, json!({})).await;
    let wanted = json!({
        "image_source": "oci://registry.example/os:1",
        "configdrive": "http://host/drive",
        "oci_pull_secret": null,
    });
    assert_eq!(args, wanted);
}

#[tokio::test]
async fn a_pull_secret_goes_as_the_agent_decodes_it_and_is_not_shown() {
    let instance = |secret: &str| json!({"image_source": "oci://r/os", "image_pull_secret": secret});
    for (instance, driver, wanted) in [
        // base64("dG9rZW4=")
        (instance("dG9rZW4="), json!({"image_pull_secret": "other"}), "ZEc5clpXND0="),
        // base64(base64("me:pw"))
        (instance("me:pw"), json!({}), "YldVNmNIYz0="),
        (instance(""), json!({"image_pull_secret": "dG9rZW4="}), "ZEc5clpXND0="),
    ] {
        let (args, turn) = sent(instance, driver).await;
        assert_eq!(args["oci_pull_secret"], wanted);
        assert!(!format!("{turn:?}").contains(wanted));
    }
}

#[tokio::test]
async fn what_is_no_container_is_refused_by_name() {
    for (source, wanted) in [
        (json!(null), "is missing"),
        (json!("http://h/i.qcow2"), "is no container"),
        (json!("oci://registry"), "names no registry or no container"),
        (json!("oci:///os"), "names no registry or no container"),
        (json!("oci://r/os\n"), "names no registry or no container"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let peer = Peer::start().await;
        let mut node = node(&peer);
        node.wished.instance_info.insert("image_source".to_owned(), source);
        let why = validate(&node).unwrap_err();
        assert!(why.contains(wanted) && why.contains("oci://registry/name:tag"), "{why}");
        let work = BootcInstall::new(agents(data.path()));
        let (_, failed) = failure(work.act(&call(node, Kind::Deploy, "execute_bootc_install"), false).await);
        assert_eq!(failed, why);
        assert!(peer.names().is_empty(), "the agent is not asked");
    }
}
