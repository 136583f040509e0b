//! A text that no log and no error may show.

use std::fmt;
use std::ops::Range;

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
///
/// Asked for every key of every node in a list, so that it neither allocates nor compares what begins differently.
pub fn is_secret_key(key: &str) -> bool {
    let mut rest = key.as_bytes();
    while let [first, after @ ..] = rest {
        if telling(*first).iter().any(|word| begins(rest, word)) {
            return true;
        }
        rest = after;
    }
    false
}

/// Which members of an object are secret, at every depth: what a reply masks is what the store seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Veil {
    /// Those with telling names.
    Names,
    /// Those of a node's `instance_info` and media: the config drive and the image's address (it may be signed), too.
    Instance,
}

impl Veil {
    /// Whether the member of this name is secret.
    pub fn hides(self, key: &str) -> bool {
        is_secret_key(key) || self == Self::Instance && matches!(key, "configdrive" | "image_url")
    }

    /// The veil of a node's member of this name.
    pub fn of_member(name: &str) -> Self {
        if matches!(name, "instance_info" | "media") { Self::Instance } else { Self::Names }
    }
}

/// The text with its password masked, if it is a URL that holds one (`http://admin:******@host`); `key` is the name
/// it stands under, since an address may lack its scheme.
pub fn masked_url(key: &str, text: &str) -> Option<String> {
    let place = url_password(key, text)?;
    let (before, after) = (text.get(..place.start)?, text.get(place.end..)?);
    Some(format!("{before}{MASK}{after}"))
}

/// Where the password of a URL stands (RFC 3986 3.2.1). The last `@` ends it, as URL parsers read it.
fn url_password(key: &str, text: &str) -> Option<Range<usize>> {
    // Most texts end here.
    text.find('@')?;
    let start = match text.find("://") {
        Some(scheme) => scheme + "://".len(),
        None if key.ends_with("_address") => 0,
        None => return None,
    };
    let rest = text.get(start..)?;
    let authority = rest.get(..rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
    let user = authority.get(..authority.rfind('@')?)?;
    let colon = user.find(':')?;
    let place = start + colon + 1..start + user.len();
    (!place.is_empty()).then_some(place)
}

fn begins(text: &[u8], word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Parts of key names that tell a secret (the mask list of oslo.utils, which the reference applies, and the key of a
/// BMC, which it forgets), by their first letter.
fn telling(first: u8) -> &'static [&'static str] {
    match first.to_ascii_lowercase() {
        b'a' => &["adminpass", "admin_pass", "api_key", "auth_token", "authkey", "auth_password"],
        b'c' => &["chapsecret", "credential", "community"],
        b'e' => &["encryption_key"],
        b'f' => &["fernetkey"],
        b'i' => &["ipmi_hex_kg_key"],
        b'o' => &["originalkey"],
        b'p' => &["password", "passphrase", "private_key"],
        b's' => &["secret", "snmp_auth_key", "snmp_priv_key"],
        b't' => &["token"],
        _ => &[],
    }
}

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
    fn an_instance_has_more_secrets() {
        for key in ["configdrive", "image_url"] {
            assert!(
                Veil::of_member("instance_info").hides(key) && !Veil::of_member("extra").hides(key),
                "{key}"
            );
        }
        assert!(Veil::Instance.hides("password") && Veil::Names.hides("password"));
        assert!(!Veil::Instance.hides("image_source"));
    }

    #[test]
    fn passwords_in_urls_are_masked_and_nothing_else() {
        for (key, text, shown) in [
            ("redfish_address", "http://adm:pw@host:8000/x", Some("http://adm:******@host:8000/x")),
            ("redfish_address", "adm:p:w@@host", Some("adm:******@host")),
            ("deploy_kernel", "https://u:s3cret@files/kernel?a@b", Some("https://u:******@files/kernel?a@b")),
            ("deploy_kernel", "https://:s3cret@files", Some("https://:******@files")),
            ("deploy_kernel", "https://user@files/kernel", None),
            ("deploy_kernel", "https://user:@files/kernel", None),
            ("deploy_kernel", "https://files/a:b@c", None),
            ("owner", "a:b@example.org", None),
            ("redfish_address", "fd00::1", None),
            ("é", "é://é:é@é", Some("é://é:******@é")),
        ] {
            assert_eq!(masked_url(key, text).as_deref(), shown, "{text}");
        }
    }

    #[test]
    fn keys_that_name_secrets_are_known() {
        for key in [
            "redfish_password",
            "ipmi_Password",
            "agent_secret_token",
            "snmp_auth_key",
            "x_adminPass",
            "ipmi_hex_kg_key",
        ] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["redfish_address", "deploy_kernel", "username", "", "passwor", "é"] {
            assert!(!is_secret_key(key), "{key}");
        }
    }
}
