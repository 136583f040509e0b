//! TFTP beside atftpd: one client that fetches 64 MiB with windows of 1, 16 and 64 blocks, and 48 clients with 20 MiB each,
//! over loopback, 1468 bytes a block.
//!
//! The client confirms each window at its end and the last good block when one is missing or nothing comes for half a
//! second, and checks every length, every number and the size of the file.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::measure::{Round, Server, compare, install, noise};
use crate::serving::Ours;

pub fn run() {
    install("atftpd", "atftpd");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one"), noise(ONE)).unwrap();
    std::fs::write(folder.path().join("many"), noise(MANY)).unwrap();
    let ours = Ours::start(folder.path());
    let (atftpd, theirs) = atftpd(folder.path());
    let side = |is_ours| if is_ours { (&ours.server, ours.tftp) } else { (&atftpd, theirs) };
    for window in [1, 16, 64] {
        compare(&format!("tftp_w{window}"), "atftpd", |is_ours| {
            let (server, address) = side(is_ours);
            Round::take(server, || fetch(address, "one", window, ONE))
        });
    }
    for (name, window) in [("tftp_48_clients", 16), ("tftp_48_clients_w1", 1)] {
        compare(name, "atftpd", |is_ours| {
            let (server, address) = side(is_ours);
            Round::take(server, || fetch_many(address, window))
        });
    }
}

fn atftpd(folder: &Path) -> (Server, SocketAddr) {
    // Free a moment ago; nobody else takes ports here meanwhile.
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("atftpd");
    command.args(["--daemon", "--no-fork", "--bind-address", "127.0.0.1", "--maxthread", "200"]);
    command.args(["--user", "root.root", "--group", "root", "--logfile", "/dev/null"]);
    command.arg("--port").arg(address.port().to_string()).arg(folder).stdout(Stdio::null());
    let server = Server::start(&mut command);
    let began = Instant::now();
    let probe = UdpSocket::bind("127.0.0.1:0").unwrap();
    probe.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    while probe.recv_from(&mut [0; 600]).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "atftpd does not answer");
        probe.send_to(b"\0\x01nothing\0octet\0", address).unwrap();
    }
    (server, address)
}

fn fetch_many(address: SocketAddr, window: u16) -> u64 {
    let fetch = move || fetch(address, "many", window, MANY);
    let clients: Vec<_> = (0..CLIENTS).map(|_| std::thread::spawn(fetch)).collect();
    clients.into_iter().map(|client| client.join().unwrap()).sum()
}

/// Fetches a file of `size` bytes; its bytes.
fn fetch(address: SocketAddr, name: &str, window: u16, size: usize) -> u64 {
    let mut client = Client::ask(address, name, window);
    while !client.hear() {}
    assert_eq!(client.bytes, size, "{name} from {address}");
    u64::try_from(client.bytes).unwrap()
}

struct Client {
    socket: UdpSocket,
    datagram: Vec<u8>,
    window: u16,
    bytes: usize,
    /// The last block that came in its turn.
    good: u16,
    /// Blocks since the last ACK.
    since: u16,
    /// The last good block was confirmed because another one was missing.
    said: bool,
}

impl Client {
    fn ask(address: SocketAddr, name: &str, window: u16) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let windowsize = if window > 1 { format!("windowsize\0{window}\0") } else { String::new() };
        let request = format!("\0\x01{name}\0octet\0blksize\0{BLKSIZE}\0{windowsize}");
        let mut datagram = vec![0; 2048];
        let (size, from) = (0..20)
            .find_map(|_| {
                socket.send_to(request.as_bytes(), address).unwrap();
                socket.recv_from(&mut datagram).ok()
            })
            .expect("an answer");
        assert_eq!(datagram[..2], [0, 6], "{:?}", &datagram[..size]);
        socket.connect(from).unwrap();
        let client = Self { socket, datagram, window, bytes: 0, good: 0, since: 0, said: false };
        client.ack();
        client
    }

    fn ack(&self) {
        let [high, low] = self.good.to_be_bytes();
        self.socket.send(&[0, 4, high, low]).unwrap();
    }

    /// Takes one datagram; `true` at the end of the file.
    fn hear(&mut self) -> bool {
        let size = match self.socket.recv(&mut self.datagram) {
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.ack();
                return false;
            }
            Err(error) => panic!("{error}"),
        };
        if self.datagram[..2] == [0, 6] {
            return false;
        }
        assert_eq!(self.datagram[..2], [0, 3]);
        if self.datagram[2..4] != self.good.wrapping_add(1).to_be_bytes() {
            if !self.said {
                (self.said, self.since) = (true, 0);
                self.ack();
            }
            return false;
        }
        self.good = self.good.wrapping_add(1);
        self.since += 1;
        self.said = false;
        self.bytes += size - 4;
        let is_last = size < BLKSIZE + 4;
        if is_last || self.since == self.window {
            self.since = 0;
            self.ack();
        }
        is_last
    }
}

const ONE: usize = 64 << 20;
const MANY: usize = 20 << 20;
const CLIENTS: usize = 48;
const BLKSIZE: usize = 1468;
