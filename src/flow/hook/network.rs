//! `physical-network`: the network that a port is in, by the address that its NIC has in the ramdisk.

use std::net::IpAddr;

use serde_json::Value;

use crate::flow::hook::{Survey, interfaces};
use crate::model::Object;

pub fn apply(survey: &mut Survey<'_>) {
    let found = survey.found_interfaces();
    for (name, mac) in found {
        let all = survey.data.get(interfaces::ALL).and_then(|all| all.get(&name)).and_then(Value::as_object);
        let Some(network) = all.and_then(|iface| network(survey, iface)) else { continue };
        if let Some(port) = survey.port(mac) {
            port.wished.physical_network = Some(network);
        }
    }
}

fn network(survey: &Survey<'_>, iface: &Object) -> Option<String> {
    let map = &survey.policy.physical_network_cidr_map;
    let addresses = ["ipv4_address", "ipv6_address"]
        .into_iter()
        .filter_map(|member| iface.get(member)?.as_str()?.parse::<IpAddr>().ok());
    addresses
        .filter_map(|address| map.iter().find(|(net, _)| net.contains(&address)))
        .map(|(_, network)| network.clone())
        .next()
}
