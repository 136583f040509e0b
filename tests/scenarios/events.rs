//! Those who watch what changes: curl on the stream, `ferric events`, and a program that webhooks are posted to; the
//! daemon is killed in between.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::stage::daemon::Daemon;
use crate::stage::peers::Cli;

/// A program that prints lines, ended with the test.
struct Lines {
    child: Child,
    lines: Receiver<String>,
}

impl Lines {
    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (to, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if to.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line that `read` makes something of.
    fn next<T>(&self, read: impl Fn(&str) -> Option<T>) -> T {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(20)).expect("nothing more came");
            if let Some(found) = read(&line) {
                return found;
            }
        }
    }

    fn is_silent(&self) -> bool {
        let next = self.lines.recv_timeout(Duration::from_millis(300));
        matches!(next, Err(RecvTimeoutError::Timeout)) || next.is_ok_and(|line| !line.contains("data"))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn curl(url: &str, last: Option<u64>) -> Lines {
    let mut command = Command::new("curl");
    command.args(["-sN", "--max-time", "60"]);
    if let Some(last) = last {
        command.arg("-H").arg(format!("Last-Event-ID: {last}"));
    }
    Lines::of(command.arg(format!("{url}/events?since=0")))
}

fn data(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix("data: ")?).ok()
}

fn row(turn: u64) -> String {
    format!("turn={turn}")
}

/// Which change has ended; its start shows the same.
fn turn(event: &Value) -> Option<u64> {
    event["event_type"].as_str()?.strip_suffix(".end")?;
    event["payload"]["ironic_object.data"]["extra"]["turn"].as_u64()
}

#[test]
fn curl_goes_on_after_a_kill_where_it_was_and_misses_nothing() {
    let mut daemon = Daemon::start();
    Cli::new(daemon.url()).json(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    let (mut seen, mut last, mut next) = (Vec::new(), None, 0);
    for _ in 0..3 {
        let stream = curl(daemon.url(), last);
        let cli = Cli::new(daemon.url());
        for _ in 0..4 {
            cli.ok(&["node", "set", "n1", "--extra", &row(next)]);
            next += 1;
        }
        // Some are not taken in before the kill: those come afterwards.
        for _ in 0..3 {
            let event = stream.next(data);
            last = event["sequence"].as_u64();
            seen.push(event);
        }
        daemon.kill9();
        daemon.restart();
    }
    let stream = curl(daemon.url(), last);
    while seen.last().and_then(turn) != Some(next - 1) {
        seen.push(stream.next(data));
    }
    assert!(stream.is_silent());
    let numbers: Vec<u64> = seen.iter().map(|event| event["sequence"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let turns: Vec<u64> = seen.iter().filter_map(turn).collect();
    assert_eq!(turns, (0..next).collect::<Vec<_>>());
}

/// Passes connections on to where the daemon is now, since it has another port after each start.
struct Relay {
    address: String,
    to: Arc<Mutex<String>>,
}

impl Relay {
    fn start(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self { address: listener.local_addr().unwrap().to_string(), to: Arc::default() };
        relay.lead(url);
        let to = relay.to.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let place = to.lock().unwrap().clone();
                let Ok(server) = TcpStream::connect(place) else { continue };
                pass(client.try_clone().unwrap(), server.try_clone().unwrap());
                pass(server, client);
            }
        });
        relay
    }

    fn lead(&self, url: &str) {
        url.trim_start_matches("http://").clone_into(&mut self.to.lock().unwrap());
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        std::io::copy(&mut from, &mut to).ok();
        to.shutdown(std::net::Shutdown::Both).ok();
    });
}

