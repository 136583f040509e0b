//! A resource as it is now: what stands still, with what moves laid over it.

use serde_json::{Value, json};

use crate::twin::progress::{Power, Stage};
use crate::twin::redfish::action::boot::settings_object;
use crate::twin::redfish::bend;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::profile::ROOT;
use crate::twin::redfish::session::{SESSIONS, Session};
use crate::twin::redfish::task::TASKS;
use crate::twin::redfish::tree::system::ORDER;
use crate::twin::redfish::tree::{Live, link, over};
use crate::wire::redfish::send::Led;
use crate::wire::redfish::shape::served::Served;

/// The resource at a path, a slash at the end or not; `None` if there is none.
pub fn view(bmc: &Bmc, path: &str) -> Option<Value> {
    let path = path.trim_end_matches('/');
    if let Some(body) = made(bmc, path) {
        return Some(body);
    }
    if let Some(body) = bend::extra(bmc, path) {
        return Some(body);
    }
    let leaf = bmc.inner.tree.leaf(path)?;
    let is_served =
        leaf.live != Live::BootSettings || settings_object(bmc).is_some_and(|own| path.ends_with(own));
    if !is_served {
        return None;
    }
    let mut body = over(leaf.body.clone(), moving(bmc, leaf.live, path));
    bend::bend(bmc, leaf.live, path, &mut body);
    Some(body)
}

/// What was made on request: sessions, tasks, subscriptions.
fn made(bmc: &Bmc, path: &str) -> Option<Value> {
    let state = bmc.state();
    if path.starts_with(SESSIONS) {
        return state.sessions.iter().find(|session| session.path() == path).map(Session::body);
    }
    if let Some(rest) = path.strip_prefix(TASKS) {
        let id = rest.strip_prefix('/')?.split('/').next()?;
        let task = state.tasks.iter().find(|task| task.id == id)?;
        return Some(task.body(bmc.now(), &monitor(bmc, &task.id)));
    }
    if let Some((_, id)) = path.split_once("/Oem/Dell/Jobs/") {
        return state.tasks.iter().find(|task| task.id == id).map(|task| task.job(path, bmc.now()));
    }
    let id = path.strip_prefix(SUBSCRIPTIONS)?.strip_prefix('/')?;
    let found = state.subscriptions.iter().find(|subscription| subscription.id == id)?;
    let body = Served::EventDestination.resource(path, id, "Event Subscription");
    let mut body = over(body, found.body.clone());
    if let Some(map) = body.as_object_mut()
        && map.get("Context").is_some_and(|context| context == "")
        && bmc.bites(Oddity::AnyContextMissing)
    {
        map.remove("Context");
    }
    Some(body)
}

/// Where the monitor of a task is.
pub fn monitor(bmc: &Bmc, id: &str) -> String {
    if bmc.bites(Oddity::OpenbmcMonitorPath) {
        format!("{TASKS}/{id}/Monitor")
    } else {
        format!("/redfish/v1/TaskMonitors/{id}")
    }
}

/// What moves in a resource.
fn moving(bmc: &Bmc, live: Live, path: &str) -> Value {
    match live {
        Live::Root => json!({"UUID": uuid(bmc, "bmc")}),
        Live::System => system(bmc, path),
        Live::BootSettings => json!({"Boot": boot(bmc, true)}),
        Live::Bios => json!({"Attributes": bmc.state().bios}),
        Live::BiosSettings => json!({"Attributes": bmc.state().bios_pending}),
        Live::SecureBoot => secure_boot(bmc),
        Live::Chassis => chassis(bmc, path),
        Live::Drive => lamps(bmc, path),
        Live::Manager => manager(bmc),
        Live::Nic(number) => nic(bmc, number),
        Live::Function(number) => {
            json!({"Ethernet": {"MACAddress": mac(bmc, number), "PermanentMACAddress": mac(bmc, number)}})
        }
        Live::Port(number) => json!({"Ethernet": {"AssociatedMACAddresses": [mac(bmc, number)]}}),
        Live::Slot(number) => slot(bmc, number),
        Live::Sessions => members(SESSIONS, bmc.state().sessions.iter().map(|session| session.id.clone())),
        Live::Tasks => members(TASKS, bmc.state().tasks.iter().map(|task| task.id.clone())),
        Live::Subscriptions => {
            members(SUBSCRIPTIONS, bmc.state().subscriptions.iter().map(|made| made.id.clone()))
        }
        Live::Entries if bmc.state().log_cleared => json!({"Members": [], "Members@odata.count": 0}),
        Live::Nothing | Live::Entries => Value::Null,
        Live::Attributes => {
            let word = if bmc.state().attached { "AutoAttach" } else { "Detached" };
            json!({"Attributes": {"VirtualMedia.1.Attached": word}})
        }
    }
}

