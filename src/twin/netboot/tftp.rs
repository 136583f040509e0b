//! A file by TFTP as firmware fetches it (RFC 1350, 2347 to 2349, 7440): its size first, then all of it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::twin::machine::Machine;
use crate::twin::netboot::message::Speaker;
use crate::twin::netboot::{Kind, Netboot};

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum TftpError {
    #[error("no socket for TFTP")]
    Socket(#[from] io::Error),
    #[error("the TFTP server refused {name}: {why}")]
    Refused { name: String, why: String },
    #[error("the TFTP server does not go on with {name}")]
    Silent { name: String },
    #[error("the TFTP server gave {got} bytes of {name}, which has {size}")]
    Size { name: String, got: u64, size: u64 },
}

/// One file of one server.
pub(super) struct File<'a> {
    pub(super) machine: &'a Machine,
    pub(super) netboot: &'a Netboot,
    pub(super) server: Ipv4Addr,
    pub(super) name: &'a str,
    pub(super) speaker: Speaker,
}

/// What a server granted.
#[derive(Debug, Clone, Copy)]
struct Terms {
    block: usize,
    window: u16,
    size: Option<u64>,
}

impl File<'_> {
    /// Fetches all of it; its bytes. Firmware asks twice, the first time for the size alone.
    pub(super) async fn fetch(&self) -> Result<u64, TftpError> {
        let (options, first): (&[_], _) = match self.speaker {
            Speaker::Firmware(Kind::Bios) => (&[("blksize", 1456)], Some(&[("tsize", 0)][..])),
            Speaker::Firmware(Kind::Uefi | Kind::UefiHttp) => {
                (&[("blksize", 1468), ("windowsize", 4)], Some(&UEFI_FIRST[..]))
            }
            Speaker::Ipxe(_) => (&[("blksize", 1432), ("tsize", 0)], None),
        };
        let mut size = None;
        if let Some(first) = first {
            let asked = self.ask(first).await?;
            size = asked.terms.size;
            asked.socket.send_to(ENOUGH, asked.peer).await.ok();
        }
        let asked = self.ask(options).await?;
        let size = asked.terms.size.or(size);
        let got = self.receive(asked).await?;
        match size {
            Some(size) if size != got => Err(TftpError::Size { name: self.name.to_owned(), got, size }),
            Some(_) | None => Ok(got),
        }
    }

    /// Sends a request until it is answered.
    async fn ask(&self, options: &[(&str, u32)]) -> Result<Asked, TftpError> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        let server = SocketAddr::from((self.server, self.netboot.segment.tftp_port));
        let mut request = format!("\0\u{1}{}\0octet\0", self.name);
        for (name, value) in options {
            request.extend([name, "\0", &value.to_string(), "\0"]);
        }
        let mut datagram = vec![0; LONGEST];
        for _ in 0..TRIES {
            socket.send_to(request.as_bytes(), server).await?;
            let Some((bytes, peer)) = self.heard(&socket, &mut datagram, None).await else { continue };
            let terms = match bytes {
                [0, OACK, options @ ..] => granted(options),
                [0, DATA, ..] => Terms { block: 512, window: 1, size: None },
                bytes => return Err(self.refused(bytes)),
            };
            let first = matches!(bytes, [0, DATA, ..]).then(|| bytes.to_vec());
            return Ok(Asked { socket, peer, terms, first });
        }
        Err(self.silent())
    }

    /// Takes the blocks to the last one.
    async fn receive(&self, asked: Asked) -> Result<u64, TftpError> {
        let Asked { socket, peer, terms, first } = asked;
        let mut taken = Taken { terms, block: 0, since: 0, bytes: 0, said: false };
        let mut datagram = vec![0; LONGEST];
        let mut heard = match first {
            Some(first) => taken.take(&first),
            None => Heard::Confirm,
        };
        let mut misses = 0;
        loop {
            if matches!(heard, Heard::Confirm | Heard::Last) {
                let [high, low] = taken.block.to_be_bytes();
                socket.send_to(&[0, ACK, high, low], peer).await?;
            }
            if heard == Heard::Last {
                return Ok(taken.bytes);
            }
            heard = match self.heard(&socket, &mut datagram, Some(peer)).await {
                Some(([0, ERROR, ..], _)) => return Err(self.refused(datagram.get(..64).unwrap_or_default())),
                Some((bytes, _)) => {
                    misses = 0;
                    taken.take(bytes)
                }
                None if misses == TRIES => return Err(self.silent()),
                None => {
                    misses += 1;
                    Heard::Confirm
                }
            };
        }
    }

    /// The next datagram, of this peer alone if it is known; `None` if it is time to say the last word again.
    async fn heard<'b>(
        &self,
        socket: &UdpSocket,
        datagram: &'b mut [u8],
        peer: Option<SocketAddr>,
    ) -> Option<(&'b [u8], SocketAddr)> {
        let deadline = self.machine.pause(self.netboot.paced(AGAIN));
        tokio::pin!(deadline);
        let (size, from) = loop {
            tokio::select! {
                heard = socket.recv_from(datagram) => {
                    if let Ok((size, from)) = heard && self.is_right(peer, from) {
                        break (size, from);
                    }
                }
                () = &mut deadline => return None,
            }
        };
        Some((datagram.get(..size)?, from))
    }

    fn is_right(&self, peer: Option<SocketAddr>, from: SocketAddr) -> bool {
        peer.map_or_else(|| from.ip() == IpAddr::V4(self.server), |peer| peer == from)
    }

    fn refused(&self, bytes: &[u8]) -> TftpError {
        let why = bytes.get(4..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
        TftpError::Refused { name: self.name.to_owned(), why: String::from_utf8_lossy(why).into_owned() }
    }

    fn silent(&self) -> TftpError {
        TftpError::Silent { name: self.name.to_owned() }
    }
}

