//! Application commands: identity, channels, users, resets, cipher suites (IPMI 2.0 20, 22, 24).

use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::station::{Answer, Asked, Station};
use crate::wire::ipmi::command::session::{
    AUTH_CAPABILITIES, AuthCapabilities, CIPHER_SUITES, EXTENDED, SUITE_PIECE,
};
use crate::wire::ipmi::data::device::{COLD_RESET, COMMAND, DeviceId, Firmware, WARM_RESET, support};
use crate::wire::ipmi::data::guid;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::status::Completion;
use crate::wire::ipmi::suite::Suite;

/// The answer to a command outside any session; `None`: nothing is said.
pub fn bare(station: &Station, request: &Request<'_>) -> Option<Answer> {
    match request.command {
        AUTH_CAPABILITIES => Some(capabilities(station, request.data)),
        CIPHER_SUITES => Some(suites(station, request.data)),
        guid::COMMAND => Some(Ok(station.guid.to_vec())),
        COMMAND => Some(Err(Completion::PRIVILEGE)),
        _ => None,
    }
}

/// The answer to a command in a session.
pub fn answer(station: &mut Station, asked: &Asked<'_>) -> Answer {
    let (data, now) = (asked.request.data, asked.now);
    match asked.request.command {
        COMMAND => Ok(device(station).emit()),
        COLD_RESET => {
            station.restart(station.settings.reset, now.tick);
            Ok(Vec::new())
        }
        WARM_RESET => {
            station.restart(station.settings.reset / 2, now.tick);
            Ok(Vec::new())
        }
        SELF_TEST => Ok(vec![PASSED, 0]),
        ACPI_STATE => Ok(vec![if now.on { 0 } else { 5 }, 0]),
        guid::COMMAND | DEVICE_GUID => Ok(station.guid.to_vec()),
        GLOBAL_ENABLES => Ok(vec![LOGGING]),
        AUTH_CAPABILITIES => capabilities(station, data),
        CIPHER_SUITES => suites(station, data),
        CHANNEL_ACCESS => channel_access(data),
        CHANNEL_INFO => channel_info(data),
        USER_ACCESS => user_access(station, data),
        USER_NAME => user_name(station, data),
        PAYLOAD_SUPPORT => Ok(vec![0x03, 0, 0x3f, 0, 0, 0, 0, 0]),
        PAYLOAD_VERSION => Ok(vec![0x10]),
        PAYLOAD_ACCESS => Ok(vec![0x02, 0, 0, 0]),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

pub fn device(station: &Station) -> DeviceId {
    let (manufacturer, product) = station.settings.maker;
    let all = support::SENSOR | support::SDR | support::SEL | support::FRU | support::CHASSIS;
    DeviceId {
        id: 0x20,
        revision: 1,
        device_sdrs: false,
        is_updating: false,
        firmware: Firmware { major: 2, minor: 0x17 },
        ipmi: 0x02,
        support: all | support::EVENT_RECEIVER | support::BRIDGE,
        manufacturer,
        product,
        auxiliary: Some([0; 4]),
    }
}

fn capabilities(station: &Station, data: &[u8]) -> Answer {
    let [channel, level, ..] = data else { return Err(Completion::LENGTH) };
    let settings = &station.settings;
    let extended = channel & EXTENDED != 0;
    if extended && settings.has(Quirk::CapabilitiesReserved) {
        return Err(Completion::INVALID_FIELD);
    }
    if Privilege::from_code(*level).is_none() || !matches!(channel & 0x0f, CHANNEL | THIS) {
        return Err(Completion::INVALID_FIELD);
    }
    let named = settings.accounts.iter().any(|account| !account.name.is_empty());
    let null = settings.accounts.iter().any(|account| account.name.is_empty());
    let kg = u8::from(settings.kg.is_some());
    let mut status = kg << 5 | u8::from(named) << 2 | u8::from(null) << 1;
    if settings.has(Quirk::WrongCapabilities) {
        status ^= 0x24;
    }
    let types = if settings.old { NONE_MD5_PASSWORD } else { 0 };
    let versions = if extended { 0x02 } else { 0 } | u8::from(settings.old);
    let auth_types = types | if extended { 0x80 } else { 0 };
    Ok(AuthCapabilities { channel: CHANNEL, auth_types, status, versions, oem: 0, aux: 0 }.emit())
}

/// The list of suite records, sixteen bytes at a time.
fn suites(station: &Station, data: &[u8]) -> Answer {
    let [_, _, index, ..] = data else { return Err(Completion::LENGTH) };
    let mut ids = station.settings.suites.clone();
    ids.sort_unstable();
    let mut list = Vec::new();
    for suite in ids.into_iter().filter_map(Suite::find) {
        let algorithms = suite.algorithms();
        list.extend([0xc0, suite.id, algorithms.auth]);
        list.extend([0x40 | algorithms.integrity, 0x80 | algorithms.confidentiality]);
    }
    if station.settings.has(Quirk::BrokenSuites) {
        list.truncate(list.len().saturating_sub(2));
    }
    let piece = list.chunks(SUITE_PIECE).nth(usize::from(index & 0x3f)).unwrap_or_default();
    Ok([&[CHANNEL], piece].concat())
}

fn channel_access(data: &[u8]) -> Answer {
    let [channel, ..] = data else { return Err(Completion::LENGTH) };
    match channel & 0x0f {
        CHANNEL | THIS => Ok(vec![ALWAYS_AVAILABLE, Privilege::Administrator.code()]),
        _ => Err(Completion::INVALID_FIELD),
    }
}

fn channel_info(data: &[u8]) -> Answer {
    let [channel, ..] = data else { return Err(Completion::LENGTH) };
    match channel & 0x0f {
        // 802.3 LAN, IPMB-1.0 protocol, many sessions; IANA number of the IPMI forum.
        CHANNEL | THIS => Ok(vec![CHANNEL, 0x04, 0x01, 0x81, 0xf2, 0x1b, 0, 0, 0]),
        // IPMB, no sessions.
        0 | crate::twin::ipmi::catalog::SATELLITE_CHANNEL => {
            Ok(vec![channel & 0x0f, 0x01, 0x01, 0, 0xf2, 0x1b, 0, 0, 0])
        }
        _ => Err(Completion::INVALID_FIELD),
    }
}

fn user_access(station: &Station, data: &[u8]) -> Answer {
    let [_, user, ..] = data else { return Err(Completion::LENGTH) };
    let accounts = &station.settings.accounts;
    let count = u8::try_from(accounts.len()).unwrap_or(u8::MAX).saturating_add(1);
    let account = account(station, *user)?;
    let access = account.map_or(0x0f, |account| 0x30 | account.limit.code());
    Ok(vec![MOST_USERS, count, 1, access])
}

fn user_name(station: &Station, data: &[u8]) -> Answer {
    let [user, ..] = data else { return Err(Completion::LENGTH) };
    let name = account(station, *user)?.map(|account| account.name.clone()).unwrap_or_default();
    let mut out = name.into_bytes();
    out.resize(16, 0);
    Ok(out)
}

/// The account of a user id; id 1 is the null user's and has none here, nor have ids that are free.
fn account(station: &Station, user: u8) -> Result<Option<&crate::twin::ipmi::settings::Account>, Completion> {
    let user = user & 0x3f;
    if user == 0 || user > MOST_USERS {
        return Err(Completion::INVALID_FIELD);
    }
    let place = usize::from(user).checked_sub(2);
    Ok(place.and_then(|place| station.settings.accounts.get(place)))
}

const SELF_TEST: u8 = 0x04;
const ACPI_STATE: u8 = 0x07;
const DEVICE_GUID: u8 = 0x08;
const GLOBAL_ENABLES: u8 = 0x2f;
const CHANNEL_ACCESS: u8 = 0x41;
const CHANNEL_INFO: u8 = 0x42;
const USER_ACCESS: u8 = 0x44;
const USER_NAME: u8 = 0x46;
const PAYLOAD_SUPPORT: u8 = 0x4e;
const PAYLOAD_VERSION: u8 = 0x4f;
const PAYLOAD_ACCESS: u8 = 0x4d;
const PASSED: u8 = 0x55;
/// The event log takes entries.
const LOGGING: u8 = 0x08;
const CHANNEL: u8 = 1;
const THIS: u8 = 0x0e;
/// Authentication types none, MD5, password.
const NONE_MD5_PASSWORD: u8 = 0x15;
const ALWAYS_AVAILABLE: u8 = 0x02;
const MOST_USERS: u8 = 10;
