//! How a node's BMC is reached: address, root, account, trust.

use std::sync::Arc;

use url::Url;

use crate::base::secret::Secret;
use crate::driver::bmc::{BmcKey, Protocol};
use crate::net::outgoing::Trust;
use crate::net::tls::TlsFloor;

/// How the account is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    Basic,
    Session,
    /// A session, basic where there are none.
    #[default]
    Auto,
}

/// Which certificate the BMC must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verify {
    Roots,
    /// PEM of certificate authorities, from a file or a folder.
    Authorities(Arc<[u8]>),
    Insecure,
    /// SHA-256 of the certificate, lower-case hex.
    Pinned(String),
    /// The first one seen.
    TrustFirst,
}

/// One account on one BMC, and the system that a node stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Scheme, host and port; the path is `/`.
    pub base: Url,
    /// The service root, with a slash at both ends.
    pub root: String,
    /// The system's path; without it the BMC must have one system.
    pub system: Option<String>,
    pub user: Option<String>,
    pub password: Secret,
    pub auth: Auth,
    pub verify: Verify,
    pub floor: TlsFloor,
}

impl Access {
    /// Of an address such as `https://host/redfish/v1/`, with the defaults for all else.
    pub fn new(address: &Url) -> Self {
        let mut base = address.clone();
        base.set_query(None);
        base.set_fragment(None);
        base.set_path("/");
        let path = address.path().trim_matches('/');
        let root = if path.is_empty() { "/redfish/v1/".to_owned() } else { format!("/{path}/") };
        Self {
            base,
            root,
            system: None,
            user: None,
            password: Secret::default(),
            auth: Auth::default(),
            verify: Verify::Roots,
            floor: TlsFloor::default(),
        }
    }

    /// Host and port as links write them.
    pub fn authority(&self) -> String {
        let port = self.base.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.base.host_str().unwrap_or_default())
    }

    /// Whose queue the calls take.
    pub fn key(&self) -> BmcKey {
        let host = self.base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.base.port_or_known_default().unwrap_or(443);
        BmcKey::new(Protocol::Redfish, host, port, self.user.as_deref().unwrap_or_default())
    }

    pub fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The trust of a request; for trust on first use it is not known before the first look at the certificate.
    pub fn trust(&self) -> Option<Trust> {
        if !self.is_tls() {
            return Some(Trust::Plain);
        }
        match &self.verify {
            Verify::Roots => Some(Trust::Roots),
            Verify::Authorities(pem) => Some(Trust::Authorities(Arc::clone(pem))),
            Verify::Insecure => Some(Trust::Insecure),
            Verify::Pinned(hex) => unhex(hex).map(Trust::Fingerprint),
            Verify::TrustFirst => None,
        }
    }
}

/// A SHA-256 of 64 hex digits; colons between octets are allowed.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: String = text.chars().filter(|letter| *letter != ':').collect();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_base_and_a_root() {
        let access = |text: &str| Access::new(&Url::parse(text).unwrap());
        assert_eq!(access("https://bmc").root, "/redfish/v1/");
        assert_eq!(access("https://bmc/some/redfish/v1").root, "/some/redfish/v1/");
        assert_eq!(access("https://BMC:8443/x?y").authority(), "bmc:8443");
        assert_eq!(access("https://[fe80::1]/").key().to_string(), "redfish BMC [fe80::1]:443");
        assert_eq!(access("http://bmc").trust(), Some(Trust::Plain));
    }

    #[test]
    fn fingerprints_are_hex_with_or_without_colons() {
        let print = [0xab; 32];
        assert_eq!(unhex(&hex(&print)), Some(print));
        assert_eq!(unhex(&["ab"; 32].join(":")), Some(print));
        assert_eq!((unhex("ab"), unhex(&"zz".repeat(32))), (None, None));
    }
}
