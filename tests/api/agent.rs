//! Lookup and heartbeat: what an agent, and a stranger, is told.

use serde_json::{Value, json};

use crate::rack::Rack;

const MAC: &str = "52:54:00:00:00:01";

/// A node that waits for its agent.
async fn waiting(rack: &Rack) -> String {
    let node = rack.node(json!({"name": "n1", "deploy_interface": "direct"})).await;
    rack.port(&node, MAC).await;
    rack.go(&node, "manage").await;
    let path = format!("/v1/nodes/{node}/states/provision");
    let asked = rack.call("PUT", &path, "1.115", Some(&json!({"target": "provide"}))).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.until(&node, "clean wait").await;
    node
}

async fn looked_up(rack: &Rack, query: &str) -> (u16, Value) {
    let answer = rack.by_rack("GET", &format!("/v1/lookup?{query}"), "1.62", None).await;
    (answer.status, if answer.status == 200 { answer.body } else { json!(answer.text()) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_gives_the_token_once_and_strangers_nothing() {
    let rack = Rack::start().await;
    let node = waiting(&rack).await;
    let (status, strange) = looked_up(&rack, "addresses=52:54:00:00:00:99").await;
    assert_eq!(status, 404);
    assert_eq!(looked_up(&rack, &format!("node_uuid={}", uuid::Uuid::nil())).await, (404, strange));
    assert_eq!(looked_up(&rack, "addresses=zz").await.0, 400);
    assert_eq!(looked_up(&rack, "").await.0, 400);
    let (status, reply) = looked_up(&rack, &format!("addresses={MAC},zz")).await;
    assert_eq!((status, reply["node"]["uuid"].as_str()), (200, Some(node.as_str())));
    assert_eq!(reply["config"]["heartbeat_timeout"], 300);
    assert_eq!(reply["config"]["agent_token"].as_str().unwrap().len(), 43);
    let members: Vec<_> = reply["node"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["driver_internal_info", "instance_info", "links", "properties", "uuid"]);
    assert!(!reply["node"].to_string().contains(reply["config"]["agent_token"].as_str().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_older_than_tokens_is_given_none() {
    let rack = Rack::start().await;
    waiting(&rack).await;
    let path = format!("/v1/lookup?addresses={MAC}");
    for _ in 0..2 {
        let old = rack.by_rack("GET", &path, "1.61", None).await;
        assert_eq!((old.status, &old.body["config"]["agent_token"]), (200, &Value::Null), "{old:?}");
    }
    let (_, reply) = looked_up(&rack, &format!("addresses={MAC}")).await;
    assert_eq!(reply["config"]["agent_token"].as_str().unwrap().len(), 43, "no token was used up");
    let old = rack.by_rack("GET", &path, "1.61", None).await;
    assert_eq!(old.body["config"]["agent_token"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_met_nobody_and_assumes_an_old_version_is_told_to_ask_again() {
    let rack = Rack::start().await;
    waiting(&rack).await;
    let rack = rack.restarted().await;
    let path = format!("/v1/lookup?addresses={MAC}");
    let old = rack.by_rack("GET", &path, "1.31", None).await;
    assert_eq!(old.status, 409, "{old:?}");
    assert!(old.text().contains("ask for its versions"), "{old:?}");
    let (status, reply) = looked_up(&rack, &format!("addresses={MAC}")).await;
    assert_eq!(status, 200);
    assert_eq!(reply["config"]["agent_token"].as_str().unwrap().len(), 43);
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_are_checked_before_they_are_taken() {
    let rack = Rack::start().await;
    let node = waiting(&rack).await;
    let (_, reply) = looked_up(&rack, &format!("addresses={MAC}")).await;
    let token = reply["config"]["agent_token"].clone();
    let path = format!("/v1/heartbeat/{node}");
    let good =
        json!({"callback_url": "https://10.0.0.7:9999", "agent_token": token, "agent_version": "13.0.0"});
    let changed = |name: &str, value: Value| {
        let mut beat = good.clone();
        beat[name] = value;
        beat
    };
    for (beat, text) in [
        (changed("agent_token", json!("x".repeat(43))), "agent_token"),
        (changed("agent_token", Value::Null), "agent_token"),
        (changed("agent_version", Value::Null), "agent_version"),
        (changed("callback_url", json!("http://10.0.0.7:9999")), "https"),
        (changed("callback_url", json!("https://10.0.0.8:9999")), "callback_networks"),
        (changed("callback_url", json!("https://127.0.0.1:9999")), "callback_networks"),
        (changed("callback_url", json!("https://[::ffff:127.0.0.1]:9999")), "callback_networks"),
        (changed("callback_url", json!("https://169.254.169.254")), "callback_networks"),
        (changed("callback_url", json!("https://agent.example.org:9999")), "IP address"),
        (changed("callback_url", json!("")), "callback_url"),
        (changed("agent_status", json!("zz")), "agent_status"),
        (changed("agent_verify_ca", json!("garbage")), "agent_verify_ca"),
        (changed("load", json!(1)), "load"),
    ] {
        let answer = rack.by_rack("POST", &path, "1.115", Some(&beat)).await;
        assert_eq!(answer.status, 400, "{beat} {answer:?}");
        assert!(answer.text().contains(text), "{text}: {}", answer.text());
        assert!(!answer.body.to_string().contains(token.as_str().unwrap()));
    }
    let old = rack.by_rack("POST", &path, "1.35", Some(&good)).await;
    assert_eq!(old.status, 400);
    let accepted = rack.by_rack("POST", &path, "1.68", Some(&good)).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    assert_eq!(shown["driver_internal_info"]["agent_url"], "https://10.0.0.7:9999");
    assert_eq!(shown["driver_internal_info"]["agent_secret_token"], "******");
    let moved = rack
        .by_rack("POST", &path, "1.68", Some(&changed("callback_url", json!("https://10.0.0.7:1"))))
        .await;
    assert_eq!(moved.status, 400, "{moved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_racks_door_has_nothing_else() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for path in ["/v1/nodes", "/v1/nodes/n1", "/v1/ports", "/v1/drivers"] {
        assert_eq!(rack.by_rack("GET", path, "1.115", None).await.status, 404, "{path}");
    }
    for path in ["/", "/v1"] {
        assert_eq!(rack.by_rack("GET", path, "1.115", None).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_endpoints_say_so() {
    let rack = Rack::start_with("[api]\nenable_ramdisk_endpoints = false\n").await;
    assert_eq!(rack.by_rack("GET", "/v1/lookup", "1.62", None).await.status, 403);
    assert_eq!(rack.by_rack("POST", "/v1/heartbeat/n1", "1.68", Some(&json!({}))).await.status, 403);
}
