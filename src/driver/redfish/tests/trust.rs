//! Whom a connection may lead to: every form of `redfish_verify_ca`, pins, and trust on first use.

use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::{node, rack};
use crate::base::moment::Moment;
use crate::base::time::Later;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::access::hex;
use crate::model::bmc::Pin;
use crate::net::http::{Request, Response};
use crate::net::server::limits::Limits;
use crate::net::server::{Service, serve_tls};
use crate::net::tls::{Identity, ServerTls, TlsFloor, certificate_der, self_signed};

/// Serves every path alike, to who logs in by name.
struct Bmc;

impl Service for Bmc {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let status = if request.path.contains("Session") { 404 } else { 200 };
            Response::json(status, br#"{"PowerState": "On"}"#.to_vec())
        })
    }
}

/// A BMC under a certificate of its own; it ends with the token's guard.
struct Running {
    identity: Identity,
    port: u16,
    _stop: tokio_util::sync::DropGuard,
}

impl Running {
    async fn start() -> Self {
        Self::named("127.0.0.1").await
    }

    /// Under a certificate for that name.
    async fn named(name: &str) -> Self {
        let identity = self_signed(name).unwrap();
        let tls =
            ServerTls::from_pem(identity.certificate.as_bytes(), &identity.key, TlsFloor::Tls12).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, stop) = (listener.local_addr().unwrap().port(), CancellationToken::new());
        tokio::spawn(serve_tls(listener, tls, Arc::new(Bmc), Limits::default(), stop.clone()));
        Self { identity, port, _stop: stop.drop_guard() }
    }

    fn print(&self) -> String {
        let der = certificate_der(self.identity.certificate.as_bytes()).unwrap();
        hex(&Sha256::digest(der))
    }

    /// Reads the system under these settings.
    async fn read(&self, more: Value) -> Result<(), String> {
        let server = Server::of(&rack(), &node(self.info(more))).map_err(|error| error.to_string())?;
        server.system().await.map(|_| ()).map_err(|error| error.to_string())
    }

    fn info(&self, more: Value) -> Value {
        let mut info = json!({"redfish_address": format!("https://127.0.0.1:{}", self.port),
            "redfish_username": "admin", "redfish_password": "hunter2", "redfish_system_id": "/redfish/v1/Systems/1"});
        let Value::Object(more) = more else { panic!("an object") };
        info.as_object_mut().unwrap().extend(more);
        info
    }
}

#[tokio::test]
async fn nobody_is_checked_only_if_so_told() {
    let bmc = Running::start().await;
    for word in [json!(false), json!("False"), json!("no")] {
        assert_eq!(bmc.read(json!({ "redfish_verify_ca": word })).await, Ok(()));
    }
    for word in [json!({"redfish_verify_ca": true}), json!({"redfish_verify_ca": "true"}), json!({})] {
        let error = bmc.read(word).await.unwrap_err();
        assert!(error.contains("TLS") || error.contains("certificate"), "{error}");
        assert!(error.contains("127.0.0.1") && error.matches("no TLS with").count() == 1, "{error}");
        assert!(error.contains(&bmc.print()) && error.contains("redfish_tls_pin"), "{error}");
    }
}

#[tokio::test]
async fn a_listed_certificate_is_good_for_its_own_names_only() {
    let bmc = Running::named("other.example").await;
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("bmc.pem");
    std::fs::write(&file, &bmc.identity.certificate).unwrap();
    let error = bmc.read(json!({ "redfish_verify_ca": file })).await.unwrap_err();
    assert!(error.contains("not for the host in redfish_address") && error.contains(&bmc.print()), "{error}");
}

