//! The page of numbers, read as Prometheus reads it.

use std::collections::BTreeMap;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rack::Rack;

/// Samples by name and labels; each is of a family that was announced, and there is none twice.
async fn scrape(rack: &Rack) -> BTreeMap<String, f64> {
    let mut socket = TcpStream::connect(rack.address()).await.unwrap();
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    let (head, page) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{head}");
    read(page)
}

fn read(page: &str) -> BTreeMap<String, f64> {
    let mut families: BTreeMap<&str, &str> = BTreeMap::new();
    let mut samples = BTreeMap::new();
    let mut current = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(families.insert(name, kind).is_none(), "told twice: {line}");
            current = name;
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let bare = name.split('{').next().unwrap();
        let suffix = bare.strip_prefix(current).unwrap_or_else(|| panic!("{line} is not of {current}"));
        let suffixes: &[&str] =
            if families[current] == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(suffixes.contains(&suffix), "{line}");
        assert!(families[current] != "counter" || current.ends_with("_total"), "{line}");
        let value: f64 = value.parse().unwrap();
        assert!(value >= 0.0, "{line}");
        assert!(samples.insert(name.to_owned(), value).is_none(), "twice: {line}");
    }
    samples
}

#[tokio::test]
async fn nodes_requests_commits_calls_and_the_process_are_counted() {
    let rack = Rack::start().await;
    let one = rack.node(json!({"name": "n1"})).await;
    rack.node(json!({"name": "n2"})).await;
    rack.port(&one, "52:54:00:00:00:01").await;
    rack.go(&one, "manage").await;
    rack.call("PUT", &format!("/v1/nodes/{one}/maintenance"), "1.115", Some(&json!({}))).await;
    let numbers = scrape(&rack).await;
    for (name, value) in [
        ("ferric_nodes{provision_state=\"manageable\"}", 1.0),
        ("ferric_nodes{provision_state=\"enroll\"}", 1.0),
        ("ferric_nodes{provision_state=\"active\"}", 0.0),
        ("ferric_nodes_maintenance", 1.0),
        ("ferric_ports", 1.0),
        ("ferric_effects_owed", 0.0),
        ("ferric_watchers", 0.0),
        ("ferric_image_cache_requests_total{outcome=\"miss\"}", 0.0),
        ("ferric_image_cache_files", 0.0),
    ] {
        assert_eq!(numbers.get(name), Some(&value), "{name}");
    }
    for name in [
        "ferric_commit_duration_seconds_count",
        "ferric_events_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "ferric_machine_call_duration_seconds_count{call=\"look at power\"}",
    ] {
        assert!(numbers.get(name).is_some_and(|value| *value > 0.0), "{name} in {numbers:?}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_whatever_their_paths_are() {
    let rack = Rack::start().await;
    let ask = async |path: &str, version: &str| {
        let mut socket = TcpStream::connect(rack.address()).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nX-OpenStack-Ironic-API-Version: {version}\r\nConnection: close\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        socket.read_to_end(&mut Vec::new()).await.unwrap();
    };
    for number in 0..20 {
        ask(&format!("/v1/nodes/nobody-{number}"), "1.115").await;
        ask(&format!("/v1/nothing-{number}"), "1.115").await;
    }
    let before = scrape(&rack).await;
    assert!(
        (before["ferric_http_requests_total{route=\"nodes/{}\",method=\"GET\",status=\"404\"}"] - 20.0).abs()
            < 0.5
    );
    assert!(
        (before["ferric_http_requests_total{route=\"none\",method=\"none\",status=\"404\"}"] - 20.0).abs()
            < 0.5
    );
    for number in 20..40 {
        ask(&format!("/v1/nodes/nobody-{number}"), "1.115").await;
    }
    let after = scrape(&rack).await;
    // The first scrape itself has a route by now.
    let grown: Vec<_> = after.keys().filter(|name| !before.contains_key(*name)).collect();
    assert!(grown.iter().all(|name| name.contains("route=\"metrics\"")), "{grown:?}");
}

#[tokio::test]
async fn only_the_operator_sees_numbers() {
    let rack = Rack::start().await;
    assert_eq!(rack.by_rack("GET", "/metrics", "1.115", None).await.status, 404);
    assert_eq!(rack.call("GET", "/v1/metrics", "1.115", None).await.status, 404);
    assert_eq!(rack.call("POST", "/metrics", "1.115", None).await.status, 405);
    assert_eq!(rack.call("GET", "/metrics?x=1", "1.115", None).await.status, 400);
    let hooks = rack.get("/ferric/v1/webhooks").await;
    assert_eq!((hooks.status, hooks.body), (200, json!({"webhooks": []})));
}
