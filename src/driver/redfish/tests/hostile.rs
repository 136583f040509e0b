//! A BMC that answers badly: every error comes within bounds and names the BMC and the path.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{bmc, rack, server};
use crate::base::time::PausedClock;
use crate::driver::bmc::Ground;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;

const SYSTEM: &str = "/redfish/v1/Systems/1";

/// What the BMC does with a connection that asked for the system.
#[derive(Clone)]
enum Deed {
    /// Sends this and closes.
    Say(Vec<u8>),
    /// Sends the first part, then the second one again and again.
    Repeat(&'static [u8], Vec<u8>),
    /// Sends nothing more and keeps the connection open.
    Stall(&'static [u8]),
}

/// A BMC that is well until the system is asked for.
async fn villain(deed: Deed) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(meet(stream, deed.clone()));
        }
    });
    format!("http://{address}")
}

async fn meet(mut stream: TcpStream, deed: Deed) -> Option<()> {
    let (mut text, mut bytes) = (String::new(), [0; 4096]);
    while !text.contains("\r\n\r\n") {
        let count = stream.read(&mut bytes).await.ok().filter(|count| *count > 0)?;
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    if !text.starts_with(&format!("GET {SYSTEM}")) {
        let status = if text.starts_with("GET") { "200 OK" } else { "404 Not Found" };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
        return stream.write_all(head.as_bytes()).await.ok();
    }
    match deed {
        Deed::Say(answer) => stream.write_all(&answer).await.ok(),
        Deed::Repeat(first, then) => {
            stream.write_all(first).await.ok()?;
            loop {
                stream.write_all(&then).await.ok()?;
            }
        }
        Deed::Stall(first) => {
            stream.write_all(first).await.ok()?;
            std::future::pending().await
        }
    }
}

/// A server behind an impatient rack.
fn hasty(url: &str) -> Server {
    let mut redfish = rack().ground.redfish.clone();
    redfish.read_timeout = Duration::from_millis(1500);
    let ground = Ground { redfish, ..rack().ground.clone() };
    let one = server(url);
    let rack = Arc::new(RedfishRack::new(ground));
    Server::new(rack.talk(&one.talk.node, (*one.talk.access).clone()))
}

/// The error of a reading; it must name the BMC and the path.
async fn complaint(deed: Deed) -> String {
    let url = villain(deed).await;
    let error = hasty(&url).system().await.unwrap_err().to_string();
    let host = url.trim_start_matches("http://");
    assert!(error.contains(host) && error.contains(SYSTEM), "{error}");
    assert!(error.len() < 1000, "{} bytes of error", error.len());
    error
}

/// An answer with a body.
fn ok(body: &[u8]) -> Deed {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    Deed::Say([head.as_bytes(), body].concat())
}

#[tokio::test]
async fn a_huge_body_is_refused_by_its_length() {
    let error = complaint(Deed::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n{")).await;
    assert!(error.contains("larger than"), "{error}");
}

#[tokio::test]
async fn an_endless_body_is_cut() {
    let chunk = [b"2000\r\n".as_slice(), &[b' '; 0x2000], b"\r\n"].concat();
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let error = complaint(Deed::Repeat(head, chunk)).await;
    assert!(error.contains("larger than"), "{error}");
}

#[tokio::test]
async fn a_body_that_drips_is_given_up() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{";
    let error = complaint(Deed::Stall(head)).await;
    assert!(error.contains("no answer"), "{error}");
}

#[tokio::test]
async fn what_is_no_json_is_told_as_it_is() {
    for (body, what) in [
        (b"<html><body>Login</body></html>".as_slice(), "HTML"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "HTML"),
        (b"{\"PowerState\": \"O", "EOF"),
        (b"", "empty"),
        (b"  \r\n ", "empty"),
        (b"\x1f\x8b\x08\x00\x00\x00", "compressed"),
        (b"\"text\"", "no JSON object"),
        (b"null", "no JSON object"),
    ] {
        let error = complaint(ok(body)).await;
        assert!(error.contains(what), "{error}");
    }
}

#[tokio::test]
async fn nesting_and_multitude_are_bounded() {
    for body in ["[".repeat(200_000), "{\"a\":".repeat(200_000), "[".repeat(100) + &"0,".repeat(1_100_000)] {
        complaint(ok(body.as_bytes())).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"PowerState\": 1}",
    ] {
        complaint(Deed::Say(answer.into())).await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for answer in
        ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "\0\0\0\0"]
    {
        complaint(Deed::Say(answer.into())).await;
    }
    let two_lengths = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x";
    complaint(Deed::Say(two_lengths.into())).await;
}

#[tokio::test]
async fn a_flood_of_headers_is_cut() {
    complaint(Deed::Repeat(b"HTTP/1.1 200 OK\r\n", b"X-Flood: yes\r\n".to_vec())).await;
    complaint(Deed::Repeat(b"HTTP/1.1 200 OK\r\nX-Long: ", vec![b'a'; 65536])).await;
    complaint(Deed::Repeat(b"", b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())).await;
}

#[tokio::test]
async fn bytes_after_the_body_are_no_answer_to_the_next_question() {
    let smuggled = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"PowerState\": \"Off\"}";
    let smuggled = smuggled.replace("20", "21");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{{\"PowerState\": \"On\"}}{smuggled}");
    let server = hasty(&villain(Deed::Say(answer.into())).await);
    for _ in 0..3 {
        assert_eq!(server.system().await.unwrap().view.power_state.as_deref(), Some("On"));
    }
}

#[tokio::test]
async fn a_text_with_stray_bytes_is_read() {
    let body = b"\xef\xbb\xbf{\"PowerState\": \"On\", \"SerialNumber\": \"\x01A\xff\x7f1\"}";
    let seen = hasty(&villain(ok(body)).await).system().await.unwrap();
    assert_eq!(seen.view.power_state.as_deref(), Some("On"));
    assert!(seen.view.serial_number.unwrap().contains('A'));
}

#[tokio::test]
async fn redirects_without_end_are_given_up() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let url = bmc(move |request| {
        if request.starts_with("GET /redfish/v1/ ") {
            return (200, String::new(), json!({}));
        }
        counted.fetch_add(1, Ordering::Relaxed);
        (308, format!("Location: {SYSTEM}/\r\n"), json!({}))
    });
    let error = server(&url.await).system().await.unwrap_err().to_string();
    assert!(error.contains("redirects again and again"), "{error}");
    assert!(asked.load(Ordering::Relaxed) < 10);
}

/// A BMC whose every path serves the same, and the number of requests that it got.
async fn everywhere(value: Value) -> (Server, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let url = bmc(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        if request.starts_with("POST") {
            (404, String::new(), json!({}))
        } else {
            (200, String::new(), value.clone())
        }
    });
    (server(&url.await), asked)
}

#[tokio::test]
async fn a_walk_without_end_is_given_up() {
    let clock = Arc::new(PausedClock::new());
    let one = server("http://127.0.0.1:9");
    let rack = Arc::new(RedfishRack::new(Ground { clock: clock.clone(), ..rack().ground.clone() }));
    let talk = rack.talk(&one.talk.node, (*one.talk.access).clone());
    let walk = talk.walk("the inspection", Box::pin(std::future::pending::<Result<(), RedfishError>>()));
    let (outcome, ()) = tokio::join!(walk, async { clock.advance(Duration::from_mins(16)) });
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("the inspection of redfish BMC 127.0.0.1:9 is given up"), "{error}");
}

#[tokio::test]
async fn links_that_lead_back_end_somewhere() {
    let link = |path: &str| json!({ "@odata.id": path });
    let (server, asked) = everywhere(json!({
        "@odata.id": SYSTEM,
        "PowerState": "On",
        "Members": [link(SYSTEM), link(&format!("{SYSTEM}/")), link("/redfish/v1/Systems")],
        "Members@odata.count": 3,
        "Members@odata.nextLink": "/redfish/v1/Systems?$skip=1",
        "Systems": link("/redfish/v1/Systems"), "Chassis": link(SYSTEM), "Managers": link(SYSTEM),
        "Processors": link(SYSTEM), "Memory": link(SYSTEM), "Storage": link(SYSTEM), "Drives": [link(SYSTEM)],
        "Volumes": link(SYSTEM), "Controllers": link(SYSTEM), "EthernetInterfaces": link(SYSTEM),
        "PCIeDevices": link(SYSTEM), "PCIeFunctions": link(SYSTEM), "NetworkAdapters": link(SYSTEM),
        "Ports": link(SYSTEM), "Thermal": link(SYSTEM), "Power": link(SYSTEM), "ThermalSubsystem": link(SYSTEM),
        "Fans": link(SYSTEM), "Sensors": link(SYSTEM), "PowerSubsystem": link(SYSTEM), "SimpleStorage": link(SYSTEM),
        "PowerSupplies": link(SYSTEM), "Metrics": link(SYSTEM), "Bios": link(SYSTEM),
        "Links": {"Chassis": [link(SYSTEM)], "ManagedBy": [link(SYSTEM)], "ContainedBy": link(SYSTEM)},
    }))
    .await;
    server.inspect().await.unwrap();
    server.sensors().await.unwrap();
    server.lamps().await.unwrap();
    assert!(asked.load(Ordering::Relaxed) < 1000, "{asked:?}");
}

#[tokio::test]
async fn a_collection_without_end_is_read_in_part() {
    let many: Vec<Value> =
        (0..3000).map(|id| json!({"@odata.id": format!("/redfish/v1/Chassis/{id}")})).collect();
    let (server, asked) =
        everywhere(json!({"Members": many, "Chassis": {"@odata.id": "/redfish/v1/Chassis"}})).await;
    let root = server.talk.root().await.unwrap();
    let read = server.talk.members(root.chassis.as_ref()).await.unwrap();
    assert_eq!(read.len(), 512);
    assert!(asked.load(Ordering::Relaxed) < 600, "{asked:?}");
}

#[tokio::test]
async fn links_to_other_hosts_are_left_alone() {
    let link = |path: &str| json!({ "@odata.id": path });
    let (server, _) = everywhere(json!({
        "PowerState": "On",
        "Processors": link("https://elsewhere.example/p"), "Storage": link("//elsewhere.example/s"),
        "EthernetInterfaces": link("javascript:x"), "Bios": link("/a\r\nHost: x"),
        "Members@odata.nextLink": "https://elsewhere.example/next", "Members": [link("https://elsewhere.example/m")],
        "Links": {"Chassis": [link("https://elsewhere.example/c")]},
    }))
    .await;
    let found = server.inspect().await.unwrap();
    assert_eq!((found.local_gb, found.macs.len()), (0, 0));
}

#[tokio::test]
async fn odd_words_and_missing_members_are_no_errors() {
    for value in [
        json!({}),
        json!({"PowerState": "Sleeping", "Status": "fine", "Boot": [], "Actions": null, "Links": 7, "Oem": "none"}),
        json!({"PowerState": 4, "Boot": {"BootSourceOverrideTarget": "Tape", "BootSourceOverrideEnabled": "Twice",
            "BootSourceOverrideMode": "CSM"}, "IndicatorLED": "Purple", "MemorySummary": {"TotalSystemMemoryGiB": "many"},
            "ProcessorSummary": [], "Processors": 2, "Members": {"a": 1}, "Members@odata.count": -1}),
    ] {
        let (server, _) = everywhere(value).await;
        let found = server.inspect().await.unwrap();
        assert_eq!((found.memory_mb, found.cpu_arch), (None, None));
        server.sensors().await.unwrap();
        server.lamps().await.unwrap();
        assert_eq!(server.system().await.unwrap().view.power(), None);
    }
}
