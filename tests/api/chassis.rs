//! Chassis: made, listed, patched, deleted; nodes stand in them.

use serde_json::{Value, json};

use crate::rack::Rack;

async fn made(rack: &Rack, body: Value) -> String {
    let made = rack.call("POST", "/v1/chassis", "1.115", Some(&body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["uuid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chassis_lives_from_its_making_to_its_end() {
    let rack = Rack::start().await;
    let body = json!({"description": "row 3", "extra": {"a": 1}});
    let answer = rack.call("POST", "/v1/chassis", "1.1", Some(&body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let uuid = answer.body["uuid"].as_str().unwrap();
    let location = answer.headers.get("Location").unwrap();
    assert!(location.ends_with(&format!("/v1/chassis/{uuid}")), "{location}");
    assert!(answer.body["nodes"][0][0]["href"].as_str().unwrap().ends_with(&format!("{uuid}/nodes")));
    let path = format!("/v1/chassis/{uuid}");
    let operations = json!([{"op": "replace", "path": "/description", "value": "row 4"},
        {"op": "add", "path": "/extra/b", "value": [2]}]);
    let patched = rack.call("PATCH", &path, "1.115", Some(&operations)).await;
    assert_eq!((patched.status, &patched.body["description"]), (200, &json!("row 4")), "{patched:?}");
    assert_eq!(patched.body["extra"], json!({"a": 1, "b": [2]}));
    assert!(patched.body["updated_at"].is_string());
    assert_eq!(rack.get(&format!("{path}?fields=extra")).await.body["extra"]["b"], json!([2]));
    let rack = rack.restarted().await;
    assert_eq!(rack.get(&path).await.body["description"], "row 4", "it is there after a restart");
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 204);
    assert_eq!(rack.get(&path).await.status, 404);
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chassis_with_nodes_stays() {
    let rack = Rack::start().await;
    let chassis = made(&rack, json!({})).await;
    let node = rack.node(json!({"chassis_uuid": chassis})).await;
    rack.node(json!({})).await;
    let path = format!("/v1/chassis/{chassis}");
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 400);
    let nodes = rack.get(&format!("{path}/nodes")).await.body;
    assert_eq!(nodes["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(nodes["nodes"][0]["uuid"], node.as_str());
    let filtered = rack.get(&format!("/v1/nodes?chassis_uuid={chassis}")).await.body;
    assert_eq!(filtered["nodes"][0]["uuid"], node.as_str());
    let operations = json!([{"op": "remove", "path": "/chassis_uuid"}]);
    assert_eq!(
        rack.call("PATCH", &format!("/v1/nodes/{node}"), "1.115", Some(&operations)).await.status,
        200
    );
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 204);
    let body = json!({"driver": "fake-hardware", "chassis_uuid": chassis});
    assert_eq!(rack.call("POST", "/v1/nodes", "1.115", Some(&body)).await.status, 400, "it is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_chassis_meet() {
    let rack = Rack::start().await;
    let mut all = Vec::new();
    for name in ["b", "a", "c"] {
        all.push(made(&rack, json!({"description": name})).await);
    }
    let first = rack.get("/v1/chassis?limit=2").await.body;
    assert_eq!(first["chassis"].as_array().unwrap().len(), 2);
    assert_eq!(first["chassis"][0].as_object().unwrap().len(), 3, "uuid, description and links");
    let next = first["next"].as_str().unwrap().strip_prefix("http://api").unwrap().to_owned();
    assert_eq!(rack.get(&next).await.body["chassis"][0]["uuid"], all[2].as_str());
    let sorted = rack.get("/v1/chassis/detail?sort_key=description&sort_dir=desc").await.body;
    assert_eq!(sorted["chassis"][0]["uuid"], all[2].as_str());
    assert!(sorted["chassis"][0]["extra"].is_object());
    for (path, status) in [
        ("/v1/chassis?sort_key=extra", 400),
        ("/v1/chassis?sort_key=zz", 400),
        ("/v1/chassis?marker=zz", 400),
        ("/v1/chassis?limit=0", 400),
        ("/v1/chassis?color=red", 400),
        ("/v1/chassis?fields=uuid&detail=true", 400),
        ("/v1/chassis/zz", 400),
    ] {
        assert_eq!(rack.get(path).await.status, status, "{path}");
    }
    assert_eq!(rack.call("GET", "/v1/chassis?detail=true", "1.42", None).await.status, 400);
    assert_eq!(rack.call("GET", "/v1/chassis?fields=uuid", "1.7", None).await.status, 406);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_about_a_chassis_changes_nothing() {
    let rack = Rack::start().await;
    let chassis = made(&rack, json!({"description": "a"})).await;
    let path = format!("/v1/chassis/{chassis}");
    let before = rack.get(&path).await.body;
    for body in [
        json!({"uuid": "zz"}),
        json!({"description": 7}),
        json!({"extra": 1}),
        json!({"name": "x"}),
        json!([]),
    ] {
        assert_eq!(rack.call("POST", "/v1/chassis", "1.115", Some(&body)).await.status, 400, "{body}");
    }
    assert_eq!(rack.call("POST", "/v1/chassis", "1.115", Some(&json!({"uuid": chassis}))).await.status, 409);
    for operations in [
        json!({}),
        json!([{"op": "test", "path": "/description", "value": "a"}]),
        json!([{"op": "replace", "path": "/uuid", "value": "x"}]),
        json!([{"op": "remove", "path": "/extra/none"}]),
        json!([{"op": "replace", "path": "/description", "value": "b"}, {"op": "remove", "path": "/zz"}]),
    ] {
        assert_eq!(rack.call("PATCH", &path, "1.115", Some(&operations)).await.status, 400, "{operations}");
    }
    assert_eq!(rack.get(&path).await.body, before);
    assert_eq!(rack.get("/v1/chassis").await.body["chassis"].as_array().unwrap().len(), 1);
}
