//! `validate-interfaces`: which NICs count. What it finds is kept beside the inventory, as in the reference:
//! `all_interfaces`, `valid_interfaces` by name, and `macs` of the valid ones.

use std::net::IpAddr;

use serde_json::Value;

use crate::base::mac::Mac;
use crate::flow::hook::{Failed, Survey};
use crate::model::Object;
use crate::model::inspection::policy::AddPorts;

pub fn prepare(survey: &mut Survey<'_>) -> Result<(), Failed> {
    let booted = booted_from(survey.inventory);
    let mut all = Object::new();
    for iface in survey.each("interfaces") {
        if let Some((name, found)) = usable(iface, booted) {
            all.insert(name, Value::Object(found));
        }
    }
    if all.is_empty() {
        return Err("no network interface has a name and a valid MAC address".to_owned());
    }
    let add_ports = survey.policy.add_ports;
    let valid: Object = all
        .iter()
        .filter(|(name, iface)| counts(name, iface, booted.is_some(), add_ports))
        .map(|(name, iface)| (name.clone(), iface.clone()))
        .collect();
    if valid.is_empty() {
        return Err(format!("no network interface matches add_ports {:?}", add_ports.name()));
    }
    let macs: Vec<Value> = valid.values().filter_map(|iface| iface.get("mac_address").cloned()).collect();
    survey.data.insert(ALL.to_owned(), Value::Object(all));
    survey.data.insert(VALID.to_owned(), Value::Object(valid));
    survey.data.insert("macs".to_owned(), Value::Array(macs));
    Ok(())
}

/// Name and record of an interface; `None` for one without a name or a MAC address of Ethernet.
fn usable(iface: &Object, booted: Option<Mac>) -> Option<(String, Object)> {
    let name = iface.get("name")?.as_str().filter(|name| !name.is_empty())?;
    let mac = mac(iface)?;
    let mut found = iface.clone();
    found.insert("mac_address".to_owned(), mac.to_string().into());
    found.insert("pxe_enabled".to_owned(), (booted == Some(mac)).into());
    if let Some(text) = iface.get("ipv6_address").and_then(Value::as_str) {
        // Without its scope, as in fd00::1%eth0.
        let bare = text.split('%').next().unwrap_or_default();
        found.insert("ipv6_address".to_owned(), bare.into());
    }
    Some((name.to_owned(), found))
}

fn counts(name: &str, iface: &Value, is_known: bool, add_ports: AddPorts) -> bool {
    let text = |member: &str| iface.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let address = text("ipv4_address").or_else(|| text("ipv6_address"));
    let loops = address.and_then(|text| text.parse::<IpAddr>().ok()).is_some_and(|ip| ip.is_loopback());
    if name == "lo" || loops {
        return false;
    }
    match add_ports {
        AddPorts::Pxe if is_known => iface.get("pxe_enabled") == Some(&Value::Bool(true)),
        AddPorts::Active => address.is_some(),
        AddPorts::Pxe | AddPorts::All | AddPorts::Disabled => true,
    }
}

/// The address of an interface.
pub fn mac(iface: &Object) -> Option<Mac> {
    iface.get("mac_address")?.as_str()?.parse().ok()
}

/// The NIC that booted: an address, or PXELINUX' form of one with the hardware type before it.
pub fn booted_from(inventory: &Object) -> Option<Mac> {
    let text = inventory.get("boot")?.get("pxe_interface")?.as_str()?;
    let bare = if text.contains('-') { text.split_once('-').map_or(text, |(_, rest)| rest) } else { text };
    bare.parse().or_else(|_| text.parse()).ok()
}

/// Names of what is kept.
pub const ALL: &str = "all_interfaces";
pub const VALID: &str = "valid_interfaces";
