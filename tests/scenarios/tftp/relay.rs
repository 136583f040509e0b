//! A network between a TFTP client and its server that loses, doubles and swaps datagrams, in both directions.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

/// How bad it is, of a thousand datagrams.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    pub lost: u32,
    pub doubled: u32,
    pub swapped: u32,
    pub seed: u64,
}

/// Runs until it is dropped.
#[derive(Debug)]
pub struct Relay {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    /// Datagrams of the server that were handed in.
    served: AtomicUsize,
}

impl Relay {
    /// A relay in front of `server`.
    pub fn start(server: SocketAddr, weather: Weather) -> Self {
        let front = socket();
        let address = front.local_addr().unwrap();
        let shared = Arc::new(Shared { stop: AtomicBool::new(false), served: AtomicUsize::new(0) });
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || welcome(&front, server, weather, &own));
        Self { address, shared, threads: vec![thread] }
    }

    /// Datagrams that the server sent so far.
    pub fn served(&self) -> usize {
        self.shared.served.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().ok(); // its panic was printed
        }
    }
}

/// Gives each client sockets of its own, so that the server sees clients and each client sees one server.
fn welcome(front: &UdpSocket, server: SocketAddr, weather: Weather, shared: &Arc<Shared>) {
    let mut clients: HashMap<SocketAddr, UdpSocket> = HashMap::new();
    let mut threads = Vec::new();
    let mut datagram = [0; 2048];
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok((size, client)) = front.recv_from(&mut datagram) else { continue };
        let back = clients.entry(client).or_insert_with(|| {
            let (near, far) = (socket(), socket());
            let kept = far.try_clone().unwrap();
            threads.extend(pair(near, far, client, weather, shared));
            kept
        });
        back.send_to(&datagram[..size], server).ok(); // lost on the way
    }
    for thread in threads {
        thread.join().ok(); // its panic was printed
    }
}

/// The two directions of one client's talk.
fn pair(
    near: UdpSocket,
    far: UdpSocket,
    client: SocketAddr,
    weather: Weather,
    shared: &Arc<Shared>,
) -> [JoinHandle<()>; 2] {
    let peer = Arc::new(Mutex::new(None));
    let (to_client, from_client) = (near.try_clone().unwrap(), near);
    let (to_server, from_server) = (far.try_clone().unwrap(), far);
    let (found, known) = (Arc::clone(&peer), peer);
    let (out, back) = (Arc::clone(shared), Arc::clone(shared));
    let down = std::thread::spawn(move || {
        carry(&from_server, weather, &out, |from| {
            out.served.fetch_add(1, Ordering::Relaxed);
            *found.lock().unwrap() = Some(from);
            Some((&to_client, client))
        });
    });
    let up = std::thread::spawn(move || {
        let weather = Weather { seed: weather.seed.wrapping_add(7), ..weather };
        carry(&from_client, weather, &back, |_| known.lock().unwrap().map(|server| (&to_server, server)));
    });
    [down, up]
}

/// Carries what comes to where `onwards` says, as well as the weather lets it.
fn carry<'a>(
    from: &UdpSocket,
    mut weather: Weather,
    shared: &Shared,
    mut onwards: impl FnMut(SocketAddr) -> Option<(&'a UdpSocket, SocketAddr)>,
) {
    let mut datagram = vec![0; 65536];
    let mut held: Option<(Vec<u8>, SocketAddr)> = None;
    while !shared.stop.load(Ordering::Relaxed) {
        let heard = from.recv_from(&mut datagram).ok();
        let after = held.take();
        if let Some((size, sender)) = heard
            && let Some((socket, to)) = onwards(sender)
        {
            let bytes = &datagram[..size];
            if weather.strikes(weather.swapped) {
                held = Some((bytes.to_vec(), sender));
            } else if !weather.strikes(weather.lost) {
                let copies = if weather.strikes(weather.doubled) { 2 } else { 1 };
                (0..copies).for_each(|_| drop(socket.send_to(bytes, to)));
            }
        }
        if let Some((bytes, sender)) = after
            && let Some((socket, to)) = onwards(sender)
        {
            socket.send_to(&bytes, to).ok(); // lost on the way
        }
    }
}

impl Weather {
    fn strikes(&mut self, of: u32) -> bool {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % 1000 < u64::from(of)
    }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    socket
}
