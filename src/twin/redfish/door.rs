//! The two listeners of a controller; faults can close them, or leave them open with nobody behind.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::net::server;
use crate::net::server::limits::Limits;
use crate::net::tls::{Identity, ServerTls, TlsFloor, self_signed};
use crate::twin::redfish::bmc::{Bmc, BmcError};
use crate::twin::redfish::fault::BmcFaults;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::service::Front;

/// Bound listeners with their addresses.
#[derive(Debug)]
pub struct Doors {
    pub http: (TcpListener, SocketAddr),
    pub https: (TcpListener, SocketAddr),
}

/// Listens on both ports and makes a certificate.
pub(super) async fn open(host: IpAddr, ports: [u16; 2]) -> Result<(Doors, Identity), BmcError> {
    let [http, https] = ports;
    let doors = Doors { http: bind(host, http).await?, https: bind(host, https).await? };
    Ok((doors, self_signed(&host.to_string())?))
}

async fn bind(host: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), BmcError> {
    let listener = TcpListener::bind((host, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves both until the controller stops.
pub(super) fn serve(bmc: &Bmc, doors: Doors) {
    for (door, tls) in [(doors.http, false), (doors.https, true)] {
        let keeper = Keeper { bmc: bmc.clone(), address: door.1, tls };
        bmc.inner.tasks.spawn(keeper.keep(door.0));
    }
}

/// Keeps one door.
struct Keeper {
    bmc: Bmc,
    address: SocketAddr,
    tls: bool,
}

/// What stands behind a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    Service { idle: Option<Duration> },
    Nobody,
    NoDoor,
}

impl Keeper {
    async fn keep(self, listener: TcpListener) {
        let mut listener = Some(listener);
        let mut faults = self.bmc.inner.faults.subscribe();
        while !self.bmc.inner.stop.is_cancelled() {
            let behind = self.behind(&faults.borrow_and_update().clone());
            let stop = self.bmc.inner.stop.child_token();
            let open = self.stand(behind, listener.take(), stop.clone());
            let changed = async { faults.wait_for(|now| self.behind(now) != behind).await.is_ok() };
            tokio::pin!(open);
            tokio::select! {
                () = &mut open => {}
                _ = changed => {
                    stop.cancel();
                    open.await;
                }
            }
        }
    }

    fn behind(&self, faults: &BmcFaults) -> Behind {
        if faults.dead {
            return Behind::NoDoor;
        }
        if faults.black_hole {
            return Behind::Nobody;
        }
        let breaks = self.bmc.bites(Oddity::AnyKeepaliveBreak).then(|| self.bmc.settings().paced(5));
        Behind::Service { idle: faults.closes_idle.or(breaks) }
    }

    /// Stands at the door until told to stop.
    async fn stand(&self, behind: Behind, listener: Option<TcpListener>, stop: CancellationToken) {
        if behind == Behind::NoDoor {
            drop(listener);
            return stop.cancelled().await;
        }
        let listener = match listener {
            Some(listener) => Some(listener),
            None => stop.run_until_cancelled(self.bound()).await,
        };
        let Some(listener) = listener else { return };
        if let Behind::Service { idle } = behind {
            self.attend(listener, idle, stop).await;
        } else {
            stop.cancelled().await;
        }
    }

    /// The same port again; tries until it is free.
    async fn bound(&self) -> TcpListener {
        loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return listener,
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    async fn attend(&self, listener: TcpListener, idle: Option<Duration>, stop: CancellationToken) {
        let front = Arc::new(Front { bmc: self.bmc.clone(), tls: self.tls });
        let limits = Limits {
            drain: DRAIN,
            connections: CONNECTIONS,
            head: idle.unwrap_or_else(|| Limits::default().head),
            ..Limits::default()
        };
        if !self.tls {
            return server::serve(listener, front, limits, stop).await;
        }
        let identity = self.bmc.identity();
        match ServerTls::from_pem(identity.certificate.as_bytes(), &identity.key, TlsFloor::Tls12) {
            Ok(tls) => server::serve_tls(listener, tls, front, limits, stop).await,
            Err(error) => {
                tracing::warn!(%error, "the simulated controller cannot serve TLS");
                stop.cancelled().await;
            }
        }
    }
}

/// Controllers take few.
const CONNECTIONS: usize = 32;

/// A controller that goes dark does not finish what it was at.
const DRAIN: Duration = Duration::from_millis(50);

const AGAIN: Duration = Duration::from_millis(20);
