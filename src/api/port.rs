//! Ports: create, show, patch, delete.

pub mod link;
pub mod list;

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::call::Call;
use crate::api::request::paging;
use crate::api::thing::shelf;
use crate::base::id::{NodeId, PortId};
use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::refusal::Refusal;
use crate::model::draft;
use crate::model::draft::given::{parse_flag, parse_uuid};
use crate::model::draft::name;
use crate::model::part::portgroup::Portgroup;
use crate::model::port::Port;
use crate::model::shape::port::TABLE;
use crate::model::shape::{self, Pick};
use crate::net::http::Response;

/// `POST /v1/ports`.
pub async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let body = call.action().await?.into_object();
    if let Some(row) = shape::too_new(TABLE, body.keys().map(String::as_str), call.version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    link::check_body(&body, call.version)?;
    let node = owner(call, &body)?;
    check_alone(call, &body)?;
    // The lane gives it its moment.
    let port = draft::port(body, call.version, node, PortId(Uuid::new_v4()), Moment::default())?;
    let id = port.id;
    if call.published.port(id).is_some() {
        return Err(Fault::new(409, format!("a port with UUID {id} already exists")));
    }
    let asked = call.api.lanes.ask(node, Ask::PortCreate(Box::new(port))).await;
    let answer = asked.map_err(|refusal| {
        // The node was there a moment ago.
        let gone = matches!(refusal, Refusal::NoSuchNode { .. });
        if gone { Fault::invalid(refusal.to_string()) } else { refusal.into() }
    })?;
    let port = written(call, id, answer)?;
    let location = format!("{}/v1/ports/{id}", call.base);
    Ok(call.show(201, TABLE, &Pick::All, &*port).with("Location", location))
}

/// A port that is told to boot from the network is used alone: its portgroup must let it.
fn check_alone(call: &Call<'_>, body: &Object) -> Result<(), Fault> {
    let text = |name| body.get(name).and_then(Value::as_str);
    let booting =
        body.get("pxe_enabled").and_then(Value::as_bool).or_else(|| parse_flag(text("pxe_enabled")?));
    let group = text("portgroup_uuid").and_then(parse_uuid).and_then(|id| shelf::<Portgroup>(call).get(id));
    match group.filter(|group| call.sees_id(group.node)) {
        Some(group) if booting == Some(true) && !group.wished.standalone_ports_supported => {
            let id = group.id;
            Err(Fault::new(
                409,
                format!("portgroup {id} does not support standalone ports: pxe_enabled must be false"),
            ))
        }
        Some(_) | None => Ok(()),
    }
}

/// The node that the body names, by exactly one of two members.
fn owner(call: &Call<'_>, body: &Object) -> Result<NodeId, Fault> {
    let (uuid, ident) = (body.get("node_uuid"), body.get("node_ident"));
    if ident.is_some() && call.version < IDENT_SINCE {
        return Err(Fault::too_new("field node_ident", IDENT_SINCE));
    }
    let text = match (uuid.and_then(Value::as_str), ident.and_then(Value::as_str)) {
        (Some(uuid), None) if parse_uuid(uuid).is_some() => uuid,
        (None, Some(ident)) => ident,
        (Some(_), None) => return Err(Fault::invalid("node_uuid must be a UUID")),
        _ => return Err(Fault::invalid("exactly one of node_uuid and node_ident must name the node")),
    };
    call.owning(text)
}

/// `GET /v1/ports/{ident}`.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let port = port(call)?;
    let pick = paging::pick_one(call, TABLE)?;
    Ok(call.show(200, TABLE, &pick, &**port))
}

/// `PATCH /v1/ports/{ident}`.
pub async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let port = port(call)?;
    let (id, node) = (port.id, port.node);
    call.no_query()?;
    let patch = operations::parse(call.json().await?)?;
    operations::check_roots(&patch, TABLE, call.version)?;
    link::check_patch(&patch, call.version)?;
    operations::check_owner(&patch, call)?;
    let answer = call.ask(node, Ask::PortPatch { port: id, patch, version: call.version }).await?;
    let port = written(call, id, answer)?;
    Ok(call.show(200, TABLE, &Pick::All, &*port))
}

/// `DELETE /v1/ports/{uuid}`: by UUID only, as in the reference.
pub async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    if parse_uuid(call.ident(0)).is_none() {
        return Err(Fault::invalid("a port is deleted by its UUID"));
    }
    let port = port(call)?;
    call.no_query()?;
    call.ask(port.node, Ask::PortDelete { port: port.id }).await?;
    Ok(Response::empty(204))
}

/// The port of the path.
fn port<'a>(call: &'a Call<'_>) -> Result<&'a Arc<Port>, Fault> {
    let ident = call.ident(0);
    let named = call.version >= NAMES_SINCE && name::is_logical(ident);
    let found = match parse_uuid(ident) {
        Some(uuid) => call.published.port(PortId(uuid)),
        None if named => call.published.port_by_name(ident),
        None => return Err(Fault::invalid("the path names neither a UUID nor a possible name of a port")),
    };
    let missing = || Fault::not_found(format!("port {ident} could not be found"));
    let port = found.ok_or_else(missing)?;
    call.admit_of(port.node, missing)?;
    Ok(port)
}

fn written(call: &Call<'_>, id: PortId, answer: Answer) -> Result<Arc<Port>, Fault> {
    if let Answer::Port(port) = answer {
        return Ok(port);
    }
    let published = call.api.reader.published();
    published.port(id).cloned().ok_or_else(|| Fault::not_found(format!("port {id} could not be found")))
}

/// Since then ports have names, and paths may hold them.
const NAMES_SINCE: u16 = 88;

/// Since then a port's node may be given by name.
const IDENT_SINCE: u16 = 94;
