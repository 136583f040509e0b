//! The simulator as a process, and the node that stands for it.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stock_agent::http::ask;

/// `ipmi_sim` on a free port of loopback.
pub struct Sim {
    home: TempDir,
    pub port: u16,
    child: Child,
}

impl Sim {
    pub fn start() -> Self {
        Self::with("", "")
    }

    /// With more lines of `lan.conf`, the channel's and the controller's.
    pub fn with(channel: &str, controller: &str) -> Self {
        let home = TempDir::new().unwrap();
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = home.path().display().to_string();
        let peers = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers/ipmi_sim");
        for name in ["lan.conf", "machine.emu", "chassis"] {
            let text = fs::read_to_string(peers.join(name)).unwrap();
            let text = text.replace("@HOME@", &place).replace("@PORT@", &port.to_string());
            let text = text.replace("@CHANNEL@", channel).replace("@CONTROLLER@", controller);
            fs::write(home.path().join(name), text).unwrap();
        }
        fs::set_permissions(home.path().join("chassis"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(home.path().join("power"), "0").unwrap();
        let child = spawn(&home);
        Self { home, port, child }
    }

    /// Another life of the BMC, which has forgotten its sessions.
    pub fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.home);
    }

    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap_or_default().trim().to_owned()
    }

    pub fn set(&self, name: &str, text: &str) {
        fs::write(self.home.path().join(name), text).unwrap();
    }

    /// What ipmitool, which is not ours, says of it.
    pub fn ipmitool(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let account =
            ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-U", "admin", "-P", "password", "-p", &port];
        let output = Command::new("/usr/bin/ipmitool").args(account).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
    }
}

fn spawn(home: &TempDir) -> Child {
    Command::new("/usr/bin/ipmi_sim")
        .args(["-n", "-c", "lan.conf", "-f", "machine.emu", "-s", "state"])
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("no ipmi_sim: run tests/run, it installs it")
}

/// The daemon, with `n1` enrolled: a machine whose BMC answers at `port`.
pub fn enrolled(port: u16, more: &Value) -> Daemon {
    let daemon = Daemon::start_with(&["--hardware", "ipmi"]);
    let mut info = json!({
        "ipmi_address": "127.0.0.1", "ipmi_port": port, "ipmi_username": "admin", "ipmi_password": "password",
    });
    info.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let node = json!({
        "name": "n1", "driver": "ipmi", "console_interface": "ipmitool-socat", "driver_info": info,
    });
    assert_eq!(ask(daemon.url(), "POST", "/v1/nodes", Some(&node)).unwrap().0, 201);
    daemon
}

/// The same, and the daemon has seen its power.
pub fn managed(port: u16, more: &Value) -> Daemon {
    let daemon = enrolled(port, more);
    manage(&daemon);
    wait_for("manageable", || field(&daemon, "provision_state") == "manageable");
    daemon
}

pub fn manage(daemon: &Daemon) {
    put(daemon, "provision", "manage");
}

/// Asks for a power state and waits for it.
pub fn switch(daemon: &Daemon, target: &str, seen: &str) {
    put(daemon, "power", target);
    wait_for(target, || {
        let node = node(daemon);
        assert_eq!(node["last_error"], Value::Null);
        node["target_power_state"].is_null() && node["power_state"] == seen
    });
}

fn put(daemon: &Daemon, what: &str, target: &str) {
    let path = format!("/v1/nodes/n1/states/{what}");
    let answer = ask(daemon.url(), "PUT", &path, Some(&json!({"target": target}))).unwrap();
    assert_eq!(answer.0, 202, "{answer:?}");
}

pub fn node(daemon: &Daemon) -> Value {
    ask(daemon.url(), "GET", "/v1/nodes/n1", None).unwrap().1
}

pub fn field(daemon: &Daemon, name: &str) -> Value {
    node(daemon)[name].clone()
}

/// A page of ours; it must be had.
pub fn page(daemon: &Daemon, name: &str) -> Value {
    let (status, page) = ask(daemon.url(), "GET", &format!("/ferric/v1/nodes/n1/{name}"), None).unwrap();
    assert_eq!(status, 200, "{page}");
    page
}

pub fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}
