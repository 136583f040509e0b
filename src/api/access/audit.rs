//! `/ferric/v1/audit`: who changed what, from where and with which outcome, the latest first.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::lanes::Lanes;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::api::root::answer;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::who::Author;
use crate::model::audit::{Deed, Place, Search, Touched};
use crate::model::boot::event::RackEvent;
use crate::model::draft::given::parse_uuid;
use crate::net::http::Response;

/// Writes down what became of a request, also if its client does not wait for the answer.
#[derive(Debug)]
pub struct Witness<'a> {
    lanes: &'a dyn Lanes,
    author: &'a Author,
    pub touched: Touched,
    /// The answer's.
    pub status: u16,
}

impl<'a> Witness<'a> {
    pub fn new(lanes: &'a dyn Lanes, author: &'a Author) -> Self {
        Self { lanes, author, touched: Touched::default(), status: UNSEEN }
    }

    /// Takes in how it ended.
    pub fn see(&mut self, answer: &Result<Response, Fault>) {
        self.status = answer.as_ref().map_or_else(Fault::status, |response| response.status);
        if let Ok(response) = answer {
            self.touched.made(response);
        }
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.lanes.audit(self.author, std::mem::take(&mut self.touched), self.status);
    }
}

/// A page of the audit: `limit` rows before the number `marker`, of those that `node`, `user` and `since` leave. The first
/// page tells of log-ins that failed, too.
pub async fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let limit = paging::take_limit(&mut args, call.policy().max_limit)?;
    let marker = match args.number("marker")? {
        None => None,
        Some(number) => {
            Some(u64::try_from(number).map_err(|_| Fault::invalid("marker is the number of a row"))?)
        }
    };
    let (search, filters) = searched(call, &mut args)?;
    args.finish()?;
    let failed = if marker.is_none() { failed_logins(call, &search) } else { Vec::new() };
    let (lanes, before) = (Arc::clone(&call.api.lanes), marker.unwrap_or(u64::MAX));
    let read = tokio::task::spawn_blocking(move || lanes.deeds(before, limit, &search)).await;
    let deeds = read.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| {
        tracing::error!(error = why, "the audit cannot be read");
        Fault::new(500, "the audit cannot be read; the daemon's log says why")
    })?;
    let mut page = json!({"audit": deeds.iter().map(shown).collect::<Vec<_>>()});
    let Some(members) = page.as_object_mut() else { return Ok(answer(&page)) };
    if marker.is_none() {
        members.insert("failed_logins".to_owned(), json!(failed));
    }
    if let Some(last) = deeds.last().filter(|_| deeds.len() == limit) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string()).extend_pairs(filters);
        query.append_pair("marker", &last.sequence.to_string());
        members.insert("next".to_owned(), json!(format!("{}/ferric/v1/audit?{}", call.base, query.finish())));
    }
    Ok(answer(&page))
}

/// Pairs of the query that the link to the next page repeats.
type Filters = Vec<(&'static str, String)>;

/// What is looked for, and its arguments as they came.
fn searched(call: &Call<'_>, args: &mut Args) -> Result<(Search, Filters), Fault> {
    let (node, user, since) = (args.text("node")?, args.text("user")?, args.text("since")?);
    let given = [("node", &node), ("user", &user), ("since", &since)];
    let filters = given.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    let place = |word: String| {
        let id = match parse_uuid(&word) {
            Some(id) => Some(NodeId(id)),
            None => call.published.node_by_name(&word).map(|node| node.id),
        };
        Place { word, id }
    };
    let since = match since {
        None => None,
        Some(text) => {
            let time = Moment::parse(&text);
            Some(time.ok_or_else(|| Fault::invalid("since must be a time, e.g. 2026-11-22T08:00:00Z"))?)
        }
    };
    Ok((Search { node: node.map(place), user, since }, filters))
}

/// Who could not log in, a row an address: nobody knows who that was, or what was to be done.
fn failed_logins(call: &Call<'_>, search: &Search) -> Vec<Value> {
    if search.node.is_some() || search.user.is_some() {
        return Vec::new();
    }
    let events = call.lanes().events();
    let failed = events.iter().filter(|event| event.event == LOGIN_FAILED);
    let failed = failed.filter(|event| search.since.is_none_or(|since| event.last >= since));
    let row = |event: &RackEvent| {
        let (first, last) = (event.first.iso(), event.last.iso());
        json!({"from": event.subject, "times": event.times, "first": first, "last": last})
    };
    failed.map(row).collect()
}

fn shown(deed: &Deed) -> Value {
    json!({
        "sequence": deed.sequence,
        "at": deed.at.iso(),
        "user": deed.by.user,
        "role": deed.by.role.name(),
        "project": deed.by.project,
        "from": deed.by.from.to_string(),
        "request": deed.deed,
        "what": deed.touched.what,
        "node": deed.touched.node,
        "status": deed.status,
        "outcome": outcome(deed.status),
    })
}

fn outcome(status: u16) -> &'static str {
    match status {
        200..=399 => "done",
        401 | 403 => "forbidden",
        UNSEEN => "unseen",
        400..=499 => "refused",
        _ => "failed",
    }
}

/// What the rack's journal calls a log-in that failed.
pub const LOGIN_FAILED: &str = "login-failed";

/// The client went away before the answer; what it asked for may have been done.
const UNSEEN: u16 = 499;
