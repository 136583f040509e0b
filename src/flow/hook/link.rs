//! What the NICs heard from their switches: `local-link-connection` writes it to the ports, `parse-lldp` keeps it in
//! words as `parsed_lldp`.

use serde_json::Value;

use crate::base::mac::Mac;
use crate::flow::hook::Survey;
use crate::flow::hook::lldp::{self, Tlv};
use crate::model::Object;

pub fn apply(survey: &mut Survey<'_>) {
    for (name, mac) in survey.found_interfaces() {
        let Some(heard) = heard(survey, &name) else { continue };
        let link = local_link(&heard);
        connect(survey, mac, link);
    }
}

/// What a port is told stays: only what it lacks is written.
fn connect(survey: &mut Survey<'_>, mac: Mac, link: Object) {
    let Some(port) = survey.port(mac) else { return };
    for (name, value) in link {
        port.wished.local_link_connection.entry(name).or_insert(value);
    }
}

/// Switch, port and name of the switch. A chassis counts only with an address, as switches are told apart by it.
fn local_link(heard: &[Tlv]) -> Object {
    let mut link = Object::new();
    for tlv in heard {
        let (name, value) = match tlv.kind {
            lldp::CHASSIS_ID => ("switch_id", lldp::chassis(&tlv.value).filter(|id| id.is_mac)),
            lldp::PORT_ID => ("port_id", lldp::port(&tlv.value)),
            lldp::SYSTEM_NAME => ("switch_info", lldp::name(&tlv.value)),
            _ => continue,
        };
        if let Some(value) = value {
            link.entry(name).or_insert(value.text.into());
        }
    }
    link
}

pub fn parse(survey: &mut Survey<'_>) {
    let names: Vec<String> = survey
        .each("interfaces")
        .take(INTERFACES_LIMIT)
        .filter_map(|iface| iface.get("name")?.as_str().map(str::to_owned))
        .collect();
    let mut parsed = Object::new();
    for name in names {
        let words = heard(survey, &name).map(|heard| lldp::words(&heard)).unwrap_or_default();
        if !words.is_empty() {
            parsed.insert(name, Value::Object(words));
        }
    }
    if !parsed.is_empty() {
        survey.data.insert("parsed_lldp".to_owned(), Value::Object(parsed));
    }
}

/// What a NIC heard: beside the inventory (`lldp_raw`), or in it.
fn heard(survey: &Survey<'_>, name: &str) -> Option<Vec<Tlv>> {
    let raw = survey.data.get("lldp_raw").and_then(|raw| raw.get(name)).and_then(Value::as_array);
    let own = || {
        let mut all = survey.each("interfaces");
        all.find(|iface| iface.get("name").and_then(Value::as_str) == Some(name))?.get("lldp")?.as_array()
    };
    let list = raw.filter(|list| !list.is_empty()).or_else(own)?;
    Some(list.iter().take(TLVS_LIMIT).filter_map(Tlv::parse).collect())
}

/// NICs whose neighbours are told in words.
const INTERFACES_LIMIT: usize = 64;
/// A frame of 1500 bytes has fewer.
const TLVS_LIMIT: usize = 256;
