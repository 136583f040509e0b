use super::*;

fn headers(lines: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in lines {
        headers.push(*name, *value);
    }
    headers
}

/// The example of RFC 6455 1.3.
const SAMPLE: &[(&str, &str)] = &[
    ("Host", "server.example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "keep-alive, Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
];

fn nothing(_: WebSocket) -> Later<'static, ()> {
    Box::pin(async {})
}

#[test]
fn the_sample_handshake_is_answered_as_the_rfc_does() {
    let response = accept(&headers(SAMPLE), nothing).unwrap();
    assert_eq!(response.status, 101);
    assert_eq!(response.headers.get("Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(matches!(response.body, Body::Takeover(_)));
}

#[test]
fn each_line_of_the_handshake_is_needed() {
    for missing in 1..SAMPLE.len() {
        let mut lines = SAMPLE.to_vec();
        lines.remove(missing);
        assert_eq!(accept(&headers(&lines), nothing).unwrap_err(), NoWebSocket::Plain, "{missing}");
    }
}

#[test]
fn a_page_of_another_origin_is_refused() {
    for (origin, refused) in [
        ("http://server.example.com", false),
        ("https://server.example.com", false),
        ("http://evil.example.com", true),
        ("http://server.example.com.evil.org", true),
        ("null", true),
    ] {
        let lines = [SAMPLE, &[("Origin", origin)]].concat();
        assert_eq!(accept(&headers(&lines), nothing).is_err(), refused, "{origin}");
    }
}
