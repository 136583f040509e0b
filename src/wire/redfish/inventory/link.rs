//! What the switches said by LLDP, a port each.

use serde_json::{Map, Value, json};

use crate::wire::redfish::inventory::Survey;
use crate::wire::redfish::view::network::{DellSwitchConnection, Lldp};

/// `parsed_lldp` of the plugin data. Ports are named by their id; a second port of that name gets its adapter's before
/// it.
pub fn parsed_lldp(survey: &Survey) -> Value {
    let mut ports = Map::new();
    for parts in &survey.adapters {
        for port in &parts.ports {
            let (Some(id), Some(lldp)) = (&port.id, port.lldp.as_ref().filter(|lldp| is_heard(lldp))) else {
                continue;
            };
            let adapter = parts.adapter.id.as_deref().unwrap_or("adapter");
            let name = if ports.contains_key(id) { format!("{adapter}:{id}") } else { id.clone() };
            ports.insert(name, heard(lldp));
        }
    }
    for switch in survey.dell_switches.iter().filter(|switch| switch.is_heard()) {
        if let Some(name) = &switch.fqdd {
            ports.insert(name.clone(), heard_by_dell(switch));
        }
    }
    Value::Object(ports)
}

/// A BMC without a neighbour shows the object with empty or zero members.
fn is_heard(lldp: &Lldp) -> bool {
    lldp.chassis_id.is_some() || lldp.port_id.is_some() || lldp.system_name.is_some()
}

fn heard(lldp: &Lldp) -> Value {
    let members = [
        ("switch_chassis_id", lldp.chassis_id.clone().map(Value::from)),
        ("switch_port_id", lldp.port_id.clone().map(Value::from)),
        ("switch_system_name", lldp.system_name.clone().map(Value::from)),
        ("switch_system_description", lldp.system_description.clone().map(Value::from)),
        ("switch_vlan_id", lldp.vlan_id.map(Value::from)),
    ];
    let told = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(told.collect())
}

fn heard_by_dell(switch: &DellSwitchConnection) -> Value {
    json!({ "switch_chassis_id": switch.switch, "switch_port_id": switch.port })
}
