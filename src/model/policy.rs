//! What the site has chosen; defaults are the reference's (contract `config.md`).

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::model::access::Access;
use crate::model::bmc::panel::Mode;
use crate::model::cleaning::{CleaningSource, Erasure};
use crate::model::inspection::discovery::DiscoveryPolicy;
use crate::model::inspection::policy::Inspector;
use crate::model::rescue::RescuePolicy;
use crate::model::step::Kind;

/// Options that rules read. All lengths are seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Name of this host: lock holder and conductor.
    pub host: String,
    /// Records in the longest page of a list.
    pub max_limit: usize,
    pub default_resource_class: Option<String>,
    pub default_conductor_group: String,
    pub automated_clean: bool,
    pub cleaning_source: CleaningSource,
    pub deploy_callback_timeout: u32,
    pub clean_callback_timeout: u32,
    pub service_callback_timeout: u32,
    pub rescue: RescuePolicy,
    /// How long an inspection may take.
    pub inspect_wait_timeout: u32,
    pub sync_power_state_interval: u32,
    /// Looks of power sync at once; a number of our own, if not given.
    pub sync_power_state_workers: Option<usize>,
    /// How often somebody tries for a node that is busy, and the seconds between: then it is refused as locked.
    pub node_locked_retry_attempts: u32,
    pub node_locked_retry_interval: u32,
    pub power_state_sync_max_retries: u8,
    pub force_power_state_during_sync: bool,
    pub power_failure_recovery_interval: u32,
    pub power_state_change_timeout: u32,
    pub soft_power_off_timeout: u32,
    pub allow_provisioning_in_maintenance: bool,
    pub allow_deleting_available_nodes: bool,
    pub power_off_after_deploy_failure: bool,
    pub poweroff_in_cleanfail: bool,
    pub poweroff_in_servicefail: bool,
    /// Deployments under way at once.
    pub max_concurrent_deploy: usize,
    /// Nodes in cleaning or tear down at once.
    pub max_concurrent_clean: usize,
    pub automatic_lessee: AutomaticLessee,
    /// How no machine is deployed.
    pub disallowed_deployment_boot_modes: Vec<Mode>,
    /// Where pipelines begin and end is written down.
    pub record_step_flows_in_history: bool,
    pub max_conductor_wait_step_seconds: u32,
    /// A child's step that waits for somebody counts as done, instead of failed.
    pub permit_child_node_step_async_result: bool,
    /// Drives are compared with those seen last before a step destroys.
    pub disk_guard: bool,
    /// How agents erase drives.
    pub erasure: Erasure,
    pub erase_devices_priority: Option<i64>,
    pub erase_devices_metadata_priority: Option<i64>,
    /// Of the agent's steps for RAID.
    pub create_configuration_priority: Option<i64>,
    pub delete_configuration_priority: Option<i64>,
    /// `interface.step` and its priority in automated cleaning.
    pub clean_step_priority_override: Vec<(String, i64)>,
    /// The same in verification.
    pub verify_step_priority_override: Vec<(String, i64)>,
    /// How long firmware may take to take up another boot mode, or secure boot.
    pub boot_mode_config_timeout: u32,
    /// How machines boot that neither a node nor a BMC says it of.
    pub default_boot_mode: Mode,
    /// `[conductor]` names kernels or ramdisks of other servers.
    pub remote_ramdisks: bool,
    /// BMCs are given the addresses of instances' ISOs as they stand, unless the instance says otherwise.
    pub pass_isos_on: bool,
    /// This host fetches images for agents, unless instance or driver say otherwise.
    pub fetches_images: bool,
    /// After how long a boot that brought nobody is begun again; never, if not given.
    pub boot_retry_timeout: Option<u32>,
    /// How often it is looked for such boots.
    pub boot_retry_check_interval: u32,
    /// `interface.step` that no deploy request may name.
    pub disallow_deploy_steps: Vec<String>,
    /// The same in cleaning.
    pub disallow_clean_steps: Vec<String>,
    /// The same in servicing.
    pub disallow_service_steps: Vec<String>,
    /// An agent that runs already is used again, if it called in so many seconds ago at the most.
    pub fast_track: bool,
    pub fast_track_timeout: u32,
    pub collect_logs: CollectLogs,
    /// Who is let in, and what they may do.
    pub access: Access,
    pub agent: AgentPolicy,
    pub inspector: Inspector,
    pub discovery: DiscoveryPolicy,
}

impl Policy {
    /// How long an ask waits for a node that is busy. Who tries once does not wait.
    pub fn lock_patience(&self) -> Duration {
        match self.node_locked_retry_attempts {
            0 | 1 => Duration::ZERO,
            more => {
                Duration::from_secs(u64::from(more).saturating_mul(self.node_locked_retry_interval.into()))
            }
        }
    }
}

/// Whose project becomes the lessee of a node that is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomaticLessee {
    /// The one that `instance_info` names.
    Instance,
    /// The one of the account that asks.
    Request,
    #[serde(rename = "none")]
    Never,
}

/// When the ramdisk's logs are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectLogs {
    OnFailure,
    Always,
    Never,
}

impl CollectLogs {
    /// Whether the logs of what ended so are kept.
    pub fn keeps(self, failed: bool) -> bool {
        match self {
            Self::Always => true,
            Self::OnFailure => failed,
            Self::Never => false,
        }
    }
}

