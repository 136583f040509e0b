use std::collections::HashMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::*;
use crate::base::time::{Later, PausedClock, RealClock};
use crate::boot::library::{Asked, Content, Given, NotGiven, Script};
use crate::boot::tftp::counts::{Counts, Record};

/// A few files, and a script of which it is counted how often it was given out.
#[derive(Debug, Default)]
struct Shelf(HashMap<&'static str, Vec<u8>>, Arc<AtomicUsize>);

impl Library for Shelf {
    fn find<'a>(&'a self, asked: Asked<'a>) -> Later<'a, Result<Content, NotGiven>> {
        Box::pin(async move {
            match asked.name {
                "who" => Ok(Content::Text(format!("{} {}", asked.from, asked.local).into_bytes())),
                "script" => {
                    let count = self.1.clone();
                    let given = Given::new(move || {
                        count.fetch_add(1, Ordering::Relaxed);
                    });
                    Ok(Content::Script(Script { text: noise(700), given }))
                }
                "unreadable" => Err(NotGiven::Unreadable),
                "stuck" => std::future::pending().await,
                name => self.0.get(name).map(|bytes| file(bytes)).ok_or(NotGiven::Missing),
            }
        })
    }
}

fn file(bytes: &[u8]) -> Content {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Content::File(file)
}

fn noise(length: usize) -> Vec<u8> {
    (0_u32..).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).take(length).collect()
}

/// A server on loopback.
struct Station {
    address: SocketAddr,
    hall: Arc<Hall>,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// How often a script was given out.
    scripts: Arc<AtomicUsize>,
}

impl Station {
    fn start(settings: Settings) -> Self {
        Self::with("127.0.0.1:0", settings, Arc::new(RealClock::new()))
    }

    fn with(address: &str, settings: Settings, clock: SharedClock) -> Self {
        let door = Door::bind(address.parse().unwrap()).unwrap();
        let address = door.address();
        let files = [("empty", 0), ("short", 700), ("even", 1024), ("big", 3_000_000)];
        let scripts = Arc::new(AtomicUsize::new(0));
        let shelf = Shelf(files.map(|(name, length)| (name, noise(length))).into(), scripts.clone());
        let stop = CancellationToken::new();
        let hall = Arc::new(Hall::new(Arc::new(shelf), clock, settings, (Record::apart(), stop.clone())));
        let own = hall.clone();
        let task = tokio::spawn(async move { attend(vec![door], &own).await });
        Self { address, hall, stop, task, scripts }
    }

    fn counts(&self) -> &Counts {
        &self.hall.record.counts
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    async fn ask(&self, request: &[u8]) -> Client {
        let socket = UdpSocket::bind(SocketAddr::new(self.address.ip(), 0)).await.unwrap();
        let client = Client { socket, server: None };
        client.socket.send_to(request, self.address).await.unwrap();
        client
    }

    /// Fetches a file as a client does that makes no mistakes.
    async fn fetch(&self, name: &str, options: &[(&str, &str)]) -> Vec<u8> {
        self.ask(&request(name, "octet", options)).await.finish().await
    }
}

fn request(name: &str, mode: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0, 1];
    for word in [name, mode].into_iter().chain(options.iter().flat_map(|(name, value)| [*name, *value])) {
        bytes.extend(word.as_bytes());
        bytes.push(0);
    }
    bytes
}

struct Client {
    socket: UdpSocket,
    server: Option<SocketAddr>,
}

impl Client {
    async fn hear(&mut self) -> Vec<u8> {
        let mut datagram = vec![0; 65536];
        let (size, from) = self.socket.recv_from(&mut datagram).await.unwrap();
        assert_eq!(*self.server.get_or_insert(from), from);
        datagram.truncate(size);
        datagram
    }

