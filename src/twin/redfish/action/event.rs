//! Event subscriptions.

use serde_json::{Value, json};

use crate::net::http::Response;
use crate::twin::redfish::answer::{Reply, done, refused};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live::{self, SUBSCRIPTIONS};
use crate::twin::redfish::state::Subscription;
use crate::twin::redfish::tree::over;

pub(super) fn subscribe(bmc: &Bmc, body: &Value) -> Reply {
    let Some(destination) = body.get("Destination").and_then(Value::as_str) else {
        return Err(refused(400, "PropertyMissing", &["Destination"]));
    };
    if url::Url::parse(destination).is_err() {
        return Err(refused(400, "PropertyValueFormatError", &[destination, "Destination"]));
    }
    let mut state = bmc.state();
    if state.subscriptions.len() >= MOST {
        return Err(refused(503, "EventSubscriptionLimitExceeded", &[]));
    }
    let id = state.fresh().to_string();
    let usual = json!({"Context": "", "Protocol": "Redfish", "EventTypes": ["Alert"], "SubscriptionType": "RedfishEvent"});
    let mut body = over(usual, body.clone());
    if let Some(map) = body.as_object_mut() {
        map.remove("HttpHeaders");
    }
    state.subscriptions.push(Subscription { id: id.clone(), body });
    drop(state);
    let path = format!("{SUBSCRIPTIONS}/{id}");
    let body = live::view(bmc, &path).unwrap_or_default();
    Ok(Response::json(201, body.to_string().into_bytes()).with("Location", path))
}

/// Takes a subscription away; `None` if the path is that of none.
pub(super) fn unsubscribe(bmc: &Bmc, path: &str) -> Option<Reply> {
    let id = path.strip_prefix(SUBSCRIPTIONS)?.strip_prefix('/')?;
    let mut state = bmc.state();
    let before = state.subscriptions.len();
    state.subscriptions.retain(|subscription| subscription.id != id);
    (state.subscriptions.len() < before).then(done)
}

/// As few as some makers take.
const MOST: usize = 8;
