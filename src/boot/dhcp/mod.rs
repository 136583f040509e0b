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
//! - [`server`]  the task; [`looks`] addresses that are looked for; [`watch`] other servers; [`others`], [`heard`]
//! - [`shown`]   status and leases; [`count`], [`limit`]

pub mod answer;
pub mod client;
pub mod count;
pub mod heard;
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

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::boot::dhcp::served::Served;
use crate::boot::dhcp::server::Server;
use crate::boot::ground::Ground;
use crate::model::boot::lease::Lease;
use crate::model::boot::plan::{DhcpMode, Network};
use crate::net::doorway::{Doorway, DoorwayError};
use crate::net::link::{Hears, Interface, LinkError, Tap};
use crate::store::error::StoreError;
use crate::wire::dhcp4::{BOOT_PORT, SERVER_PORT};

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

/// Opens and serves every network of the plan that has DHCP. All sockets are open when this returns.
pub fn start(ground: &Ground) -> Result<(), StartError> {
    let is_served = |network: &&Network| network.dhcp != DhcpMode::Off;
    let networks: Vec<&Network> = ground.plan.networks.iter().filter(is_served).collect();
    if networks.is_empty() {
        return Ok(());
    }
    let leases = ground.reader.leases().map_err(StartError::Leases)?;
    let servers: Vec<Server> =
        networks.into_iter().map(|network| open(network, ground, &leases)).collect::<Result<_, _>>()?;
    for server in servers {
        ground.desk.board().show(server.served.clone());
        ground.tasks.spawn(server.run(ground.stop.clone()));
    }
    Ok(())
}

fn open(network: &Network, ground: &Ground, leases: &[Lease]) -> Result<Server, StartError> {
    let interface = Interface::find(&network.interface)?;
    let served = Arc::new(Served::new(network, &interface, ground)?);
    served.recall(leases);
    let address = served.address();
    let is_proxy = network.dhcp == DhcpMode::Proxy;
    let boot = is_proxy.then(|| Doorway::open(&interface, BOOT_PORT, address)).transpose()?;
    Ok(Server {
        served,
        station: interface.mac,
        door: Doorway::open(&interface, SERVER_PORT, address)?,
        boot,
        arp: Tap::open(&interface, Hears::Arp)?,
        replies: Tap::open(&interface, Hears::DhcpReplies)?,
        leases: ground.desk.leases().clone(),
    })
}
