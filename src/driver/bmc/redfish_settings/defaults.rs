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
    /// Between two looks at work on volumes, and at an update of firmware.
    pub raid_status_interval: Duration,
    pub firmware_status_interval: Duration,
    /// Who BMCs fetch firmware from, unless a request says so (`[redfish] firmware_source`).
    pub firmware_source: FirmwareSource,
    /// How long an update of firmware may take in all; `None` for as long as it takes.
    pub firmware_overall_timeout: Option<Duration>,
    /// How long a controller may be away that updates itself, a step waits between work and reboot, and how often its
    /// version is looked at.
    pub firmware_bmc_timeout: Duration,
    pub firmware_reboot_delay: Duration,
    pub firmware_version_check_interval: Duration,
    /// After an update: answers in a row, the pause between them, and how long they are waited for.
    pub firmware_validation: (u32, Duration, Duration),
    /// How long an update of a NIC may be starting before the machine is booted for it.
    pub firmware_nic_starting_wait: Duration,
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
            raid_status_interval: seconds(60),
            firmware_source: FirmwareSource::default(),
            firmware_status_interval: seconds(60),
            firmware_overall_timeout: Some(seconds(7200)),
            firmware_bmc_timeout: seconds(300),
            firmware_reboot_delay: seconds(300),
            firmware_version_check_interval: seconds(30),
            firmware_validation: (3, seconds(30), seconds(480)),
            firmware_nic_starting_wait: seconds(30),
            cifs: Share::default(),
        }
    }
}

/// Who a BMC fetches firmware from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirmwareSource {
    /// The server that the URL names; a file of this host is handed out all the same.
    #[default]
    Http,
    /// This host, which fetches it first.
    Local,
}

impl FirmwareSource {
    /// By the reference's word for it.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "http" => Some(Self::Http),
            "local" => Some(Self::Local),
            _ => None,
        }
    }
}
