//! The sockets of the daemon, open before anything is begun, so that a port that is taken stops the start.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::app::certificates::Certificates;
use crate::app::error::AppError;
use crate::app::{boot, tftp, vitals};
use crate::boot::ground::place;
use crate::boot::library::catalogue::Ports;
use crate::boot::tftp::Door;
use crate::config::Config;
use crate::model::boot::plan::{Network, Role};
use crate::net::listen;
use crate::net::tls::ServerTls;
use crate::net::whereabouts::Whereabouts;

/// Open sockets and where they are.
pub(super) struct Doors {
    pub(super) operator: TcpListener,
    pub(super) operator_tls: Option<ServerTls>,
    /// One, or one more for IPv6.
    pub(super) rack: Vec<TcpListener>,
    pub(super) https: Option<(TcpListener, SocketAddr, ServerTls)>,
    pub(super) tftp: Vec<Door>,
    /// Where the operator's door is.
    pub(super) api: SocketAddr,
    /// Where the rack's door is.
    pub(super) rack_at: Option<SocketAddr>,
}

impl Doors {
    /// Opens those of the rack beside the operator's.
    pub(super) fn open(
        operator: TcpListener,
        config: &Config,
        certificates: &Certificates,
    ) -> Result<Self, AppError> {
        let mut rack: Vec<TcpListener> = config.rack_listen.map(bind).transpose()?.into_iter().collect();
        let rack_at = rack.first().and_then(|one| one.local_addr().ok());
        rack.extend(rack_at.and_then(|at| beside(at, config)));
        let https = boot::https(&config.boot, certificates.boot.clone())?;
        let tftp = tftp::open(&config.tftp, &config.plan)?;
        let api = operator.local_addr().unwrap_or(config.listen);
        let operator_tls = certificates.operator.clone();
        if operator_tls.is_some() && rack.is_empty() {
            tracing::info!(
                "machines cannot boot from here: that needs the rack's door (--rack-listen, [api] rack_listen)"
            );
        }
        Ok(Self { operator, operator_tls, rack, https, tftp, api, rack_at })
    }

    /// Every door of HTTP, in the order in which they are opened.
    pub(super) fn places(&self) -> Vec<vitals::Door> {
        let rack = self.rack.iter().filter_map(|one| Some(("rack's", one.local_addr().ok()?)));
        let https = self.https.iter().map(|(_, address, _)| ("rack's HTTPS", *address));
        let all = std::iter::once(("operator's", self.api)).chain(rack).chain(https);
        all.map(|(name, address)| vitals::Door { name, address, gone: Arc::default() }).collect()
    }

    /// The door that machines use.
    pub(super) fn of_machines(&self) -> SocketAddr {
        self.rack_at.unwrap_or(self.api)
    }

    /// Where machines and BMCs reach that door if nobody says otherwise: a door at every address is told as the first boot
    /// network's, as soon as that has one.
    pub(super) fn whereabouts(&self, config: &Config) -> Whereabouts {
        let boot = config.plan.networks.iter().filter(|network| network.role == Role::Boot);
        let places: Vec<_> = boot.map(place).collect();
        let secured = self.rack_at.is_none() && self.operator_tls.is_some();
        let found = Whereabouts::of(self.of_machines(), places.clone()).secured(secured);
        if found.url(None).is_none() && !places.is_empty() && config.http_url.is_none() {
            let why = found.missing();
            tracing::warn!(why, "agents and BMCs are told where this host is once it has an address there");
        }
        found
    }

    pub(super) fn ports(&self) -> Ports {
        Ports {
            http: self.of_machines().port(),
            https: self.https.as_ref().map(|(_, address, _)| address.port()),
        }
    }
}

/// The rack's door. One at an address that the host has not got yet opens once it has it.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, AppError> {
    let opened = listen::tcp(address).and_then(|(listener, is_there)| {
        if !is_there {
            tracing::warn!(%address, "this host does not have the address yet; it is served once it has it");
        }
        TcpListener::from_std(listener)
    });
    opened.map_err(|source| AppError::Bind { address, source })
}

/// The same door for machines that boot over IPv6, where any do.
fn beside(rack: SocketAddr, config: &Config) -> Option<TcpListener> {
    let boots = |network: &&Network| network.role == Role::Boot && network.dhcp6.is_some();
    let network = config.plan.networks.iter().find(boots)?;
    if rack.is_ipv6() {
        return None;
    }
    if !rack.ip().is_unspecified() {
        tracing::warn!(
            network = network.name, %rack,
            "machines that boot over IPv6 do not reach the rack's door: leave out rack_listen, or give it an address of IPv6"
        );
        return None;
    }
    let address = SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), rack.port());
    match bind(address) {
        Ok(listener) => Some(listener),
        Err(error) => {
            tracing::warn!(network = network.name, %error, "nothing boots over IPv6: the rack's door is not open there");
            None
        }
    }
}
