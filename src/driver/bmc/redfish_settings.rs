//! `driver_info` of Redfish nodes as typed settings (contract `redfish.md` section 2). Contacts nobody.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::{Host, Url};

use crate::base::secret::Secret;
use crate::driver::bmc::print::PrintKey;
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

/// What `[redfish]` says for all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedfishDefaults {
    pub auth: Auth,
    pub tls_minimum: TlsVersion,
    /// In place of a `redfish_verify_ca` that is missing or true.
    pub trust: Trust,
    pub firmware_update_unresponsive_bmc_wait: Duration,
    pub connect_timeout: Duration,
    pub read_timeout: Duration,
    /// Tries of a power-on that conflicts with a machine in POST, and the pause between them.
    pub power_on_conflict: (u32, Duration),
    /// Whether verification looks at the BMC's clock, and sets it right.
    pub verify_bmc_clock: bool,
    /// Whether the machine's health is kept with its node.
    pub health: bool,
    /// How long an inserted medium is awaited, and how often it is looked at.
    pub vmedia_insert: (Duration, Duration),
    /// The account of the share that images come from over CIFS.
    pub cifs: Share,
}

/// An account of a share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Share {
    pub username: Option<String>,
    pub password: Option<Secret>,
}

impl Default for RedfishDefaults {
    /// The reference's (contract `config.md`).
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            auth: Auth::Auto,
            tls_minimum: TlsVersion::V1_2,
            trust: Trust::System,
            firmware_update_unresponsive_bmc_wait: Duration::ZERO,
            connect_timeout: seconds(30),
            read_timeout: seconds(60),
            power_on_conflict: (6, seconds(10)),
            verify_bmc_clock: false,
            health: true,
            vmedia_insert: (seconds(60), seconds(2)),
            cifs: Share::default(),
        }
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

