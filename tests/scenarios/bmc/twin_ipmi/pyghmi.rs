//! The simulated BMC through pyghmi, in suites 3 and 17.

use std::path::Path;

use ferric::twin::progress::Power;
use serde_json::Value;
use serde_json::json;

use super::NEW;
use super::Rig;
use crate::stage::peers;

impl Rig {
    /// A program that is not offered suite 17 falls back to 3.
    fn of_suites(suites: &[u8]) -> Self {
        let rig = Self::start();
        rig.bmc.configure(|settings| settings.suites = suites.to_vec());
        rig
    }

    /// Runs `tests/scenarios/py/NAME.py` against it.
    fn python(&self, name: &str) -> String {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/py");
        let script = scripts.join(name).with_extension("py");
        let python = peers::folder().join("bmc/bin/python");
        self.run(python.to_str().unwrap(), &["-B", script.to_str().unwrap(), &self.port()])
    }
}

#[test]
fn a_program_works_and_reads_a_bmc_in_each_suite() {
    for suites in [&[17, 3][..], &[3]] {
        let rig = Rig::of_suites(suites);
        let seen: Value = serde_json::from_str(&rig.python("bmc")).unwrap();
        assert_eq!((&seen["before"], &seen["after"]), (&"off".into(), &"on".into()));
        assert_eq!(seen["boot"]["bootdev"], "network");
        assert_eq!(seen["boot"]["uefimode"], true);
        assert!(seen["sensors"].as_array().unwrap().len() > 20, "{seen}");
        assert!(seen["cpu"].as_f64().is_some_and(|degrees| (20.0..90.0).contains(&degrees)), "{seen}");
        assert_eq!((&seen["serial"], &seen["health"]), (&"b1".into(), &0.into()));
        assert_eq!(seen["parts"], json!(["System", "PSU1 FRU", "PSU2 FRU"]));
        assert_eq!(seen["users"], json!(["admin"]));
        assert!(seen["events"].as_array().unwrap().len() >= 2, "{seen}");
        assert_eq!(rig.server.power(), Power::Off);
    }
}

#[test]
fn a_program_talks_on_the_serial_console_in_each_suite() {
    for suites in [&[17, 3][..], &[3]] {
        let rig = Rig::of_suites(suites);
        let own = ["-I", "lanplus", "-C", "3"];
        rig.ipmitool(if suites.contains(&17) { NEW } else { &own }, &["power", "on"]);
        rig.has_power(Power::On);
        assert!(rig.python("bmc_console").contains("you said: hello"));
    }
}
