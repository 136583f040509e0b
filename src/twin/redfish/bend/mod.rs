//! What is odd in a resource: members that real controllers lack, add, misspell or write in another shape.
//!
//! - `boot` the override; `list` collections and the root; `part` inventory; `medium` virtual media

mod boot;
mod list;
mod medium;
mod part;

use serde_json::{Map, Value};

use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::tree::Live;
use crate::wire::redfish::shape::served::Served;

pub(super) use list::extra;

/// Bends a resource that is about to be shown.
pub(super) fn bend(bmc: &Bmc, live: Live, path: &str, body: &mut Value) {
    let kind = Served::of(body);
    let Some(map) = body.as_object_mut() else { return };
    match live {
        Live::Slot(number) => medium::bend(bmc, number, map),
        Live::System => boot::bend_system(bmc, path, map),
        Live::BootSettings => boot::bend_settings(bmc, map),
        Live::Root => list::bend_root(bmc, map),
        Live::Nothing
        | Live::Bios
        | Live::BiosSettings
        | Live::SecureBoot
        | Live::Chassis
        | Live::Drive
        | Live::Manager
        | Live::Nic(_)
        | Live::Function(_)
        | Live::Port(_)
        | Live::Sessions
        | Live::Tasks
        | Live::Volumes
        | Live::Subscriptions
        | Live::Entries
        | Live::Attributes => {}
    }
    boot::bend_action_info(bmc, map);
    if map.contains_key("Members") {
        list::bend(bmc, path, map);
    }
    if let Some(kind) = kind {
        part::bend(bmc, kind, map);
    }
    rename(bmc, live, map);
    if bmc.bites(Oddity::AnyNoAllowable) {
        map.values_mut().for_each(drop_allowable);
    }
    if bmc.faults().cyclic {
        list::close_circle(path, map);
    }
}

/// Another model, another maker.
fn rename(bmc: &Bmc, live: Live, map: &mut Map<String, Value>) {
    let names = bmc.settings().names;
    let told = if live == Live::Root {
        [("Vendor", names.vendor), ("Product", names.product)]
    } else if live == Live::System {
        [("Manufacturer", names.manufacturer), ("Model", names.model)]
    } else if live == Live::Manager {
        [("Model", names.manager_model), ("FirmwareVersion", names.firmware)]
    } else {
        return;
    };
    for (member, name) in told {
        if let Some(name) = name {
            map.insert(member.to_owned(), name.into());
        }
    }
}

/// Takes the lists of allowed values away, at every depth.
fn drop_allowable(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|name, _| !name.ends_with("@Redfish.AllowableValues"));
        map.values_mut().for_each(drop_allowable);
    }
}

/// The object below, if it is there and one.
fn below<'a>(map: &'a mut Map<String, Value>, names: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut found = map;
    for name in names {
        found = found.get_mut(*name)?.as_object_mut()?;
    }
    Some(found)
}

fn without(map: &mut Map<String, Value>, names: &[&str]) {
    map.retain(|name, _| !names.contains(&name.as_str()));
}

/// Takes words out of a list.
fn strike(map: &mut Map<String, Value>, list: &str, word: &str) {
    if let Some(Value::Array(words)) = map.get_mut(list) {
        words.retain(|known| known != word);
    }
}
