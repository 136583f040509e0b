//! What a rack of 48 BMCs costs: one `name value unit` line a figure.
//!
//! The simulated BMCs live in a process of their own, and each figure is taken by a fresh process that talks to them
//! through the daemon's drivers, on one worker as the daemon's. Beside each time of Redfish stand the requests, and
//! the CPU time of both sides: they share the machine's processors.
//!
//! `bmc.full_view_48`: from nothing to all that inspection and sensors read of 48 Redfish BMCs (the five makers in
//! turn, TLS with a pinned certificate, each request answered after 50 ms), log-in included:
//! - service root, session; the system, found by its collection; its managers and chassis
//! - inspection: bios, processors, memory modules where there is no sum of them, ethernet interfaces, simple storage,
//!   storages with controllers, drives and volumes, `PCIe` devices with their functions, network adapters of each
//!   chassis with their ports, Dell's switch connections
//! - sensors: of each chassis Thermal and Power, or `ThermalSubsystem` with fans, metrics and sensors, and
//!   `PowerSubsystem` with supplies and their metrics; storages with drives
//!
//! `bmc.full_view_48_again`: the same once more, sessions open.
//! `bmc.ipmi_status_48_cold`, `bmc.ipmi_status_48`: Get Chassis Status of 48 IPMI BMCs, each datagram answered after
//! 20 ms; from nothing, and with sessions open.
//! `bmc.memory_each`: resident memory of the client for each Redfish BMC that was asked for its power, its session and
//! one connection open and idle; `_ipmi`: of IPMI; `_viewed`: of Redfish, after a full view of all at once, which is what
//! the allocator keeps of the peak for the next one.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::cast_precision_loss, clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferric::base::id::NodeId;
use ferric::base::mac::Mac;
use ferric::base::moment::Moment;
use ferric::base::secret::Secret;
use ferric::base::time::{Later, RealClock, SharedClock};
use ferric::driver::bmc::Ground;
use ferric::driver::bmc::notebook::Blank;
use ferric::driver::bmc::print::PrintKey;
use ferric::driver::capability::power::PowerSwitch;
use ferric::driver::ipmi::{Ipmi, IpmiServer};
use ferric::driver::redfish::power::RedfishPower;
use ferric::driver::redfish::server::Server;
use ferric::driver::redfish::talk::RedfishRack;
use ferric::driver::redfish::talk::access::hex;
use ferric::model::node::{Node, Wished};
use ferric::twin;
use ferric::twin::ipmi::weather::Faults;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn main() {
    match std::env::var(ROLE).as_deref() {
        Err(_) => conduct(),
        Ok("twins") => on(2, serve_twins()),
        Ok("view") => on(1, view()),
        Ok("status") => on(1, status()),
        Ok("memory") => on(1, memory(false)),
        Ok("memory viewed") => on(1, memory(true)),
        Ok("memory ipmi") => on(1, memory_ipmi()),
        Ok(other) => panic!("no role {other}"),
    }
}

/// Starts the simulated BMCs and has each figure taken by a process of its own.
fn conduct() {
    for role in ["view", "status", "memory", "memory viewed", "memory ipmi"] {
        // Each meets fresh BMCs: the sessions of the one before would fill their places.
        let mut twins = Twins::start();
        let status = as_role(role).env(ADDRESSES, &twins.addresses).status().unwrap();
        assert!(status.success(), "{role}: {status}");
        if role == "view" {
            twins.account();
        }
    }
}

fn as_role(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ROLE, role);
    command
}

fn figure(name: &str, value: f64, unit: &str) {
    println!("bmc.{name} {value:.3} {unit}");
}

fn on(workers: usize, work: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(workers).enable_all().build().unwrap().block_on(work);
}

/// The process of the simulated BMCs.
struct Twins {
    process: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
    addresses: String,
}

impl Twins {
    fn start() -> Self {
        let mut process =
            as_role("twins").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child process");
        let mut told = BufReader::new(process.stdout.take().unwrap());
        let mut addresses = String::new();
        told.read_line(&mut addresses).unwrap();
        Self { ask: process.stdin.take().unwrap(), process, told, addresses }
    }

    /// What it cost them.
    fn account(&mut self) {
        writeln!(self.ask, "account").unwrap();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        figure("full_view_48_requests", told["requests"].as_f64().unwrap(), "requests");
        figure("full_view_48_twin_cpu", told["cpu"].as_f64().unwrap(), "s");
    }
}

