//! What a rack's pipelines cost: one `name value unit` line a figure.
//!
//! Each node is cleaned by hand and then deployed, with twenty steps each that take no time, all nodes at once: the
//! daemon's own work is what is left. The real binary is measured from outside.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(clippy::cast_precision_loss, clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod daemon;

use std::time::Instant;

use serde_json::{Value, json};

use crate::daemon::Daemon;

fn main() {
    // A rack alone says how long it takes; the same rack again, in a daemon of its own, says what chance adds.
    let racks = [rack(48), rack(48), rack(48)];
    let small = racks.iter().min_by(|one, other| one.wall.total_cmp(&other.wall)).unwrap();
    let large = rack(960);
    figure("pipelines.rack_48", small.wall, "s");
    figure("pipelines.rack_960", large.wall, "s");
    figure("pipelines.cpu_of_48", small.cpu, "s");
    figure("pipelines.cpu_960_vs_48", large.cpu / small.cpu, "ratio");
    figure("pipelines.commits_per_node", small.commits / 48.0, "commits");
    figure("pipelines.commits_per_node_of_960", large.commits / 960.0, "commits");
}

fn figure(name: &str, value: f64, unit: &str) {
    println!("{name} {value:.3} {unit}");
}

/// What cleaning and deploying a number of nodes took.
struct Cost {
    /// Seconds from the first request until the last node is active.
    wall: f64,
    /// Seconds of the daemon's threads on a processor.
    cpu: f64,
    /// Flushes of the store; those of many nodes are one.
    commits: f64,
}

fn rack(nodes: usize) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferric.toml");
    // All at once, and no round of power sync between them.
    let limits = "max_concurrent_deploy = 2000\nmax_concurrent_clean = 2000\nsync_power_state_interval = 0\n";
    std::fs::write(&file, format!("[conductor]\n{limits}automated_clean = false\n")).unwrap();
    let mut daemon = Daemon::start(&folder.path().join("data"), &["--config", file.to_str().unwrap()]);
    for number in 0..nodes {
        let body = json!({"name": name(number), "driver": "fake-hardware"});
        daemon.json("POST", "/v1/nodes", &body, 201);
    }
    all(&mut daemon, nodes, &json!({"target": "manage"}), "manageable");
    daemon.settle();
    let (began, cpu, commits) = (Instant::now(), daemon.cpu(), commits(&mut daemon));
    all(&mut daemon, nodes, &json!({"target": "clean", "clean_steps": clean_steps()}), "manageable");
    all(&mut daemon, nodes, &json!({"target": "provide"}), "available");
    all(&mut daemon, nodes, &json!({"target": "active", "deploy_steps": deploy_steps()}), "active");
    let wall = began.elapsed().as_secs_f64();
    daemon.settle();
    let cost =
        Cost { wall, cpu: (daemon.cpu() - cpu) as f64 / 1e9, commits: self::commits(&mut daemon) - commits };
    check(&mut daemon, nodes);
    cost
}

fn name(number: usize) -> String {
    format!("node-{number:04}")
}

/// Half of them are over with the first look, half act once.
fn clean_steps() -> Value {
    let step = |number: usize| {
        let step = if number.is_multiple_of(2) { "fake_done" } else { "fake_act" };
        json!({"interface": "deploy", "step": step})
    };
    (0..STEPS).map(step).collect()
}

/// A deployment has each step of a driver once: the others are those of the pipeline itself, which it takes each time.
fn deploy_steps() -> Value {
    let step = |number: usize| {
        let step = ["fake_done", "fake_act"].get(number).unwrap_or(&"power_on");
        json!({"interface": "deploy", "step": step, "args": {}, "priority": 50})
    };
    (0..STEPS).map(step).collect()
}

/// Asks it of all nodes and waits until all of them are there.
fn all(daemon: &mut Daemon, nodes: usize, body: &Value, goal: &str) {
    let body = body.to_string();
    for number in 0..nodes {
        daemon.ok("PUT", &format!("/v1/nodes/{}/states/provision", name(number)), &body, 202);
    }
    // The last one is cheaper to ask for than all of them, which is what is asked for then.
    daemon.until_in(&name(nodes - 1), goal);
    daemon.until_listed(&format!("/v1/nodes?fields=uuid&limit=1000&provision_state={goal}"), "nodes", nodes);
}

/// How often the daemon has flushed its store.
fn commits(daemon: &mut Daemon) -> f64 {
    let page = daemon.text("/metrics");
    let line = page.lines().find_map(|line| line.strip_prefix("ferric_commit_duration_seconds_count "));
    line.expect("the daemon counts its commits").trim().parse().unwrap()
}

/// A rack that failed would be cheap.
fn check(daemon: &mut Daemon, nodes: usize) {
    for number in [0, nodes - 1] {
        let node = daemon.json("GET", &format!("/v1/nodes/{}", name(number)), &Value::Null, 200);
        assert_eq!(node["last_error"], Value::Null, "{node}");
        assert_eq!(node["provision_state"], "active", "{node}");
    }
}

/// Steps of each cleaning and of each deployment.
const STEPS: usize = 20;
