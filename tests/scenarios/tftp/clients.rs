//! Files over TFTP by clients that others wrote: tftp-hpa, atftp, curl, busybox, and that of the `tftpd` crate.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::sync::Arc;

use ferric::base::time::Later;
use ferric::base::time::RealClock;
use ferric::boot::library::Asked;
use ferric::boot::library::Content;
use ferric::boot::library::Library;
use ferric::boot::library::NotGiven;
use ferric::boot::tftp::Door;
use ferric::boot::tftp::Settings;
use ferric::boot::tftp::serve;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::tftp::relay::Relay;
use crate::tftp::relay::Weather;

#[derive(Debug)]
struct Shelf(HashMap<&'static str, Vec<u8>>);

impl Library for Shelf {
    fn find<'a>(&'a self, asked: Asked<'a>) -> Later<'a, Result<Content, NotGiven>> {
        let found = self.0.get(asked.name).map(|bytes| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            Content::File(file)
        });
        Box::pin(async move { found.ok_or(NotGiven::Missing) })
    }
}

/// A server on loopback with a few files, and a folder to fetch them into.
struct Station {
    address: SocketAddr,
    home: TempDir,
    stop: CancellationToken,
    _runtime: Runtime,
}

impl Station {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let door = runtime.block_on(async { Door::bind("127.0.0.1:0".parse().unwrap()).unwrap() });
        let (address, stop) = (door.address(), CancellationToken::new());
        let shelf = Shelf(FILES.iter().map(|(name, length)| (*name, noise(*length))).collect());
        let (clock, settings) = (Arc::new(RealClock::new()), Settings::default());
        runtime.spawn(serve(vec![door], Arc::new(shelf), clock, settings, stop.clone()));
        Self { address, home: tempfile::tempdir().unwrap(), stop, _runtime: runtime }
    }

    fn local(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// What was fetched is what is there.
    fn check(&self, name: &str, client: &str) {
        let length = FILES.iter().find(|(file, _)| *file == name).unwrap().1;
        let fetched = fs::read(self.local("out")).unwrap_or_else(|error| panic!("{client}, {name}: {error}"));
        assert!(fetched == noise(length), "{client} has {} bytes of {name}, not {length}", fetched.len());
        fs::remove_file(self.local("out")).unwrap();
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn noise(length: usize) -> Vec<u8> {
    (0_u32..).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).take(length).collect()
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}: run tests/run, it installs the clients"))
}

fn tftp_hpa(station: &Station, at: SocketAddr, name: &str, mode: &str) -> Output {
    let mut command = Command::new("tftp");
    command.args(["-m", mode, &at.ip().to_string(), &at.port().to_string(), "-c", "get", name]);
    run(command.arg(station.local("out")))
}

fn atftp(station: &Station, at: SocketAddr, name: &str, options: &[&str]) -> Output {
    let mut command = Command::new("atftp");
    for option in options {
        command.args(["--option", option]);
    }
    command.args(["-g", "-r", name, "-l"]).arg(station.local("out"));
    run(command.args([at.ip().to_string(), at.port().to_string()]))
}

fn curl(station: &Station, at: SocketAddr, name: &str, options: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["-sS", "--noproxy", "*", "-o"]).arg(station.local("out")).args(options);
    run(command.arg(format!("tftp://{at}/{name}")))
}

fn busybox(station: &Station, at: SocketAddr, name: &str, blksize: &str) -> Output {
    let mut command = Command::new("busybox");
    command.args(["tftp", "-g", "-b", blksize, "-r", name, "-l"]).arg(station.local("out"));
    run(command.args([at.ip().to_string(), at.port().to_string()]))
}

