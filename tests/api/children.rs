//! Steps that a node's children do for it.

use serde_json::{Value, json};

use crate::rack::Rack;

/// Manual cleaning with one step for the children; the state that it ends in, and its error.
async fn clean(rack: &Rack, node: &str, step: Value) -> (String, String) {
    begin(rack, node, step).await;
    rack.rest().await;
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
    (text("provision_state"), text("last_error"))
}

async fn begin(rack: &Rack, node: &str, step: Value) {
    let mut asked = json!({"interface": "bios", "execute_on_child_nodes": true, "args": {}});
    asked.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
    let body = json!({"target": "clean", "clean_steps": [asked]});
    let path = format!("/v1/nodes/{node}/states/provision");
    let taken = rack.call("PUT", &path, "1.115", Some(&body)).await;
    assert_eq!(taken.status, 202, "{taken:?}");
}

async fn settings(rack: &Rack, node: &str) -> Vec<String> {
    let shown = rack.get(&format!("/v1/nodes/{node}/bios")).await.body;
    shown["bios"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_child_does_the_step_by_its_own_driver() {
    let rack = Rack::start().await;
    let server = rack.node(json!({"name": "server"})).await;
    let one = rack.node(json!({"name": "one", "parent_node": server})).await;
    let two = rack.node(json!({"name": "two", "parent_node": server})).await;
    rack.go(&server, "manage").await;
    let apply = |name: &str| json!({"step": "apply_configuration", "args": {"settings": [{"name": name, "value": "on"}]}});
    let done = clean(&rack, &server, apply("turbo")).await;
    assert_eq!(done, ("manageable".to_owned(), String::new()));
    for (node, has) in [(&server, false), (&one, true), (&two, true)] {
        assert_eq!(settings(&rack, node).await.contains(&"turbo".to_owned()), has, "{node}");
    }
    let mut of_two = apply("vtd");
    of_two["limit_child_node_execution"] = json!([two]);
    assert_eq!(clean(&rack, &server, of_two).await.0, "manageable");
    assert!(!settings(&rack, &one).await.contains(&"vtd".to_owned()));
    assert!(settings(&rack, &two).await.contains(&"vtd".to_owned()));
    let history = rack.get(&format!("/v1/nodes/{one}/history?detail=true")).await.body.to_string();
    assert!(history.contains("step for parent"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_childs_driver_does_not_have_fails_before_anything_is_done() {
    let rack = Rack::start().await;
    let server = rack.node(json!({"name": "server"})).await;
    let able = rack.node(json!({"name": "able", "parent_node": server})).await;
    rack.node(json!({"name": "bare", "driver": "manual-management", "parent_node": server})).await;
    rack.go(&server, "manage").await;
    let args = json!({"settings": [{"name": "turbo", "value": "on"}]});
    let (state, why) = clean(&rack, &server, json!({"step": "apply_configuration", "args": args})).await;
    assert_eq!(state, "clean failed");
    assert!(why.contains("bare") && why.contains("bios.apply_configuration"), "{why}");
    assert_eq!(settings(&rack, &able).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_step_of_many_turns_is_waited_for_and_goes_on_after_a_restart() {
    let rack = Rack::start().await;
    let server = rack.node(json!({"name": "server"})).await;
    let own_supply = json!({"has_dedicated_power_supply": true});
    let card = json!({"name": "card", "parent_node": server, "driver_info": own_supply});
    let card = rack.node(card).await;
    rack.go(&server, "manage").await;
    let steps = |step: Value| {
        let mut asked = json!({"interface": "deploy", "execute_on_child_nodes": true});
        asked.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        asked
    };
    let long = steps(json!({"step": "fake_look_in", "args": {"times": 1, "seconds": 3600}}));
    let many = steps(json!({"step": "fake_act", "args": {"times": 3}}));
    let reboots = steps(json!({"step": "fake_reboot", "args": {"into": "nothing"}}));
    assert_eq!(clean(&rack, &server, many).await, ("manageable".to_owned(), String::new()));
    assert_eq!(clean(&rack, &server, reboots).await, ("manageable".to_owned(), String::new()));
    let history = rack.get(&format!("/v1/nodes/{card}/history?detail=true")).await.body.to_string();
    assert!(history.contains("the machine is on"), "it was the card that was started anew: {history}");
    assert!(
        history.contains(&format!("step for parent {server} goes on")),
        "not all turns are the last: {history}"
    );
    begin(&rack, &server, long).await;
    rack.until(&server, "clean wait").await;
    let rack = rack.restarted().await;
    assert_eq!(rack.get(&format!("/v1/nodes/{server}")).await.body["provision_state"], "clean wait");
    rack.go(&server, "abort").await;
    let shown = rack.get(&format!("/v1/nodes/{server}")).await.body;
    assert!(shown["last_error"].as_str().unwrap().contains("deploy.fake_look_in"), "{shown}");
    assert_eq!(rack.get(&format!("/v1/nodes/{card}")).await.body["provision_state"], "enroll");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_childs_step_that_waits_for_somebody_fails_unless_the_site_lets_it_go_on() {
    for (site, state) in
        [("", "clean failed"), ("[conductor]\npermit_child_node_step_async_result = true\n", "manageable")]
    {
        let rack = Rack::start_with(site).await;
        let server = rack.node(json!({"name": "server"})).await;
        rack.node(json!({"name": "card", "parent_node": server})).await;
        rack.go(&server, "manage").await;
        let step = json!({"interface": "deploy", "step": "fake_agent"});
        let (ended, why) = clean(&rack, &server, step).await;
        assert_eq!(ended, state, "{why}");
        assert_eq!(why.contains("permit_child_node_step_async_result"), state == "clean failed", "{why}");
    }
}