fn members(path: &str, ids: impl Iterator<Item = String>) -> Value {
    let members: Vec<Value> = ids.map(|id| link(format!("{path}/{id}"))).collect();
    json!({"Members@odata.count": members.len(), "Members": members})
}

fn system(bmc: &Bmc, path: &str) -> Value {
    let (progress, moving) = (bmc.server().progress(), bmc.state().moving);
    let stage = match progress.stage {
        Stage::Off => "None",
        Stage::Booting => "SystemHardwareInitializationComplete",
        Stage::LookingUp
        | Stage::Serving
        | Stage::LockedDown
        | Stage::Rescued
        | Stage::Dead
        | Stage::Installed => "OSRunning",
    };
    let name = &bmc.server().settings().name;
    let body = json!({
        "UUID": uuid(bmc, "system"), "SerialNumber": serial(bmc), "HostName": name, "SKU": format!("SKU-{name}"),
        "PowerState": power_word(bmc, progress.power, moving), "BootProgress": {"LastState": stage},
        "LastResetTime": "2026-01-05T10:00:00+00:00", "Boot": boot(bmc, false),
        "Actions": {"#ComputerSystem.Reset": {"ResetType@Redfish.AllowableValues": bmc.maker().resets}},
    });
    over(body, lamps(bmc, path))
}

/// A serial number that tells servers apart.
fn serial(bmc: &Bmc) -> String {
    format!("TWIN-{}", bmc.server().settings().name)
}

