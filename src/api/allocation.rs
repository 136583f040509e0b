//! `/v1/allocations` and `/v1/nodes/{ident}/allocation`.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging::{self, DETAIL_SINCE};
use crate::api::table::AllocationAction;
use crate::api::thing::{self, Collection, Sought};
use crate::base::id::NodeId;
use crate::model::allocation::draft::Draft;
use crate::model::allocation::{Allocation, AllocationAsk};
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::shape::allocation::{SHORT, TABLE};
use crate::model::shape::{self, Pick};
use crate::net::http::Response;

/// Everything about allocations.
pub async fn act(action: AllocationAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        AllocationAction::List => list(call),
        AllocationAction::Create => create(call).await,
        AllocationAction::Show => show(call, found(call)?),
        AllocationAction::Patch => patch(call).await,
        AllocationAction::Delete => delete(call, found(call)?.id).await,
        AllocationAction::OfNode => show(call, of_node(call)?),
        AllocationAction::DeleteOfNode => delete(call, of_node(call)?.id).await,
    }
}

fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let paging = thing::paging(call, &ALLOCATIONS, &mut args, false)?;
    let filters = Filters::take(&mut args, call)?;
    args.finish()?;
    let takes_in = |row: &Allocation| filters.take_in(row) && !is_over(call, row);
    let sought = Sought { node: filters.node, takes_in: Box::new(takes_in), ..Sought::default() };
    thing::page(call, &ALLOCATIONS, &paging, &sought)
}

/// Which allocations are wanted; what is `None` does not matter.
#[derive(Debug)]
struct Filters {
    node: Option<NodeId>,
    resource_class: Option<String>,
    state: Option<String>,
    owner: Option<String>,
}

impl Filters {
    fn take(args: &mut Args, call: &Call<'_>) -> Result<Self, Fault> {
        args.too_new(&[("owner", OWNER_SINCE)], call.version)?;
        let node = args.text("node")?;
        let node = node.map(|ident| named(call, &ident).map(|node| node.id)).transpose()?;
        let owner = args.text("owner")?;
        if owner.is_some() && !call.sees_project(owner.as_deref()) {
            return Err(Fault::new(403, "a token that is bound to a project lists its own allocations only"));
        }
        Ok(Self { node, resource_class: args.text("resource_class")?, state: args.text("state")?, owner })
    }

    fn take_in(&self, row: &Allocation) -> bool {
        let is =
            |wanted: &Option<String>, value: Option<&str>| wanted.is_none() || wanted.as_deref() == value;
        is(&self.resource_class, row.wished.resource_class.as_deref())
            && is(&self.state, Some(row.state.name()))
            && is(&self.owner, row.wished.owner.as_deref())
    }
}

async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let body = call.action().await?.into_object();
    if let Some(row) = shape::too_new(TABLE, body.keys().map(String::as_str), call.version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    let mut draft = Draft::read(body)?;
    if draft.node.is_some() && call.version < BACKFILL_SINCE {
        return Err(Fault::invalid(format!(
            "an allocation for a node in use (node) needs API version 1.{BACKFILL_SINCE} or newer"
        )));
    }
    let node = draft.node.take();
    let node = node.map(|ident| named(call, &ident)).transpose()?;
    let candidates = std::mem::take(&mut draft.candidates);
    let candidates = candidates.iter().map(|ident| named(call, ident).map(|node| node.id));
    let candidates = candidates.collect::<Result<Vec<_>, _>>()?;
    let mut allocation = draft.finish(node.map(|node| &**node), candidates, Uuid::new_v4());
    call.claim(&mut allocation.wished.owner)?;
    let made = written(call, AllocationAsk::Create(Box::new(allocation))).await?;
    Ok(thing::created(call, &ALLOCATIONS, &*made))
}

/// A node that the request names outside of its path: its absence is a mistake of the request.
fn named<'a>(call: &'a Call<'_>, ident: &str) -> Result<&'a Arc<Node>, Fault> {
    call.find_node(ident).map_err(|fault| Fault::invalid(fault.text()))
}

fn show(call: &Call<'_>, row: &Allocation) -> Result<Response, Fault> {
    let pick = paging::pick_one(call, TABLE)?;
    Ok(call.show(200, TABLE, &pick, row))
}

async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let id = found(call)?.id;
    call.no_query()?;
    let patch = operations::parse(call.json().await?)?;
    operations::check_roots(&patch, TABLE, call.version)?;
    let changed = written(call, AllocationAsk::Patch(id, patch)).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*changed))
}

async fn delete(call: &Call<'_>, id: Uuid) -> Result<Response, Fault> {
    call.no_query()?;
    call.api.lanes.rack(RackAsk::Allocation(AllocationAsk::Delete(id))).await?;
    Ok(Response::empty(204))
}

/// The allocation of the path.
fn found<'a>(call: &'a Call<'_>) -> Result<&'a Arc<Allocation>, Fault> {
    let ident = call.ident(0);
    let row = thing::find::<Allocation>(call, ident, true)?;
    if is_over(call, row) { Err(thing::missing::<Allocation>(ident)) } else { Ok(row) }
}

/// The allocation of the path's node.
fn of_node<'a>(call: &'a Call<'_>) -> Result<&'a Arc<Allocation>, Fault> {
    let node = call.node()?;
    let row = node.allocation.as_ref().and_then(|held| thing::shelf::<Allocation>(call).get(held.id));
    let row = row.filter(|row| thing::sees(call, &***row));
    row.ok_or_else(|| Fault::not_found(format!("allocation for node {} was not found", node.label())))
}

/// Whether its node was taken from it, and the row only waits to be removed.
fn is_over(call: &Call<'_>, row: &Allocation) -> bool {
    row.is_over(row.node.and_then(|node| call.published.node(node)).map(|node| &**node))
}

async fn written(call: &Call<'_>, ask: AllocationAsk) -> Result<Arc<Allocation>, Fault> {
    if let RackAnswer::Allocation(row) = call.api.lanes.rack(RackAsk::Allocation(ask)).await? {
        return Ok(row);
    }
    Err(Refusal::Internal("an allocation was written and not answered".to_owned()).into())
}

const ALLOCATIONS: Collection<Allocation> = Collection {
    table: TABLE,
    short: SHORT,
    key: "allocations",
    path: "allocations",
    detail_since: DETAIL_SINCE,
};

/// Since then allocations have owners.
const OWNER_SINCE: u16 = 60;

/// Since then an allocation may be made for a node in use.
const BACKFILL_SINCE: u16 = 58;
