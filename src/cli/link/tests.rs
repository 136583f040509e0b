use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::json;

use super::*;
use crate::cli::session::Slice;
use crate::net::http::Method;

/// Answers one connection with `reply`; gives back what was sent to it.
fn serve(reply: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !is_whole(&request) {
            let length = stream.read(&mut buffer).unwrap();
            assert_ne!(length, 0, "the client left in the middle");
            request.extend(&buffer[..length]);
        }
        stream.write_all(reply.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (url, server)
}

/// Whether a request is complete: its head, and the body that the head announces.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.trim().parse().unwrap())
}

fn request(method: Method, path: &str) -> Request {
    Request { method, path: path.into(), body: Payload::Nothing }
}

#[tokio::test]
async fn requests_bear_version_and_body() {
    let (url, server) = serve("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    let link = Link::open(&format!("{url}/sub/v1/")).unwrap();
    let body = Payload::Json(json!({"target": "manage"}));
    let asked = Request { body, ..request(Method::Put, "/v1/nodes/n1/states/provision") };
    let answer = link.exchange(asked).await.unwrap();
    assert_eq!(answer, Answer { status: 202, body: Vec::new() });
    let heard = server.join().unwrap();
    assert!(heard.starts_with("PUT /sub/v1/nodes/n1/states/provision HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_ascii_lowercase().contains("x-openstack-ironic-api-version: 1.115\r\n"), "{heard}");
    assert!(heard.ends_with("\r\n\r\n{\"target\":\"manage\"}"), "{heard}");
}

#[tokio::test]
async fn a_slice_says_where_it_stands() {
    let (url, server) = serve("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    let link = Link::open(&url).unwrap();
    let body = Payload::Slice(Slice { bytes: b"abc".to_vec(), start: 4, total: 9 });
    link.exchange(Request { body, ..request(Method::Put, "/x") }).await.unwrap();
    let heard = server.join().unwrap();
    assert!(heard.to_ascii_lowercase().contains("content-range: bytes 4-6/9\r\n"), "{heard}");
    assert!(heard.ends_with("\r\n\r\nabc"), "{heard}");
}

#[tokio::test]
async fn refusals_and_redirects_are_answers() {
    let (url, server) = serve("HTTP/1.1 302 Found\r\nLocation: http://evil/\r\nContent-Length: 2\r\n\r\n{}");
    let link = Link::open(&url).unwrap();
    let answer = link.exchange(request(Method::Get, "/v1/nodes?limit=1")).await.unwrap();
    assert_eq!(answer, Answer { status: 302, body: b"{}".to_vec() });
    assert!(server.join().unwrap().starts_with("GET /v1/nodes?limit=1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_port_without_a_server_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Link::open(&url).unwrap().exchange(request(Method::Get, "/v1/nodes")).await.unwrap_err();
    assert!(matches!(&error, CliError::Unreachable { url: told, .. } if *told == url), "{error:?}");
}

#[tokio::test]
async fn what_speaks_no_http_gives_no_usable_answer() {
    let (url, server) = serve("SSH-2.0-none\r\n");
    let error = Link::open(&url).unwrap().exchange(request(Method::Get, "/v1/nodes")).await.unwrap_err();
    assert!(matches!(error, CliError::Unanswered { .. }), "{error:?}");
    server.join().unwrap();
}

#[test]
fn addresses_that_lead_nowhere_are_refused() {
    for url in ["", "h:1", "ftp://h/", "http://", "http://user@h/", "http://h/?x=1", "http://h/#x"] {
        assert!(matches!(Link::open(url), Err(CliError::Address { .. })), "{url}");
    }
}

#[test]
fn a_login_in_an_address_is_refused_and_not_shown() {
    for url in ["http://me:hunter2@h/", "http://:hunter2@h/"] {
        assert_eq!(Link::open(url).unwrap_err().to_string(), "\"h/\" is not the address of an API");
    }
}
