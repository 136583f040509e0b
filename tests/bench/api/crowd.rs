//! What a thousand watchers cost those who ask: two daemons in turn, one with them and one without, so that whatever
//! the host does is done to both.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::daemon::Daemon;
use crate::watchers::Crowd;
use crate::{figure, fill};

/// Two daemons of the same rack.
struct Pair {
    alone: Daemon,
    watched: Daemon,
}

/// The medians of the rounds of one daemon.
#[derive(Default)]
struct Rounds {
    /// Microseconds of one request, as its client sees it.
    time: Vec<f64>,
    /// Microseconds on a processor of all threads but those that serve the watchers.
    cpu: Vec<f64>,
}

pub(crate) fn watchers_1000() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [alone, watched] = folders.each_ref().map(|folder| {
        let mut daemon = Daemon::start(folder.path(), &["--rack-listen", "127.0.0.1:0"]);
        fill(&mut daemon, 0, 48);
        daemon
    });
    let crowd = Crowd::open(&watched.address, 1000);
    let mut pair = Pair { alone, watched };
    pair.compare("show", show);
    pair.compare("patch", patch);
    pair.compare("patch_and_four_shows", |daemon, turn| {
        patch(daemon, turn);
        (0..4).for_each(|more| show(daemon, turn + more));
    });
    crowd.close();
}

impl Pair {
    fn compare(&mut self, name: &str, call: fn(&mut Daemon, usize)) {
        for (pace, rest) in [("", REST), ("_without_rest", Duration::ZERO)] {
            let (mut without, mut with) = (Rounds::default(), Rounds::default());
            for turn in 0..ROUNDS {
                // The first of a pair is the other one each time.
                if turn % 2 == 0 {
                    without.add(&mut self.alone, rest, call);
                    with.add(&mut self.watched, rest, call);
                } else {
                    with.add(&mut self.watched, rest, call);
                    without.add(&mut self.alone, rest, call);
                }
            }
            for (what, without, with) in
                [("time", &without.time, &with.time), ("cpu", &without.cpu, &with.cpu)]
            {
                let mut more: Vec<f64> =
                    with.iter().zip(without).map(|(with, without)| with / without).collect();
                figure(
                    &format!("watchers_1000_{name}{pace}_{what}_without"),
                    median(&mut without.clone()),
                    "us",
                );
                figure(&format!("watchers_1000_{name}{pace}_{what}_with"), median(&mut with.clone()), "us");
                let more = (median(&mut more) - 1.0) * 100.0;
                figure(&format!("watchers_1000_{name}{pace}_{what}_more"), more, "percent");
            }
        }
    }
}

impl Rounds {
    fn add(&mut self, daemon: &mut Daemon, rest: Duration, call: fn(&mut Daemon, usize)) {
        // What the other one has set off has come to its end.
        std::thread::sleep(SETTLE);
        let before = daemon.cpu_without_watchers();
        let mut times: Vec<f64> = (0..REQUESTS)
            .map(|turn| {
                let began = Instant::now();
                call(daemon, turn);
                let time = began.elapsed().as_secs_f64() * 1e6;
                std::thread::sleep(rest);
                time
            })
            .collect();
        std::thread::sleep(SETTLE);
        let cpu = daemon.cpu_without_watchers() - before;
        self.cpu.push(cpu as f64 / 1000.0 / REQUESTS as f64);
        self.time.push(median(&mut times));
    }
}

fn show(daemon: &mut Daemon, turn: usize) {
    daemon.ok("GET", &format!("/v1/nodes/node-{:04}", turn % 40), "", 200);
}

fn patch(daemon: &mut Daemon, turn: usize) {
    let value = format!("{turn}-{:?}", Instant::now());
    let patch = json!([{"op": "add", "path": "/extra/turn", "value": value}]);
    daemon.json("PATCH", &format!("/v1/nodes/node-{:04}", turn % 40), &patch, 200);
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const ROUNDS: usize = 40;
const REQUESTS: usize = 25;
/// As a script of an operator that does one thing after the other over a network.
const REST: Duration = Duration::from_millis(20);
const SETTLE: Duration = Duration::from_millis(60);
