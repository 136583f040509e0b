//! The serial console: typed at `ferric console`, carried over LAN to the machine's serial line, and recorded.

use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use crate::ipmi_sim::rig::Sim;
use crate::ipmi_sim::rig::managed;
use crate::stage::daemon::Daemon;

/// The machine's end of its serial line: says what it gets in brackets.
fn serial_line() -> u16 {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = door.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut line in door.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut bytes = [0; 64];
                while let Ok(size @ 1..) = line.read(&mut bytes) {
                    let said = [b"<", &bytes[..size], b">"].concat();
                    if line.write_all(&said).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

fn ferric(daemon: &Daemon, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.arg("console").args(["--url", daemon.url()]).args(words);
    command
}

/// A person at the console.
struct Person {
    child: Child,
    heard: mpsc::Receiver<Vec<u8>>,
    all: String,
}

impl Person {
    fn sits_down(daemon: &Daemon) -> Self {
        let mut command = ferric(daemon, &["n1"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, heard) = mpsc::channel();
        let mut out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(size @ 1..) = out.read(&mut bytes) {
                if tell.send(bytes[..size].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, heard, all: String::new() }
    }

    fn types(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn hears(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.all.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.heard.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.all));
            self.all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
    }
}

#[test]
fn what_is_typed_reaches_the_serial_line_and_what_it_says_comes_back_and_is_kept() {
    let sim = Sim::with("", &format!("sol \"tcp:127.0.0.1:{}\" 115200", serial_line()));
    let daemon = managed(sim.port, &json!({}));
    let mut person = Person::sits_down(&daemon);
    person.types("hello");
    // A line may take what is typed in pieces.
    person.hears("o>");
    person.types("\r");
    person.hears("\r>");
    person.types("~.");
    assert!(person.child.wait().unwrap().success());
    let log = ferric(&daemon, &["n1", "--log"]).output().unwrap().stdout;
    let log = String::from_utf8(log).unwrap();
    let said: String = log.chars().filter(|letter| !"<>".contains(*letter)).collect();
    assert!(said.contains("hello"), "{log:?}");
}
