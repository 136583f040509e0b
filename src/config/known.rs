//! The names of options: those that act, and the reference's that have no effect in this version (contract
//! `config.md`), so that a site's settings can be brought along and a typing mistake is still found.

use toml::{Table, Value};

use crate::config::section::{DELAY_RULE, Delay};

/// What the names of a file come to.
pub fn check(file: &Table) -> Result<Vec<String>, String> {
    let mut idle = Vec::new();
    if let Some(name) = LISTS.iter().find(|name| file.get(**name).is_some_and(Value::is_table)) {
        return Err(format!("[{name}] is one of several: write [[{name}]]"));
    }
    for section in SECTIONS {
        let Some(Value::Table(members)) = file.get(section.name) else { continue };
        for (name, value) in members {
            if section.acting.contains(&name.as_str()) {
                // Told here, since the parser's own complaint repeats the line.
                if SECRETS.contains(&(section.name, name)) && !value.is_str() {
                    return Err(format!("[{}] {name} must be {}", section.name, Shape::Text.word()));
                }
                continue;
            }
            let shape = section.shape(name).ok_or_else(|| section.unknown(name))?;
            if !shape.takes(value) {
                return Err(format!("[{}] {name} must be {}", section.name, shape.word()));
            }
            if let Some(one) = REFUSED.iter().find(|one| one.is(section.name, name, value)) {
                return Err(format!("[{}] {name}: {}", section.name, one.why));
            }
            idle.push(format!("[{}] {name}", section.name));
        }
    }
    Ok(idle)
}

/// Sections of which there are several.
const LISTS: [&str; 2] = ["network", "webhook"];

/// Values that no message repeats.
const SECRETS: [(&str, &str); 1] = [("cifs", "password")];

/// A value of an option without effect that would promise what is not done.
struct Refused {
    section: &'static str,
    name: &'static str,
    value: fn(&Value) -> bool,
    /// What is so instead, and what to do.
    why: &'static str,
}

impl Refused {
    fn is(&self, section: &str, name: &str, value: &Value) -> bool {
        (self.section, self.name) == (section, name) && (self.value)(value)
    }
}

const REFUSED: &[Refused] = &[
    Refused {
        section: "conductor",
        name: "clear_image_cache_on_deploy_failure",
        value: |value| value.as_bool() == Some(true),
        why: "an image of the cache is compared with its server and its checksum before each use, so that no failure \
              leaves a bad one there: leave it out",
    },
    Refused {
        section: "conductor",
        name: "conductor_always_validates_images",
        value: |value| value.as_bool() == Some(true),
        why: "images are looked into where this host fetches them: leave it out, and set [agent] image_download_source to \
              local",
    },
    Refused {
        section: "agent",
        name: "deploy_logs_storage_backend",
        value: |value| value.as_str() != Some("local"),
        why: "logs are kept as files in [agent] deploy_logs_local_path: leave it out, or say local",
    },
    Refused {
        section: "redfish",
        name: "use_swift",
        value: |value| value.as_bool() == Some(true),
        why: "boot media and firmware are handed out by this host: leave it out",
    },
];

/// A section whose names are the reference's.
struct Section {
    name: &'static str,
    /// Names that are read.
    acting: &'static [&'static str],
    /// Names that are only known, by the kind of their value.
    idle: &'static [(Shape, &'static [&'static str])],
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Flag,
    Whole,
    Text,
    TextOrFlag,
    /// An array of texts, or a text with commas as in the reference's files.
    List,
    /// A table, or a text with commas.
    Map,
    /// Seconds, or a range of them.
    Delay,
}

impl Section {
    fn shape(&self, name: &str) -> Option<Shape> {
        self.idle.iter().find(|(_, names)| names.contains(&name)).map(|(shape, _)| *shape)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let idle = self.idle.iter().flat_map(|(_, names)| names.iter());
        self.acting.iter().chain(idle).copied()
    }

