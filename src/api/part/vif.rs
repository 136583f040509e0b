//! `nodes/{ident}/vifs`: which ports of a tenant's network are attached to the node.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::thing::shelf;
use crate::model::decision::ask::Ask;
use crate::model::draft::given::parse_uuid;
use crate::model::draft::name;
use crate::model::part::ask::{PartAsk, VifWish};
use crate::model::part::portgroup::Portgroup;
use crate::model::part::vif;
use crate::net::http::Response;

/// Those that are attached: to ports first, then to portgroups.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    let ports = call.published.ports_of(node.id).map(|port| &port.internal_info);
    let groups = shelf::<Portgroup>(call).of_node(node.id).map(|group| &group.internal_info);
    let found = ports.chain(groups).filter(|_| vif::are_kept(node)).filter_map(vif::of);
    let vifs: Vec<_> = found.map(|id| json!({"id": id})).collect();
    Ok(answer(&json!({"vifs": vifs})))
}

/// Attaches one; members that nobody knows are let be, as in the reference.
pub async fn attach(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    call.no_query()?;
    let mut args = call.action().await?;
    let id = args.needed_text("id")?;
    check(&id)?;
    let (port, portgroup) = (target(&mut args, "port_uuid")?, target(&mut args, "portgroup_uuid")?);
    if port.is_some() && portgroup.is_some() && call.version >= TARGETS_SINCE {
        return Err(Fault::invalid("port_uuid and portgroup_uuid cannot be given together"));
    }
    let portgroup = portgroup.filter(|_| port.is_none());
    call.ask(node, Ask::Part(PartAsk::VifAttach(VifWish { id, port, portgroup }))).await?;
    Ok(Response::empty(204))
}

fn target(args: &mut Args, name: &str) -> Result<Option<String>, Fault> {
    match args.take(name) {
        None => Ok(None),
        Some(Value::String(text)) => {
            let id = parse_uuid(&text).ok_or_else(|| Fault::invalid(format!("{name} must be a UUID")))?;
            Ok(Some(id.to_string()))
        }
        Some(_) => Err(Fault::invalid(format!("{name} must be a UUID"))),
    }
}

/// Detaches one.
pub async fn detach(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    call.no_query()?;
    let id = call.ident(1);
    check(id)?;
    call.ask(node, Ask::Part(PartAsk::VifDetach(id.to_owned()))).await?;
    Ok(Response::empty(204))
}

fn check(id: &str) -> Result<(), Fault> {
    if name::is_logical(id) {
        return Ok(());
    }
    Err(Fault::invalid("a VIF is named by a UUID or by 1 to 255 of the characters A-Z a-z 0-9 - . _ ~"))
}

/// Since then a VIF has one target at most.
const TARGETS_SINCE: u16 = 67;
