//! `driver_info` of Redfish nodes as typed settings (contract `redfish.md` section 2). Contacts nobody.

mod address;
pub mod defaults;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::base::secret::Secret;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::redfish_settings::address::{address, decoded, host, root, system_id};
use crate::driver::bmc::redfish_settings::defaults::RedfishDefaults;
use crate::driver::bmc::settings::{Given, SettingsError, flag_word};
use crate::driver::bmc::{BmcKey, Protocol};
use crate::model::Object;
use crate::model::bmc::CredentialPrint;

/// What a node says of its Redfish service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedfishSettings {
    pub tls: bool,
    /// Lower case; an IPv6 address without brackets.
    pub host: String,
    pub port: u16,
    /// Path of the service root, with a slash at its end.
    pub root: String,
    /// Path of the system, ready for a request; without it the service has one system.
    pub system_id: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub trust: Trust,
    pub auth: Auth,
    pub tls_minimum: TlsVersion,
    /// How long a BMC may be silent while it updates its own firmware.
    pub firmware_update_unresponsive_bmc_wait: Duration,
    /// Said to the BMC if it is given; else it is left out, and means HTTP.
    pub media_transport: Option<MediaTransport>,
    pub config_via_removable: bool,
    /// What the BMC fetches images from, if it is another address than clients see.
    pub external_http_url: Option<String>,
    /// What the firmware boots over HTTP where the boot device is `uefihttp`; else what DHCP tells.
    pub http_boot_url: Option<String>,
}

/// Which certificate is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Any.
    Anybody,
    /// One that the machine's own authorities have signed.
    System,
    /// One that an authority of this file or folder has signed.
    Authorities(PathBuf),
    /// The one of this SHA-256, in lower-case hex.
    Pinned(String),
    /// The one that is seen first.
    FirstSeen,
}

/// How the daemon logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    Basic,
    Session,
    /// A session, or else basic.
    #[default]
    Auto,
}

impl Auth {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "basic" => Some(Self::Basic),
            "session" => Some(Self::Session),
            "auto" => Some(Self::Auto),
            _ => None,
        }
    }
}

/// The oldest TLS that is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TlsVersion {
    #[default]
    V1_2,
    V1_3,
}

impl TlsVersion {
    /// The error says what is wrong with the word.
    pub fn parse(word: &str) -> Result<Self, String> {
        match word {
            "1.2" => Ok(Self::V1_2),
            "1.3" => Ok(Self::V1_3),
            "1" | "1.0" | "1.1" => Err(format!(
                "TLS {word} is not spoken by this daemon's TLS library (rustls): give 1.2 or 1.3, and renew the \
                 BMC's firmware or use http if it speaks neither"
            )),
            _ => Err("must be 1.1, 1.2 or 1.3".to_owned()),
        }
    }
}

/// How a BMC fetches virtual media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaTransport {
    Http,
    Https,
    Nfs,
    Cifs,
}

impl MediaTransport {
    /// `TransferProtocolType` of Redfish.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
            Self::Nfs => "NFS",
            Self::Cifs => "CIFS",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let same = |one: &Self| one.name().eq_ignore_ascii_case(word);
        [Self::Http, Self::Https, Self::Nfs, Self::Cifs].into_iter().find(same)
    }
}

impl RedfishSettings {
    pub fn parse(info: &Object, defaults: &RedfishDefaults) -> Result<Self, SettingsError> {
        let given = Given(info);
        let address = address(given)?;
        let tls = address.scheme() == "https";
        let username = given.word("redfish_username")?.or_else(|| decoded(address.username()));
        let password = given.secret("redfish_password")?;
        let own = || address.password().and_then(decoded).map(Secret::new);
        no_ciphers(given)?;
        Ok(Self {
            tls,
            host: host(&address)?,
            port: address.port_or_known_default().unwrap_or(if tls { 443 } else { 80 }),
            root: root(&address),
            system_id: system_id(given)?,
            username,
            password: password.or_else(own),
            trust: trust(given, &defaults.trust, tls)?,
            auth: auth(given, defaults.auth)?,
            tls_minimum: tls_minimum(given, defaults.tls_minimum)?,
            firmware_update_unresponsive_bmc_wait: given
                .number("firmware_update_unresponsive_bmc_wait", 0, LONGEST_WAIT)?
                .map_or(defaults.firmware_update_unresponsive_bmc_wait, Duration::from_secs),
            media_transport: media_transport(given)?,
            config_via_removable: given
                .flag("config_via_removable", given.flag("config_via_floppy", false)?)?,
            external_http_url: http_url(given, "external_http_url")?,
            http_boot_url: http_url(given, "redfish_http_boot_url")?,
        })
    }

    /// The line that the node's calls go through.
    pub fn key(&self) -> BmcKey {
        BmcKey::new(Protocol::Redfish, &self.host, self.port, self.username.as_deref().unwrap_or_default())
    }

    /// The print of the node's credentials.
    pub fn print(&self, prints: &PrintKey) -> CredentialPrint {
        let secrets: Vec<&Secret> = self.password.iter().collect();
        prints.print(&self.key(), &secrets)
    }

