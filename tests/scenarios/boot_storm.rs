//! A whole rack is switched on at once and boots from the network, and the daemon is killed in the middle of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::rack_network::until;
use crate::stock_agent::http::ask;
use crate::twin_rack::Cable;
use crate::twin_rack::Life;
use crate::twin_rack::Machines;
use crate::twin_rack::import;
use crate::twin_rack::pair;

struct Storm {
    daemon: Daemon,
    machines: Machines,
    home: TempDir,
    cable: Cable,
}

impl Storm {
    /// Machines whose nodes are manageable.
    fn gather(name: &str) -> Option<Self> {
        let cable = match Cable::lay(&format!("{name}-{}", std::process::id())) {
            Ok(cable) => cable,
            Err(why) => {
                eprintln!("skipped: {why}");
                return None;
            }
        };
        let home = TempDir::new().unwrap();
        for (file, size) in [("undionly.kpxe", 70_000), ("snponly.efi", 200_000)] {
            std::fs::write(home.path().join(file), vec![7; size]).unwrap();
        }
        let config = home.path().join("ferric.toml");
        std::fs::write(&config, Cable::config(home.path())).unwrap();
        let options = ["--hardware", "redfish", "--config", config.to_str().unwrap()];
        let daemon = Daemon::start_in(&cable.rack(), &options);
        let life = Life { firmware: 0.25, agent: 0.05, beats: 0.02, disk_size: 64 << 20 };
        let machines = Machines::start(&cable, COUNT, home.path(), life);
        let storm = Self { daemon, machines, home, cable };
        pair(storm.home.path(), 1 << 20, 1 << 20);
        import(&storm.cable, storm.daemon.url(), storm.home.path());
        for machine in &storm.machines.list {
            let node = storm.ask("POST", "/v1/nodes", Some(&machine.node()), 201);
            let port = json!({"node_uuid": node["uuid"], "address": machine.mac().to_string()});
            storm.ask("POST", "/v1/ports", Some(&port), 201);
        }
        storm.put_all("manage");
        storm.until_all("manageable");
        Some(storm)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        let (got, answer) = self.cable.at_rack(|| ask(self.daemon.url(), method, path, body)).unwrap();
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }

    fn put_all(&self, target: &str) {
        for machine in &self.machines.list {
            let path = format!("/v1/nodes/{}/states/provision", machine.name);
            self.ask("PUT", &path, Some(&json!({"target": target})), 202);
        }
    }

    fn states(&self) -> BTreeMap<String, Value> {
        let list = self.ask("GET", "/v1/nodes/detail?limit=1000", None, 200);
        let nodes = list["nodes"].as_array().unwrap().iter();
        nodes.map(|node| (node["name"].as_str().unwrap().to_owned(), node.clone())).collect()
    }

    fn until_all(&self, state: &str) {
        until(&format!("all are {state}"), || {
            let nodes = self.states();
            for node in nodes.values() {
                let now = node["provision_state"].as_str().unwrap();
                assert!(!now.ends_with("failed"), "{}: {}", node["name"], node["last_error"]);
            }
            nodes.values().all(|node| node["provision_state"] == state)
        });
    }

    /// How many machines have got a ramdisk.
    fn fed(&self) -> usize {
        self.machines.total(|machine| usize::from(machine.server.progress().net.ramdisks > 0))
    }
}

#[test]
fn a_whole_rack_that_is_switched_on_at_once_gets_its_ramdisks() {
    let Some(storm) = Storm::gather("storm") else { return };
    storm.put_all("provide");
    storm.until_all("available");
    for machine in &storm.machines.list {
        let (net, progress) = (machine.server.progress().net, machine.server.progress());
        assert_eq!((net.rounds, net.ramdisks, net.failures), (1, 1, 0), "{}: {progress:#?}", machine.name);
        assert_eq!((net.leases, progress.boots, progress.lockdowns), (2, 1, 0), "{}", machine.name);
        assert_eq!(progress.runs("erase_devices_metadata").finished, 1, "{}", machine.name);
    }
}

#[test]
fn a_rack_that_boots_while_the_daemon_is_killed_is_cleaned_all_the_same() {
    let Some(mut storm) = Storm::gather("gale") else { return };
    storm.put_all("provide");
    until("a third has its ramdisk", || storm.fed() >= usize::from(COUNT) / 3);
    storm.daemon.kill9();
    let fed = storm.fed();
    std::thread::park_timeout(Duration::from_millis(300));
    storm.daemon.restart();
    storm.until_all("available");
    assert!(fed < usize::from(COUNT), "the daemon was killed when all was over");
    for machine in &storm.machines.list {
        let progress = machine.server.progress();
        assert!(progress.net.ramdisks >= 1, "{}: {progress:#?}", machine.name);
    }
    assert_eq!(storm.states().len(), usize::from(COUNT));
}

const COUNT: u8 = 24;
