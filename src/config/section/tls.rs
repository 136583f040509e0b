//! What the doors speak: plain HTTP, or TLS with a certificate of the site or of our own authority.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::config::ConfigError;
use crate::config::section::Document;
use crate::config::section::boot::Boot;

/// `[ssl]`: the reference's names for the files of `[api]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Ssl {
    pub cert_file: Option<PathBuf>,
    pub key_file: Option<PathBuf>,
}

/// Whose certificate a door shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// One that our own authority issues.
    Own,
    /// PEM files: the chain, the server's own certificate first, and its key.
    Files { chain: PathBuf, key: PathBuf },
}

/// `api.server_tls_minimum_version`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Oldest {
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

/// What all doors come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The operator's door, if it speaks TLS.
    pub operator: Option<Certificate>,
    /// `[boot] https_listen`
    pub boot: Option<Certificate>,
    pub oldest: Oldest,
    /// Names and addresses beside those that this host knows, for certificates of our own authority.
    pub names: Vec<String>,
}

impl Tls {
    /// A door beyond loopback speaks TLS unless it is said to be meant otherwise.
    pub fn of(document: &Document, listen: SocketAddr, insecure: bool) -> Result<Self, ConfigError> {
        let (api, boot) = (&document.api, &document.boot);
        let given = files("api.tls_certificate", (&api.tls_certificate, &api.tls_key))?;
        let given = match given {
            Some(given) => Some(given),
            None => files("ssl.cert_file", (&document.ssl.cert_file, &document.ssl.key_file))?,
        };
        let beyond = !listen.ip().is_loopback() && !insecure;
        if beyond && api.enable_ssl_api == Some(false) {
            let rule = "a door beyond loopback speaks TLS: if a proxy does that, listen on loopback; else say --insecure";
            return Err(ConfigError::Value { name: "api.enable_ssl_api", value: "false".to_owned(), rule });
        }
        let wanted = api.enable_ssl_api.unwrap_or(given.is_some() || beyond);
        let names = api.tls_names.clone().unwrap_or_default();
        if let Some(wrong) = names.iter().find(|name| !is_name(name)) {
            let (name, rule) = ("api.tls_names", "names of hosts and addresses, without port");
            return Err(ConfigError::Value { name, value: wrong.clone(), rule });
        }
        Ok(Self {
            operator: wanted.then(|| given.unwrap_or(Certificate::Own)),
            boot: of_boot(boot)?,
            oldest: api.server_tls_minimum_version.unwrap_or_default(),
            names,
        })
    }
}

/// The rack's door over HTTPS needs its address, and has a certificate of our own unless files are given.
fn of_boot(boot: &Boot) -> Result<Option<Certificate>, ConfigError> {
    let given = files("boot.tls_certificate", (&boot.tls_certificate, &boot.tls_key))?;
    match (boot.https_listen, given) {
        (Some(_), given) => Ok(Some(given.unwrap_or(Certificate::Own))),
        (None, None) => Ok(None),
        (None, Some(_)) => {
            let rule = "tls_certificate and tls_key need https_listen, the address of that door";
            Err(ConfigError::Value { name: "boot.https_listen", value: "none".to_owned(), rule })
        }
    }
}

fn files(
    name: &'static str,
    given: (&Option<PathBuf>, &Option<PathBuf>),
) -> Result<Option<Certificate>, ConfigError> {
    match given {
        (Some(chain), Some(key)) => Ok(Some(Certificate::Files { chain: chain.clone(), key: key.clone() })),
        (None, None) => Ok(None),
        (Some(path), None) | (None, Some(path)) => {
            let rule = "certificate and key go together";
            Err(ConfigError::Value { name, value: path.display().to_string(), rule })
        }
    }
}

/// Whether a certificate can name it: an address, or letters, digits, hyphens and dots.
pub fn is_name(text: &str) -> bool {
    let is_host = |text: &str| {
        let is_label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        text.len() <= LONGEST_NAME && text.trim_start_matches("*.").split('.').all(is_label)
    };
    text.parse::<std::net::IpAddr>().is_ok() || is_host(text)
}

