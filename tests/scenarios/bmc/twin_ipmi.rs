//! The simulated BMC through clients that others wrote: ipmitool here, `FreeIPMI` and pyghmi beside it.

mod freeipmi;
mod pyghmi;

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;

use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::twin::ipmi::service::Service;
use ferric::twin::ipmi::service::StartError;
use ferric::twin::ipmi::settings::Settings;
use ferric::twin::ipmi::weather::Faults;
use ferric::twin::progress::BootFrom;
use ferric::twin::progress::Power;
use ferric::twin::server::Server;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::stage::typist::Typist;

/// A server that is off, and its BMC.
struct Rig {
    runtime: Runtime,
    server: Server,
    bmc: Service,
    home: TempDir,
}

impl Rig {
    /// On a free port of loopback.
    fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    /// At an address; the error says why it cannot be had.
    fn start_at(address: SocketAddr) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let home = TempDir::new().unwrap();
        let mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
        let settings = ferric::twin::settings::Settings::new("b1", mac, home.path(), "http://127.0.0.1:1");
        let started = runtime.block_on(async {
            let server = Server::new(settings, Arc::new(RealClock::new())).unwrap();
            server.boot_from(BootFrom::Disk);
            let bmc = Service::start(&server, Settings::new("admin", "secret"), address).await;
            (server, bmc)
        });
        let (server, bmc) = started;
        let bmc = match bmc {
            Ok(bmc) => bmc,
            Err(StartError::Bind { source, .. }) => return Err(source),
        };
        Ok(Self { runtime, server, bmc, home })
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
    assert!(rig.ipmitool(NEW, &["sel", "info"]).contains("Entries          : 2"));
    assert!(rig.ipmitool(NEW, &["sel", "time", "get"]).contains("UTC"));
    assert!(rig.ipmitool(NEW, &["user", "list", "1"]).contains("admin"));
    assert!(rig.ipmitool(NEW, &["lan", "print", "1"]).contains("IP Address              : 127.0.0.1"));
    assert!(rig.ipmitool(NEW, &["channel", "getciphers", "ipmi", "1"]).contains("17"));
    assert!(rig.ipmitool(NEW, &["chassis", "status"]).contains("System Power         : on"));
    assert!(rig.ipmitool(NEW, &["chassis", "identify", "5"]).contains("Chassis identify interval"));
    assert!(rig.ipmitool(NEW, &["raw", "6", "1"]).starts_with(" 20 01 "));
    let satellite = rig.ipmitool(&[NEW, &["-t", "0x2c", "-b", "6"]].concat(), &["mc", "info"]);
    assert!(satellite.contains("Device ID                 : 80"), "{satellite}");
}

#[test]
fn ipmitool_talks_on_the_serial_console_in_each_suite() {
    let rig = Rig::start();
    rig.ipmitool(NEW, &["power", "on"]);
    rig.has_power(Power::On);
    for suite in ["3", "17"] {
        assert!(rig.ipmitool(&["-I", "lanplus", "-C", suite], &["sol", "info"]).contains("115.2"));
        let account = format!("-H 127.0.0.1 -U admin -P secret -p {}", rig.port());
        let mut typist = Typist::at(&format!("ipmitool -I lanplus -C {suite} {account} sol activate"));
        typist.reads("SOL Session operational");
        typist.types("hello\r");
        typist.reads("you said: hello");
        typist.types("~.");
        typist.leaves();
    }
}

#[test]
fn ipmitool_gets_through_a_lossy_network() {
    let rig = Rig::start();
    let faults = Faults { lose_answers: 5, duplicate: 3, reorder: 7, ..Faults::default() };
    rig.bmc.fail(faults);
    assert!(rig.ipmitool(&[NEW, &["-N", "1", "-R", "6"]].concat(), &["sel", "list"]).contains("Log area"));
}
