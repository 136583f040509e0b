//! Servers that others wrote, running beside the daemon: ended with the test, their words kept for when it fails.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::stage::daemon::last_lines;

/// A running process; what it says is in a file.
#[derive(Debug)]
pub struct PeerProcess {
    child: Child,
    log: PathBuf,
}

impl PeerProcess {
    /// Starts it in `home` and waits until it has said `ready`.
    pub fn start(command: &mut Command, home: &Path, ready: &str) -> Self {
        let log = home.join("peer.log");
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let began = words(&log).len();
        let child = command
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}: run tests/run, it installs the peers"));
        let mut started = Self { child, log };
        until(ready, || {
            let ended = started.child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended: {ended:?}\n{}", started.said());
            started.said()[began..].contains(ready)
        });
        started
    }

    /// All that it said so far, over all its lives in this folder.
    pub fn said(&self) -> String {
        words(&self.log)
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
        if std::thread::panicking() {
            eprintln!("--- {} said\n{}", self.log.display(), last_lines(&self.said(), 60));
        }
    }
}

fn words(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}

/// Looks again and again until it is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "not so within {LIMIT:?}: {what}");
        std::thread::park_timeout(POLL);
    }
}

/// Some ten times what a loaded machine needs.
const LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(100);
