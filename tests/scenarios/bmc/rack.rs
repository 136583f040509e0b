//! A rack of 48 servers whose BMCs speak Redfish and IPMI: four are slow, two are dead, one has another password. The
//! clock of the slow ones stands still until the test moves it, so that what happens meanwhile does not hang on luck.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ferric::base::mac::Mac;
use ferric::base::time::PausedClock;
use ferric::base::time::RealClock;
use ferric::base::time::SharedClock;
use ferric::twin::ipmi::service::Service;
use ferric::twin::ipmi::settings::Settings as IpmiSettings;
use ferric::twin::ipmi::weather::Faults;
use ferric::twin::progress::BootFrom;
use ferric::twin::progress::Power;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::fault::BmcFault;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::server::Server;
use ferric::twin::settings::Settings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::stage::daemon::Daemon;
use crate::stock_agent::http::ask;

/// How a machine's BMC behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Well,
    /// Each answer takes five seconds of a clock that the test moves.
    Slow,
    Dead,
    /// The password in `driver_info` is not the BMC's.
    Wrong,
}

enum Controller {
    Redfish(Bmc),
    Ipmi(Service),
}

struct Machine {
    name: String,
    kind: Kind,
    server: Server,
    controller: Controller,
}

impl Machine {
    fn sessions(&self) -> usize {
        match &self.controller {
            Controller::Redfish(bmc) => bmc.sessions(),
            Controller::Ipmi(bmc) => bmc.seen().sessions,
        }
    }

    /// Log-ins that it refused.
    fn refusals(&self) -> usize {
        match &self.controller {
            Controller::Redfish(bmc) => bmc.asked().iter().filter(|asked| asked.status == 401).count(),
            Controller::Ipmi(bmc) => usize::try_from(bmc.seen().refused).unwrap(),
        }
    }

    fn create(&self) -> Value {
        let password = if self.kind == Kind::Wrong { "mistyped" } else { PASSWORD };
        let (driver, info) = match &self.controller {
            Controller::Redfish(bmc) => (
                "redfish",
                json!({"redfish_address": bmc.url(), "redfish_tls_trust_first": true, "redfish_username": "admin",
                    "redfish_password": password}),
            ),
            Controller::Ipmi(bmc) => (
                "ipmi",
                json!({"ipmi_address": "127.0.0.1", "ipmi_port": bmc.address().port(), "ipmi_username": "admin",
                    "ipmi_password": password}),
            ),
        };
        json!({"name": self.name, "driver": driver, "driver_info": info})
    }
}

/// The machines, each with its BMC, and the daemon.
struct Rack {
    runtime: Runtime,
    machines: Vec<Machine>,
    /// Of the slow ones.
    clock: Arc<PausedClock>,
    daemon: Daemon,
    _home: TempDir,
}