    async fn say(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.server.unwrap()).await.unwrap();
    }

    async fn ack(&self, number: u16) {
        let [high, low] = number.to_be_bytes();
        self.say(&[0, 4, high, low]).await;
    }

    /// Takes blocks to the last one; each is confirmed. What a server that waited too long sends again is passed over.
    async fn finish(mut self) -> Vec<u8> {
        let (mut bytes, mut expected, mut blksize, mut window) = (Vec::new(), 1_u16, 512, 1);
        loop {
            let datagram = self.hear().await;
            match datagram[..2] {
                [0, 6] => {
                    let text = String::from_utf8_lossy(&datagram[2..]).to_ascii_lowercase();
                    let words: Vec<&str> = text.split('\0').collect();
                    let of = |name| {
                        words.iter().position(|word| *word == name).map(|at| words[at + 1].parse().unwrap())
                    };
                    (blksize, window) = (of("blksize").unwrap_or(512), of("windowsize").unwrap_or(1));
                    self.ack(0).await;
                }
                [0, 3] if is_again(&datagram, expected) => {}
                [0, 3] => {
                    assert_eq!(datagram[2..4], expected.to_be_bytes());
                    bytes.extend(&datagram[4..]);
                    let is_last = datagram.len() < blksize + 4;
                    if is_last || usize::from(expected) % window == 0 {
                        self.ack(expected).await;
                    }
                    expected = expected.wrapping_add(1);
                    if is_last {
                        return bytes;
                    }
                }
                _ => panic!("{datagram:?}"),
            }
        }
    }
}

/// Whether a block is one of the window before the expected one.
fn is_again(datagram: &[u8], expected: u16) -> bool {
    let number = u16::from_be_bytes([datagram[2], datagram[3]]);
    (1..=64).contains(&expected.wrapping_sub(number))
}

#[tokio::test]
async fn files_arrive_whole_with_any_options() {
    let station = Station::start(Settings::default());
    let windows = ["1", "7", "16", "64"];
    for (name, length) in [("empty", 0), ("short", 700), ("even", 1024), ("big", 3_000_000)] {
        assert_eq!(station.fetch(name, &[]).await, noise(length), "{name}");
        for window in windows {
            for blksize in ["512", "1024", "1428", "1468"] {
                let options = [("blksize", blksize), ("windowsize", window), ("tsize", "0")];
                assert_eq!(station.fetch(name, &options).await, noise(length), "{name} {options:?}");
            }
        }
    }
    station.end().await;
}

#[tokio::test]
async fn numbers_roll_over_to_nothing() {
    let station = Station::start(Settings::default());
    let options = [("blksize", "16"), ("windowsize", "64")];
    assert_eq!(station.fetch("big", &options).await.len(), 3_000_000);
    station.end().await;
}

#[tokio::test]
async fn options_are_answered_as_they_were_spelled() {
    let station = Station::start(Settings::default());
    let asked = [("TSize", "0"), ("blkSIZE", "9000"), ("utimeout", "7"), ("windowsize", "many")];
    let mut client = station.ask(&request("short", "OCTET", &asked)).await;
    assert_eq!(client.hear().await, b"\0\x06TSize\x00700\0blkSIZE\x001468\0");
    client.say(b"\0\x05\0\x08\0").await;
    station.end().await;
}

