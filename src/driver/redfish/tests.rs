//! Redfish against a BMC that follows a script.

mod boot;
mod haste;
mod identify;
mod media;
mod power;
mod steps;
mod upkeep;
mod vendor;
mod work;
mod world;
mod hostile;
mod left;
mod login;
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
use crate::driver::Hardware;
use crate::driver::bmc::notebook::{Blank, Notebook};
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::{Ground, Limits};
use crate::driver::capability::console::Console;
use crate::driver::error::DriverError;
use crate::driver::redfish::console::RedfishConsole;
use crate::driver::redfish::hardware;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::bmc::{Fact, Keep};
use crate::model::boot::BootDevice;
use crate::model::node::{Node, Wished};

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
    let power = hardware::power(&server);
    assert_eq!(power.set(PowerWish::Off, Duration::from_secs(20)).await.unwrap(), Power::Off);
    assert_eq!(presses.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_refused_lasting_boot_device_is_set_for_one_boot_and_kept_by_the_daemon() {
    let mut boot = json!({"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideTarget": "None"});
    let url = bmc(move |request| {
        if let Some((_, body)) = request.split_once("\r\n\r\n").filter(|_| request.starts_with("PATCH")) {
            let patch: Value = serde_json::from_str(body).unwrap();
            if patch["Boot"]["BootSourceOverrideEnabled"] == "Continuous" {
                return (400, String::new(), json!({"error": {"message": "no"}}));
            }
            boot.as_object_mut().unwrap().extend(patch["Boot"].as_object().unwrap().clone());
            return (200, String::new(), json!({}));
        }
        if request.starts_with("POST") {
            return (404, String::new(), json!({}));
        }
        (200, String::new(), json!({"PowerState": "On", "Boot": boot}))
    });
    let server = server(&url.await);
    let mut all = Hardware::default();
    hardware::manage(&server, false, &mut all);
    let switch = all.boot_device.unwrap();
    let disk = switch.set(BootDevice::Disk, true).await.unwrap();
    assert_eq!((disk.device, disk.keep), (Some(BootDevice::Disk), Keep::Device));
    let pxe = switch.set(BootDevice::Pxe, false).await.unwrap();
    assert_eq!((pxe.device, pxe.keep), (Some(BootDevice::Pxe), Keep::Nothing), "setting another one ends it");
}

/// Remembers the topics of what it is told.
#[derive(Debug, Default)]
struct Pages(std::sync::Mutex<Vec<Fact>>);

impl Notebook for Pages {
    fn learn(&self, _: NodeId, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }
}

#[tokio::test]
async fn sessions_are_closed_when_nobody_uses_them_and_at_exit() {
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let url = bmc(move |request| {
        let word = request.split(' ').next().unwrap().to_owned();
        log.lock().unwrap().push(word.clone());
        match word.as_str() {
            "POST" => (201, "X-Auth-Token: t1\r\nLocation: /s/1\r\n".to_owned(), json!({})),
            "DELETE" if request.contains("/s/1") && request.contains("t1") => {
                (204, String::new(), Value::Null)
            }
            _ => (200, String::new(), json!({"PowerState": "On"})),
        }
    });
    let info = json!({"redfish_address": url.await, "redfish_username": "admin", "redfish_password": "hunter2",
        "redfish_system_id": "/redfish/v1/Systems/1"});
    let pages = Arc::new(Pages::default());
    let ground = Ground { notebook: pages.clone(), ..rack().ground.clone() };
    let limits = Limits { start_spread: Duration::ZERO, ..Limits::default() };
    let rack = Arc::new(RedfishRack::new(Ground { redfish_limits: limits, ..ground }));
    let ask = async || Server::of(&rack, &node(info.clone())).unwrap().system().await.unwrap();
    let count = |what: &str| asked.lock().unwrap().iter().filter(|word| *word == what).count();
    ask().await;
    rack.tidy(Duration::from_mins(1)).await;
    assert_eq!((count("POST"), count("DELETE")), (1, 0), "it was used just now");
    rack.tidy(Duration::ZERO).await;
    assert_eq!((count("DELETE"), rack.governor().lines().len()), (1, 0));
    ask().await;
    rack.close().await;
    assert_eq!((count("POST"), count("DELETE")), (2, 2));
    let closed = pages.0.lock().unwrap().iter().filter(|fact| **fact == Fact::SessionClosed).count();
    assert_eq!(closed, 2);
}

#[tokio::test]
async fn a_password_that_must_be_changed_first_is_no_refused_log_in() {
    let message = json!({"error": {"@Message.ExtendedInfo": [{"MessageId": "Base.1.8.PasswordChangeRequired",
        "MessageArgs": ["/redfish/v1/AccountService/Accounts/1"]}]}});
    let url = bmc(move |request| {
        let status = if request.starts_with("GET /redfish/v1/ ") { 200 } else { 403 };
        (status, String::new(), message.clone())
    });
    let server = server(&url.await);
    for _ in 0..2 {
        let error = server.system().await.unwrap_err();
        assert!(matches!(error, RedfishError::PasswordChange { .. }), "{error}");
        assert!(error.to_string().contains("/redfish/v1/AccountService/Accounts/1"), "{error}");
    }
}

/// A system whose serial line is reached by SSH at this port.
async fn with_ssh(port: u16) -> String {
    bmc(move |request| {
        if request.starts_with("POST") {
            return (404, String::new(), json!({}));
        }
        let ssh = json!({"ServiceEnabled": true, "Port": port, "ConsoleEntryCommand": "console"});
        (200, String::new(), json!({"PowerState": "On", "SerialConsole": {"SSH": ssh}}))
    })
    .await
}

#[tokio::test]
async fn a_console_goes_over_ssh_where_the_system_says_so() {
    let (port, _) = crate::net::ssh::tests::served().await;
    let console = RedfishConsole::new(server(&with_ssh(port).await), None);
    let mut line = console.open().await.unwrap();
    let mut heard = [0; 10];
    line.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"<console\r>", "the command that begins it was typed");
}

#[tokio::test]
async fn an_account_that_ssh_refuses_is_tried_once() {
    let (port, logins) = crate::net::ssh::tests::served().await;
    let url = with_ssh(port).await;
    let info = json!({"redfish_address": url, "redfish_username": "admin", "redfish_password": "wrong",
        "redfish_system_id": "/redfish/v1/Systems/1"});
    let server = Server::of(&rack(), &node(info)).unwrap();
    let console = RedfishConsole::new(server.clone(), None);
    for _ in 0..3 {
        let error = console.open().await.unwrap_err();
        assert!(matches!(error, DriverError::LoginRefused { .. }), "{error}");
    }
    assert_eq!(logins.load(std::sync::atomic::Ordering::Relaxed), 1);
    server.system().await.unwrap();
}

#[tokio::test]
async fn a_machine_without_a_way_to_its_serial_line_says_so() {
    let url = bmc(|request| {
        if request.starts_with("POST") {
            return (404, String::new(), json!({}));
        }
        (200, String::new(), json!({"PowerState": "On", "Members": []}))
    });
    let error = RedfishConsole::new(server(&url.await), None).open().await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
}
