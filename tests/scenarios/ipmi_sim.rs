//! A machine whose BMC is OpenIPMI's simulator: the operator works it through the daemon, in cipher suite 3.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::peers::Cli;

/// `ipmi_sim` on a free port of loopback; its power and boot device are files.
struct Sim {
    home: TempDir,
    port: u16,
    child: Child,
}

impl Sim {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let place = home.path().display().to_string();
        let peers = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers/ipmi_sim");
        for name in ["lan.conf", "machine.emu", "chassis"] {
            let text = fs::read_to_string(peers.join(name)).unwrap();
            let text = text.replace("@HOME@", &place).replace("@PORT@", &port.to_string());
            fs::write(home.path().join(name), text).unwrap();
        }
        fs::set_permissions(home.path().join("chassis"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(home.path().join("power"), "0").unwrap();
        let child = Command::new("/usr/bin/ipmi_sim")
            .args(["-n", "-c", "lan.conf", "-f", "machine.emu", "-s", "state"])
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("no ipmi_sim: run tests/run, it installs it");
        Self { home, port, child }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.home.path().join(name)).unwrap_or_default().trim().to_owned()
    }

    /// What ipmitool, which is not ours, says of it.
    fn ipmitool(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("/usr/bin/ipmitool")
            .args([
                "-I",
                "lanplus",
                "-C",
                "3",
                "-H",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "admin",
                "-P",
                "password",
            ])
            .args(words)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn create(&self, cli: &Cli, password: &str) {
        let info = [
            "ipmi_address=127.0.0.1".to_owned(),
            format!("ipmi_port={}", self.port),
            "ipmi_username=admin".to_owned(),
            format!("ipmi_password={password}"),
        ];
        let mut words = vec!["node", "create", "--driver", "ipmi", "--name", "n1"];
        for one in &info {
            words.extend(["--driver-info", one]);
        }
        cli.ok(&words);
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
    }
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

#[test]
fn an_operator_works_a_machine_over_ipmi() {
    let sim = Sim::start();
    let daemon = Daemon::start_with(&["--hardware", "ipmi"]);
    let cli = Cli::new(daemon.url());
    sim.create(&cli, "password");
    cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    assert_eq!(cli.field("n1", "power_state"), "power off");
    cli.ok(&["node", "power", "on", "n1", "--power-timeout", "60"]);
    wait_for("power on", || cli.field("n1", "power_state") == "power on");
    assert_eq!(sim.file("power"), "1");
    assert!(sim.ipmitool(&["chassis", "power", "status"]).contains("is on"));
    cli.ok(&["node", "boot", "device", "set", "n1", "cdrom", "--persistent"]);
    assert_eq!(sim.file("boot"), "cdrom");
    assert_eq!(cli.json(&["node", "boot", "device", "show", "n1"])["boot_device"], "cdrom");
    cli.ok(&["node", "power", "off", "n1", "--power-timeout", "60"]);
    wait_for("power off", || cli.field("n1", "power_state") == "power off");
    assert_eq!(sim.file("power"), "0");
}

#[test]
fn an_operator_who_mistypes_the_password_is_told_and_the_account_is_left_alone() {
    let sim = Sim::start();
    let daemon = Daemon::start_with(&["--hardware", "ipmi"]);
    let cli = Cli::new(daemon.url());
    sim.create(&cli, "mistyped");
    cli.ok(&["node", "manage", "n1"]);
    wait_for("the refusal", || {
        cli.field("n1", "last_error").as_str().is_some_and(|said| said.contains("refused the log-in"))
    });
    assert_eq!(cli.field("n1", "provision_state"), "enroll");
}
