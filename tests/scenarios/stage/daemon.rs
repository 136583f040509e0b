//! The real binary under test: started on a data directory of its own, killed when the test is over.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use tempfile::TempDir;

/// `ferric serve` with a free port, and where it says that its doors are.
#[derive(Debug)]
pub struct Daemon {
    home: TempDir,
    /// What the command line begins with, if not with the binary.
    before: Vec<String>,
    options: Vec<String>,
    child: Child,
    doors: Doors,
}

/// What `serve` prints: `ferric: API at URL`, before it `ferric: rack at URL` if that door is open.
#[derive(Debug)]
struct Doors {
    api: String,
    rack: Option<String>,
    /// Whatever else it said before.
    said: Vec<String>,
}

impl Daemon {
    /// The fake rack: both hardware types, the operator's door only.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With the rack's door on loopback too, as the stock agent needs it.
    pub fn start_with_rack() -> Self {
        Self::start_with(&["--rack-listen", "127.0.0.1:0"])
    }

    /// With further options of `serve`; they hold for every restart.
    pub fn start_with(options: &[&str]) -> Self {
        Self::start_behind(&[], options)
    }

    /// The same in a network namespace.
    pub fn start_in(namespace: &str, options: &[&str]) -> Self {
        Self::start_behind(&["ip", "netns", "exec", namespace], options)
    }

    fn start_behind(before: &[&str], options: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<String>>();
        let (before, options) = (owned(before), owned(options));
        let (child, doors) = spawn(home.path(), &before, &options);
        Self { home, before, options, child, doors }
    }

    /// Where clients reach the operator's door; no slash at the end.
    pub fn url(&self) -> &str {
        &self.doors.api
    }

    /// Where agents reach the rack's door.
    pub fn rack_url(&self) -> &str {
        self.doors.rack.as_deref().expect("started without the rack's door")
    }

    /// What the last start printed before it said where its doors are.
    pub fn said(&self) -> &[String] {
        &self.doors.said
    }

    /// The data directory that `serve` was given.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The running process, for tools that look at it from outside.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the daemon logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// SIGKILL: no drain, no goodbye.
    pub fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how the daemon ended; it must do so within its drain deadline.
    pub fn stop(&mut self) -> ExitStatus {
        let told = Command::new("/bin/kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(told.success(), "kill -TERM {}", self.pid());
        let deadline = Instant::now() + DRAIN;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "still draining after {DRAIN:?}:\n{}", self.log());
            std::thread::park_timeout(POLL);
        }
    }

    /// Another life on the same data, with the same options. The ports are new ones.
    pub fn restart(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.kill9();
        }
        (self.child, self.doors) = spawn(self.home.path(), &self.before, &self.options);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
        if std::thread::panicking() {
            eprintln!("--- the daemon's log\n{}", last_lines(&self.log(), 100));
        }
    }
}

fn spawn(home: &Path, before: &[String], options: &[String]) -> (Child, Doors) {
    let log = File::options().create(true).append(true).open(home.join("log")).unwrap();
    let binary = env!("CARGO_BIN_EXE_ferric").to_owned();
    let line: Vec<&String> = before.iter().chain([&binary]).collect();
    let elsewhere = options.iter().any(|option| option == "--listen");
    let mut child = Command::new(line[0])
        .args(&line[1..])
        .arg("serve")
        .arg("--data")
        .arg(home.join("data"))
        .args(["--hardware", "fake-hardware,manual-management"])
        .args(["--listen", "127.0.0.1:0"].iter().filter(|_| !elsewhere))
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let (tell, told) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    // Reads on to the end, so that the daemon never meets a full or a closed pipe.
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    match doors(&told) {
        Ok(doors) => (child, doors),
        Err(said) => {
            child.kill().ok(); // it may have ended by itself
            let status = child.wait().unwrap();
            let log = std::fs::read_to_string(home.join("log")).unwrap_or_default();
            panic!(
                "no `{API_LINE}` within {START:?}; {status}, said {said:?}, logged:\n{}",
                last_lines(&log, 100)
            );
        }
    }
}

/// Waits for the line that ends the start; what was said instead, if it does not come.
fn doors(told: &mpsc::Receiver<String>) -> Result<Doors, Vec<String>> {
    let (mut rack, mut said) = (None, Vec::new());
    let deadline = Instant::now() + START;
    while let Ok(line) = told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        let url = |prefix| Some(line.strip_prefix(prefix)?.trim().trim_end_matches('/').to_owned());
        if let Some(api) = url(API_LINE) {
            return Ok(Doors { api, rack, said });
        }
        rack = url(RACK_LINE).or(rack);
        said.push(line);
    }
    Err(said)
}

/// The end of a long text.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

const API_LINE: &str = "ferric: API at ";
const RACK_LINE: &str = "ferric: rack at ";
/// A start is milliseconds; a loaded machine gets some thousand times that.
const START: Duration = Duration::from_secs(20);
/// Longer than the deadline of the drain itself.
const DRAIN: Duration = Duration::from_secs(70);
/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);
