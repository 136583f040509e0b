//! `/ferric/v1/audit`: who changed what, from where and with which outcome, the latest first.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::lanes::Lanes;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::api::root::answer;
use crate::base::who::Author;
use crate::model::audit::Deed;
use crate::net::http::Response;

/// Writes down what became of a request, also if its client does not wait for the answer.
#[derive(Debug)]
pub struct Witness<'a> {
    lanes: &'a dyn Lanes,
    author: &'a Author,
    /// The answer's.
    pub status: u16,
}

impl<'a> Witness<'a> {
    pub fn new(lanes: &'a dyn Lanes, author: &'a Author) -> Self {
        Self { lanes, author, status: UNSEEN }
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        self.lanes.audit(self.author, self.status);
    }
}

/// A page of the audit: `limit` rows before the number `marker`.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let limit = paging::take_limit(&mut args, call.policy().max_limit)?;
    let before = match args.number("marker")? {
        None => u64::MAX,
        Some(number) => u64::try_from(number).map_err(|_| Fault::invalid("marker is the number of a row"))?,
    };
    args.finish()?;
    let deeds = call.lanes().deeds(before, limit).map_err(|why| {
        tracing::error!(error = why, "the audit cannot be read");
        Fault::new(500, "the audit cannot be read; the daemon's log says why")
    })?;
    let mut page = json!({"audit": deeds.iter().map(shown).collect::<Vec<_>>()});
    if let (Some(last), Some(members)) = (deeds.last().filter(|_| deeds.len() == limit), page.as_object_mut())
    {
        let next = format!("{}/ferric/v1/audit?limit={limit}&marker={}", call.base, last.sequence);
        members.insert("next".to_owned(), json!(next));
    }
    Ok(answer(&page))
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

/// The client went away before the answer; what it asked for may have been done.
const UNSEEN: u16 = 499;
