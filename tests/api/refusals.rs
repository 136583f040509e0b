//! What is wrong is refused precisely, and nothing has changed.

use serde_json::{Value, json};

use crate::rack::Rack;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_bears_its_headers() {
    let rack = Rack::start().await;
    for (path, version, used) in [
        ("/", "1.50", "1.50"),
        ("/v1", "latest", "1.115"),
        ("/v1/nodes", "", "1.1"),
        ("/v1/nodes", "1.999", "1.1"),
        ("/v1/foo", "1.9", "1.9"),
    ] {
        let answer = rack.call("GET", path, version, None).await;
        assert_eq!(answer.headers.get("X-OpenStack-Ironic-API-Version"), Some(used), "{path}");
        assert_eq!(answer.headers.get("X-OpenStack-Ironic-API-Minimum-Version"), Some("1.1"));
        assert_eq!(answer.headers.get("X-OpenStack-Ironic-API-Maximum-Version"), Some("1.115"));
        let id = answer.headers.get("openstack-request-id").unwrap();
        assert!(id.starts_with("req-"));
        assert_eq!(answer.headers.get("x-openstack-request-id"), Some(id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_answers_have_no_type() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let answer = rack.call("PUT", "/v1/nodes/n1/maintenance", "1.115", None).await;
    assert_eq!((answer.status, answer.headers.get("Content-Type")), (202, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bodies_are_refused() {
    let rack = Rack::start().await;
    for (body, status) in [
        (b"{nope".to_vec(), 400),
        (b"\xff\xfe".to_vec(), 400),
        (b"[]".to_vec(), 400),
        (b"1".to_vec(), 400),
        ("[".repeat(100).into_bytes(), 400),
        (vec![b' '; (1 << 20) + 1], 413),
    ] {
        let answer = rack.send("POST", "/v1/nodes", "1.115", body).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let deep = rack.send("POST", "/v1/nodes", "1.115", "[".repeat(26).into_bytes()).await;
    assert_eq!(deep.body["faultcode"], "Client");
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"], json!([]));
}

/// Long ones are read on another thread than short ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_answered_as_a_short_one() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for length in [10, 900_000] {
        let text = "x".repeat(length);
        let reason =
            rack.call("PUT", "/v1/nodes/n1/maintenance", "1.115", Some(&json!({"reason": text}))).await;
        assert_eq!(reason.status, if length == 10 { 202 } else { 400 }, "{}", reason.text());
        let drive = json!({"target": "active", "configdrive": format!("@{text}")});
        let broken = format!("{}]", drive.to_string().trim_end_matches('}'));
        let path = "/v1/nodes/n1/states/provision";
        let answer = rack.send("PUT", path, "1.115", broken.into_bytes()).await;
        assert!(answer.text().contains("the body is not JSON"), "{}", answer.text());
        let unknown =
            rack.call("PUT", path, "1.115", Some(&json!({"target": "fly", "configdrive": text}))).await;
        assert!(unknown.text().contains("the requested action \"fly\" is not known"), "{}", unknown.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_not_shown() {
    let rack = Rack::start().await;
    let node =
        rack.node(json!({"driver_info": {"redfish_password": "hunter2", "a": {"x_token": "hunter2"}}})).await;
    let bad = json!([{"op": "add", "path": "/driver_info", "value": "hunter2"}]);
    for answer in [
        rack.get(&format!("/v1/nodes/{node}")).await,
        rack.get("/v1/nodes/detail").await,
        rack.get("/v1/nodes?fields=driver_info").await,
        rack.call("PATCH", &format!("/v1/nodes/{node}"), "1.115", Some(&bad)).await,
    ] {
        assert!(!answer.body.to_string().contains("hunter2"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_409_and_change_nothing() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let other = rack.node(json!({"name": "n2"})).await;
    rack.port(&node, "52:54:00:00:00:01").await;
    for body in
        [json!({"driver": "fake-hardware", "name": "n1"}), json!({"driver": "fake-hardware", "uuid": node})]
    {
        assert_eq!(rack.call("POST", "/v1/nodes", "1.115", Some(&body)).await.status, 409);
    }
    let name = json!([{"op": "replace", "path": "/name", "value": "n1"}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n2", "1.115", Some(&name)).await.status, 409);
    let instance =
        json!([{"op": "add", "path": "/instance_uuid", "value": "11111111-2222-3333-4444-555555555555"}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&instance)).await.status, 200);
    let taken = rack.call("PATCH", "/v1/nodes/n2", "1.115", Some(&instance)).await;
    assert_eq!(taken.status, 409, "an instance is on one node: {taken:?}");
    assert_eq!(rack.get("/v1/nodes/n2").await.body["instance_uuid"], Value::Null);
    let port = json!({"node_uuid": other, "address": "52-54-00-00-00-01"});
    assert_eq!(rack.call("POST", "/v1/ports", "1.115", Some(&port)).await.status, 409);
    assert_eq!(rack.get("/v1/nodes/n2/ports").await.body["ports"], json!([]));
    let second = rack.port(&other, "52:54:00:00:00:02").await;
    let address = json!([{"op": "replace", "path": "/address", "value": "52:54:00:00:00:01"}]);
    let path = format!("/v1/ports/{second}");
    assert_eq!(rack.call("PATCH", &path, "1.115", Some(&address)).await.status, 409);
    assert_eq!(rack.get(&path).await.body["address"], "52:54:00:00:00:02");
    assert_eq!(rack.get("/v1/nodes/n2").await.body["uuid"], json!(other));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_see_old_nodes() {
    let rack = Rack::start().await;
    let body = json!({"driver": "fake-hardware"});
    let made = rack.call("POST", "/v1/nodes", "1.1", Some(&body)).await;
    assert_eq!((made.status, &made.body["provision_state"]), (201, &Value::Null));
    assert!(made.body.get("name").is_none());
    let uuid = made.body["uuid"].as_str().unwrap();
    assert_eq!(rack.get(&format!("/v1/nodes/{uuid}")).await.body["provision_state"], "available");
    assert_eq!(rack.call("GET", "/v1/nodes/n1", "1.4", None).await.status, 404);
    let fields = rack.call("GET", &format!("/v1/nodes/{uuid}?fields=uuid"), "1.7", None).await;
    assert_eq!(fields.status, 406);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_a_browser_asks_for_is_406() {
    let rack = Rack::start().await;
    assert_eq!(rack.call("HEAD", "/v1/nodes", "1.115", None).await.status, 405);
    assert_eq!(rack.call("PUT", "/v1/nodes", "1.115", None).await.inner()["title"], "Method Not Allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_look_at_in_passing_is_there() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for path in [
        "/v1/nodes/n1/traits",
        "/v1/nodes/n1/vifs",
        "/v1/nodes/n1/portgroups?detail=true",
        "/v1/nodes/n1/volume",
        "/v1/nodes/n1/volume/connectors",
        "/v1/nodes/n1/bios",
        "/v1/nodes/n1/history",
        "/v1/portgroups/detail",
        "/v1/chassis",
        "/v1/volume/targets",
        "/v1/allocations",
        "/v1/shards",
        "/v1/conductors?detail=true",
        "/v1/drivers/fake-hardware/properties",
    ] {
        assert_eq!(rack.get(path).await.status, 200, "{path}");
    }
    for path in
        ["/v1/nodes/n1/inventory", "/v1/nodes/n1/allocation", "/v1/portgroups/x", "/v1/nodes/zz/traits"]
    {
        let answer = rack.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_what_is_wrong() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let huge = format!(r#"{{"driver": "fake-hardware", "extra": {{"x": {}}}}}"#, "9".repeat(30));
    let port = json!({"node_uuid": node, "address": "52:54:00:00:00:01", "name": "aa:bb"}).to_string();
    let strange = json!({"node_uuid": uuid::Uuid::nil(), "address": "52:54:00:00:00:01"}).to_string();
    for (method, path, body, status, text) in [
        ("POST", "/v1/nodes", huge.as_str(), 400, "beyond 64 bits"),
        ("POST", "/v1/nodes", r#"{"driver": ""}"#, 400, "but an empty text was given"),
        ("POST", "/v1/ports", &port, 400, "but ':' is none of them"),
        ("POST", "/v1/ports", &strange, 400, "could not be found"),
        ("POST", "/v1/nodes/n1/vifs", r#"{"id": "a b"}"#, 400, "a VIF is named by a UUID or by 1 to 255"),
    ] {
        let answer = rack.send(method, path, "1.115", body.as_bytes().to_vec()).await;
        assert_eq!(answer.status, status, "{path} {body}: {answer:?}");
        assert!(answer.text().contains(text), "{text}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_refused_by_its_name() {
    let rack = Rack::start().await;
    let answer = rack.call("TRACE", "/v1/nodes", "1.115", None).await;
    assert_eq!(answer.status, 405);
    assert!(answer.text().contains("TRACE is not possible here"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_as_long_as_the_site_says_whatever_is_asked_for() {
    let rack = Rack::start_with("[api]\nmax_limit = 2\n").await;
    for name in ["n1", "n2", "n3"] {
        rack.node(json!({"name": name})).await;
    }
    for query in ["", "?limit=3", "?limit=99999999999999999999"] {
        let page = rack.get(&format!("/v1/nodes{query}")).await;
        assert_eq!(page.body["nodes"].as_array().map(Vec::len), Some(2), "{query}");
        assert!(page.body["next"].is_string(), "{query}");
    }
}
