//! Runbooks: made, shown, changed, deleted, with traits that say which nodes they are for.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const PATH: &str = "/v1/runbooks";

fn runbook(name: &str) -> Value {
    json!({"name": name, "steps": [{"interface": "deploy", "step": "fake_done", "order": 1}]})
}

async fn post(rack: &Rack, body: &Value) -> Answer {
    rack.call("POST", PATH, "1.115", Some(body)).await
}

async fn patch(rack: &Rack, name: &str, version: &str, patch: &Value) -> Answer {
    rack.call("PATCH", &format!("{PATH}/{name}"), version, Some(patch)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runbook_is_made_shown_changed_and_deleted() {
    let rack = Rack::start().await;
    let body = json!({"name": "rb-1", "description": "d", "extra": {"a": 1}, "disable_ramdisk": true,
        "steps": [{"interface": "bios", "step": "x", "args": {"secret": "hunter2"}, "order": "2"}]});
    let made = post(&rack, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["uuid"].as_str().unwrap();
    assert_eq!(made.headers.get("Location"), Some(format!("http://api{PATH}/{id}").as_str()));
    let shown = json!([{"interface": "bios", "step": "x", "args": {"secret": "******"}, "order": 2}]);
    assert_eq!(made.body["steps"], shown);
    for (name, value) in [
        ("name", json!("rb-1")),
        ("description", json!("d")),
        ("extra", json!({"a": 1})),
        ("disable_ramdisk", json!(true)),
        ("public", json!(false)),
        ("owner", Value::Null),
        ("traits", json!([])),
        ("updated_at", Value::Null),
    ] {
        assert_eq!(made.body[name], value, "{name}");
    }
    assert_eq!(rack.get(&format!("{PATH}/rb-1")).await.body, made.body);
    let row = rack.get(PATH).await.body["runbooks"][0].clone();
    assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), ["links", "name", "uuid"]);

    let changes = json!([
        {"op": "replace", "path": "/disable_ramdisk", "value": false},
        {"op": "add", "path": "/steps/-", "value": {"interface": "raid", "step": "y", "order": 1}},
        {"op": "remove", "path": "/description"},
    ]);
    let patched = patch(&rack, "rb-1", "1.112", &changes).await;
    assert_eq!((patched.status, &patched.body["disable_ramdisk"]), (200, &json!(false)), "{patched:?}");
    assert_eq!(patched.body["description"], Value::Null);
    assert_eq!(patched.body["steps"][1], json!({"interface": "raid", "step": "y", "args": {}, "order": 1}));
    let rack = rack.restarted().await;
    assert_eq!(rack.get(&format!("{PATH}/{id}")).await.body, patched.body, "it outlives the daemon");
    let file = std::fs::read(rack.home().join("data/store/data.mdb")).unwrap();
    assert!(!file.windows(7).any(|part| part == b"hunter2"), "it lies open on the disk");
    assert_eq!(rack.call("DELETE", &format!("{PATH}/rb-1"), "1.92", None).await.status, 204);
    assert_eq!(rack.get(&format!("{PATH}/{id}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_has_its_part() {
    let rack = Rack::start().await;
    let made = post(&rack, &runbook("CUSTOM_A")).await;
    let one = format!("{PATH}/{}", made.body["uuid"].as_str().unwrap());
    let traits = format!("{one}/traits");
    for (method, path, status) in [
        ("GET", PATH, 404),
        ("GET", one.as_str(), 404),
        ("POST", PATH, 405),
        ("PATCH", one.as_str(), 405),
        ("DELETE", one.as_str(), 405),
        ("GET", traits.as_str(), 404),
        ("PUT", traits.as_str(), 405),
        ("DELETE", traits.as_str(), 405),
    ] {
        let refused = rack.call(method, path, "1.91", None).await;
        assert_eq!((refused.status, &refused.inner()["code"]), (status, &json!(status)), "{method} {path}");
    }
    for (method, path) in [
        ("GET", traits.clone()),
        ("PUT", traits.clone()),
        ("DELETE", traits.clone()),
        ("PUT", format!("{traits}/CUSTOM_A")),
        ("DELETE", format!("{traits}/CUSTOM_A")),
    ] {
        assert_eq!(rack.call(method, &path, "1.111", None).await.status, 404, "{method} {path}");
    }
    let old = rack.call("GET", &one, "1.111", None).await.body;
    assert!(old.get("description").is_none() && old.get("traits").is_none() && old.get("owner").is_some());
    let new = rack.call("GET", &one, "1.112", None).await.body;
    assert!(new.get("description").is_some() && new.get("traits").is_some());
    for (version, name, status) in
        [("1.111", "free-name", 400), ("1.112", "free-name", 201), ("1.92", "CUSTOM_B", 201)]
    {
        assert_eq!(rack.call("POST", PATH, version, Some(&runbook(name))).await.status, status, "{name}");
    }
    let mut described = runbook("CUSTOM_C");
    described["description"] = json!("d");
    assert_eq!(rack.call("POST", PATH, "1.111", Some(&described)).await.status, 400);
    assert_eq!(rack.call("POST", PATH, "1.112", Some(&described)).await.status, 201);
    let describe = json!([{"op": "replace", "path": "/description", "value": "e"}]);
    assert_eq!(patch(&rack, "CUSTOM_C", "1.111", &describe).await.status, 400);
    assert_eq!(patch(&rack, "CUSTOM_C", "1.112", &describe).await.status, 200);
    let renamed = json!([{"op": "replace", "path": "/name", "value": "other.name"}]);
    assert_eq!(patch(&rack, "CUSTOM_C", "1.111", &renamed).await.status, 400);
    assert_eq!(patch(&rack, "CUSTOM_C", "1.112", &renamed).await.status, 200);
    assert_eq!(rack.get(&format!("{PATH}/other.name")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_what_a_project_can_use() {
    let rack = Rack::start().await;
    for (name, owner, public) in
        [("a", Some("p1"), false), ("b", Some("p2"), false), ("c", None, true), ("d", None, false)]
    {
        let mut body = runbook(name);
        body["owner"] = json!(owner);
        body["public"] = json!(public);
        assert_eq!(post(&rack, &body).await.status, 201);
    }
    for (query, wanted) in [
        ("", vec!["a", "b", "c", "d"]),
        ("?project=p1", vec!["a", "c"]),
        ("?project=p3", vec!["c"]),
        ("?sort_key=name&sort_dir=desc&limit=2", vec!["d", "c"]),
        ("?sort_key=owner", vec!["c", "d", "a", "b"]),
    ] {
        let listed = rack.get(&format!("{PATH}{query}")).await.body;
        let rows = listed["runbooks"].as_array().unwrap();
        let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, wanted, "{query}");
    }
    for (query, status) in [
        ("?sort_key=traits", 400),
        ("?sort_key=steps", 400),
        ("?fields=nope", 400),
        ("?limit=0", 400),
        ("?colour=red", 400),
        ("?marker=1be26c0b-03f2-4d2e-ae87-c02d7f33c123", 404),
    ] {
        assert_eq!(rack.get(&format!("{PATH}{query}")).await.status, status, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_and_public_exclude_each_other() {
    let rack = Rack::start().await;
    let mut both = runbook("a");
    both["owner"] = json!("p1");
    both["public"] = json!(true);
    assert_eq!(post(&rack, &both).await.status, 400);
    both["public"] = json!(false);
    assert_eq!(post(&rack, &both).await.status, 201);
    let public = json!([{"op": "replace", "path": "/public", "value": true}]);
    let opened = patch(&rack, "a", "1.115", &public).await;
    assert_eq!((&opened.body["public"], &opened.body["owner"]), (&json!(true), &Value::Null));
    let owner = json!([{"op": "replace", "path": "/owner", "value": "p2"}]);
    assert_eq!(patch(&rack, "a", "1.115", &owner).await.status, 400);
    assert_eq!(rack.get(&format!("{PATH}/a")).await.body, opened.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn traits_are_written_on_their_own() {
    let rack = Rack::start().await;
    post(&rack, &runbook("rb")).await;
    let traits = format!("{PATH}/rb/traits");
    let put = |path: String, body: Option<Value>| {
        let rack = &rack;
        async move { rack.call("PUT", &path, "1.112", body.as_ref()).await }
    };
    let listed = || async { rack.get(&traits).await.body["traits"].clone() };
    let set = put(traits.clone(), Some(json!({"traits": ["CUSTOM_A", "HW_CPU_X86_VMX", "CUSTOM_A"]}))).await;
    assert_eq!((set.status, set.body), (204, Value::Null));
    assert_eq!(listed().await, json!(["CUSTOM_A", "HW_CPU_X86_VMX"]));
    let added = put(format!("{traits}/CUSTOM_B"), None).await;
    assert_eq!(added.status, 204);
    assert_eq!(added.headers.get("Location"), Some("http://api/v1/runbooks/rb/traits/CUSTOM_B"));
    assert_eq!(put(format!("{traits}/CUSTOM_B"), None).await.status, 204);
    let shown = rack.get(&format!("{PATH}/rb")).await.body;
    assert_eq!(shown["traits"], json!(["CUSTOM_A", "HW_CPU_X86_VMX", "CUSTOM_B"]));
    assert_eq!(shown["updated_at"], Value::Null, "traits are no part of it");
    for (path, body) in [
        (traits.clone(), None),
        (traits.clone(), Some(json!({}))),
        (traits.clone(), Some(json!({"traits": "CUSTOM_A"}))),
        (traits.clone(), Some(json!({"traits": [1]}))),
        (traits.clone(), Some(json!({"traits": ["abc"]}))),
        (traits.clone(), Some(json!({"traits": [], "x": 1}))),
        (traits.clone(), Some(json!({"traits": (0..51).map(|n| format!("CUSTOM_{n}")).collect::<Vec<_>>()}))),
        (format!("{traits}/abc"), None),
        (format!("{traits}/CUSTOM_C"), Some(json!({"traits": ["CUSTOM_C"]}))),
    ] {
        assert_eq!(put(path.clone(), body.clone()).await.status, 400, "{path} {body:?}");
    }
    assert_eq!(put(format!("{PATH}/none/traits/CUSTOM_A"), None).await.status, 404);
    assert_eq!(listed().await.as_array().unwrap().len(), 3);
    for (path, left) in [
        (format!("{traits}/CUSTOM_A"), json!(["HW_CPU_X86_VMX", "CUSTOM_B"])),
        (format!("{traits}/CUSTOM_A"), json!(["HW_CPU_X86_VMX", "CUSTOM_B"])),
        (traits.clone(), json!([])),
        (traits.clone(), json!([])),
    ] {
        assert_eq!(rack.call("DELETE", &path, "1.112", None).await.status, 204);
        assert_eq!(listed().await, left);
    }
    let mut with = runbook("rb2");
    with["traits"] = json!(["CUSTOM_A"]);
    assert_eq!(post(&rack, &with).await.status, 400);
    let written = json!([{"op": "add", "path": "/traits", "value": ["CUSTOM_A"]}]);
    assert_eq!(patch(&rack, "rb", "1.115", &written).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let rack = Rack::start().await;
    let made = post(&rack, &runbook("rb")).await;
    let before = rack.get(&format!("{PATH}?detail=true")).await.body;
    let with = |name: &str, value: Value| {
        let mut body = runbook("rb2");
        body[name] = value;
        body
    };
    for (body, status) in [
        (json!({}), 400),
        (json!({"name": "x"}), 400),
        (with("name", json!("a b")), 400),
        (with("name", json!("1be26c0b-03f2-4d2e-ae87-c02d7f33c123")), 400),
        (with("steps", json!([])), 400),
        (with("steps", json!([{"interface": "deploy", "step": "x"}])), 400),
        (with("steps", json!([{"interface": "deploy", "step": "x", "order": 1, "priority": 1}])), 400),
        (with("steps", json!([{"interface": "network", "step": "x", "order": 1}])), 400),
        (with("public", json!("maybe")), 400),
        (with("owner", json!(1)), 400),
        (with("colour", json!("red")), 400),
        (with("name", json!("rb")), 409),
        (with("uuid", made.body["uuid"].clone()), 409),
        (with("uuid", json!("x")), 400),
    ] {
        let refused = post(&rack, &body).await;
        assert_eq!((refused.status, &refused.inner()["faultcode"]), (status, &json!("Client")), "{body}");
    }
    assert_eq!(rack.get(&format!("{PATH}?detail=true")).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_a_runbook_is_checked_before_anything_moves() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    assert_eq!(rack.call("PUT", "/v1/nodes/n1/traits/CUSTOM_A", "1.37", None).await.status, 204);
    for name in ["CUSTOM_A", "CUSTOM_B"] {
        assert_eq!(post(&rack, &runbook(name)).await.status, 201);
    }
    let other = json!({"traits": ["CUSTOM_Z"]});
    let set = rack.call("PUT", &format!("{PATH}/CUSTOM_B/traits"), "1.112", Some(&other)).await;
    assert_eq!(set.status, 204);
    let steps = json!([{"interface": "deploy", "step": "fake_done"}]);
    for (version, body, status, part) in [
        ("1.91", json!({"runbook": "CUSTOM_A"}), 406, "1.92"),
        ("1.92", json!({"runbook": "none"}), 404, "none"),
        ("1.92", json!({"runbook": "a b"}), 400, "runbook must be"),
        ("1.92", json!({"runbook": 7}), 400, "runbook must be"),
        ("1.111", json!({"runbook": "CUSTOM_B"}), 400, "no trait of that name"),
        ("1.112", json!({"runbook": "CUSTOM_A"}), 400, "has no traits"),
        ("1.112", json!({"runbook": "CUSTOM_B"}), 400, "none of its traits CUSTOM_Z"),
        ("1.111", json!({"runbook": "CUSTOM_A", "clean_steps": steps}), 400, "exclude each other"),
        ("1.111", json!({"runbook": "CUSTOM_A", "target": "manage"}), 400, "manage"),
        ("1.111", json!({"runbook": "CUSTOM_A", "target": "provide"}), 400, "clean and service"),
        ("1.112", json!({}), 400, "clean_steps or runbook is required"),
    ] {
        let mut asked = json!({"target": "clean"});
        asked.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let refused = rack.call("PUT", "/v1/nodes/n1/states/provision", version, Some(&asked)).await;
        assert_eq!(refused.status, status, "{version} {asked}: {refused:?}");
        assert!(refused.text().contains(part), "{version} {asked}: {}", refused.text());
    }
    assert_eq!(rack.get("/v1/nodes/n1").await.body["provision_state"], "manageable");
}

/// A manageable node with the trait `CUSTOM_A`, and a runbook of this name for it.
async fn approved(rack: &Rack, name: &str, steps: &Value) -> String {
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    assert_eq!(rack.call("PUT", "/v1/nodes/n1/traits/CUSTOM_A", "1.37", None).await.status, 204);
    assert_eq!(post(rack, &json!({"name": name, "steps": steps})).await.status, 201);
    let traits = json!({"traits": ["CUSTOM_A"]});
    let path = format!("{PATH}/{name}/traits");
    assert_eq!(rack.call("PUT", &path, "1.112", Some(&traits)).await.status, 204);
    node
}

fn hold_then_act() -> Value {
    json!([
        {"interface": "deploy", "step": "reboot", "order": 20},
        {"interface": "deploy", "step": "hold", "order": 10},
    ])
}

async fn planned(rack: &Rack) -> Vec<String> {
    let node = rack.get("/v1/nodes/n1").await.body;
    let steps = node["driver_internal_info"]["clean_steps"].as_array().unwrap().clone();
    steps.iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_cleaned_by_a_runbook_and_keeps_its_steps() {
    let rack = Rack::start().await;
    let node = approved(&rack, "rb", &hold_then_act()).await;
    let asked = json!({"target": "clean", "runbook": "rb"});
    let path = "/v1/nodes/n1/states/provision";
    assert_eq!(rack.call("PUT", path, "1.112", Some(&asked)).await.status, 202);
    rack.until(&node, "clean hold").await;
    assert_eq!(planned(&rack).await, ["hold", "reboot"]);
    assert_eq!(rack.call("DELETE", &format!("{PATH}/rb"), "1.112", None).await.status, 204);
    let rack = rack.restarted().await;
    rack.go(&node, "unhold").await;
    rack.until(&node, "manageable").await;
    assert_eq!(rack.get("/v1/nodes/n1").await.body["last_error"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn automated_cleaning_goes_by_the_sites_runbook() {
    let rack = Rack::start_with(
        "[conductor]\nautomated_cleaning_step_source = \"runbook\"\nautomated_cleaning_runbook = \"rb\"\n",
    )
    .await;
    let node = approved(&rack, "rb", &hold_then_act()).await;
    let path = "/v1/nodes/n1/states/provision";
    let provide = json!({"target": "provide"});
    assert_eq!(rack.call("PUT", path, "1.112", Some(&provide)).await.status, 202);
    rack.until(&node, "clean hold").await;
    assert_eq!(planned(&rack).await, ["hold", "reboot"]);
    rack.go(&node, "unhold").await;
    rack.until(&node, "available").await;
    let history = rack.get("/v1/nodes/n1/history?detail=true").await.body.to_string();
    assert!(history.contains("is cleaned by runbook rb"), "{history}");

    rack.go(&node, "manage").await;
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1/traits", "1.37", None).await.status, 204);
    rack.go(&node, "provide").await;
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!(shown["provision_state"], "clean failed");
    assert!(shown["last_error"].as_str().unwrap().contains("none of its traits CUSTOM_A"), "{shown}");
    assert_eq!(shown["maintenance"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_runbook_hybrid_cleaning_is_the_drivers() {
    let rack = Rack::start_with("[conductor]\nautomated_cleaning_step_source = \"hybrid\"\n").await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    rack.go(&node, "provide").await;
    assert_eq!(rack.get("/v1/nodes/n1").await.body["provision_state"], "available");
}
