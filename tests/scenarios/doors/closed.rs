//! The first start beyond loopback: a door that is closed, and what its owner is handed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::doors::{curl, told};
use crate::stage::daemon::Daemon;
use crate::stage::peers::folder;

/// What a first start printed: the authority's fingerprint and the token.
fn handed(daemon: &Daemon) -> (String, String) {
    let said = daemon.said();
    let after = |words: &str| {
        let line = said
            .iter()
            .find_map(|line| line.split_once(words))
            .unwrap_or_else(|| panic!("{words}: {said:?}"));
        line.1.trim().to_owned()
    };
    (after("SHA-256 of that certificate:"), after("shown this once:"))
}

#[test]
fn an_owner_is_handed_an_authority_and_a_token_once() {
    for listen in ["0.0.0.0:0", "[::]:0"] {
        let mut daemon = Daemon::start_with(&["--listen", listen, "--rack-listen", "127.0.0.1:0"]);
        let (print, token) = handed(&daemon);
        assert_eq!(print.len(), 95, "{print}");
        assert!(!daemon.log().contains(&token), "a token is no matter for the log");
        daemon.restart();
        let said = daemon.said().join("\n");
        assert!(!said.contains("once") && !said.contains(&print) && !said.contains(&token), "{said}");
        let url = own(&daemon);
        let ca = daemon.data().join("tls/ca.pem");
        let ca = ca.to_str().unwrap();
        let status = |more: &[&str], page: &str| {
            let page = format!("{url}{page}");
            let (_, said, error) =
                curl(&[&["--cacert", ca, "-o", "/dev/null", "-w", "%{http_code}"], more, &[&page]].concat());
            format!("{said}{error}")
        };
        assert_eq!(status(&[], "/v1/nodes"), "401", "nobody is let in without a login");
        assert_eq!(status(&["-H", "X-Auth-Token: x"], "/v1/nodes"), "401");
        assert_eq!(status(&["-H", &format!("X-Auth-Token: {token}")], "/v1/nodes"), "200");
        for public in ["/", "/v1", "/healthz", "/readyz"] {
            assert_eq!(status(&[], public), "200", "{public}");
        }
        let (_, said, _) = curl(&["-w", "%{http_code}", &format!("{}/v1", daemon.rack_url())]);
        assert!(said.ends_with("200"), "machines are asked for no login at their own door: {said}");
    }
}

#[test]
fn a_token_that_nobody_could_read_is_taken_back_and_a_lost_one_has_a_remedy() {
    let home = tempfile::TempDir::new().unwrap();
    let data = home.path().join("data");
    let data = data.to_str().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut deaf = Command::new(env!("CARGO_BIN_EXE_ferric"));
    deaf.args(["serve", "--listen", "0.0.0.0:0", "--data", data]).stdout(full);
    let output = deaf.stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && error.contains("could not be printed"), "{error}");
    let (print, first) = start_by_hand(data, &[]);
    assert_eq!(print.len(), 95, "who vouches for the host has not been told before");
    let (_, second) = start_by_hand(data, &["--new-token"]);
    assert_ne!(first, second);
    let (print, token) = start_by_hand(data, &[]);
    assert_eq!((print.as_str(), token.as_str()), ("", ""), "neither is told again");
}

/// Starts a daemon as a new owner does; the fingerprint and the token that it says, once its API has answered to that token.
fn start_by_hand(data: &str, more: &[&str]) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.args(["serve", "--listen", "0.0.0.0:0", "--data", data]).args(more).stderr(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let (mut print, mut token) = (String::new(), String::new());
    let api = lines.find_map(|line| {
        let after = |words: &str| line.split_once(words).map(|(_, rest)| rest.trim().to_owned());
        print = after("SHA-256 of that certificate:").unwrap_or(std::mem::take(&mut print));
        token = after("shown this once:").unwrap_or(std::mem::take(&mut token));
        after("ferric: API at https://0.0.0.0:")
    });
    if !token.is_empty() {
        let (url, bears) =
            (format!("https://127.0.0.1:{}/v1/nodes", api.unwrap()), format!("X-Auth-Token: {token}"));
        let ca = format!("{data}/tls/ca.pem");
        let (_, status, error) =
            curl(&["-o", "/dev/null", "-w", "%{http_code}", "--cacert", &ca, "-H", &bears, &url]);
        assert_eq!(status, "200", "{error}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (print, token)
}

#[test]
fn clients_get_in_with_what_was_handed_out() {
    let daemon = Daemon::start_with(&["--listen", "0.0.0.0:0"]);
    let (_, token) = handed(&daemon);
    let (url, ca) = (own(&daemon), daemon.data().join("tls/ca.pem"));
    let mut stock = Command::new(folder().join("clients/bin/baremetal"));
    stock.env_clear().envs([("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent"), ("NO_PROXY", "*")]);
    stock.envs([("OS_AUTH_TYPE", "admin_token"), ("OS_TOKEN", &token), ("OS_ENDPOINT", &url)]);
    stock.env("OS_CACERT", &ca).args(["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    let (code, said, error) = told(&mut stock);
    assert_eq!(code, 0, "{said}{error}");

    let ours = |token: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
        command.env_remove("FERRIC_TOKEN").env("HOME", "/nonexistent").env("FERRIC_CA", &ca);
        command.envs(token.map(|token| ("FERRIC_TOKEN", token)));
        told(command.args(["node", "list", "--url", &url]))
    };
    let (code, said, error) = ours(Some(&token));
    assert!(code == 0 && said.contains("n1"), "{said}{error}");
    let (code, _, error) = ours(None);
    assert!(code == 1 && error.contains("ferric token create"), "{error}");
}

#[test]
fn a_door_without_tls_or_login_is_opened_only_by_a_word() {
    let daemon = Daemon::start_with(&["--listen", "0.0.0.0:0", "--insecure"]);
    assert!(daemon.url().starts_with("http://"), "{}", daemon.url());
    assert_eq!(daemon.said(), Vec::<String>::new().as_slice());
    let (_, said, _) = curl(&["-w", "%{http_code}", &format!("{}/v1/nodes", own(&daemon))]);
    assert!(said.ends_with("200"), "{said}");
    assert!(!daemon.data().join("tls").exists());
}

/// The door by an address of this host.
fn own(daemon: &Daemon) -> String {
    daemon.url().replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")
}