    /// What requests begin with: scheme, host and port, without a slash at the end.
    pub fn origin(&self) -> String {
        let Self { host, port, .. } = self;
        let scheme = if self.tls { "https" } else { "http" };
        if host.contains(':') {
            format!("{scheme}://[{host}]:{port}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }
}

/// A pin comes first, then trust on first use where no authority is named, then `redfish_verify_ca`.
fn trust(given: Given<'_>, default: &Trust, tls: bool) -> Result<Trust, SettingsError> {
    const FIRST: &str = "redfish_tls_trust_first";
    let verify = verify_ca(given, default)?;
    let needs_tls = |key| if tls { Ok(()) } else { Err(SettingsError::invalid(key, NO_CERTIFICATE)) };
    if let Some(pin) = given.text(PIN)? {
        needs_tls(PIN)?;
        return pin_of(pin).map(Trust::Pinned).ok_or_else(|| {
            SettingsError::invalid(
                PIN,
                "must be the SHA-256 of the certificate: 64 hex digits, colons allowed",
            )
        });
    }
    if given.flag(FIRST, false)? {
        needs_tls(FIRST)?;
        return Ok(Trust::FirstSeen);
    }
    Ok(verify)
}

fn verify_ca(given: Given<'_>, default: &Trust) -> Result<Trust, SettingsError> {
    let of_flag = |on: bool| if on { default.clone() } else { Trust::Anybody };
    match given.value(VERIFY_CA) {
        None => Ok(default.clone()),
        Some(Value::Bool(on)) => Ok(of_flag(*on)),
        Some(Value::String(text)) => {
            let path = PathBuf::from(text);
            if path.exists() {
                return Ok(Trust::Authorities(path));
            }
            flag_word(text).map(of_flag).ok_or_else(|| {
                SettingsError::invalid(
                    VERIFY_CA,
                    "is neither true nor false nor an existing file or directory",
                )
            })
        }
        Some(Value::Number(number)) if flag_word(&number.to_string()).is_some() => {
            Ok(flag_word(&number.to_string()).map_or_else(|| default.clone(), of_flag))
        }
        Some(_) => {
            Err(SettingsError::invalid(VERIFY_CA, "must be true, false, or the path of a file or directory"))
        }
    }
}

/// Lower-case hex of a fingerprint as people write it.
pub fn pin_of(text: &str) -> Option<String> {
    let text = text.trim();
    let hex: String =
        text.strip_prefix("sha256:").unwrap_or(text).chars().filter(|one| *one != ':').collect();
    (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hex.to_ascii_lowercase())
}

fn auth(given: Given<'_>, default: Auth) -> Result<Auth, SettingsError> {
    const KEY: &str = "redfish_auth_type";
    given.text(KEY)?.map_or(Ok(default), |word| {
        Auth::parse(word).ok_or_else(|| SettingsError::invalid(KEY, "must be basic, session or auto"))
    })
}

fn tls_minimum(given: Given<'_>, default: TlsVersion) -> Result<TlsVersion, SettingsError> {
    const KEY: &str = "redfish_tls_minimum_version";
    given
        .word(KEY)?
        .map_or(Ok(default), |word| TlsVersion::parse(&word).map_err(|why| SettingsError::invalid(KEY, why)))
}

fn no_ciphers(given: Given<'_>) -> Result<(), SettingsError> {
    const KEY: &str = "redfish_tls_ciphers";
    match given.text(KEY)? {
        None => Ok(()),
        Some(_) => Err(SettingsError::invalid(KEY, NO_CIPHERS)),
    }
}

fn media_transport(given: Given<'_>) -> Result<Option<MediaTransport>, SettingsError> {
    const KEY: &str = "vmedia_transport_protocol";
    let Some(word) = given.text(KEY)? else { return Ok(None) };
    let wrong = || SettingsError::invalid(KEY, "must be HTTP, HTTPS, NFS or CIFS");
    MediaTransport::parse(word).map(Some).ok_or_else(wrong)
}

fn http_url(given: Given<'_>, key: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(text) = given.text(key)? else { return Ok(None) };
    let is_url = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let wrong = || SettingsError::invalid(key, "must be an http or https URL");
    is_url.then(|| text.to_owned()).map(Some).ok_or_else(wrong)
}

/// Why no list of ciphers is taken.
pub const NO_CIPHERS: &str = "an OpenSSL cipher list cannot be honoured: this daemon's TLS library (rustls) offers its own \
                              fixed set of AEAD ciphers with forward secrecy, and no other; remove it";
const NO_CERTIFICATE: &str = "needs a BMC that shows a certificate, but redfish_address begins with http://: make it \
                              https:// or remove this key";
const VERIFY_CA: &str = "redfish_verify_ca";
const PIN: &str = "redfish_tls_pin";
/// A day in seconds: longer waits are mistakes.
const LONGEST_WAIT: u64 = 86_400;

#[cfg(test)]
mod tests;
