//! The simulated BMC through clients that others wrote: ipmitool, `FreeIPMI`, pyghmi.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;

use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::twin::ipmi::service::Service;
use ferric::twin::ipmi::settings::Settings;
use ferric::twin::ipmi::weather::Faults;
use ferric::twin::progress::BootFrom;
use ferric::twin::progress::Power;
use ferric::twin::server::Server;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::peers;

/// A server that is off, and its BMC.
struct Rig {
    runtime: Runtime,
    server: Server,
    bmc: Service,
    home: TempDir,
}

impl Rig {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let home = TempDir::new().unwrap();
        let mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
        let settings = ferric::twin::settings::Settings::new("b1", mac, home.path(), "http://127.0.0.1:1");
        let (server, bmc) = runtime.block_on(async {
            let server = Server::new(settings, Arc::new(RealClock::new())).unwrap();
            server.boot_from(BootFrom::Disk);
            let bmc =
                Service::start(&server, Settings::new("admin", "secret"), "127.0.0.1:0".parse().unwrap());
            (server.clone(), bmc.await.unwrap())
        });
        Self { runtime, server, bmc, home }
    }

    fn port(&self) -> String {
        self.bmc.address().port().to_string()
    }

    fn has_power(&self, power: Power) {
        self.runtime.block_on(self.server.wait_for(|seen| seen.power == power));
    }

    fn ipmitool(&self, options: &[&str], words: &[&str]) -> String {
        let account = ["-H", "127.0.0.1", "-U", "admin", "-P", "secret", "-p", &self.port()];
        self.run("ipmitool", &[&account, options, words].concat())
    }

    fn freeipmi(&self, program: &str, words: &[&str]) -> String {
        let host = format!("127.0.0.1:{}", self.port());
        let account = ["-h", &host, "-u", "admin", "-p", "secret", "-D", "LAN_2_0"];
        self.run(program, &[&account, words].concat())
    }

    /// Runs it; it must succeed. What it printed.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).env("HOME", self.home.path());
        let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}: run tests/run"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{program} {arguments:?}: {}\n{said}\n{complained}", output.status);
        said
    }
}

const NEW: &[&str] = &["-I", "lanplus", "-C", "17"];

#[test]
fn ipmitool_is_content_with_each_protocol() {
    let rig = Rig::start();
    for options in [NEW, &["-I", "lanplus", "-C", "3"], &["-I", "lan"], &["-I", "lan", "-A", "PASSWORD"]] {
        assert_eq!(rig.ipmitool(options, &["power", "status"]), "Chassis Power is off\n", "{options:?}");
    }
    assert_eq!(rig.bmc.seen().refused, 0);
}

#[test]
fn ipmitool_presses_the_server_s_button_and_steers_its_boot() {
    let rig = Rig::start();
    rig.ipmitool(NEW, &["chassis", "bootdev", "disk", "options=efiboot"]);
    assert!(rig.ipmitool(NEW, &["chassis", "bootparam", "get", "5"]).contains("a008000000"));
    rig.ipmitool(NEW, &["power", "on"]);
    rig.has_power(Power::On);
    assert!(rig.ipmitool(NEW, &["chassis", "bootparam", "get", "5"]).contains("Boot Flag Invalid"));
    rig.ipmitool(NEW, &["power", "cycle"]);
    rig.runtime.block_on(rig.server.wait_for(|seen| seen.boots == 2));
    rig.ipmitool(NEW, &["power", "soft"]);
    rig.has_power(Power::Off);
    assert!(rig.ipmitool(NEW, &["sel", "list"]).contains("Power off/down | Asserted"));
}

#[test]
fn ipmitool_reads_all_that_a_bmc_has() {
    let rig = Rig::start();
    rig.ipmitool(NEW, &["power", "on"]);
    rig.has_power(Power::On);
    let sensors = rig.ipmitool(NEW, &["sdr", "list"]);
    assert!(sensors.lines().count() > 20 && sensors.contains("ME Temp"), "{sensors}");
    assert!(rig.ipmitool(NEW, &["sdr", "-v"]).contains("Upper critical"));
    assert!(rig.ipmitool(NEW, &["sensor"]).contains("Fan 1"));
    assert!(rig.ipmitool(NEW, &["fru"]).contains("Product Serial        : b1"));
    assert!(rig.ipmitool(NEW, &["mc", "info"]).contains("IPMI Version              : 2.0"));
    assert!(rig.ipmitool(NEW, &["mc", "guid"]).contains("System GUID"));
    assert!(rig.ipmitool(NEW, &["dcmi", "power", "reading"]).contains("activated"));
    let satellite = rig.ipmitool(&[NEW, &["-t", "0x2c", "-b", "6"]].concat(), &["mc", "info"]);
    assert!(satellite.contains("Device ID                 : 80"), "{satellite}");
}

#[test]
fn ipmitool_talks_on_the_serial_console() {
    let rig = Rig::start();
    rig.ipmitool(NEW, &["power", "on"]);
    rig.has_power(Power::On);
    let ipmitool = format!(
        "(sleep 1; printf 'hello\\r'; sleep 1; printf '~.') | script -qec \
         'ipmitool -I lanplus -C 17 -H 127.0.0.1 -U admin -P secret -p {} sol activate' /dev/null",
        rig.port()
    );
    let said = rig.run("sh", &["-c", &ipmitool]);
    assert!(said.contains("twin login:") && said.contains("you said: hello"), "{said}");
}

#[test]
fn ipmitool_gets_through_a_lossy_network() {
    let rig = Rig::start();
    let faults = Faults { lose_answers: 5, duplicate: 3, reorder: 7, ..Faults::default() };
    rig.bmc.fail(faults);
    assert!(rig.ipmitool(&[NEW, &["-N", "1", "-R", "6"]].concat(), &["sel", "list"]).contains("Log area"));
}

#[test]
fn freeipmi_is_content() {
    let rig = Rig::start();
    for suite in ["3", "17"] {
        assert!(rig.freeipmi("ipmi-power", &["-I", suite, "--stat"]).ends_with(": off\n"));
    }
    rig.freeipmi("ipmi-power", &["-I", "17", "--on", "--wait-until-on"]);
    assert_eq!(rig.server.power(), Power::On);
    assert!(rig.freeipmi("bmc-info", &["-I", "17"]).contains("Chassis Device        : supported"));
    assert!(rig.freeipmi("ipmi-sensors", &["-I", "17"]).contains("CPU1 Temp"));
    assert!(rig.freeipmi("ipmi-sel", &["-I", "3"]).contains("Log Area Reset/Cleared"));
    assert!(rig.freeipmi("ipmi-fru", &["-I", "3"]).contains("FRU Product Serial Number: b1"));
}

#[test]
fn pyghmi_is_content_with_both_suites() {
    for suites in [vec![17, 3], vec![3]] {
        let rig = Rig::start();
        rig.bmc.configure(|settings| settings.suites = suites);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/py/bmc.py");
        let python = peers::folder().join("bmc/bin/python");
        let said = rig.run(python.to_str().unwrap(), &["-B", script.to_str().unwrap(), &rig.port()]);
        let seen: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&seen["before"], &seen["after"]), (&"off".into(), &"on".into()));
        assert_eq!(seen["boot"]["bootdev"], "network");
        assert_eq!(seen["boot"]["uefimode"], true);
        assert!(seen["sensors"].as_array().unwrap().len() > 20);
        assert_eq!(seen["serial"], "b1");
        assert_eq!(rig.server.power(), Power::Off);
    }
}