/// The URL as given; no scheme means https, and an IPv6 address may lack its brackets.
fn address(given: Given<'_>) -> Result<Url, SettingsError> {
    let text = given.text(ADDRESS)?.ok_or_else(|| SettingsError::Missing(ADDRESS.to_owned()))?.trim();
    let bracketed = || text.parse::<std::net::Ipv6Addr>().map(|address| format!("https://[{address}]"));
    let full = match bracketed() {
        Ok(full) => full,
        Err(_) if text.contains("://") => text.to_owned(),
        Err(_) => format!("https://{text}"),
    };
    let wrong = |why: &str| SettingsError::invalid(ADDRESS, format!("is no URL of a Redfish service: {why}"));
    let url = Url::parse(&full).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("its scheme must be https or http"));
    }
    if url.port() == Some(0) {
        return Err(wrong("port 0 is none"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    Ok(url)
}

fn host(url: &Url) -> Result<String, SettingsError> {
    match url.host() {
        Some(Host::Domain(name)) => Ok(name.to_lowercase()),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        None => Err(SettingsError::invalid(ADDRESS, "names no host")),
    }
}

fn root(url: &Url) -> String {
    match url.path() {
        "" | "/" => "/redfish/v1/".to_owned(),
        path if path.ends_with('/') => path.to_owned(),
        path => format!("{path}/"),
    }
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8_lossy().into_owned()).filter(|text| !text.is_empty())
}

/// A path at the address, and nothing that a URL could lead elsewhere with: a scheme, or another host.
fn system_id(given: Given<'_>) -> Result<Option<String>, SettingsError> {
    const KEY: &str = "redfish_system_id";
    let Some(text) = given.text(KEY)? else { return Ok(None) };
    let path = quoted(text.trim());
    if path.starts_with("//") || Url::parse(&path).is_ok() {
        let why = "must be the path of the system, as /redfish/v1/Systems/1: host and port stand in redfish_address";
        return Err(SettingsError::invalid(KEY, why));
    }
    Ok(Some(path))
}

/// A path with all but its plain characters quoted; what is quoted already stays.
fn quoted(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
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
const ADDRESS: &str = "redfish_address";
const VERIFY_CA: &str = "redfish_verify_ca";
const PIN: &str = "redfish_tls_pin";
/// A day in seconds: longer waits are mistakes.
const LONGEST_WAIT: u64 = 86_400;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(info: Value) -> Result<RedfishSettings, String> {
        let Value::Object(info) = info else { panic!("an object") };
        RedfishSettings::parse(&info, &RedfishDefaults::default()).map_err(|error| error.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn with(key: &str, value: Value) -> Result<RedfishSettings, String> {
        parse(json!({"redfish_address": "bmc", key: value}))
    }

    #[test]
    fn addresses_are_taken_in_every_form() {
        for (given, origin, root) in [
            ("10.0.0.1", "https://10.0.0.1:443", "/redfish/v1/"),
            ("http://BMC.example:8000/", "http://bmc.example:8000", "/redfish/v1/"),
            ("fd00::1", "https://[fd00::1]:443", "/redfish/v1/"),
            ("[fd00::1]:8443/other/v1", "https://[fd00::1]:8443", "/other/v1/"),
            ("https://bmc/redfish/v1/", "https://bmc:443", "/redfish/v1/"),
        ] {
            let settings = with("redfish_address", json!(given)).unwrap();
            assert_eq!((settings.origin().as_str(), settings.root.as_str()), (origin, root), "{given}");
        }
        for wrong in [
            json!("bmc:0"),
            json!("http://bmc:0"),
            json!("ftp://bmc"),
            json!("https://"),
            json!("http://b?x=1"),
            json!("a b"),
            json!(7),
        ] {
            assert!(
                with("redfish_address", wrong.clone()).unwrap_err().contains("redfish_address"),
                "{wrong}"
            );
        }
        assert_eq!(parse(json!({})).unwrap_err(), "missing in the node's driver_info: redfish_address");
        assert_eq!(with("redfish_address", json!("")).unwrap_err(), parse(json!({})).unwrap_err());
    }

    #[test]
    fn credentials_come_from_keys_or_address_and_are_not_shown() {
        let settings = with("redfish_address", json!("https://ad%40min:hunter2@bmc")).unwrap();
        assert_eq!(settings.username.as_deref(), Some("ad@min"));
        assert!(settings.password.as_ref().unwrap().matches("hunter2"));
        assert!(!format!("{settings:?} {}", settings.key()).contains("hunter2"));
        let prints = PrintKey::new(Secret::new("k"));
        let other = with("redfish_password", json!("x")).unwrap();
        assert_ne!(settings.print(&prints), other.print(&prints));
        assert_eq!(with("redfish_password", json!(12345)).unwrap().password, Some(Secret::new("12345")));
    }

    #[test]
    fn certificates_are_trusted_as_the_node_says() {
        let trust = |value: Value| with("redfish_verify_ca", value).map(|settings| settings.trust);
        assert_eq!(with("x", json!(1)).unwrap().trust, Trust::System);
        for (value, expected) in [
            (json!(true), Trust::System),
            (json!("yes"), Trust::System),
            (json!(false), Trust::Anybody),
            (json!("False"), Trust::Anybody),
            (json!("/"), Trust::Authorities("/".into())),
            (json!(1), Trust::System),
            (json!(0), Trust::Anybody),
        ] {
            assert_eq!(trust(value).unwrap(), expected);
        }
        for wrong in [json!("/no/such/file"), json!(2), json!(0.5), json!({})] {
            assert!(trust(wrong).unwrap_err().contains("redfish_verify_ca"));
        }
        let hex = "AB".repeat(32);
        let pin = with("redfish_tls_pin", json!(hex)).unwrap().trust;
        assert_eq!(pin, Trust::Pinned("ab".repeat(32)));
        for (key, value) in [("redfish_tls_pin", json!(hex)), ("redfish_tls_trust_first", json!(true))] {
            let error = parse(json!({"redfish_address": "http://bmc", key: value})).unwrap_err();
            assert!(error.contains(key) && error.contains("https://"), "{error}");
        }
        assert!(with("redfish_tls_pin", json!("abcd")).unwrap_err().contains("64 hex digits"));
        assert_eq!(with("redfish_tls_trust_first", json!("true")).unwrap().trust, Trust::FirstSeen);
    }

    #[test]
    fn a_system_is_a_path_and_leads_nowhere_else() {
        for id in [
            "http://127.0.0.1:38331/redfish/v1/Systems/1",
            "https://bmc/redfish/v1/Systems/1",
            "//127.0.0.1:38331/redfish/v1/Systems/1",
            " //bmc/redfish/v1/Systems/1",
            "javascript:alert(1)",
        ] {
            assert!(with("redfish_system_id", json!(id)).unwrap_err().contains("redfish_system_id"), "{id}");
        }
        let odd = with("redfish_system_id", json!("/\\\\127.0.0.1/x")).unwrap().system_id;
        assert_eq!(odd.as_deref(), Some("/%5C%5C127.0.0.1/x"));
    }

    #[test]
    fn what_rustls_cannot_do_is_said() {
        let old = with("redfish_tls_minimum_version", json!("1.1")).unwrap_err();
        assert!(old.contains("rustls") && old.contains("1.2 or 1.3"), "{old}");
        assert_eq!(with("redfish_tls_minimum_version", json!(1.3)).unwrap().tls_minimum, TlsVersion::V1_3);
        let ciphers = with("redfish_tls_ciphers", json!("HIGH:!aNULL")).unwrap_err();
        assert!(ciphers.contains("rustls") && !ciphers.contains("HIGH"), "{ciphers}");
    }

    #[test]
    fn the_other_keys_have_defaults_and_bounds() {
        let plain = with("x", json!(1)).unwrap();
        assert_eq!(
            (plain.auth, plain.media_transport, plain.system_id, plain.external_http_url),
            (Auth::Auto, None, None, None)
        );
        assert!(!plain.config_via_removable);
        assert_eq!(with("redfish_auth_type", json!("basic")).unwrap().auth, Auth::Basic);
        assert_eq!(
            with("vmedia_transport_protocol", json!("CIFS")).unwrap().media_transport,
            Some(MediaTransport::Cifs)
        );
        let url = with("external_http_url", json!("http://10.0.0.1/ferric")).unwrap().external_http_url;
        assert_eq!(url.as_deref(), Some("http://10.0.0.1/ferric"));
        assert!(with("config_via_floppy", json!("on")).unwrap().config_via_removable);
        let wait = with("firmware_update_unresponsive_bmc_wait", json!("300")).unwrap();
        assert_eq!(wait.firmware_update_unresponsive_bmc_wait, Duration::from_mins(5));
        let system = with("redfish_system_id", json!("/redfish/v1/Systems/a b")).unwrap();
        assert_eq!(system.system_id.as_deref(), Some("/redfish/v1/Systems/a%20b"));
        for (key, value) in [
            ("redfish_auth_type", json!("digest")),
            ("redfish_system_id", json!(1)),
            ("vmedia_transport_protocol", json!("FTP")),
            ("external_http_url", json!("ftp://10.0.0.1")),
            ("external_http_url", json!("10.0.0.1/images")),
            ("redfish_http_boot_url", json!("tftp://10.0.0.1/x.efi")),
            ("config_via_removable", json!("maybe")),
            ("firmware_update_unresponsive_bmc_wait", json!(-1)),
            ("redfish_username", json!(["a"])),
        ] {
            assert!(with(key, value).unwrap_err().contains(key), "{key}");
        }
    }
}