/// Characters of a DNS name (RFC 1035 2.3.4).
const LONGEST_NAME: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: &str = "127.0.0.1:6385";
    const ANYWHERE: &str = "[::]:6385";

    fn of(text: &str, listen: &str, insecure: bool) -> Result<Tls, String> {
        let document: Document = toml::from_str(text).unwrap();
        Tls::of(&document, listen.parse().unwrap(), insecure).map_err(|error| error.to_string())
    }

    fn files() -> Option<Certificate> {
        Some(Certificate::Files { chain: "c".into(), key: "k".into() })
    }

    #[test]
    fn a_door_beyond_loopback_speaks_tls_unless_it_is_meant_to_be_open() {
        assert_eq!(of("", LOOPBACK, false).unwrap().operator, None);
        assert_eq!(of("", ANYWHERE, false).unwrap().operator, Some(Certificate::Own));
        assert_eq!(of("", ANYWHERE, true).unwrap().operator, None);
        let off = "[api]\nenable_ssl_api = false\n";
        assert!(of(off, ANYWHERE, false).unwrap_err().contains("--insecure"));
        assert_eq!(of(off, ANYWHERE, true).unwrap().operator, None);
        assert_eq!(of(off, LOOPBACK, false).unwrap().operator, None);
        assert_eq!(
            of("[api]\nenable_ssl_api = true\n", LOOPBACK, false).unwrap().operator,
            Some(Certificate::Own)
        );
    }

    #[test]
    fn files_are_named_as_ours_or_as_the_reference_names_them() {
        let ours = "[api]\ntls_certificate = \"c\"\ntls_key = \"k\"\n";
        assert_eq!(of(ours, LOOPBACK, false).unwrap().operator, files());
        let theirs = "[api]\nenable_ssl_api = true\n[ssl]\ncert_file = \"c\"\nkey_file = \"k\"\n";
        assert_eq!(of(theirs, ANYWHERE, true).unwrap().operator, files());
        let off = "[api]\nenable_ssl_api = false\ntls_certificate = \"c\"\ntls_key = \"k\"\n";
        assert_eq!(of(off, LOOPBACK, false).unwrap().operator, None);
    }

    #[test]
    fn the_racks_door_over_https_has_a_certificate_of_its_own_unless_one_is_given() {
        let own = "[boot]\nhttps_listen = \"127.0.0.1:0\"\n";
        assert_eq!(of(own, LOOPBACK, false).unwrap().boot, Some(Certificate::Own));
        let given = format!("{own}tls_certificate = \"c\"\ntls_key = \"k\"\n");
        assert_eq!(of(&given, LOOPBACK, false).unwrap().boot, files());
        assert_eq!(of("", LOOPBACK, false).unwrap().boot, None);
    }

    #[test]
    fn halves_and_odd_names_are_refused_by_name() {
        for (text, word) in [
            ("[api]\ntls_certificate = \"c\"\n", "api.tls_certificate"),
            ("[ssl]\nkey_file = \"k\"\n", "ssl.cert_file"),
            ("[boot]\ntls_key = \"k\"\n", "boot.tls_certificate"),
            ("[boot]\ntls_key = \"k\"\ntls_certificate = \"c\"\n", "https_listen"),
            ("[api]\ntls_names = [\"a b\"]\n", "api.tls_names"),
            ("[api]\ntls_names = [\"a:6385\"]\n", "api.tls_names"),
        ] {
            let told = of(text, LOOPBACK, false).unwrap_err();
            assert!(told.contains(word), "{text}: {told}");
        }
        assert!(["rack7", "*.example.org", "10.0.0.1", "fd00::1", "a-b.c"].into_iter().all(is_name));
        assert!(["", "a..b", "-a", "a_b", "ä", "[fd00::1]"].into_iter().all(|name| !is_name(name)));
    }
}
