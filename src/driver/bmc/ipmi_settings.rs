//! `driver_info` of IPMI nodes as typed settings (contract `ipmi.md` section 5). Contacts nobody.

use std::time::Duration;

use crate::base::secret::Secret;
use crate::driver::bmc::print::PrintKey;
use crate::driver::bmc::settings::{Given, SettingsError, is_host};
use crate::driver::bmc::{BmcKey, Protocol};
use crate::model::Object;
use crate::model::bmc::CredentialPrint;
use crate::wire::ipmi::suite::{SUITES, Suite};

/// What a node says of its IPMI BMC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpmiSettings {
    pub host: String,
    pub port: u16,
    /// Empty: the null user.
    pub username: String,
    /// Empty: the null password.
    pub password: Secret,
    pub privilege: Privilege,
    pub version: Version,
    /// `None`: 17, then 3, as far as the BMC has them.
    pub cipher_suite: Option<u8>,
    /// `K_g` as hex digits.
    pub kg: Option<Secret>,
    pub bridging: Bridging,
    pub force_boot_device: bool,
    pub disable_boot_timeout: bool,
    pub terminal_port: Option<u16>,
}

/// What the session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Privilege {
    Callback,
    User,
    Operator,
    #[default]
    Administrator,
}

/// Of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    V1_5,
    #[default]
    V2_0,
}

/// By which channels and addresses a command reaches its controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bridging {
    #[default]
    Direct,
    Single {
        target: Hop,
        local: Option<u8>,
    },
    Dual {
        target: Hop,
        transit: Hop,
        local: Option<u8>,
    },
}

/// A controller on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    pub channel: u8,
    pub address: u8,
}

/// What `[ipmi]` says for all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpmiDefaults {
    /// How long a command is sent again before the BMC counts as silent.
    pub command_retry_timeout: Duration,
    pub disable_boot_timeout: bool,
    /// Suites to try, the last one first; empty: 17, then 3.
    pub cipher_suites: Vec<u8>,
}

impl Default for IpmiDefaults {
    fn default() -> Self {
        Self {
            command_retry_timeout: Duration::from_mins(1),
            disable_boot_timeout: true,
            cipher_suites: Vec::new(),
        }
    }
}

impl IpmiSettings {
    pub fn parse(info: &Object, defaults: &IpmiDefaults) -> Result<Self, SettingsError> {
        let given = Given(info);
        let version = version(given)?;
        Ok(Self {
            host: host(given)?,
            port: zero_is_none(given, "ipmi_port", 65_535)?.unwrap_or(PORT),
            username: username(given)?,
            password: password(given, version)?,
            privilege: privilege(given)?,
            version,
            cipher_suite: cipher_suite(given, version)?,
            kg: kg(given)?,
            bridging: bridging(given)?,
            force_boot_device: given.flag("ipmi_force_boot_device", false)?,
            disable_boot_timeout: given.flag("ipmi_disable_boot_timeout", defaults.disable_boot_timeout)?,
            terminal_port: given.number("ipmi_terminal_port", 1, 65_535)?,
        })
    }

    /// The line that the node's calls go through.
    pub fn key(&self) -> BmcKey {
        BmcKey::new(Protocol::Ipmi, &self.host, self.port, &self.username)
    }

    /// The print of the node's credentials.
    pub fn print(&self, prints: &PrintKey) -> CredentialPrint {
        let secrets: Vec<&Secret> = std::iter::once(&self.password).chain(&self.kg).collect();
        prints.print(&self.key(), &secrets)
    }
}

fn host(given: Given<'_>) -> Result<String, SettingsError> {
    const KEY: &str = "ipmi_address";
    let text = given.word(KEY)?.ok_or_else(|| SettingsError::Missing(KEY.to_owned()))?;
    let host = text.trim().trim_start_matches('[').trim_end_matches(']');
    if is_host(host) {
        return Ok(host.to_lowercase());
    }
    Err(SettingsError::invalid(KEY, "is neither an IP address nor the name of a host"))
}

fn username(given: Given<'_>) -> Result<String, SettingsError> {
    const KEY: &str = "ipmi_username";
    let name = given.word(KEY)?.unwrap_or_default();
    if name.len() > NAME_BYTES {
        return Err(SettingsError::invalid(KEY, format!("is longer than the {NAME_BYTES} bytes of IPMI")));
    }
    Ok(name)
}

fn password(given: Given<'_>, version: Version) -> Result<Secret, SettingsError> {
    const KEY: &str = "ipmi_password";
    let password = given.secret(KEY)?.unwrap_or_default();
    let most = match version {
        Version::V1_5 => 16,
        Version::V2_0 => 20,
    };
    if password.reveal().len() > most {
        return Err(SettingsError::invalid(KEY, format!("is longer than the {most} bytes of IPMI")));
    }
    Ok(password)
}