#[test]
fn ferric_events_follows_over_a_kill_without_loss_or_double() {
    let mut daemon = Daemon::start();
    let relay = Relay::start(daemon.url());
    Cli::new(daemon.url()).json(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.args(["events", "--follow", "--json", "--since", "0", "--node", "n1", "--url"]);
    let follower = Lines::of(command.arg(format!("http://{}", relay.address)).stderr(Stdio::null()));
    let is_end = |event: &Value| {
        event["event_type"].as_str().is_some_and(|name| name.rsplit('.').next() == Some("end"))
    };
    let read = |line: &str| serde_json::from_str::<Value>(line).ok().filter(is_end);
    assert_eq!(follower.next(read)["event_type"], "baremetal.node.create.end");
    for next in 0..3 {
        Cli::new(daemon.url()).ok(&["node", "set", "n1", "--extra", &row(next)]);
        assert_eq!(turn(&follower.next(read)), Some(next));
        daemon.kill9();
        daemon.restart();
        Cli::new(daemon.url()).ok(&["node", "set", "n1", "--extra", &row(next + 100)]);
        relay.lead(daemon.url());
        assert_eq!(turn(&follower.next(read)), Some(next + 100), "told while nobody was there to hear it");
    }
}

/// A letter as it came.
struct Letter {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

/// A program that takes webhooks; the first one is refused.
fn receiver() -> (String, Receiver<Letter>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let (to, letters) = mpsc::channel();
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().map_while(Result::ok).enumerate() {
            let to = to.clone();
            std::thread::spawn(move || take_letters(client, number == 0, &to));
        }
    });
    (url, letters)
}

fn take_letters(client: TcpStream, refuse: bool, to: &mpsc::Sender<Letter>) {
    let mut answer = client.try_clone().unwrap();
    let mut lines = BufReader::new(client);
    loop {
        let (mut head, mut line) = (Vec::new(), String::new());
        while lines.read_line(&mut line).is_ok_and(|count| count > 2) {
            head.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        if head.is_empty() {
            return;
        }
        let of = |name: &str| {
            let found = head.iter().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            });
            found.unwrap_or_default()
        };
        let mut body = vec![0; of("content-length").parse().unwrap()];
        lines.read_exact(&mut body).unwrap();
        if refuse {
            answer.write_all(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok();
            return;
        }
        let letter = Letter {
            id: of("webhook-id"),
            timestamp: of("webhook-timestamp"),
            signature: of("webhook-signature"),
            body: String::from_utf8(body).unwrap(),
        };
        // Taken before it is acknowledged, as a program should.
        if to.send(letter).is_err() || answer.write_all(b"HTTP/1.1 204 Yes\r\n\r\n").is_err() {
            return;
        }
    }
}

/// The signature by somebody else's hands.
fn by_openssl(letter: &Letter, key: &str) -> String {
    let signed = format!("{}.{}.{}", letter.id, letter.timestamp, letter.body);
    let script = format!("openssl dgst -sha256 -hmac '{key}' -binary | base64");
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(signed.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    format!("v1,{}", String::from_utf8(out.stdout).unwrap().trim())
}

#[test]
fn a_webhook_gets_every_change_in_order_over_refusals_and_kills() {
    let (url, letters) = receiver();
    let folder = tempfile::tempdir().unwrap();
    let (key, config) = (folder.path().join("key"), folder.path().join("ferric.toml"));
    std::fs::write(&key, "a key of sixteen and more\n").unwrap();
    let text = format!(
        "[[webhook]]\nname = \"cmdb\"\nurl = \"{url}\"\nevents = [\"node\"]\nsecret_file = {key:?}\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut daemon = Daemon::start_with(&["--config", config.to_str().unwrap()]);
    Cli::new(daemon.url()).json(&["node", "create", "--driver", "fake-hardware", "--name", "n1"]);
    for next in 0..6 {
        Cli::new(daemon.url()).ok(&["node", "set", "n1", "--extra", &row(next)]);
        if next % 2 == 1 {
            daemon.kill9();
            daemon.restart();
        }
    }
    let (mut ids, mut turns) = (BTreeSet::new(), Vec::new());
    while turns.last() != Some(&5) {
        let letter = letters.recv_timeout(Duration::from_secs(30)).expect("nothing more is posted");
        assert_eq!(letter.signature, by_openssl(&letter, "a key of sixteen and more"));
        // One that was sent again after a kill has the same id.
        if ids.insert(letter.id.clone()) {
            turns.extend(turn(&serde_json::from_str(&letter.body).unwrap()));
        }
    }
    assert_eq!(turns, [0, 1, 2, 3, 4, 5]);
}
