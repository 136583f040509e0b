//! One TOML file in, one checked value out; sections and names are the reference's (contract `config.md`).
//!
//! What the command line gives comes last and wins. An unknown section or name is refused, so that a
//! typing mistake never passes for a choice; the reference's names that have no effect here are told apart (`known`).

pub mod known;
pub mod section;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::config::section::images::DownloadSource;
use crate::config::section::{CollectWhen, Document};
use crate::model::access::{Access, Strategy};
use crate::model::boot::plan::{BootPlan, Role};
use crate::model::inspection::policy::Inspector;
use crate::model::journal::History;
use crate::model::policy::{CollectLogs, Policy};
use crate::model::webhook::Hook;

/// All that the daemon is told at start.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub data: PathBuf,
    /// The operator's door.
    pub listen: SocketAddr,
    /// Make one more admin token at the start.
    pub new_token: bool,
    /// The rack's door.
    pub rack_listen: Option<SocketAddr>,
    pub public_endpoint: Option<String>,
    /// Enabled hardware types.
    pub hardware: Vec<String>,
    /// Deploy interfaces that may stand in for `autodetect`, in this order.
    pub autodetect: Vec<String>,
    /// Folders besides the data directory's own from which `file://` images may come.
    pub image_folders: Vec<PathBuf>,
    pub ramdisks: section::ramdisks::RamdiskNames,
    pub fake: section::Fake,
    pub redfish: section::Redfish,
    pub cifs: section::Cifs,
    pub anaconda: section::Anaconda,
    /// Whether a machine's health is kept with its node.
    pub health: bool,
    pub ipmi: section::Ipmi,
    pub bmc: section::Bmc,
    /// Which doors speak TLS, and with whose certificates.
    pub tls: section::tls::Tls,
    pub boot: section::boot::Boot,
    pub pxe: section::boot::Pxe,
    pub tftp: section::tftp::Tftp,
    pub logs: PathBuf,
    /// Looks at power after the agent was told to switch off, and seconds between them.
    pub power_looks: (u32, u32),
    /// The longest wait for an agent's answer, in seconds.
    pub command_timeout: u32,
    /// Options that are given and known, but have no effect in this version.
    pub idle: Vec<String>,
    /// What is taken as it is, and that a person should hear of.
    pub doubts: Vec<String>,
    pub images: section::images::Images,
    /// Where others reach this host's HTTP server, and where BMCs do.
    pub http_url: Option<String>,
    pub external_http_url: Option<String>,
    pub external_callback_url: Option<String>,
    /// Who vouches for the API to agents, if not our own authority.
    pub api_ca_file: Option<PathBuf>,
    pub policy: Policy,
    /// How much of a node's history is kept.
    pub history: History,
    /// The networks that are served, and what becomes of machines that boot from them.
    pub plan: BootPlan,
    /// Programs elsewhere that are told what changes.
    pub webhooks: Vec<Hook>,
    /// The site's own steps.
    pub steps: section::steps::SiteSteps,
}

/// What the command line gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    pub file: Option<PathBuf>,
    pub data: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub rack_listen: Option<SocketAddr>,
    pub hardware: Vec<String>,
    pub insecure: bool,
    pub new_token: bool,
}

/// Why the configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration file {path} could not be read")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("configuration file {path}: {why}")]
    Wrong { path: PathBuf, why: String },
    #[error("[discovery.bmc]: its password file {path} could not be read")]
    UnreadablePassword { path: PathBuf, source: std::io::Error },
    #[error("[discovery.bmc]: the first line of its password file {path} is no password")]
    NoPassword { path: PathBuf },
    #[error(
        "{0} would let anybody on the network command the rack: listen on loopback, choose another [auth] strategy than none, or say --insecure"
    )]
    Open(SocketAddr),
    #[error("{name} = {value}: {rule}")]
    Value { name: &'static str, value: String, rule: &'static str },
    #[error("[[webhook]] {name}: {why}")]
    Webhook { name: String, why: String },
    #[error("[[network]] {name}: {why}")]
    Network { name: String, why: String },
}

impl Config {
    /// The file's and the command line's words, checked.
    pub fn load(given: &Given, host: String) -> Result<Self, ConfigError> {
        let (document, idle) = match &given.file {
            Some(path) => read(path)?,
            None => Default::default(),
        };
        Ok(Self { idle, ..Self::checked(document, given, host)? })
    }

