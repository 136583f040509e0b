//! `/v1/portgroups` and `nodes/{ident}/portgroups`.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging::DETAIL_SINCE;
use crate::api::thing::{self, Collection, Sought};
use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::model::Object;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_uuid;
use crate::model::part::ask::{PartAsk, PortgroupAsk};
use crate::model::part::portgroup::{ADDRESS, Portgroup};
use crate::model::shape::portgroup::{SHORT, TABLE};
use crate::model::shape::{self, Pick};
use crate::model::thing::Mark;
use crate::net::http::Response;

/// The portgroups that the filters let through.
pub fn list(call: &Call<'_>, detailed: bool) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let paging = thing::paging(call, &PORTGROUPS, &mut args, detailed)?;
    let filters = Filters::take(&mut args, call)?;
    args.finish()?;
    let sought = Sought {
        path: None,
        detailed,
        node: filters.node,
        takes_in: Box::new(|group| filters.take_in(group, call)),
    };
    thing::page(call, &PORTGROUPS, &paging, &sought)
}

/// The portgroups of the path's node.
pub fn of_node(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    let path = Some(format!("nodes/{node}/portgroups"));
    thing::list(call, &PORTGROUPS, &Sought { path, node: Some(node), ..Sought::default() })
}

/// One.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    thing::show(call, &PORTGROUPS, true)
}

/// Makes one.
pub async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let body = call.action().await?.into_object();
    if let Some(row) = shape::too_new(TABLE, body.keys().map(String::as_str), call.version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    let node = owner(call, &body)?;
    let group = Portgroup::draft(body, node, Uuid::new_v4())?;
    let made = written(call, node, PortgroupAsk::Create(Box::new(group))).await.map_err(|refusal| {
        // The node was there a moment ago.
        let gone = matches!(refusal, Refusal::NoSuchNode { .. });
        if gone { Fault::invalid(refusal.to_string()) } else { refusal.into() }
    })?;
    Ok(thing::created(call, &PORTGROUPS, &*made))
}

/// The node that the body names: its absence is a mistake of the request.
fn owner(call: &Call<'_>, body: &Object) -> Result<NodeId, Fault> {
    let Some(uuid) = body.get("node_uuid").and_then(Value::as_str).and_then(parse_uuid) else {
        return Err(Fault::invalid("node_uuid is required and must be the UUID of a node"));
    };
    call.owning(&uuid.to_string())
}

/// Changes one.
pub async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let group = thing::find::<Portgroup>(call, call.ident(0), true)?;
    call.no_query()?;
    let operations = operations::parse(call.json().await?)?;
    operations::check_roots(&operations, TABLE, call.version)?;
    operations::check_owner(&operations, call)?;
    let ask = PortgroupAsk::Patch { id: group.id, operations, version: call.version };
    let changed = written(call, group.node, ask).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*changed))
}

/// Deletes one that has no ports.
pub async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    let group = thing::find::<Portgroup>(call, call.ident(0), true)?;
    call.no_query()?;
    call.ask(group.node, Ask::Part(PartAsk::Portgroup(PortgroupAsk::Delete(group.id)))).await?;
    Ok(Response::empty(204))
}

async fn written(call: &Call<'_>, node: NodeId, ask: PortgroupAsk) -> Result<Arc<Portgroup>, Refusal> {
    if let Answer::Portgroup(group) = call.api.lanes.ask(node, Ask::Part(PartAsk::Portgroup(ask))).await? {
        return Ok(group);
    }
    Err(Refusal::Internal("a portgroup was written and not answered".to_owned()))
}

/// Which portgroups are wanted; what is `None` does not matter.
#[derive(Debug)]
struct Filters {
    node: Option<NodeId>,
    address: Option<Mac>,
    shards: Option<Vec<String>>,
    groups: Option<Vec<String>>,
}

impl Filters {
    fn take(args: &mut Args, call: &Call<'_>) -> Result<Self, Fault> {
        args.too_new(SINCE, call.version)?;
        let node = args.text("node")?;
        let address = args.text("address")?;
        let address = address.map(|text| text.parse());
        let address = address.transpose().map_err(|error| Fault::invalid(format!("address: {error}")))?;
        let shards = args.words("shard")?;
        let groups = args.list("conductor_groups")?;
        let given = [node.is_some(), address.is_some(), shards.is_some(), groups.is_some()];
        if given.into_iter().filter(|is| *is).count() > 1 {
            return Err(Fault::invalid("node, address, shard and conductor_groups cannot be given together"));
        }
        let bearer = address.and_then(|address: Mac| {
            let mark = Mark::new(ADDRESS, address.to_string());
            thing::shelf::<Portgroup>(call).marked(&mark).map(|group| group.node)
        });
        let node = node.map(|ident| call.find_node(&ident)).transpose()?.map(|node| node.id).or(bearer);
        Ok(Self { node, address, shards, groups })
    }

    fn take_in(&self, group: &Portgroup, call: &Call<'_>) -> bool {
        self.address.is_none_or(|address| group.wished.address == Some(address)) && self.belongs(group, call)
    }

    /// Whether the portgroup's node is in the wanted shards and groups.
    fn belongs(&self, group: &Portgroup, call: &Call<'_>) -> bool {
        if self.shards.is_none() && self.groups.is_none() {
            return true;
        }
        let Some(node) = call.published.node(group.node) else { return false };
        let sharded =
            |shards: &Vec<String>| node.wished.shard.as_ref().is_some_and(|shard| shards.contains(shard));
        self.shards.as_ref().is_none_or(sharded)
            && self.groups.as_ref().is_none_or(|groups| groups.contains(&node.wished.conductor_group))
    }
}

/// Filters that came later than the list.
const SINCE: &[(&str, u16)] = &[("conductor_groups", 99), ("shard", 106)];

const PORTGROUPS: Collection<Portgroup> = Collection {
    table: TABLE,
    short: SHORT,
    key: "portgroups",
    path: "portgroups",
    detail_since: DETAIL_SINCE,
};
