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
pub mod plan;
pub mod power;
pub mod provision;
pub mod sensors;
pub mod states;
pub mod steps;
pub mod validate;

use serde_json::Value;
use uuid::Uuid;

use crate::api::access::policy;
use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::base::chain::chain;
use crate::base::id::NodeId;
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb};
use crate::model::draft;
use crate::model::draft::given::parse_uuid;
use crate::model::node::Node;
use crate::model::part::told::ToldSteps;
use crate::model::shape::node::TABLE;
use crate::model::shape::{self, Frame, Pick, Shown};
use crate::model::step::Kind;
use crate::net::http::Response;

/// `POST /v1/nodes`.
pub async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let mut body = call.action().await?.into_object();
    if let Some(row) = shape::too_new(TABLE, body.keys().map(String::as_str), call.version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    if let Some(parent) = body.get_mut("parent_node") {
        resolve_parent(call, parent)?;
    }
    let id = NodeId(Uuid::new_v4());
    let mut draft = draft::node(body, call.version, id, call.policy(), call.lanes().catalog())?;
    call.claim(&mut draft.wished.owner)?;
    if let Some(parent) = draft.wished.parent_node {
        admit_parent(call, parent)?;
    }
    let node = call.lanes().create(draft).await?;
    let location = format!("{}/v1/nodes/{}", call.base, node.id);
    Ok(call.show(201, TABLE, &Pick::All, &*node).with("Location", location))
}

/// `GET /v1/nodes/{ident}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let pick = paging::pick_one(call, TABLE)?;
    let told = if shows_internals(&pick) { told(call, node.id)? } else { Vec::new() };
    let frame = Frame { told: &told, ..call.frame() };
    let mut out = Vec::with_capacity(4096);
    shape::write(TABLE, &pick, &Shown { record: &**node, frame }, &mut out);
    Ok(Response::json(200, out))
}

/// Whether the answer has the field that tells the steps of the agent: who polls for a state needs no look into the store.
fn shows_internals(pick: &Pick<Node>) -> bool {
    match pick {
        Pick::All => true,
        Pick::Named(rows) => rows.iter().any(|row| row.name == "driver_internal_info"),
    }
}

/// The steps that the node's agent told last, of each kind of work. They are kept beside the record.
fn told(call: &Call<'_>, node: NodeId) -> Result<Vec<ToldSteps>, Fault> {
    let mut told = Vec::new();
    for kind in [Kind::Clean, Kind::Deploy, Kind::Service] {
        let kept = call.api.reader.told_steps(node, kind);
        told.extend(kept.map_err(|error| {
            tracing::error!(error = %chain(&error), "the steps that an agent told cannot be read");
            Fault::new(500, "the steps that the node's agent told cannot be read; the daemon's log says why")
        })?);
    }
    Ok(told)
}

/// `PATCH /v1/nodes/{ident}`.
pub async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let id = node.id;
    let mut args = call.args()?;
    args.too_new(&[("reset_interfaces", RESET_SINCE)], call.version)?;
    let reset_interfaces = args.flag("reset_interfaces")?.unwrap_or_default();
    args.finish()?;
    let mut operations = operations::parse(call.json().await?)?;
    operations::check_roots(&operations, TABLE, call.version)?;
    policy::admit_patch(&call.who, call.relation(node), &operations)?;
    check_chassis(call, node, &operations)?;
    for parent in operations.iter_mut().filter(|op| op.path == "/parent_node") {
        resolve_parent(call, &mut parent.value)?;
        if let Some(parent) = parent.value.as_str().and_then(parse_uuid) {
            admit_parent(call, NodeId(parent))?;
        }
    }
    let ask = PatchAsk { operations, reset_interfaces, version: call.version };
    call.ask(id, Ask::Patch(ask)).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*call.reread(id)?))
}

/// `DELETE /v1/nodes/{ident}`.
pub async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    let id = node.id;
    call.ask(id, Ask::Delete).await?;
    Ok(Response::empty(204))
}

/// The value in the place of a parent's name, if that is one: its UUID.
fn resolve_parent(call: &Call<'_>, value: &mut Value) -> Result<(), Fault> {
    let Some(ident) = value.as_str().filter(|ident| !ident.is_empty()) else { return Ok(()) };
    if parse_uuid(ident).is_none() {
        let parent = call
            .find_node(ident)
            .map_err(|fault| Fault::invalid(format!("parent_node: {}", fault.text())))?;
        *value = Value::String(parent.id.to_string());
    }
    Ok(())
}

/// Who asks may do with the parent what it does with the node.
fn admit_parent(call: &Call<'_>, parent: NodeId) -> Result<(), Fault> {
    call.admit_of(parent, || Fault::invalid(format!("parent_node {parent} could not be found")))
}

/// A node can leave its chassis since then.
fn check_chassis(call: &Call<'_>, node: &Node, operations: &[PatchOp]) -> Result<(), Fault> {
    let last = operations.iter().rfind(|op| op.path == "/chassis_uuid");
    let leaves = last.is_some_and(|op| op.op == PatchVerb::Remove || op.value.is_null());
    if leaves && node.wished.chassis_uuid.is_some() && call.version < UNSET_CHASSIS_SINCE {
        return Err(Fault::too_new("removing chassis_uuid", UNSET_CHASSIS_SINCE));
    }
    Ok(())
}

/// Since then a patch may reset interfaces.
const RESET_SINCE: u16 = 45;

/// Since then a node may be without a chassis again.
const UNSET_CHASSIS_SINCE: u16 = 25;
