//! The simulated BMC through `FreeIPMI`, which is strict, in suites 3 and 17.

use std::io;

use ferric::twin::progress::Power;

use super::Rig;
use crate::stage::typist::Typist;

const SUITES: [&str; 2] = ["3", "17"];

impl Rig {
    /// One of its programs in a suite.
    fn freeipmi(&self, suite: &str, program: &str, words: &[&str]) -> String {
        let host = self.bmc.address().to_string();
        let account = ["-D", "LAN_2_0", "-h", &host, "-u", "admin", "-p", "secret", "-I", suite];
        self.run(program, &[&account, words].concat())
    }

    /// One of its programs that keep what they know of sensors in a file.
    fn freeipmi_knowing(&self, suite: &str, program: &str, words: &[&str]) -> String {
        let cache = self.home.path().display().to_string();
        self.freeipmi(suite, program, &[&["--sdr-cache-directory", &cache], words].concat())
    }
}

#[test]
fn freeipmi_presses_the_server_s_button() {
    let rig = Rig::start();
    for suite in SUITES {
        let power = |words: &[&str]| rig.freeipmi(suite, "ipmipower", words);
        assert!(power(&["--stat"]).ends_with(": off\n"));
        power(&["--on", "--wait-until-on"]);
        assert_eq!(rig.server.power(), Power::On);
        let boots = rig.server.progress().boots;
        for (number, words) in (1..).zip(["--reset", "--cycle"]) {
            power(&[words]);
            rig.runtime.block_on(rig.server.wait_for(|seen| seen.boots == boots + number));
        }
        power(&["--pulse"]);
        power(&["--soft", "--wait-until-off"]);
        rig.has_power(Power::Off);
        assert!(power(&["--stat"]).ends_with(": off\n"));
    }
    assert_eq!(rig.bmc.seen().refused, 0);
}

#[test]
fn freeipmi_steers_what_the_server_boots() {
    let rig = Rig::start();
    let device = "Chassis_Boot_Flags:Boot_Device=PXE";
    for (suite, lasts, flags) in [("3", "Yes", "e004000000"), ("17", "No", "a004000000")] {
        let lasts = format!("Chassis_Boot_Flags:Boot_Flags_Persistent={lasts}");
        let pairs = ["-e", device, "-e", "Chassis_Boot_Flags:BIOS_Boot_Type=EFI", "-e", &lasts];
        rig.freeipmi(suite, "ipmi-config", &[&["--category=chassis", "--commit"], &pairs[..]].concat());
        assert!(rig.ipmitool(super::NEW, &["chassis", "bootparam", "get", "5"]).contains(flags));
        let told = ["--category=chassis", "--checkout", "-S", "Chassis_Boot_Flags"];
        let told = rig.freeipmi(suite, "ipmi-config", &told);
        let has = |key: &str, value: &str| told.lines().any(|line| line.split_whitespace().eq([key, value]));
        assert!(has("Boot_Device", "PXE") && has("BIOS_Boot_Type", "EFI"), "{told}");
    }
}

#[test]
fn freeipmi_reads_all_that_a_bmc_has() {
    let rig = Rig::start();
    rig.freeipmi("17", "ipmipower", &["--on", "--wait-until-on"]);
    for suite in SUITES {
        let sensors = rig.freeipmi_knowing(suite, "ipmi-sensors", &["--output-sensor-thresholds"]);
        let cpu = sensors.lines().find(|line| line.contains("CPU1 Temp")).unwrap();
        assert!(cpu.contains("| 85.00      | 90.00      | 95.00      | 'OK'"), "{cpu}");
        assert!(!cpu.contains("CPU1 Temp     | Temperature              | N/A"), "{cpu}");
        assert!(sensors.lines().count() > 25, "{sensors}");
        let log = rig.freeipmi_knowing(suite, "ipmi-sel", &["-v"]);
        assert!(log.contains("Log Area Reset/Cleared"), "{log}");
        assert!(log.contains("Power Unit               | Deassertion Event | Power Off/Power Down"), "{log}");
        let inventory = rig.freeipmi_knowing(suite, "ipmi-fru", &[]);
        assert!(inventory.contains("FRU Product Serial Number: b1"), "{inventory}");
        assert!(inventory.contains("PSU1 FRU"), "{inventory}");
        let chassis = rig.freeipmi(suite, "ipmi-chassis", &["--get-chassis-status"]);
        assert!(chassis.contains("System Power                        : on"), "{chassis}");
        rig.freeipmi(suite, "ipmi-chassis", &["--chassis-identify=10"]);
        let controller = rig.freeipmi(suite, "bmc-info", &[]);
        assert!(controller.contains("Chassis Device        : supported"), "{controller}");
        assert!(controller.contains("Medium Type          : 802.3 LAN"), "{controller}");
        let watts = rig.freeipmi(suite, "ipmi-dcmi", &["--get-system-power-statistics"]);
        assert!(watts.contains("Power Measurement                    : Active"), "{watts}");
    }
}

#[test]
fn freeipmi_clears_the_log() {
    let rig = Rig::start();
    rig.freeipmi("3", "ipmipower", &["--on", "--wait-until-on"]);
    rig.freeipmi_knowing("3", "ipmi-sel", &["--clear"]);
    let log = rig.freeipmi_knowing("17", "ipmi-sel", &["--no-header-output"]);
    assert!(log.lines().count() == 1 && log.contains("Log Area Reset/Cleared"), "{log}");
}

/// ipmiconsole takes no port: it needs 623, which only root may have.
#[test]
fn freeipmi_talks_on_the_serial_console_in_each_suite() {
    let [low, high, ..] = std::process::id().to_le_bytes();
    let address = std::net::SocketAddr::from(([127, 6, high, low.max(1)], 623));
    let rig = match Rig::start_at(address) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            eprintln!("not tried: ipmiconsole needs port 623, which is refused to this user");
            return;
        }
        started => started.unwrap(),
    };
    rig.freeipmi("17", "ipmipower", &["--on", "--wait-until-on"]);
    for suite in SUITES {
        let host = address.ip();
        let mut typist = Typist::at(&format!("ipmiconsole -h {host} -u admin -p secret -I {suite}"));
        typist.reads("[SOL established]");
        typist.types("hello\r");
        typist.reads("you said: hello");
        typist.types("&.");
        typist.leaves();
    }
}
