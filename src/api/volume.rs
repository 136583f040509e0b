//! Volume connectors and targets: one resource in two kinds, below `/v1/volume` and below its node.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::call::Call;
use crate::api::root::{answer, pair};
use crate::api::thing::{self, Collection, Sought};
use crate::base::id::NodeId;
use crate::model::Object;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::refusal::Refusal;
use crate::model::shape::{self, Pick};
use crate::model::volume::connector::ConnectorWished;
use crate::model::volume::target::TargetWished;
use crate::model::volume::{OWNER, Volume, VolumeAsk, VolumeKind, Wished, owner};
use crate::net::http::Response;
use crate::store::shelf::Kept;

/// What a request wants of the volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeAction {
    /// The page that leads to both lists.
    Page,
    NodePage,
    List(VolumeKind),
    NodeList(VolumeKind),
    Create(VolumeKind),
    Show(VolumeKind),
    Patch(VolumeKind),
    Delete(VolumeKind),
    /// A change without the UUID of what is to change.
    Unnamed,
    /// A single one is not found below its node, as in the reference.
    Misplaced,
}

pub async fn act(call: &Call<'_>, action: VolumeAction) -> Result<Response, Fault> {
    match action {
        VolumeAction::Page => page(call, ""),
        VolumeAction::NodePage => page(call, &format!("nodes/{}/", call.node()?.id)),
        VolumeAction::Unnamed => Err(Fault::invalid("the path must name a volume connector or target")),
        VolumeAction::Misplaced => {
            call.node()?;
            Err(Fault::invalid("a volume connector or target is found below /v1/volume only"))
        }
        VolumeAction::List(kind)
        | VolumeAction::NodeList(kind)
        | VolumeAction::Create(kind)
        | VolumeAction::Show(kind)
        | VolumeAction::Patch(kind)
        | VolumeAction::Delete(kind) => match kind {
            VolumeKind::Connector => of::<ConnectorWished>(call, action).await,
            VolumeKind::Target => of::<TargetWished>(call, action).await,
        },
    }
}

async fn of<W: Wished>(call: &Call<'_>, action: VolumeAction) -> Result<Response, Fault>
where
    Volume<W>: Kept,
{
    match action {
        VolumeAction::List(_) => list::<W>(call),
        VolumeAction::NodeList(_) => of_node::<W>(call),
        VolumeAction::Create(_) => create::<W>(call).await,
        VolumeAction::Show(_) => thing::show(call, &collection::<W>(), false),
        VolumeAction::Patch(_) => patch::<W>(call).await,
        VolumeAction::Delete(_) => delete::<W>(call).await,
        VolumeAction::Page | VolumeAction::NodePage | VolumeAction::Unnamed | VolumeAction::Misplaced => {
            page(call, "")
        }
    }
}

/// Links to both lists; `before` is the path of the node or empty.
fn page(call: &Call<'_>, before: &str) -> Result<Response, Fault> {
    call.no_query()?;
    Ok(answer(&serde_json::json!({
        "links": pair(call, &format!("{before}volume/")),
        "connectors": pair(call, &format!("{before}volume/connectors")),
        "targets": pair(call, &format!("{before}volume/targets")),
    })))
}

/// `GET /v1/volume/{kind}`.
fn list<W: Wished>(call: &Call<'_>) -> Result<Response, Fault>
where
    Volume<W>: Kept,
{
    let collection = collection::<W>();
    let mut args = call.args()?;
    let paging = thing::paging(call, &collection, &mut args, false)?;
    let node = args.text("node")?;
    args.finish()?;
    let node = match node {
        None => None,
        Some(ident) => Some(call.find_node(&ident)?.id),
    };
    thing::page(call, &collection, &paging, &Sought { node, ..Sought::default() })
}

/// `GET /v1/nodes/{ident}/volume/{kind}`.
fn of_node<W: Wished>(call: &Call<'_>) -> Result<Response, Fault>
where
    Volume<W>: Kept,
{
    let (node, collection) = (call.node()?.id, collection::<W>());
    let path = Some(format!("nodes/{node}/{}", collection.path));
    thing::list(call, &collection, &Sought { path, node: Some(node), ..Sought::default() })
}

/// `POST /v1/volume/{kind}`.
async fn create<W: Wished>(call: &Call<'_>) -> Result<Response, Fault>
where
    Volume<W>: Kept,
{
    let body = call.action().await?.into_object();
    if let Some(row) = shape::too_new(W::TABLE, body.keys().map(String::as_str), call.version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    let node = owning(call, &body)?;
    let ask = VolumeAsk::Create(W::row(Arc::new(Volume::<W>::draft(body, node, Uuid::new_v4())?)));
    let asked = call.api.lanes.ask(node, Ask::Volume(ask)).await.map_err(|refusal| {
        // The node was there a moment ago.
        let gone = matches!(refusal, Refusal::NoSuchNode { .. });
        if gone { Fault::invalid(refusal.to_string()) } else { refusal.into() }
    })?;
    Ok(thing::created(call, &collection::<W>(), &*written::<W>(asked)?))
}

/// The node that the body names; its absence is a mistake of the request.
fn owning(call: &Call<'_>, body: &Object) -> Result<NodeId, Fault> {
    let named = body.get(OWNER).ok_or_else(|| Fault::invalid(format!("{OWNER} is required")))?;
    let node = owner(named)?;
    call.owning(&node.to_string())
}

/// `PATCH /v1/volume/{kind}/{uuid}`.
async fn patch<W: Wished>(call: &Call<'_>) -> Result<Response, Fault>
where
    Volume<W>: Kept,
{
    let (id, node) = place::<W>(call)?;
    call.no_query()?;
    let patch = operations::parse(call.json().await?)?;
    operations::check_roots(&patch, W::TABLE, call.version)?;
    let answer = call.ask(node, Ask::Volume(VolumeAsk::Patch { kind: W::KIND, id, patch })).await?;
    Ok(call.show(200, W::TABLE, &Pick::All, &*written::<W>(answer)?))
}

/// `DELETE /v1/volume/{kind}/{uuid}`.
async fn delete<W: Wished>(call: &Call<'_>) -> Result<Response, Fault>
where
    Volume<W>: Kept,
{
    let (id, node) = place::<W>(call)?;
    call.no_query()?;
    call.ask(node, Ask::Volume(VolumeAsk::Delete { kind: W::KIND, id })).await?;
    Ok(Response::empty(204))
}

/// The record of the path, and whose it is.
fn place<W: Wished>(call: &Call<'_>) -> Result<(Uuid, NodeId), Fault>
where
    Volume<W>: Kept,
{
    thing::find::<Volume<W>>(call, call.ident(0), false).map(|one| (one.id, one.node))
}

fn written<W: Wished>(answer: Answer) -> Result<Arc<Volume<W>>, Fault> {
    let row = if let Answer::Volume(row) = answer { W::of(row) } else { None };
    row.ok_or_else(|| Refusal::Internal("a volume was written and not answered".to_owned()).into())
}

fn collection<W: Wished>() -> Collection<Volume<W>> {
    let path = match W::KIND {
        VolumeKind::Connector => "volume/connectors",
        VolumeKind::Target => "volume/targets",
    };
    // Unlike the older lists these took `detail` from the first, and openstacksdk asks for it so.
    Collection { table: W::TABLE, short: W::SHORT, key: W::KIND.plural(), path, detail_since: SINCE }
}

/// Since then there are volumes.
const SINCE: u16 = 32;
