//! The `Boot` object of a system, and boot options.

use serde_json::Value;

use crate::wire::redfish::lenient::{Field, Lenient, View, view};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::annotation::allowable;

view! {
    /// The members of `Boot`.
    pub struct BootMembers {
        /// `Pxe`, `Hdd`, `Cd`, `BiosSetup`, `UefiHttp`, `UefiTarget`, `UefiBootNext`, `UsbCd` ...
        target: Option<String> = "BootSourceOverrideTarget";
        /// `Disabled`, `Once`, `Continuous`.
        enabled: Option<String> = "BootSourceOverrideEnabled";
        /// `UEFI`, `Legacy`.
        mode: Option<String> = "BootSourceOverrideMode";
        http_uri: Option<String> = "HttpBootUri";
        uefi_target: Option<String> = "UefiTargetBootSourceOverride";
        order: Vec<String> = "BootOrder";
        next: Option<String> = "BootNext";
        options: Option<Link> = "BootOptions";
    }

    /// One entry of the boot order.
    pub struct BootOption {
        id: Option<String> = "Id";
        reference: Option<String> = "BootOptionReference";
        name: Option<String> = "DisplayName" | "Name";
        alias: Option<String> = "Alias";
        device_path: Option<String> = "UefiDevicePath";
        is_enabled: Option<bool> = "BootOptionEnabled";
    }
}

/// `Boot`: its members, and which of them it lists. A member that is listed, if only as null, may be written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Boot {
    pub members: BootMembers,
    pub targets: Option<Vec<String>>,
    pub enableds: Option<Vec<String>>,
    pub modes: Option<Vec<String>>,
    listed: Vec<String>,
}

impl View for Boot {
    fn read(value: &Value) -> Self {
        let known = |key: &&String| PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        let listed =
            value.as_object().map(|map| map.keys().filter(known).take(MEMBER_LIMIT).cloned().collect());
        Self {
            members: BootMembers::read(value),
            targets: allowable(value, "BootSourceOverrideTarget"),
            enableds: allowable(value, "BootSourceOverrideEnabled"),
            modes: allowable(value, "BootSourceOverrideMode"),
            listed: listed.unwrap_or_default(),
        }
    }
}

impl Lenient for Boot {
    fn lenient(value: &Value) -> Option<Self> {
        value.is_object().then(|| Self::read(value))
    }
}

impl Field for Boot {
    fn field(value: Option<&Value>) -> Self {
        value.map(Self::read).unwrap_or_default()
    }
}

impl Boot {
    /// Whether the object advertises the member: by itself or by its allowable values.
    pub fn lists(&self, member: &str) -> bool {
        let annotation = |key: &str| key.strip_prefix(member) == Some("@Redfish.AllowableValues");
        self.listed.iter().any(|key| key == member || annotation(key))
    }
}

/// How the names of members begin that may be written.
const PREFIXES: &[&str] = &["Boot", "HttpBoot", "UefiTargetBoot"];

/// Members of `Boot` that we remember: the standard has some thirty.
const MEMBER_LIMIT: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_null_member_is_listed_and_absent() {
        let boot = Boot::read(&json!({"HttpBootUri": null, "BootSourceOverrideTarget": "Pxe",
            "BootSourceOverrideMode@Redfish.AllowableValues": ["UEFI"]}));
        assert!(boot.lists("HttpBootUri") && boot.lists("BootSourceOverrideMode"));
        assert!(!boot.lists("BootSourceOverrideEnabled"));
        assert_eq!((boot.members.http_uri, boot.members.target.as_deref()), (None, Some("Pxe")));
        assert_eq!(boot.modes, Some(vec!["UEFI".to_owned()]));
        assert_eq!(boot.targets, None);
    }
}
