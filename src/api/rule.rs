//! `/v1/inspection_rules`: what the site wants done with inventories (contract `api.md` section 8).
//!
//! Links lead to the resource itself and `phase` filters, where the reference's do not.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::call::Call;
use crate::api::request::paging::{self, DETAIL_SINCE, Listing, Paging, Wanted};
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_uuid;
use crate::model::inspection::rule::{Rule, draft};
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::shape::Pick;
use crate::model::shape::rule::{SHORT, TABLE};
use crate::net::http::Response;

/// `GET /v1/inspection_rules`.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let longest = call.policy().max_limit;
    let (version, detailed, detail_since) = (call.version, false, DETAIL_SINCE);
    let wanted = Wanted { table: TABLE, short: SHORT, version, longest, detailed, detail_since };
    let paging = Paging::take(&mut args, &wanted)?;
    let phase = args.text("phase")?;
    args.finish()?;
    let rules = all(call)?;
    let after = paging.marked("inspection rule", |id| rules.iter().find(|rule| rule.id == id))?;
    let listing = Listing {
        table: TABLE,
        name: "inspection_rules",
        path: "inspection_rules",
        marker: |rule: &Rule| rule.id.to_string(),
        order: |rule: &Rule| rule.order,
    };
    let found = rules.iter().filter(|rule| phase.as_ref().is_none_or(|phase| rule.wished.phase == *phase));
    Ok(paging.answer(call, &listing, found, after))
}

/// `POST /v1/inspection_rules`.
pub async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let body = call.action().await?.into_object();
    let (id, wished) = draft::rule(body)?;
    let id = id.unwrap_or_else(Uuid::new_v4);
    let rule = written(call, RackAsk::RuleCreate(id, wished)).await?;
    let location = format!("{}/v1/inspection_rules/{id}", call.base);
    Ok(call.show(201, TABLE, &Pick::All, &*rule).with("Location", location))
}

/// `GET /v1/inspection_rules/{uuid}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let id = id(call)?;
    let pick = paging::pick_one(call, TABLE)?;
    let rules = all(call)?;
    let rule = rules.iter().find(|rule| rule.id == id).ok_or_else(|| missing(id))?;
    Ok(call.show(200, TABLE, &pick, rule))
}

/// `PATCH /v1/inspection_rules/{uuid}`.
pub async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let id = id(call)?;
    call.no_query()?;
    let patch = operations::parse(call.json().await?)?;
    let rule = written(call, RackAsk::RulePatch(id, patch)).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*rule))
}

/// `DELETE /v1/inspection_rules/{uuid}`.
pub async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    let id = id(call)?;
    call.no_query()?;
    call.api.lanes.rack(RackAsk::RuleDelete(id)).await?;
    Ok(Response::empty(204))
}

/// `DELETE /v1/inspection_rules`: all of the site's rules, as the reference means it; there it is an error. Those of the
/// file stay.
pub async fn clear(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    call.api.lanes.rack(RackAsk::RuleClear).await?;
    Ok(Response::empty(204))
}

async fn written(call: &Call<'_>, ask: RackAsk) -> Result<Arc<Rule>, Fault> {
    if let RackAnswer::Rule(rule) = call.api.lanes.rack(ask).await? {
        return Ok(rule);
    }
    Err(Refusal::Internal("a rule was written and not answered".to_owned()).into())
}

/// The rule of the path.
fn id(call: &Call<'_>) -> Result<Uuid, Fault> {
    parse_uuid(call.ident(0)).ok_or_else(|| Fault::invalid("an inspection rule is named by its UUID"))
}

fn missing(id: Uuid) -> Fault {
    Fault::not_found(format!("inspection rule {id} could not be found"))
}

fn all(call: &Call<'_>) -> Result<Vec<Rule>, Fault> {
    call.api.reader.rules().map_err(|error| {
        tracing::error!(error = %error.chain(), "inspection rules cannot be read");
        Fault::new(500, "the inspection rules cannot be read; the daemon's log says why")
    })
}