#[tokio::test]
async fn text_has_its_line_ends_as_the_network_wants_them() {
    let station = Station::start(Settings::default());
    let client = station.ask(&request("who", "netascii", &[("tsize", "0")])).await;
    assert_eq!(client.finish().await, b"127.0.0.1 127.0.0.1");
    let client = station.ask(&request("big", "NetASCII", &[("blksize", "1400"), ("windowsize", "9")])).await;
    let mut wanted = Vec::new();
    crate::boot::tftp::netascii::encode(&noise(3_000_000), &mut wanted);
    assert_eq!(client.finish().await, wanted);
    station.end().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_at_once() {
    let station = Station::start(Settings::default());
    for (bytes, code) in [
        (request("missing", "octet", &[("tsize", "0")]), 1),
        (request("../etc/passwd", "octet", &[]), 1),
        (request(&"a".repeat(400), "octet", &[]), 1),
        (b"\0\x01\xff\xfe\0octet\0".to_vec(), 1),
        (request("unreadable", "octet", &[]), 0),
        (request("short", "mail", &[]), 4),
        (b"\0\x02short\0octet\0".to_vec(), 2),
    ] {
        let answer = station.ask(&bytes).await.hear().await;
        assert_eq!(answer[..4], [0, 5, 0, code], "{bytes:?}");
        let text = String::from_utf8(answer[4..].to_vec()).unwrap();
        assert!(text.ends_with('\0') && !text.contains('/'), "{text}");
    }
    assert_eq!(station.counts().missing.load(Ordering::Relaxed), 3);
    station.end().await;
}

#[tokio::test]
async fn datagrams_that_are_no_requests_get_no_answer() {
    let station = Station::start(Settings::default());
    let mut client = station.ask(&[]).await;
    let mut junk: Vec<Vec<u8>> =
        vec![b"\0\x04\0\0".to_vec(), b"\0\x05\0\0x\0".to_vec(), b"\0\x03\0\x01x".to_vec()];
    junk.extend([
        b"\0\x01".to_vec(),
        b"\0\x01short".to_vec(),
        b"\0\x01short\0octet".to_vec(),
        vec![255; 1500],
    ]);
    for bytes in &junk {
        client.socket.send_to(bytes, station.address).await.unwrap();
    }
    client.socket.send_to(&request("short", "octet", &[]), station.address).await.unwrap();
    assert_eq!(client.hear().await[..4], [0, 3, 0, 1]);
    assert_eq!(station.counts().odd.load(Ordering::Relaxed), 8);
    station.end().await;
}

#[tokio::test]
async fn a_doubled_request_opens_one_transfer_and_another_one_replaces_it() {
    let station = Station::start(Settings::default());
    let first = request("big", "octet", &[("blksize", "512")]);
    let mut client = station.ask(&first).await;
    let offer = client.hear().await;
    client.socket.send_to(&first, station.address).await.unwrap();
    client.socket.send_to(&request("short", "octet", &[]), station.address).await.unwrap();
    // The doubled request may be answered, from the port of its first copy; the other comes from another port.
    let old = client.server.take();
    let data = loop {
        let heard = client.hear().await;
        if heard != offer {
            break heard;
        }
        client.server = None;
    };
    assert_eq!(data[..4], [0, 3, 0, 1]);
    assert_ne!(client.server, old);
    client.ack(1).await;
    assert_eq!(client.hear().await[4..], noise(700)[512..]);
    client.ack(2).await;
    station.end().await;
}

#[tokio::test]
async fn transfers_that_nobody_confirms_make_room() {
    let settings = Settings { max_transfers: 4, max_of_one: 4, ..Settings::default() };
    let station = Station::start(settings);
    let mut clients = Vec::new();
    for _ in 0..4 {
        let mut client = station.ask(&request("big", "octet", &[("windowsize", "2")])).await;
        client.hear().await;
        clients.push(client);
    }
    assert_eq!(station.fetch("short", &[]).await, noise(700));
    assert_eq!(station.counts().displaced.load(Ordering::Relaxed), 1);
    // The oldest of them had to go; the others go on.
    assert_eq!(clients.pop().unwrap().resume().await, noise(3_000_000));
    station.end().await;
}

impl Client {
    /// Confirms the options that came, and takes the file.
    async fn resume(self) -> Vec<u8> {
        self.ack(0).await;
        let mut this = self;
        let (mut bytes, mut expected) = (Vec::new(), 1_u16);
        loop {
            let datagram = this.hear().await;
            assert_eq!(datagram[2..4], expected.to_be_bytes());
            bytes.extend(&datagram[4..]);
            let is_last = datagram.len() < 516;
            if is_last || expected.is_multiple_of(2) {
                this.ack(expected).await;
            }
            expected = expected.wrapping_add(1);
            if is_last {
                return bytes;
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_is_gone_ends_its_transfer() {
    let station = Station::start(Settings::default());
    let mut client = station.ask(&request("big", "octet", &[("tsize", "0")])).await;
    client.hear().await;
    // The port is closed: the network says so when the options are sent again.
    drop(client);
    while station.hall.seats() > 0 {
        tokio::task::yield_now().await;
    }
    station.end().await;
}

#[tokio::test]
async fn a_script_counts_as_given_when_its_last_block_is_confirmed() {
    let station = Station::start(Settings::default());
    // Loaders ask for the size first, and break off.
    let mut client = station.ask(&request("script", "octet", &[("tsize", "0")])).await;
    client.hear().await;
    client.say(&[0, 5, 0, 8, 0]).await;
    while station.hall.seats() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(station.scripts.load(Ordering::Relaxed), 0);
    assert_eq!(station.fetch("script", &[("tsize", "0")]).await, noise(700));
    while station.hall.seats() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(station.scripts.load(Ordering::Relaxed), 1);
    station.end().await;
}

#[tokio::test]
async fn content_that_never_comes_is_given_up() {
    let clock = Arc::new(PausedClock::new());
    let station = Station::with("127.0.0.1:0", Settings::default(), clock.clone());
    let mut client = station.ask(&request("stuck", "octet", &[])).await;
    while station.hall.seats() == 0 {
        tokio::task::yield_now().await;
    }
    let answer = client.hear();
    tokio::pin!(answer);
    let answer = loop {
        tokio::select! {
            answer = &mut answer => break answer,
            () = tokio::task::yield_now() => clock.advance(Duration::from_secs(1)),
        }
    };
    assert_eq!(answer[..4], [0, 5, 0, 0]);
    station.end().await;
}

#[tokio::test]
async fn a_thousand_requests_that_are_never_confirmed_cost_little_and_are_over_soon() {
    let clock = Arc::new(PausedClock::new());
    let station = Station::with(
        "127.0.0.1:0",
        Settings { requests_a_second: 1000, ..Settings::default() },
        clock.clone(),
    );
    let bytes = request("big", "octet", &[("blksize", "65464"), ("windowsize", "65535"), ("timeout", "30")]);
    let mut clients = Vec::new();
    for _ in 0..1000 {
        clients.push(station.ask(&bytes).await);
        tokio::task::yield_now().await;
        assert!(station.hall.seats() <= Settings::default().max_of_one);
    }
    for _ in 0..40 {
        clock.advance(Duration::from_secs(1));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    while station.hall.seats() > 0 {
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    station.end().await;
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let clock = Arc::new(PausedClock::new());
    let station =
        Station::with("127.0.0.1:0", Settings { requests_a_second: 1, ..Settings::default() }, clock);
    let client = station.ask(&[]).await;
    for _ in 0..30 {
        client.socket.send_to(b"\0\x09", station.address).await.unwrap();
    }
    while station.counts().hasty.load(Ordering::Relaxed) < 21 {
        tokio::task::yield_now().await;
    }
    assert_eq!(station.counts().odd.load(Ordering::Relaxed), 10);
    station.end().await;
}

#[tokio::test]
async fn the_answer_comes_from_the_address_that_was_asked() {
    let station = Station::with("0.0.0.0:0", Settings::default(), Arc::new(RealClock::new()));
    for asked in ["127.0.0.1", "127.0.0.77"] {
        let socket = UdpSocket::bind("127.0.0.3:0").await.unwrap();
        socket.send_to(&request("who", "octet", &[]), (asked, station.address.port())).await.unwrap();
        let mut datagram = [0; 600];
        let (size, from) = socket.recv_from(&mut datagram).await.unwrap();
        assert_eq!(from.ip().to_string(), asked);
        assert_eq!(&datagram[4..size], format!("127.0.0.3 {asked}").as_bytes());
        socket.send_to(b"\0\x04\0\x01", from).await.unwrap();
    }
    station.end().await;
}

#[tokio::test]
async fn version_6_is_served_as_well() {
    let station = Station::with("[::1]:0", Settings::default(), Arc::new(RealClock::new()));
    let options = [("blksize", "1428"), ("windowsize", "4")];
    assert_eq!(station.fetch("big", &options).await, noise(3_000_000));
    assert_eq!(station.fetch("who", &[]).await, b"::1 ::1");
    station.end().await;
}

#[tokio::test]
async fn a_stop_ends_transfers_that_are_under_way() {
    let station = Station::start(Settings::default());
    let mut client = station.ask(&request("big", "octet", &[])).await;
    client.hear().await;
    station.end().await;
}
