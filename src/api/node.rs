//! Nodes: create, show, patch, delete.

pub mod boot_device;
pub mod books;
pub mod console;
pub mod history;
pub mod indicators;
pub mod inventory;
pub mod list;
pub mod maintenance;
pub mod media;
pub mod mode;
pub mod nmi;
pub mod operations;
pub mod passthru;
pub mod power;
pub mod provision;
pub mod sensors;
pub mod states;
pub mod steps;
pub mod validate;

use uuid::Uuid;

use crate::api::access::policy;
use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::base::id::NodeId;
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp};
use crate::model::draft;
use crate::model::draft::given::parse_uuid;
use crate::model::shape::node::TABLE;
use crate::model::shape::{self, Pick};
use crate::net::http::Response;
use crate::store::published::Published;

/// `POST /v1/nodes`.
pub async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let body = call.action().await?.into_object();
    if let Some(row) = shape::too_new(TABLE, body.keys().map(String::as_str), call.version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    let id = NodeId(Uuid::new_v4());
    let mut draft = draft::node(body, call.version, id, call.policy(), call.lanes().catalog())?;
    call.claim(&mut draft.wished.owner)?;
    if let Some(parent) = draft.wished.parent_node {
        call.admit_of(parent, || Fault::invalid(format!("parent_node {parent} could not be found")))?;
        check_parent(&call.published, draft.id, parent)?;
    }
    let node = call.lanes().create(draft).await?;
    let location = format!("{}/v1/nodes/{}", call.base, node.id);
    Ok(call.show(201, TABLE, &Pick::All, &*node).with("Location", location))
}

/// `GET /v1/nodes/{ident}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let pick = paging::pick_one(call, TABLE)?;
    Ok(call.show(200, TABLE, &pick, &**node))
}

/// `PATCH /v1/nodes/{ident}`.
pub async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let id = node.id;
    let mut args = call.args()?;
    args.too_new(&[("reset_interfaces", RESET_SINCE)], call.version)?;
    let reset_interfaces = args.flag("reset_interfaces")?.unwrap_or_default();
    args.finish()?;
    let operations = operations::parse(call.json().await?)?;
    operations::check_roots(&operations, TABLE, call.version)?;
    policy::admit_patch(&call.who, call.relation(node), &operations)?;
    check_parent_patch(call, id, &operations)?;
    let ask = PatchAsk { operations, reset_interfaces, version: call.version };
    call.ask(id, Ask::Patch(ask)).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*call.reread(id)?))
}

/// `DELETE /v1/nodes/{ident}`.
pub async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    let id = node.id;
    if call.published.children(id).next().is_some() {
        return Err(Fault::new(409, format!("node {id} has child nodes: delete them first")));
    }
    call.ask(id, Ask::Delete).await?;
    Ok(Response::empty(204))
}

fn check_parent_patch(call: &Call<'_>, id: NodeId, operations: &[PatchOp]) -> Result<(), Fault> {
    let parents = operations.iter().filter(|op| op.path == "/parent_node");
    for parent in parents.filter_map(|op| parse_uuid(op.value.as_str()?)) {
        check_parent(&call.published, id, NodeId(parent))?;
    }
    Ok(())
}

/// A parent exists and is no descendant of its child.
fn check_parent(published: &Published, child: NodeId, parent: NodeId) -> Result<(), Fault> {
    let mut next = Some(parent);
    for _ in 0..ANCESTORS_LIMIT {
        let Some(id) = next else { return Ok(()) };
        if id == child {
            return Err(Fault::invalid(format!(
                "parent_node {parent} is the node itself or one of its children"
            )));
        }
        let Some(node) = published.node(id) else {
            return Err(Fault::invalid(format!("parent_node {id} could not be found")));
        };
        next = node.wished.parent_node;
    }
    Err(Fault::invalid(format!("parent_node {parent} has more than {ANCESTORS_LIMIT} ancestors")))
}

/// Since then a patch may reset interfaces.
const RESET_SINCE: u16 = 45;

/// Generations of parents: a chassis, a server, its cards.
const ANCESTORS_LIMIT: usize = 16;
