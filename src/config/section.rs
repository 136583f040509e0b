//! The sections of the configuration file; every member may be left out. Names are checked before they come
//! here (`known`).

pub mod auth;
pub mod boot;
pub mod cleaning;
pub mod detect;
pub mod ramdisks;
pub mod network;
pub mod tftp;
pub mod images;
pub mod discovery;
pub mod steps;
pub mod webhook;
pub mod inspector;
pub mod tls;
pub mod written;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::base::secret::Secret;
use crate::base::shadow::Algorithm;
use crate::config::section::ramdisks::RamdiskNames;
use crate::config::section::tftp::Tftp;
use crate::model::bmc::panel::Mode;
use crate::model::journal::History;
use crate::model::policy::AutomaticLessee;

/// The file as a whole.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    #[serde(rename = "DEFAULT")]
    pub default: General,
    pub auth: auth::Auth,
    pub api: Api,
    pub ssl: tls::Ssl,
    pub conductor: Conductor,
    pub deploy: Deploy,
    pub agent: Agent,
    pub anaconda: Anaconda,
    pub hardware: Hardware,
    pub fake: Fake,
    pub redfish: Redfish,
    pub cifs: Cifs,
    pub ipmi: Ipmi,
    pub bmc: Bmc,
    pub boot: boot::Boot,
    pub pxe: boot::Pxe,
    pub sensor_data: Idle,
    pub dhcp: Idle,
    pub dnsmasq: Idle,
    pub network: Vec<network::Network>,
    pub tftp: Tftp,
    pub image_cache: images::ImageCache,
    pub inspector: inspector::Inspector,
    pub inspection_rules: inspector::InspectionRules,
    pub discovery: discovery::Discovery,
    pub auto_discovery: discovery::AutoDiscovery,
    pub steps: steps::Steps,
    pub webhook: Vec<webhook::Webhook>,
}

/// `[DEFAULT]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct General {
    /// Name of this conductor.
    pub host: Option<String>,
    /// The data directory.
    pub state_path: Option<PathBuf>,
    pub auth_strategy: Option<auth::AuthStrategy>,
    pub http_basic_auth_user_file: Option<PathBuf>,
    pub default_resource_class: Option<String>,
    pub default_conductor_group: Option<String>,
    /// What may stand in for the deploy interface `autodetect`, the first that fits.
    pub autodetect_deploy_interfaces: Option<images::List>,
    pub force_raw_images: Option<bool>,
    /// Seconds that a server of images may be silent.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub webserver_connection_timeout: Option<NonZeroU16>,
}

/// `[api]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Api {
    pub host_ip: Option<IpAddr>,
    pub port: Option<u16>,
    pub rack_listen: Option<SocketAddr>,
    pub public_endpoint: Option<String>,
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub max_limit: Option<NonZeroU16>,
    pub ramdisk_heartbeat_timeout: Option<u32>,
    pub restrict_lookup: Option<bool>,
    pub enable_ramdisk_endpoints: Option<bool>,
    pub disallow_deploy_steps: Option<Vec<String>>,
    pub disallow_clean_steps: Option<Vec<String>>,
    pub disallow_service_steps: Option<Vec<String>>,
    /// KiB.
    pub max_json_body_size_inspection: Option<u32>,
    /// Whether the operator's door speaks TLS; beyond loopback it does unless told otherwise.
    pub enable_ssl_api: Option<bool>,
    /// PEM files; one of our own authority if not given.
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    /// More names and addresses for the certificate of our own authority.
    pub tls_names: Option<Vec<String>>,
    pub server_tls_minimum_version: Option<tls::Oldest>,
}

