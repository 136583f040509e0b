//! What speaks at a BMC that nobody has configured: Redfish if its root answers, else IPMI if it says so. No account is
//! shown to anybody.
//!
//! ```text
//!   GET the service root ── an answer, or a refusal to strangers ─▶ Redfish
//!     '─ nothing, or no Redfish ─▶ RMCP ping, Get Channel Authentication Capabilities ── answered ─▶ IPMI
//!
//! Any certificate is good for a question that carries nothing; the log-in that follows asks for a trusted one.
//! ```

use std::sync::Arc;
use std::time::Duration;

use crate::base::time::{SharedClock, sleep};
use crate::driver::error::DriverError;
use crate::driver::ipmi::Ipmi;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::model::inspection::discovery::BmcKind;
use crate::model::node::Node;
use crate::net::udp::Udp;
use crate::wire::ipmi::PACKET_LIMIT;
use crate::wire::ipmi::bridge;
use crate::wire::ipmi::command::session::auth_capabilities;
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::message::{Checks, Response};
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::rmcp::Ping;

/// Knocks by Redfish, then by IPMI.
pub async fn knock(
    redfish: &Arc<RedfishRack>,
    ipmi: &Arc<Ipmi>,
    node: &Node,
) -> Result<BmcKind, DriverError> {
    let server = Server::of(redfish, node)?;
    let why = match server.talk.root().await {
        Ok(root) if root.redfish_version.is_some() || root.systems.is_some() => return Ok(BmcKind::Redfish),
        Ok(_) => "what answers there is no Redfish service".to_owned(),
        Err(error) if error.fault().is_some_and(|fault| matches!(fault.status, 401 | 403)) => {
            return Ok(BmcKind::Redfish);
        }
        Err(error) => error.to_string(),
    };
    let settings = ipmi.settings(node).map_err(|error| DriverError::refused("ipmi", error.to_string()))?;
    let key = settings.key();
    match speaks_ipmi(&key.host, key.port, &redfish.ground.clock).await {
        Ok(true) => Ok(BmcKind::Ipmi),
        Ok(false) => Err(DriverError::silent(
            key.host.clone(),
            format!("neither Redfish ({why}) nor IPMI (UDP port {}) answers there", key.port),
        )),
        Err(error) => Err(DriverError::silent(key.host.clone(), error.to_string())),
    }
}

/// Whether something answers to a ping or to the question before a session; both are sent, since some BMCs answer one
/// of them only.
async fn speaks_ipmi(host: &str, port: u16, clock: &SharedClock) -> std::io::Result<bool> {
    let mut socket = Udp::connect(host, port, PACKET_LIMIT).await.map_err(std::io::Error::other)?;
    for number in 1..=TRIES {
        let ask = auth_capabilities(Privilege::Administrator, true);
        let question = lan15::emit(lan15::Header::BARE, &bridge::wrap(&ask, number), &Key::new(&[]));
        socket.send(&Ping { tag: number }.emit()).await;
        socket.send(&question).await;
        let pause = sleep(&**clock, PAUSE);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                heard = socket.receive() => {
                    if is_bmc(heard?) {
                        return Ok(true);
                    }
                }
            }
        }
    }
    Ok(false)
}

/// A pong that tells of IPMI, or any answer to our question.
fn is_bmc(datagram: &[u8]) -> bool {
    match Packet::parse(datagram) {
        Ok(Packet::Pong(pong)) => pong.entities & IPMI_SPOKEN != 0,
        Ok(Packet::V15(packet)) => Response::parse(packet.message, Checks::Strict)
            .is_ok_and(|response| (response.netfn, response.command) == ANSWER),
        Ok(Packet::Ping(_) | Packet::V20(_)) | Err(_) => false,
    }
}

/// Bit of a pong's entities (ASF 2.0 3.2.4.3).
const IPMI_SPOKEN: u8 = 0x80;
/// Network function and command of the answer to our question.
const ANSWER: (u8, u8) = (0x07, 0x38);
/// How often a BMC is knocked at by IPMI, and how long each time waits for an answer.
const TRIES: u8 = 4;
const PAUSE: Duration = Duration::from_millis(1500);
