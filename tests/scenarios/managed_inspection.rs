//! Inspections that the stock command line asks for, of machines with Redfish BMCs: the stock agent gets its settings only
//! from what the machine boots, which is a medium in the simulated BMC's drive, or what the rack gives out over the
//! network.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use ferric::base::mac::Mac;
use ferric::model::boot::network::LeaseShown;
use ferric::model::boot::network::NetworkStatus;
use ferric::model::boot::network::Watched;
use ferric::twin::progress::Power;
use ferric::twin::progress::Source;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::profile::Profile;
use serde_json::Value;
use serde_json::json;

use crate::boot_interfaces::Plant;
use crate::boot_interfaces::WAIT;
use crate::boot_interfaces::nothing_is_left;
use crate::stage::machine::Machine;
use crate::stock_agent::http;
use crate::stock_agent::iso;

/// What the machine of the plant does when it has power: it boots the stock agent by what its firmware booted.
struct Hand {
    fetched: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hand {
    /// Follows the machine's power; the agent starts once `may_boot` is set.
    fn follow(plant: &Plant, may_boot: Arc<AtomicBool>) -> Self {
        let (bmc, rack, mac) = (plant.bmc.clone(), plant.rack(), mac(plant));
        let (fetched, stop): (Arc<Mutex<Vec<String>>>, Arc<AtomicBool>) = Default::default();
        let (notes, over) = (fetched.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let mut machine = Machine::new(&mac.to_string()).with("SITE_ADDRESS", ADDRESS);
            let mut booted = 0;
            while !over.load(Ordering::Relaxed) {
                let seen = bmc.server().progress();
                match seen.power {
                    Power::Off => machine.power_off(),
                    Power::On if booted != seen.boots && may_boot.load(Ordering::Relaxed) => {
                        booted = seen.boots;
                        machine.power_off();
                        boot(&mut machine, &bmc, &rack, seen.source, &notes);
                    }
                    Power::On => {}
                }
                std::thread::park_timeout(POLL);
            }
        });
        Self { fetched, stop, thread: Some(thread) }
    }

    /// What the machine fetched to boot, in order.
    fn fetched(&self) -> Vec<String> {
        self.fetched.lock().unwrap().clone()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // a hand that panicked has told so
        }
    }
}

fn boot(machine: &mut Machine, bmc: &Bmc, rack: &str, source: Source, fetched: &Mutex<Vec<String>>) {
    let fetch = |url: &str| {
        let (status, bytes) = http::fetch(url).unwrap();
        assert_eq!(status, 200, "{url}");
        fetched.lock().unwrap().push(url.to_owned());
        bytes
    };
    let words = match source {
        Source::Cd => {
            let media = bmc.media();
            let medium = media.iter().find(|medium| medium.inserted && medium.image.is_some()).unwrap();
            let files = iso::files(&fetch(medium.image.as_ref().unwrap()));
            let parameters = files.iter().find(|(name, _)| name.ends_with("parameters.txt")).unwrap().1;
            words(String::from_utf8_lossy(parameters).lines())
        }
        Source::Pxe => {
            let script = fetch(&format!("{rack}/boot/ipxe/{}", bmc.server().settings().macs[0].hyphened()));
            let script = String::from_utf8(script).unwrap();
            let line = script.lines().find(|line| line.contains("/kernel ")).unwrap();
            // What iPXE would put in itself.
            let (arch, system) = ("${arch}", "${uuid}");
            let line = line.replace(arch, "x86_64").replace(system, "00000000-0000-0000-0000-000000000001");
            let kernel = line.split(' ').find(|word| word.ends_with("/kernel")).unwrap();
            assert_eq!(fetch(kernel), b"kernel");
            assert_eq!(fetch(&kernel.replace("/kernel", "/ramdisk")), b"ramdisk");
            words(line.split(' '))
        }
        Source::Usual | Source::Disk | Source::Usb | Source::Http | Source::Setup => return,
    };
    let mut settings = format!("inspection_callback_url = {}\n", words["ipa-inspection-callback-url"]);
    settings.push_str("inspection_collectors = default,logs\n");
    if let Some(token) = words.get("ipa-agent-token") {
        settings = format!("{settings}agent_token = {token}\n");
    }
    machine.set("AGENT_CONF", &settings);
    machine.power_on(rack);
}

