//! `[redfish]` of the configuration: what holds for all nodes that say nothing else.

use std::time::Duration;

use crate::base::secret::Secret;
use crate::driver::bmc::redfish_settings::{Auth, TlsVersion, Trust};

/// What `[redfish]` says for all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedfishDefaults {
    pub auth: Auth,
    pub tls_minimum: TlsVersion,
    /// In place of a `redfish_verify_ca` that is missing or true.
    pub trust: Trust,
    pub firmware_update_unresponsive_bmc_wait: Duration,
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
    /// Tries of a power-on that conflicts with a machine in POST, and the pause between them.
    pub power_on_conflict: (u32, Duration),
    /// Whether verification looks at the BMC's clock, and sets it right.
    pub verify_bmc_clock: bool,
    /// Whether the machine's health is kept with its node.
    pub health: bool,
    /// How long an inserted medium is awaited, and how often it is looked at.
    pub vmedia_insert: (Duration, Duration),
    /// The account of the share that images come from over CIFS.
    pub cifs: Share,
}

/// An account of a share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    pub username: Option<String>,
    pub password: Option<Secret>,
}

impl Default for RedfishDefaults {
    /// The reference's (contract `config.md`).
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            auth: Auth::Auto,
            tls_minimum: TlsVersion::V1_2,
            trust: Trust::System,
            firmware_update_unresponsive_bmc_wait: Duration::ZERO,
            connect_timeout: seconds(30),
            read_timeout: seconds(60),
            power_on_conflict: (6, seconds(10)),
            verify_bmc_clock: false,
            health: true,
            vmedia_insert: (seconds(60), seconds(2)),
            cifs: Share::default(),
        }
    }
}
