//! Inspection by a fake BMC: what a client asks for, and what it finds afterwards.

use serde_json::{Value, json};

use crate::rack::Rack;

/// A manageable node.
async fn manageable(rack: &Rack) -> String {
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspected_node_has_inventory_properties_ports_and_moments() {
    let rack = Rack::start().await;
    let node = manageable(&rack).await;
    let before = rack.get("/v1/nodes/n1/inventory").await;
    assert_eq!(before.status, 404);
    assert!(before.text().contains("inspect it first"), "{}", before.text());
    rack.go(&node, "inspect").await;

    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!((&shown["provision_state"], &shown["last_error"]), (&json!("manageable"), &Value::Null));
    let properties =
        json!({"memory_mb": 4096, "local_gb": 99, "cpu_arch": "x86_64", "capabilities": "boot_mode:uefi"});
    assert_eq!(shown["properties"], properties);
    assert_eq!(shown["inspection_started_at"], Value::Null);
    assert!(shown["inspection_finished_at"].is_string(), "{shown}");
    let ports = rack.get("/v1/nodes/n1/ports?detail=true").await.body;
    assert_eq!(ports["ports"].as_array().unwrap().len(), 1);
    assert_eq!(ports["ports"][0]["pxe_enabled"], true);

    let inventory = rack.get("/v1/nodes/n1/inventory").await.body;
    assert_eq!(inventory["inventory"]["interfaces"][0]["mac_address"], ports["ports"][0]["address"]);
    assert_eq!(inventory["plugin_data"], json!({}));
    let history = rack.get("/v1/nodes/n1/history?detail=true").await.body.to_string();
    for part in ["inspection by interface fake begins", "new ports: 02:", "properties set: memory_mb 4096"] {
        assert!(history.contains(part), "{part} in {history}");
    }

    let rack = rack.restarted().await;
    assert_eq!(rack.get("/v1/nodes/n1/inventory").await.body, inventory, "it outlives the daemon");
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1", "1.115", None).await.status, 204);
    let again = json!({"name": "n1", "uuid": node});
    rack.node(again).await;
    assert_eq!(rack.get("/v1/nodes/n1/inventory").await.status, 404, "it went with its node");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_paths_have_their_versions() {
    let rack = Rack::start().await;
    let node = manageable(&rack).await;
    let asked = json!({"target": "inspect"});
    let path = "/v1/nodes/n1/states/provision";
    assert_eq!(rack.call("PUT", path, "1.5", Some(&asked)).await.status, 406);
    assert_eq!(rack.call("PUT", path, "1.6", Some(&asked)).await.status, 202);
    rack.rest().await;
    let path = format!("/v1/nodes/{node}/inventory");
    assert_eq!(rack.call("GET", &path, "1.80", None).await.status, 404);
    assert_eq!(rack.call("GET", &path, "1.81", None).await.status, 200);
    assert_eq!(rack.call("GET", &format!("{path}?x=1"), "1.81", None).await.status, 400);
    let old = rack.call("GET", &format!("/v1/nodes/{node}"), "1.5", None).await.body;
    assert!(old.get("inspection_finished_at").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_inspect_is_refused_before_the_state_changes() {
    let rack = Rack::start().await;
    let node = manageable(&rack).await;
    let patch = json!([{"op": "replace", "path": "/inspect_interface", "value": "no-inspect"}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&patch)).await.status, 200);
    let asked = json!({"target": "inspect"});
    let refused = rack.call("PUT", "/v1/nodes/n1/states/provision", "1.115", Some(&asked)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    for part in [node.as_str(), "\"no-inspect\" does not inspect", "set inspect_interface to fake"] {
        assert!(refused.text().contains(part), "{part} in {}", refused.text());
    }
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!((&shown["provision_state"], &shown["reservation"]), (&json!("manageable"), &Value::Null));
    let validated = rack.get("/v1/nodes/n1/validate").await.body;
    assert_eq!(validated["inspect"]["result"], false, "{validated}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_available_node_is_not_inspected() {
    let rack = Rack::start().await;
    let node = manageable(&rack).await;
    rack.go(&node, "provide").await;
    let asked = json!({"target": "inspect"});
    let refused = rack.call("PUT", "/v1/nodes/n1/states/provision", "1.115", Some(&asked)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_that_takes_too_long_fails_and_says_so() {
    let rack =
        Rack::start_with("[conductor]\ninspect_wait_timeout = 1\n[fake]\ninspect_delay = 3600\n").await;
    let node = manageable(&rack).await;
    let asked = json!({"target": "inspect"});
    let path = "/v1/nodes/n1/states/provision";
    assert_eq!(rack.call("PUT", path, "1.115", Some(&asked)).await.status, 202);
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!(shown["provision_state"], "inspecting");
    assert!(shown["inspection_started_at"].is_string() && shown["reservation"].is_string(), "{shown}");
    let abort = rack.call("PUT", path, "1.115", Some(&json!({"target": "abort"}))).await;
    assert_eq!(abort.status, 409, "{abort:?}");
    rack.until(&node, "inspect failed").await;
    let error = rack.get("/v1/nodes/n1").await.body["last_error"].to_string();
    assert!(error.contains("within 1 s") && error.contains("the fake machine"), "{error}");
}
