//! What the daemon's API costs: one `name value unit` line a figure.
//!
//! Starts the real binary on a data directory of its own and measures its process from outside: CPU of all
//! its threads (`/proc/PID/task/*/schedstat`, nanoseconds), resident memory, bytes handed to the disk.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::cast_precision_loss, clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod crowd;
#[path = "../daemon.rs"]
mod daemon;
mod watchers;

use std::path::Path;
use std::time::{Duration, Instant};

use ferric::net::tls;
use serde_json::{Value, json};

use crate::daemon::Daemon;

fn main() {
    watchers::raise_descriptors();
    // `cargo bench --bench api -- watchers`: these alone.
    if std::env::args().any(|word| word == "watchers") {
        return crowd::watchers_1000();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(folder.path(), &["--rack-listen", "127.0.0.1:0"]);
    fill(&mut daemon, 0, 48);
    figure("idle_rss_48_nodes", daemon.rss() as f64 / 1_048_576.0, "MiB");
    reads(&mut daemon, "48");
    writes(&mut daemon);
    events_latency(&mut daemon);
    beats(&mut daemon);
    deploys(&mut daemon);
    fill(&mut daemon, 100, 1000);
    reads(&mut daemon, "1000");
    drop(daemon);
    restart(folder.path());
    crowd::watchers_1000();
    allocations();
    idle_day();
}

fn figure(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.3} {unit}");
}

/// CPU of the daemon for one of `count` calls, in microseconds.
fn cpu_each(daemon: &mut Daemon, name: &str, count: usize, mut call: impl FnMut(&mut Daemon, usize)) {
    for turn in 0..count / 10 {
        call(daemon, turn);
    }
    daemon.settle();
    let (before, began) = (daemon.cpu(), Instant::now());
    for turn in 0..count {
        call(daemon, count / 10 + turn);
    }
    let wall = began.elapsed();
    daemon.settle();
    let cpu = daemon.cpu() - before;
    figure(&format!("{name}_cpu"), cpu as f64 / 1000.0 / count as f64, "us");
    figure(&format!("{name}_wall"), wall.as_secs_f64() * 1e6 / count as f64, "us");
}

fn fill(daemon: &mut Daemon, from: usize, to: usize) {
    for number in from..to {
        let body = json!({
            "name": format!("node-{number:04}"), "driver": "fake-hardware",
            "driver_info": {"redfish_address": "https://192.0.2.1", "redfish_username": "admin", "redfish_password": "secret"},
            "properties": {"cpu_arch": "x86_64", "cpus": 16, "memory_mb": 65536, "local_gb": 960},
            "extra": {"rack": "r1", "unit": number},
        });
        let node = daemon.json("POST", "/v1/nodes", &body, 201);
        let mac = format!("52:54:00:{:02x}:{:02x}:01", number / 256, number % 256);
        daemon.json("POST", "/v1/ports", &json!({"node_uuid": node["uuid"], "address": mac}), 201);
    }
}

fn reads(daemon: &mut Daemon, nodes: &str) {
    cpu_each(daemon, &format!("show_of_{nodes}"), 2000, |daemon, turn| {
        daemon.ok("GET", &format!("/v1/nodes/node-{:04}", turn % 40), "", 200);
    });
    cpu_each(daemon, &format!("list_48_of_{nodes}"), 500, |daemon, _| {
        daemon.ok("GET", "/v1/nodes?limit=48", "", 200);
    });
    if nodes == "1000" {
        cpu_each(daemon, "list_1000", 100, |daemon, _| daemon.ok("GET", "/v1/nodes?limit=1000", "", 200));
        cpu_each(daemon, "list_1000_detail", 40, |daemon, _| {
            daemon.ok("GET", "/v1/nodes/detail?limit=1000", "", 200);
        });
    }
}

fn writes(daemon: &mut Daemon) {
    cpu_each(daemon, "create", 200, |daemon, turn| {
        daemon.json(
            "POST",
            "/v1/nodes",
            &json!({"name": format!("made-{turn}"), "driver": "fake-hardware"}),
            201,
        );
    });
    for turn in 0..220 {
        daemon.ok("DELETE", &format!("/v1/nodes/made-{turn}"), "", 204);
    }
    cpu_each(daemon, "patch", 300, |daemon, turn| {
        let patch = json!([{"op": "add", "path": "/extra/turn", "value": turn}]);
        daemon.json("PATCH", &format!("/v1/nodes/node-{:04}", turn % 40), &patch, 200);
    });
}

/// From the moment at which a change's job began, its flush included, to its receipt by one who watches.
fn events_latency(daemon: &mut Daemon) {
    let mut watcher = watchers::Watcher::open(&daemon.address);
    let mut lengths: Vec<f64> = (0..400)
        .map(|turn| {
            let patch = json!([{"op": "add", "path": "/extra/turn", "value": format!("l{turn}")}]);
            daemon.json("PATCH", &format!("/v1/nodes/node-{:04}", turn % 40), &patch, 200);
            watcher.next_after_its_change()
        })
        .collect();
    lengths.sort_by(f64::total_cmp);
    figure("events_latency_p50", lengths[lengths.len() / 2], "ms");
    figure("events_latency_p99", lengths[lengths.len() * 99 / 100], "ms");
}

