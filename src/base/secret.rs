//! A text that no log and no error may show.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text. `Debug` and `Display` show six asterisks; the memory is wiped on drop.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the texts differ.
    pub fn matches(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.reveal())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// What a reply shows in place of a secret (Ironic's mask).
pub const MASK: &str = "******";

/// Whether a key names a secret, as Ironic masks replies: the key holds one of the telling words.
pub fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    TELLING.iter().any(|word| key.contains(word))
}

/// Parts of key names that tell a secret (the mask list of oslo.utils, which the reference applies).
const TELLING: &[&str] = &[
    "adminpass",
    "admin_pass",
    "api_key",
    "auth_token",
    "authkey",
    "auth_password",
    "chapsecret",
    "credential",
    "fernetkey",
    "originalkey",
    "password",
    "passphrase",
    "private_key",
    "rescue_password",
    "secret",
    "token",
    "snmp_auth_key",
    "snmp_priv_key",
    "encryption_key",
    "community",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "****** ******");
        assert!(secret.matches("hunter2"));
        assert!(!secret.matches("hunter"));
    }

    #[test]
    fn keys_that_name_secrets_are_known() {
        for key in ["redfish_password", "ipmi_password", "agent_secret_token", "snmp_auth_key"] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["redfish_address", "deploy_kernel", "username"] {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