    fn unknown(&self, name: &str) -> String {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        let near = self.names().map(|known| (distance(known, &shown), known)).min();
        let elsewhere = SECTIONS.iter().find(|other| other.names().any(|known| known == name));
        let hint = match (near, elsewhere) {
            (_, Some(other)) => format!("; it belongs to [{}]", other.name),
            (Some((mistakes, known)), None) if mistakes <= MISTAKES => format!("; did you mean {known}?"),
            _ => String::new(),
        };
        format!("[{}] {shown} is no option that is known{hint}", self.name)
    }
}

impl Shape {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Flag => value.is_bool(),
            Self::Whole => value.is_integer(),
            Self::Text => value.is_str(),
            Self::TextOrFlag => value.is_str() || value.is_bool(),
            Self::List => {
                value.is_str() || value.as_array().is_some_and(|list| list.iter().all(Value::is_str))
            }
            Self::Map => value.is_str() || value.is_table(),
            Self::Delay => Delay::read(value).is_some(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Flag => "true or false",
            Self::Whole => "a whole number",
            Self::Text => "a text",
            Self::TextOrFlag => "a text, true or false",
            Self::List => "an array of texts",
            Self::Map => "a table",
            Self::Delay => DELAY_RULE,
        }
    }
}

/// Letters to change, add or take away between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (line, one) in a.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((other, above), corner) in b.chars().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((above + 1).min(left + 1).min(corner + usize::from(one != other)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// So many wrong letters are a typing mistake.
const MISTAKES: usize = 2;
/// Characters of a wrong name that are looked at.
const LONGEST_NAME: usize = 80;

