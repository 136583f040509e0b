//! A short session under strace: nodes are created, changed, cleaned, deployed and deleted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ferric::cli::link::Link;
use ferric::cli::session::Exchange;
use ferric::cli::session::{Payload, Request};
use ferric::net::http::Method;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::appliance::Appliance;

/// What strace saw, and where the data was.
#[derive(Debug)]
pub struct Recorded {
    pub trace: String,
    pub data: PathBuf,
}

/// Plays the session to its end.
pub fn record() -> Recorded {
    let mut appliance = Appliance::new();
    let trace = appliance.home().join("trace");
    let path = trace.to_str().unwrap();
    appliance.wrapper(&["strace", "-D", "-f", "-y", "-q", "-xx", "-s", "1000000", "-e", CALLS, "-o", path]);
    assert!(appliance.start());
    let runtime = Runtime::new().unwrap();
    let link = Arc::new(Link::open(&appliance.url()).unwrap());
    let lives: Vec<_> = (1..=NODES).map(|number| runtime.spawn(live(link.clone(), number))).collect();
    for life in lives {
        runtime.block_on(life).unwrap();
    }
    appliance.stop();
    Recorded { trace: ended(&trace), data: appliance.data() }
}

/// The trace, once strace has seen the end.
fn ended(path: &std::path::Path) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let trace = std::fs::read_to_string(path).unwrap();
        let last = trace.trim_end().lines().last().unwrap_or_default();
        if last.contains("+++ exited") || last.contains("exit_group") {
            return trace;
        }
        assert!(Instant::now() < deadline, "strace does not end: {last}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One node's life; the last one is deleted at its end.
async fn live(link: Arc<Link>, number: u32) {
    let name = format!("n{number}");
    let node = json!({"name": name, "driver": "fake-hardware", "extra": {"n": 0}});
    let made = send(&link, Method::Post, "/v1/nodes", node).await;
    let path = format!("/v1/nodes/{}", made["uuid"].as_str().unwrap());
    let port = json!({"node_uuid": made["uuid"], "address": format!("52:54:00:00:00:{number:02x}")});
    send(&link, Method::Post, "/v1/ports", port).await;
    let targets = [("manage", "manageable"), ("provide", "available"), ("active", "active")];
    for (count, (target, state)) in targets.into_iter().enumerate() {
        let change = json!([{"op": "replace", "path": "/extra/n", "value": count + 1}]);
        send(&link, Method::Patch, &path, change).await;
        let mut ask = json!({"target": target});
        if target == "active" {
            ask["configdrive"] = json!({"user_data": "x".repeat(20_000)});
        }
        send(&link, Method::Put, &format!("{path}/states/provision"), ask).await;
        until(&link, &path, state).await;
    }
    if number == NODES {
        send(&link, Method::Put, &format!("{path}/states/provision"), json!({"target": "deleted"})).await;
        until(&link, &path, "available").await;
        send(&link, Method::Delete, &path, Value::Null).await;
    }
}

async fn until(link: &Link, path: &str, state: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let node = send(link, Method::Get, path, Value::Null).await;
        if node["provision_state"] == state && node["reservation"].is_null() {
            return;
        }
        assert!(Instant::now() < deadline, "not {state} after {PATIENCE:?}: {node}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// It is answered well, at once or when the node is no longer busy.
async fn send(link: &Link, method: Method, path: &str, body: Value) -> Value {
    for _ in 0..5 {
        let body = Some(body.clone()).filter(|body| !body.is_null());
        let answer = link
            .exchange(Request {
                method,
                path: path.to_owned(),
                body: body.map_or(Payload::Nothing, Payload::Json),
            })
            .await
            .unwrap();
        let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        match answer.status {
            200..300 => return value,
            409 => tokio::time::sleep(Duration::from_millis(200)).await,
            status => panic!("{path} answered {status}: {value}"),
        }
    }
    panic!("{path} stays busy");
}

/// All that can change a file, flush it or say something to somebody.
const CALLS: &str = "trace=openat,close,lseek,write,writev,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync,mkdir,\
                     rename,renameat,renameat2,unlink,unlinkat,sendto,recvfrom,exit_group";
const NODES: u32 = 6;
const PATIENCE: Duration = Duration::from_mins(1);
