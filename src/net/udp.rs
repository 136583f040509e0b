//! A connected UDP socket: it hears one peer only, and no datagram is longer than its owner can use.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;

/// A socket to one peer.
#[derive(Debug)]
pub struct Udp {
    socket: UdpSocket,
    peer: SocketAddr,
    /// One byte longer than the longest datagram that is taken, so that a longer one shows.
    buffer: Vec<u8>,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum UdpError {
    #[error("the address of {host} was not found within {} s", LOOKUP.as_secs())]
    LookupTime { host: String },
    #[error("the address of {host} was not found")]
    Lookup { host: String, source: io::Error },
    #[error("{host} has no address")]
    NoAddress { host: String },
    #[error("no socket to {peer}")]
    Socket { peer: SocketAddr, source: io::Error },
}

impl Udp {
    /// A socket to the first address of `host`; datagrams of more than `longest` bytes are dropped.
    pub async fn connect(host: &str, port: u16, longest: usize) -> Result<Self, UdpError> {
        let peer = lookup(host, port).await?;
        let any: SocketAddr = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let broken = |source| UdpError::Socket { peer, source };
        let socket = UdpSocket::bind(any).await.map_err(broken)?;
        socket.connect(peer).await.map_err(broken)?;
        Ok(Self { socket, peer, buffer: vec![0; longest.saturating_add(1)] })
    }

    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Sends one datagram. What the network says against it counts as a loss: UDP promises nothing.
    pub async fn send(&self, datagram: &[u8]) {
        if let Err(error) = self.socket.send(datagram).await {
            tracing::debug!(peer = %self.peer, %error, "a datagram was not sent");
        }
    }

    /// The next datagram that is not too long. May be dropped at any time without losing one.
    ///
    /// An error is the socket's own; that the peer's port is closed just now is no error, for it may open again.
    pub async fn receive(&mut self) -> io::Result<&[u8]> {
        let size = loop {
            match self.socket.recv(&mut self.buffer).await {
                Ok(size) if size < self.buffer.len() => break size,
                Ok(_) => tracing::debug!(peer = %self.peer, "a datagram was too long"),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error),
            }
        };
        Ok(self.buffer.get(..size).unwrap_or_default())
    }
}

/// Words of ICMP that another datagram may contradict.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}

async fn lookup(host: &str, port: u16) -> Result<SocketAddr, UdpError> {
    if let Ok(address) = host.parse() {
        return Ok(SocketAddr::new(address, port));
    }
    let host = || host.to_owned();
    let mut found = timeout(LOOKUP, lookup_host((host(), port)))
        .await
        .map_err(|_| UdpError::LookupTime { host: host() })?
        .map_err(|source| UdpError::Lookup { host: host(), source })?;
    found.next().ok_or_else(|| UdpError::NoAddress { host: host() })
}

/// A resolver that asks a second server after 5 s still answers within it.
const LOOKUP: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    async fn pair(longest: usize) -> (UdpSocket, Udp) {
        let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let udp = Udp::connect("127.0.0.1", peer.local_addr().unwrap().port(), longest).await.unwrap();
        (peer, udp)
    }

    #[tokio::test]
    async fn the_peer_is_heard_and_what_is_too_long_is_dropped() {
        let (peer, mut udp) = pair(4).await;
        udp.send(b"ask").await;
        let mut asked = [0; 8];
        let (size, from) = peer.recv_from(&mut asked).await.unwrap();
        assert_eq!(asked.get(..size), Some(&b"ask"[..]));
        peer.send_to(b"five!", from).await.unwrap();
        peer.send_to(b"four", from).await.unwrap();
        assert_eq!(udp.receive().await.unwrap(), b"four");
    }

    #[tokio::test]
    async fn strangers_are_not_heard() {
        let (peer, mut udp) = pair(9).await;
        udp.send(b"ask").await;
        let (_, from) = peer.recv_from(&mut [0; 8]).await.unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        stranger.send_to(b"lie", from).await.unwrap();
        peer.send_to(b"truth", from).await.unwrap();
        assert_eq!(udp.receive().await.unwrap(), b"truth");
    }

    #[tokio::test]
    async fn a_closed_port_may_open_again() {
        let (peer, mut udp) = pair(9).await;
        let address = peer.local_addr().unwrap();
        drop(peer);
        udp.send(b"lost").await;
        let peer = UdpSocket::bind(address).await.unwrap();
        udp.send(b"ask").await;
        udp.send(b"ask").await;
        let (_, from) = peer.recv_from(&mut [0; 8]).await.unwrap();
        peer.send_to(b"here", from).await.unwrap();
        assert_eq!(udp.receive().await.unwrap(), b"here");
    }

    #[tokio::test]
    async fn a_name_that_is_none_is_an_error_that_names_it() {
        let error = Udp::connect("no such name", 623, 9).await.unwrap_err();
        assert!(error.to_string().contains("no such name"), "{error}");
    }
}
