//! How a machine gets an address and the name of what it boots: DISCOVER, OFFER, REQUEST, ACK, each said again after the
//! waits that were recorded, doubling.

use std::net::Ipv4Addr;
use std::time::Duration;

use uuid::Uuid;

use crate::twin::machine::Machine;
use crate::twin::netboot::message::{self, Reply, Speaker, Taken, Words};
use crate::twin::netboot::segment::Attending;
use crate::twin::netboot::{Kind, Netboot};

/// What a machine was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// Where the boot file is, by TFTP.
    pub(super) server: Ipv4Addr,
    /// Its name there, or its URL.
    pub(super) file: String,
}

/// One machine that asks.
pub(super) struct Asking<'a> {
    pub(super) machine: &'a Machine,
    pub(super) netboot: &'a Netboot,
    pub(super) speaker: Speaker,
}

impl Asking<'_> {
    /// Asks until it is given an address; `None` when it gives up.
    pub(super) async fn until_given(&self) -> Option<Given> {
        let dice = &self.machine.server.inner.dice;
        let [a, b, c, d, ..] = dice.roll().to_be_bytes();
        let mut exchange = self.netboot.segment.attend(u32::from_be_bytes([a, b, c, d]));
        let words = self.words(exchange.xid)?;
        let mut secs = 0_u16;
        for wait in self.waits() {
            self.machine.note(|progress| progress.net.discovers = progress.net.discovers.saturating_add(1));
            exchange.send(&words.emit(secs, None)).await;
            if let Some((taken, offer)) = self.offered(&mut exchange, wait).await
                && let Some(given) = self.requested(&mut exchange, &words, taken, &offer).await
            {
                return Some(given);
            }
            secs = secs.saturating_add(u16::try_from(wait.as_secs()).unwrap_or(u16::MAX));
        }
        None
    }

    fn words(&self, xid: u32) -> Option<Words> {
        let mac = *self.machine.settings().macs.first()?;
        let machine = Uuid::new_v5(&Uuid::NAMESPACE_OID, &mac.0);
        Some(Words { speaker: self.speaker, mac, machine, xid })
    }

    /// The first offer that this speaker takes. OVMF goes on listening to the end of its wait before it goes on.
    async fn offered(&self, exchange: &mut Attending, wait: Duration) -> Option<(Taken, Reply)> {
        let deadline = self.machine.pause(self.netboot.paced(wait));
        tokio::pin!(deadline);
        let offer = tokio::select! {
            offer = self.acceptable(exchange) => offer,
            () = &mut deadline => return None,
        };
        if matches!(self.speaker, Speaker::Firmware(Kind::Uefi | Kind::UefiHttp)) {
            deadline.await;
        }
        Some(offer)
    }

    async fn acceptable(&self, exchange: &mut Attending) -> (Taken, Reply) {
        loop {
            let Some(reply) = self.heard(exchange).await else { continue };
            if reply.kind == message::OFFER
                && let Some(server) = self.takes(&reply)
            {
                return (Taken { address: reply.address, server }, reply);
            }
        }
    }

    /// The server, if this speaker takes its offer.
    fn takes(&self, offer: &Reply) -> Option<Ipv4Addr> {
        let has_file = !offer.file.is_empty();
        let is_taken = offer.has_mask
            && !offer.address.is_unspecified()
            && match self.speaker {
                Speaker::Firmware(Kind::UefiHttp) => has_file && offer.class.starts_with(b"HTTPClient"),
                Speaker::Firmware(Kind::Uefi | Kind::Bios) => {
                    has_file && offer.class.starts_with(b"PXEClient")
                }
                Speaker::Ipxe(_) => true,
            };
        offer.server.filter(|_| is_taken)
    }

    /// Repeats its request until it is answered; `None` starts over.
    async fn requested(
        &self,
        exchange: &mut Attending,
        words: &Words,
        taken: Taken,
        offer: &Reply,
    ) -> Option<Given> {
        for wait in self.waits() {
            exchange.send(&words.emit(0, Some(taken))).await;
            let answer = tokio::select! {
                answer = self.settled(exchange, taken) => answer,
                () = self.machine.pause(self.netboot.paced(wait)) => continue,
            };
            let ack = answer?;
            self.machine.note(|progress| progress.net.leases = progress.net.leases.saturating_add(1));
            // iPXE reads the boot file of the ACK alone.
            let file = if ack.file.is_empty() && matches!(self.speaker, Speaker::Firmware(_)) {
                offer.file.clone()
            } else {
                ack.file
            };
            return Some(Given { server: ack.next, file });
        }
        None
    }

    /// The ACK; `None` for a NAK.
    async fn settled(&self, exchange: &mut Attending, taken: Taken) -> Option<Reply> {
        loop {
            let Some(reply) = self.heard(exchange).await else { continue };
            let is_ours = reply.server == Some(taken.server);
            if is_ours && reply.kind == message::ACK && reply.address == taken.address {
                return Some(reply);
            }
            if is_ours && reply.kind == message::NAK {
                return None;
            }
        }
    }

    async fn heard(&self, exchange: &mut Attending) -> Option<Reply> {
        let message = exchange.receive().await;
        Reply::parse(&message, *self.machine.settings().macs.first()?)
    }

    fn waits(&self) -> impl Iterator<Item = Duration> + use<> {
        let waits = match self.speaker {
            Speaker::Firmware(_) => FIRMWARE_WAITS,
            Speaker::Ipxe(_) => IPXE_WAITS,
        };
        waits.into_iter().map(Duration::from_secs)
    }
}

/// Seconds until each message is said again and in the end given up: OVMF.
const FIRMWARE_WAITS: [u64; 4] = [4, 8, 16, 32];
/// iPXE.
const IPXE_WAITS: [u64; 4] = [1, 2, 4, 8];