impl Rack {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let home = TempDir::new().unwrap();
        let clock = Arc::new(PausedClock::new());
        let machines = runtime.block_on(async {
            let mut machines = Vec::new();
            for number in 0..48 {
                machines.push(machine(number, &home, &clock).await);
            }
            machines
        });
        let file = home.path().join("ferric.toml");
        let text = "[conductor]\nsync_power_state_interval = 1\nforce_power_state_during_sync = false\n";
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap().to_owned();
        let daemon = Daemon::start_with(&["--hardware", "redfish,ipmi", "--config", &file]);
        Self { runtime, machines, clock, daemon, _home: home }
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(move |machine| machine.kind == kind)
    }

    fn one(&self, kind: Kind) -> &Machine {
        self.of(kind).next().unwrap()
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        let (got, answer) = ask(self.daemon.url(), method, path, body).unwrap();
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }

    fn put(&self, machine: &Machine, what: &str, target: &str) {
        let path = format!("/v1/nodes/{}/states/{what}", machine.name);
        self.ask("PUT", &path, Some(&json!({"target": target})), 202);
    }

    fn node(&self, machine: &Machine) -> Value {
        self.ask("GET", &format!("/v1/nodes/{}", machine.name), None, 200)
    }

    fn nodes(&self) -> BTreeMap<String, Value> {
        let list = self.ask("GET", "/v1/nodes/detail?limit=1000", None, 200);
        let nodes = list["nodes"].as_array().unwrap().iter();
        nodes.map(|node| (node["name"].as_str().unwrap().to_owned(), node.clone())).collect()
    }

    /// Waits until all machines of this kind show this; the clock of the slow ones goes on if the test says so.
    fn until(&self, kind: Kind, moves: bool, what: &str, is_so: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let nodes = self.nodes();
            let missing = self.of(kind).find(|machine| !is_so(&nodes[&machine.name]));
            let Some(missing) = missing else { return };
            let node = &nodes[&missing.name];
            assert!(Instant::now() < deadline, "{kind:?} {what}: {node:#}");
            assert!(kind == Kind::Wrong || kind == Kind::Dead || node["fault"].is_null(), "{node:#}");
            if moves {
                self.clock.advance(SLOW);
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

async fn machine(number: u16, home: &TempDir, paused: &Arc<PausedClock>) -> Machine {
    let kind = match number {
        1 | 13 | 25 | 37 => Kind::Slow,
        4 | 5 => Kind::Dead,
        6 => Kind::Wrong,
        _ => Kind::Well,
    };
    let name = format!("b{number}");
    let mac = Mac([0x52, 0x54, 0, 0, 0, u8::try_from(number).unwrap()]);
    let clock: SharedClock = if kind == Kind::Slow { paused.clone() } else { Arc::new(RealClock::new()) };
    let server = Server::new(Settings::new(&name, mac, home.path(), "http://127.0.0.1:1"), clock).unwrap();
    server.boot_from(BootFrom::Disk);
    let controller = if number.is_multiple_of(4) {
        ipmi(&server, kind).await
    } else {
        redfish(number, &server, kind).await
    };
    Machine { name, kind, server, controller }
}

async fn ipmi(server: &Server, kind: Kind) -> Controller {
    let bmc = Service::start(server, IpmiSettings::new("admin", PASSWORD), "127.0.0.1:0".parse().unwrap());
    let bmc = bmc.await.unwrap();
    bmc.fail(Faults { silent: kind == Kind::Dead, ..Faults::default() });
    Controller::Ipmi(bmc)
}

async fn redfish(number: u16, server: &Server, kind: Kind) -> Controller {
    let profile = Profile::ALL[usize::from(number) % Profile::ALL.len()];
    let delay = if kind == Kind::Slow { SLOW } else { Duration::ZERO };
    let settings = BmcSettings { delay, ..BmcSettings::new(profile) };
    let bmc = Bmc::start(server, settings, &CancellationToken::new()).await.unwrap();
    if kind == Kind::Dead {
        bmc.fail(BmcFault::Dead);
    }
    Controller::Redfish(bmc)
}

fn is_verified(node: &Value) -> bool {
    node["provision_state"] == "manageable" && node["target_provision_state"].is_null()
}

fn error(node: &Value) -> &str {
    node["last_error"].as_str().unwrap_or_default()
}

#[test]
fn slow_dead_and_mistyped_bmcs_keep_no_other_up_and_no_account_is_locked() {
    let mut rack = Rack::start();
    for machine in &rack.machines {
        rack.ask("POST", "/v1/nodes", Some(&machine.create()), 201);
    }
    for machine in &rack.machines {
        rack.put(machine, "provision", "manage");
    }
    healthy_ones_work_while_the_slow_ones_are_asked(&rack);
    a_dead_one_is_told(&rack);
    a_mistyped_password_is_told_and_not_tried_again(&rack);
    rack.until(Kind::Slow, true, "verified in their own time", is_verified);
    power_is_followed_while_the_slow_ones_are_asked(&rack);
    // Slow ones let go of their sessions in their own time.
    std::thread::scope(|scope| {
        let (clock, done) = (rack.clock.clone(), Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let told = done.clone();
        scope.spawn(move || {
            while !told.load(std::sync::atomic::Ordering::Relaxed) {
                clock.advance(SLOW);
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        assert!(rack.daemon.stop().success());
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    for machine in &rack.machines {
        assert_eq!(machine.sessions(), 0, "{} keeps a session", machine.name);
    }
    rack.daemon.restart();
    after_a_restart_nothing_is_forgotten(&rack);
    changed_credentials_are_tried(&rack);
    for machine in rack.of(Kind::Well).chain(rack.of(Kind::Slow)) {
        assert_eq!(machine.refusals(), 0, "{} was asked with a session that was closed", machine.name);
    }
}

/// All of them are verified and switched on before a slow one has answered anything.
fn healthy_ones_work_while_the_slow_ones_are_asked(rack: &Rack) {
    rack.until(Kind::Well, false, "verified", |node| is_verified(node) && node["power_state"] == "power off");
    for machine in rack.of(Kind::Well) {
        rack.put(machine, "power", "power on");
    }
    rack.until(Kind::Well, false, "on", |node| {
        node["power_state"] == "power on" && node["target_power_state"].is_null()
    });
    for machine in rack.of(Kind::Well) {
        assert_eq!(machine.server.power(), Power::On);
    }
    let nodes = rack.nodes();
    for machine in rack.of(Kind::Well) {
        assert_eq!(error(&nodes[&machine.name]), "", "{}", machine.name);
    }
    for machine in rack.of(Kind::Slow) {
        assert_eq!(nodes[&machine.name]["provision_state"], "verifying", "{}", machine.name);
        let Controller::Redfish(bmc) = &machine.controller else { panic!("the slow ones speak Redfish") };
        assert_eq!(bmc.asked().len(), 0, "{} has answered", machine.name);
    }
}

fn a_dead_one_is_told(rack: &Rack) {
    rack.until(Kind::Dead, false, "given up", |node| node["provision_state"] == "enroll");
    for machine in rack.of(Kind::Dead) {
        let node = rack.node(machine);
        assert!(error(&node).contains("no answer from"), "{node:#}");
        let silent = &node["driver_internal_info"]["bmc_silent"];
        assert!(silent["since"].is_string() && silent["why"].is_string(), "{node:#}");
    }
}

fn a_mistyped_password_is_told_and_not_tried_again(rack: &Rack) {
    rack.until(Kind::Wrong, false, "refused", |node| node["provision_state"] == "enroll");
    let machine = rack.one(Kind::Wrong);
    for _ in 0..3 {
        rack.put(machine, "provision", "manage");
        rack.until(Kind::Wrong, false, "refused again", |node| node["provision_state"] == "enroll");
        let node = rack.node(machine);
        assert!(
            error(&node).contains("refused the log-in") && error(&node).contains("driver_info"),
            "{node:#}"
        );
        assert!(node["driver_internal_info"]["bmc_login_refused"]["at"].is_string(), "{node:#}");
    }
    let valid = rack.ask("GET", &format!("/v1/nodes/{}/validate", machine.name), None, 200);
    let power = &valid["power"];
    let reason = power["reason"].as_str().unwrap_or_default();
    assert!(
        power["result"] == false && reason.contains("changed") && reason.contains("maintenance off"),
        "{power}"
    );
    assert_eq!(machine.refusals(), 2, "once for a session, once without one");
}

/// Somebody presses the buttons of all healthy machines, twice, so that the second time is a round of power sync later:
/// the looks at the slow ones of the first hang.
fn power_is_followed_while_the_slow_ones_are_asked(rack: &Rack) {
    let answers = |machine: &Machine| match &machine.controller {
        Controller::Redfish(bmc) => bmc.asked().len(),
        Controller::Ipmi(_) => 0,
    };
    let before: usize = rack.of(Kind::Slow).map(answers).sum();
    for (on, seen) in [(false, "power off"), (true, "power on"), (false, "power off")] {
        rack.runtime.block_on(async {
            for machine in rack.of(Kind::Well) {
                if on { machine.server.power_on() } else { machine.server.power_off().await }
            }
        });
        rack.until(Kind::Well, false, seen, |node| node["power_state"] == seen);
    }
    assert_eq!(rack.of(Kind::Slow).map(answers).sum::<usize>(), before, "a slow one has answered");
}

fn after_a_restart_nothing_is_forgotten(rack: &Rack) {
    let machine = rack.one(Kind::Wrong);
    rack.put(machine, "provision", "manage");
    rack.until(Kind::Wrong, false, "refused after a restart", |node| node["provision_state"] == "enroll");
    assert!(error(&rack.node(machine)).contains("refused the log-in"), "{:#}", rack.node(machine));
    assert_eq!(machine.refusals(), 2, "it was tried again after a restart");
    for machine in rack.of(Kind::Well) {
        rack.put(machine, "power", "power on");
    }
    rack.until(Kind::Well, true, "on again", |node| {
        node["power_state"] == "power on" && node["target_power_state"].is_null()
    });
}

fn changed_credentials_are_tried(rack: &Rack) {
    let machine = rack.one(Kind::Wrong);
    let patch = json!([{"op": "replace", "path": "/driver_info/redfish_password", "value": PASSWORD}]);
    let node = rack.ask("PATCH", &format!("/v1/nodes/{}", machine.name), Some(&patch), 200);
    assert_eq!(node["driver_internal_info"].get("bmc_login_refused"), None, "{node:#}");
    rack.put(machine, "provision", "manage");
    rack.until(Kind::Wrong, true, "verified", is_verified);
    assert_eq!((machine.refusals(), rack.node(machine)["last_error"].clone()), (2, Value::Null));
}

const PASSWORD: &str = "twin-password";
/// An answer of a slow BMC, of its own clock.
const SLOW: Duration = Duration::from_secs(5);
/// Longer than anything takes here on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);