    fn checked(document: Document, given: &Given, host: String) -> Result<Self, ConfigError> {
        let listen = given.listen.unwrap_or(SocketAddr::new(
            document.api.host_ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            document.api.port.unwrap_or(API_PORT),
        ));
        let access = document.auth.access(&document.default, listen, given.insecure)?;
        let tls = section::tls::Tls::of(&document, listen, given.insecure)?;
        let plan = plan(&document)?;
        let webhooks = section::webhook::hooks(&document.webhook)
            .map_err(|(name, why)| ConfigError::Webhook { name, why })?;
        let boots = plan.networks.iter().any(|network| network.role == Role::Boot);
        let door = boots.then(|| SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), RACK_PORT));
        let rack_listen = given.rack_listen.or(document.api.rack_listen).or(door);
        let data = given.data.clone().or(document.default.state_path.clone()).unwrap_or_else(|| DATA.into());
        let hardware = if given.hardware.is_empty() {
            document.hardware.enabled.clone()
        } else {
            given.hardware.clone()
        };
        check(&document)?;
        let images = section::images::Images::of(&document)?;
        let inspector = inspector(&document)?;
        let bmc_networks = document.agent.bmc_networks.clone().unwrap_or_default();
        let discovery = document.discovery.policy(&document.auto_discovery, &hardware, bmc_networks)?;
        section::discovery::check_reach(&discovery, &plan)?;
        let logs = document.agent.deploy_logs_local_path.clone().unwrap_or_else(|| data.join("logs"));
        Ok(Self {
            listen,
            new_token: given.new_token,
            rack_listen,
            public_endpoint: document.api.public_endpoint.clone(),
            hardware,
            autodetect: section::detect::order(document.default.autodetect_deploy_interfaces.clone())?,
            image_folders: document.conductor.file_url_allowed_paths.clone(),
            ramdisks: document.conductor.ramdisks.clone(),
            fake: document.fake.clone(),
            redfish: document.redfish.clone(),
            cifs: document.cifs.clone(),
            anaconda: document.anaconda.clone(),
            health: document.conductor.enable_health_monitoring.unwrap_or(true),
            ipmi: document.ipmi.clone(),
            bmc: document.bmc.clone(),
            tls,
            boot: document.boot.clone(),
            pxe: document.pxe.clone(),
            tftp: document.tftp.clone(),
            logs,
            power_looks: (
                document.agent.post_deploy_get_power_state_retries.unwrap_or(POWER_LOOKS.0),
                document.agent.post_deploy_get_power_state_retry_interval.unwrap_or(POWER_LOOKS.1),
            ),
            command_timeout: document.agent.command_timeout.unwrap_or(COMMAND_TIMEOUT),
            idle: Vec::new(),
            doubts: doubts(&document, &access, listen),
            http_url: document.deploy.http_url.clone(),
            external_http_url: document.deploy.external_http_url.clone(),
            external_callback_url: document.deploy.external_callback_url.clone(),
            api_ca_file: document.agent.api_ca_file.clone(),
            plan,
            history: document.conductor.history(),
            webhooks,
            steps: document.steps.filled(given.file.as_deref(), &data),
            policy: Policy { access, inspector, discovery, ..policy(document, host, rack_listen, &images) },
            images,
            data,
        })
    }
}

/// What is taken, and is better said aloud.
fn doubts(document: &Document, access: &Access, listen: SocketAddr) -> Vec<String> {
    let mut doubts = document.discovery.doubts();
    if access.strategy == Strategy::Nobody && !listen.ip().is_loopback() {
        doubts.push(format!(
            "{listen} is open: whoever reaches it commands the rack, and nobody has to log in (--insecure)"
        ));
    }
    doubts
}

fn read(path: &Path) -> Result<(Document, Vec<String>), ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    parse(&text).map_err(|why| ConfigError::Wrong { path: path.to_owned(), why })
}

/// The file's values, and the names that have no effect.
fn parse(text: &str) -> Result<(Document, Vec<String>), String> {
    // The parser ends its complaint with an empty line.
    let said = |error: toml::de::Error| error.to_string().trim_end().to_owned();
    let names: toml::Table = toml::from_str(text).map_err(said)?;
    let idle = known::check(&names)?;
    Ok((toml::from_str(text).map_err(said)?, idle))
}