/// A request that was answered.
struct Asked {
    socket: UdpSocket,
    peer: SocketAddr,
    terms: Terms,
    /// From a server that grants nothing.
    first: Option<Vec<u8>>,
}

/// What has come so far.
struct Taken {
    terms: Terms,
    /// The last block in its turn.
    block: u16,
    /// Blocks since the last confirmation.
    since: u16,
    bytes: u64,
    /// The last block was confirmed because another one is missing.
    said: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    Confirm,
    Last,
}

impl Taken {
    fn take(&mut self, bytes: &[u8]) -> Heard {
        let [0, DATA, high, low, data @ ..] = bytes else { return Heard::Nothing };
        if u16::from_be_bytes([*high, *low]) != self.block.wrapping_add(1) {
            let says = !std::mem::replace(&mut self.said, true);
            self.since = 0;
            return if says { Heard::Confirm } else { Heard::Nothing };
        }
        self.block = self.block.wrapping_add(1);
        self.since = self.since.saturating_add(1);
        self.said = false;
        self.bytes = self.bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        if data.len() < self.terms.block {
            return Heard::Last;
        }
        if self.since < self.terms.window {
            return Heard::Nothing;
        }
        self.since = 0;
        Heard::Confirm
    }
}

/// Of an OACK's options; one that is not granted is as without it.
fn granted(options: &[u8]) -> Terms {
    let mut words = options.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut terms = Terms { block: 512, window: 1, size: None };
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        match &*name {
            "blksize" => terms.block = value.parse().unwrap_or(terms.block),
            "windowsize" => terms.window = value.parse().unwrap_or(terms.window),
            "tsize" => terms.size = value.parse().ok(),
            _ => {}
        }
    }
    terms
}

const UEFI_FIRST: [(&str, u32); 3] = [("tsize", 0), ("blksize", 1468), ("windowsize", 4)];
/// ERROR 8, after which the server forgets the transfer.
const ENOUGH: &[u8] = b"\0\x05\0\x08User aborted the transfer\0";
const DATA: u8 = 3;
const ACK: u8 = 4;
const ERROR: u8 = 5;
const OACK: u8 = 6;
/// OVMF says its last word again after so long, and so often.
const AGAIN: Duration = Duration::from_secs(4);
const TRIES: u32 = 5;
/// More than any block that is asked for.
const LONGEST: usize = 2048;
