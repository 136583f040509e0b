//! The HTTPS listener of the command API; faults can close it or change its certificate.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::net::server::limits::Limits;
use crate::net::server::serve_tls;
use crate::net::tls::{Identity, ServerTls, TlsError, TlsFloor, self_signed};
use crate::twin::agent::Agent;
use crate::twin::agent::api::Api;
use crate::twin::machine::Machine;

/// Why an agent cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error("no port for the simulated agent")]
    Port(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A bound listener with its certificate.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    identity: Identity,
}

impl Door {
    /// Makes a certificate and listens, where this server's agent listened before if that port is free.
    pub(super) async fn open(machine: &Machine) -> Result<Self, DoorError> {
        let (host, wanted) = (machine.settings().address, machine.server.mutable().port);
        let listener = match TcpListener::bind((host, wanted)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((host, 0)).await?,
        };
        let address = listener.local_addr()?;
        machine.server.mutable().port = address.port();
        Ok(Self { listener, address, identity: self_signed(&host.to_string())? })
    }

    pub(super) fn callback_url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity.clone()
    }

    /// Serves until the agent leaves or the boot ends.
    pub(super) async fn serve(self, agent: Arc<Agent>) {
        let Self { listener, address, .. } = self;
        let mut listener = Some(listener);
        let mut faults = agent.machine.server.inner.faults.subscribe();
        while !agent.leaving.is_cancelled() {
            let now = faults.borrow_and_update().clone();
            let changed =
                faults.wait_for(|next| next.deaf != now.deaf || next.certificates != now.certificates);
            let open = async {
                match listener.take() {
                    _ if now.deaf => agent.leaving.cancelled().await,
                    Some(listener) => attend(&agent, listener).await,
                    None => attend(&agent, bound(&agent, address).await).await,
                }
            };
            tokio::select! {
                () = open => break,
                seen = changed => {
                    if seen.is_ok_and(|seen| seen.certificates != now.certificates) {
                        renew(&agent);
                    }
                }
            }
        }
    }
}

/// Serves with the present certificate; ends when the agent leaves.
async fn attend(agent: &Arc<Agent>, listener: TcpListener) {
    let api = Arc::new(Api { agent: agent.clone() });
    let identity = agent.identity();
    let tls = ServerTls::from_pem(identity.certificate.as_bytes(), &identity.key, TlsFloor::Tls13);
    match tls {
        Ok(tls) => serve_tls(listener, tls, api, limits(), agent.leaving.clone()).await,
        Err(error) => {
            tracing::warn!(%error, "the simulated agent cannot serve TLS");
            agent.leaving.cancelled().await;
        }
    }
}

/// The same port again; tries until it is free.
async fn bound(agent: &Agent, address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => agent.machine.paced(Duration::from_secs(1)).await,
        }
    }
}

/// Another certificate in the same boot.
fn renew(agent: &Agent) {
    match self_signed(&agent.machine.settings().address.to_string()) {
        Ok(identity) => agent.take_identity(identity),
        Err(error) => tracing::warn!(%error, "no other certificate for the simulated agent"),
    }
}

/// An agent that leaves gives the answers under way a moment, no more.
fn limits() -> Limits {
    Limits { drain: Duration::from_millis(500), ..Limits::default() }
}
