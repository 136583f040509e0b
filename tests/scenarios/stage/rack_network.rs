//! A rack's network of its own: namespaces of hosts on one switch, with the daemon in one of them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;

/// Hosts on switches; gone with the test.
#[derive(Debug)]
pub struct RackNetwork {
    name: String,
    hosts: Vec<String>,
    home: TempDir,
}

impl RackNetwork {
    /// A network without hosts. `None`, with the reason printed, where namespaces are refused.
    pub fn make() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("dhcp4-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let made = Command::new("ip").args(["netns", "add", &format!("{name}-switch")]).output();
        let refused = match made {
            Ok(done) if done.status.success() => None,
            Ok(done) => Some(String::from_utf8_lossy(&done.stderr).into_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = refused {
            eprintln!("skipped: no network namespace can be made here: {}", why.trim());
            return None;
        }
        let network = Self { name, hosts: vec!["switch".to_owned()], home: TempDir::new().unwrap() };
        network.add_switch("br0");
        Some(network)
    }

    pub fn add_switch(&self, bridge: &str) {
        self.ip("switch", &["link", "add", bridge, "type", "bridge", "forward_delay", "0"]);
        self.ip("switch", &["link", "set", bridge, "up"]);
    }

    /// A host with an interface `rk0`, at the first switch.
    pub fn host(&mut self, host: &str, mac: &str, address: Option<&str>) {
        let made = Command::new("ip").args(["netns", "add", &self.namespace(host)]).status().unwrap();
        assert!(made.success());
        self.hosts.push(host.to_owned());
        self.ip(host, &["link", "set", "lo", "up"]);
        self.plug(host, "rk0", "br0", (mac, address));
    }

    /// One more interface of a host.
    pub fn plug(&self, host: &str, interface: &str, bridge: &str, (mac, address): (&str, Option<&str>)) {
        let port = format!("{host}-{interface}");
        let there = self.namespace(host);
        let pair = ["link", "add", &port, "type", "veth", "peer", "name", interface, "netns", &there];
        self.ip("switch", &pair);
        self.ip("switch", &["link", "set", &port, "master", bridge, "up"]);
        self.ip(host, &["link", "set", interface, "address", mac]);
        self.ip(host, &["link", "set", interface, "up"]);
        if let Some(address) = address {
            self.ip(host, &["addr", "add", address, "dev", interface]);
        }
    }

    pub fn namespace(&self, host: &str) -> String {
        format!("{}-{host}", self.name)
    }

    /// A command on a host.
    pub fn on(&self, host: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(host), program]);
        command
    }

    pub fn ip(&self, host: &str, words: &[&str]) {
        let done = self.on(host, "ip").args(words).output().unwrap();
        assert!(done.status.success(), "{host}: ip {words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A folder for files of the hosts.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A script that a client calls: it sets the address and tells what it was given, a line a call.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.home().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The daemon on the host `rack` with this configuration.
    pub fn daemon(&self, config: &str) -> Daemon {
        let file = self.home().join("ferric.toml");
        fs::write(&file, config).unwrap();
        let file = file.to_str().unwrap().to_owned();
        Daemon::start_in(&self.namespace("rack"), &["--config", &file])
    }

    /// What `ferric leases` or `ferric networks` lists.
    pub fn listed(&self, daemon: &Daemon, what: &str) -> Vec<Value> {
        let mut command = self.on("rack", env!("CARGO_BIN_EXE_ferric"));
        let done = command.args([what, "--json", "--url", daemon.url()]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let value: Value = serde_json::from_slice(&done.stdout).unwrap();
        value[what].as_array().unwrap().clone()
    }

    /// Events of this kind in the rack's journal.
    pub fn events(&self, daemon: &Daemon, event: &str) -> Vec<Value> {
        let mut command = self.on("rack", env!("CARGO_BIN_EXE_ferric"));
        let done = command.args(["networks", "--json", "--url", daemon.url()]).output().unwrap();
        let value: Value = serde_json::from_slice(&done.stdout).unwrap();
        value["events"].as_array().unwrap().iter().filter(|row| row["event"] == event).cloned().collect()
    }

    /// A counter of a service of the network `boot`.
    pub fn counter(&self, daemon: &Daemon, service: &str, name: &str) -> u64 {
        let all = self.listed(daemon, "networks");
        let one = all.iter().find(|network| network["service"] == service).unwrap();
        one["counters"][name].as_u64().unwrap_or_else(|| panic!("{one}"))
    }

    /// Gets an address for a host by udhcpc and sets it; what it said if it got none.
    pub fn udhcpc(&self, host: &str) -> Result<(), String> {
        let set = "#!/bin/sh\ncase $1 in bound) ip addr replace $ip/$mask dev $interface;; esac\n";
        let script = self.script("set-address", set);
        let mut client = self.on(host, "udhcpc");
        client.args(["-i", "rk0", "-f", "-q", "-n", "-t", "20", "-T", "1", "-s"]).arg(script);
        let done = client.output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.success() { Ok(()) } else { Err(said) }
    }

    /// The lease of a hardware address.
    pub fn lease(&self, daemon: &Daemon, mac: &str) -> Option<Value> {
        self.listed(daemon, "leases").into_iter().find(|lease| lease["mac"] == mac)
    }
}

impl Drop for RackNetwork {
    fn drop(&mut self) {
        for host in &self.hosts {
            let namespace = self.namespace(host);
            // Clients that went into the background end with their host. It may be gone already.
            let left = format!("ip netns pids {namespace} | xargs -r kill -9; ip netns del {namespace}");
            Command::new("sh").args(["-c", &left]).stderr(Stdio::null()).status().ok();
        }
    }
}

/// Waits until something is so, or fails with its name.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not so after {LONG:?}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// A loaded machine gets many times what a quiet one needs.
const LONG: Duration = Duration::from_mins(1);
