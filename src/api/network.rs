//! `GET /ferric/v1/leases`, `networks` and `webhooks`: pages of ours; the reference leaves addresses to others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::base::moment::Moment;
use crate::model::boot::event::RackEvent;
use crate::model::boot::network::{LeaseShown, NetworkStatus};
use crate::model::journal::Severity;
use crate::model::webhook::HookShown;
use crate::net::http::Response;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Who has which address.
    Leases,
    /// How it stands with the networks that are served.
    Networks,
    /// How it stands with the programs elsewhere that are told what changes.
    Webhooks,
}

pub fn show(call: &Call<'_>, page: Page) -> Result<Response, Fault> {
    call.no_query()?;
    let lanes = call.lanes();
    Ok(answer(&match page {
        Page::Leases => {
            let leases = lanes.leases();
            json!({"leases": leases.iter().map(|lease| lease_shown(call, lease)).collect::<Vec<Value>>()})
        }
        Page::Networks => {
            let networks: Vec<Value> = lanes.networks().iter().map(network_shown).collect();
            let events: Vec<Value> = lanes.events().iter().map(event_shown).collect();
            json!({"networks": networks, "events": events})
        }
        Page::Webhooks => {
            let hooks = lanes.webhooks(call.api.reader.last_event());
            json!({"webhooks": hooks.iter().map(hook_shown).collect::<Vec<Value>>()})
        }
    }))
}

fn hook_shown(hook: &HookShown) -> Value {
    json!({
        "name": hook.name,
        "place": hook.place,
        "events": hook.kinds,
        "state": hook.state.name(),
        "acknowledged": hook.acknowledged,
        "behind": hook.behind,
        "delivered": hook.delivered,
        "failed": hook.failed,
        "lost": hook.lost,
        "last_error": hook.last_error,
        "last_delivered_at": hook.last_delivered_at.map(Moment::iso),
    })
}

fn lease_shown(call: &Call<'_>, lease: &LeaseShown) -> Value {
    let port = lease.mac.and_then(|mac| call.published.port_by_mac(mac));
    let node = port.and_then(|port| call.published.node(port.node));
    json!({
        "address": lease.address,
        "mac": lease.mac,
        "network": lease.network,
        "host_name": lease.host_name,
        "node_uuid": node.map(|node| node.id.to_string()),
        "node_name": node.and_then(|node| node.wished.name.clone()),
        "expires_at": lease.expires.iso(),
        "last_asked": lease.last_asked,
        "duid": lease.client,
        "iaid": lease.association,
    })
}

fn network_shown(network: &NetworkStatus) -> Value {
    let counters: BTreeMap<_, _> = network.counters.iter().copied().collect();
    let others: Vec<Value> = network
        .other_servers
        .iter()
        .map(|other| {
            json!({
                "address": other.address,
                "mac": other.mac,
                "last_seen_at": other.last_seen.iso(),
                "expected": other.expected,
            })
        })
        .collect();
    json!({
        "name": network.name,
        "interface": network.interface,
        "role": network.role,
        "service": network.service,
        "mode": network.mode,
        "state": network.state,
        "address": network.address,
        "pools": network.pools,
        "other_servers": others,
        "problems": network.problems,
        "counters": counters,
    })
}

fn event_shown(event: &RackEvent) -> Value {
    json!({
        "network": event.network,
        "service": event.service,
        "event": event.event,
        "subject": event.subject,
        "text": event.text,
        "severity": match event.severity {
            Severity::Info => "info",
            Severity::Error => "error",
        },
        "times": event.times,
        "first_at": event.first.iso(),
        "last_at": event.last.iso(),
    })
}