/// How agents may call in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPolicy {
    pub require_tls: bool,
    pub heartbeat_timeout: u32,
    pub restrict_lookup: bool,
    pub enable_ramdisk_endpoints: bool,
    /// Networks in which a callback may lie, besides the connection's own address.
    pub callback_networks: Vec<IpNet>,
    /// Networks in which it may never lie: the BMCs'.
    pub bmc_networks: Vec<IpNet>,
    /// Loopback callbacks are taken: the rack's listener itself is there.
    pub loopback_ok: bool,
    /// What agents may write.
    pub permitted_image_formats: Vec<String>,
    pub disable_deep_image_inspection: bool,
    pub allow_md5_checksum: bool,
    /// Boot interfaces boot the ramdisk of deploy interfaces that work through an agent, and of rescues. Where they do not,
    /// the site has a mechanism of its own, and the machine is only started anew.
    pub manage_boot: bool,
}

impl Policy {
    /// `interface.step` that no request for this kind of work may name.
    pub fn disallowed(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Clean => &self.disallow_clean_steps,
            Kind::Deploy => &self.disallow_deploy_steps,
            Kind::Service => &self.disallow_service_steps,
            Kind::Verify | Kind::Delete | Kind::Rescue | Kind::Unrescue => &[],
        }
    }
}

impl AgentPolicy {
    /// Whether a callback to `address` is taken from a connection of `from`.
    pub fn takes_callback(&self, address: IpAddr, from: IpAddr) -> bool {
        if address.is_loopback() {
            return self.loopback_ok && from.is_loopback();
        }
        if is_link_local(address) || self.bmc_networks.iter().any(|net| net.contains(&address)) {
            return false;
        }
        address == from || self.callback_networks.iter().any(|net| net.contains(&address))
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            four.is_link_local() || four.is_unspecified() || four.is_broadcast() || four.is_multicast()
        }
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => four.is_loopback() || is_link_local(IpAddr::V4(four)),
            None => six.is_unicast_link_local() || six.is_unspecified() || six.is_multicast(),
        },
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            host: "ferric".to_owned(),
            max_limit: 1000,
            default_resource_class: None,
            default_conductor_group: String::new(),
            automated_clean: true,
            cleaning_source: CleaningSource::default(),
            deploy_callback_timeout: 1800,
            clean_callback_timeout: 1800,
            service_callback_timeout: 1800,
            rescue: RescuePolicy::default(),
            inspect_wait_timeout: 1800,
            sync_power_state_interval: 120,
            sync_power_state_workers: None,
            node_locked_retry_attempts: 3,
            node_locked_retry_interval: 1,
            power_state_sync_max_retries: 3,
            force_power_state_during_sync: true,
            power_failure_recovery_interval: 300,
            power_state_change_timeout: 60,
            soft_power_off_timeout: 600,
            allow_provisioning_in_maintenance: true,
            allow_deleting_available_nodes: true,
            power_off_after_deploy_failure: true,
            poweroff_in_cleanfail: false,
            poweroff_in_servicefail: false,
            max_concurrent_deploy: 250,
            max_concurrent_clean: 50,
            automatic_lessee: AutomaticLessee::Instance,
            disallowed_deployment_boot_modes: Vec::new(),
            record_step_flows_in_history: true,
            max_conductor_wait_step_seconds: 30,
            permit_child_node_step_async_result: false,
            disk_guard: true,
            erasure: Erasure::default(),
            erase_devices_priority: None,
            erase_devices_metadata_priority: None,
            create_configuration_priority: None,
            delete_configuration_priority: None,
            clean_step_priority_override: Vec::new(),
            verify_step_priority_override: Vec::new(),
            boot_mode_config_timeout: 900,
            default_boot_mode: Mode::Uefi,
            remote_ramdisks: false,
            pass_isos_on: false,
            fetches_images: false,
            boot_retry_timeout: None,
            boot_retry_check_interval: 90,
            disallow_deploy_steps: vec!["vendor.send_raw".to_owned()],
            disallow_clean_steps: vec!["vendor.send_raw".to_owned()],
            disallow_service_steps: vec!["vendor.send_raw".to_owned()],
            fast_track: false,
            fast_track_timeout: 300,
            collect_logs: CollectLogs::OnFailure,
            access: Access::default(),
            agent: AgentPolicy::default(),
            inspector: Inspector::default(),
            discovery: DiscoveryPolicy::default(),
        }
    }
}

impl Default for AgentPolicy {
    fn default() -> Self {
        Self {
            require_tls: true,
            heartbeat_timeout: 300,
            restrict_lookup: true,
            enable_ramdisk_endpoints: true,
            callback_networks: Vec::new(),
            bmc_networks: Vec::new(),
            loopback_ok: false,
            permitted_image_formats: ["raw", "gpt", "qcow2", "iso"].map(str::to_owned).to_vec(),
            disable_deep_image_inspection: false,
            allow_md5_checksum: true,
            manage_boot: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_callback_goes_to_its_own_address_or_the_rack() {
        let policy = AgentPolicy {
            callback_networks: vec!["10.0.0.0/24".parse().unwrap()],
            bmc_networks: vec!["10.0.0.128/25".parse().unwrap()],
            ..AgentPolicy::default()
        };
        let from = address("192.0.2.7");
        assert!(policy.takes_callback(from, from));
        assert!(policy.takes_callback(address("10.0.0.5"), from));
        for refused in
            ["10.0.0.200", "192.0.2.8", "127.0.0.1", "169.254.1.1", "fe80::1", "::ffff:127.0.0.1", "0.0.0.0"]
        {
            assert!(!policy.takes_callback(address(refused), from), "{refused}");
        }
        assert!(!policy.takes_callback(address("127.0.0.1"), address("127.0.0.1")));
    }
}