fn words<'a>(all: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    all.filter_map(|word| word.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The address of the machine's NIC.
fn mac(plant: &Plant) -> Mac {
    plant.bmc.server().settings().macs[0]
}

/// What a node that was inspected looks like.
fn is_inspected(plant: &Plant) {
    let node = plant.node();
    assert_eq!((&node["provision_state"], &node["last_error"]), (&json!("manageable"), &Value::Null));
    assert!(node["inspection_finished_at"].is_string(), "{node}");
    assert_eq!(node["properties"]["cpu_arch"], "x86_64");
    let kept = http::ask(&plant.url(), "GET", "/v1/nodes/n1/inventory", None).unwrap().1;
    assert_eq!(kept["inventory"]["interfaces"][0]["mac_address"], mac(plant).to_string());
    assert_eq!(plant.bmc.server().power(), Power::Off);
    nothing_is_left(plant);
}

#[test]
fn an_operator_has_a_machine_inspected_that_boots_from_virtual_media() {
    let plant = Plant::with(Profile::Generic, NEVER);
    plant.enrol("redfish", "redfish-virtual-media");
    plant.cli.ok(&["node", "set", "n1", "--inspect-interface", "agent"]);
    let hand = Hand::follow(&plant, Arc::new(AtomicBool::new(true)));
    plant.cli.ok(&["node", "inspect", "n1", "--wait", WAIT]);
    is_inspected(&plant);
    assert_eq!(plant.booted(), (Source::Cd, 1));
    let uuid = plant.node()["uuid"].as_str().unwrap().to_owned();
    let [medium] = hand.fetched().try_into().unwrap();
    assert!(medium.starts_with(&format!("{}/boot/iso/{uuid}/", plant.rack())), "{medium}");
    assert_eq!(http::fetch(&medium).unwrap().0, 404, "it is not given out any more");

    plant.cli.ok(&["node", "inspect", "n1", "--wait", WAIT]);
    is_inspected(&plant);
    assert_ne!(hand.fetched()[1], medium, "another boot has another token");
}

#[test]
fn an_operator_has_a_machine_inspected_that_boots_from_the_network() {
    let plant = Plant::with(Profile::Generic, NEVER);
    plant.enrol("redfish", "ipxe");
    plant.cli.ok(&["node", "set", "n1", "--inspect-interface", "agent"]);
    let leases = Arc::new(Leases::default());
    plant.show(leases.clone());
    let may_boot = Arc::new(AtomicBool::new(false));
    let hand = Hand::follow(&plant, may_boot.clone());
    plant.cli.ok(&["node", "inspect", "n1"]);
    until(&plant, "inspect wait");

    // Whoever has leased its address from the daemon speaks for no other machine.
    *leases.0.lock().unwrap() = Some(Mac([0x52, 0x54, 0, 0, 0, 9]));
    let claim =
        json!({"inventory": {"interfaces": [{"mac_address": mac(&plant).to_string(), "name": "eth0"}]}});
    let (status, answer) = http::ask(&plant.rack(), "POST", "/v1/continue_inspection", Some(&claim)).unwrap();
    assert_eq!(status, 404, "{answer}");
    assert_eq!(plant.node()["provision_state"], "inspect wait");
    *leases.0.lock().unwrap() = Some(mac(&plant));

    may_boot.store(true, Ordering::Relaxed);
    until(&plant, "manageable");
    is_inspected(&plant);
    assert_eq!(plant.booted(), (Source::Pxe, 1));
    let uuid = plant.node()["uuid"].as_str().unwrap().to_owned();
    let [_, kernel, ramdisk] = hand.fetched().try_into().unwrap();
    for file in [kernel, ramdisk] {
        assert!(file.starts_with(&format!("{}/boot/file/{uuid}/", plant.rack())), "{file}");
        assert_eq!(http::fetch(&file).unwrap().0, 404, "it is not given out any more");
    }
}

