//! What a conductor does on request, over the fake machines: manual cleaning, servicing, adoption, rebuild.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

async fn ask(rack: &Rack, version: &str, body: &Value) -> Answer {
    rack.call("PUT", "/v1/nodes/n1/states/provision", version, Some(body)).await
}

/// Asks and waits until nothing works any more.
async fn done(rack: &Rack, body: Value) -> Value {
    let answer = ask(rack, "1.115", &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    rack.rest().await;
    shown(rack).await
}

async fn shown(rack: &Rack) -> Value {
    rack.get("/v1/nodes/n1").await.body
}

fn step(name: &str, args: &Value) -> Value {
    json!({"interface": "deploy", "step": name, "args": args})
}

fn clean(steps: &[Value]) -> Value {
    json!({"target": "clean", "clean_steps": steps})
}

async fn manageable() -> (Rack, String) {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    (rack, node)
}

async fn active() -> (Rack, String) {
    let (rack, node) = manageable().await;
    rack.go(&node, "provide").await;
    rack.go(&node, "active").await;
    assert_eq!(shown(&rack).await["provision_state"], "active");
    (rack, node)
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_cleaning_ends_in_manageable() {
    let (rack, _) = manageable().await;
    let steps = [step("fake_done", &json!({})), step("fake_act", &json!({"times": 2}))];
    let node = done(&rack, clean(&steps)).await;
    assert_eq!(
        (node["provision_state"].as_str(), &node["target_provision_state"]),
        (Some("manageable"), &Value::Null)
    );
    assert_eq!((&node["last_error"], &node["clean_step"]), (&Value::Null, &json!({})));
    let history = rack.get("/v1/nodes/n1/history?detail=true").await;
    assert!(history.body.to_string().contains("manual cleaning ends"), "{}", history.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_step_is_taken_and_fails_without_maintenance() {
    let (rack, node) = manageable().await;
    let seen = done(&rack, clean(&[step("conjure", &json!({}))])).await;
    assert_eq!(seen["provision_state"], "clean failed");
    assert_eq!(seen["target_provision_state"], "manageable");
    assert_eq!((&seen["maintenance"], &seen["fault"]), (&json!(false), &Value::Null));
    assert!(seen["last_error"].as_str().unwrap().contains("deploy.conjure"), "{seen}");
    rack.go(&node, "manage").await;
    assert_eq!(shown(&rack).await["provision_state"], "manageable");
    let seen = done(&rack, clean(&[step("fake_fail", &json!({"error": "no"}))])).await;
    assert_eq!((&seen["maintenance"], &seen["fault"]), (&json!(true), &json!("clean failure")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_in_manual_cleaning_shows_its_steps_and_is_aborted() {
    let (rack, node) = manageable().await;
    let slow = clean(&[step("fake_look_in", &json!({"seconds": 3600, "times": 5}))]);
    assert_eq!(ask(&rack, "1.115", &slow).await.status, 202);
    rack.until(&node, "clean wait").await;
    let seen = shown(&rack).await;
    assert_eq!(seen["clean_step"]["step"], "fake_look_in");
    assert_eq!(seen["target_provision_state"], "manageable");
    assert_eq!(seen["driver_internal_info"]["clean_steps"].as_array().unwrap().len(), 1);
    assert_eq!(seen["driver_internal_info"]["cleaning_disable_ramdisk"], false);
    let power =
        rack.call("PUT", "/v1/nodes/n1/states/power", "1.115", Some(&json!({"target": "power on"}))).await;
    assert_eq!(power.status, 400, "{}", power.text());
    let seen = done(&rack, json!({"target": "abort"})).await;
    assert_eq!(
        (seen["provision_state"].as_str(), &seen["maintenance"]),
        (Some("clean failed"), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_node_waits_for_a_person() {
    let (rack, node) = manageable().await;
    let steps = [step("hold", &json!({})), step("fake_done", &json!({}))];
    assert_eq!(ask(&rack, "1.115", &clean(&steps)).await.status, 202);
    rack.until(&node, "clean hold").await;
    assert_eq!(ask(&rack, "1.84", &json!({"target": "unhold"})).await.status, 406);
    let seen = done(&rack, json!({"target": "unhold"})).await;
    assert_eq!(seen["provision_state"], "manageable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_request_has_its_versions_and_limits() {
    let (rack, _) = manageable().await;
    let good = clean(&[step("fake_done", &json!({}))]);
    let mut bare = good.clone();
    bare["disable_ramdisk"] = json!(true);
    let raw = clean(&[json!({"interface": "vendor", "step": "send_raw", "args": {"raw_bytes": "6 1"}})]);
    for (version, body, status) in [
        ("1.14", &good, 406),
        ("1.69", &bare, 406),
        ("1.115", &json!({"target": "clean"}), 400),
        ("1.115", &raw, 400),
        ("1.115", &json!({"target": "clean", "clean_steps": {}}), 400),
        ("1.115", &json!({"target": "provide", "clean_steps": [{"interface": "deploy", "step": "x"}]}), 400),
    ] {
        let answer = ask(&rack, version, body).await;
        assert_eq!(answer.status, status, "{version} {body}: {}", answer.text());
        assert_eq!(shown(&rack).await["provision_state"], "manageable");
    }
    assert_eq!(ask(&rack, "1.15", &good).await.status, 202);
    rack.rest().await;
    assert_eq!(ask(&rack, "1.70", &bare).await.status, 202);
    rack.rest().await;
    rack.call("PUT", "/v1/nodes/n1/maintenance", "1.115", None).await;
    let answer = ask(&rack, "1.115", &good).await;
    assert_eq!((answer.status, answer.text().contains("maintenance")), (400, true), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_node_is_serviced_and_stays_active() {
    let (rack, _) = active().await;
    let body = json!({"target": "service", "service_steps": [step("hold", &json!({}))]});
    assert_eq!(ask(&rack, "1.86", &body).await.status, 406);
    let mut bare = body.clone();
    bare["disable_ramdisk"] = json!(true);
    assert_eq!(ask(&rack, "1.107", &bare).await.status, 406);
    assert_eq!(ask(&rack, "1.87", &body).await.status, 202);
    let id = shown(&rack).await["uuid"].as_str().unwrap().to_owned();
    rack.until(&id, "service hold").await;
    let seen = done(&rack, json!({"target": "unhold"})).await;
    assert_eq!((seen["provision_state"].as_str(), &seen["last_error"]), (Some("active"), &Value::Null));
    let unknown = json!({"target": "service", "service_steps": [step("conjure", &json!({}))]});
    let seen = done(&rack, unknown).await;
    assert_eq!(
        (seen["provision_state"].as_str(), &seen["maintenance"]),
        (Some("service failed"), &json!(false))
    );
    let seen = done(&rack, json!({"target": "abort"})).await;
    assert_eq!(seen["provision_state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_in_use_is_adopted_untouched() {
    let (rack, _) = manageable().await;
    let before = shown(&rack).await;
    assert_eq!(ask(&rack, "1.16", &json!({"target": "adopt"})).await.status, 406);
    let seen = done(&rack, json!({"target": "adopt"})).await;
    assert_eq!(
        (seen["provision_state"].as_str(), &seen["target_provision_state"]),
        (Some("active"), &Value::Null)
    );
    assert_eq!(seen["power_state"], before["power_state"]);
    assert_eq!(ask(&rack, "1.115", &json!({"target": "adopt"})).await.status, 400, "it is active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_keeps_the_instance_and_is_refused_where_it_is_protected() {
    let (rack, _) = active().await;
    let patch = json!([
        {"op": "add", "path": "/instance_info/display_name", "value": "web"},
        {"op": "add", "path": "/protected", "value": true},
    ]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&patch)).await.status, 200);
    for target in ["rebuild", "deleted"] {
        let answer = ask(&rack, "1.115", &json!({"target": target})).await;
        assert_eq!(answer.status, 403, "{target}: {}", answer.text());
    }
    let patch = json!([{"op": "replace", "path": "/protected", "value": false}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&patch)).await.status, 200);
    let drive = json!({"target": "rebuild", "configdrive": {"meta_data": {"a": 1}}});
    assert_eq!(ask(&rack, "1.55", &drive).await.status, 400);
    let seen = done(&rack, drive).await;
    assert_eq!(
        (seen["provision_state"].as_str(), &seen["instance_info"]["display_name"]),
        (Some("active"), &json!("web"))
    );
    let kept = seen["instance_info"]["configdrive"].clone();
    assert_eq!(kept, "******", "a drive is never shown");
    let seen = done(&rack, json!({"target": "rebuild"})).await;
    assert_eq!(seen["instance_info"]["configdrive"], kept, "a rebuild without one keeps the drive");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refuses_a_deployment_has_its_status_and_says_why() {
    let site = "[conductor]\nmax_concurrent_deploy = 1\ndisallowed_deployment_boot_modes = [\"bios\"]\n";
    let rack = Rack::start_with(site).await;
    let node = rack.node(json!({"name": "n1"})).await;
    let illegal = ask(&rack, "1.115", &json!({"target": "active"})).await;
    assert_eq!(illegal.status, 400, "{illegal:?}");
    assert!(illegal.text().contains("while it is in state enroll"), "{}", illegal.text());
    for word in ["manage", "provide"] {
        rack.go(&node, word).await;
    }
    let set = async |path: &str, value: Value| {
        let patch = json!([{"op": "add", "path": path, "value": value}]);
        let changed = rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&patch)).await;
        assert_eq!(changed.status, 200, "{changed:?}");
    };
    set("/maintenance", json!(true)).await;
    let refused = ask(&rack, "1.115", &json!({"target": "active"})).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.text().contains("maintenance"), "{}", refused.text());
    set("/maintenance", json!(false)).await;
    set("/properties/capabilities", json!("boot_mode:bios")).await;
    let refused = ask(&rack, "1.115", &json!({"target": "active"})).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.text().contains("disallowed_deployment_boot_modes"), "{}", refused.text());
    set("/properties/capabilities", json!("boot_mode:uefi")).await;
    assert_eq!(shown(&rack).await["provision_state"], "available");

    let other = rack.node(json!({"name": "n2"})).await;
    for word in ["manage", "provide"] {
        rack.go(&other, word).await;
    }
    let slow =
        json!({"interface": "deploy", "step": "fake_look_in", "args": {"seconds": 3600}, "priority": 50});
    let body = json!({"target": "active", "deploy_steps": [slow]});
    let begun = rack.call("PUT", "/v1/nodes/n2/states/provision", "1.115", Some(&body)).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    rack.until(&other, "wait call-back").await;
    let full = ask(&rack, "1.115", &json!({"target": "active"})).await;
    assert_eq!(full.status, 503, "{full:?}");
    assert!(full.text().contains("max_concurrent_deploy"), "{}", full.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_looked_at_before_a_deployment_moves() {
    let (rack, node) = manageable().await;
    rack.go(&node, "provide").await;
    let patch = json!([
        {"op": "replace", "path": "/deploy_interface", "value": "direct"},
        {"op": "add", "path": "/instance_info/image_source", "value": "no scheme"},
    ]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&patch)).await.status, 200);
    let refused = ask(&rack, "1.115", &json!({"target": "active"})).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.text().contains("Failed to validate deploy or power info"), "{}", refused.text());
    let seen = shown(&rack).await;
    assert_eq!((&seen["provision_state"], &seen["last_error"]), (&json!("available"), &Value::Null));
}
