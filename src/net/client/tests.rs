//! The client against our server, and against raw sockets that misbehave.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ResolvesServerCertUsingSni;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::base::secret::Secret;
use crate::net::sample::{Running, bound};
use crate::net::server::limits::Limits;
use crate::net::tls::{self, TlsFloor};

const SHORT: Duration = Duration::from_millis(80);

fn plain(method: Method, url: Url) -> Outgoing {
    Outgoing::new(method, url, Trust::Plain)
}

/// The URL of a listener that gives each connection the same bytes once something was asked, then closes.
async fn parrot(answer: Vec<u8>) -> Url {
    let (listener, address) = bound().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let asked = stream.read(&mut [0; 4096]).await.unwrap();
            assert!(asked > 0);
            stream.write_all(&answer).await.ok();
        }
    });
    Url::parse(&format!("http://{address}/")).unwrap()
}

/// A listener that takes connections and says nothing.
async fn mute(scheme: &str) -> (TcpListener, Url) {
    let (listener, address) = bound().await;
    (listener, Url::parse(&format!("{scheme}://{address}/secret?token=secret")).unwrap())
}

#[tokio::test]
async fn a_request_goes_out_whole_and_its_answer_comes_back() {
    let server = Running::plain(Limits::default()).await;
    let mut outgoing = plain(Method::Post, server.url("http", "/a%20b?x=1&y=%2F"));
    outgoing.body = b"hello".to_vec();
    outgoing.headers.push("X-Any", "thing");
    let answer = Client::new().send(outgoing).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"POST /a%20b ?x=1&y=%2F hello"[..]));
    assert_eq!(answer.headers.get("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.length(), Some(28));
}

#[tokio::test]
async fn each_known_method_is_sent_as_it_is() {
    let server = Running::plain(Limits::default()).await;
    for method in [Method::Get, Method::Put, Method::Post, Method::Patch, Method::Delete, Method::Options] {
        let answer = Client::new().send(plain(method, server.url("http", "/"))).await.unwrap();
        assert_eq!(answer.body, format!("{} / ? ", method.word()).into_bytes());
    }
    let answer = Client::new().head(server.url("http", "/"), Trust::Plain, DEADLINE).await.unwrap();
    assert_eq!((answer.status, answer.length(), answer.body.len()), (200, Some(9), 0));
}

#[tokio::test]
async fn a_keeping_client_uses_its_connection_again() {
    let server = Running::plain(Limits::default()).await;
    let peer = async |client: &Client| {
        let answer = client.send(plain(Method::Get, server.url("http", "/"))).await.unwrap();
        answer.headers.get("x-peer").unwrap().to_owned()
    };
    let keeping = Client::keeping();
    let first = peer(&keeping).await;
    assert_eq!(peer(&keeping).await, first);
    assert_eq!(peer(&keeping).await, first);
    let fresh = Client::new();
    assert_ne!(peer(&fresh).await, peer(&fresh).await);
}

#[tokio::test]
async fn a_fresh_connection_takes_the_place_of_a_kept_one_and_spare_ones_may_be_closed() {
    let server = Running::plain(Limits::default()).await;
    let client = Client::new().sibling(3);
    let send = |reuse, path| client.send(Outgoing { reuse, ..plain(Method::Get, server.url("http", path)) });
    send(Reuse::Any, "/").await.unwrap();
    send(Reuse::Fresh, "/").await.unwrap();
    assert_eq!(client.lock().len(), 1);
    let (one, two) = tokio::join!(send(Reuse::Any, "/"), send(Reuse::Any, "/"));
    assert_eq!((one.unwrap().status, two.unwrap().status), (200, 200));
    assert_eq!(client.lock().len(), 2);
    client.close_spare();
    assert_eq!(client.lock().len(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced() {
    let closing = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let url = parrot(closing).await;
    let client = Client::keeping();
    for method in [Method::Get, Method::Post, Method::Post, Method::Get] {
        let answer = client.send(plain(method, url.clone())).await.unwrap();
        assert_eq!(answer.body, b"ok");
    }
}

#[tokio::test]
async fn a_kept_connection_that_falls_silent_may_have_taken_the_request() {
    let server = Running::plain(Limits::default()).await;
    let client = Client::keeping();
    client.send(plain(Method::Get, server.url("http", "/"))).await.unwrap();
    let outgoing = Outgoing { deadline: SHORT, ..plain(Method::Post, server.url("http", "/wait")) };
    let why = client.send(outgoing).await.unwrap_err();
    assert!(matches!(why, ClientError::Timeout { sent: true, .. }), "{why:?}");
}

#[tokio::test]
async fn a_connection_is_kept_only_for_the_same_trust() {
    let (server, identity) = Running::tls(TlsFloor::Tls13).await;
    let client = Client::keeping();
    let url = server.url("https", "/");
    client.send(Outgoing::new(Method::Get, url.clone(), Trust::Insecure)).await.unwrap();
    let other = tls::self_signed("127.0.0.1").unwrap().certificate.into_bytes();
    let wrong = client.send(Outgoing::new(Method::Get, url.clone(), Trust::Pinned(other))).await;
    assert!(matches!(wrong, Err(ClientError::WrongCertificate { .. })), "{wrong:?}");
    let pin = Trust::Pinned(identity.certificate.into_bytes());
    client.send(Outgoing::new(Method::Get, url, pin)).await.unwrap();
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = Running::plain(Limits::default()).await;
    let answer = Client::new().send(plain(Method::Get, server.url("http", "/moved"))).await.unwrap();
    assert_eq!((answer.status, answer.headers.get("Location")), (302, Some("/echo")));
    let mut sink = Vec::new();
    let moved = Client::new().download(plain(Method::Get, server.url("http", "/moved")), &mut sink).await;
    assert_eq!((moved.unwrap().status, sink.len()), (302, 0));
}

#[tokio::test]
async fn the_pinned_certificate_is_accepted_as_pem_and_der() {
    for floor in [TlsFloor::Tls12, TlsFloor::Tls13] {
        let (server, identity) = Running::tls(floor).await;
        let pem = identity.certificate.into_bytes();
        let der = tls::certificate_der(&pem).unwrap();
        for pin in [pem, der] {
            let outgoing = Outgoing::new(Method::Get, server.url("https", "/"), Trust::Pinned(pin));
            assert_eq!(Client::new().send(outgoing).await.unwrap().status, 200);
        }
    }
}

#[tokio::test]
async fn neither_dates_nor_names_of_a_pinned_certificate_matter() {
    let mut old = rcgen::CertificateParams::new(["elsewhere.example".to_owned()]).unwrap();
    old.not_before = rcgen::date_time_ymd(2001, 1, 1);
    old.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = old.self_signed(&key).unwrap().pem();
    let identity = tls::Identity { certificate, key: Secret::new(key.serialize_pem()) };
    let server = Running::known_as(&identity, TlsFloor::Tls12).await;
    let pin = Trust::Pinned(identity.certificate.into_bytes());
    let answer = Client::new().send(Outgoing::new(Method::Get, server.url("https", "/"), pin)).await;
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn another_certificate_for_the_same_name_is_refused_before_anything_is_sent() {
    let (server, _) = Running::tls(TlsFloor::Tls12).await;
    let other = tls::self_signed("127.0.0.1").unwrap();
    let pin = Trust::Pinned(other.certificate.into_bytes());
    let refused = Client::new().send(Outgoing::new(Method::Get, server.url("https", "/"), pin)).await;
    let why = refused.unwrap_err();
    assert!(matches!(why, ClientError::WrongCertificate { .. }) && !why.sent(), "{why:?}");
}

/// A server that shows `shown` but holds the key of another certificate.
async fn impostor(shown: &str, versions: &[&'static rustls::SupportedProtocolVersion]) -> Url {
    let stolen = CertificateDer::from_pem_slice(shown.as_bytes()).unwrap();
    let own = tls::self_signed("127.0.0.1").unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.key.reveal().as_bytes()).unwrap();
    let pair = CertifiedKey::new(vec![stolen], any_supported_type(&key).unwrap());
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    let (listener, address) = bound().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.err();
    });
    Url::parse(&format!("https://{address}/")).unwrap()
}

/// A server that answers one request a connection with the kind of its handshake. With `stumbles` it breaks off those
/// that would resume a session.
async fn registrar(version: &'static rustls::SupportedProtocolVersion, stumbles: bool) -> (Url, Trust) {
    let own = tls::self_signed("127.0.0.1").unwrap();
    let certificate = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(own.key.reveal().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = bound().await;
    tokio::spawn(async move {
        let mut known = false;
        while let Ok((stream, _)) = listener.accept().await {
            if stumbles && std::mem::take(&mut known) {
                continue;
            }
            known = true;
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            let kind = format!("{:?}", stream.get_ref().1.handshake_kind().unwrap());
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{kind}", kind.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    let url = Url::parse(&format!("https://{address}/")).unwrap();
    (url, Trust::Pinned(own.certificate.into_bytes()))
}

#[tokio::test]
async fn a_keeping_client_resumes_its_session_and_is_greeted_anew_where_that_fails() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for stumbles in [false, true] {
            let (url, trust) = registrar(version, stumbles).await;
            let client = Client::keeping();
            let mut kinds = Vec::new();
            for _ in 0..3 {
                let outgoing = Outgoing {
                    reuse: Reuse::Fresh,
                    ..Outgoing::new(Method::Get, url.clone(), trust.clone())
                };
                kinds.push(String::from_utf8(client.send(outgoing).await.unwrap().body).unwrap());
            }
            let later = if stumbles { "Full" } else { "Resumed" };
            assert_eq!(kinds, ["Full", later, later], "{version:?}");
        }
    }
}

#[tokio::test]
async fn the_pinned_certificate_without_its_key_is_refused() {
    let pinned = tls::self_signed("127.0.0.1").unwrap().certificate;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let url = impostor(&pinned, &[version]).await;
        let trust = Trust::Pinned(pinned.clone().into_bytes());
        let why = Client::new().send(Outgoing::new(Method::Get, url, trust)).await.unwrap_err();
        assert!(matches!(why, ClientError::Tls { .. }), "{why:?}");
    }
}

#[tokio::test]
async fn who_takes_anybody_asks_for_no_proof() {
    let shown = tls::self_signed("127.0.0.1").unwrap().certificate;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let url = impostor(&shown, &[version]).await;
        let why = Client::new().send(Outgoing::new(Method::Get, url, Trust::Insecure)).await.unwrap_err();
        assert!(matches!(why, ClientError::Protocol { .. }), "TLS stood, then the peer went: {why:?}");
    }
}

#[tokio::test]
async fn the_floor_keeps_older_tls_out() {
    let pinned = tls::self_signed("127.0.0.1").unwrap();
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
    let (listener, address) = bound().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.err();
    });
    let url = Url::parse(&format!("https://{address}/")).unwrap();
    let trust = Trust::Pinned(pinned.certificate.into_bytes());
    let outgoing = Outgoing { floor: TlsFloor::Tls13, ..Outgoing::new(Method::Get, url, trust) };
    let ClientError::Tls { source, .. } = Client::new().send(outgoing).await.unwrap_err() else {
        panic!("another error");
    };
    assert!(source.to_string().contains("ProtocolVersion"), "{source}");
}

#[tokio::test]
async fn self_signed_is_not_under_the_roots_but_may_be_taken_insecurely() {
    let (server, _) = Running::tls(TlsFloor::Tls12).await;
    let client = Client::new();
    let ask = |trust| client.send(Outgoing::new(Method::Get, server.url("https", "/"), trust));
    let why = ask(Trust::Roots).await.unwrap_err();
    // Without a certificate store on the machine the settings are refused instead.
    assert!(matches!(why, ClientError::Tls { .. } | ClientError::Unsendable { .. }), "{why:?}");
    assert_eq!(ask(Trust::Insecure).await.unwrap().status, 200);
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_nothing_was_sent() {
    let (listener, url) = mute("http").await;
    drop(listener);
    let why = Client::new().send(plain(Method::Get, url)).await.unwrap_err();
    let ClientError::Unreachable { source, .. } = &why else { panic!("{why:?}") };
    assert_eq!(source.kind(), io::ErrorKind::ConnectionRefused);
    assert!(!why.sent());
}

#[tokio::test]
async fn a_timeout_says_whether_the_request_may_have_been_sent() {
    for (scheme, trust, expected) in [("http", Trust::Plain, true), ("https", Trust::Insecure, false)] {
        let (_listener, url) = mute(scheme).await;
        let outgoing = Outgoing { deadline: SHORT, ..Outgoing::new(Method::Post, url, trust) };
        let why = Client::new().send(outgoing).await.unwrap_err();
        assert!(matches!(why, ClientError::Timeout { .. }), "{why:?}");
        assert_eq!(why.sent(), expected, "{scheme}");
        assert!(!format!("{why} {why:?}").contains("secret"), "{why:?}");
    }
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused_declared_or_not() {
    let declared = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n";
    let to_the_end = "HTTP/1.0 200 OK\r\n\r\n01234567890";
    for answer in [declared, chunked, to_the_end] {
        let url = parrot(answer.into()).await;
        let ask = |answer_limit| Outgoing { answer_limit, ..plain(Method::Get, url.clone()) };
        assert_eq!(Client::new().send(ask(11)).await.unwrap().body, b"01234567890");
        let why = Client::new().send(ask(10)).await.unwrap_err();
        assert!(matches!(why, ClientError::TooLarge { limit: 10, .. }), "{why:?}");
        let why = Client::new().download(ask(10), &mut Vec::new()).await.unwrap_err();
        assert!(matches!(why, ClientError::TooLarge { limit: 10, .. }), "{why:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_a_protocol_error_after_sending() {
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20));
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
    for answer in
        ["", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 20", &endless, short, "HTTP/1.1 200 OK\r\nbad\r\n\r\n"]
    {
        let url = parrot(answer.into()).await;
        let why = Client::new().send(plain(Method::Get, url)).await.unwrap_err();
        assert!(matches!(why, ClientError::Protocol { sent: true, .. }), "{why:?}");
    }
}

#[tokio::test]
async fn what_is_not_sent_as_it_says_is_not_sent() {
    let pin = Trust::Pinned(tls::self_signed("h").unwrap().certificate.into_bytes());
    for (url, trust) in [
        ("http://127.0.0.1:1/", pin),
        ("http://127.0.0.1:1/", Trust::Roots),
        ("http://127.0.0.1:1/", Trust::Insecure),
        ("https://127.0.0.1:1/", Trust::Plain),
        ("https://127.0.0.1:1/", Trust::Pinned(b"nothing".to_vec())),
        ("ftp://127.0.0.1:1/", Trust::Plain),
        ("file:///etc/passwd", Trust::Plain),
        ("http://user:secret@127.0.0.1:1/", Trust::Plain),
    ] {
        let outgoing = Outgoing::new(Method::Get, Url::parse(url).unwrap(), trust);
        assert!(!format!("{outgoing:?}").contains("secret"));
        let why = Client::new().send(outgoing).await.unwrap_err();
        assert!(matches!(why, ClientError::Unsendable { .. }) && !why.sent(), "{url}: {why:?}");
        assert!(!format!("{why} {why:?}").contains("secret"), "{why:?}");
    }
    let url = Url::parse("http://127.0.0.1:1/").unwrap();
    let why = Client::new().send(plain(Method::Other, url.clone())).await.unwrap_err();
    assert!(matches!(why, ClientError::Unsendable { .. }), "{why:?}");
    let mut split = plain(Method::Get, url);
    split.headers.push("X-Token", "a\r\nX-Other: b");
    let why = Client::new().send(split).await.unwrap_err();
    assert!(matches!(why, ClientError::Unsendable { .. }), "{why:?}");
}

#[tokio::test]
async fn a_download_reaches_its_sink_whole() {
    let server = Running::plain(Limits::default()).await;
    let mut outgoing = plain(Method::Get, server.url("http", "/big"));
    outgoing.answer_limit = 64 << 20;
    let mut sink = Vec::new();
    let done = Client::new().download(outgoing, &mut sink).await.unwrap();
    assert_eq!((done.status, done.bytes, sink.len()), (200, 64 << 20, 64 << 20));
    assert!(sink.iter().all(|byte| *byte == b'x'));
}

#[tokio::test]
async fn a_download_that_breaks_off_or_falls_silent_is_an_error() {
    let url = parrot(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()).await;
    let why = Client::new().download(plain(Method::Get, url), &mut Vec::new()).await.unwrap_err();
    assert!(matches!(why, ClientError::Protocol { sent: true, .. }), "{why:?}");

    let (listener, url) = mute("http").await;
    let outgoing = Outgoing { deadline: SHORT, ..plain(Method::Get, url) };
    let speak = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
        stream
    };
    let client = Client::new();
    let mut sink = Vec::new();
    let (_stream, silent) = tokio::join!(speak, client.download(outgoing, &mut sink));
    assert!(matches!(silent, Err(ClientError::Timeout { sent: true, .. })), "{silent:?}");
    assert_eq!(sink, b"half");
}

#[tokio::test]
async fn a_sink_that_is_full_is_told_apart_from_the_network() {
    let url = parrot(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhalf".to_vec()).await;
    let mut room = [0; 2];
    let mut sink = io::Cursor::new(&mut room[..]);
    let why = Client::new().download(plain(Method::Get, url), &mut sink).await.unwrap_err();
    assert!(matches!(why, ClientError::Sink { .. }), "{why:?}");
}

const DEADLINE: Duration = Duration::from_secs(10);
