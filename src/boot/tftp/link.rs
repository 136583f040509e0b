//! The connected socket of a transfer: blocks out, ACKs in, and word of the network that nobody is there.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, getsockopt, sendmsg, sockopt};
use tftpd::{ErrorCode, Opcode, Packet};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::boot::tftp::transfer::wire;

/// A socket to one client.
#[derive(Debug)]
pub(super) struct Link {
    socket: UdpSocket,
    peer: SocketAddr,
    /// The kernel cuts a run of blocks into datagrams (UDP segmentation): one call for a window.
    cuts: bool,
    heard: Vec<u8>,
}

/// Blocks that follow each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) first: u64,
    /// The blocks' bytes; only the last one may be shorter, or empty.
    pub(super) bytes: &'a [u8],
    pub(super) blksize: u16,
}

impl Link {
    /// A port of its own at the address that was asked.
    pub(super) fn open(local: SocketAddr, peer: SocketAddr) -> io::Result<Self> {
        let socket = connected(local, peer)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket: UdpSocket::from_std(socket)?, peer, cuts: true, heard: vec![0; LONGEST] })
    }

    /// Bytes of a block that fit into one frame on the way to the client.
    pub(super) fn room(&self) -> u16 {
        let (mtu, headers) = match self.peer {
            SocketAddr::V4(_) => (getsockopt(&self.socket, sockopt::IpMtu).unwrap_or(ETHERNET), 20 + 8),
            SocketAddr::V6(_) => (ETHERNET, 40 + 8),
        };
        let block = i64::from(mtu).saturating_sub(headers).saturating_sub(HEAD.into());
        u16::try_from(block).unwrap_or(if block < 0 { 0 } else { u16::MAX })
    }

    /// Sends one datagram.
    pub(super) async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        passing(self.socket.send(datagram).await.map(|_| ()))
    }

    /// Sends blocks, as many at a time as the kernel takes. What it does not take counts as lost on the way.
    pub(super) async fn send_run(&mut self, run: Run<'_>) -> io::Result<()> {
        let blksize = usize::from(run.blksize.max(1));
        if run.bytes.len() <= blksize {
            let head = head(run.first);
            return passing(self.give(&[IoSlice::new(&head), IoSlice::new(run.bytes)], &[]).await);
        }
        let at_once =
            if self.cuts { (DATAGRAM / (blksize + usize::from(HEAD))).clamp(1, SEGMENTS) } else { 1 };
        let blocks: Vec<&[u8]> = run.bytes.chunks(blksize).collect();
        let mut first = run.first;
        for some in blocks.chunks(at_once) {
            self.send_some(first, some, blksize).await?;
            first = first.saturating_add(u64::try_from(some.len()).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    async fn send_some(&mut self, first: u64, blocks: &[&[u8]], blksize: usize) -> io::Result<()> {
        let heads: Vec<[u8; 4]> = (first..).map(head).take(blocks.len()).collect();
        let parts: Vec<IoSlice<'_>> = heads
            .iter()
            .zip(blocks)
            .flat_map(|(head, block)| [IoSlice::new(head), IoSlice::new(block)])
            .collect();
        let segment = u16::try_from(blksize.saturating_add(HEAD.into())).unwrap_or(u16::MAX);
        if self.cuts && blocks.len() > 1 {
            match self.give(&parts, &[ControlMessage::UdpGsoSegments(&segment)]).await {
                Err(error) if refuses_to_cut(&error) => self.cuts = false,
                other => return passing(other),
            }
        }
        for part in parts.chunks(2) {
            passing(self.give(part, &[]).await)?;
        }
        Ok(())
    }

    async fn give(&self, parts: &[IoSlice<'_>], control: &[ControlMessage<'_>]) -> io::Result<()> {
        let give = || {
            sendmsg::<()>(self.socket.as_raw_fd(), parts, control, MsgFlags::empty(), None)?;
            Ok(())
        };
        self.socket.async_io(Interest::WRITABLE, give).await
    }

    /// The next ACK or ERROR; what is neither is passed over. That nobody is at the other end any more is an error
    /// (`ConnectionRefused`, of ICMP). May be dropped at any time without losing one.
    pub(super) async fn hear(&mut self) -> io::Result<Packet> {
        loop {
            let size = match self.socket.recv(&mut self.heard).await {
                Ok(size) => size,
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(error),
            };
            if let Some(packet) = self.heard.get(..size).and_then(packet) {
                return Ok(packet);
            }
        }
    }
}

/// What a client may say in the middle of a transfer. A code of an error that nobody knows is an error still.
fn packet(datagram: &[u8]) -> Option<Packet> {
    let (code, _) = datagram.split_first_chunk()?;
    match Opcode::from_u16(u16::from_be_bytes(*code)).ok()? {
        Opcode::Ack => Packet::deserialize(datagram).ok(),
        Opcode::Error => Packet::deserialize(datagram)
            .ok()
            .or(Some(Packet::Error { code: ErrorCode::NotDefined, msg: String::new() })),
        Opcode::Rrq | Opcode::Wrq | Opcode::Data | Opcode::Oack => None,
    }
}

/// Tells a client no, from a port of its own as RFC 1350 4 wants it.
pub(super) fn refuse(local: SocketAddr, peer: SocketAddr, code: ErrorCode, why: &str) -> io::Result<()> {
    connected(local, peer)?.send(&error(code, why)).map(|_| ())
}

/// An ERROR's bytes.
pub(super) fn error(code: ErrorCode, why: &str) -> Vec<u8> {
    Packet::Error { code, msg: why.to_owned() }.serialize().unwrap_or_default()
}

fn connected(local: SocketAddr, peer: SocketAddr) -> io::Result<StdSocket> {
    let socket = StdSocket::bind(local)?;
    socket.connect(peer)?;
    Ok(socket)
}

fn head(block: u64) -> [u8; 4] {
    let ([one, two], [three, four]) = (Opcode::Data.as_bytes(), wire(block).to_be_bytes());
    [one, two, three, four]
}

/// What the network says against a datagram counts as its loss, except that nobody is there.
fn passing(sent: io::Result<()>) -> io::Result<()> {
    sent.or_else(|error| if is_passing(&error) { Ok(()) } else { Err(error) })
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::Interrupted
    ) || error.raw_os_error().map(Errno::from_raw) == Some(Errno::ENOBUFS)
}

/// The device cannot, or a block is longer than a frame of it.
fn refuses_to_cut(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error().map(Errno::from_raw),
        Some(Errno::EIO | Errno::EINVAL | Errno::EMSGSIZE | Errno::EOPNOTSUPP | Errno::ENOPROTOOPT)
    )
}

/// Bytes before a block's own: the code and its number.
const HEAD: u16 = 4;
/// Bytes of an Ethernet frame, where the kernel does not say better.
const ETHERNET: i32 = 1500;
/// Bytes that one call may hand over: those of the longest datagram.
const DATAGRAM: usize = 65_507;
/// Datagrams that one call may be cut into (`UDP_MAX_SEGMENTS` of Linux before 6.9).
const SEGMENTS: usize = 64;
/// Bytes of a datagram that are looked at: an ERROR with a long sentence.
const LONGEST: usize = 516;

#[cfg(test)]
mod tests;
