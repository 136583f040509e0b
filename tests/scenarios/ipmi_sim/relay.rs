//! A relay between the daemon and a BMC: it loses, doubles and swaps packets, and counts log-ins.

use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Each how manieth packet of a direction suffers; 0 spares all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    pub lose: u32,
    pub double: u32,
    /// This one comes after the next.
    pub swap: u32,
}

pub struct Relay {
    pub port: u16,
    logins: Arc<AtomicU32>,
}

impl Relay {
    /// Before the BMC at `port`; its threads end with the process.
    pub fn before(port: u16, weather: Weather) -> Self {
        let near = UdpSocket::bind("127.0.0.1:0").unwrap();
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        far.connect(("127.0.0.1", port)).unwrap();
        let own = near.local_addr().unwrap().port();
        let logins = Arc::new(AtomicU32::new(0));
        let client: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
        let (near_back, far_back) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let (counted, known) = (logins.clone(), client.clone());
        std::thread::spawn(move || {
            let mut lane = Lane { weather, count: 0, held: None };
            let mut buffer = [0; 2048];
            loop {
                let Ok((size, from)) = near.recv_from(&mut buffer) else { continue };
                *known.lock().unwrap() = Some(from);
                let packet = &buffer[..size];
                counted.fetch_add(u32::from(is_rakp1(packet)), Ordering::Relaxed);
                // A BMC that is restarting refuses: the packet is lost, as on any network.
                lane.pass(packet, |packet| drop(far.send(packet)));
            }
        });
        std::thread::spawn(move || {
            let mut lane = Lane { weather, count: 1, held: None };
            let mut buffer = [0; 2048];
            loop {
                let Ok(size) = far_back.recv(&mut buffer) else {
                    std::thread::park_timeout(Duration::from_millis(10));
                    continue;
                };
                let Some(to) = *client.lock().unwrap() else { continue };
                lane.pass(&buffer[..size], |packet| drop(near_back.send_to(packet, to)));
            }
        });
        Self { port: own, logins }
    }

    /// How often somebody tried to log in.
    pub fn logins(&self) -> u32 {
        self.logins.load(Ordering::Relaxed)
    }
}

/// One direction.
struct Lane {
    weather: Weather,
    count: u32,
    held: Option<Vec<u8>>,
}

impl Lane {
    fn pass(&mut self, packet: &[u8], send: impl Fn(&[u8])) {
        self.count += 1;
        let falls_on = |each: u32| each > 0 && self.count.is_multiple_of(each);
        if falls_on(self.weather.lose) {
            return;
        }
        if falls_on(self.weather.swap) && self.held.is_none() {
            self.held = Some(packet.to_vec());
            return;
        }
        send(packet);
        if falls_on(self.weather.double) {
            send(packet);
        }
        if let Some(held) = self.held.take() {
            send(&held);
        }
    }
}

/// RMCP class IPMI, format RMCP+, payload type RAKP 1: a name and a number on their way.
fn is_rakp1(packet: &[u8]) -> bool {
    packet.get(3) == Some(&0x07) && packet.get(4) == Some(&0x06) && packet.get(5) == Some(&0x12)
}
