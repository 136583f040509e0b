//! Processes, their CPU time, and medians.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server's process; it ends with the value.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Server {
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Seconds of CPU time that it and its children that live have taken.
    pub fn cpu(&self) -> f64 {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|child| child.parse().ok());
        std::iter::once(own).chain(children).map(cpu_of).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nginx ends its workers when it is asked to; a kill would leave them.
        Command::new("kill").arg(self.child.id().to_string()).status().ok();
        let began = Instant::now();
        while self.child.try_wait().ok().flatten().is_none() && began.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Seconds of CPU time that a process has taken.
pub fn cpu_of(process: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}

/// Ticks of a second in `/proc` (`USER_HZ`, the same on all Linux).
const TICKS: f64 = 100.0;

/// What one round of one side brought.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    pub bytes: u64,
    pub time: Duration,
    /// Seconds of the server's CPU time.
    pub cpu: f64,
}

impl Round {
    /// Does the work and takes the server's time.
    pub fn take(server: &Server, work: impl FnOnce() -> u64) -> Self {
        let (cpu, began) = (server.cpu(), Instant::now());
        let bytes = work();
        Self { bytes, time: began.elapsed(), cpu: server.cpu() - cpu }
    }

    /// MiB a second.
    fn rate(self) -> f64 {
        self.bytes as f64 / MIB / self.time.as_secs_f64()
    }

    /// Seconds of CPU time a GiB.
    fn cost(self) -> f64 {
        self.cpu / (self.bytes as f64 / MIB / 1024.0)
    }
}

const MIB: f64 = 1024.0 * 1024.0;

/// Takes five interleaved rounds of both sides and prints what comes of them.
pub fn compare(name: &str, theirs: &str, mut round: impl FnMut(bool) -> Round) {
    let name = format!("boot.{name}_vs_{theirs}");
    round(true);
    round(false);
    let rounds: Vec<(Round, Round)> = (0..ROUNDS).map(|_| (round(true), round(false))).collect();
    let of = |value: fn(Round) -> f64| {
        let (ours, theirs) = rounds.iter().map(|(ours, theirs)| (value(*ours), value(*theirs))).unzip();
        (median(ours), median(theirs))
    };
    let ratio = median(rounds.iter().map(|(ours, theirs)| ours.rate() / theirs.rate()).collect());
    let (rate, cost) = (of(Round::rate), of(Round::cost));
    println!("{name} {ratio:.2} x");
    println!("{name}_rates {:.0} {:.0} MiB/s", rate.0, rate.1);
    println!("{name}_cpu {:.2} {:.2} s/GiB", cost.0, cost.1);
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ROUNDS: usize = 5;

/// Installs what is missing, as root on Debian.
pub fn install(program: &str, package: &str) {
    let there = |folder: &str| Path::new(folder).join(program).exists();
    if ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].into_iter().any(there) {
        return;
    }
    let words = ["install", "-q", "-y", "--no-install-recommends", package];
    let installed = Command::new("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive").output();
    assert!(
        installed.is_ok_and(|output| output.status.success()),
        "{program} is missing: apt-get install {package}"
    );
}

/// Bytes that no server can guess.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
