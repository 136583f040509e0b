//! The socket of DHCP clients: a host has one port 68, and all its machines share it. An answer finds its machine by the
//! number of the exchange.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::wire::dhcp4::{CLIENT_PORT, SERVER_PORT};

/// A network with its DHCP socket, as clients have it.
#[derive(Debug)]
pub struct Segment {
    socket: UdpSocket,
    server: SocketAddr,
    pub(super) tftp_port: u16,
    waiting: Mutex<HashMap<u32, mpsc::Sender<Vec<u8>>>>,
}

impl Segment {
    /// At port 68 of an interface; servers are reached by broadcast. It hears until `stop`.
    pub async fn open(interface: &str, stop: &CancellationToken) -> io::Result<Arc<Self>> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, CLIENT_PORT)).await?;
        socket.bind_device(Some(interface.as_bytes()))?;
        socket.set_broadcast(true)?;
        let server = SocketAddr::from((Ipv4Addr::BROADCAST, SERVER_PORT));
        Ok(Self::over(socket, server, TFTP_PORT, stop))
    }

    /// Over a socket and to a server of one's own.
    pub fn over(
        socket: UdpSocket,
        server: SocketAddr,
        tftp_port: u16,
        stop: &CancellationToken,
    ) -> Arc<Self> {
        let segment = Arc::new(Self { socket, server, tftp_port, waiting: Mutex::default() });
        let hearing = segment.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move { hearing.hear().await }));
        segment
    }

    /// Takes part in the exchange of this number until the value is dropped.
    pub(super) fn attend(self: &Arc<Self>, xid: u32) -> Attending {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.waiting().insert(xid, sender);
        Attending { segment: self.clone(), xid, receiver }
    }

    async fn hear(&self) {
        let mut buffer = [0; LONGEST];
        loop {
            let Ok(size) = self.socket.recv(&mut buffer).await else { continue };
            let Some(bytes) = buffer.get(..size) else { continue };
            let Some(xid) = bytes.get(4..8).and_then(|xid| <[u8; 4]>::try_from(xid).ok()) else { continue };
            if let Some(sender) = self.waiting().get(&u32::from_be_bytes(xid)) {
                // A machine that does not keep up loses datagrams, as any does.
                sender.try_send(bytes.to_vec()).ok();
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, mpsc::Sender<Vec<u8>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One machine's part in an exchange.
#[derive(Debug)]
pub(super) struct Attending {
    segment: Arc<Segment>,
    pub(super) xid: u32,
    receiver: mpsc::Receiver<Vec<u8>>,
}

impl Attending {
    /// Sends a message; what the network says against it counts as a loss.
    pub(super) async fn send(&self, message: &[u8]) {
        self.segment.socket.send_to(message, self.segment.server).await.ok();
    }

    /// The next message of this exchange.
    pub(super) async fn receive(&mut self) -> Vec<u8> {
        match self.receiver.recv().await {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Attending {
    fn drop(&mut self) {
        self.segment.waiting().remove(&self.xid);
    }
}

/// Several servers answer a few times.
const QUEUE: usize = 16;
/// One Ethernet frame.
const LONGEST: usize = 1500;
/// RFC 1350.
const TFTP_PORT: u16 = 69;
