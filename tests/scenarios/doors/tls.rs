//! TLS with certificates of both makers, as curl, openssl, the stock client and our own see it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ferric::net::tls::self_signed;

use crate::doors::{configured, curl, place, talk, told};
use crate::stage::daemon::Daemon;
use crate::stage::peers::folder;

const OWN: &str = "[api]\nenable_ssl_api = true\n";

#[test]
fn strangers_believe_the_authority_and_nothing_else() {
    let (_home, config) = configured(OWN);
    let daemon = Daemon::start_with(&["--config", &config]);
    assert!(daemon.url().starts_with("https://127.0.0.1:"), "{}", daemon.url());
    let ca = daemon.data().join("tls/ca.pem");
    let ca = ca.to_str().unwrap();
    let (code, page, error) = curl(&["--cacert", ca, &format!("{}/v1", daemon.url())]);
    assert_eq!(code, 0, "{error}");
    assert!(page.contains(&format!("{}/v1/nodes/", daemon.url())), "links are of https: {page}");
    let (code, _, _) = curl(&[&format!("{}/v1", daemon.url())]);
    assert_eq!(code, 60, "curl: the peer's certificate cannot be authenticated");
    let by_name = daemon.url().replace("127.0.0.1", "localhost");
    assert_eq!(curl(&["--cacert", ca, &by_name]).0, 0, "it is known by name, too");

    for (version, is_spoken) in [("-tls1_2", true), ("-tls1_3", true), ("-tls1_1", false)] {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", place(daemon.url()), "-CAfile", ca]);
        let (code, said, error) =
            told(client.args(["-verify_return_error", "-verify_ip", "127.0.0.1", version]));
        assert_eq!(code == 0, is_spoken, "{version}: {said}{error}");
    }
    let (_, purpose, _) = told(Command::new("openssl").args(["x509", "-noout", "-purpose", "-in", ca]));
    assert!(purpose.contains("SSL server CA : Yes"), "{purpose}");
}

#[test]
fn the_stock_client_and_ours_ask_over_tls() {
    let (_home, config) = configured(OWN);
    let daemon = Daemon::start_with(&["--config", &config]);
    let ca = daemon.data().join("tls/ca.pem");
    let stock = |ca: &Path| {
        let mut command = Command::new(folder().join("clients/bin/baremetal"));
        command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent"), ("NO_PROXY", "*")]);
        command.env("OS_AUTH_TYPE", "none").env("OS_ENDPOINT", daemon.url()).env("OS_CACERT", ca);
        told(command.args(["node", "create", "--driver", "fake-hardware", "--name", "n1"]))
    };
    let (code, _, error) = stock(Path::new("/etc/hostname"));
    assert_ne!(code, 0, "no authority: {error}");
    let (code, said, error) = stock(&ca);
    assert_eq!(code, 0, "{said}{error}");

    let ours = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
        told(command.args(["node", "list", "--url", daemon.url()]).args(options))
    };
    let (code, said, error) = ours(&["--ca", ca.to_str().unwrap()]);
    assert!(code == 0 && said.contains("n1"), "{said}{error}");
    let (code, _, error) = ours(&[]);
    assert!(code == 1 && error.contains("--ca FILE or FERRIC_CA"), "{error}");
    let (code, _, error) = ours(&["--ca", "/etc/hostname"]);
    assert!(code == 2 && error.contains("no certificate in it"), "{error}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    let plain = daemon.url().replace("https:", "http:");
    let (code, _, error) = told(command.env("FERRIC_CA", &ca).args(["--url", &plain, "node", "list"]));
    assert!(code == 1 && error.contains("ask with https://"), "{error}");
}

#[test]
fn who_speaks_plain_http_to_it_is_told_so() {
    let (_home, config) = configured(OWN);
    let daemon = Daemon::start_with(&["--config", &config]);
    let answer = talk(daemon.url(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
}

#[test]
fn the_authority_is_told_once_and_stays_the_same() {
    let (_home, config) = configured(OWN);
    let mut daemon = Daemon::start_with(&["--config", &config]);
    let ca = daemon.data().join("tls/ca.pem");
    let mut openssl = Command::new("openssl");
    let (_, print, _) = told(openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(&ca));
    let print = print.trim().split('=').next_back().unwrap().to_owned();
    let said = daemon.said().join("\n");
    assert!(said.contains(&print) && said.contains(ca.to_str().unwrap()), "{print}\n{said}");
    let shown = |daemon: &Daemon| leaf(daemon.url());
    let first = shown(&daemon);
    daemon.restart();
    assert!(!daemon.said().join("\n").contains(&print), "{:?}", daemon.said());
    assert_ne!(shown(&daemon), first, "each start has a key of its own");
    let (code, _, error) = curl(&["--cacert", ca.to_str().unwrap(), daemon.url()]);
    assert_eq!(code, 0, "{error}");
}

#[test]
fn a_site_replaces_its_certificate_while_the_daemon_runs() {
    let home = tempfile::TempDir::new().unwrap();
    let [chain, key] = ["c.pem", "k.pem"].map(|name| home.path().join(name));
    let put = || {
        let made = self_signed("127.0.0.1").unwrap();
        fs::write(&chain, &made.certificate).unwrap();
        fs::write(&key, made.key.reveal()).unwrap();
    };
    put();
    let lines = format!(
        "[api]\nenable_ssl_api = true\n[ssl]\ncert_file = {chain:?}\nkey_file = {key:?}\n\
         [boot]\nhttps_listen = \"127.0.0.1:0\"\n"
    );
    let (_home, config) = configured(&lines);
    let daemon = Daemon::start_with(&["--config", &config]);
    let first = leaf(daemon.url());

    put();
    let hup = Command::new("/bin/kill").args(["-HUP", &daemon.pid().to_string()]).status().unwrap();
    assert!(hup.success());
    until(|| leaf(daemon.url()) != first);
    let second = leaf(daemon.url());
    fs::write(&key, "no key").unwrap();
    until(|| daemon.log().contains("a new certificate cannot be used"));
    assert_eq!(leaf(daemon.url()), second, "the door keeps what it has");
    put();
    until(|| leaf(daemon.url()) != second);
    assert_eq!(curl(&["--cacert", chain.to_str().unwrap(), daemon.url()]).0, 0);
    assert!(!daemon.log().contains("PRIVATE KEY"));
}

#[test]
fn a_site_that_wants_tls_1_3_gets_nothing_older() {
    let (_home, config) = configured(&format!("{OWN}server_tls_minimum_version = \"1.3\"\n"));
    let daemon = Daemon::start_with(&["--config", &config]);
    for (version, is_spoken) in [("-tls1_2", false), ("-tls1_3", true)] {
        let mut client = Command::new("openssl");
        let (code, _, error) = told(client.args(["s_client", "-connect", place(daemon.url()), version]));
        assert_eq!(code == 0, is_spoken, "{version}: {error}");
    }
}

/// The SHA-256 of the certificate that a door shows.
fn leaf(url: &str) -> String {
    let line = format!(
        "openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
        place(url)
    );
    let (code, said, error) = told(Command::new("sh").args(["-c", &line]));
    assert_eq!(code, 0, "{error}");
    said
}

fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not come to pass");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}
