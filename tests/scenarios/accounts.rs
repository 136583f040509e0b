//! Logging in with the stock clients, with passwords and with tokens, and with our own command line.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::peers::{Cli, python_as};

/// A daemon with two users, alice who may everything and rita who may look.
fn with_users() -> (Daemon, TempDir) {
    let home = TempDir::new().unwrap();
    let users = home.path().join("htpasswd");
    let line = |name: &str| format!("{name}:{}\n", bcrypt::hash(format!("{name}-secret"), 5).unwrap());
    std::fs::write(&users, line("alice") + &line("rita")).unwrap();
    let config = home.path().join("ferric.toml");
    let text = format!(
        "[auth]\nstrategy = \"http_basic\"\nuser_file = \"{}\"\nroles = {{rita = \"reader\"}}\n",
        users.display()
    );
    std::fs::write(&config, text).unwrap();
    let daemon = Daemon::start_with(&["--config", config.to_str().unwrap()]);
    (daemon, home)
}

fn user(name: &'static str, password: &'static str) -> [(&'static str, &'static str); 3] {
    [("OS_AUTH_TYPE", "http_basic"), ("OS_USERNAME", name), ("OS_PASSWORD", password)]
}

fn ferric(url: &str, login: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.env_clear().env("FERRIC_URL", url).envs(login.iter().copied()).args(arguments);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn users_of_a_password_file_log_in_with_the_stock_clients() {
    let (daemon, _home) = with_users();
    let (alice, rita) = (user("alice", "alice-secret"), user("rita", "rita-secret"));
    let cli = Cli::with(daemon.url(), &alice);
    cli.ok(&["node", "create", "--driver", "fake-hardware", "--name", "kept"]);
    assert_eq!(cli.names(&[]), ["kept"]);
    let looker = Cli::with(daemon.url(), &rita);
    assert_eq!(looker.names(&[]), ["kept"]);
    assert!(looker.refused(&["node", "delete", "kept"]).contains("operator"));
    let wrong = Cli::with(daemon.url(), &user("alice", "rita-secret")).refused(&["node", "list"]);
    assert!(wrong.contains("Incorrect username or password") || wrong.contains("401"), "{wrong}");
    Cli::new(daemon.url()).refused(&["node", "list"]);
    python_as("accounts", daemon.url(), &alice, &["all"]);
    python_as("accounts", daemon.url(), &rita, &["look"]);
    assert!(!daemon.log().contains("-secret"), "a password is in the log");
}

#[test]
fn tokens_made_with_our_command_line_work_with_the_stock_clients_until_they_are_revoked() {
    let (daemon, home) = with_users();
    let (url, alice) = (daemon.url(), user("alice", "alice-secret"));
    said(&ferric(url, &alice, &["node", "create", "kept", "--driver", "fake-hardware"]));
    let token =
        said(&ferric(url, &alice, &["token", "create", "ci", "--role", "operator", "--expires", "1h"]));
    assert!(token.starts_with("ferric_") && !token.contains(char::is_whitespace), "{token}");
    let look = said(&ferric(url, &alice, &["token", "create", "look", "--json"]));
    let look: Value = serde_json::from_str(&look).unwrap();
    let as_token = [("OS_AUTH_TYPE", "admin_token"), ("OS_TOKEN", token.as_str())];
    let as_password =
        [("OS_AUTH_TYPE", "http_basic"), ("OS_USERNAME", "token"), ("OS_PASSWORD", token.as_str())];
    for login in [as_token.as_slice(), as_password.as_slice()] {
        assert_eq!(Cli::with(url, login).names(&[]), ["kept"]);
        python_as("accounts", url, login, &["all"]);
    }
    let reader = [("OS_AUTH_TYPE", "admin_token"), ("OS_TOKEN", look["token"].as_str().unwrap())];
    python_as("accounts", url, &reader, &["look"]);
    let file = home.path().join("token");
    std::fs::write(&file, format!("{token}\n")).unwrap();
    let kept = ["--token-file", file.to_str().unwrap(), "node", "list", "--json"];
    assert!(said(&ferric(url, &[], &kept)).contains("kept"));
    let listed = said(&ferric(url, &alice, &["token", "list"]));
    assert!(listed.contains("ci") && listed.contains("operator") && !listed.contains(&token), "{listed}");
    let refused = ferric(url, &[("FERRIC_TOKEN", token.as_str())], &["token", "list"]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && why.contains("admin") && why.contains("ferric token create"),
        "{why}"
    );
    said(&ferric(url, &alice, &["token", "revoke", "ci"]));
    Cli::with(url, &as_token).refused(&["node", "list"]);
    let gone = ferric(url, &[("FERRIC_TOKEN", token.as_str())], &["node", "list"]);
    let why = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(why.contains("revoked") && why.contains("--token-file"), "{why}");
    let audit = said(&ferric(url, &alice, &["audit", "--limit", "200"]));
    assert!(
        audit.contains("token:ci") && audit.contains("POST /v1/nodes") && audit.contains("alice"),
        "{audit}"
    );
    assert!(!daemon.log().contains(&token) && !audit.contains(&token));
}