fn privilege(given: Given<'_>) -> Result<Privilege, SettingsError> {
    const KEY: &str = "ipmi_priv_level";
    match given.text(KEY)? {
        None | Some("ADMINISTRATOR") => Ok(Privilege::Administrator),
        Some("OPERATOR") => Ok(Privilege::Operator),
        Some("USER") => Ok(Privilege::User),
        Some("CALLBACK") => Ok(Privilege::Callback),
        Some(_) => {
            Err(SettingsError::invalid(KEY, "must be ADMINISTRATOR, OPERATOR, USER or CALLBACK, in capitals"))
        }
    }
}

fn version(given: Given<'_>) -> Result<Version, SettingsError> {
    const KEY: &str = "ipmi_protocol_version";
    match given.word(KEY)?.as_deref() {
        None | Some("2.0") => Ok(Version::V2_0),
        Some("1.5") => Ok(Version::V1_5),
        Some(_) => Err(SettingsError::invalid(KEY, "must be 2.0 or 1.5")),
    }
}

fn cipher_suite(given: Given<'_>, version: Version) -> Result<Option<u8>, SettingsError> {
    const KEY: &str = "ipmi_cipher_suite";
    // The number 0 is nothing, the text "0" is suite 0.
    if given.value(KEY).is_some_and(|value| value.as_u64() == Some(0)) {
        return Ok(None);
    }
    let suite = given.number(KEY, 0, 255)?;
    if suite.is_some_and(|id| Suite::find(id).is_none()) {
        let known: Vec<String> = SUITES.iter().map(|suite| suite.id.to_string()).collect();
        return Err(SettingsError::invalid(
            KEY,
            format!("must be a suite that is spoken: {}", known.join(", ")),
        ));
    }
    if suite.is_some() && version == Version::V1_5 {
        return Err(SettingsError::invalid(KEY, "needs ipmi_protocol_version 2.0"));
    }
    Ok(suite)
}

fn kg(given: Given<'_>) -> Result<Option<Secret>, SettingsError> {
    const KEY: &str = "ipmi_hex_kg_key";
    if given.value(KEY).is_some_and(|value| value.as_u64() == Some(0)) {
        return Ok(None);
    }
    let Some(key) = given.secret(KEY)? else { return Ok(None) };
    let text = key.reveal();
    if text.len() % 2 == 0 && text.len() <= KG_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(key));
    }
    Err(SettingsError::invalid(KEY, format!("must be an even number of hex digits, {KG_DIGITS} at most")))
}

fn bridging(given: Given<'_>) -> Result<Bridging, SettingsError> {
    const KEY: &str = "ipmi_bridging";
    let kind = given.text(KEY)?.unwrap_or("no");
    let (single, dual) = match kind {
        "no" => return Ok(Bridging::Direct),
        "single" => (SINGLE, &[][..]),
        "dual" => (SINGLE, DUAL),
        _ => return Err(SettingsError::invalid(KEY, "must be no, single or dual")),
    };
    let missing: Vec<&str> =
        single.iter().chain(dual).copied().filter(|key| given.value(key).is_none()).collect();
    if !missing.is_empty() {
        return Err(SettingsError::Missing(format!("{} (ipmi_bridging is {kind})", missing.join(", "))));
    }
    let local = given.number("ipmi_local_address", 0, 255)?;
    let target = hop(given, "ipmi_target_channel", "ipmi_target_address")?;
    if dual.is_empty() {
        return Ok(Bridging::Single { target, local });
    }
    let transit = hop(given, "ipmi_transit_channel", "ipmi_transit_address")?;
    Ok(Bridging::Dual { target, transit, local })
}

fn hop(given: Given<'_>, channel: &'static str, address: &'static str) -> Result<Hop, SettingsError> {
    let needed = |key: &'static str, most| {
        given.number(key, 0, most)?.ok_or_else(|| SettingsError::Missing(key.to_owned()))
    };
    Ok(Hop { channel: needed(channel, 15)?, address: needed(address, 255)? })
}

/// A number whose 0 means that none is given.
fn zero_is_none(given: Given<'_>, key: &'static str, most: u64) -> Result<Option<u16>, SettingsError> {
    if given.value(key).is_some_and(|value| value.as_u64() == Some(0)) {
        return Ok(None);
    }
    given.number(key, 1, most)
}

