//! The agent on the machine, as its client: what it offers, the steps that run on it, the image it writes.
//!
//! ```text
//! steps    which steps it has                          in_band   one of them as a machine of turns
//! drives   which drives a destructive step may have    write_image   the arguments of the image step
//! image    of a deployment, how it stands              ready_image   the step that readies it beforehand
//! prepare  boot loader and boot device                 tear_down     the agent goes, the machine is off
//! bootc    a container that installs itself
//! power    a machine that only its agent can switch    logs, alive   what is asked of it in passing
//! finalize_rescue   the agent takes the password that a person logs in with, and ends
//! ```
//!
//! `duplicates` what is on two drives after a write. `client` speaks to it, `call` classes what can go wrong for a step, `line` tells from its command list whether
//! something was sent, `instance` reads boot mode and disk label.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::time::SharedClock;
use crate::depot::blobs::Blobs;
use crate::depot::gallery::Gallery;
use crate::depot::image::Way;
use crate::driver::agent::client::{AgentClient, AgentError};
use crate::model::node::Node;
use crate::net::client::Client;
use crate::net::tls::TlsFloor;
use crate::net::whereabouts::Whereabouts;

pub mod alive;
pub mod bootc;
pub mod client;
pub mod drives;
pub mod duplicates;
pub mod finalize_rescue;
pub mod image;
pub mod in_band;
pub mod instance;
pub mod line;
pub mod logs;
pub mod power;
pub mod prepare;
pub mod ready_image;
pub mod steps;
pub mod tear_down;
pub mod write_image;

/// What every call to an agent shares.
pub struct Agents {
    pub client: Client,
    pub clock: SharedClock,
    /// What agents write to disks.
    pub gallery: Arc<Gallery>,
    /// Where config drives lie.
    pub blobs: Arc<Blobs>,
    pub settings: AgentSettings,
}

/// Options of the site (contract `config.md`, section `agent`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSettings {
    /// Name of this host, shown as the lock's holder in the node that the agent is given.
    pub host: String,
    /// This host's HTTP server, under whose `/images` an image of this host is fetched by its served name.
    pub server: Whereabouts,
    pub tls_floor: TlsFloor,
    /// The longest wait for an answer.
    pub command_timeout: Duration,
    /// Looks at power after the agent was told to switch off (`post_deploy_get_power_state_retries`).
    pub power_looks: u32,
    /// Seconds between them (`post_deploy_get_power_state_retry_interval`).
    pub power_interval: u32,
    /// Seconds that a machine is given to switch off by its power interface (`power_state_change_timeout`).
    pub power_limit: u32,
    /// Who fetches images unless node or driver say so (`image_download_source`).
    pub way: Way,
    /// Drives are compared with those seen last before a step destroys (`[deploy] disk_guard`, ours).
    pub disk_guard: bool,
    /// `stream_raw_images`.
    pub stream_raw: bool,
    /// An agent that takes no hashed password is given none at all (`require_rescue_password_hashed`).
    pub rescue_requires_hash: bool,
    /// The boot interface sees to what the machine boots (`manage_agent_boot`).
    pub manage_boot: bool,
}

impl AgentSettings {
    /// The reference's defaults.
    pub fn new(host: impl Into<String>, server: impl Into<Whereabouts>) -> Self {
        Self {
            host: host.into(),
            server: server.into(),
            tls_floor: TlsFloor::Tls13,
            command_timeout: Duration::from_mins(1),
            power_looks: 6,
            power_interval: 5,
            power_limit: 60,
            way: Way::Http,
            disk_guard: true,
            stream_raw: true,
            rescue_requires_hash: true,
            manage_boot: true,
        }
    }
}

impl Agents {
    /// A client for the node's known agent.
    pub fn of(&self, node: &Node) -> Result<AgentClient<'_>, AgentError> {
        AgentClient::new(&self.client, node.agent.as_ref(), &self.settings)
    }
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Agents {{ {:?} }}", self.settings)
    }
}

/// Seconds after which a busy agent is asked again.
pub const BUSY_PAUSE: u32 = 5;

#[cfg(test)]
mod tests;
