//! Which version is used, what is said when there is none to use, and what every answer bears.

use serde_json::json;

use super::scene::Scene;
use crate::rack::{Answer, Rack, answered, request};

const VERSION: &str = "X-OpenStack-Ironic-API-Version";

fn bears(answer: &Answer, used: &str) {
    for (name, value) in [
        (VERSION, used),
        ("X-OpenStack-Ironic-API-Minimum-Version", "1.1"),
        ("X-OpenStack-Ironic-API-Maximum-Version", "1.115"),
    ] {
        assert_eq!(answer.headers.get(name), Some(value), "{name}: {answer:?}");
    }
    let id = answer.headers.get("openstack-request-id").unwrap();
    assert!(id.starts_with("req-"));
    assert_eq!(answer.headers.get("x-openstack-request-id"), Some(id));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_the_contract_is_spoken() {
    let rack = Rack::start().await;
    for minor in 1..=115 {
        let version = format!("1.{minor}");
        let answer = rack.call("GET", "/v1/nodes", &version, None).await;
        assert_eq!(answer.status, 200);
        bears(&answer, &version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_spoken_is_406_and_says_which_are() {
    let rack = Rack::start().await;
    for version in
        ["1.0", "1.116", "1.999999999999", "0.9", "2.0", "2.1", "abc", "1", "1.", "1.1.1", "1.-5", "-1.5"]
    {
        for (method, path) in
            [("GET", "/v1"), ("GET", "/v1/nodes"), ("POST", "/v1/nodes"), ("GET", "/v1/foo")]
        {
            let answer = rack.call(method, path, version, None).await;
            assert_eq!(answer.status, 406, "{method} {path} at {version}: {answer:?}");
            assert_eq!(answer.inner()["title"], "Not Acceptable");
            assert_eq!(answer.inner()["code"], 406);
            assert!(answer.inner()["description"].is_string());
            bears(&answer, "1.1");
        }
        // The page from which a client learns what there is.
        let root = rack.call("GET", "/", version, None).await;
        assert_eq!(root.status, 200, "{version}");
        bears(&root, "1.1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_no_version_gets_the_oldest() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let answer = rack.call("GET", &format!("/v1/nodes/{node}"), "", None).await;
    bears(&answer, "1.1");
    assert!(answer.body.get("driver_internal_info").is_none());
    bears(&rack.call("GET", "/v1/nodes", "latest", None).await, "1.115");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_header_counts_too() {
    let scene = Scene::new().await;
    for (header, used) in [
        ("baremetal 1.50", "1.50"),
        ("baremetal latest", "1.115"),
        ("compute 2.50, baremetal 1.30", "1.30"),
        ("compute 2.50", "1.1"),
    ] {
        let mut request = request("GET", "/v1/nodes", "", Vec::new());
        request.headers.push("OpenStack-API-Version", header);
        let answer = answered(scene.rack.operator(), request).await;
        assert_eq!(answer.status, 200, "{header}");
        bears(&answer, used);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_bear_the_headers_as_well() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for (method, path, status) in [
        ("GET", "/v1/nodes/nobody", 404),
        ("GET", "/v1/foo", 404),
        ("PUT", "/v1/nodes", 405),
        ("POST", "/v1/nodes", 400),
        ("GET", "/v1/nodes/a%20b", 400),
        ("GET", "/v1/nodes?detail=true", 400),
        ("GET", "/v1/nodes?fault=power%20failure", 406),
        ("PUT", "/v1/nodes/n1/maintenance", 202),
        ("DELETE", "/v1/nodes/n1", 204),
    ] {
        let answer = rack.call(method, path, "1.41", None).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        bears(&answer, "1.41");
        let has_body = answer.headers.get("Content-Type");
        let typed = (status >= 300).then_some("application/json");
        assert_eq!(has_body.map(|kind| kind.split(';').next().unwrap()), typed, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_change_with_the_version() {
    let rack = Rack::start().await;
    let made = async |version: &str| {
        let body = json!({"driver": "fake-hardware"});
        let made = rack.call("POST", "/v1/nodes", version, Some(&body)).await;
        assert_eq!(made.status, 201);
        made.body["uuid"].as_str().unwrap().to_owned()
    };
    let state = async |node: &str, version: &str| {
        let path = format!("/v1/nodes/{node}");
        let shown = rack.call("GET", &path, version, None).await.body["provision_state"].clone();
        let states = rack.call("GET", &format!("{path}/states"), version, None).await;
        assert_eq!(states.body["provision_state"], shown);
        shown
    };
    let (old, new) = (made("1.10").await, made("1.11").await);
    assert_eq!(state(&old, "1.1").await, json!(null));
    assert_eq!(state(&old, "1.2").await, json!("available"));
    assert_eq!(state(&new, "1.1").await, json!("enroll"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_with_members_of_their_time_is_empty_at_others() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    let link = json!({"port_id": "1", "vtep-logical-switch": "a", "vtep-physical-switch": "b"});
    let body = json!({"node_uuid": node, "address": "52:54:00:00:00:01", "local_link_connection": link});
    for (version, status) in [("1.89", 406), ("1.105", 406), ("1.90", 201)] {
        assert_eq!(rack.call("POST", "/v1/ports", version, Some(&body)).await.status, status, "{version}");
    }
    for (version, shown) in
        [("1.89", json!({})), ("1.90", link.clone()), ("1.104", link), ("1.105", json!({}))]
    {
        let page = rack.call("GET", "/v1/ports/detail", version, None).await.body;
        assert_eq!(page["ports"][0]["local_link_connection"], shown, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_tell_what_their_version_knows() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    for (member, since) in
        [("agent_version", 36), ("agent_verify_ca", 68), ("agent_status", 72), ("agent_status_message", 72)]
    {
        let mut body =
            json!({"callback_url": "http://127.0.0.1:9", "agent_token": "x", "agent_version": "13"});
        body[member] = json!("start");
        for version in [since - 1, since] {
            let path = format!("/v1/heartbeat/{node}");
            let answer = rack.call("POST", &path, &format!("1.{version}"), Some(&body)).await;
            // The token is not known: what is asked for afterwards is refused for that.
            assert_eq!(answer.status, 400, "{member} at 1.{version}");
            assert_eq!(answer.text().contains("API version"), version < since, "{member}: {}", answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn states_and_history_show_what_their_version_knows() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    let path = format!("/v1/nodes/{node}");
    for (member, since) in
        [("raid_config", 12), ("target_raid_config", 12), ("boot_mode", 75), ("secure_boot", 75)]
    {
        for version in [since - 1, since] {
            let states = rack.call("GET", &format!("{path}/states"), &format!("1.{version}"), None).await;
            assert_eq!(states.body.get(member).is_some(), version >= since, "{member} at 1.{version}");
        }
    }
    for (member, since) in
        [("project", 113), ("state", 115), ("target_provision_state", 115), ("duration_seconds", 115)]
    {
        for version in [since - 1, since] {
            let version = format!("1.{version}");
            let page = rack.call("GET", &format!("{path}/history?detail=true"), &version, None).await.body;
            let uuid = page["history"][0]["uuid"].as_str().unwrap();
            let one = rack.call("GET", &format!("{path}/history/{uuid}"), &version, None).await.body;
            let short = rack.call("GET", &format!("{path}/history"), &version, None).await.body;
            let there = version == format!("1.{since}");
            assert_eq!(page["history"][0].get(member).is_some(), there, "{member} at {version}");
            assert_eq!(one.get(member).is_some(), there, "{member} at {version}");
            assert!(short["history"][0].get(member).is_none(), "{member} at {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suffix_is_no_part_of_the_name_in_old_versions() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for name in ["odd.json", "n1.json.json"] {
        rack.node(json!({"name": name})).await;
    }
    for (path, old, new) in [
        ("/v1/nodes/odd", 404, 404),
        ("/v1/nodes/odd.json", 200, 200),
        ("/v1/nodes/odd.json.json", 200, 404),
        ("/v1/nodes/n1.json", 200, 404),
        ("/v1/nodes.json", 200, 404),
        ("/v1/nodes/n1/states.json", 200, 404),
        ("/v1/nodes/", 200, 200),
        ("/v1/nodes/n1/", 200, 200),
        ("/nodes/n1", 200, 200),
    ] {
        for (version, status) in [("1.90", old), ("1.91", new)] {
            assert_eq!(rack.call("GET", path, version, None).await.status, status, "{path} at {version}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_nodes_have_the_rules_of_their_version() {
    let rack = Rack::start().await;
    for (name, version, status) in [
        ("plain", "1.4", 406),
        ("plain", "1.5", 201),
        ("with_low", "1.9", 400),
        ("with_low", "1.10", 201),
        ("a~b", "1.9", 400),
        ("a~b", "1.10", 201),
        ("detail", "1.115", 400),
        ("validate", "1.115", 400),
        ("maintenance", "1.115", 400),
        ("management", "1.115", 400),
        ("states", "1.115", 400),
        ("vendor_passthru", "1.115", 400),
        ("a b", "1.115", 400),
        ("", "1.115", 400),
        ("1be26c0b-03f2-4d2e-ae87-c02d7f33c123", "1.115", 400),
    ] {
        let body = json!({"driver": "fake-hardware", "name": name});
        let made = rack.call("POST", "/v1/nodes", version, Some(&body)).await;
        assert_eq!(made.status, status, "{name:?} at {version}: {made:?}");
    }
}
