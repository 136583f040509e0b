//! `ports`: a port for each NIC that counts; those that are there are kept or removed and say whether they boot.

use serde_json::Value;

use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::flow::hook::{Survey, interfaces};
use crate::flow::part::port::PORTS_LIMIT;
use crate::model::Object;
use crate::model::inspection::policy::{AddPorts, KeepPorts};
use crate::model::port::{Port, PortWished};

pub fn apply(survey: &mut Survey<'_>) {
    if survey.policy.add_ports != AddPorts::Disabled {
        add(survey);
    }
    keep(survey);
    mark(survey);
}

/// What the hook before has found.
fn found(survey: &Survey<'_>, which: &str) -> Vec<(Mac, Object)> {
    let all = survey.data.get(which).and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(_, iface)| {
        let iface = iface.as_object()?;
        Some((interfaces::mac(iface)?, iface.clone()))
    })
    .collect()
}

fn add(survey: &mut Survey<'_>) {
    let mut left_out = Vec::new();
    for (mac, iface) in found(survey, interfaces::VALID) {
        if survey.port(mac).is_some() {
            continue;
        }
        if let Some(node) = survey.bearers.bearer(mac).filter(|node| *node != survey.node.id) {
            left_out.push(format!("{mac} is node {node}'s"));
            continue;
        }
        let Some(id) = survey.fresh.pop().filter(|_| survey.ports.len() < PORTS_LIMIT) else {
            left_out.push(format!("{mac} is one too many"));
            continue;
        };
        let port = port(survey, id, mac, &iface);
        survey.ports.push(port);
    }
    if !left_out.is_empty() {
        survey.warn(&format!("NICs that get no port: {}", left_out.join(", ")));
    }
}

fn port(survey: &Survey<'_>, id: PortId, address: Mac, iface: &Object) -> Port {
    let mut wished = PortWished {
        pxe_enabled: iface.get("pxe_enabled") == Some(&Value::Bool(true)),
        ..PortWished::default()
    };
    if let Some(client) = client_id(iface) {
        wished.extra.insert(CLIENT_ID.to_owned(), client.into());
    }
    Port {
        id,
        order: 0,
        created_at: Moment::default(),
        updated_at: None,
        node: survey.node.id,
        address,
        wished,
        internal_info: Object::new(),
    }
}

fn keep(survey: &mut Survey<'_>) {
    let which = match survey.policy.keep_ports {
        KeepPorts::All => return,
        KeepPorts::Present => interfaces::ALL,
        KeepPorts::Added => interfaces::VALID,
    };
    let expected: Vec<Mac> = found(survey, which).into_iter().map(|(mac, _)| mac).collect();
    if !expected.is_empty() {
        survey.ports.retain(|port| expected.contains(&port.address));
    }
}

fn mark(survey: &mut Survey<'_>) {
    let all = found(survey, interfaces::ALL);
    let update = survey.policy.update_pxe_enabled;
    for port in &mut survey.ports {
        let iface = all.iter().find(|(mac, _)| *mac == port.address).map(|(_, iface)| iface);
        if update {
            port.wished.pxe_enabled =
                iface.is_some_and(|iface| iface.get("pxe_enabled") == Some(&Value::Bool(true)));
        }
        if let Some(client) = iface.and_then(client_id) {
            port.wished.extra.insert(CLIENT_ID.to_owned(), client.into());
        }
    }
}

fn client_id(iface: &Object) -> Option<&str> {
    iface.get("client_id")?.as_str().filter(|text| !text.is_empty() && text.len() <= CLIENT_ID_LIMIT)
}

const CLIENT_ID: &str = "client-id";
/// Bytes of a client identifier that is one (`InfiniBand`'s have 20, in hexadecimal with colons).
const CLIENT_ID_LIMIT: usize = 255;