fn check(document: &Document) -> Result<(), ConfigError> {
    let conductor = &document.conductor;
    let waits = [
        ("conductor.deploy_callback_timeout", conductor.deploy_callback_timeout),
        ("conductor.clean_callback_timeout", conductor.clean_callback_timeout),
        ("conductor.service_callback_timeout", conductor.service_callback_timeout),
        ("conductor.rescue_callback_timeout", conductor.rescue_callback_timeout),
        ("conductor.inspect_wait_timeout", conductor.inspect_wait_timeout),
        ("conductor.power_state_change_timeout", conductor.power_state_change_timeout),
        ("conductor.soft_power_off_timeout", conductor.soft_power_off_timeout),
        ("pxe.boot_retry_timeout", document.pxe.boot_retry_timeout),
        ("pxe.boot_retry_check_interval", document.pxe.boot_retry_check_interval),
        ("agent.command_timeout", document.agent.command_timeout),
        ("api.ramdisk_heartbeat_timeout", document.api.ramdisk_heartbeat_timeout),
        ("redfish.connect_timeout", document.redfish.connect_timeout),
        ("redfish.read_timeout", document.redfish.read_timeout),
        ("redfish.boot_mode_config_timeout", document.redfish.boot_mode_config_timeout),
        ("redfish.vmedia_insert_timeout", document.redfish.vmedia_insert_timeout),
        ("redfish.vmedia_insert_poll_interval", document.redfish.vmedia_insert_poll_interval),
        ("redfish.raid_config_status_interval", document.redfish.raid_config_status_interval),
        ("redfish.firmware_update_status_interval", document.redfish.firmware_update_status_interval),
        ("redfish.firmware_update_bmc_timeout", document.redfish.firmware_update_bmc_timeout),
        (
            "redfish.firmware_update_bmc_version_check_interval",
            document.redfish.firmware_update_bmc_version_check_interval,
        ),
        ("redfish.firmware_update_required_successes", document.redfish.firmware_update_required_successes),
        ("redfish.firmware_update_validation_interval", document.redfish.firmware_update_validation_interval),
        (
            "redfish.firmware_update_resource_validation_timeout",
            document.redfish.firmware_update_resource_validation_timeout,
        ),
        ("redfish.firmware_update_nic_starting_wait", document.redfish.firmware_update_nic_starting_wait),
        ("ipmi.command_retry_timeout", document.ipmi.command_retry_timeout),
        ("bmc.longest_pause", document.bmc.longest_pause),
    ];
    for (name, value) in waits {
        if let Some(seconds) = value.filter(|seconds| !(1..=LONGEST_WAIT).contains(seconds)) {
            return Err(ConfigError::Value {
                name,
                value: seconds.to_string(),
                rule: "seconds, from 1 to 604800",
            });
        }
    }
    redfish(&document.redfish)?;
    document.tftp.check()?;
    base_url("api.public_endpoint", document.api.public_endpoint.as_ref())?;
    base_url("deploy.http_url", document.deploy.http_url.as_ref())?;
    base_url("deploy.external_http_url", document.deploy.external_http_url.as_ref())?;
    base_url("deploy.external_callback_url", document.deploy.external_callback_url.as_ref())?;
    priorities("conductor.clean_step_priority_override", &conductor.clean_step_priority_override)?;
    priorities("conductor.verify_step_priority_override", &conductor.verify_step_priority_override)
}

/// What is made of inventories, and how large the body of one may be.
fn inspector(document: &Document) -> Result<Inspector, ConfigError> {
    let mut inspector = document.inspector.policy(&document.inspection_rules)?;
    if let Some(size) = document.api.max_json_body_size_inspection {
        if !(1..=LARGEST_INSPECTION).contains(&size) {
            let (name, rule) = ("api.max_json_body_size_inspection", "KiB, from 1 to 65536");
            return Err(ConfigError::Value { name, value: size.to_string(), rule });
        }
        inspector.body_limit = usize::try_from(size).unwrap_or_default().saturating_mul(1 << 10);
    }
    Ok(inspector)
}

/// A URL to which paths are added; BMCs refuse `?` and `&`.
fn base_url(name: &'static str, given: Option<&String>) -> Result<(), ConfigError> {
    let is_wrong = |url: &&String| {
        let after = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        after.is_none_or(|rest| rest.is_empty() || rest.contains(['?', '&', '#', ' ']))
    };
    match given.filter(is_wrong) {
        Some(value) => Err(ConfigError::Value {
            name,
            value: value.clone(),
            rule: "a URL that begins with http:// or https:// and has no ?, & or #",
        }),
        None => Ok(()),
    }
}

fn priorities(name: &'static str, given: &[String]) -> Result<(), ConfigError> {
    let Some(wrong) = given.iter().find(|text| priority(text).is_none()) else { return Ok(()) };
    Err(ConfigError::Value { name, value: wrong.clone(), rule: "interface.step:priority" })
}

