//! How the daemon logs in, and where its credentials never go.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{bmc, node, rack};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;

/// Heads of requests in the order they came.
type Log = Arc<Mutex<Vec<String>>>;

fn info(url: &str, password: &str) -> Value {
    json!({"redfish_address": url, "redfish_username": "admin", "redfish_password": password,
        "redfish_system_id": "/redfish/v1/Systems/1"})
}

/// The first line of each request, and how it shows an account.
fn note(log: &Log, request: &str) {
    let mut line = request.lines().next().unwrap_or_default().to_owned();
    for way in ["Authorization", "X-Auth-Token"] {
        if request.contains(&format!("{way}: ")) {
            line = format!("{line} {way}");
        }
    }
    log.lock().unwrap().push(line);
}

async fn read(rack: &Arc<RedfishRack>, info: Value) -> Result<(), String> {
    let server = Server::of(rack, &node(info)).map_err(|error| error.to_string())?;
    server.system().await.map(|_| ()).map_err(|error| error.to_string())
}

fn count(log: &Log, what: &str) -> usize {
    log.lock().unwrap().iter().filter(|line| line.contains(what)).count()
}

#[tokio::test]
async fn a_log_in_that_is_refused_in_words_is_not_tried_another_way() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let url = bmc(move |request| {
        note(&seen, request);
        if request.starts_with("GET /redfish/v1/ ") {
            return (200, String::new(), json!({}));
        }
        (401, String::new(), json!({"error": {"message": "Invalid username or password"}}))
    });
    let error = read(&rack(), info(&url.await, "wrong")).await.unwrap_err();
    assert!(error.contains("refused the log-in") && error.contains("Invalid username"), "{error}");
    assert_eq!((count(&log, "POST"), count(&log, "Authorization")), (1, 0));
}

/// An account that the BMC may not have: each refusal counts towards its lock.
#[tokio::test]
async fn a_stranger_s_bmc_sees_one_attempt() {
    for (status, basic) in [(401, 0), (403, 0), (400, 0), (500, 0), (404, 1), (405, 1), (501, 1)] {
        let log = Log::default();
        let seen = Arc::clone(&log);
        let url = bmc(move |request| {
            note(&seen, request);
            if request.starts_with("GET /redfish/v1/ ") {
                return (200, String::new(), json!({}));
            }
            let status = if request.starts_with("POST") { status } else { 401 };
            (status, String::new(), json!({"error": {"message": "no"}}))
        });
        let server = Server::of_stranger(&rack(), &node(info(&url.await, "wrong"))).unwrap();
        assert!(server.who_is_it().await.is_err(), "{status}");
        let shown = (count(&log, "POST"), count(&log, "Authorization"));
        assert_eq!(shown, (1, basic), "{status}: {log:?}");
    }
}

#[tokio::test]
async fn a_stranger_s_bmc_without_sessions_is_read_with_basic() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let url = bmc(move |request| {
        note(&seen, request);
        if request.starts_with("POST") {
            return (404, String::new(), json!({}));
        }
        (200, String::new(), json!({"SerialNumber": "CZ3001"}))
    });
    let server = Server::of_stranger(&rack(), &node(info(&url.await, "hunter2"))).unwrap();
    assert_eq!(server.who_is_it().await.unwrap().serials, ["CZ3001"]);
    assert_eq!(count(&log, "POST"), 1);
}

#[tokio::test]
async fn a_refused_log_in_says_nothing_of_the_next_account() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let url = bmc(move |request| {
        note(&seen, request);
        if request.starts_with("GET /redfish/v1/ ") || request.contains("X-Auth-Token: t1") {
            return (200, String::new(), json!({"PowerState": "On"}));
        }
        if request.starts_with("POST") && request.contains("hunter2") {
            return (201, "X-Auth-Token: t1\r\nLocation: /s/1\r\n".to_owned(), json!({}));
        }
        (401, String::new(), json!({}))
    });
    let (rack, url) = (rack(), url.await);
    assert!(read(&rack, info(&url, "wrong")).await.unwrap_err().contains("refused the log-in"));
    assert_eq!(count(&log, "Authorization"), 1);
    assert_eq!(read(&rack, info(&url, "hunter2")).await, Ok(()));
    assert_eq!((count(&log, "Authorization"), count(&log, "X-Auth-Token")), (1, 1));
}

#[tokio::test]
async fn a_bmc_that_refuses_sessions_and_takes_basic_is_asked_for_a_session_once() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let url = bmc(move |request| {
        note(&seen, request);
        if request.starts_with("POST") {
            return (401, String::new(), json!({"error": {"code": "Base.1.8.NoValidSession"}}));
        }
        (200, String::new(), json!({"PowerState": "On"}))
    });
    let (rack, url) = (rack(), url.await);
    for _ in 0..3 {
        assert_eq!(read(&rack, info(&url, "hunter2")).await, Ok(()));
    }
    assert_eq!((count(&log, "POST"), count(&log, "Authorization")), (1, 3));
}

#[tokio::test]
async fn no_credential_goes_to_another_port_of_the_same_host() {
    let elsewhere = Log::default();
    let seen = Arc::clone(&elsewhere);
    let other = bmc(move |request| {
        note(&seen, request);
        (200, String::new(), json!({"PowerState": "On"}))
    });
    let other = other.await;
    let bare = other.strip_prefix("http:").unwrap().to_owned();
    for place in [other.clone(), bare.clone(), format!("{{own}}{bare}")] {
        let url = bmc(move |request| {
            let own = request.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
            if request.starts_with("POST") {
                return (201, "X-Auth-Token: t1\r\nLocation: /s/1\r\n".to_owned(), json!({}));
            }
            if request.contains("/Systems/1") {
                let place = place.replace("{own}", &format!("http://{own}"));
                return (307, format!("Location: {place}/redfish/v1/x\r\n"), json!({}));
            }
            (200, String::new(), json!({}))
        });
        assert!(read(&rack(), info(&url.await, "hunter2")).await.is_err());
    }
    for id in [format!("{other}/redfish/v1/Systems/1"), format!("{bare}/redfish/v1/Systems/1")] {
        let mut info = info(&other, "hunter2");
        info["redfish_system_id"] = json!(id);
        assert!(read(&rack(), info).await.unwrap_err().contains("redfish_system_id"));
    }
    assert!(elsewhere.lock().unwrap().is_empty(), "{elsewhere:?}");
}
