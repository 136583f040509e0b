//! `boot.rack_48`: a rack of simulated servers from power-on to `active`, split by phase. The real binary serves a
//! network namespace, and 48 machines with their Redfish BMCs stand at the other end of a cable: a third each boot by a
//! BIOS's PXE ROM, OVMF's PXE and OVMF's HTTP boot, then iPXE, a kernel of 8 MiB and a ramdisk of 52 MiB; their agents
//! write an image of 256 MiB each. They are enrolled, cleaned by metadata and deployed through the API.
//!
//! Pauses of firmware and agent are a tenth of the recorded ones, so that what is measured is mostly the daemon (and
//! the machines, which share the processor with it). A phase is that of one machine: the median and the worst, of the
//! boot in which it is deployed; the first line is from the first machine's power-on to the last one's `active`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ferric::base::time::Tick;
use ferric::twin::progress::{Phase, Progress};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http_ask::ask;
use crate::measure::Server;
use crate::twin_rack::{Cable, Life, Machines, import, pair};

pub fn run() {
    let cable = match Cable::lay("boot-bench") {
        Ok(cable) => cable,
        Err(why) => return println!("# boot.rack_48 is left out: {why}"),
    };
    let home = tempfile::tempdir().unwrap();
    for (file, size) in [("undionly.kpxe", 72 << 10), ("snponly.efi", 240 << 10)] {
        std::fs::write(home.path().join(file), vec![7; size]).unwrap();
    }
    let plant = Plant::start(&cable, home.path());
    pair(home.path(), 8 << 20, 52 << 20);
    import(&cable, &plant.url, home.path());
    let (image, sha256) = image(home.path());
    let life = Life { firmware: 0.1, agent: 0.1, beats: 0.02, disk_size: 512 << 20 };
    let machines = Machines::start(&cable, COUNT, home.path(), life);
    plant.enrol(&machines);
    plant.all("manage", "manageable", &machines);
    let began = plant.server.cpu();
    plant.all("provide", "available", &machines);
    tell("clean", &machines, plant.server.cpu() - began, &BTreeMap::new());
    plant.order(&machines, &image, &sha256);
    let began = plant.server.cpu();
    let ends = plant.all("active", "active", &machines);
    tell("rack", &machines, plant.server.cpu() - began, &ends);
    println!("boot.rack_48.peak {:.0} MiB", plant.peak());
}

/// The daemon.
struct Plant<'a> {
    cable: &'a Cable,
    server: Server,
    url: String,
}