/// The words of `[redfish]` that have few values.
fn redfish(section: &section::Redfish) -> Result<(), ConfigError> {
    let wrong = |name, value: &String, rule| Err(ConfigError::Value { name, value: value.clone(), rule });
    if let Some(value) = section.auth_type.as_ref().filter(|one| !AUTH_TYPES.contains(&one.as_str())) {
        return wrong("redfish.auth_type", value, "basic, session or auto");
    }
    if let Some(value) = section.tls_minimum_version.as_ref().filter(|one| !TLS.contains(&one.as_str())) {
        return wrong("redfish.tls_minimum_version", value, "1.2 or 1.3: rustls speaks nothing older");
    }
    if let Some(value) =
        section.firmware_source.as_ref().filter(|one| !FIRMWARE_SOURCES.contains(&one.as_str()))
    {
        let rule = "http (BMCs fetch from where the URL says) or local (this host fetches, and hands it out)";
        return wrong("redfish.firmware_source", value, rule);
    }
    match section.tls_ciphers.as_ref().filter(|one| !one.is_empty()) {
        Some(value) => wrong("redfish.tls_ciphers", value, "leave it out: rustls has a fixed set of ciphers"),
        None => Ok(()),
    }
}

fn priority(text: &str) -> Option<(String, i64)> {
    let (step, priority) = text.rsplit_once(':')?;
    step.contains('.').then_some(())?;
    Some((step.to_owned(), priority.parse().ok()?))
}

#[expect(clippy::too_many_lines, reason = "a table: an option a line")]
fn policy(
    document: Document,
    host: String,
    rack_listen: Option<SocketAddr>,
    images: &section::images::Images,
) -> Policy {
    let Document { default, api, conductor, deploy, pxe, agent, redfish, .. } = document;
    let mut policy = Policy { host: default.host.unwrap_or(host), ..Policy::default() };
    set(&mut policy.automated_clean, conductor.automated_clean);
    policy.cleaning_source = conductor.cleaning.chosen();
    set(&mut policy.deploy_callback_timeout, conductor.deploy_callback_timeout);
    set(&mut policy.clean_callback_timeout, conductor.clean_callback_timeout);
    set(&mut policy.service_callback_timeout, conductor.service_callback_timeout);
    let rescue = &mut policy.rescue;
    set(&mut rescue.callback_timeout, conductor.rescue_callback_timeout);
    set(&mut rescue.algorithm, conductor.rescue_password_hash_algorithm);
    set(&mut rescue.requires_hash, conductor.require_rescue_password_hashed);
    set(&mut policy.inspect_wait_timeout, conductor.inspect_wait_timeout);
    set(&mut policy.sync_power_state_interval, conductor.sync_power_state_interval);
    policy.sync_power_state_workers = conductor.sync_power_state_workers.map(|most| most.get().into());
    set(&mut policy.node_locked_retry_attempts, conductor.node_locked_retry_attempts);
    set(&mut policy.node_locked_retry_interval, conductor.node_locked_retry_interval);
    set(&mut policy.power_state_sync_max_retries, conductor.power_state_sync_max_retries);
    set(&mut policy.force_power_state_during_sync, conductor.force_power_state_during_sync);
    set(&mut policy.power_failure_recovery_interval, conductor.power_failure_recovery_interval);
    set(&mut policy.power_state_change_timeout, conductor.power_state_change_timeout);
    set(&mut policy.soft_power_off_timeout, conductor.soft_power_off_timeout);
    set(&mut policy.allow_provisioning_in_maintenance, conductor.allow_provisioning_in_maintenance);
    set(&mut policy.allow_deleting_available_nodes, conductor.allow_deleting_available_nodes);
    set(&mut policy.poweroff_in_cleanfail, conductor.poweroff_in_cleanfail);
    set(&mut policy.poweroff_in_servicefail, conductor.poweroff_in_servicefail);
    set(&mut policy.max_concurrent_deploy, conductor.max_concurrent_deploy.map(|most| most.get().into()));
    set(&mut policy.max_concurrent_clean, conductor.max_concurrent_clean.map(|most| most.get().into()));
    set(&mut policy.automatic_lessee, conductor.lessee());
    policy.disallowed_deployment_boot_modes.clone_from(&conductor.disallowed_deployment_boot_modes);
    set(&mut policy.record_step_flows_in_history, conductor.record_step_flows_in_history);
    set(&mut policy.max_conductor_wait_step_seconds, conductor.max_conductor_wait_step_seconds);
    set(&mut policy.permit_child_node_step_async_result, conductor.permit_child_node_step_async_result);
    let priorities = |given: &[String]| given.iter().filter_map(|text| priority(text)).collect();
    policy.clean_step_priority_override = priorities(&conductor.clean_step_priority_override);
    policy.verify_step_priority_override = priorities(&conductor.verify_step_priority_override);
    policy.boot_retry_timeout = pxe.boot_retry_timeout;
    set(&mut policy.boot_retry_check_interval, pxe.boot_retry_check_interval);
    set(&mut policy.default_boot_mode, deploy.default_boot_mode);
    policy.remote_ramdisks = conductor.ramdisks.names_others();
    policy.fetches_images = agent.image_download_source == Some(DownloadSource::Local);
    policy.pass_isos_on = deploy.ramdisk_image_download_source.unwrap_or(DownloadSource::Local).passes_on();
    set(&mut policy.boot_mode_config_timeout, redfish.boot_mode_config_timeout);
    set(&mut policy.fast_track, deploy.fast_track);
    set(&mut policy.fast_track_timeout, deploy.fast_track_timeout);
    set(&mut policy.power_off_after_deploy_failure, deploy.power_off_after_deploy_failure);
    set(&mut policy.disk_guard, deploy.disk_guard);
    policy.erasure = deploy.erasure.chosen();
    policy.erase_devices_priority = deploy.erase_devices_priority;
    policy.erase_devices_metadata_priority = deploy.erase_devices_metadata_priority;
    policy.create_configuration_priority = deploy.create_configuration_priority;
    policy.delete_configuration_priority = deploy.delete_configuration_priority;
    set(&mut policy.disallow_deploy_steps, api.disallow_deploy_steps);
    set(&mut policy.disallow_clean_steps, api.disallow_clean_steps);
    set(&mut policy.disallow_service_steps, api.disallow_service_steps);
    set(&mut policy.max_limit, api.max_limit.map(|limit| limit.get().into()));
    policy.default_resource_class = default.default_resource_class;
    set(&mut policy.default_conductor_group, default.default_conductor_group);
    policy.collect_logs = match agent.deploy_logs_collect.unwrap_or_default() {
        CollectWhen::OnFailure => CollectLogs::OnFailure,
        CollectWhen::Always => CollectLogs::Always,
        CollectWhen::Never => CollectLogs::Never,
    };
    let agents = &mut policy.agent;
    set(&mut agents.require_tls, agent.require_tls);
    set(&mut agents.manage_boot, agent.manage_agent_boot);
    set(&mut agents.heartbeat_timeout, api.ramdisk_heartbeat_timeout);
    set(&mut agents.restrict_lookup, api.restrict_lookup);
    set(&mut agents.enable_ramdisk_endpoints, api.enable_ramdisk_endpoints);
    set(&mut agents.callback_networks, agent.callback_networks);
    set(&mut agents.bmc_networks, agent.bmc_networks);
    agents.permitted_image_formats.clone_from(&images.permitted_formats);
    agents.disable_deep_image_inspection = !images.deep_inspection;
    agents.allow_md5_checksum = images.md5;
    agents.loopback_ok = rack_listen.is_some_and(|door| door.ip().is_loopback());
    policy
}

