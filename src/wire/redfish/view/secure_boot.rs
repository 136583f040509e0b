//! Secure boot, and what of `Bios` the boot mode needs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::wire::redfish::lenient::{Field, Lenient, view};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::annotation::{Action, Settings};

view! {
    /// `SecureBoot`.
    pub struct SecureBoot {
        enable: Option<bool> = "SecureBootEnable";
        /// `Enabled` or `Disabled`: what the running boot had.
        current: Option<String> = "SecureBootCurrentBoot";
        /// `SetupMode`, `UserMode`, `AuditMode`, `DeployedMode`.
        mode: Option<String> = "SecureBootMode";
        reset_keys: Option<Action> = "Actions/#SecureBoot.ResetKeys";
        databases: Option<Link> = "SecureBootDatabases";
        settings: Option<Settings> = "@Redfish.Settings";
    }

    /// `Bios`.
    pub struct Bios {
        id: Option<String> = "Id";
        registry: Option<String> = "AttributeRegistry";
        attributes: Attributes = "Attributes";
        settings: Option<Settings> = "@Redfish.Settings";
        reset: Option<Action> = "Actions/#Bios.ResetBios";
    }

    /// `Certificate`.
    pub struct Certificate {
        id: Option<String> = "Id";
        /// PEM as a rule; `kind` says.
        text: Option<String> = "CertificateString";
        kind: Option<String> = "CertificateType";
        not_after: Option<String> = "ValidNotAfter";
        subject: Option<String> = "Subject/CommonName";
        issuer: Option<String> = "Issuer/CommonName";
    }
}

/// Attribute names and their values as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(pub BTreeMap<String, String>);

impl Field for Attributes {
    fn field(value: Option<&Value>) -> Self {
        let map = value.and_then(Value::as_object);
        let entries = map.into_iter().flat_map(|map| map.iter().take(ATTRIBUTE_LIMIT));
        let known = entries.filter_map(|(name, value)| Some((name.clone(), String::lenient(value)?)));
        Self(known.collect())
    }
}

impl Attributes {
    /// An attribute's value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl Bios {
    /// `UEFI` or `Legacy` as the attributes that vendors use tell it; absent if none of them is there.
    pub fn boot_mode(&self) -> Option<&'static str> {
        let told = BOOT_MODE_ATTRIBUTES.iter().find_map(|name| self.attributes.value(name))?;
        let told = told.to_ascii_lowercase();
        let is_legacy = told.contains("legacy") || told == "bios" || told == "bootmodebios";
        match (is_legacy, told.contains("uefi")) {
            (true, false) => Some("Legacy"),
            (false, true) => Some("UEFI"),
            (true, true) | (false, false) => None,
        }
    }
}

/// Where vendors keep the boot mode: Dell and HPE, Lenovo, Supermicro, Huawei.
const BOOT_MODE_ATTRIBUTES: &[&str] = &[
    "BootMode",
    "BootModes_SystemBootMode",
    "SystemBootMode",
    "BootModeSelect",
    "BootType",
    "BootModeselect",
];

/// Attributes of one BIOS: real ones have a few hundred to two thousand.
const ATTRIBUTE_LIMIT: usize = 8192;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn the_boot_mode_is_read_from_attributes() {
        for (value, mode) in [
            (json!({"Attributes": {"BootMode": "Uefi"}}), Some("UEFI")),
            (json!({"Attributes": {"BootMode": "Bios"}}), Some("Legacy")),
            (json!({"Attributes": {"BootMode": "LegacyBios"}}), Some("Legacy")),
            (json!({"Attributes": {"BootModeSelect": "DUAL (Legacy and UEFI)"}}), None),
            (json!({"Attributes": [1]}), None),
            (json!({}), None),
        ] {
            assert_eq!(Bios::read(&value).boot_mode(), mode, "{value}");
        }
    }
}
