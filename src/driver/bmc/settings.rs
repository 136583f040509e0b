//! Reading `driver_info`: texts and numbers as clients write them, and errors that name the key.

use serde_json::Value;

use crate::base::secret::Secret;
use crate::model::Object;

/// Why the settings of a BMC are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("missing in the node's driver_info: {0}")]
    Missing(String),
    #[error("driver_info {key}: {why}")]
    Invalid { key: &'static str, why: String },
}

impl SettingsError {
    pub fn invalid(key: &'static str, why: impl Into<String>) -> Self {
        Self::Invalid { key, why: why.into() }
    }
}

/// A node's `driver_info` under reading.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a>(pub &'a Object);

impl<'a> Given<'a> {
    /// The value, unless it is null or not there.
    pub fn value(self, key: &'static str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text; empty is nothing.
    pub fn text(self, key: &'static str) -> Result<Option<&'a str>, SettingsError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(SettingsError::invalid(key, "must be a text")),
        }
    }

    /// A text, or a number as text; empty is nothing.
    pub fn word(self, key: &'static str) -> Result<Option<String>, SettingsError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(SettingsError::invalid(key, "must be a text or a number")),
        }
    }

    /// The same, kept secret.
    pub fn secret(self, key: &'static str) -> Result<Option<Secret>, SettingsError> {
        Ok(self.word(key)?.map(Secret::new))
    }

    /// A boolean or a text that reads as one.
    pub fn flag(self, key: &'static str, default: bool) -> Result<bool, SettingsError> {
        let wrong = || SettingsError::invalid(key, "must be true or false");
        match self.value(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) => flag_word(text).ok_or_else(wrong),
            Some(Value::Number(number)) => flag_word(&number.to_string()).ok_or_else(wrong),
            Some(_) => Err(wrong()),
        }
    }

    /// A whole number within these bounds, decimal or with `0x`, as number or text.
    pub fn number<T: TryFrom<u64>>(
        self,
        key: &'static str,
        least: u64,
        most: u64,
    ) -> Result<Option<T>, SettingsError> {
        let Some(word) = self.word(key)? else { return Ok(None) };
        let wrong = || SettingsError::invalid(key, format!("must be a whole number from {least} to {most}"));
        let number = whole(word.trim()).filter(|number| (least..=most).contains(number)).ok_or_else(wrong)?;
        T::try_from(number).map(Some).map_err(|_| wrong())
    }
}

fn whole(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
    }
}

/// A text that reads as a boolean (the words that the reference takes).
pub fn flag_word(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// Whether it can be the name or address of a host.
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    let numbers_only = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse::<std::net::IpAddr>().is_ok()
        || (text.len() <= 255 && !numbers_only && name.split('.').all(label))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::driver::bmc::ipmi_settings::{IpmiDefaults, IpmiSettings};
    use crate::driver::bmc::redfish_settings::RedfishSettings;
    use crate::driver::bmc::redfish_settings::defaults::RedfishDefaults;

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            "\\PC{0,40}".prop_map(Value::from),
            "(https?://)?[a-z0-9.:\\[\\]@/%]{0,30}".prop_map(Value::from),
            Just(json!({"a": []})),
        ]
    }

    proptest! {
        #[test]
        fn whatever_a_client_writes_is_taken_or_refused(
            redfish in proptest::collection::hash_map(key(REDFISH), values(), 0..6),
            ipmi in proptest::collection::hash_map(key(IPMI), values(), 0..6),
        ) {
            let mut info: Object = redfish.into_iter().collect();
            if let Ok(settings) = RedfishSettings::parse(&info, &RedfishDefaults::default()) {
                prop_assert!(settings.root.starts_with('/') && settings.root.ends_with('/'));
                prop_assert!(url::Url::parse(&settings.origin()).is_ok(), "{}", settings.origin());
            }
            info = ipmi.into_iter().collect();
            if let Ok(settings) = IpmiSettings::parse(&info, &IpmiDefaults::default()) {
                prop_assert!(settings.port > 0 && settings.username.len() <= 16);
            }
        }
    }

    fn key(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
        proptest::sample::select(keys).prop_map(str::to_owned)
    }

    #[test]
    fn hosts_are_told_from_other_texts() {
        for good in ["10.0.0.1", "fd00::1", "bmc-1.rack.example", "bmc_1", "a."] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "10.0.0", "1.2.3.4.5", "a b", "a..b", "http://a", "-é"] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    const REDFISH: &[&str] = &[
        "redfish_address",
        "redfish_system_id",
        "redfish_username",
        "redfish_verify_ca",
        "redfish_auth_type",
        "redfish_tls_pin",
        "redfish_tls_minimum_version",
        "firmware_update_unresponsive_bmc_wait",
        "vmedia_transport_protocol",
        "config_via_removable",
    ];
    const IPMI: &[&str] = &[
        "ipmi_address",
        "ipmi_port",
        "ipmi_username",
        "ipmi_password",
        "ipmi_priv_level",
        "ipmi_cipher_suite",
        "ipmi_hex_kg_key",
        "ipmi_bridging",
        "ipmi_target_channel",
        "ipmi_target_address",
    ];
}
