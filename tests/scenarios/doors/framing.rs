//! Requests that are odd by the letter of HTTP, or wrong.

use serde_json::{Value, json};

use crate::doors::{curl, talk};
use crate::stage::daemon::Daemon;

/// One request with these lines after the request line; head and body of the answer.
fn asked(daemon: &Daemon, line: &str, headers: &str, body: &str) -> (String, String) {
    let text = format!("{line}\r\nConnection: close\r\n{headers}\r\n{body}");
    let answer = talk(daemon.url(), text.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
    (head.to_owned(), body.to_owned())
}

fn inner(body: &str) -> Value {
    let outer: Value = serde_json::from_str(body).unwrap();
    serde_json::from_str(outer["error_message"].as_str().unwrap()).unwrap()
}

const MIB: usize = 1 << 20;
const HOST: &str = "Host: rack7\r\n";

#[test]
fn a_method_that_is_not_there_is_refused_with_those_that_are() {
    let daemon = Daemon::start();
    let version = format!("{HOST}X-OpenStack-Ironic-API-Version: 1.115\r\n");
    for (method, path, allowed) in [
        ("HEAD", "/v1/conductors", "GET"),
        ("OPTIONS", "/v1/conductors", "GET"),
        ("BREW", "/v1/conductors", "GET"),
        ("get", "/v1/conductors", "GET"),
        ("POST", "/v1/nodes/x/states/power", "PUT"),
        ("DELETE", "/v1", "GET"),
    ] {
        let (head, body) = asked(&daemon, &format!("{method} {path} HTTP/1.1"), &version, "");
        assert!(head.starts_with("HTTP/1.1 405 "), "{method} {path}: {head}");
        assert!(head.contains(&format!("\r\nAllow: {allowed}\r\n")), "{method} {path}: {head}");
        assert!(head.contains("\r\nX-Openstack-Ironic-Api-Version: 1.115"), "{head}");
        if method != "HEAD" {
            assert_eq!(inner(&body)["code"], 405, "{body}");
        }
    }
    let (head, _) = asked(&daemon, "GET /v1/nodes HTTP/1.1", &format!("{HOST}Accept: text/html\r\n"), "");
    assert!(head.starts_with("HTTP/1.1 406 "), "{head}");
}

#[test]
fn no_header_makes_one_method_of_another() {
    let daemon = Daemon::start();
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let headers = format!("{HOST}{name}: DELETE\r\nContent-Length: 0\r\n");
        let (head, body) = asked(&daemon, "GET /v1/nodes?_method=DELETE HTTP/1.1", &headers, "");
        assert!(head.starts_with("HTTP/1.1 4") || body.contains("\"nodes\""), "{name}: {head}");
        let (head, body) = asked(&daemon, "GET /v1/nodes HTTP/1.1", &headers, "");
        assert!(head.starts_with("HTTP/1.1 200 ") && body == r#"{"nodes":[]}"#, "{name}: {head} {body}");
    }
}

#[test]
fn the_server_is_named_in_the_line_or_in_one_good_host_header() {
    let daemon = Daemon::start();
    let (head, body) = asked(&daemon, "GET http://rack8.example:99/v1 HTTP/1.1", "Host: other\r\n", "");
    assert!(
        head.starts_with("HTTP/1.1 200 ") && body.contains("http://rack8.example:99/v1"),
        "{head} {body}"
    );
    for (headers, status) in [
        ("", 400),
        ("Host: a\r\nHost: b\r\n", 400),
        ("Host: a b\r\n", 400),
        ("Host: <script>\r\n", 400),
        ("Host:\r\n", 200),
        ("Host: [::1]:6385\r\n", 200),
    ] {
        let (head, body) = asked(&daemon, "GET /v1 HTTP/1.1", headers, "");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{headers:?}: {head}");
        assert!(!body.contains("<script>"), "{body}");
    }
    let (head, _) = asked(&daemon, "GET /v1 HTTP/1.0", "", "");
    assert!(head.starts_with("HTTP/1.0 200 ") || head.starts_with("HTTP/1.1 200 "), "{head}");
}

#[test]
fn the_last_of_several_versions_counts_and_nonsense_is_refused() {
    let daemon = Daemon::start();
    let twice = "X-OpenStack-Ironic-API-Version: 1.5\r\nX-OpenStack-Ironic-API-Version: 1.60\r\n";
    let (head, _) = asked(&daemon, "GET /v1/nodes HTTP/1.1", &format!("{HOST}{twice}"), "");
    assert!(head.contains("X-Openstack-Ironic-Api-Version: 1.60"), "{head}");
    for version in ["1.116", "1.0", "2.1", "1", "x", "-1.1", "1.1.1", "1.99999999999999999999"] {
        let headers = format!("{HOST}X-OpenStack-Ironic-API-Version: {version}\r\n");
        let (head, body) = asked(&daemon, "GET /v1/nodes HTTP/1.1", &headers, "");
        assert!(head.starts_with("HTTP/1.1 406 "), "{version}: {head}");
        assert_eq!(inner(&body)["code"], 406, "{version}: {body}");
    }
}

#[test]
fn bodies_come_in_chunks_or_with_a_length_and_never_with_two() {
    let daemon = Daemon::start();
    let node = json!({"driver": "fake-hardware", "name": "n1"}).to_string();
    let chunked = format!("{:x}\r\n{node}\r\n0\r\n\r\n", node.len());
    let headers = format!("{HOST}X-OpenStack-Ironic-API-Version: 1.50\r\nTransfer-Encoding: chunked\r\n");
    let (head, body) = asked(&daemon, "POST /v1/nodes HTTP/1.1", &headers, &chunked);
    assert!(head.starts_with("HTTP/1.1 201 "), "{head} {body}");
    for (headers, body) in [
        ("Content-Length: 1\r\nContent-Length: 2\r\n", "{}"),
        ("Content-Length: -1\r\n", ""),
        ("Content-Length: x\r\n", ""),
        ("Transfer-Encoding: gzip\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
    ] {
        let (head, _) = asked(&daemon, "POST /v1/nodes HTTP/1.1", &format!("{HOST}{headers}"), body);
        assert!(head.starts_with("HTTP/1.1 4"), "{headers}: {head}");
    }
    let (_, list) = asked(&daemon, "GET /v1/nodes HTTP/1.1", HOST, "");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["nodes"].as_array().unwrap().len(), 1, "nothing else was made: {list}");
}

#[test]
fn bodies_have_their_limits_and_are_refused_without_the_wrapper() {
    let daemon = Daemon::start();
    let put = |method: &str, path: &str, bytes: usize| {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(u64::try_from(bytes).unwrap()).unwrap();
        let data = format!("@{}", file.path().display());
        let url = format!("{}{path}", daemon.url());
        let version = "X-OpenStack-Ironic-API-Version: 1.115";
        let (_, said, _) = curl(&[
            "-X",
            method,
            "-H",
            version,
            "-H",
            "Expect:",
            "--data-binary",
            &data,
            "-w",
            "\n%{http_code}",
            &url,
        ]);
        let (body, status) = said.rsplit_once('\n').unwrap();
        (status.to_owned(), body.to_owned())
    };
    for (method, path, limit) in [
        ("POST", "/v1/nodes", MIB),
        ("POST", "/v1/continue_inspection", 16 * MIB),
        ("PUT", "/v1/nodes/n1/states/provision", 64 * MIB),
    ] {
        let (status, body) = put(method, path, limit + 1);
        assert_eq!(status, "413", "{path}: {body}");
        let fault: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(fault["faultcode"], "Client", "{path}: {body}");
        assert!(fault["error_message"].is_null(), "{path}: {body}");
        let (status, _) = put(method, path, limit);
        assert_ne!(status, "413", "{path}: as much as may be is read");
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let version = format!("{HOST}X-OpenStack-Ironic-API-Version: 1.115\r\n");
    for (body, is_bare) in [(nested(26), true), (nested(25), false), ("{\"driver\":".to_owned(), false)] {
        let headers = format!("{version}Content-Length: {}\r\n", body.len());
        let (head, answer) = asked(&daemon, "POST /v1/nodes HTTP/1.1", &headers, &body);
        assert!(head.starts_with("HTTP/1.1 400 "), "{body}: {head}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error_message"].is_null(), is_bare, "{body}: {answer}");
    }
}