/// `[conductor]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Conductor {
    pub automated_clean: Option<bool>,
    #[serde(flatten)]
    pub cleaning: cleaning::Cleaning,
    pub deploy_callback_timeout: Option<u32>,
    pub clean_callback_timeout: Option<u32>,
    pub service_callback_timeout: Option<u32>,
    pub rescue_callback_timeout: Option<u32>,
    pub rescue_password_hash_algorithm: Option<Algorithm>,
    pub require_rescue_password_hashed: Option<bool>,
    pub inspect_wait_timeout: Option<u32>,
    pub sync_power_state_interval: Option<u32>,
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub sync_power_state_workers: Option<NonZeroU16>,
    pub node_locked_retry_attempts: Option<u32>,
    pub node_locked_retry_interval: Option<u32>,
    pub power_state_sync_max_retries: Option<u8>,
    pub force_power_state_during_sync: Option<bool>,
    pub power_failure_recovery_interval: Option<u32>,
    pub power_state_change_timeout: Option<u32>,
    pub soft_power_off_timeout: Option<u32>,
    pub allow_provisioning_in_maintenance: Option<bool>,
    pub allow_deleting_available_nodes: Option<bool>,
    pub poweroff_in_cleanfail: Option<bool>,
    pub poweroff_in_servicefail: Option<bool>,
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub max_concurrent_deploy: Option<NonZeroU16>,
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub max_concurrent_clean: Option<NonZeroU16>,
    pub automatic_lessee: Option<bool>,
    pub automatic_lessee_source: Option<AutomaticLessee>,
    pub disallowed_deployment_boot_modes: Vec<Mode>,
    pub record_step_flows_in_history: Option<bool>,
    pub node_history: Option<bool>,
    /// 0 keeps all that the journal has room for.
    pub node_history_max_entries: Option<u32>,
    pub node_history_minimum_days: Option<u32>,
    pub max_conductor_wait_step_seconds: Option<u32>,
    pub permit_child_node_step_async_result: Option<bool>,
    pub clean_step_priority_override: Vec<String>,
    pub verify_step_priority_override: Vec<String>,
    pub enable_health_monitoring: Option<bool>,
    pub file_url_allowed_paths: Vec<PathBuf>,
    #[serde(flatten)]
    pub ramdisks: RamdiskNames,
    pub permitted_image_formats: Option<images::List>,
    pub disable_deep_image_inspection: Option<bool>,
    pub disable_zstandard_decompression: Option<bool>,
    pub disable_support_for_checksum_files: Option<bool>,
}

impl Conductor {
    /// The older flag switches off what the newer word chooses.
    pub fn lessee(&self) -> Option<AutomaticLessee> {
        if self.automatic_lessee == Some(false) {
            Some(AutomaticLessee::Never)
        } else {
            self.automatic_lessee_source
        }
    }

    pub fn history(&self) -> History {
        let mut history = History::default();
        if let Some(most) = self.node_history_max_entries {
            history.entries = usize::try_from(most).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
        }
        history.is_kept = self.node_history.unwrap_or(true);
        history.days = self.node_history_minimum_days.unwrap_or_default();
        history
    }
}

/// `[deploy]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Deploy {
    pub power_off_after_deploy_failure: Option<bool>,
    pub erase_devices_priority: Option<i64>,
    pub erase_devices_metadata_priority: Option<i64>,
    pub create_configuration_priority: Option<i64>,
    pub delete_configuration_priority: Option<i64>,
    /// How agents erase drives.
    #[serde(flatten)]
    pub erasure: cleaning::Erasing,
    /// Ours: whether drives must be those that were seen last before a step destroys what is on them.
    pub disk_guard: Option<bool>,
    /// MiB
    pub iso_cache_size: Option<u64>,
    /// Minutes.
    pub iso_cache_ttl: Option<u64>,
    /// Where others reach this host's HTTP server; the rack's door if not given.
    pub http_url: Option<String>,
    /// Where BMCs reach it, if not at `http_url`.
    pub external_http_url: Option<String>,
    /// Where agents reach the API that were booted from virtual media, if not at `http_url`.
    pub external_callback_url: Option<String>,
    pub default_boot_mode: Option<Mode>,
    /// Whether an agent that runs already is used again, and how many seconds its last heartbeat counts.
    pub fast_track: Option<bool>,
    pub fast_track_timeout: Option<u32>,
    /// Whether BMCs fetch the ISOs of instances from where they lie; this host does if not given.
    pub ramdisk_image_download_source: Option<images::DownloadSource>,
}

/// `[agent]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Agent {
    pub require_tls: Option<bool>,
    pub command_timeout: Option<u32>,
    pub callback_networks: Option<Vec<IpNet>>,
    pub bmc_networks: Option<Vec<IpNet>>,
    pub deploy_logs_collect: Option<CollectWhen>,
    pub deploy_logs_local_path: Option<PathBuf>,
    pub post_deploy_get_power_state_retries: Option<u32>,
    pub post_deploy_get_power_state_retry_interval: Option<u32>,
    pub image_download_source: Option<images::DownloadSource>,
    pub stream_raw_images: Option<bool>,
    pub allow_md5_checksum: Option<bool>,
    /// Whether boot interfaces boot the agent.
    pub manage_agent_boot: Option<bool>,
    /// Who vouches for the API where agents call it over HTTPS: a file (PEM) that lies on boot media; our own authority if
    /// not given.
    pub api_ca_file: Option<PathBuf>,
}

/// `[anaconda]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Anaconda {
    /// The kickstart template of instances that have none; one of our own if not given.
    pub default_ks_template: Option<PathBuf>,
    /// Whether installers take any certificate of whom they tell how they get on.
    pub insecure_heartbeat: Option<bool>,
}

/// `agent.deploy_logs_collect`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectWhen {
    #[default]
    OnFailure,
    Always,
    Never,
}

/// `[hardware]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hardware {
    /// Enabled hardware types.
    pub enabled: Vec<String>,
}

impl Default for Hardware {
    fn default() -> Self {
        let all = ["fake-hardware", "manual-management", "redfish", "idrac", "ipmi"];
        Self { enabled: all.map(str::to_owned).to_vec() }
    }
}

