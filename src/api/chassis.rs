//! `/v1/chassis`.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node;
use crate::api::node::operations;
use crate::api::request::call::Call;
use crate::api::request::paging::DETAIL_SINCE;
use crate::api::table::ChassisAction;
use crate::api::thing::{self, Collection, Sought};
use crate::model::chassis::{Chassis, ChassisAsk};
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::shape::Pick;
use crate::model::shape::chassis::{SHORT, TABLE};
use crate::net::http::Response;

/// Everything below `/v1/chassis`.
pub async fn act(action: ChassisAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        ChassisAction::List => thing::list(call, &CHASSIS, &Sought::default()),
        ChassisAction::Detail => thing::list(call, &CHASSIS, &Sought { detailed: true, ..Sought::default() }),
        ChassisAction::Create => create(call).await,
        ChassisAction::Show => thing::show(call, &CHASSIS, false),
        ChassisAction::Patch => patch(call).await,
        ChassisAction::Delete => delete(call).await,
        ChassisAction::Unnamed => Err(Fault::invalid("the path must name a chassis")),
        ChassisAction::Nodes => {
            node::list::of_chassis(call, thing::find::<Chassis>(call, call.ident(0), false)?.id)
        }
    }
}

async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let body = call.action().await?.into_object();
    let chassis = Chassis::draft(body, Uuid::new_v4())?;
    let made = written(call, ChassisAsk::Create(chassis)).await?;
    Ok(thing::created(call, &CHASSIS, &*made))
}

async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let id = thing::find::<Chassis>(call, call.ident(0), false)?.id;
    call.no_query()?;
    let patch = operations::parse(call.json().await?)?;
    operations::check_roots(&patch, TABLE, call.version)?;
    let changed = written(call, ChassisAsk::Patch(id, patch)).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*changed))
}

async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let id = thing::uuid::<Chassis>(call)?;
    call.api.lanes.rack(RackAsk::Chassis(ChassisAsk::Delete(id))).await?;
    Ok(Response::empty(204))
}

async fn written(call: &Call<'_>, ask: ChassisAsk) -> Result<Arc<Chassis>, Fault> {
    if let RackAnswer::Chassis(chassis) = call.api.lanes.rack(RackAsk::Chassis(ask)).await? {
        return Ok(chassis);
    }
    Err(Refusal::Internal("a chassis was written and not answered".to_owned()).into())
}

const CHASSIS: Collection<Chassis> =
    Collection { table: TABLE, short: SHORT, key: "chassis", path: "chassis", detail_since: DETAIL_SINCE };