/// Heartbeats of nodes that wait in cleaning for their agents. Each is followed by a look at the agent, which
/// refuses the connection; the rules give a step up after 40 silent looks, hence several nodes.
fn beats(daemon: &mut Daemon) {
    let certificate = tls::self_signed("127.0.0.1").unwrap().certificate;
    let beaters: Vec<_> = (0..BEATERS).map(|number| beater(daemon, number, &certificate)).collect();
    for (path, body) in &beaters {
        daemon.ok("POST", path, body, 202);
    }
    let before: Vec<_> = (0..BEATERS).map(|number| last_heartbeat(daemon, number)).collect();
    cpu_each(daemon, "heartbeat", 300, |daemon, turn| {
        let (path, body) = &beaters[turn % BEATERS];
        daemon.ok("POST", path, body, 202);
    });
    for (number, before) in before.iter().enumerate() {
        assert!(last_heartbeat(daemon, number) > *before, "the beats of beater-{number} were not taken");
    }
}

/// Puts a node into `clean wait` with an agent known; returns path and body of its heartbeats.
fn beater(daemon: &mut Daemon, number: usize, certificate: &str) -> (String, String) {
    let (name, mac) = (format!("beater-{number}"), format!("52:54:00:ff:ff:{number:02x}"));
    let node = daemon.json("POST", "/v1/nodes", &json!({
        "name": name, "driver": "manual-management", "power_interface": "fake", "management_interface": "fake",
        "boot_interface": "fake", "deploy_interface": "direct",
    }), 201);
    let id = node["uuid"].as_str().unwrap();
    daemon.json("POST", "/v1/ports", &json!({"node_uuid": id, "address": mac}), 201);
    daemon.provision(&name, "manage", "manageable");
    daemon.provision(&name, "provide", "clean wait");
    let told = daemon.json("GET", &format!("/v1/lookup?addresses={mac}"), &Value::Null, 200);
    let body = json!({
        "callback_url": "https://127.0.0.1:1", "agent_token": told["config"]["agent_token"],
        "agent_version": "13.0.0", "agent_verify_ca": certificate,
    });
    (format!("/v1/heartbeat/{id}"), body.to_string())
}

/// When the node's last heartbeat was taken in; it must still wait for its agent.
fn last_heartbeat(daemon: &mut Daemon, number: usize) -> String {
    daemon.settle();
    let node = daemon.json("GET", &format!("/v1/nodes/beater-{number}"), &Value::Null, 200);
    assert_eq!(node["provision_state"], "clean wait", "{node}");
    node["driver_internal_info"]["agent_last_heartbeat"].as_str().unwrap().to_owned()
}

/// A fake node from available to active.
fn deploys(daemon: &mut Daemon) {
    for number in 0..40 {
        daemon.provision(&format!("node-{number:04}"), "manage", "manageable");
        daemon.provision(&format!("node-{number:04}"), "provide", "available");
    }
    daemon.settle();
    let before = daemon.cpu();
    for number in 0..40 {
        daemon.provision(&format!("node-{number:04}"), "active", "active");
    }
    daemon.settle();
    figure("deploy_fake_cpu", (daemon.cpu() - before) as f64 / 1e6 / 40.0, "ms");
}

/// From exec to the first answer with what the folder holds.
fn restart(folder: &Path) {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        let mut daemon = Daemon::start(folder, &[]);
        daemon.ok("GET", "/v1/nodes/node-0500", "", 200);
        best = best.min(began.elapsed().as_secs_f64() * 1000.0);
    }
    figure("restart_1000_nodes", best, "ms");
}

/// A thousand allocations over a thousand free nodes, from the first request until the last one has its node.
fn allocations() {
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(folder.path(), &[]);
    for number in 0..1000 {
        let (name, class) = (format!("free-{number:04}"), "bench");
        let body = json!({"name": name, "driver": "fake-hardware", "resource_class": class});
        daemon.json("POST", "/v1/nodes", &body, 201);
    }
    for (target, goal) in [("manage", "manageable"), ("provide", "available")] {
        let body = json!({"target": target}).to_string();
        for number in 0..1000 {
            daemon.ok("PUT", &format!("/v1/nodes/free-{number:04}/states/provision"), &body, 202);
        }
        daemon.until_listed(
            &format!("/v1/nodes?fields=uuid&limit=1000&provision_state={goal}"),
            "nodes",
            1000,
        );
    }
    daemon.settle();
    let (before, began) = (daemon.cpu(), Instant::now());
    for _ in 0..1000 {
        daemon.json("POST", "/v1/allocations", &json!({"resource_class": "bench"}), 201);
    }
    daemon.until_listed("/v1/allocations?fields=uuid&limit=1000&state=active", "allocations", 1000);
    let wall = began.elapsed();
    daemon.settle();
    figure("allocate_1000_cpu", (daemon.cpu() - before) as f64 / 1e9, "s");
    figure("allocate_1000_wall", wall.as_secs_f64(), "s");
}

/// Bytes written on a day on which nothing happens: 720 rounds of power sync, of which twenty are run.
fn idle_day() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferric.toml");
    std::fs::write(&file, "[conductor]\nsync_power_state_interval = 1\n").unwrap();
    let data = folder.path().join("data");
    let mut daemon = Daemon::start(&data, &["--config", file.to_str().unwrap()]);
    fill(&mut daemon, 0, 48);
    for number in 0..48 {
        daemon.provision(&format!("node-{number:04}"), "manage", "manageable");
    }
    std::thread::sleep(Duration::from_secs(3));
    let before = daemon.written();
    std::thread::sleep(Duration::from_secs(20));
    figure("idle_day_written", (daemon.written() - before) as f64 * 720.0 / 20.0, "bytes");
}

/// 330 beats are under 40 a node.
const BEATERS: usize = 10;
