//! `boot.dhcp_pairs`: machines that get an address in a second, each by a DISCOVER and a REQUEST that are answered by an
//! OFFER and an ACK; the lease is on the disk before the ACK. Median of five rounds of new machines, several waiting at a
//! time as in a boot storm. `boot.dhcp_again`: the same for machines that ask once more, whose lease goes on as it is;
//! `boot.dhcp_storm`: for new machines that all ask at the same time.
//! `_cpu` is what the daemon takes of the processor for one machine, `_repeats` what had to be asked twice in all rounds.
//!
//! The real binary serves a network namespace, and the machines stand in another one at the other end of a cable; each
//! address is looked for by ARP for 0.2 s before it is offered, so that a thousand at a time are 5000 a second at the
//! most. The machines are a child process of this program. They share one socket, which holds what a thousand sockets
//! would: what is lost in it would be asked again a second later.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ferric::base::mac::Mac;
use ferric::wire::dhcp4::packet::Packet;
use ferric::wire::dhcp4::{Kind, discover};
use nix::sys::socket::{setsockopt, sockopt};

use crate::measure::{Server, cpu_of, median};

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
    let daemon = serve(&folder, &config);
    let status = within(MACHINES, std::env::current_exe().unwrap().to_str().unwrap())
        .arg("dhcp")
        .env(ROLE, daemon.id().to_string())
        .status();
    assert!(status.unwrap().success());
    drop(cable);
}

/// Asks for all machines of each round, then for all once more. Between rounds the daemon's limit of packets, of which a
/// second's come at once, is left to fill: it is for floods.
fn machines() {
    let daemon = std::env::var(ROLE).unwrap().parse().unwrap();
    let mut machines = Machines::stand();
    // The daemon first looks for other servers.
    machines.ask(2 * ROUNDS * COUNT, 1, 1);
    for (name, first, together) in [
        ("boot.dhcp_pairs", 0, TOGETHER),
        ("boot.dhcp_again", 0, TOGETHER),
        ("boot.dhcp_storm", ROUNDS * COUNT, ALL),
    ] {
        machines.repeats = 0;
        let cpu = cpu_of(daemon);
        let rates = (0..ROUNDS).map(|round| {
            std::thread::sleep(Duration::from_secs(1));
            machines.ask(first + round * COUNT, COUNT, together)
        });
        let rate = median(rates.collect());
        let cpu = (cpu_of(daemon) - cpu) * 1e6 / f64::from(ROUNDS * COUNT);
        println!("{name} {rate:.0} /s");
        println!("{name}_cpu {cpu:.0} us");
        println!("{name}_repeats {} n", machines.repeats);
    }
}

/// Those that wait for an answer, by what they said last and when.
struct Machines {
    socket: UdpSocket,
    waiting: HashMap<u32, (Vec<u8>, Instant)>,
    /// What had no answer and was said again.
    repeats: u32,
}

impl Machines {
    fn stand() -> Self {
        let socket = UdpSocket::bind("0.0.0.0:68").unwrap();
        socket.set_broadcast(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).unwrap();
        Self { socket, waiting: HashMap::new(), repeats: 0 }
    }

    /// One round, so many at a time; machines that got an address in a second.
    fn ask(&mut self, first: u32, count: u32, together: usize) -> f64 {
        let began = Instant::now();
        let (mut next, mut done, mut looked) = (0, 0, began);
        let mut buffer = [0; 1500];
        while done < count {
            while self.waiting.len() < together && next < count {
                let xid = first + next;
                let [_, a, b, c] = xid.to_be_bytes();
                self.say(xid, discover::emit(Mac([0, 0x25, 0x90, a, b, c]), xid));
                next += 1;
            }
            let got = self.socket.recv(&mut buffer);
            if looked.elapsed() > Duration::from_millis(50) {
                self.repeat();
                looked = Instant::now();
            }
            let Some(packet) = got.ok().and_then(|size| Packet::parse(&buffer[..size]).ok()) else {
                continue;
            };
            done += u32::from(self.hear(&packet));
        }
        f64::from(count) / began.elapsed().as_secs_f64()
    }

    /// True if a machine has its address.
    fn hear(&mut self, packet: &Packet) -> bool {
        if packet.kind == Kind::Ack {
            return self.waiting.remove(&packet.xid).is_some();
        }
        assert_eq!(packet.kind, Kind::Offer, "a machine was refused");
        if self.waiting.contains_key(&packet.xid) {
            self.say(packet.xid, request(packet));
        }
        false
    }

    fn say(&mut self, xid: u32, message: Vec<u8>) {
        self.socket.send_to(&message, "255.255.255.255:67").unwrap();
        self.waiting.insert(xid, (message, Instant::now()));
    }

    /// What has had no answer for a second is said again, as clients do.
    fn repeat(&mut self) {
        let late = |sent: &Instant| sent.elapsed() > Duration::from_secs(1);
        for (message, sent) in self.waiting.values_mut().filter(|(_, sent)| late(sent)) {
            self.socket.send_to(message, "255.255.255.255:67").unwrap();
            *sent = Instant::now();
            self.repeats += 1;
        }
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

fn serve(folder: &tempfile::TempDir, config: &std::path::Path) -> Server {
    let mut command = within(RACK, env!("CARGO_BIN_EXE_ferric"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config).arg("--data");
    command.arg(folder.path().join("data")).env("FERRIC_LOG", "warn").stdout(Stdio::piped());
    let mut server = Server::start(&mut command);
    let mut lines = BufReader::new(server.child().stdout.take().unwrap()).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok()), "the daemon does not start");
    server
}

const CONFIG: &str =
    "[[network]]\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"10.94.16.0-10.94.255.254\"]\n";
const ROLE: &str = "FERRIC_BENCH_MACHINES";
const RACK: &str = "dhcp4-bench-rack";
const MACHINES: &str = "dhcp4-bench-machines";
const ROUNDS: u32 = 5;
/// Machines of a round.
const COUNT: u32 = 4000;
/// Machines that wait for an answer at the same time.
const TOGETHER: usize = 1000;
const ALL: usize = usize::MAX;
/// Bytes of the kernel's that the answers to all of them take.
const BUFFER: usize = 8 << 20;
