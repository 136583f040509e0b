//! The daemon, measured from outside.
#![allow(dead_code, reason = "each benchmark uses its part")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// `ferric serve` on a folder, with one connection to it.
pub(crate) struct Daemon {
    process: Child,
    wire: BufReader<TcpStream>,
    pub(crate) address: String,
}

impl Daemon {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        // The data directory is refused if others may enter it.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        if data.exists() {
            std::fs::set_permissions(data, private).unwrap();
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_ferric"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .env("FERRIC_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| Some(line.ok()?.strip_prefix("ferric: API at http://")?.to_owned()))
            .expect("the daemon says where its API is");
        let wire = BufReader::new(TcpStream::connect(&address).unwrap());
        Self { process, wire, address }
    }

    pub(crate) fn ok(&mut self, method: &str, path: &str, body: &str, status: u16) {
        let (got, text) = self.call(method, path, body);
        assert_eq!(got, status, "{method} {path}: {}", String::from_utf8_lossy(&text));
    }

    pub(crate) fn json(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (got, answer) = self.call(method, path, &text);
        assert_eq!(got, status, "{method} {path}: {}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap_or(Value::Null)
    }

    /// A page that is no JSON.
    pub(crate) fn text(&mut self, path: &str) -> String {
        let (status, text) = self.call("GET", path, "");
        assert_eq!(status, 200, "GET {path}");
        String::from_utf8(text).unwrap()
    }

    /// Waits until the list has so many entries.
    pub(crate) fn until_listed(&mut self, path: &str, key: &str, count: usize) {
        for _ in 0..2000 {
            if self.json("GET", path, &Value::Null, 200)[key].as_array().map(Vec::len) == Some(count) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{path} never has {count} entries");
    }

    pub(crate) fn provision(&mut self, name: &str, target: &str, goal: &str) {
        self.ok(
            "PUT",
            &format!("/v1/nodes/{name}/states/provision"),
            &json!({"target": target}).to_string(),
            202,
        );
        self.until_in(name, goal);
    }

    /// Waits until the node is in this state.
    pub(crate) fn until_in(&mut self, name: &str, goal: &str) {
        for _ in 0..20_000 {
            let states = self.json("GET", &format!("/v1/nodes/{name}/states"), &Value::Null, 200);
            if states["provision_state"] == goal {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{name} does not become {goal}");
    }

    fn call(&mut self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let mut request = String::new();
        write!(
            request,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nX-OpenStack-Ironic-API-Version: 1.115\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        self.wire.get_mut().write_all(request.as_bytes()).unwrap();
        self.answer()
    }

    fn answer(&mut self) -> (u16, Vec<u8>) {
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.wire.read_line(&mut line).unwrap();
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.wire.read_exact(&mut body).unwrap();
        (status, body)
    }

    /// Lets what goes on after the last answer come to its end.
    pub(crate) fn settle(&self) {
        let mut last = self.cpu();
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(50));
            let now = self.cpu();
            if now - last < 200_000 {
                return;
            }
            last = now;
        }
    }

    /// Nanoseconds on a processor, of all threads.
    pub(crate) fn cpu(&self) -> u64 {
        self.cpu_of(|_| true)
    }

    /// Of all but those that serve watchers.
    pub(crate) fn cpu_without_watchers(&self) -> u64 {
        self.cpu_of(|name| !name.starts_with("watchers"))
    }

    fn cpu_of(&self, counts: impl Fn(&str) -> bool) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        tasks
            .filter_map(|task| {
                let path = task.ok()?.path();
                let name = std::fs::read_to_string(path.join("comm")).ok()?;
                let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
                counts(&name).then(|| text.split(' ').next()?.parse::<u64>().ok())?
            })
            .sum()
    }

    pub(crate) fn rss(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    pub(crate) fn written(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.process.id())).unwrap();
        io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap().parse().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