fn crate_client(station: &Station, at: SocketAddr, name: &str, window: u16) {
    let mut config = tftpd::ClientConfig {
        remote_ip_address: at.ip(),
        port: at.port(),
        receive_directory: station.home.path().to_owned(),
        file_path: "out".into(),
        file_remote: name.to_owned(),
        ..tftpd::ClientConfig::default()
    };
    config.opt_common.block_size = 1468;
    config.opt_common.window_size = window;
    let fetched = tftpd::Client::new(&config).unwrap().run();
    assert!(fetched.is_ok_and(|whole| whole), "{name}, window {window}");
}

fn fine(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn tftp_hpa_fetches_files() {
    let station = Station::start();
    for (name, _) in FILES {
        fine(&tftp_hpa(&station, station.address, name, "octet"));
        station.check(name, "tftp-hpa");
    }
    let output = tftp_hpa(&station, station.address, "missing", "octet");
    assert!(String::from_utf8_lossy(&output.stdout).contains("there is no such file"), "{output:?}");
}

#[test]
fn tftp_hpa_fetches_text_as_text() {
    let station = Station::start();
    fine(&tftp_hpa(&station, station.address, "big", "netascii"));
    station.check("big", "tftp-hpa");
}

#[test]
fn atftp_fetches_files_with_any_options() {
    let station = Station::start();
    for (name, _) in FILES {
        fine(&atftp(&station, station.address, name, &[]));
        station.check(name, "atftp");
        for window in ["windowsize 1", "windowsize 16", "windowsize 64"] {
            fine(&atftp(&station, station.address, name, &["tsize", "timeout 3", "blksize 1428", window]));
            station.check(name, "atftp");
        }
    }
    assert!(!atftp(&station, station.address, "missing", &[]).status.success());
}

#[test]
fn curl_fetches_files_the_empty_one_too() {
    let station = Station::start();
    for (name, _) in FILES {
        fine(&curl(&station, station.address, name, &[]));
        station.check(name, "curl");
        fine(&curl(&station, station.address, name, &["--tftp-blksize", "8192"]));
        station.check(name, "curl");
        fine(&curl(&station, station.address, name, &["--tftp-no-options"]));
        station.check(name, "curl");
    }
    // 68: "File not found on TFTP server."
    assert_eq!(curl(&station, station.address, "missing", &[]).status.code(), Some(68));
}

#[test]
fn busybox_fetches_files() {
    let station = Station::start();
    for (name, _) in FILES {
        for blksize in ["512", "1428"] {
            fine(&busybox(&station, station.address, name, blksize));
            station.check(name, "busybox");
        }
    }
    assert!(!busybox(&station, station.address, "missing", "1428").status.success());
}

#[test]
fn the_client_of_the_tftpd_crate_fetches_files_with_windows() {
    let station = Station::start();
    for (name, _) in FILES {
        for window in [1, 16, 64] {
            crate_client(&station, station.address, name, window);
            station.check(name, "tftpd");
        }
    }
}

#[test]
fn all_of_them_get_along_with_a_bad_network() {
    let station = Station::start();
    for seed in 1..=3 {
        let relay = Relay::start(station.address, Weather { lost: 20, doubled: 20, swapped: 20, seed });
        let at = relay.address;
        for name in ["small", "even"] {
            fine(&tftp_hpa(&station, at, name, "octet"));
            station.check(name, "tftp-hpa");
            fine(&atftp(&station, at, name, &["blksize 1428", "windowsize 16"]));
            station.check(name, "atftp");
            fine(&curl(&station, at, name, &[]));
            station.check(name, "curl");
            fine(&busybox(&station, at, name, "1428"));
            station.check(name, "busybox");
        }
        // Blocks of the four clients, with twice as many for all that went wrong.
        let blocks: usize =
            [300_000, 65_536].iter().map(|length| 2 * (length / 512) + 2 * (length / 1428) + 9).sum();
        assert!(relay.served() < 3 * blocks, "{} datagrams for {blocks} blocks", relay.served());
    }
}

const FILES: [(&str, usize); 5] =
    [("empty", 0), ("one", 1), ("even", 65_536), ("small", 300_000), ("big", 3_000_001)];
