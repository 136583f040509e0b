//! The power fails: a disk keeps what was flushed, and any part of what was written later.
//!
//! ```text
//! a session under strace -> writes, flushes, answers, calls out
//! at each flush, answer and call -> what the disk may hold (none, all, some of the later writes, torn ones)
//!     -> the store opens, shows exactly one of its commits, and holds all that was answered or acted upon
//! ```

mod disk;
mod promise;
mod session;
mod trace;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ferric::base::time::RealClock;
use ferric::depot::blobs::Blobs;
use ferric::store::Store;
use ferric::store::options::Mode;
use ferric::store::options::Options;
use ferric::twin::dice::Dice;
use tempfile::TempDir;

use crate::power_cut::disk::Kept;
use crate::power_cut::disk::Recording;
use crate::power_cut::promise::Promise;
use crate::power_cut::session::Recorded;

/// Opens what the disk holds.
fn open(dir: &Path) -> Store {
    let clock = Arc::new(RealClock::new());
    let options = Options { mode: Mode::Inline, reserve: 0, ..Options::new(dir, clock) };
    Store::open(options).unwrap_or_else(|error| panic!("the store does not open: {error:?}"))
}

/// The session's disk and what was promised, and what each commit shows.
struct Trial {
    recording: Recording,
    promises: Vec<Promise>,
    commits: Vec<String>,
    dice: Dice,
    images: u32,
}

impl Trial {
    fn new(recorded: &Recorded, seed: u64) -> Self {
        let calls = trace::calls(&recorded.trace);
        let recording = Recording::of(&calls, &recorded.data);
        let promises = promise::promises(&calls);
        let mut trial = Self { recording, promises, commits: Vec::new(), dice: Dice::new(seed), images: 0 };
        trial.commits = trial.each_commit();
        trial
    }

    /// What the store shows before the first commit and after each.
    fn each_commit(&self) -> Vec<String> {
        let moments = self.recording.committed_at();
        let shown = [0].into_iter().chain(moments).map(|moment| {
            let dir = TempDir::new().unwrap();
            self.recording.rebuild(moment, Kept::Everything, &self.dice, dir.path());
            open(dir.path()).dump().unwrap()
        });
        shown.collect()
    }

    /// The power fails at `moment`.
    fn cut(&mut self, moment: usize, kept: Kept) {
        self.images += 1;
        let dir = TempDir::new().unwrap();
        self.recording.rebuild(moment, kept, &self.dice, dir.path());
        let store = open(dir.path());
        let (done, begun) = self.recording.commits(moment);
        let shown = store.dump().unwrap();
        let commit = self.commits[done..=begun].contains(&shown);
        assert!(commit, "neither of commits {done} to {begun}, but {shown}");
        let published = store.reader().published();
        for promise in &self.promises {
            promise.check(moment, &published);
        }
        let blobs = Blobs::open(dir.path().join("blobs")).unwrap();
        for drive in published.nodes().filter_map(|node| node.config_drive.as_ref()) {
            blobs.get(drive).unwrap();
        }
    }
}

fn power_cuts(seed: u64, samples: usize) {
    eprintln!("seed {seed}");
    let mut trial = Trial::new(&session::record(), seed);
    let kept = trial.promises.iter().map(|promise| promise.moment);
    let moments: BTreeSet<_> = trial.recording.flushed_at().into_iter().chain(kept).collect();
    for moment in &moments {
        // A store in the making has more ways to be broken than one that changes.
        let samples = if trial.recording.commits(*moment).0 < 2 { samples + 20 } else { samples };
        trial.cut(*moment, Kept::Nothing);
        trial.cut(*moment, Kept::Everything);
        for _ in 0..samples {
            trial.cut(*moment, Kept::Some);
            trial.cut(*moment, Kept::Sectors);
        }
    }
    let (commits, promises) = (trial.commits.len(), trial.promises.len());
    assert!(commits > 20 && promises > 30, "{commits} commits, {promises} promises: that was no session");
    eprintln!("{} disks at {} moments, {commits} commits, {promises} promises", trial.images, moments.len());
}

#[test]
fn what_was_answered_or_acted_upon_is_on_the_disk_whenever_the_power_fails() {
    power_cuts(11, 1);
}

mod soak {
    #[test]
    #[ignore = "minutes; tests/run soak"]
    fn what_was_answered_or_acted_upon_is_on_the_disk_whenever_the_power_fails_in_many_ways() {
        for seed in 300..310 {
            super::power_cuts(seed, 20);
        }
    }
}
