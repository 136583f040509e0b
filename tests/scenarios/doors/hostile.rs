//! Load that means no good: many connections that never end what they begin. The daemon's memory stays bounded, and others
//! are served meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::doors::{PATIENCE, configured, curl, place, raw, talk};
use crate::stage::daemon::Daemon;

const MIB: usize = 1 << 20;
const ASK: &[u8] = b"GET /v1/nodes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A daemon whose memory is watched.
struct Watched {
    daemon: Daemon,
    before: usize,
}

impl Watched {
    fn start(options: &[&str]) -> Self {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, hard.min(16_384), hard).unwrap();
        let daemon = Daemon::start_with(options);
        if daemon.url().starts_with("http:") {
            (0..20).for_each(|_| drop(talk(daemon.url(), ASK)));
        }
        let before = resident(daemon.pid());
        Self { daemon, before }
    }

    fn url(&self) -> &str {
        self.daemon.url()
    }

    /// Others are served within normal time, and memory has not grown by more than `mib`.
    fn holds_out(&self, mib: usize) {
        for _ in 0..20 {
            let began = Instant::now();
            let answer = talk(self.url(), ASK);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(began.elapsed() < NORMAL, "an answer took {:?}", began.elapsed());
        }
        self.grew_less_than(mib);
    }

    fn grew_less_than(&self, mib: usize) {
        let grown = resident(self.daemon.pid()).saturating_sub(self.before) / MIB;
        eprintln!("memory grew by {grown} MiB from {} MiB", self.before / MIB);
        assert!(grown < mib, "memory grew by {grown} MiB");
        assert!(!self.daemon.log().contains("panicked"), "{}", self.daemon.log());
    }
}

/// Bytes of a process that are in memory.
fn resident(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

/// So many connections on which the same was sent; those that the daemon has closed meanwhile count, too.
fn crowd(url: &str, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = TcpStream::connect(place(url)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // One that had to make room breaks off while it sends.
        stream.write_all(bytes).ok();
        stream
    };
    (0..count).map(open).collect()
}

#[test]
fn a_thousand_requests_that_never_end_their_head_keep_nobody_out() {
    let watched = Watched::start(&[]);
    let head = b"GET /v1/nodes HTTP/1.1\r\nHost: x\r\nX-Long: ";
    let _crowd = crowd(watched.url(), 1000, &[&head[..], &[b'a'; 16_000]].concat());
    watched.holds_out(96);
    let _silent = crowd(watched.url(), 3000, b"");
    watched.holds_out(128);
}

#[test]
fn a_thousand_requests_that_never_end_their_body_keep_nobody_out() {
    let watched = Watched::start(&[]);
    let head = format!("POST /v1/nodes HTTP/1.1\r\nHost: x\r\nContent-Length: {MIB}\r\n\r\n");
    let _crowd = crowd(watched.url(), 1000, &[head.as_bytes(), &vec![b' '; MIB - 1]].concat());
    watched.holds_out(BODIES);
    let head = b"POST /v1/nodes HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nf0000\r\n";
    let _crowd = crowd(watched.url(), 300, &[&head[..], &vec![b' '; 0xf0000]].concat());
    watched.holds_out(BODIES);
}

#[test]
fn a_body_of_100_mib_is_refused_and_not_kept() {
    let watched = Watched::start(&[]);
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(100 << 20).unwrap();
    let data = format!("@{}", file.path().display());
    for (path, extra) in [
        ("/v1/nodes", "X-A: b"),
        ("/v1/nodes", "Transfer-Encoding: chunked"),
        ("/v1/continue_inspection", "Expect:"),
        ("/healthz", "Expect:"),
        ("/nowhere", "X-A: b"),
    ] {
        let url = format!("{}{path}", watched.url());
        let (_, said, _) =
            curl(&["-X", "POST", "-H", extra, "--data-binary", &data, "-w", " %{http_code}", &url]);
        let status = said.rsplit(' ').next().unwrap();
        assert!(["404", "405", "413"].contains(&status), "{path} {extra}: {said}");
    }
    watched.holds_out(64);
}

#[test]
fn heads_past_the_limit_are_refused() {
    let watched = Watched::start(&[]);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(64 << 10));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(500));
    let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(128 << 10));
    for bad in [long, many, path] {
        let mut stream = raw(watched.url(), b"");
        // It may be refused while it is being sent.
        stream.write_all(bad.as_bytes()).ok();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok();
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(["431", "414", "400"].contains(&status.as_str()), "{answer}");
    }
    watched.holds_out(32);
}

#[test]
fn readers_who_take_nothing_are_bounded() {
    let watched = Watched::start(&[]);
    let extra = "x".repeat(7_000);
    for number in 0..100 {
        let node = format!(r#"{{"driver":"fake-hardware","name":"n{number}","extra":{{"a":"{extra}"}}}}"#);
        let head = "X-OpenStack-Ironic-API-Version: 1.50\r\nConnection: close";
        let post = format!(
            "POST /v1/nodes HTTP/1.1\r\nHost: x\r\n{head}\r\nContent-Length: {}\r\n\r\n{node}",
            node.len()
        );
        let answer = talk(watched.url(), post.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    }
    let whole = talk(watched.url(), b"GET /v1/nodes/detail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(whole.len() > MIB / 2, "{} bytes", whole.len());
    let _crowd = crowd(watched.url(), 300, b"GET /v1/nodes/detail HTTP/1.1\r\nHost: x\r\n\r\n");
    watched.holds_out(BODIES);
}

#[test]
fn thousands_of_idle_connections_keep_nobody_out() {
    let watched = Watched::start(&[]);
    let mut idle = crowd(watched.url(), 4000, b"GET /v1 HTTP/1.1\r\nHost: x\r\n\r\n");
    watched.holds_out(192);
    // The youngest are still there.
    let last = idle.last_mut().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut byte = [0];
    assert_eq!(last.read(&mut byte).unwrap(), 1, "it was answered");
}

#[test]
fn handshakes_that_never_end_keep_nobody_out() {
    let (_home, config) = configured("[api]\nenable_ssl_api = true\n");
    let watched = Watched::start(&["--config", &config]);
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[7; 100]].concat();
    let _half = crowd(watched.url(), 1500, &hello);
    let _silent = crowd(watched.url(), 1500, b"");
    for _ in 0..5 {
        let began = Instant::now();
        let (_, said, error) = curl(&["-k", &format!("{}/healthz", watched.url())]);
        assert_eq!(said, r#"{"alive":true}"#, "{error}");
        assert!(began.elapsed() < NORMAL, "an answer took {:?}", began.elapsed());
    }
    watched.grew_less_than(128);
}

/// MiB that bodies may take with the buffers around them: three times what they may hold.
const BODIES: usize = 256;

/// A debug build on a machine where all tests run at once: what is looked for is that others are served at all.
const NORMAL: Duration = Duration::from_secs(5);
