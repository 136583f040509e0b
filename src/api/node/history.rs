//! `nodes/{ident}/history`: the journal of a node.

use form_urlencoded::Serializer;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::api::root::answer;
use crate::base::id::NodeId;
use crate::model::draft::given::parse_uuid;
use crate::model::journal::{Entry, Severity};
use crate::net::http::Response;

/// The entries, oldest first if nothing else is asked for.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.args()?;
    let wanted = Wanted::take(&mut args, call)?;
    args.finish()?;
    let mut entries = entries(call, id)?;
    wanted.sort(call, id, &mut entries);
    if let Some(marker) = &wanted.marker {
        parse_uuid(marker).ok_or_else(|| Fault::invalid("marker must be a UUID"))?;
        let place = entries.iter().position(|entry| name(id, entry) == *marker);
        let place = place.ok_or_else(|| Fault::not_found("marker names no entry of this history"))?;
        entries.drain(..=place);
    }
    entries.truncate(wanted.limit);
    let mut page = Map::new();
    if let Some(last) = entries.last().filter(|_| entries.len() == wanted.limit) {
        page.insert("next".to_owned(), json!(wanted.next(call, id, last)));
    }
    let shown: Vec<_> = entries.iter().map(|entry| shown(call, id, entry, wanted.detail)).collect();
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

/// Which entries are asked for, and how.
struct Wanted {
    detail: bool,
    limit: usize,
    marker: Option<String>,
    /// A member that all entries have at the client's version; without it the order of events.
    sort_key: Option<String>,
    descending: bool,
}

impl Wanted {
    fn take(args: &mut Args, call: &Call<'_>) -> Result<Self, Fault> {
        Ok(Self {
            detail: args.flag("detail")?.unwrap_or_default(),
            limit: paging::take_limit(args, call.policy().max_limit)?,
            marker: args.text("marker")?,
            sort_key: sort_key(args, call.version)?,
            descending: paging::take_descending(args)?,
        })
    }

    fn sort(&self, call: &Call<'_>, id: NodeId, entries: &mut [Entry]) {
        if let Some(key) = &self.sort_key {
            entries.sort_by_cached_key(|entry| (rank(shown(call, id, entry, true).get(key)), entry.sequence));
        }
        if self.descending {
            entries.reverse();
        }
    }

    /// The link to the page after `last`.
    fn next(&self, call: &Call<'_>, id: NodeId, last: &Entry) -> String {
        let mut query = Serializer::new(String::new());
        if self.detail {
            query.append_pair("detail", "True");
        }
        if let Some(key) = &self.sort_key {
            query.append_pair("sort_key", key);
        }
        if self.descending {
            query.append_pair("sort_dir", "desc");
        }
        query.append_pair("limit", &self.limit.to_string()).append_pair("marker", &name(id, last));
        format!("{}/v1/nodes/{id}/history?{}", call.base, query.finish())
    }
}

/// The place of a member's value: null first, numbers by size, texts by their letters.
fn rank(member: Option<&Value>) -> (Option<u64>, Option<String>) {
    (member.and_then(Value::as_u64), member.and_then(Value::as_str).map(str::to_owned))
}

fn sort_key(args: &mut Args, version: u16) -> Result<Option<String>, Fault> {
    // Events are numbered as they come: by number and by moment is one order, whatever the wall clock did.
    let Some(key) = args.text("sort_key")?.filter(|key| !["id", "created_at"].contains(&key.as_str())) else {
        return Ok(None);
    };
    match SORTED.iter().find(|(name, _)| *name == key) {
        Some((_, since)) if *since > version => Err(Fault::too_new(&format!("sort_key {key}"), *since)),
        Some(_) => Ok(Some(key)),
        None => {
            let shown: String = key.chars().take(64).collect();
            Err(Fault::invalid(format!("sort_key {shown:?} is no field to sort by")))
        }
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
        ("user", 78, json!(entry.by.as_ref().and_then(|by| by.user.as_ref()))),
        ("project", 113, json!(entry.by.as_ref().and_then(|by| by.project.as_ref()))),
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
const ENTRIES_LIMIT: usize = 100_000;

/// Members to sort by, beside the order of events, with their versions.
const SORTED: &[(&str, u16)] = &[
    ("uuid", 78),
    ("severity", 78),
    ("event", 78),
    ("event_type", 78),
    ("conductor", 78),
    ("user", 78),
    ("project", 113),
    ("state", 115),
    ("target_provision_state", 115),
    ("duration_seconds", 115),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_size_and_texts_by_letters() {
        let mut values = [json!(10), json!("b"), json!(9), Value::Null, json!("a")];
        values.sort_by_key(|value| rank(Some(value)));
        assert_eq!(values, [Value::Null, json!("a"), json!("b"), json!(9), json!(10)]);
    }
}
