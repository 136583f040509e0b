//! Machines whose management controllers are the twin's, one of each maker: the operator inspects them with the stock
//! command line, through the daemon.

use std::path::Path;
use std::sync::Arc;

use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::base::time::SharedClock;
use ferric::twin::rack::Rack;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::fault::BmcFault;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::settings::Settings;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::stage::daemon::Daemon;
use crate::stage::peers::Cli;

/// Controllers with a machine of two NICs each.
struct Twins {
    runtime: Runtime,
    bmcs: Vec<Bmc>,
    _home: TempDir,
}

impl Twins {
    fn start(profiles: &[Profile]) -> Self {
        let home = TempDir::new().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let start = async {
            let mut bmcs = Vec::new();
            for (place, profile) in (0..).zip(profiles) {
                let rack = machine(home.path(), place);
                let settings = BmcSettings::new(*profile);
                bmcs.extend(Bmc::start_all(&rack, &settings, &CancellationToken::new()).await.unwrap());
            }
            bmcs
        };
        let bmcs = runtime.block_on(start);
        Self { runtime, bmcs, _home: home }
    }

    /// Enrols them as `r0`, `r1`, ... and makes them manageable.
    fn enrol(&self, cli: &Cli) -> Vec<String> {
        let names: Vec<String> = (0..self.bmcs.len()).map(|place| format!("r{place}")).collect();
        for (bmc, name) in self.bmcs.iter().zip(&names) {
            let driver = if bmc.settings().profile == Profile::Dell { "idrac" } else { "redfish" };
            let info = [
                format!("redfish_address={}", bmc.url()),
                format!("redfish_system_id={}", bmc.system_path()),
                "redfish_username=admin".to_owned(),
                "redfish_password=twin-password".to_owned(),
                "redfish_verify_ca=false".to_owned(),
            ];
            let mut words = vec!["node", "create", "--driver", driver, "--name", name];
            for one in &info {
                words.extend(["--driver-info", one]);
            }
            cli.ok(&words);
        }
        cli.ok(&verb("manage", &names));
        names
    }
}

impl Drop for Twins {
    fn drop(&mut self) {
        for bmc in &self.bmcs {
            self.runtime.block_on(bmc.stop());
        }
    }
}

fn machine(home: &Path, place: u8) -> Rack {
    let mut model = Settings::new("s", mac(place, 1), home, "http://127.0.0.1:1");
    model.macs.push(mac(place, 2));
    let clock: SharedClock = Arc::new(RealClock::new());
    Rack::new(1, &model, &clock).unwrap()
}

fn mac(place: u8, last: u8) -> Mac {
    Mac([0x52, 0x54, 0, 0, place, last])
}

fn verb<'a>(word: &'a str, names: &'a [String]) -> Vec<&'a str> {
    let names = names.iter().map(String::as_str);
    ["node", word].into_iter().chain(names).chain(["--wait", WAIT]).collect()
}

#[test]
fn an_operator_inspects_a_machine_of_every_maker_and_saves_its_inventory() {
    let twins = Twins::start(Profile::ALL);
    let daemon = Daemon::start_with(&["--hardware", "redfish,idrac"]);
    let cli = Cli::new(daemon.url());
    let names = twins.enrol(&cli);
    cli.ok(&verb("inspect", &names));
    for (bmc, name) in twins.bmcs.iter().zip(&names) {
        let node = cli.json(&["node", "show", name]);
        let properties = &node["properties"];
        assert_eq!(node["provision_state"], "manageable", "{node}");
        assert_eq!(properties["cpu_arch"], "x86_64", "{node}");
        assert!(properties["memory_mb"].as_u64() > Some(0), "{node}");
        assert!(properties["local_gb"].as_u64() > Some(0), "{node}");
        assert_eq!(properties["capabilities"], "boot_mode:uefi", "{node}");
        let ports = cli.json(&["port", "list", "--node", name, "--fields", "address", "pxe_enabled"]);
        let mut ports: Vec<_> = ports.as_array().unwrap().iter().map(address).collect();
        ports.sort();
        let nics: Vec<_> = bmc.server().settings().macs.iter().map(|mac| (mac.to_string(), true)).collect();
        assert_eq!(ports, nics, "{name}");
        let saved: Value = serde_json::from_str(&cli.ok(&["node", "inventory", "save", name])).unwrap();
        assert_eq!(saved["inventory"]["memory"]["physical_mb"], properties["memory_mb"], "{saved}");
        assert_eq!(saved["inventory"]["interfaces"].as_array().map(Vec::len), Some(2), "{saved}");
        assert!(saved["plugin_data"]["parsed_lldp"].is_object(), "{saved}");
    }
    assert!(!daemon.log().contains("twin-password"), "a password is in the log");
}

fn address(port: &Value) -> (String, bool) {
    let address = port["address"].as_str().or(port["Address"].as_str()).unwrap();
    (address.to_owned(), port["pxe_enabled"].as_bool().unwrap())
}

#[test]
fn an_inspection_goes_on_after_the_daemon_was_killed_and_one_of_a_dead_controller_says_whose() {
    let twins = Twins::start(&[Profile::Generic]);
    let mut daemon = Daemon::start_with(&["--hardware", "redfish,idrac"]);
    let names = twins.enrol(&Cli::new(daemon.url()));
    let bmc = &twins.bmcs[0];
    bmc.fail(BmcFault::Mute);
    Cli::new(daemon.url()).ok(&["node", "inspect", &names[0]]);
    daemon.restart();
    bmc.clear_faults();
    let cli = Cli::new(daemon.url());
    crate::stock_cli::until(&cli, &names[0], "provision_state", "manageable");
    assert!(cli.field(&names[0], "inspection_finished_at").is_string());

    bmc.fail(BmcFault::Dead);
    let complaint = cli.refused(&verb("inspect", &names));
    assert!(complaint.contains("inspect failed"), "{complaint}");
    let error = cli.field(&names[0], "last_error").to_string();
    for part in ["node r0", "interface redfish", &bmc.url().replace("https://", ""), "inspect it again"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

/// Seconds that the client itself waits.
const WAIT: &str = "60";
