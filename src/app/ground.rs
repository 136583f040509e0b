//! What the drivers of BMCs are made with, from the configuration.

use std::sync::Arc;
use std::time::Duration;

use crate::base::secret::Secret;
use crate::base::time::SharedClock;
use crate::conduct::ledger::Ledger;
use crate::config::Config;
use crate::config::section::{self, VerifyCa};
use crate::driver::bmc::ipmi_settings::IpmiDefaults;
use crate::driver::bmc::notebook::Notebook;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::redfish_settings::defaults::{FirmwareSource, RedfishDefaults, Share};
use crate::driver::bmc::redfish_settings::{Auth, TlsVersion, Trust};
use crate::driver::bmc::{Ground, Limits};

/// What the drivers of BMCs are made with.
pub fn of(config: &Config, clock: &SharedClock, ledger: &Arc<Ledger>, key: Secret) -> Ground {
    let mut seed = [0; 8];
    if getrandom::fill(&mut seed).is_err() {
        tracing::warn!(
            "the system gave no random numbers: first calls to BMCs are spread as at other starts"
        );
    }
    let notebook: Arc<dyn Notebook> = ledger.clone();
    let limits = limits(&config.bmc);
    let min_interval = seconds(config.ipmi.min_command_interval).unwrap_or_default();
    Ground {
        redfish: RedfishDefaults {
            cifs: Share { username: config.cifs.username.clone(), password: config.cifs.password.clone() },
            health: config.health,
            ..redfish_defaults(&config.redfish)
        },
        redfish_limits: limits,
        ipmi: ipmi_defaults(&config.ipmi),
        ipmi_limits: Limits { min_interval, ..limits },
        ..Ground::new(clock.clone(), notebook, PrintKey::new(key), u64::from_be_bytes(seed))
    }
}

fn limits(given: &section::Bmc) -> Limits {
    let default = Limits::default();
    let millis = |value: u32| Duration::from_millis(value.into());
    Limits {
        concurrency: given.concurrency.map_or(default.concurrency, Into::into),
        queue: given.queue.map_or(default.queue, |queue| queue.get().into()),
        longest_pause: seconds(given.longest_pause).unwrap_or(default.longest_pause),
        start_spread: given.start_spread.map_or(default.start_spread, millis),
        ..default
    }
}

fn redfish_defaults(given: &section::Redfish) -> RedfishDefaults {
    let default = RedfishDefaults::default();
    let (attempts, interval) = default.power_on_conflict;
    let (limit, poll) = default.vmedia_insert;
    RedfishDefaults {
        auth: given.auth_type.as_deref().and_then(Auth::parse).unwrap_or(default.auth),
        tls_minimum: given
            .tls_minimum_version
            .as_deref()
            .and_then(|word| TlsVersion::parse(word).ok())
            .unwrap_or(default.tls_minimum),
        trust: match &given.verify_ca {
            None | Some(VerifyCa::Flag(true)) => Trust::System,
            Some(VerifyCa::Flag(false)) => Trust::Anybody,
            Some(VerifyCa::Path(path)) => Trust::Authorities(path.clone()),
        },
        connect_timeout: seconds(given.connect_timeout).unwrap_or(default.connect_timeout),
        read_timeout: seconds(given.read_timeout).unwrap_or(default.read_timeout),
        verify_bmc_clock: given.enable_verify_bmc_clock.unwrap_or(default.verify_bmc_clock),
        power_on_conflict: (
            given.power_on_conflict_retry_attempts.unwrap_or(attempts),
            seconds(given.power_on_conflict_retry_interval).unwrap_or(interval),
        ),
        vmedia_insert: (
            seconds(given.vmedia_insert_timeout).unwrap_or(limit),
            seconds(given.vmedia_insert_poll_interval).unwrap_or(poll),
        ),
        raid_status_interval: seconds(given.raid_config_status_interval)
            .unwrap_or(default.raid_status_interval),
        ..firmware_defaults(given, default)
    }
}

/// What `[redfish]` says of updates of firmware.
fn firmware_defaults(given: &section::Redfish, default: RedfishDefaults) -> RedfishDefaults {
    let or = |given: Option<u32>, default: Duration| seconds(given).unwrap_or(default);
    let (hits, pause, limit) = default.firmware_validation;
    RedfishDefaults {
        firmware_update_unresponsive_bmc_wait: or(
            given.firmware_update_wait_unresponsive_bmc,
            default.firmware_update_unresponsive_bmc_wait,
        ),
        firmware_source: given
            .firmware_source
            .as_deref()
            .and_then(FirmwareSource::parse)
            .unwrap_or(default.firmware_source),
        firmware_status_interval: or(given.firmware_update_status_interval, default.firmware_status_interval),
        // 0 switches it off.
        firmware_overall_timeout: match given.firmware_update_overall_timeout {
            Some(0) => None,
            Some(limit) => seconds(Some(limit)),
            None => default.firmware_overall_timeout,
        },
        firmware_bmc_timeout: or(given.firmware_update_bmc_timeout, default.firmware_bmc_timeout),
        firmware_reboot_delay: or(given.firmware_update_reboot_delay, default.firmware_reboot_delay),
        firmware_version_check_interval: or(
            given.firmware_update_bmc_version_check_interval,
            default.firmware_version_check_interval,
        ),
        firmware_validation: (
            given.firmware_update_required_successes.unwrap_or(hits),
            or(given.firmware_update_validation_interval, pause),
            or(given.firmware_update_resource_validation_timeout, limit),
        ),
        firmware_nic_starting_wait: or(
            given.firmware_update_nic_starting_wait,
            default.firmware_nic_starting_wait,
        ),
        ..default
    }
}

fn ipmi_defaults(given: &section::Ipmi) -> IpmiDefaults {
    let default = IpmiDefaults::default();
    IpmiDefaults {
        command_retry_timeout: seconds(given.command_retry_timeout).unwrap_or(default.command_retry_timeout),
        disable_boot_timeout: given.disable_boot_timeout.unwrap_or(default.disable_boot_timeout),
        cipher_suites: given.cipher_suite_versions.clone().unwrap_or_default(),
    }
}

fn seconds(given: Option<u32>) -> Option<Duration> {
    given.map(|seconds| Duration::from_secs(seconds.into()))
}
