//! How a node's BMC is reached, ready for requests: made from the node's settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::base::secret::Secret;
use crate::driver::bmc::BmcKey;
use crate::driver::bmc::redfish_settings::{Auth, RedfishSettings, TlsVersion, Trust};
use crate::driver::redfish::talk::error::RedfishError;
use crate::net::tls::{TlsFloor, holds_certificates};

/// One account on one BMC, and the system that a node stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Scheme, host and port; the path is `/`.
    pub base: Url,
    pub key: BmcKey,
    /// The service root, with a slash at both ends.
    pub root: String,
    /// The system's path; without it the BMC must have one system.
    pub system: Option<String>,
    pub user: Option<String>,
    pub password: Secret,
    pub auth: Auth,
    /// One log-in is tried, for an account that nobody knows to be this BMC's: basic only where it has no sessions.
    pub once: bool,
    pub trust: Trust,
    pub floor: TlsFloor,
    pub settings: RedfishSettings,
}

impl Access {
    pub fn of(settings: RedfishSettings) -> Result<Self, RedfishError> {
        let origin = settings.origin();
        let no_url = |_| RedfishError::Invalid(format!("{origin} is no address of a BMC"));
        Ok(Self {
            base: Url::parse(&origin).map_err(no_url)?,
            key: settings.key(),
            root: settings.root.clone(),
            system: settings.system_id.clone(),
            user: settings.username.clone(),
            password: settings.password.clone().unwrap_or_default(),
            auth: settings.auth,
            once: false,
            trust: settings.trust.clone(),
            floor: match settings.tls_minimum {
                TlsVersion::V1_2 => TlsFloor::Tls12,
                TlsVersion::V1_3 => TlsFloor::Tls13,
            },
            settings,
        })
    }

    /// Host and port as links write them.
    pub fn authority(&self) -> String {
        let port = self.base.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.base.host_str().unwrap_or_default())
    }

    pub fn is_tls(&self) -> bool {
        self.base.scheme() == "https"
    }
}

/// The certificate authorities of a file, or of all files of a folder; there is one at least.
pub async fn authorities(path: &Path) -> Result<Arc<[u8]>, RedfishError> {
    let (owned, shown) = (path.to_owned(), path.display().to_string());
    let read = tokio::task::spawn_blocking(move || authorities_now(&owned)).await;
    read.unwrap_or_else(|error| Err(unread(&shown, &error))).map(Into::into)
}

/// The same where it may block.
pub fn authorities_now(path: &Path) -> Result<Vec<u8>, RedfishError> {
    let shown = path.display().to_string();
    let pem = read_all(path).map_err(|error| unread(&shown, &error))?;
    if holds_certificates(&pem) {
        return Ok(pem);
    }
    Err(RedfishError::Invalid(format!(
        "redfish_verify_ca {shown} holds no certificate: give certificate authorities, or the BMC's own certificate, as PEM"
    )))
}

fn unread(path: &str, why: &dyn std::error::Error) -> RedfishError {
    RedfishError::Invalid(format!("redfish_verify_ca {path} cannot be read: {why}"))
}

fn read_all(path: &Path) -> std::io::Result<Vec<u8>> {
    if !path.is_dir() {
        return std::fs::read(path);
    }
    let entries: Result<Vec<_>, _> = std::fs::read_dir(path)?.collect();
    let mut files: Vec<PathBuf> =
        entries?.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    let mut pem = Vec::new();
    for file in files.iter().take(FILES) {
        if file.metadata()?.len() <= FILE_SIZE {
            pem.extend(std::fs::read(file)?);
            pem.push(b'\n');
        }
    }
    Ok(pem)
}

/// A SHA-256 of 64 hex digits.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Files of a folder of authorities: a distribution's has some three hundred, under two names each.
const FILES: usize = 2000;
/// Bytes of one of them.
const FILE_SIZE: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_hex() {
        let print = [0xab; 32];
        assert_eq!(unhex(&hex(&print)), Some(print));
        assert_eq!((unhex("ab"), unhex(&"zz".repeat(32))), (None, None));
    }

    #[tokio::test]
    async fn authorities_come_from_a_file_or_a_folder() {
        let home = tempfile::tempdir().unwrap();
        let made = || crate::net::tls::self_signed("bmc.example").unwrap().certificate;
        let (one, two) = (made(), made());
        std::fs::write(home.path().join("b.pem"), &two).unwrap();
        std::fs::write(home.path().join("a.pem"), &one).unwrap();
        std::fs::write(home.path().join("c.txt"), "none").unwrap();
        let both = authorities(home.path()).await.unwrap();
        assert_eq!(&*both, format!("{one}\n{two}\nnone\n").as_bytes());
        assert_eq!(&*authorities(&home.path().join("a.pem")).await.unwrap(), one.as_bytes());
        let error = authorities(&home.path().join("c.txt")).await.unwrap_err().to_string();
        assert!(error.contains("c.txt holds no certificate"), "{error}");
        let error = authorities(&home.path().join("c")).await.unwrap_err().to_string();
        assert!(error.contains("redfish_verify_ca") && error.contains("/c"), "{error}");
    }
}
