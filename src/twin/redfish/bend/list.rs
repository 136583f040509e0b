//! Oddities of the root and of collections.

use serde_json::{Map, Value, json};

use crate::twin::redfish::bend::{below, without};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::profile::ROOT;
use crate::twin::redfish::tree::{link, over};
use crate::wire::redfish::shape::served::Served;

pub(super) fn bend_root(bmc: &Bmc, map: &mut Map<String, Value>) {
    if bmc.bites(Oddity::AmiRootWithoutLinks) {
        without(map, &["Systems", "Chassis", "Managers"]);
    }
    if bmc.bites(Oddity::LiteonNoVendor) {
        without(map, &["Vendor", "Systems"]);
    }
    if bmc.bites(Oddity::BullRootOem) {
        map.insert("Oem".to_owned(), json!({"Version": "1.0", "Product": "Bull"}));
    }
}

pub(super) fn bend(bmc: &Bmc, path: &str, map: &mut Map<String, Value>) {
    let dead = |id: &str| link(format!("{path}/{id}"));
    let (systems, managers) = (path == format!("{ROOT}/Systems"), path == format!("{ROOT}/Managers"));
    if systems && bmc.bites(Oddity::NvidiaTwoSystems) {
        add(map, dead(BASEBOARD));
    }
    if (systems || managers) && bmc.bites(Oddity::AmiCollectionGhosts) {
        add(map, dead("DGX"));
        add(map, dead("HGX_BMC_0"));
    }
    if managers && bmc.bites(Oddity::CiscoGhostManager) {
        add(map, dead(GHOST));
    }
    if path == format!("{ROOT}/Chassis") && bmc.bites(Oddity::DellChassisRaidCrash) {
        add(map, dead("RAID.Integrated.1-1"));
    }
    let media = path.ends_with("/VirtualMedia");
    if media && bmc.bites(Oddity::LenovoVmediaEmpty) {
        over_map(map, json!({"Members": [], "Members@odata.count": 0}));
    }
    if path.ends_with("/EthernetInterfaces") && bmc.bites(Oddity::NvidiaDpuNullMembers) {
        over_map(map, json!({"Members": null, "Members@odata.count": 0}));
    }
    if let Some(Value::Array(members)) = map.get_mut("Members")
        && bmc.bites(Oddity::InspurMembersStrings)
    {
        for member in members {
            *member = member.get("@odata.id").cloned().unwrap_or_default();
        }
    }
}

fn over_map(map: &mut Map<String, Value>, members: Value) {
    if let Value::Object(members) = members {
        map.extend(members);
    }
}

fn add(map: &mut Map<String, Value>, member: Value) {
    if let Some(Value::Array(members)) = map.get_mut("Members") {
        members.push(member);
        let count = members.len();
        map.insert("Members@odata.count".to_owned(), count.into());
    }
}

/// Resources that are there with an oddity only.
pub(in crate::twin::redfish) fn extra(bmc: &Bmc, path: &str) -> Option<Value> {
    if path == format!("{ROOT}/Systems/{BASEBOARD}") && bmc.bites(Oddity::NvidiaTwoSystems) {
        let body = Served::ComputerSystem.resource(path, BASEBOARD, "HGX Baseboard");
        return Some(over(
            body,
            json!({"SystemType": "Physical", "Model": "HGX", "PowerState": "On", "UUID": ""}),
        ));
    }
    let is_ghost = path == format!("{ROOT}/Managers/{GHOST}") && bmc.bites(Oddity::CiscoGhostManager);
    is_ghost.then(
        || json!({"@odata.id": path, "@odata.type": "#Manager.v1_5_0.Manager", "Id": GHOST, "Name": GHOST}),
    )
}

/// Makes links lead back to where they come from.
pub(super) fn close_circle(path: &str, map: &mut Map<String, Value>) {
    if map.contains_key("Members") {
        map.insert("Members@odata.nextLink".to_owned(), path.into());
        add(map, link(path));
    }
    if let Some(links) = below(map, &["Links"]) {
        links.insert("Contains".to_owned(), json!([link(path)]));
        links.insert("ContainedBy".to_owned(), link(path));
    }
}

const BASEBOARD: &str = "HGX_Baseboard_0";
const GHOST: &str = "RACK_BMC_1";
