//! Redfish against a BMC that follows a script.

mod hostile;
mod reading;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::RealClock;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::{Ground, Limits};
use crate::driver::redfish::hardware::hardware;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::model::node::{Node, Wished};
use crate::model::power::{Power, PowerWish};

fn rack() -> Arc<RedfishRack> {
    let ground = Ground::new(Arc::new(RealClock::new()), Arc::new(Blank), PrintKey::new(Secret::new("k")), 1);
    let limits = Limits { start_spread: Duration::ZERO, ..Limits::default() };
    Arc::new(RedfishRack::new(Ground { redfish_limits: limits, ..ground }))
}

fn node(info: Value) -> Node {
    let Value::Object(info) = info else { panic!("an object") };
    Node::new(NodeId(uuid::Uuid::nil()), Wished { driver_info: info, ..Wished::default() }, Moment(0))
}

/// A BMC that answers by a script: a function from request line, headers and body to status, headers and body.
async fn bmc(script: impl FnMut(&str) -> (u16, String, Value) + Send + 'static) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let script = Arc::new(std::sync::Mutex::new(script));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&script)));
        }
    });
    format!("http://{address}")
}

/// One request a connection; status 0 closes it without an answer.
async fn answer<F: FnMut(&str) -> (u16, String, Value)>(
    mut stream: tokio::net::TcpStream,
    script: Arc<std::sync::Mutex<F>>,
) {
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut bytes).await.unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        if count == 0 || body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            break;
        }
    }
    let (status, headers, body) = (script.lock().unwrap())(&text);
    let body = body.to_string();
    if status != 0 {
        let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await.ok();
    }
}

fn server(url: &str) -> Server {
    let info = json!({"redfish_address": url, "redfish_username": "admin", "redfish_password": "hunter2",
        "redfish_system_id": "/redfish/v1/Systems/1"});
    Server::of(&rack(), &node(info)).unwrap()
}

#[tokio::test]
async fn a_wrong_password_is_tried_and_then_never_again() {
    let logins = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = Arc::clone(&logins);
    let url = bmc(move |request| {
        if request.starts_with("GET /redfish/v1/ ") {
            return (200, String::new(), json!({}));
        }
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        (401, String::new(), json!({"error": {"message": "wrong"}}))
    });
    let server = server(&url.await);
    for _ in 0..5 {
        let error = server.system().await.unwrap_err().to_string();
        assert!(error.contains("refused the log-in") && !error.contains("hunter2"), "{error}");
    }
    assert_eq!(logins.load(std::sync::atomic::Ordering::Relaxed), 2, "one session, one basic");
}

#[tokio::test]
async fn a_lost_token_is_one_new_log_in() {
    let mut opened = 0;
    let url = bmc(move |request| {
        if request.starts_with("GET /redfish/v1/ ") {
            return (200, String::new(), json!({}));
        }
        if request.starts_with("POST") {
            opened += 1;
            return (201, format!("X-Auth-Token: t{opened}\r\nLocation: /s/{opened}\r\n"), json!({}));
        }
        if request.contains("t2") {
            (200, String::new(), json!({"PowerState": "On"}))
        } else {
            (401, String::new(), json!({}))
        }
    });
    let server = server(&url.await);
    assert_eq!(server.system().await.unwrap().view.power_state.as_deref(), Some("On"));
    assert!(server.talk.slot().known().token.as_ref().unwrap().secret.matches("t2"));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let url = bmc(|_| (307, "Location: http://elsewhere.example/x\r\n".to_owned(), json!({})));
    let error = server(&url.await).system().await.unwrap_err().to_string();
    assert!(error.contains("another host"), "{error}");
}

#[tokio::test]
async fn a_reset_whose_answer_is_lost_is_looked_for_and_not_repeated() {
    let presses = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = Arc::clone(&presses);
    let url = bmc(move |request| {
        if request.contains("Reset") && request.starts_with("POST") {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return (0, String::new(), Value::Null);
        }
        if request.starts_with("POST") {
            return (404, String::new(), json!({}));
        }
        let power = if counted.load(std::sync::atomic::Ordering::Relaxed) > 0 { "Off" } else { "On" };
        let reset = json!({"#ComputerSystem.Reset": {"target": "/redfish/v1/Systems/1/Reset"}});
        (200, String::new(), json!({"PowerState": power, "Actions": reset, "Boot": {}}))
    });
    let server = server(&url.await);
    let power = hardware(&server).power.unwrap();
    assert_eq!(power.set(PowerWish::Off, Duration::from_secs(20)).await.unwrap(), Power::Off);
    assert_eq!(presses.load(std::sync::atomic::Ordering::Relaxed), 1);
}
