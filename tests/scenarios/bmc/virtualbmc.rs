//! A virtual machine whose BMC is virtualbmc, cipher suite 3: the operator works it through the daemon.
//!
//! What virtualbmc cannot do: sensors, SEL and FRU, BMC reset, boot once (it shows every choice as valid once more),
//! and another boot device while the machine runs: it shows that of the running machine until the next power-on.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::machine::free_port;
use crate::stage::peer_process::PeerProcess;
use crate::stage::peer_process::until;
use crate::stage::peers;
use crate::stage::peers::Cli;

#[test]
fn an_operator_works_a_virtual_machine() {
    let bmc = VirtualBmc::start();
    let daemon = Daemon::start_with(&["--hardware", "ipmi"]);
    let cli = Cli::new(daemon.url());
    bmc.enrol(&cli);
    let has_power = |state: &str, word: &str| {
        until(state, || cli.field("n1", "power_state") == state);
        assert!(bmc.ipmitool(&["power", "status"]).ends_with(&format!("is {word}\n")));
    };
    has_power("power on", "on");
    cli.ok(&["node", "power", "off", "--soft", "n1"]);
    has_power("power off", "off");
    let device = || cli.json(&["node", "boot", "device", "show", "n1"])["boot_device"].clone();
    for (name, code) in [("pxe", "8004000000"), ("cdrom", "8014000000")] {
        cli.ok(&["node", "boot", "device", "set", "n1", name]);
        assert_eq!(device(), name);
        assert!(bmc.ipmitool(&["chassis", "bootparam", "get", "5"]).contains(code));
    }
    cli.ok(&["node", "power", "on", "n1"]);
    has_power("power on", "on");
    let refused = cli.refused(&["node", "boot", "device", "set", "n1", "disk"]);
    assert!(refused.contains("accepted but not applied: asked for disk"), "{refused}");
    cli.ok(&["node", "reboot", "n1"]);
    until("the machine has rebooted", || device() == "disk");
    until("the reboot ends", || cli.field("n1", "target_power_state") == json!(null));
    has_power("power on", "on");
    cli.ok(&["node", "inject", "nmi", "n1"]);
    cli.ok(&["node", "power", "off", "n1"]);
    has_power("power off", "off");
    assert_eq!(cli.field("n1", "last_error"), json!(null));
}

#[test]
fn an_operator_is_told_what_the_bmc_lacks() {
    let bmc = VirtualBmc::start();
    let daemon = Daemon::start_with(&["--hardware", "ipmi"]);
    let cli = Cli::new(daemon.url());
    bmc.enrol(&cli);
    cli.ok(&["node", "passthru", "call", "n1", "send_raw", "--arg", "raw_bytes=0x06 0x01"]);
    cli.ok(&["node", "passthru", "call", "n1", "bmc_reset", "--arg", "warm=true"]);
    let error = || cli.field("n1", "last_error").as_str().unwrap_or_default().to_owned();
    until("the reset is refused", || error().contains("BMC reset"));
    assert!(error().contains("invalid command (completion code c1h)"), "{}", error());
}

/// virtualbmc on a free port of loopback, with a machine that is on.
struct VirtualBmc {
    _process: PeerProcess,
    _home: TempDir,
    port: u16,
}

impl VirtualBmc {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let port = free_port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/py/virtual_bmc.py");
        let mut command = Command::new(peers::folder().join("bmc/bin/python"));
        command.arg("-B").arg(script).arg(port.to_string()).env("HOME", home.path());
        let process = PeerProcess::start(&mut command, home.path(), "listening");
        Self { _process: process, _home: home, port }
    }

    /// The node `n1`, verified.
    fn enrol(&self, cli: &Cli) {
        let port = format!("ipmi_port={}", self.port);
        let settings = ["ipmi_address=127.0.0.1", &port, "ipmi_username=admin", "ipmi_password=password"];
        let settings = settings.iter().flat_map(|&setting| ["--driver-info", setting]);
        let words = ["node", "create", "--driver", "ipmi", "--name", "n1"];
        cli.ok(&words.into_iter().chain(settings).collect::<Vec<_>>());
        cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    }

    /// What ipmitool, which is not ours, says of it.
    fn ipmitool(&self, words: &[&str]) -> String {
        let account = ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-U", "admin", "-P", "password", "-p"];
        let output =
            Command::new("ipmitool").args(account).arg(self.port.to_string()).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
