//! The sockets of the daemon, open before anything is begun, so that a port that is taken stops the start.

use std::net::{IpAddr, SocketAddr};

use ipnet::Ipv4Net;
use tokio::net::TcpListener;

use crate::app::{AppError, boot, tftp};
use crate::boot::library::catalogue::Ports;
use crate::boot::tftp::Door;
use crate::config::Config;
use crate::model::boot::plan::Role;
use crate::net::link::Interface;
use crate::net::tls::ServerTls;

/// Open sockets and where they are.
pub(super) struct Doors {
    pub(super) operator: TcpListener,
    pub(super) rack: Option<TcpListener>,
    pub(super) https: Option<(TcpListener, SocketAddr, ServerTls)>,
    pub(super) tftp: Vec<Door>,
    /// Where the operator's door is.
    pub(super) api: SocketAddr,
    /// Where the rack's door is.
    pub(super) rack_at: Option<SocketAddr>,
}

impl Doors {
    pub(super) async fn open(config: &Config) -> Result<Self, AppError> {
        let operator = super::bind(config.listen).await?;
        let rack = match config.rack_listen {
            Some(address) => Some(super::bind(address).await?),
            None => None,
        };
        let https = boot::https(&config.boot).await?;
        let tftp = tftp::open(&config.tftp, &config.plan)?;
        let api = operator.local_addr().unwrap_or(config.listen);
        let rack_at = rack.as_ref().and_then(|one| one.local_addr().ok());
        Ok(Self { operator, rack, https, tftp, api, rack_at })
    }

    /// The door that machines use.
    pub(super) fn of_machines(&self) -> SocketAddr {
        self.rack_at.unwrap_or(self.api)
    }

    /// Where machines and BMCs reach that door if nobody says otherwise: a door at every address is told as the first
    /// boot network's.
    pub(super) fn url(&self, config: &Config) -> String {
        let door = self.of_machines();
        let address = if door.ip().is_unspecified() { own_address(config) } else { None };
        format!("http://{}", SocketAddr::new(address.unwrap_or(door.ip()), door.port()))
    }

    pub(super) fn ports(&self) -> Ports {
        Ports {
            http: self.of_machines().port(),
            https: self.https.as_ref().map(|(_, address, _)| address.port()),
        }
    }
}

/// This host's address in the first network that machines boot from.
fn own_address(config: &Config) -> Option<IpAddr> {
    let mut networks = config.plan.networks.iter().filter(|network| network.role == Role::Boot);
    networks.find_map(|network| {
        let given = network.address.map(|net| net.addr());
        let first = || Interface::find(&network.interface).ok()?.addresses.first().map(Ipv4Net::addr);
        given.or_else(first).map(IpAddr::V4)
    })
}