const SINGLE: &[&str] = &["ipmi_target_channel", "ipmi_target_address"];
const DUAL: &[&str] = &["ipmi_transit_channel", "ipmi_transit_address"];
/// RMCP's.
const PORT: u16 = 623;
/// IPMI 2.0 table 22-24.
const NAME_BYTES: usize = 16;
/// `K_g` has 20 bytes.
const KG_DIGITS: usize = 40;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(info: Value) -> Result<IpmiSettings, String> {
        let Value::Object(info) = info else { panic!("an object") };
        IpmiSettings::parse(&info, &IpmiDefaults::default()).map_err(|error| error.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
    fn with(key: &str, value: Value) -> Result<IpmiSettings, String> {
        parse(json!({"ipmi_address": "10.0.0.1", key: value}))
    }

    #[test]
    fn an_address_is_enough() {
        let settings = with("unknown", json!({})).unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("10.0.0.1", 623));
        assert_eq!((settings.username.as_str(), settings.password.reveal()), ("", ""));
        assert_eq!(settings.privilege, Privilege::Administrator);
        assert_eq!((settings.version, settings.cipher_suite), (Version::V2_0, None));
        assert!(settings.disable_boot_timeout && !settings.force_boot_device);
        assert_eq!(parse(json!({})).unwrap_err(), "missing in the node's driver_info: ipmi_address");
    }

    #[test]
    fn zero_and_empty_are_unset_but_the_text_zero_is_suite_zero() {
        for key in ["ipmi_port", "ipmi_cipher_suite", "ipmi_hex_kg_key"] {
            assert_eq!(with(key, json!(0)).unwrap(), with(key, json!("")).unwrap(), "{key}");
        }
        assert_eq!(with("ipmi_cipher_suite", json!("0")).unwrap().cipher_suite, Some(0));
        assert_eq!(with("ipmi_cipher_suite", json!(" 17 ")).unwrap().cipher_suite, Some(17));
        assert_eq!(with("ipmi_port", json!("6230")).unwrap().port, 6230);
    }

    #[test]
    fn numbers_are_texts_and_secrets_stay_secret() {
        let settings = with("ipmi_password", json!(12345)).unwrap();
        assert!(settings.password.matches("12345") && !format!("{settings:?}").contains("12345"));
        assert!(with("ipmi_password", json!("x".repeat(21))).unwrap_err().contains("20 bytes"));
        let prints = PrintKey::new(Secret::new("k"));
        let with_kg = with("ipmi_hex_kg_key", json!("00ff")).unwrap();
        assert_ne!(with_kg.print(&prints), with("x", json!(1)).unwrap().print(&prints));
    }

    #[test]
    fn bridges_need_their_addresses() {
        assert!(
            with("ipmi_bridging", json!("single"))
                .unwrap_err()
                .contains("ipmi_target_channel, ipmi_target_address")
        );
        let mut info = json!({
            "ipmi_address": "bmc.example", "ipmi_bridging": "single", "ipmi_target_channel": "7",
            "ipmi_target_address": "0x72", "ipmi_transit_channel": 0,
        });
        let target = Hop { channel: 7, address: 0x72 };
        assert_eq!(parse(info.clone()).unwrap().bridging, Bridging::Single { target, local: None });
        info["ipmi_bridging"] = json!("dual");
        assert!(parse(info.clone()).unwrap_err().contains("ipmi_transit_address"));
        info["ipmi_transit_address"] = json!("130");
        info["ipmi_local_address"] = json!("0x20");
        let transit = Hop { channel: 0, address: 130 };
        assert_eq!(parse(info).unwrap().bridging, Bridging::Dual { target, transit, local: Some(0x20) });
        assert_eq!(with("ipmi_target_channel", json!("x")).unwrap().bridging, Bridging::Direct);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (key, value) in [
            ("ipmi_address", json!("10.0.0.1.2")),
            ("ipmi_address", json!("a b")),
            ("ipmi_address", json!([])),
            ("ipmi_port", json!(65536)),
            ("ipmi_port", json!("-1")),
            ("ipmi_username", json!("seventeen letters")),
            ("ipmi_priv_level", json!("administrator")),
            ("ipmi_protocol_version", json!("3")),
            ("ipmi_cipher_suite", json!("x")),
            ("ipmi_cipher_suite", json!(99)),
            ("ipmi_hex_kg_key", json!("abc")),
            ("ipmi_hex_kg_key", json!("zz")),
            ("ipmi_bridging", json!("triple")),
            ("ipmi_force_boot_device", json!("perhaps")),
            ("ipmi_terminal_port", json!(0)),
        ] {
            let why = with(key, value.clone()).unwrap_err();
            assert!(why.contains(key), "{key} {value}: {why}");
        }
        let old = parse(json!({"ipmi_address": "b", "ipmi_protocol_version": "1.5", "ipmi_cipher_suite": 3}));
        assert!(old.unwrap_err().contains("ipmi_cipher_suite"));
    }
}
