//! `/healthz` and `/readyz`, as those ask who watch a service.

use crate::doors::{configured, curl};
use crate::stage::daemon::Daemon;

#[test]
fn who_watches_learns_that_the_daemon_is_ready() {
    let daemon = Daemon::start_with_rack();
    for page in ["healthz", "readyz"] {
        let (_, said, _) = curl(&["-w", " %{http_code}", &format!("{}/{page}", daemon.url())]);
        assert!(said.ends_with(" 200"), "{page}: {said}");
        let (_, head, _) = curl(&["-I", &format!("{}/{page}", daemon.url())]);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    }
    let (_, said, _) = curl(&["-w", " %{http_code}", &format!("{}/readyz", daemon.rack_url())]);
    assert!(said.ends_with(" 404"), "it is the operator's door that tells: {said}");
}

#[test]
fn a_rack_door_that_waits_for_its_address_makes_the_daemon_not_ready() {
    let daemon = Daemon::start_with(&["--rack-listen", "192.0.2.77:0"]);
    let (_, said, _) = curl(&["-w", " %{http_code}", &format!("{}/readyz", daemon.url())]);
    assert!(said.ends_with(" 503") && said.contains("192.0.2.77"), "{said}");
    let (_, said, _) = curl(&["-w", " %{http_code}", &format!("{}/healthz", daemon.url())]);
    assert!(said.ends_with(" 200"), "it is alive all the same: {said}");
}

#[test]
fn it_is_told_over_tls_too() {
    let (_home, config) = configured("[api]\nenable_ssl_api = true\n");
    let daemon = Daemon::start_with(&["--config", &config]);
    let (_, said, error) = curl(&["-k", &format!("{}/readyz", daemon.url())]);
    assert_eq!(said, r#"{"ready":true,"reasons":[]}"#, "{error}");
}