fn plan(document: &Document) -> Result<BootPlan, ConfigError> {
    let networks = section::network::networks(&document.network);
    let networks = networks.map_err(|(name, why)| ConfigError::Network { name, why })?;
    Ok(BootPlan { networks, ..BootPlan::default() })
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}

/// How to log in to Redfish.
const AUTH_TYPES: [&str; 3] = ["basic", "session", "auto"];
/// Who BMCs fetch firmware from.
const FIRMWARE_SOURCES: [&str; 2] = ["http", "local"];
/// What rustls speaks.
const TLS: [&str; 2] = ["1.2", "1.3"];
/// Where state is kept unless told otherwise.
const DATA: &str = "/var/lib/ferric";
/// Ironic's six looks, five seconds apart.
const POWER_LOOKS: (u32, u32) = (6, 5);
/// Ironic's wait for an agent, in seconds.
const COMMAND_TIMEOUT: u32 = 60;
/// Where machines that boot reach scripts, kernels and images, if networks to boot from are given and nothing else is
/// said: the port of the reference's own HTTP server.
const RACK_PORT: u16 = 8080;
/// Ironic's port.
const API_PORT: u16 = 6385;
/// As much as a config drive's request, in KiB.
const LARGEST_INSPECTION: u32 = 65_536;
/// A week: longer waits are mistakes.
const LONGEST_WAIT: u32 = 604_800;

#[cfg(test)]
mod tests;
