//! Settings of a node to what a session and its requests need.

use std::time::Duration;

use crate::base::secret::Secret;
use crate::driver::bmc::ipmi_settings::{self, Bridging, IpmiDefaults, IpmiSettings};
use crate::wire::ipmi::bridge::{Bridge, Hop};
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::message::BMC;
use crate::wire::ipmi::session::{Login, LoginError, Version};

/// The log-in that the settings ask for.
pub fn login(
    settings: &IpmiSettings,
    defaults: &IpmiDefaults,
    waits: &[Duration],
) -> Result<Login, LoginError> {
    let version = match settings.version {
        ipmi_settings::Version::V1_5 => Version::V15,
        ipmi_settings::Version::V2_0 => Version::V20,
    };
    let password = settings.password.reveal().as_bytes();
    let login = Login::new(settings.username.as_bytes(), password)?.with_version(version)?;
    let login = match &settings.kg {
        Some(kg) => login.with_kg(&bytes_of_hex(kg))?,
        None => login,
    };
    let suites = suites(settings.cipher_suite, &defaults.cipher_suites);
    let mut login = if suites.is_empty() { login } else { login.with_suites(&suites)? };
    login.privilege = privilege(settings.privilege);
    // ADMINISTRATOR is also what nobody has asked for.
    login.insists = login.privilege != Privilege::Administrator;
    login.tuning.waits = waits.to_vec();
    Ok(login)
}

/// In the order in which they are asked for; none: as the session likes.
fn suites(own: Option<u8>, configured: &[u8]) -> Vec<u8> {
    own.map_or_else(|| configured.iter().rev().copied().collect(), |suite| vec![suite])
}

fn privilege(level: ipmi_settings::Privilege) -> Privilege {
    match level {
        ipmi_settings::Privilege::Callback => Privilege::Callback,
        ipmi_settings::Privilege::User => Privilege::User,
        ipmi_settings::Privilege::Operator => Privilege::Operator,
        ipmi_settings::Privilege::Administrator => Privilege::Administrator,
    }
}

/// The settings hold an even number of hex digits; what is none is left out.
fn bytes_of_hex(text: &Secret) -> Vec<u8> {
    let digits = text.reveal().as_bytes().chunks_exact(2);
    let pairs = digits.filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// The way to the node's controller.
pub fn bridge(bridging: Bridging) -> Option<Bridge> {
    let hop = |hop: ipmi_settings::Hop| Hop { channel: hop.channel, address: hop.address };
    match bridging {
        Bridging::Direct => None,
        Bridging::Single { target, .. } => Some(Bridge::Single { target: hop(target) }),
        Bridging::Dual { target, transit, local } => {
            Some(Bridge::Dual { transit: hop(transit), target: hop(target), local: local.unwrap_or(BMC) })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(info: &Value) -> IpmiSettings {
        IpmiSettings::parse(info.as_object().unwrap(), &IpmiDefaults::default()).unwrap()
    }

    fn suites_of(info: &Value, configured: &[u8]) -> Vec<u8> {
        let defaults = IpmiDefaults { cipher_suites: configured.to_vec(), ..IpmiDefaults::default() };
        let login = login(&settings(info), &defaults, &[Duration::from_secs(1)]).unwrap();
        login.suites.iter().map(|suite| suite.id).collect()
    }

    #[test]
    fn the_node_s_suite_goes_before_the_site_s_and_those_before_our_own() {
        let bare = json!({"ipmi_address": "a"});
        assert_eq!(suites_of(&bare, &[]), [17, 3]);
        assert_eq!(suites_of(&bare, &[3, 8, 17]), [17, 8, 3]);
        assert_eq!(suites_of(&json!({"ipmi_address": "a", "ipmi_cipher_suite": "3"}), &[17]), [3]);
    }

    #[test]
    fn every_setting_reaches_the_session() {
        let info = json!({
            "ipmi_address": "a", "ipmi_username": "u", "ipmi_password": 17, "ipmi_priv_level": "OPERATOR",
            "ipmi_hex_kg_key": "00ff", "ipmi_protocol_version": "2.0",
        });
        let login = login(&settings(&info), &IpmiDefaults::default(), &[Duration::from_secs(9)]).unwrap();
        assert_eq!((login.user.bytes(), login.password.bytes()), (&b"u"[..], &b"17"[..]));
        assert_eq!(login.kg.unwrap().bytes(), [0, 0xff]);
        assert_eq!((login.privilege, login.insists), (Privilege::Operator, true));
        assert_eq!(login.tuning.waits, [Duration::from_secs(9)]);
    }

    #[test]
    fn a_suite_that_is_not_spoken_is_an_error() {
        let defaults = IpmiDefaults { cipher_suites: vec![4], ..IpmiDefaults::default() };
        login(&settings(&json!({"ipmi_address": "a"})), &defaults, &[]).unwrap_err();
    }

    #[test]
    fn a_bridge_has_our_address_only_when_it_is_dual() {
        let (target, transit) = (
            ipmi_settings::Hop { channel: 7, address: 0x30 },
            ipmi_settings::Hop { channel: 0, address: 0x82 },
        );
        let near = Hop { channel: 7, address: 0x30 };
        let single = Bridging::Single { target, local: Some(9) };
        assert_eq!(bridge(single), Some(Bridge::Single { target: near }));
        let far = Bridge::Dual { transit: Hop { channel: 0, address: 0x82 }, target: near, local: 0x20 };
        assert_eq!(bridge(Bridging::Dual { target, transit, local: None }), Some(far));
        assert_eq!(bridge(Bridging::Direct), None);
    }
}