const SECTIONS: &[Section] = &[
    Section {
        name: "DEFAULT",
        acting: &[
            "host",
            "state_path",
            "auth_strategy",
            "http_basic_auth_user_file",
            "default_resource_class",
            "default_conductor_group",
            "autodetect_deploy_interfaces",
            "force_raw_images",
            "webserver_connection_timeout",
        ],
        idle: &[
            (
                Shape::Text,
                &[
                    "rpc_transport",
                    "default_bios_interface",
                    "default_boot_interface",
                    "default_console_interface",
                    "default_deploy_interface",
                    "default_firmware_interface",
                    "default_inspect_interface",
                    "default_management_interface",
                    "default_network_interface",
                    "default_power_interface",
                    "default_raid_interface",
                    "default_rescue_interface",
                    "default_storage_interface",
                    "default_vendor_interface",
                ],
            ),
            (Shape::Whole, &["graceful_shutdown_timeout", "log_in_db_max_size", "webserver_verify_timeout"]),
            (
                Shape::List,
                &[
                    "enabled_hardware_types",
                    "enabled_bios_interfaces",
                    "enabled_boot_interfaces",
                    "enabled_console_interfaces",
                    "enabled_deploy_interfaces",
                    "enabled_firmware_interfaces",
                    "enabled_inspect_interfaces",
                    "enabled_management_interfaces",
                    "enabled_network_interfaces",
                    "enabled_power_interfaces",
                    "enabled_raid_interfaces",
                    "enabled_rescue_interfaces",
                    "enabled_storage_interfaces",
                    "enabled_vendor_interfaces",
                ],
            ),
        ],
    },
    Section {
        name: "api",
        acting: &[
            "host_ip",
            "port",
            "rack_listen",
            "public_endpoint",
            "max_limit",
            "ramdisk_heartbeat_timeout",
            "restrict_lookup",
            "enable_ramdisk_endpoints",
            "disallow_deploy_steps",
            "disallow_clean_steps",
            "disallow_service_steps",
            "max_json_body_size_inspection",
            "enable_ssl_api",
            "tls_certificate",
            "tls_key",
            "tls_names",
            "server_tls_minimum_version",
        ],
        idle: &[
            (Shape::Whole, &["max_json_body_depth", "max_json_body_size", "max_json_body_size_provision"]),
            (Shape::List, &["disallowed_enrollment_boot_modes"]),
        ],
    },
    Section {
        name: "ssl",
        acting: &["cert_file", "key_file"],
        idle: &[(Shape::Text, &["ca_file", "version", "ciphers"])],
    },
    Section {
        name: "conductor",
        acting: &[
            "automated_clean",
            "automated_cleaning_step_source",
            "automated_cleaning_runbook",
            "automated_cleaning_runbook_by_resource_class",
            "automated_cleaning_runbook_from_node",
            "automated_cleaning_runbook_validate_traits",
            "deploy_callback_timeout",
            "clean_callback_timeout",
            "service_callback_timeout",
            "rescue_callback_timeout",
            "rescue_password_hash_algorithm",
            "require_rescue_password_hashed",
            "inspect_wait_timeout",
            "sync_power_state_interval",
            "sync_power_state_workers",
            "node_locked_retry_attempts",
            "node_locked_retry_interval",
            "node_history",
            "power_state_sync_max_retries",
            "force_power_state_during_sync",
            "power_failure_recovery_interval",
            "power_state_change_timeout",
            "soft_power_off_timeout",
            "allow_provisioning_in_maintenance",
            "allow_deleting_available_nodes",
            "poweroff_in_cleanfail",
            "poweroff_in_servicefail",
            "max_concurrent_deploy",
            "max_concurrent_clean",
            "automatic_lessee",
            "automatic_lessee_source",
            "disallowed_deployment_boot_modes",
            "record_step_flows_in_history",
            "node_history_max_entries",
            "node_history_minimum_days",
            "max_conductor_wait_step_seconds",
            "permit_child_node_step_async_result",
            "clean_step_priority_override",
            "verify_step_priority_override",
            "enable_health_monitoring",
            "file_url_allowed_paths",
            "deploy_kernel",
            "deploy_ramdisk",
            "deploy_kernel_by_arch",
            "deploy_ramdisk_by_arch",
            "rescue_kernel",
            "rescue_ramdisk",
            "rescue_kernel_by_arch",
            "rescue_ramdisk_by_arch",
            "error_on_ramdisk_config_inconsistency",
            "permitted_image_formats",
            "disable_deep_image_inspection",
            "disable_zstandard_decompression",
            "disable_support_for_checksum_files",
        ],
        idle: &[
            (Shape::Text, &["bootloader"]),
            (
                Shape::Whole,
                &[
                    "check_provision_state_interval",
                    "check_rescue_state_interval",
                    "check_allocations_interval",
                    "heartbeat_interval",
                    "heartbeat_timeout",
                    "workers_pool_size",
                    "reserved_workers_pool_percentage",
                    "periodic_max_workers",
                    "sync_local_state_interval",
                    "cache_clean_up_interval",
                    "graceful_shutdown_timeout",
                    "node_history_cleanup_interval",
                    "node_history_cleanup_batch_count",
                ],
            ),
            (
                Shape::Flag,
                &[
                    "clear_image_cache_on_deploy_failure",
                    "conductor_always_validates_images",
                    "disable_file_checksum",
                    "disable_kernel_parameter_parsing",
                    "enable_mdns",
                ],
            ),
            (Shape::Map, &["bootloader_by_arch"]),
        ],
    },
    Section { name: "anaconda", acting: &["default_ks_template", "insecure_heartbeat"], idle: &[] },
    Section {
        name: "deploy",
        acting: &[
            "power_off_after_deploy_failure",
            "erase_devices_priority",
            "erase_devices_metadata_priority",
            "create_configuration_priority",
            "delete_configuration_priority",
            "shred_random_overwrite_iterations",
            "shred_final_overwrite_with_zeros",
            "enable_ata_secure_erase",
            "enable_nvme_secure_erase",
            "continue_if_disk_secure_erase_fails",
            "disk_erasure_concurrency",
            "erase_skip_read_only",
            "disk_guard",
            "iso_cache_size",
            "iso_cache_ttl",
            "http_url",
            "external_http_url",
            "external_callback_url",
            "default_boot_mode",
            "fast_track",
            "fast_track_timeout",
            "ramdisk_image_download_source",
        ],
        idle: &[
            (Shape::Text, &["http_root", "http_image_subdir", "image_server_auth_strategy"]),
            (Shape::Flag, &["image_server_auth_permit_unknown_hosts"]),
            (Shape::List, &["image_server_auth_hosts"]),
        ],
    },
    Section {
        name: "agent",
        acting: &[
            "require_tls",
            "command_timeout",
            "callback_networks",
            "bmc_networks",
            "deploy_logs_collect",
            "deploy_logs_local_path",
            "post_deploy_get_power_state_retries",
            "post_deploy_get_power_state_retry_interval",
            "image_download_source",
            "stream_raw_images",
            "allow_md5_checksum",
            "manage_agent_boot",
            "api_ca_file",
        ],
        idle: &[
            (Shape::Text, &["certificates_path", "tls_minimum_version", "deploy_logs_storage_backend"]),
            (
                Shape::Whole,
                &[
                    "max_command_attempts",
                    "command_wait_attempts",
                    "command_wait_interval",
                    "memory_consumed_by_agent",
                ],
            ),
            (Shape::Flag, &["enable_bios_bootloader_install"]),
            (Shape::TextOrFlag, &["verify_ca"]),
        ],
    },
    Section {
        name: "redfish",
        acting: &[
            "auth_type",
            "tls_minimum_version",
            "tls_ciphers",
            "verify_ca",
            "connect_timeout",
            "read_timeout",
            "boot_mode_config_timeout",
            "power_on_conflict_retry_attempts",
            "power_on_conflict_retry_interval",
            "vmedia_insert_timeout",
            "vmedia_insert_poll_interval",
            "enable_verify_bmc_clock",
            "raid_config_status_interval",
            "firmware_source",
            "firmware_update_status_interval",
            "firmware_update_overall_timeout",
            "firmware_update_bmc_timeout",
            "firmware_update_reboot_delay",
            "firmware_update_bmc_version_check_interval",
            "firmware_update_required_successes",
            "firmware_update_validation_interval",
            "firmware_update_resource_validation_timeout",
            "firmware_update_nic_starting_wait",
            "firmware_update_wait_unresponsive_bmc",
        ],
        idle: &[
            (Shape::Text, &["file_permission", "kernel_append_params"]),
            (
                Shape::Whole,
                &[
                    "connection_attempts",
                    "connection_retry_interval",
                    "connection_cache_size",
                    "raid_config_fail_interval",
                    "firmware_update_fail_interval",
                    "swift_object_expiry_timeout",
                ],
            ),
            (Shape::Flag, &["enable_vmedia_insert_polling", "use_swift"]),
        ],
    },
    Section { name: "cifs", acting: &["username", "password"], idle: &[] },
    Section {
        name: "ipmi",
        acting: &[
            "command_retry_timeout",
            "min_command_interval",
            "disable_boot_timeout",
            "cipher_suite_versions",
        ],
        idle: &[
            (Shape::Flag, &["use_ipmitool_retries", "kill_on_timeout", "debug", "store_cred_in_env"]),
            (Shape::List, &["additional_retryable_ipmi_errors"]),
        ],
    },
    Section {
        name: "pxe",
        acting: &[
            "pxe_bootfile_name",
            "uefi_pxe_bootfile_name",
            "ipxe_bootfile_name",
            "uefi_ipxe_bootfile_name",
            "pxe_bootfile_name_by_arch",
            "ipxe_bootfile_name_by_arch",
            "kernel_append_params",
            "ipxe_timeout",
            "ipxe_fallback_script",
            "image_cache_size",
            "image_cache_ttl",
            "boot_retry_timeout",
            "boot_retry_check_interval",
        ],
        idle: &[
            (
                Shape::Text,
                &[
                    "tftp_root",
                    "tftp_server",
                    "tftp_master_path",
                    "images_path",
                    "instance_master_path",
                    "ipxe_bootstrap_template",
                    "ip_version",
                    "uefi_pxe_config_template",
                    "pxe_config_template",
                    "ipxe_config_template",
                    "initial_grub_template",
                    "default_ephemeral_format",
                ],
            ),
            (Shape::Whole, &["dir_permission", "file_permission"]),
            (Shape::Flag, &["enable_netboot_fallback", "ipxe_use_swift"]),
            (Shape::Map, &["pxe_config_template_by_arch", "loader_file_paths"]),
        ],
    },
    Section {
        name: "inspector",
        acting: &[
            "default_hooks",
            "hooks",
            "add_ports",
            "keep_ports",
            "update_pxe_enabled",
            "require_managed_boot",
            "power_off",
            "force_dhcp",
            "extra_kernel_params",
            "disk_partitioning_spacing",
            "cpu_capabilities",
            "pci_device_alias",
            "physical_network_cidr_map",
            "extra_hardware_strict",
        ],
        idle: &[
            (Shape::Whole, &["status_check_period"]),
            (Shape::Text, &["callback_endpoint_override", "known_accelerators"]),
            (Shape::Flag, &["pre_create_ports"]),
        ],
    },
    Section { name: "inspection_rules", acting: &["built_in_rules", "mask_secrets"], idle: &[] },
    Section {
        name: "auto_discovery",
        acting: &["enabled", "driver"],
        idle: &[(Shape::Text, &["inspection_scope"])],
    },
    Section {
        name: "sensor_data",
        acting: &[],
        idle: &[
            (Shape::Whole, &["interval", "workers", "wait_timeout"]),
            (
                Shape::Flag,
                &[
                    "send_sensor_data",
                    "enable_for_nodes",
                    "enable_for_undeployed_nodes",
                    "enable_for_conductor",
                ],
            ),
            (Shape::List, &["data_types"]),
        ],
    },
    Section { name: "dhcp", acting: &[], idle: &[(Shape::Text, &["dhcp_provider"])] },
    Section {
        name: "dnsmasq",
        acting: &[],
        idle: &[(Shape::Text, &["dhcp_optsdir", "dhcp_hostsdir", "dhcp_leasefile"])],
    },
    Section {
        name: "fake",
        acting: &["power_delay", "management_delay", "deploy_delay", "inspect_delay", "rescue_delay"],
        idle: &[(
            Shape::Delay,
            &["bios_delay", "boot_delay", "firmware_delay", "raid_delay", "storage_delay", "vendor_delay"],
        )],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::section::Document;

    #[test]
    fn names_that_act_are_read() {
        for section in SECTIONS {
            for name in section.acting {
                // No option is a table: where one is refused, the name is read.
                let text = format!("[{}]\n{name} = {{ a = 1 }}\n", section.name);
                assert!(toml::from_str::<Document>(&text).is_err(), "{text}");
                assert_eq!(section.shape(name), None, "{name} is in both lists");
            }
            for name in section.idle.iter().flat_map(|(_, names)| names.iter()) {
                let text = format!("[{}]\n{name} = {{ a = 1 }}\n", section.name);
                assert!(toml::from_str::<Document>(&text).is_ok(), "{name} is read");
            }
        }
    }

    #[test]
    fn letters_are_counted() {
        for (a, b, mistakes) in
            [("", "", 0), ("ab", "", 2), ("", "ab", 2), ("abc", "axc", 1), ("abc", "bc", 1)]
        {
            assert_eq!(distance(a, b), mistakes, "{a} {b}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_name_is_a_panic(name: String) {
            let mut members = Table::new();
            members.insert(name, Value::Boolean(true));
            check(&Table::from_iter([("api".to_owned(), Value::Table(members))])).ok();
        }
    }
}
