//! A firmware that boots from the network: what it asks, in the words of firmware that was recorded.
//!
//! ```text
//! firmware: DHCP -> boot file by TFTP or HTTP -> iPXE: DHCP -> script -> kernel, ramdisk -> agent
//!     `- nothing, or told so: the disk                            `- told so: the disk, off, reset
//! ```
//! What is fetched is counted and thrown away; which loader the bytes are is not looked at, they count as iPXE.
//!
//! - `segment`  the socket that all machines of a network share
//! - `message`  DHCP messages out and in; `dhcp` the exchange
//! - `tftp`     a boot file by TFTP; `fetch` files by HTTP
//! - `script`   iPXE's language; `ipxe` what its commands do
//! - `order`    one boot from its beginning to what runs

pub mod dhcp;
pub mod fetch;
pub mod ipxe;
pub mod message;
pub mod order;
pub mod script;
pub mod segment;
pub mod tftp;

use std::sync::Arc;
use std::time::Duration;

use crate::twin::netboot::segment::Segment;

/// How a server boots from the network.
#[derive(Debug, Clone)]
pub struct Netboot {
    pub segment: Arc<Segment>,
    pub firmware: Kind,
    /// Multiplies the waits of firmware and loader: 1 is as recorded.
    pub pace: f64,
    /// The pause after which a machine with nothing on its disk begins anew, as most servers' firmware does; one
    /// without it stays where it is.
    pub again: Option<Duration>,
}

/// Whose words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A BIOS with a PXE ROM: architecture 0.
    Bios,
    /// OVMF that boots by PXE: architecture 7.
    Uefi,
    /// OVMF that boots by HTTP: architecture 16.
    UefiHttp,
}

impl Netboot {
    /// At the pace of the recorded ones, without a second try.
    pub fn new(segment: Arc<Segment>, firmware: Kind) -> Self {
        Self { segment, firmware, pace: 1.0, again: None }
    }

    /// A wait at this firmware's pace.
    fn paced(&self, wait: Duration) -> Duration {
        Duration::try_from_secs_f64(wait.as_secs_f64() * self.pace).unwrap_or(wait)
    }
}

#[cfg(test)]
mod tests;
