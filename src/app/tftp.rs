//! The TFTP server, wired: where it listens, what it may spend, and whether it is wanted at all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::boot::library::Library;
use crate::boot::teller::Teller;
use crate::boot::tftp::counts::{Counts, Record, Shown};
use crate::boot::tftp::{self, Door, Settings};
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::config::section::tftp::Tftp;
use crate::model::boot::plan::{BootPlan, Role};

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum ClosedDoor {
    #[error(
        "no permission to listen on {address} for TFTP: ports below 1024 need CAP_NET_BIND_SERVICE \
         (AmbientCapabilities= in ferric.service), or set [tftp] enabled = false"
    )]
    Permission { address: SocketAddr, source: io::Error },
    #[error(
        "another program listens on {address}: stop that TFTP server (atftpd, tftpd-hpa, dnsmasq), or choose another \
         address with [tftp] listen"
    )]
    Taken { address: SocketAddr, source: io::Error },
    #[error("cannot listen on {address} for TFTP")]
    Other { address: SocketAddr, source: io::Error },
}

/// Opens the server's doors; none if it is not wanted.
pub fn open(given: &Tftp, plan: &BootPlan) -> Result<Vec<Door>, ClosedDoor> {
    let boots = plan.networks.iter().any(|network| network.role == Role::Boot);
    if !given.enabled.unwrap_or(boots) {
        return Ok(Vec::new());
    }
    let (addresses, may_miss) = given.addresses();
    let mut doors = Vec::new();
    for address in addresses {
        match Door::bind(address) {
            Ok(door) => doors.push(door),
            Err(error) if may_miss && address.is_ipv6() && !doors.is_empty() => {
                tracing::info!(%error, "no TFTP over IPv6 on this host");
            }
            Err(error) => return Err(closed(address, error)),
        }
    }
    Ok(doors)
}

/// Serves at these doors until the site stops. Where they are.
pub fn start(
    doors: Vec<Door>,
    given: &Tftp,
    library: Arc<dyn Library>,
    desk: &Desk,
    site: &Site,
) -> Vec<SocketAddr> {
    let addresses: Vec<SocketAddr> = doors.iter().map(Door::address).collect();
    if !doors.is_empty() {
        tracing::info!(?addresses, "serving TFTP");
        let counts = Arc::new(Counts::default());
        desk.board().show(Arc::new(Shown { counts: counts.clone(), doors: addresses.clone() }));
        let teller = Some(Teller::new(desk.chronicle().clone(), "tftp", "tftp"));
        let until = (Record { counts, teller }, site.stop.clone());
        let serving = tftp::serve(doors, library, site.clock.clone(), settings(given), until);
        site.tasks.spawn(serving);
    }
    addresses
}

fn settings(given: &Tftp) -> Settings {
    let default = Settings::default();
    Settings {
        max_blksize: given.max_blksize.unwrap_or(default.max_blksize),
        max_windowsize: given.max_windowsize.map_or(default.max_windowsize, Into::into),
        max_transfers: given.max_transfers.map_or(default.max_transfers, |most| most.get().into()),
        max_of_one: given.max_transfers_per_client.map_or(default.max_of_one, |most| most.get().into()),
        requests_a_second: given.requests_per_second.map_or(default.requests_a_second, Into::into),
    }
}

fn closed(address: SocketAddr, source: io::Error) -> ClosedDoor {
    let kind = source.kind();
    if kind == io::ErrorKind::PermissionDenied {
        ClosedDoor::Permission { address, source }
    } else if kind == io::ErrorKind::AddrInUse {
        ClosedDoor::Taken { address, source }
    } else {
        ClosedDoor::Other { address, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(enabled: Option<bool>, listen: &[SocketAddr]) -> Tftp {
        Tftp { enabled, listen: Some(listen.to_vec()), ..Tftp::default() }
    }

    #[tokio::test]
    async fn it_is_wanted_if_somebody_says_so_or_a_network_is_for_booting() {
        let any = "127.0.0.1:0".parse().unwrap();
        let plan = BootPlan::default();
        assert!(open(&given(None, &[any]), &plan).unwrap().is_empty());
        assert!(open(&given(Some(false), &[any]), &plan).unwrap().is_empty());
        let doors = open(&given(Some(true), &[any, any]), &plan).unwrap();
        assert_eq!(doors.len(), 2);
        assert_ne!(doors[0].address(), doors[1].address());
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_told_with_what_to_do() {
        let door = Door::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = open(&given(Some(true), &[door.address()]), &BootPlan::default()).unwrap_err();
        assert!(error.to_string().contains(&door.address().to_string()), "{error}");
        assert!(matches!(error, ClosedDoor::Taken { .. }));
    }
}