impl<'a> Plant<'a> {
    fn start(cable: &'a Cable, home: &Path) -> Self {
        let config = home.join("ferric.toml");
        std::fs::write(&config, Cable::config(home)).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &cable.rack(), env!("CARGO_BIN_EXE_ferric"), "serve"]);
        command.args(["--listen", "127.0.0.1:0", "--hardware", "redfish", "--config"]).arg(config);
        command.arg("--data").arg(home.join("data")).env("FERRIC_LOG", "warn").stdout(Stdio::piped());
        let mut server = Server::start(&mut command);
        let mut lines = BufReader::new(server.child().stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| Some(line.ok()?.strip_prefix("ferric: API at ")?.trim().to_owned()));
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let url = url.expect("the daemon does not start").trim_end_matches('/').to_owned();
        Self { cable, server, url }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        let (got, answer) = self.cable.at_rack(|| ask(&self.url, method, path, body)).unwrap();
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }

    fn enrol(&self, machines: &Machines) {
        for machine in &machines.list {
            let node = self.ask("POST", "/v1/nodes", Some(&machine.node()), 201);
            let port = json!({"node_uuid": node["uuid"], "address": machine.mac().to_string()});
            self.ask("POST", "/v1/ports", Some(&port), 201);
        }
    }

    fn order(&self, machines: &Machines, image: &str, sha256: &str) {
        let info = json!({"image_source": format!("file://{image}"), "image_checksum": sha256,
            "image_disk_format": "raw"});
        let patch = json!([{"op": "add", "path": "/instance_info", "value": info}]);
        for machine in &machines.list {
            self.ask("PATCH", &format!("/v1/nodes/{}", machine.name), Some(&patch), 200);
        }
    }

    /// Asks for this of all, and waits until all are there; when each was, on the machines' clock.
    fn all(&self, target: &str, state: &str, machines: &Machines) -> BTreeMap<String, Tick> {
        for machine in &machines.list {
            let path = format!("/v1/nodes/{}/states/provision", machine.name);
            self.ask("PUT", &path, Some(&json!({"target": target})), 202);
        }
        let (deadline, mut there) = (Instant::now() + LONG, BTreeMap::new());
        while there.len() < machines.list.len() {
            assert!(Instant::now() < deadline, "not all are {state}: {there:?}");
            let list =
                self.ask("GET", "/v1/nodes?limit=1000&fields=name,provision_state,last_error", None, 200);
            let now = machines.now();
            for node in list["nodes"].as_array().unwrap() {
                let is = node["provision_state"].as_str().unwrap();
                assert!(!is.ends_with("failed"), "{node:#}");
                if is == state {
                    there.entry(node["name"].as_str().unwrap().to_owned()).or_insert(now);
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        there
    }

    /// The daemon's largest memory so far in MiB.
    fn peak(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

/// Prints the phases of the last boot into the ramdisk and what followed.
fn tell(group: &str, machines: &Machines, cpu: f64, ends: &BTreeMap<String, Tick>) {
    let group = if group == "rack" { "boot.rack_48".to_owned() } else { format!("boot.rack_48_{group}") };
    let mut phases: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let (mut first, mut last) = (Tick(Duration::MAX), Tick::default());
    for machine in &machines.list {
        let progress = machine.server.progress();
        let boot = progress.marks.iter().rev().find(|mark| mark.phase == Phase::Found).unwrap().boot;
        let end = ends.get(&machine.name).copied();
        for (name, from, to) in spans(&progress, boot, end) {
            phases.entry(name).or_default().push(to.since(from).as_secs_f64());
        }
        first = first.min(progress.came_by(boot, Phase::Power).unwrap());
        last = last.max(end.or_else(|| progress.came_by(boot, Phase::Beat)).unwrap());
    }
    println!("{group} {:.2} s", last.since(first).as_secs_f64());
    for name in NAMES {
        let Some(times) = phases.get_mut(name) else { continue };
        times.sort_by(f64::total_cmp);
        println!("{group}.{name} {:.2} {:.2} s", times[times.len() / 2], times[times.len() - 1]);
    }
    let net = |of: fn(&Progress) -> u32| machines.total(|machine| of(&machine.server.progress()));
    println!("{group}.discovers {} n", net(|progress| progress.net.discovers));
    println!("{group}.failures {} n", net(|progress| progress.net.failures));
    println!("{group}.cpu {cpu:.2} s");
}

/// The parts of a boot, each with its beginning and its end.
fn spans(progress: &Progress, boot: u32, end: Option<Tick>) -> Vec<(&'static str, Tick, Tick)> {
    let at = |phase| progress.came_by(boot, phase);
    let disk = progress.came_by(boot + 1, Phase::Disk);
    let rows = [
        ("dhcp", at(Phase::Power), at(Phase::Address)),
        ("loader", at(Phase::Address), at(Phase::Loader)),
        ("ipxe_dhcp", at(Phase::Loader), at(Phase::IpxeAddress)),
        ("script", at(Phase::IpxeAddress), at(Phase::Script)),
        ("ramdisk", at(Phase::Script), at(Phase::Kernel)),
        ("agent", at(Phase::Kernel), at(Phase::Beat)),
        ("steps", at(Phase::Beat), at(Phase::Image)),
        ("image", at(Phase::Image), at(Phase::Written)),
        ("disk", at(Phase::Written), end.max(disk)),
        ("whole", at(Phase::Power), end),
    ];
    rows.into_iter().filter_map(|(name, from, to)| Some((name, from?, to?))).collect()
}

/// An image that packs well and is no hole: its path and its SHA-256.
fn image(home: &Path) -> (String, String) {
    let path = home.join("data/images/rack.raw");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(&path).unwrap();
    let block: Vec<u8> = b"a rack's image ".iter().copied().cycle().take(1 << 20).collect();
    let mut hash = Sha256::new();
    for _ in 0..IMAGE {
        file.write_all(&block).unwrap();
        hash.update(&block);
    }
    let mut sha256 = String::new();
    for byte in hash.finalize() {
        write!(sha256, "{byte:02x}").unwrap();
    }
    (path.display().to_string(), sha256)
}

const COUNT: u8 = 48;
/// MiB
const IMAGE: u32 = 256;
const LONG: Duration = Duration::from_mins(15);
const NAMES: [&str; 10] =
    ["dhcp", "loader", "ipxe_dhcp", "script", "ramdisk", "agent", "steps", "image", "disk", "whole"];
