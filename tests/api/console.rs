//! A node's console: enabled, written to and read over a WebSocket, recorded, opened again after a restart.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use ferric::net::client::Client;
use ferric::net::client::outgoing::{Outgoing, Trust};
use ferric::net::http::Method;
use ferric::net::websocket::{self, Came, WebSocket, WebSocketError};
use serde_json::{Value, json};

use crate::rack::Rack;

async fn connect(rack: &Rack, node: &str, origin: Option<&str>) -> Result<WebSocket, u16> {
    let url = format!("http://{}/ferric/v1/nodes/{node}/console", rack.address()).parse().unwrap();
    let mut outgoing = Outgoing::new(Method::Get, url, Trust::Plain);
    if let Some(origin) = origin {
        outgoing.headers.push("Origin", origin);
    }
    match websocket::connect(&outgoing).await {
        Ok(socket) => Ok(socket),
        Err(WebSocketError::Refused { status, .. }) => Err(status),
        Err(other) => panic!("{other}"),
    }
}

/// Reads until this text has come.
async fn hear(socket: &mut WebSocket, text: &str) -> String {
    let mut heard = String::new();
    let reading = async {
        while !heard.contains(text) {
            match socket.next().await {
                Came::Bytes(bytes) => heard.push_str(&String::from_utf8_lossy(&bytes)),
                Came::Sign => {}
                Came::End(why) => panic!("it ended: {why:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading)
        .await
        .unwrap_or_else(|_| panic!("no {text:?} came"));
    heard
}

async fn switch(rack: &Rack, node: &str, on: bool) {
    let path = format!("/v1/nodes/{node}/states/console");
    let asked = rack.call("PUT", &path, "1.115", Some(&json!({"enabled": on}))).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    assert_eq!(asked.headers.get("Location"), Some(&*format!("http://api{path}")));
    rack.rest().await;
    assert_eq!(rack.get(&path).await.body["console_enabled"], on);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_is_shared_and_recorded() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let closed = rack.get("/v1/nodes/n1/states/console").await.body;
    assert_eq!(closed, json!({"console_enabled": false, "console_info": null}));
    let refused = rack.get("/ferric/v1/nodes/n1/console").await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let text = refused.text();
    assert!(text.contains("console of node n1 is not open: enable it first"), "{text}");
    assert_eq!(connect(&rack, "n1", None).await.unwrap_err(), 409);
    switch(&rack, &node, true).await;
    let info = rack.get("/v1/nodes/n1/states/console").await.body["console_info"].clone();
    assert_eq!(info, json!({"type": "websocket", "url": format!("ws://api/ferric/v1/nodes/{node}/console")}));
    let mut first = connect(&rack, "n1", None).await.unwrap();
    hear(&mut first, "fake console\r\n").await;
    let mut second = connect(&rack, &node, None).await.unwrap();
    hear(&mut second, "fake console\r\n").await;
    assert!(first.send(b"hello".to_vec()).await);
    for socket in [&mut first, &mut second] {
        hear(socket, "hello").await;
    }
    let log = rack.home().join(format!("data/consoles/{node}.log"));
    let recorded = async {
        while !std::fs::read_to_string(&log).unwrap_or_default().ends_with("hello") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recorded).await.expect("it is recorded");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    switch(&rack, &node, false).await;
    assert_eq!(first.next().await, Came::End(None));
    assert_eq!(connect(&rack, "n1", None).await.unwrap_err(), 409);
    let path = "/ferric/v1/nodes/n1/console/log";
    let url = format!("http://{}{path}", rack.address()).parse().unwrap();
    let read = Client::keeping().send(Outgoing::new(Method::Get, url, Trust::Plain)).await.unwrap();
    let read = (read.status, String::from_utf8(read.body).unwrap());
    assert_eq!((read.0, read.1.ends_with("hello")), (200, true), "{read:?}");
    assert_eq!(rack.by_rack("GET", path, "", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_is_open_again_after_a_restart() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    switch(&rack, &node, true).await;
    let rack = rack.restarted().await;
    let opened = async {
        loop {
            match connect(&rack, &node, None).await {
                Ok(socket) => return socket,
                Err(status) => assert_eq!(status, 409),
            }
        }
    };
    let opened = tokio::time::timeout(Duration::from_secs(30), opened).await;
    let mut socket = opened.expect("it is opened again");
    rack.rest().await;
    assert!(socket.send(b"again".to_vec()).await);
    hear(&mut socket, "again").await;
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1", "1.115", None).await.status, 204);
    assert_eq!(socket.next().await, Came::End(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_plain_requests_get_no_console() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    switch(&rack, &node, true).await;
    let path = format!("/ferric/v1/nodes/{node}/console");
    assert_eq!(rack.get(&path).await.status, 426);
    assert_eq!(rack.by_rack("GET", &path, "", None).await.status, 404);
    assert_eq!(connect(&rack, &node, Some("http://evil.example.org")).await.unwrap_err(), 403);
    let own = format!("http://{}", rack.address());
    assert!(connect(&rack, &node, Some(&own)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_are_refused() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1", "console_interface": "no-console"})).await;
    let path = format!("/v1/nodes/{node}/states/console");
    for body in [
        json!({}),
        json!({"enabled": "perhaps"}),
        json!({"enabled": true, "more": 1}),
        json!({"enabled": true}),
    ] {
        let answer = rack.call("PUT", &path, "1.115", Some(&body)).await;
        assert_eq!(answer.status, 400, "{body} {answer:?}");
    }
    let states: Value = rack.get(&format!("/v1/nodes/{node}/states")).await.body;
    assert_eq!(states["console_enabled"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_may_be_made_with_its_console_enabled() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1", "console_enabled": true})).await;
    let opened = async { while connect(&rack, &node, None).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(30), opened).await.expect("it is opened");
}
