//! Rescue over the API: asked for, shown, refused; its password is never told to anybody.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const SECRET: &str = "hunter2-of-the-rescue";

async fn ask(rack: &Rack, node: &str, body: &Value) -> Answer {
    rack.call("PUT", &format!("/v1/nodes/{node}/states/provision"), "1.115", Some(body)).await
}

/// A node in use.
async fn active(rack: &Rack, members: Value) -> String {
    let node = rack.node(members).await;
    for target in ["manage", "provide", "active"] {
        rack.go(&node, target).await;
    }
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_to_rescue_and_back() {
    let rack = Rack::start().await;
    let node = active(&rack, json!({})).await;
    let asked = ask(&rack, &node, &json!({"target": "rescue", "rescue_password": SECRET})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.until(&node, "rescue").await;
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    assert_eq!(shown["target_provision_state"], Value::Null);
    assert!(shown["instance_info"].get("rescue_password").is_none(), "{}", shown["instance_info"]);
    assert!(!shown.to_string().contains(SECRET));
    assert_eq!(ask(&rack, &node, &json!({"target": "active"})).await.status, 400);
    let again = ask(&rack, &node, &json!({"target": "rescue", "rescue_password": SECRET})).await;
    assert_eq!(again.status, 202, "{again:?}");
    rack.until(&node, "rescue").await;
    assert_eq!(ask(&rack, &node, &json!({"target": "unrescue"})).await.status, 202);
    rack.until(&node, "active").await;
    let file = std::fs::read(rack.home().join("data/store/data.mdb")).unwrap();
    assert!(!file.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "it lies open on the disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_ramdisk_is_awaited_its_password_is_masked_and_the_agent_is_answered() {
    let rack = Rack::start().await;
    let node = active(&rack, json!({"rescue_interface": "agent"})).await;
    rack.port(&node, "52:54:00:00:00:77").await;
    let asked = ask(&rack, &node, &json!({"target": "rescue", "rescue_password": SECRET})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.until(&node, "rescue wait").await;
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    for key in ["rescue_password", "hashed_rescue_password"] {
        assert_eq!(shown["instance_info"][key], "******", "{}", shown["instance_info"]);
    }
    assert_eq!(shown["target_provision_state"], "rescue");
    let waiting = &shown["driver_internal_info"]["waiting"];
    assert_eq!((&waiting["from_whom"], &waiting["deadline_seconds"]), (&json!("the agent"), &json!(1800)));

    let found = rack.by_rack("GET", "/v1/lookup?addresses=52:54:00:00:00:77", "1.62", None).await;
    assert_eq!(found.status, 200, "{found:?}");
    assert_eq!(found.body["node"]["instance_info"]["rescue_password"], "******");
    let token = found.body["config"]["agent_token"].as_str().unwrap();
    assert!(token.len() >= 32, "{token}");

    assert_eq!(ask(&rack, &node, &json!({"target": "abort"})).await.status, 202);
    rack.until(&node, "rescue failed").await;
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    assert!(shown["instance_info"].get("hashed_rescue_password").is_none(), "{}", shown["instance_info"]);
    assert!(
        shown["last_error"].as_str().unwrap().contains("was aborted by request"),
        "{}",
        shown["last_error"]
    );
    let history = rack.get(&format!("/v1/nodes/{node}/history?detail=true")).await.body.to_string();
    assert!(
        history.contains("rescue of node") && !history.contains(SECRET) && !history.contains("$5$"),
        "{history}"
    );
    assert_eq!(ask(&rack, &node, &json!({"target": "unrescue"})).await.status, 202);
    rack.until(&node, "active").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_nobody_can_log_in_with_is_refused_and_changes_nothing() {
    let rack = Rack::start().await;
    let node = active(&rack, json!({})).await;
    let before = rack.get(&format!("/v1/nodes/{node}")).await.body;
    for (password, why) in [
        (Value::Null, "it is not given"),
        (json!(""), "it is empty"),
        (json!("  \t "), "it is empty"),
        (json!("x".repeat(513)), "513 bytes"),
        (json!("a\nb"), "line break"),
        (json!("a\u{0}b"), "NUL"),
        (json!("******"), "mask"),
        (json!(5), ""),
        (json!(["x"]), ""),
    ] {
        let answer = ask(&rack, &node, &json!({"target": "rescue", "rescue_password": password})).await;
        assert_eq!(answer.status, 400, "{password}: {answer:?}");
        assert!(answer.text().contains(why), "{password}: {}", answer.text());
    }
    for target in ["active", "manage", "unrescue"] {
        let answer = ask(&rack, &node, &json!({"target": target, "rescue_password": SECRET})).await;
        assert_eq!(answer.status, 400, "{target}: {answer:?}");
        assert!(!answer.text().contains(SECRET));
    }
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescue_is_refused_where_it_cannot_be() {
    let rack = Rack::start().await;
    let rescue = json!({"target": "rescue", "rescue_password": SECRET});
    let node = rack.node(json!({})).await;
    let enrolled = ask(&rack, &node, &rescue).await;
    assert_eq!(enrolled.status, 400, "{enrolled:?}");
    let unable = active(&rack, json!({"rescue_interface": "no-rescue"})).await;
    let refused = ask(&rack, &unable, &rescue).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.text().contains("set rescue_interface to fake or agent"), "{}", refused.text());
    let node = active(&rack, json!({})).await;
    rack.call("PUT", &format!("/v1/nodes/{node}/maintenance"), "1.115", None).await;
    let kept = ask(&rack, &node, &rescue).await;
    assert_eq!(kept.status, 400, "{kept:?}");
    assert!(kept.text().contains("maintenance"), "{}", kept.text());
    assert_eq!(ask(&rack, &node, &json!({"target": "unrescue"})).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_says_what_a_rescue_lacks() {
    let rack = Rack::start().await;
    for (name, boot, result, why) in [
        ("fake", "fake", true, ""),
        ("no-rescue", "fake", false, "does not support rescue"),
        ("agent", "fake", false, "missing 'instance_info/rescue_password'"),
    ] {
        let node = rack.node(json!({"rescue_interface": name, "boot_interface": boot})).await;
        let shown = rack.get(&format!("/v1/nodes/{node}/validate")).await.body["rescue"].clone();
        assert_eq!(shown["result"], result, "{name}: {shown}");
        assert!(shown["reason"].as_str().unwrap_or_default().contains(why), "{shown}");
    }
}
