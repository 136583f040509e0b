//! What a site does after a step has succeeded.

use serde_json::json;

use crate::site_steps::{Folder, clean, history, manageable, told};

#[tokio::test(flavor = "multi_thread")]
async fn hooks_follow_the_step_in_the_order_of_their_names_and_are_told_its_result() {
    let folder = Folder::new();
    folder.step("work", "", r#"echo '{"turn": "done", "result": {"lamps": 2}}'"#);
    let says = r#"grep -q '"result":{"lamps":2}' && echo '{"turn": "done"}' || echo '{"turn": "failed", "why": "no lamps"}'"#;
    for (name, after) in [("a_every", "*"), ("b_this", "vendor.work"), ("c_other", "vendor.other")] {
        folder.script(name, says);
        folder.manifest(name, &format!("type='hook'\nafter='{after}'\nagain='repeat'\n"));
    }
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    assert_eq!(clean(&rack, &node, "work", json!({})).await, ("manageable".to_owned(), String::new()));
    let history = history(&rack, &node).await;
    let place = |text: &str| history.find(text);
    let (first, second) = (
        place("hook a_every after step vendor.work is done"),
        place("hook b_this after step vendor.work is done"),
    );
    assert!(first.is_some() && second.is_some(), "{history}");
    assert_eq!(place("c_other"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_fails_is_a_failure_of_its_step() {
    let folder = Folder::new();
    folder.step("work", "", r#"echo '{"turn": "done"}'"#);
    folder.script("audit", r#"echo '{"turn": "failed", "why": "the audit is full"}'"#);
    folder.manifest("audit", "type='hook'\nafter='vendor.work'\nkinds=['clean']\nagain='never'\n");
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    let (state, why) = clean(&rack, &node, "work", json!({})).await;
    assert_eq!(state, "clean failed");
    assert!(why.contains("failed in step vendor.work") && why.contains("the audit is full"), "{why}");
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    assert_eq!(shown["fault"], "clean failure");
    assert_eq!(told(&rack, &node).await.0, "clean failed");
}
