//! The examples of `driver/site/README.md`, as they are shipped, and the one in Rust of `driver/own_step`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::rack::Rack;
use crate::site_steps::register::{PASSWORD, Register};
use crate::site_steps::{Folder, ask, clean, history, manageable, told};

/// The examples, in a folder that nobody else may write.
fn shipped() -> Folder {
    let folder = Folder::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/steps");
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        let name = entry.file_name().into_string().unwrap();
        match name.strip_suffix(".toml") {
            Some(stem) => drop(folder.manifest(stem, &text)),
            None => drop(fs::copy(entry.path(), folder.path().join(name)).unwrap()),
        }
    }
    folder
}

fn registered(register: &Register) -> Value {
    json!({"name": "n1", "driver_info": {"register_url": register.url, "register_password": PASSWORD}})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_example_is_part_of_automated_cleaning_and_says_what_is_missing() {
    let folder = shipped();
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    rack.go(&node, "provide").await;
    let (state, why) = told(&rack, &node).await;
    assert_eq!(state, "clean failed");
    for word in
        ["n1", "management.rack_label", "no rack label", "node set NODE", "manage and provide it again"]
    {
        assert!(why.contains(word), "{word}: {why}");
    }

    let labelled = json!([{"op": "add", "path": "/properties/rack_label", "value": "B7"}]);
    let path = format!("/v1/nodes/{node}");
    assert_eq!(rack.call("PATCH", &path, "1.115", Some(&labelled)).await.status, 200);
    assert_eq!(rack.call("DELETE", &format!("{path}/maintenance"), "1.115", None).await.status, 202);
    rack.go(&node, "manage").await;
    rack.go(&node, "provide").await;
    assert_eq!(told(&rack, &node).await, ("available".to_owned(), String::new()));
    let history = history(&rack, &node).await;
    assert!(history.contains("step management.rack_label is done"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_acts_once_and_its_hook_tells_of_it() {
    let (folder, register) = (shipped(), Register::start());
    let rack = folder.rack().await;
    let node = manageable(&rack, registered(&register)).await;
    let args = json!({"owner": "storage", "days": 30});
    assert_eq!(clean(&rack, &node, "register", args.clone()).await, ("manageable".to_owned(), String::new()));
    {
        let told = register.told.lock().unwrap();
        assert_eq!(told.servers[&format!("/servers/{node}")], args);
        let result = json!({"registered": args});
        assert_eq!(
            told.events,
            [json!({"node": "n1", "kind": "clean", "step": "vendor.register", "result": result})]
        );
        assert_eq!(told.puts, 1);
    }
    // The second time there is nothing to do.
    assert_eq!(clean(&rack, &node, "register", args).await.0, "manageable");
    assert_eq!(register.told.lock().unwrap().puts, 1);
    let history = history(&rack, &node).await;
    assert!(history.contains("hook announce after step vendor.register is done"), "{history}");
    assert!(!history.contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_site_are_part_of_deployments_templates_services_and_runbooks() {
    let (folder, register) = (shipped(), Register::start());
    let rack = folder.rack().await;
    let mut members = registered(&register);
    members["automated_clean"] = json!(false);
    members["instance_info"] = json!({"traits": ["CUSTOM_REGISTERED"]});
    let node = manageable(&rack, members).await;
    let step = |args: Value| json!({"interface": "vendor", "step": "register", "args": args});
    let mut template = step(json!({"owner": "template"}));
    template["priority"] = json!(70);
    let body = json!({"name": "CUSTOM_REGISTERED", "steps": [template]});
    assert_eq!(rack.call("POST", "/v1/deploy_templates", "1.115", Some(&body)).await.status, 201);
    let path = format!("/v1/nodes/{node}/traits");
    let traits = json!({"traits": ["CUSTOM_REGISTERED"]});
    assert_eq!(rack.call("PUT", &path, "1.115", Some(&traits)).await.status, 204);
    rack.go(&node, "provide").await;
    rack.go(&node, "active").await;
    assert_eq!(told(&rack, &node).await, ("active".to_owned(), String::new()));
    let owner = || register.told.lock().unwrap().servers[&format!("/servers/{node}")]["owner"].clone();
    assert_eq!(owner(), "template");

    let asked = json!({"target": "service", "service_steps": [step(json!({"owner": "service"}))]});
    assert_eq!(ask(&rack, &node, asked).await.status, 202);
    rack.rest().await;
    assert_eq!(told(&rack, &node).await, ("active".to_owned(), String::new()));
    assert_eq!(owner(), "service");

    let mut ordered = step(json!({"owner": "runbook"}));
    ordered["order"] = json!(1);
    let body = json!({"name": "CUSTOM_REGISTERED", "steps": [ordered]});
    assert_eq!(rack.call("POST", "/v1/runbooks", "1.115", Some(&body)).await.status, 201);
    let path = "/v1/runbooks/CUSTOM_REGISTERED/traits";
    assert_eq!(rack.call("PUT", path, "1.115", Some(&traits)).await.status, 204);
    assert_eq!(
        ask(&rack, &node, json!({"target": "service", "runbook": "CUSTOM_REGISTERED"})).await.status,
        202
    );
    rack.rest().await;
    assert_eq!(owner(), "runbook");
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_are_checked_by_the_manifest_before_anything_is_run() {
    let (folder, register) = (shipped(), Register::start());
    let rack = folder.rack().await;
    let node = manageable(&rack, registered(&register)).await;
    for (args, word) in [
        (json!({}), "argument \"owner\" is required"),
        (json!({"owner": "x", "colour": "red"}), "unknown argument \"colour\""),
    ] {
        let (state, why) = refused_or_failed(&rack, &node, args).await;
        assert!(why.contains(word) && why.contains("vendor.register"), "{state}: {why}");
        assert!(register.told.lock().unwrap().servers.is_empty());
    }
}

/// How manual cleaning with the step ends, at once or later.
async fn refused_or_failed(rack: &Rack, node: &str, args: Value) -> (String, String) {
    let step = json!({"interface": "vendor", "step": "register", "args": args});
    let answer = ask(rack, node, json!({"target": "clean", "clean_steps": [step]})).await;
    if answer.status != 202 {
        return (answer.status.to_string(), answer.text());
    }
    rack.rest().await;
    let told = told(rack, node).await;
    rack.go(node, "manage").await;
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_in_rust_is_one_function_and_one_row() {
    let rack = Rack::start().await;
    let node = manageable(&rack, json!({"name": "n1", "properties": {"asset_tag": "DC-17"}})).await;
    let bare = manageable(&rack, json!({"name": "n2"})).await;
    let step = json!({"interface": "management", "step": "asset_tag"});
    for (node, state) in [(&node, "manageable"), (&bare, "clean failed")] {
        let asked = json!({"target": "clean", "clean_steps": [step]});
        assert_eq!(ask(&rack, node, asked).await.status, 202);
        rack.rest().await;
        assert_eq!(told(&rack, node).await.0, state);
    }
    let (_, why) = told(&rack, &bare).await;
    assert!(why.contains("management.asset_tag") && why.contains("does not begin with DC"), "{why}");
}
