//! The server of addresses and boot data for IPv4: one task an interface.
//!
//! ```text
//! port 67 ──▶ limit ──▶ wire::dhcp4 ──▶ rules (pools in memory) ─┬─ answer ─────────────────────────▶ wire
//!                                                               ├─ look (ARP, 0.2 s) ── nobody ─────▶ offer
//!                                                               └─ keep ──▶ lane of leases ── kept ─▶ ack
//! port 4011 ─▶ proxy: boot data beside another server
//! ARP ───────▶ somebody uses an address: quarantine        other servers' answers ──▶ others
//! ```
//!
//! - [`served`]  a network joined with its interface     - [`pool`]    who has which address
//! - [`rules`]   what is done with a packet (RFC 2131)    - [`proxy`]   the same beside another server
//! - [`answer`]  what an answer holds and where it goes   - [`client`]  packet to client
//! - [`keeper`]  the network while its interface is there, and the wait for it
//! - [`server`]  the task; [`looks`] addresses that are looked for; [`watch`] other servers; [`others`], [`heard`]
//! - [`shown`]   status and leases; [`count`], [`limit`]

pub mod answer;
pub mod client;
pub mod count;
pub mod heard;
pub mod keeper;
pub mod limit;
pub mod looks;
pub mod others;
pub mod pool;
pub mod proxy;
pub mod rules;
pub mod served;
pub mod server;
pub mod shown;
pub mod watch;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::boot::dhcp::keeper::Keeper;
use crate::boot::ground::Ground;
use crate::net::doorway::DoorwayError;
use crate::net::link::LinkError;
use crate::store::error::StoreError;

/// Why a network is not served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Doorway(#[from] DoorwayError),
    #[error(
        "interface {interface} has no IPv4 address; give it one, for instance in a .network file of systemd-networkd"
    )]
    NoAddress { interface: String },
    #[error("interface {interface} does not have the address {address} that its [[network]] names")]
    OtherAddress { interface: String, address: Ipv4Addr },
    #[error("[[network]] {name}: {why}")]
    Network { name: String, why: String },
    #[error("the leases could not be read")]
    Leases(#[source] StoreError),
}

impl StartError {
    /// Whether it may pass by itself: the interface comes, or gets its address. What a person must mend does not.
    fn passes(&self) -> bool {
        match self {
            Self::Link(LinkError::Missing(_)) | Self::NoAddress { .. } | Self::OtherAddress { .. } => true,
            Self::Link(LinkError::Raw { source, .. })
            | Self::Doorway(DoorwayError::Forbidden { source, .. } | DoorwayError::Taken { source, .. }) => {
                has_gone(source)
            }
            Self::Link(LinkError::NotEthernet(_) | LinkError::List(_))
            | Self::Network { .. }
            | Self::Leases(_) => false,
        }
    }
}

/// The interface went while its sockets were opened.
fn has_gone(error: &io::Error) -> bool {
    use nix::libc::{EADDRNOTAVAIL, ENETDOWN, ENODEV, ENXIO};
    matches!(error.raw_os_error(), Some(ENODEV | ENXIO | ENETDOWN | EADDRNOTAVAIL))
}

/// Serves every network of the plan that has DHCP of IPv4, at once or as soon as its interface is there. The sockets of those
/// that are there are open when this returns.
pub fn start(ground: &Ground) -> Result<(), StartError> {
    let mut all = Vec::new();
    for network in ground.plan.networks.iter().filter(|network| network.serves_v4()) {
        let keeper = Arc::new(Keeper::new(network, ground));
        let first = keeper.first()?;
        all.push((keeper, first));
    }
    for (keeper, first) in all {
        ground.desk.board().show(keeper.clone());
        let stop = ground.stop.clone();
        ground.tasks.spawn(async move {
            tokio::select! {
                () = keeper.run(first) => {}
                () = stop.cancelled() => {}
            }
        });
    }
    Ok(())
}