/// An id that follows from the server's name and what it is the id of.
fn uuid(bmc: &Bmc, what: &str) -> String {
    let name = format!("{}/{what}", bmc.server().settings().name);
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

fn power_word(bmc: &Bmc, power: Power, moving: Option<&'static str>) -> &'static str {
    match (moving.filter(|_| bmc.maker().vendor.is_none()), power) {
        (Some(word), _) => word,
        (None, Power::On) => "On",
        (None, Power::Off) => "Off",
    }
}

/// The `Boot` object, of the system or of its settings.
fn boot(bmc: &Bmc, settings: bool) -> Value {
    let (maker, firmware) = (bmc.maker(), bmc.server().firmware(|firmware| firmware.clone()));
    let mut boot = json!({
        "BootSourceOverrideTarget": firmware.target.as_str(),
        "BootSourceOverrideEnabled": firmware.enabled.as_str(),
        "BootSourceOverrideMode": firmware.mode.as_str(),
        "BootSourceOverrideTarget@Redfish.AllowableValues": maker.targets,
        "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Disabled", "Once", "Continuous"],
        "BootSourceOverrideMode@Redfish.AllowableValues": ["UEFI", "Legacy"],
    });
    let Some(map) = boot.as_object_mut() else { return boot };
    if !settings {
        map.insert("BootOrder".to_owned(), boot_order(bmc));
        map.insert("BootOptions".to_owned(), link(format!("{}/BootOptions", maker.system_path())));
    }
    if maker.boot_http {
        map.insert("HttpBootUri".to_owned(), json!(firmware.http_uri));
    }
    boot
}

/// The boot order as it is shown.
fn boot_order(bmc: &Bmc) -> Value {
    bmc.state().boot_order.clone().unwrap_or_else(|| json!(ORDER))
}

fn secure_boot(bmc: &Bmc) -> Value {
    let secure = bmc.state().secure;
    json!({
        "SecureBootEnable": secure.enabled,
        "SecureBootCurrentBoot": if secure.current { "Enabled" } else { "Disabled" },
        "SecureBootMode": if secure.keys { "UserMode" } else { "SetupMode" },
    })
}

fn chassis(bmc: &Bmc, path: &str) -> Value {
    let power = if bmc.is_on() { "On" } else { "Off" };
    over(
        json!({"PowerState": power, "SerialNumber": serial(bmc), "UUID": uuid(bmc, "chassis")}),
        lamps(bmc, path),
    )
}

/// The lamp of a resource, by the members that this maker has.
fn lamps(bmc: &Bmc, path: &str) -> Value {
    let led = bmc.state().lamps.get(path).copied().unwrap_or(Led::Off);
    let age = bmc.maker().lamps;
    let mut body = json!({});
    if let Some(map) = body.as_object_mut() {
        if age.has_old() {
            map.insert("IndicatorLED".to_owned(), led.as_str().into());
        }
        if age.has_new() {
            map.insert("LocationIndicatorActive".to_owned(), (led != Led::Off).into());
        }
    }
    body
}

fn manager(bmc: &Bmc) -> Value {
    let clock = bmc.state().clock.clone();
    json!({
        "DateTime": now_shown(bmc, clock.micros, &clock.offset), "DateTimeLocalOffset": clock.offset,
        "UUID": uuid(bmc, "bmc"), "SerialNumber": serial(bmc), "LastResetTime": "2026-01-05T09:00:00+00:00",
    })
}

/// The controller's time, to the second, in its zone.
fn now_shown(bmc: &Bmc, shift: i64, offset: &str) -> String {
    let wall = bmc.server().inner.clock.wall().0.saturating_add(shift);
    let away = offset_seconds(offset).unwrap_or(0);
    let local = wall.saturating_add(away.saturating_mul(1_000_000));
    let iso = crate::base::moment::Moment(local).bare();
    let seconds = iso.split('.').next().unwrap_or_default();
    format!("{seconds}{offset}")
}

/// Seconds east of Greenwich of `+hh:mm`; `None` for anything else.
pub fn offset_seconds(offset: &str) -> Option<i64> {
    let (sign, rest) = match (offset.strip_prefix('+'), offset.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (None, Some(rest)) => (-1, rest),
        (None, None) => return (offset == "Z").then_some(0),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn mac(bmc: &Bmc, number: usize) -> Value {
    let mac = bmc.server().settings().macs.get(number);
    mac.map(|mac| mac.to_string().to_uppercase()).into()
}

fn nic(bmc: &Bmc, number: usize) -> Value {
    let up = if bmc.is_on() { "LinkUp" } else { "LinkDown" };
    json!({"MACAddress": mac(bmc, number), "PermanentMACAddress": mac(bmc, number), "LinkStatus": up})
}

fn slot(bmc: &Bmc, number: usize) -> Value {
    let medium = bmc.state().slots.get(number).cloned().unwrap_or_default();
    let name = medium.image.as_deref().and_then(|image| image.rsplit('/').next()).map(str::to_owned);
    json!({
        "Image": medium.image, "ImageName": name.or(medium.stale), "Inserted": medium.inserted,
        "WriteProtected": medium.write_protected, "UserName": medium.user,
        "ConnectedVia": if medium.inserted { "URI" } else { "NotConnected" },
    })
}

/// The collection's path.
pub const SUBSCRIPTIONS: &str = "/redfish/v1/EventService/Subscriptions";

/// Whether a path may be read by anybody.
pub fn is_public(path: &str) -> bool {
    matches!(path.trim_end_matches('/'), "/redfish" | ROOT | "/redfish/v1/odata" | "/redfish/v1/$metadata")
}