#[test]
fn an_operator_has_a_machine_inspected_that_boots_as_unknown_ones_do() {
    let plant = Plant::configured(Profile::Generic, NEVER, "[inspector]\nrequire_managed_boot = false\n");
    plant.enrol("redfish", "ipxe");
    plant.cli.ok(&["node", "set", "n1", "--inspect-interface", "agent"]);
    // Its own ramdisk is gone, and so its boot interface has nothing to boot.
    let lost = ["deploy_kernel=file:///nowhere/kernel", "deploy_ramdisk=file:///nowhere/ramdisk"];
    plant.cli.ok(&["node", "set", "n1", "--driver-info", lost[0], "--driver-info", lost[1]]);
    let script = format!("{}/boot/ipxe/{}", plant.rack(), mac(&plant).hyphened());
    let discovery = format!("{}/boot/file/discovery/x86_64/kernel", plant.rack());
    assert_eq!(http::fetch(&discovery).unwrap().0, 404, "nobody is awaited");

    let hand = Hand::follow(&plant, Arc::new(AtomicBool::new(true)));
    plant.cli.ok(&["node", "inspect", "n1", "--wait", WAIT]);
    is_inspected(&plant);
    assert_eq!(plant.booted(), (Source::Pxe, 1));
    let fetched = hand.fetched();
    assert_eq!((&fetched[0], &fetched[1]), (&script, &discovery));
    assert_eq!(fetched.len(), 3, "{fetched:?}");
    assert_eq!(http::fetch(&discovery).unwrap().0, 404, "it is not given out any more");
    let told = String::from_utf8(http::fetch(&script).unwrap().1).unwrap();
    assert!(!told.contains("/kernel "), "{told}");
}

#[test]
fn an_operator_aborts_an_inspection_of_a_machine_that_boots_by_itself() {
    let plant = Plant::configured(Profile::Generic, NEVER, "[inspector]\nrequire_managed_boot = false\n");
    plant.enrol("redfish", "ipxe");
    plant.cli.ok(&["node", "set", "n1", "--inspect-interface", "agent"]);
    for port in plant.cli.json(&["port", "list"]).as_array().unwrap() {
        plant.cli.ok(&["port", "set", port["uuid"].as_str().unwrap(), "--pxe-disabled"]);
    }
    plant.cli.ok(&["node", "inspect", "n1"]);
    until(&plant, "inspect wait");
    let script = format!("{}/boot/ipxe/{}", plant.rack(), mac(&plant).hyphened());
    let told = || String::from_utf8(http::fetch(&script).unwrap().1).unwrap();
    let waiting = told();
    assert!(waiting.contains("/boot/file/discovery/") && !waiting.contains("ipa-agent-token"), "{waiting}");
    plant.cli.ok(&["node", "abort", "n1"]);
    let deadline = Instant::now() + PATIENCE;
    while plant.bmc.server().power() != Power::Off {
        assert!(Instant::now() < deadline, "it stays on: {:#}", plant.node());
        std::thread::park_timeout(POLL);
    }
    assert_eq!(plant.node()["provision_state"], "inspect failed");
    assert!(!told().contains("/boot/file/discovery/"), "{}", told());
}

fn until(plant: &Plant, state: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let node = plant.node();
        if node["provision_state"] == state {
            return;
        }
        assert!(node["provision_state"] != "inspect failed", "{}", node["last_error"]);
        assert!(Instant::now() < deadline, "no {state}: {node:#}");
        std::thread::park_timeout(POLL);
    }
}

/// A network in which this host has leased its own loopback address to somebody.
#[derive(Debug, Default)]
struct Leases(Mutex<Option<Mac>>);

impl Watched for Leases {
    fn status(&self) -> NetworkStatus {
        unreachable!("nobody looks at the networks")
    }

    fn leases(&self) -> Vec<LeaseShown> {
        Vec::new()
    }

    fn mac_of(&self, _: IpAddr) -> Option<Mac> {
        None
    }

    fn lessee(&self, address: IpAddr) -> Option<Mac> {
        address.is_loopback().then(|| *self.0.lock().unwrap()).flatten()
    }
}

/// Not loopback's, for whose NIC no port is made; it is only told, never called.
const ADDRESS: &str = "192.0.2.7";
/// The simulated agent stays out of it.
const NEVER: Duration = Duration::from_hours(1000);
const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(100);
