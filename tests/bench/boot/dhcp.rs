//! `boot.dhcp_pairs`: machines that get an address in a second, each by a DISCOVER and a REQUEST that are answered by an
//! OFFER and an ACK; the lease is on the disk before the ACK. Median of five rounds of new machines, several waiting at a
//! time as in a boot storm. `boot.dhcp_again`: the same for machines that ask once more, whose lease goes on as it is.
//!
//! The real binary serves a network namespace, and the machines stand in another one at the other end of a cable; each
//! address is looked for by ARP before it is offered. The machines are a child process of this program.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ferric::base::mac::Mac;
use ferric::wire::dhcp4::packet::Packet;
use ferric::wire::dhcp4::{Kind, discover};

/// Measures, or is the machines.
pub fn pairs() {
    if std::env::var_os(ROLE).is_some() {
        return machines();
    }
    if !as_ip(&["netns", "add", RACK]) {
        println!("# boot.dhcp_pairs is left out: no network namespace can be made here");
        return;
    }
    let cable = Cable::lay();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("ferric.toml");
    fs::write(&config, CONFIG).unwrap();
    let _daemon = Daemon::start(&folder, &config);
    let status = within(MACHINES, std::env::current_exe().unwrap().to_str().unwrap())
        .arg("dhcp")
        .env(ROLE, "1")
        .status();
    assert!(status.unwrap().success());
    drop(cable);
}

/// Asks for all machines of each round, `TOGETHER` at a time.
fn machines() {
    let socket = UdpSocket::bind("0.0.0.0:68").unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut first: Vec<f64> = (0..ROUNDS).map(|round| ask(&socket, round)).collect();
    let mut again: Vec<f64> = (0..ROUNDS).map(|round| ask(&socket, round)).collect();
    for (name, rates) in [("boot.dhcp_pairs", &mut first), ("boot.dhcp_again", &mut again)] {
        rates.sort_by(f64::total_cmp);
        println!("{name} {:.0} /s", rates[rates.len() / 2]);
    }
}

/// One round; machines that got an address in a second.
fn ask(socket: &UdpSocket, round: u32) -> f64 {
    let began = Instant::now();
    let mut waiting: HashMap<u32, (Vec<u8>, Instant)> = HashMap::new();
    let (mut next, mut done) = (0, 0);
    let mut buffer = [0; 1500];
    while done < COUNT {
        while waiting.len() < TOGETHER && next < COUNT {
            let xid = round * COUNT + next;
            let [_, a, b, c] = xid.to_be_bytes();
            send(socket, &mut waiting, xid, discover::emit(Mac([2, 0xbe, 0, a, b, c]), xid));
            next += 1;
        }
        let Ok(size) = socket.recv(&mut buffer) else {
            repeat(socket, &mut waiting);
            continue;
        };
        let Ok(packet) = Packet::parse(&buffer[..size]) else { continue };
        if packet.kind == Kind::Ack {
            done += u32::from(waiting.remove(&packet.xid).is_some());
            continue;
        }
        assert_eq!(packet.kind, Kind::Offer, "a machine was refused");
        if waiting.contains_key(&packet.xid) {
            let request = request(&packet);
            send(socket, &mut waiting, packet.xid, request);
        }
    }
    f64::from(COUNT) / began.elapsed().as_secs_f64()
}

fn send(socket: &UdpSocket, waiting: &mut HashMap<u32, (Vec<u8>, Instant)>, xid: u32, message: Vec<u8>) {
    socket.send_to(&message, "255.255.255.255:67").unwrap();
    waiting.insert(xid, (message, Instant::now()));
}

/// What has had no answer for a second is said again, as clients do.
fn repeat(socket: &UdpSocket, waiting: &mut HashMap<u32, (Vec<u8>, Instant)>) {
    for (message, sent) in waiting.values_mut().filter(|(_, sent)| sent.elapsed() > Duration::from_secs(1)) {
        socket.send_to(message, "255.255.255.255:67").unwrap();
        *sent = Instant::now();
    }
}

/// Takes up an offer.
fn request(offer: &Packet) -> Vec<u8> {
    let mut message = discover::emit(offer.mac, offer.xid);
    message.truncate(240);
    message.extend([53, 1, 3, 50, 4]);
    message.extend(offer.yiaddr.octets());
    message.extend([54, 4]);
    message.extend(offer.server.unwrap().octets());
    message.push(255);
    message.resize(300, 0);
    message
}

/// Two namespaces and what joins them.
struct Cable;

impl Cable {
    fn lay() -> Self {
        for words in [
            &["netns", "add", MACHINES][..],
            &["link", "add", "rk0", "netns", RACK, "type", "veth", "peer", "name", "rk0", "netns", MACHINES],
            &["-n", RACK, "addr", "add", "10.94.0.1/16", "dev", "rk0"],
            &["-n", RACK, "link", "set", "rk0", "up"],
            &["-n", RACK, "link", "set", "lo", "up"],
            &["-n", MACHINES, "addr", "add", "10.94.0.2/16", "dev", "rk0"],
            &["-n", MACHINES, "link", "set", "rk0", "up"],
            &["-n", MACHINES, "route", "add", "255.255.255.255", "dev", "rk0"],
        ] {
            assert!(as_ip(words), "ip {words:?}");
        }
        Self
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [RACK, MACHINES] {
            as_ip(&["netns", "del", namespace]);
        }
    }
}

fn as_ip(words: &[&str]) -> bool {
    Command::new("ip").args(words).status().is_ok_and(|status| status.success())
}

fn within(namespace: &str, program: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, program]);
    command
}

struct Daemon(Child);

impl Daemon {
    fn start(folder: &tempfile::TempDir, config: &std::path::Path) -> Self {
        let mut command = within(RACK, env!("CARGO_BIN_EXE_ferric"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config).arg("--data");
        command.arg(folder.path().join("data")).env("FERRIC_LOG", "warn").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().is_some_and(|line| line.is_ok()), "the daemon does not start");
        Self(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended by itself
        self.0.wait().ok();
    }
}

const CONFIG: &str =
    "[[network]]\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"10.94.16.0-10.94.143.255\"]\n";
const ROLE: &str = "FERRIC_BENCH_MACHINES";
const RACK: &str = "dhcp4-bench-rack";
const MACHINES: &str = "dhcp4-bench-machines";
const ROUNDS: u32 = 5;
/// Machines of a round.
const COUNT: u32 = 4000;
/// Machines that wait for an answer at the same time.
const TOGETHER: usize = 1000;
