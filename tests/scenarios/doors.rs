//! The doors as strangers find them: TLS, odd requests, hostile load, and what is told to those who watch.

mod closed;
mod framing;
mod hostile;
mod tls;
mod watch;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// A configuration file with these lines.
fn configured(lines: &str) -> (TempDir, String) {
    let home = TempDir::new().unwrap();
    let path = home.path().join("ferric.toml");
    std::fs::write(&path, lines).unwrap();
    (home, path.to_str().unwrap().to_owned())
}

/// `HOST:PORT` of a URL.
fn place(url: &str) -> &str {
    url.split_once("://").unwrap().1
}

/// A connection on which these bytes were sent.
fn raw(url: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(place(url)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// Sends raw bytes and reads until the daemon closes.
fn talk(url: &str, bytes: &[u8]) -> String {
    let mut answer = Vec::new();
    raw(url, bytes).read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// Runs curl; its exit code, what it printed, and what it complained about.
fn curl(arguments: &[&str]) -> (i32, String, String) {
    told(Command::new("curl").args(["-sS", "--noproxy", "*", "--max-time", "60"]).args(arguments))
}

fn told(command: &mut Command) -> (i32, String, String) {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

const PATIENCE: Duration = Duration::from_secs(60);
