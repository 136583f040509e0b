//! The daemon as a process that is killed and started again on the same data and the same ports.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;

/// Looks at each line of the log as it comes; `true`: the daemon is to die now.
pub type Watch = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// `ferric serve` on a folder and two ports of its own.
pub struct Appliance {
    home: TempDir,
    api: u16,
    rack: u16,
    /// Program and arguments before the daemon's own.
    wrapper: Vec<String>,
    environment: Vec<(String, String)>,
    options: Vec<String>,
    watch: Option<Watch>,
    child: Option<Child>,
    /// Starts so far.
    pub lives: u32,
}

impl Appliance {
    /// Not started yet.
    pub fn new() -> Self {
        let (api, rack) = free_ports();
        Self {
            home: TempDir::new().unwrap(),
            api,
            rack,
            wrapper: Vec::new(),
            environment: Vec::new(),
            options: Vec::new(),
            watch: None,
            child: None,
            lives: 0,
        }
    }

    /// Further options of `serve`, for each life from now on.
    pub fn options(&mut self, options: &[&str]) {
        self.options = options.iter().map(|&option| option.to_owned()).collect();
    }

    /// The environment of each life from now on.
    pub fn environment(&mut self, variables: &[(&str, &str)]) {
        self.environment =
            variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    }

    /// Runs the daemon under this program from now on.
    pub fn wrapper(&mut self, words: &[&str]) {
        self.wrapper = words.iter().map(|&word| word.to_owned()).collect();
    }

    /// Follows the log of each life from now on.
    pub fn watch(&mut self, watch: Option<Watch>) {
        self.watch = watch;
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    pub fn rack_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.rack)
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    /// What all lives logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home().join("log")).unwrap_or_default()
    }

    /// Another life, if none is on. `false`: it was killed before it served.
    pub fn start(&mut self) -> bool {
        if self.child.is_some() {
            return true;
        }
        self.lives += 1;
        let mut child = self.command().spawn().unwrap();
        self.follow(&mut child);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, told) = mpsc::channel();
        // Reads on to the end, so that the daemon never meets a full or a closed pipe.
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line)));
        });
        self.child = Some(child);
        self.wait_until_it_serves(&told)
    }

    fn command(&self) -> Command {
        let binary = env!("CARGO_BIN_EXE_ferric").to_owned();
        let words: Vec<_> = self.wrapper.iter().cloned().chain([binary]).collect();
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .arg("serve")
            .arg("--data")
            .arg(self.data())
            .args(["--listen", &format!("127.0.0.1:{}", self.api)])
            .args(["--rack-listen", &format!("127.0.0.1:{}", self.rack)])
            .args(["--hardware", "fake-hardware,manual-management"])
            .args(&self.options)
            .env("FERRIC_LOG", "info,ferric::commit=trace,ferric::call=debug")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Keeps the log, and kills when the watch says so.
    fn follow(&self, child: &mut Child) {
        let (watch, pid) = (self.watch.clone(), pid(child));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = File::options().create(true).append(true).open(self.home().join("log")).unwrap();
        std::thread::spawn(move || {
            let mut alive = true;
            for line in lines.map_while(Result::ok) {
                if alive && watch.as_ref().is_some_and(|watch| watch(&line)) {
                    // It is not reaped before this thread's next line, so the number is still its own.
                    kill(pid, Signal::SIGKILL).unwrap();
                    alive = false;
                }
                writeln!(log, "{line}").unwrap();
            }
        });
    }

    fn wait_until_it_serves(&mut self, told: &mpsc::Receiver<String>) -> bool {
        let deadline = Instant::now() + START;
        loop {
            match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with(API_LINE) => return true,
                Ok(_) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) if self.ended_by_kill() => return false,
                Err(error) => panic!("it does not serve ({error})"),
            }
        }
    }

    /// Whether no life is on. One that ended in another way than by SIGKILL is a failure.
    pub fn is_dead(&mut self) -> bool {
        let Some(child) = &mut self.child else { return true };
        if child.try_wait().unwrap().is_none() {
            return false;
        }
        assert!(self.ended_by_kill(), "the daemon ended by itself");
        true
    }

    fn ended_by_kill(&mut self) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.take().unwrap().wait().unwrap();
        status.signal() == Some(Signal::SIGKILL as i32)
    }

    /// SIGKILL: no drain, no goodbye.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            kill(pid(&child), Signal::SIGTERM).unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().filter(|line| !line.contains(" TRACE ")).collect();
            let last = lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n");
            eprintln!("--- the daemon's log of {} lives\n{last}", self.lives);
        }
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Two ports that nobody has, and that the system gives to nobody who calls out while the daemon is dead.
fn free_ports() -> (u16, u16) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let free = || {
        (0..PORTS)
            .map(|_| std::process::id().wrapping_mul(97) % PORTS + NEXT.fetch_add(1, Ordering::Relaxed))
            .map(|place| u16::try_from(FIRST_PORT + place % PORTS).unwrap())
            .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
            .unwrap()
    };
    (free(), free())
}

/// Below `net.ipv4.ip_local_port_range`.
const FIRST_PORT: u32 = 12_000;
const PORTS: u32 = 20_000;

const API_LINE: &str = "ferric: API at ";
/// A start is milliseconds; a loaded machine gets some thousand times that.
const START: Duration = Duration::from_secs(30);
const LINES_SHOWN: usize = 150;