#[tokio::test]
async fn plain_http_under_an_https_address_is_told_as_such() {
    let url = ancient(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let info = json!({"redfish_address": url, "redfish_verify_ca": false, "redfish_system_id": "/s"});
    let error = Server::of(&rack(), &node(info)).unwrap().system().await.unwrap_err().to_string();
    assert!(error.contains("begin redfish_address with http://"), "{error}");
}

#[tokio::test]
async fn authorities_are_read_from_a_file_or_a_folder() {
    let bmc = Running::start().await;
    let home = tempfile::tempdir().unwrap();
    let (file, other) = (home.path().join("own").join("bmc.pem"), home.path().join("other.pem"));
    std::fs::create_dir(home.path().join("own")).unwrap();
    std::fs::write(&file, &bmc.identity.certificate).unwrap();
    std::fs::write(&other, self_signed("127.0.0.1").unwrap().certificate).unwrap();
    for path in [file.as_path(), file.parent().unwrap()] {
        assert_eq!(bmc.read(json!({ "redfish_verify_ca": path })).await, Ok(()));
    }
    let error = bmc.read(json!({ "redfish_verify_ca": other })).await.unwrap_err();
    assert!(error.contains("no TLS with") && error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn a_bad_path_is_told_before_anything_is_sent() {
    let bmc = Running::start().await;
    let error = bmc.read(json!({"redfish_verify_ca": "/nowhere/ca.pem"})).await.unwrap_err();
    assert!(error.contains("redfish_verify_ca"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = bmc.read(json!({ "redfish_verify_ca": empty.path() })).await.unwrap_err();
    assert!(error.contains("certificate authorities"), "{error}");
}

#[tokio::test]
async fn a_pin_is_the_certificate() {
    let bmc = Running::start().await;
    let pin = bmc.print();
    assert_eq!(bmc.read(json!({ "redfish_tls_pin": pin })).await, Ok(()));
    let loud = format!("sha256:{}", pin.to_uppercase());
    assert_eq!(bmc.read(json!({ "redfish_tls_pin": loud })).await, Ok(()));
    let other = "ab".repeat(32);
    let error = bmc.read(json!({ "redfish_tls_pin": other, "redfish_verify_ca": false })).await.unwrap_err();
    assert!(error.contains(&other) && error.contains(&pin), "both fingerprints: {error}");
}

#[tokio::test]
async fn the_first_certificate_is_kept_and_another_one_refused() {
    let (first, second) = (Running::start().await, Running::start().await);
    let trusting = json!({"redfish_tls_trust_first": true});
    let server = Server::of(&rack(), &node(first.info(trusting.clone()))).unwrap();
    server.system().await.unwrap();
    assert_eq!(server.talk.slot().known().pin, Some(first.print()));
    let mut known = node(second.info(trusting));
    known.bmc.pin = Some(Pin { sha256: first.print(), first_seen: Moment(0), met: None });
    let error = Server::of(&rack(), &known).unwrap().system().await.unwrap_err().to_string();
    assert!(error.contains(&first.print()) && error.contains(&second.print()), "both fingerprints: {error}");
    assert!(error.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn what_this_library_cannot_do_is_said() {
    let bmc = Running::start().await;
    let error = bmc.read(json!({"redfish_tls_minimum_version": "1.1"})).await.unwrap_err();
    assert!(error.contains("TLS 1.1 is not spoken") && error.contains("1.2"), "{error}");
    let error = bmc.read(json!({"redfish_tls_ciphers": "DEFAULT:@SECLEVEL=0"})).await.unwrap_err();
    assert!(error.contains("redfish_tls_ciphers") && error.contains("cannot be honoured"), "{error}");
}

/// A BMC of long ago: it answers any greeting with this.
async fn ancient(answer: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            if stream.read(&mut hello).await.is_ok() {
                stream.write_all(answer).await.ok();
            }
        }
    });
    format!("https://{address}")
}

#[tokio::test]
async fn a_bmc_with_old_tls_is_told_as_such() {
    // Alerts protocol_version and handshake_failure of TLS 1.1 (RFC 4346, 7.2.2).
    for answer in [b"\x15\x03\x02\x00\x02\x02\x46".as_slice(), b"\x15\x03\x02\x00\x02\x02\x28"] {
        let url = ancient(answer).await;
        let info = json!({"redfish_address": url, "redfish_verify_ca": false, "redfish_system_id": "/s"});
        let error = Server::of(&rack(), &node(info)).unwrap().system().await.unwrap_err().to_string();
        assert!(error.contains("TLS 1.2") && error.contains("127.0.0.1"), "{error}");
    }
}