/// `[fake]`: how long calls of the fake interfaces take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Fake {
    pub power_delay: Delay,
    pub management_delay: Delay,
    pub inspect_delay: Delay,
    pub rescue_delay: Delay,
    pub deploy_delay: Delay,
}

/// Seconds, or two of them with a comma as in the reference's files: a length drawn between both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct Delay {
    pub least: Duration,
    pub most: Duration,
}

impl TryFrom<toml::Value> for Delay {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        Self::read(&value).ok_or(DELAY_RULE)
    }
}

impl Delay {
    pub fn read(value: &toml::Value) -> Option<Self> {
        let whole = value.as_integer().map(|whole| whole.to_string());
        let number = || value.as_float().map(|number| number.to_string());
        let text = value.as_str().map(str::to_owned).or(whole).or_else(number)?;
        let (least, most) = text.split_once(',').unwrap_or((&text, &text));
        let (least, most) = (seconds(least)?, seconds(most)?);
        (least <= most).then_some(Self { least, most })
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let length = Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()?;
    (length <= LONGEST_DELAY).then_some(length)
}

/// What a delay must be, in words.
pub const DELAY_RULE: &str = "seconds up to 86400, or two of them as in \"1,5\", the smaller one first";

/// A day: longer delays are mistakes.
const LONGEST_DELAY: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_a_length_or_two() {
        let read = |text: &str| {
            let file: toml::Table = text.parse().unwrap();
            let delay = Delay::read(file.get("a")?)?;
            Some((delay.least.as_millis(), delay.most.as_millis()))
        };
        assert_eq!(read("a = 5"), Some((5000, 5000)));
        assert_eq!(read("a = 0.25"), Some((250, 250)));
        assert_eq!(read("a = \"3\""), Some((3000, 3000)));
        assert_eq!(read("a = \"1, 2.5\""), Some((1000, 2500)));
        for wrong in ["-1", "\"5,1\"", "\"1,2,3\"", "\"\"", "\"x\"", "true", "[1, 2]", "inf", "nan", "86401"]
        {
            assert_eq!(read(&format!("a = {wrong}")), None, "{wrong}");
        }
    }
}

/// `[redfish]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Redfish {
    pub auth_type: Option<String>,
    pub tls_minimum_version: Option<String>,
    pub tls_ciphers: Option<String>,
    pub verify_ca: Option<VerifyCa>,
    pub connect_timeout: Option<u32>,
    pub read_timeout: Option<u32>,
    pub boot_mode_config_timeout: Option<u32>,
    pub power_on_conflict_retry_attempts: Option<u32>,
    pub power_on_conflict_retry_interval: Option<u32>,
    pub vmedia_insert_timeout: Option<u32>,
    pub vmedia_insert_poll_interval: Option<u32>,
    pub enable_verify_bmc_clock: Option<bool>,
    pub raid_config_status_interval: Option<u32>,
    pub firmware_source: Option<String>,
    pub firmware_update_status_interval: Option<u32>,
    pub firmware_update_overall_timeout: Option<u32>,
    pub firmware_update_bmc_timeout: Option<u32>,
    pub firmware_update_reboot_delay: Option<u32>,
    pub firmware_update_bmc_version_check_interval: Option<u32>,
    pub firmware_update_required_successes: Option<u32>,
    pub firmware_update_validation_interval: Option<u32>,
    pub firmware_update_resource_validation_timeout: Option<u32>,
    pub firmware_update_nic_starting_wait: Option<u32>,
    pub firmware_update_wait_unresponsive_bmc: Option<u32>,
}

/// `[cifs]`: the account of the share that BMCs fetch images from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Cifs {
    pub username: Option<String>,
    pub password: Option<Secret>,
}

/// `redfish.verify_ca`: a choice or the path of authorities.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum VerifyCa {
    Flag(bool),
    Path(PathBuf),
}

/// `[ipmi]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Ipmi {
    pub command_retry_timeout: Option<u32>,
    /// 0 unless given: the reference's pause of 5 s is for its new session with each command.
    pub min_command_interval: Option<u32>,
    pub disable_boot_timeout: Option<bool>,
    pub cipher_suite_versions: Option<Vec<u8>>,
}

/// `[bmc]`: how calls to one BMC are held back; ours alone.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bmc {
    /// Calls at once to one BMC and account; 4 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub concurrency: Option<NonZeroU16>,
    /// Calls that may wait for it; 64 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 65535>")]
    pub queue: Option<NonZeroU16>,
    /// Seconds between two tries of a silent one, at the longest; 60 if not given.
    pub longest_pause: Option<u32>,
    /// Milliseconds over which the first calls after a start are spread; 500 if not given.
    pub start_spread: Option<u32>,
}

/// A section whose names are known and have no effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Idle {}
