//! Deploy templates: made, shown, changed, deleted, and taken by deployments.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const PATH: &str = "/v1/deploy_templates";

fn step(name: &str, priority: i64) -> Value {
    json!({"interface": "deploy", "step": name, "args": {}, "priority": priority})
}

fn template(name: &str) -> Value {
    json!({"name": name, "steps": [step("fake_done", 60)]})
}

async fn post(rack: &Rack, body: &Value) -> Answer {
    rack.call("POST", PATH, "1.115", Some(body)).await
}

async fn names(rack: &Rack, query: &str) -> Vec<String> {
    let listed = rack.get(&format!("{PATH}{query}")).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let rows = listed.body["deploy_templates"].as_array().unwrap();
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_made_shown_changed_and_deleted() {
    let rack = Rack::start().await;
    let made = post(
        &rack,
        &json!({"name": "CUSTOM_A", "description": "for web", "extra": {"a": 1},
        "steps": [{"interface": "bios", "step": "x", "args": {"password": "hunter2"}, "priority": "50"}]}),
    )
    .await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["uuid"].as_str().unwrap();
    assert_eq!(made.headers.get("Location"), Some(format!("http://api{PATH}/{id}").as_str()));
    let members: Vec<_> = made.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["created_at", "extra", "links", "name", "steps", "updated_at", "uuid"]);
    let shown = json!([{"interface": "bios", "step": "x", "args": {"password": "******"}, "priority": 50}]);
    assert_eq!((&made.body["steps"], &made.body["updated_at"]), (&shown, &Value::Null));
    assert_eq!(made.body["links"][0]["href"], format!("http://api{PATH}/{id}"));

    assert_eq!(rack.get(&format!("{PATH}/CUSTOM_A")).await.body, made.body);
    assert_eq!(rack.get(&format!("{PATH}/{id}?fields=name,steps")).await.body["steps"], shown);
    let listed = rack.get(PATH).await.body;
    let row: Vec<_> = listed["deploy_templates"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(row, ["links", "name", "uuid"]);

    let patch = json!([
        {"op": "replace", "path": "/name", "value": "CUSTOM_B"},
        {"op": "replace", "path": "/steps", "value": [shown[0], step("y", 0)]},
    ]);
    let patched = rack.call("PATCH", &format!("{PATH}/CUSTOM_A"), "1.55", Some(&patch)).await;
    assert_eq!((patched.status, &patched.body["name"]), (200, &json!("CUSTOM_B")), "{patched:?}");
    assert!(patched.body["updated_at"].is_string());
    assert_eq!(patched.body["steps"][1], step("y", 0));
    assert_eq!(rack.get(&format!("{PATH}/CUSTOM_A")).await.status, 404);

    let rack = rack.restarted().await;
    assert_eq!(rack.get(&format!("{PATH}/CUSTOM_B")).await.body, patched.body, "it outlives the daemon");
    assert_eq!(rack.call("DELETE", &format!("{PATH}/CUSTOM_B"), "1.55", None).await.status, 204);
    assert_eq!(rack.call("DELETE", &format!("{PATH}/CUSTOM_B"), "1.55", None).await.status, 404);
    assert!(names(&rack, "").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn older_clients_are_told_that_there_are_none() {
    let rack = Rack::start().await;
    let made = post(&rack, &template("CUSTOM_A")).await;
    let one = format!("{PATH}/{}", made.body["uuid"].as_str().unwrap());
    for (method, path, body, status) in [
        ("GET", PATH, None, 404),
        ("GET", one.as_str(), None, 404),
        ("POST", PATH, Some(template("CUSTOM_B")), 405),
        ("PATCH", one.as_str(), Some(json!([])), 405),
        ("DELETE", one.as_str(), None, 405),
    ] {
        let refused = rack.call(method, path, "1.54", body.as_ref()).await;
        assert_eq!((refused.status, &refused.inner()["code"]), (status, &json!(status)), "{method} {path}");
        assert_ne!(rack.call(method, path, "1.55", body.as_ref()).await.status, status, "{method} {path}");
    }
    assert_eq!(rack.call("PUT", PATH, "1.115", None).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_sorted_and_cut() {
    let rack = Rack::start().await;
    for name in ["CUSTOM_C", "CUSTOM_A", "CUSTOM_B"] {
        assert_eq!(post(&rack, &template(name)).await.status, 201);
    }
    assert_eq!(names(&rack, "").await, ["CUSTOM_C", "CUSTOM_A", "CUSTOM_B"]);
    assert_eq!(names(&rack, "?sort_key=name&sort_dir=desc").await, ["CUSTOM_C", "CUSTOM_B", "CUSTOM_A"]);
    let first = rack.get(&format!("{PATH}?limit=2&sort_key=name")).await.body;
    let next = first["next"].as_str().unwrap().strip_prefix("http://api").unwrap();
    assert_eq!(rack.get(next).await.body["deploy_templates"][0]["name"], "CUSTOM_C");
    let detailed = rack.get(&format!("{PATH}?detail=true")).await.body;
    assert!(detailed["deploy_templates"][0]["steps"].is_array());
    for (query, status) in [
        ("?sort_key=steps", 400),
        ("?sort_key=extra", 400),
        ("?sort_key=nope", 400),
        ("?sort_dir=up", 400),
        ("?limit=0", 400),
        ("?limit=-1", 400),
        ("?limit=x", 400),
        ("?fields=nope", 400),
        ("?fields=name&detail=true", 400),
        ("?marker=1be26c0b-03f2-4d2e-ae87-c02d7f33c123", 404),
        ("?colour=red", 400),
        ("/CUSTOM_A?fields=nope", 400),
        ("/CUSTOM_A?colour=red", 400),
        ("/CUSTOM_Z", 404),
        ("/a%20b", 400),
    ] {
        assert_eq!(rack.get(&format!("{PATH}{query}")).await.status, status, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let rack = Rack::start().await;
    let made = post(&rack, &template("CUSTOM_A")).await;
    let (id, before) = (made.body["uuid"].clone(), rack.get(&format!("{PATH}?detail=true")).await.body);
    let odd = json!({"interface": "deploy", "step": "x", "args": {}, "priority": 1, "odd": 1});
    for (body, status) in [
        (json!({}), 400),
        (json!({"name": "CUSTOM_B"}), 400),
        (json!({"steps": [step("x", 1)]}), 400),
        (json!({"name": "abc", "steps": [step("x", 1)]}), 400),
        (json!({"name": "CUSTOM_B", "steps": []}), 400),
        (json!({"name": "CUSTOM_B", "steps": [step("x", -1)]}), 400),
        (json!({"name": "CUSTOM_B", "steps": [odd]}), 400),
        (json!({"name": "CUSTOM_B", "steps": [step("x", 1), step("x", 2)]}), 400),
        (json!({"name": "CUSTOM_B", "steps": [step("x", 1)], "owner": "p"}), 400),
        (json!({"name": "CUSTOM_A", "steps": [step("x", 1)]}), 409),
        (json!({"name": "CUSTOM_B", "steps": [step("x", 1)], "uuid": id}), 409),
    ] {
        let refused = post(&rack, &body).await;
        assert_eq!((refused.status, &refused.inner()["faultcode"]), (status, &json!("Client")), "{body}");
    }
    let other = post(&rack, &template("CUSTOM_B")).await;
    assert_eq!(other.status, 201);
    for (patch, status) in [
        (json!({"op": "replace", "path": "/name", "value": "CUSTOM_A"}), 409),
        (json!({"op": "replace", "path": "/name", "value": "b"}), 400),
        (json!({"op": "remove", "path": "/name"}), 400),
        (json!({"op": "replace", "path": "/uuid", "value": id}), 400),
        (json!({"op": "add", "path": "/links", "value": []}), 400),
        (json!({"op": "remove", "path": "/steps/0"}), 400),
        (json!({"op": "test", "path": "/name", "value": "CUSTOM_B"}), 400),
    ] {
        let refused = rack.call("PATCH", &format!("{PATH}/CUSTOM_B"), "1.115", Some(&json!([patch]))).await;
        assert_eq!(refused.status, status, "{patch}: {refused:?}");
    }
    assert_eq!(rack.get(&format!("{PATH}/CUSTOM_B")).await.body, other.body);
    assert_eq!(rack.call("DELETE", &format!("{PATH}/CUSTOM_B"), "1.115", None).await.status, 204);
    assert_eq!(rack.get(&format!("{PATH}?detail=true")).await.body, before);
    for path in [PATH, "/v1/deploy_templates/"] {
        assert!(rack.call("DELETE", path, "1.115", None).await.status >= 400);
    }
}

/// An available node with these traits, whose instance asks for those.
async fn bearing(rack: &Rack, traits: &[&str], instance: &Value) -> String {
    let node = rack.node(json!({"name": "n1", "instance_info": {"traits": instance}})).await;
    for target in ["manage", "provide"] {
        rack.go(&node, target).await;
    }
    let set = rack.call("PUT", "/v1/nodes/n1/traits", "1.37", Some(&json!({"traits": traits}))).await;
    assert_eq!(set.status, 204, "{set:?}");
    node
}

async fn deploy(rack: &Rack, steps: &Value) -> Answer {
    let body = json!({"target": "active", "deploy_steps": steps});
    rack.call("PUT", "/v1/nodes/n1/states/provision", "1.115", Some(&body)).await
}

async fn planned(rack: &Rack) -> Vec<String> {
    let node = rack.get("/v1/nodes/n1").await.body;
    let steps = node["driver_internal_info"]["deploy_steps"].as_array().unwrap().clone();
    steps.iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_takes_the_templates_of_its_instance_and_keeps_them() {
    let rack = Rack::start().await;
    let held = json!({"name": "CUSTOM_A", "steps": [step("fake_hold", 70), step("fake_act", 0)]});
    for body in [held, json!({"name": "CUSTOM_B", "steps": [step("fake_reboot", 65)]})] {
        assert_eq!(post(&rack, &body).await.status, 201);
    }
    let node = bearing(&rack, &["CUSTOM_A", "CUSTOM_B"], &json!(["CUSTOM_A"])).await;
    let asked = deploy(&rack, &json!([step("fake_done", 60), step("fake_act", 50)])).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.until(&node, "deploy hold").await;
    assert_eq!(
        planned(&rack).await,
        ["deploy", "fake_hold", "fake_done", "fake_act"],
        "the request beats the template"
    );
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!(shown["driver_internal_info"]["deploy_step_index"], 1, "{shown}");
    assert_eq!(shown["deploy_step"]["step"], "fake_hold", "{shown}");

    assert_eq!(rack.call("DELETE", &format!("{PATH}/CUSTOM_A"), "1.115", None).await.status, 204);
    let rack = rack.restarted().await;
    rack.go(&node, "unhold").await;
    rack.until(&node, "active").await;
    let history = rack.get("/v1/nodes/n1/history?detail=true").await.body.to_string();
    assert!(history.contains("takes the steps of deploy templates CUSTOM_A"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_zero_takes_the_drivers_step_away() {
    let rack = Rack::start().await;
    let zero = json!({"name": "CUSTOM_A", "steps": [step("deploy", 0), step("fake_hold", 10)]});
    assert_eq!(post(&rack, &zero).await.status, 201);
    let node = bearing(&rack, &["CUSTOM_A"], &json!(["CUSTOM_A"])).await;
    assert_eq!(deploy(&rack, &json!([])).await.status, 202);
    rack.until(&node, "deploy hold").await;
    assert_eq!(planned(&rack).await, ["fake_hold"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_that_cannot_run_are_refused_and_validate_says_so() {
    let rack = Rack::start().await;
    let raw = json!({"interface": "vendor", "step": "send_raw", "args": {}, "priority": 5});
    for body in [
        template("CUSTOM_A"),
        template("CUSTOM_B"),
        json!({"name": "CUSTOM_C", "steps": [raw]}),
        json!({"name": "CUSTOM_E", "steps": [{"interface": "deploy", "step": "fake_done", "args": {"x": 1}, "priority": 5}]}),
    ] {
        assert_eq!(post(&rack, &body).await.status, 201);
    }
    let names = ["CUSTOM_A", "CUSTOM_B", "CUSTOM_C", "CUSTOM_E"];
    bearing(&rack, &names, &json!([])).await;
    for (instance, part) in [
        (json!(["CUSTOM_Z"]), "CUSTOM_Z"),
        (json!("CUSTOM_A"), "is not a list"),
        (json!(["CUSTOM_A", "CUSTOM_B"]), "CUSTOM_A and CUSTOM_B both have step deploy.fake_done"),
        (json!(["CUSTOM_C"]), "vendor.send_raw is not allowed"),
        (json!(["CUSTOM_E"]), "unknown argument"),
    ] {
        let patch = json!([{"op": "add", "path": "/instance_info/traits", "value": instance}]);
        assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&patch)).await.status, 200);
        let refused = deploy(&rack, &json!([])).await;
        assert_eq!(refused.status, 400, "{instance}: {refused:?}");
        assert!(refused.text().contains(part), "{instance}: {}", refused.text());
        let valid = rack.get("/v1/nodes/n1/validate").await.body["deploy"].clone();
        assert_eq!(valid["result"], false);
        assert!(valid["reason"].as_str().unwrap().contains(part), "{valid}");
    }
    assert_eq!(rack.get("/v1/nodes/n1").await.body["provision_state"], "available");
}
