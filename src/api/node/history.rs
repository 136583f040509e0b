//! `nodes/{ident}/history`: the journal of a node.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::api::args::Args;
use crate::api::call::Call;
use crate::api::fault::Fault;
use crate::api::root::answer;
use crate::base::id::NodeId;
use crate::model::journal::{Entry, Severity};
use crate::net::http::Response;

/// The entries, oldest first.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.args()?;
    let detail = args.flag("detail")?.unwrap_or_default();
    let limit = args.number("limit")?;
    let marker = args.text("marker")?;
    let descending = order(&mut args)?;
    args.finish()?;
    let mut entries = entries(call, id)?;
    if descending {
        entries.reverse();
    }
    if let Some(marker) = marker {
        let place = entries.iter().position(|entry| name(id, entry) == marker);
        let place = place.ok_or_else(|| Fault::not_found("marker names no entry of this history"))?;
        entries.drain(..=place);
    }
    let limit = match limit {
        None => usize::MAX,
        Some(limit) if limit > 0 => usize::try_from(limit).unwrap_or(usize::MAX),
        Some(_) => return Err(Fault::invalid("limit must be a positive number")),
    };
    entries.truncate(limit);
    let mut page = Map::new();
    if let Some(last) = entries.last().filter(|_| entries.len() == limit) {
        let next = format!("{}/v1/nodes/{id}/history?limit={limit}&marker={}", call.base, name(id, last));
        page.insert("next".to_owned(), json!(next));
    }
    let shown: Vec<_> = entries.iter().map(|entry| shown(call, id, entry, detail)).collect();
    page.insert("history".to_owned(), json!(shown));
    Ok(answer(&Value::Object(page)))
}

/// One entry with everything.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let wanted = call.ident(1);
    let entries = entries(call, id)?;
    match entries.iter().find(|entry| name(id, entry) == wanted) {
        Some(entry) => Ok(answer(&shown(call, id, entry, true))),
        None => Err(Fault::not_found(format!("node {id} has no such entry in its history"))),
    }
}

fn order(args: &mut Args) -> Result<bool, Fault> {
    if let Some(key) =
        args.text("sort_key")?.filter(|key| !["id", "uuid", "created_at"].contains(&key.as_str()))
    {
        let shown: String = key.chars().take(64).collect();
        return Err(Fault::invalid(format!("sort_key {shown:?} is no field to sort by")));
    }
    match args.text("sort_dir")?.as_deref() {
        None | Some("asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) => Err(Fault::invalid("sort_dir must be asc or desc")),
    }
}

fn entries(call: &Call<'_>, id: NodeId) -> Result<Vec<Entry>, Fault> {
    call.api.reader.journal(id, 0, ENTRIES_LIMIT).map_err(|error| {
        tracing::error!(node = %id, error = %error, "the journal cannot be read");
        Fault::new(500, "the history cannot be read; the daemon's log says why")
    })
}

/// An entry's identity: made from its node and number, so that it need not be stored.
fn name(id: NodeId, entry: &Entry) -> String {
    Uuid::new_v5(&id.0, &entry.sequence.to_be_bytes()).to_string()
}

fn shown(call: &Call<'_>, id: NodeId, entry: &Entry, detail: bool) -> Value {
    let uuid = name(id, entry);
    let severity = match entry.severity {
        Severity::Info => "INFO",
        Severity::Error => "ERROR",
    };
    let path = format!("nodes/{id}/history/{uuid}");
    let mut value = json!({
        "uuid": uuid,
        "created_at": entry.at.iso(),
        "severity": severity,
        "event": entry.text,
        "links": [
            {"href": format!("{}/v1/{path}", call.base), "rel": "self"},
            {"href": format!("{}/{path}", call.base), "rel": "bookmark"},
        ],
    });
    if let Some(members) = value.as_object_mut().filter(|_| detail) {
        details(call, entry, members);
    }
    value
}

fn details(call: &Call<'_>, entry: &Entry, members: &mut Map<String, Value>) {
    let host = &call.policy().host;
    for (name, since, value) in [
        ("event_type", 78, json!(entry.event)),
        ("conductor", 78, json!(host)),
        ("user", 78, Value::Null),
        ("project", 113, Value::Null),
        ("state", 115, json!(entry.state)),
        ("target_provision_state", 115, json!(entry.target)),
        ("duration_seconds", 115, json!(entry.seconds)),
    ] {
        if since <= call.version {
            members.insert(name.to_owned(), value);
        }
    }
}

/// A node's journal holds 300 entries (style corner 13).
const ENTRIES_LIMIT: usize = 1000;