impl Drop for Twins {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Starts 48 BMCs of each protocol, says where they are, and then what they were asked.
async fn serve_twins() {
    let home = tempfile::tempdir().unwrap();
    let clock: SharedClock = Arc::new(RealClock::new());
    let model =
        twin::settings::Settings::new("b", Mac([0x52, 0x54, 0, 0, 0, 1]), home.path(), "http://127.0.0.1:1");
    let rack = twin::rack::Rack::new(COUNT, &model, &clock).unwrap();
    let stop = CancellationToken::new();
    let (mut redfish, mut ipmi, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
    for (server, profile) in rack.servers().iter().zip(Profile::ALL.iter().cycle()) {
        let settings = BmcSettings { delay: REDFISH_DELAY, ..BmcSettings::new(*profile) };
        let bmc = twin::redfish::bmc::Bmc::start(server, settings, &stop).await.unwrap();
        let settings = twin::ipmi::settings::Settings::new(USER, PASSWORD);
        let any = "127.0.0.1:0".parse().unwrap();
        let responder = twin::ipmi::service::Service::start(server, settings, any).await.unwrap();
        responder.fail(Faults { slow: IPMI_DELAY, ..Faults::default() });
        addresses.push(json!({
            "redfish": {"redfish_address": bmc.url(), "redfish_username": USER, "redfish_password": PASSWORD,
                "redfish_tls_pin": fingerprint(bmc.certificate())},
            "ipmi": {"ipmi_address": "127.0.0.1", "ipmi_port": responder.address().port(),
                "ipmi_username": USER, "ipmi_password": PASSWORD},
        }));
        redfish.push(bmc);
        ipmi.push(responder);
    }
    println!("{}", Value::from(addresses));
    let before = cpu();
    while tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await.unwrap().is_some() {
        let requests: usize = redfish.iter().map(|bmc| bmc.asked().len()).sum();
        println!("{}", json!({"requests": requests, "cpu": cpu() - before}));
    }
    std::future::pending::<()>().await;
}

/// SHA-256 of a PEM certificate in hex.
fn fingerprint(pem: &str) -> String {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    hex(&Sha256::digest(der))
}

fn ground() -> Ground {
    let seed = u64::from(std::process::id());
    Ground::new(Arc::new(RealClock::new()), Arc::new(Blank), PrintKey::new(Secret::new("bench")), seed)
}

/// A node for each BMC.
fn nodes(protocol: &str) -> Vec<Node> {
    let addresses: Vec<Value> = serde_json::from_str(&std::env::var(ADDRESSES).unwrap()).unwrap();
    let node = |(number, info): (usize, &Value)| {
        let driver_info = info[protocol].as_object().unwrap().clone();
        let id = NodeId(uuid::Uuid::from_u128(number as u128));
        Node::new(id, Wished { driver_info, ..Wished::default() }, Moment(0))
    };
    addresses.iter().enumerate().map(node).collect()
}

fn servers(rack: &Arc<RedfishRack>) -> Vec<Server> {
    nodes("redfish").iter().map(|node| Server::of(rack, node).unwrap()).collect()
}

/// Both reads of one machine; what they find must be there.
async fn view_one(server: &Server) {
    let found = server.inspect().await.unwrap();
    assert!(!found.inventory["cpu"].is_null(), "{}", found.inventory);
    let sensors = server.sensors().await.unwrap();
    assert!(!sensors["Temperature"].is_null(), "{sensors}");
}

async fn view() {
    let rack = Arc::new(RedfishRack::new(ground()));
    let servers = servers(&rack);
    for (name, told) in [("full_view_48", true), ("full_view_48_again", false)] {
        let (before, began) = (cpu(), Instant::now());
        join_all(servers.iter().map(view_one)).await;
        figure(name, began.elapsed().as_secs_f64(), "s");
        if told {
            figure("full_view_48_own_cpu", cpu() - before, "s");
        }
    }
}

async fn status() {
    let servers = ipmi_servers();
    for name in ["ipmi_status_48_cold", "ipmi_status_48"] {
        let began = Instant::now();
        for seen in join_all(servers.iter().map(PowerSwitch::state)).await {
            seen.unwrap();
        }
        figure(name, began.elapsed().as_secs_f64(), "s");
    }
}

fn ipmi_servers() -> Vec<IpmiServer> {
    let ipmi = Arc::new(Ipmi::new(ground()));
    nodes("ipmi").iter().map(|node| ipmi.server(node).unwrap()).collect()
}

/// The first BMC brings in what all share, so that the others are what counts.
async fn memory(viewed: bool) {
    let rack = Arc::new(RedfishRack::new(ground()));
    let servers = servers(&rack);
    let ask = |server: &Server| {
        let server = server.clone();
        beside(async move {
            RedfishPower(server.clone()).state().await.unwrap();
            if viewed {
                view_one(&server).await;
            }
        })
    };
    ask(&servers[0]).await.unwrap();
    let before = rss();
    for done in join_all(servers[1..].iter().map(ask)).await {
        done.unwrap();
    }
    rack.tidy(Duration::from_mins(1)).await;
    let name = if viewed { "memory_each_viewed" } else { "memory_each" };
    each(name, before, servers.len());
}

async fn memory_ipmi() {
    let servers = ipmi_servers();
    let ask = |server: &IpmiServer| {
        let server = server.clone();
        beside(async move {
            server.state().await.unwrap();
        })
    };
    ask(&servers[0]).await.unwrap();
    let before = rss();
    for done in join_all(servers[1..].iter().map(ask)).await {
        done.unwrap();
    }
    each("memory_each_ipmi", before, servers.len());
}

/// As a node's lane makes its calls: in a task that holds little itself.
fn beside(call: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    let boxed: Later<'static, ()> = Box::pin(call);
    tokio::spawn(boxed)
}

fn each(name: &str, before: u64, count: usize) {
    let grown = rss().saturating_sub(before);
    figure(name, grown as f64 / (count - 1) as f64 / 1024.0, "KiB");
}

/// Seconds on a processor, of all threads of this process.
fn cpu() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let spent = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum()).as_secs_f64()
}

/// Resident memory of this process, bytes.
fn rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Which part this process plays.
const ROLE: &str = "FERRIC_BENCH_ROLE";
/// Where the simulated BMCs are, for those who measure.
const ADDRESSES: &str = "FERRIC_BENCH_TWINS";
const COUNT: u16 = 48;
const REDFISH_DELAY: Duration = Duration::from_millis(50);
const IPMI_DELAY: Duration = Duration::from_millis(20);
const USER: &str = "admin";
const PASSWORD: &str = "twin-password";
