//! `GET /v1/ports`, `/v1/ports/detail` and `nodes/{ident}/ports`.

use std::sync::Arc;

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging::{DETAIL_SINCE, Listing, Paging, Wanted};
use crate::api::thing;
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::model::part::portgroup::Portgroup;
use crate::model::port::Port;
use crate::model::shape::port::{SHORT, TABLE};
use crate::net::http::Response;
use crate::store::published::Published;

/// The ports that the filters let through.
pub fn list(call: &Call<'_>, detailed: bool) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let paging = Paging::take(&mut args, &wanted(call, detailed))?;
    let filters = Filters::take(&mut args, call)?;
    args.finish()?;
    answer(call, &paging, &filters, if detailed { "ports/detail" } else { "ports" })
}

/// The ports of the path's node.
pub fn of_node(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    let mut args = call.args()?;
    let paging = Paging::take(&mut args, &wanted(call, false))?;
    args.finish()?;
    let filters = Filters { node: Some(node), ..Filters::default() };
    answer(call, &paging, &filters, &format!("nodes/{node}/ports"))
}

/// The ports of the path's portgroup.
pub fn of_portgroup(call: &Call<'_>) -> Result<Response, Fault> {
    let group = thing::find::<Portgroup>(call, call.ident(0), true)?;
    in_portgroup(call, group, &format!("portgroups/{}/ports", group.id))
}

/// The ports of a portgroup of the path's node.
pub fn of_node_portgroup(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?.id;
    let group = thing::find::<Portgroup>(call, call.ident(1), true)?;
    if group.node != node {
        return Err(Fault::not_found(format!("node {node} has no portgroup {}", group.id)));
    }
    in_portgroup(call, group, &format!("nodes/{node}/portgroups/{}/ports", group.id))
}

fn in_portgroup(call: &Call<'_>, group: &Portgroup, path: &str) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let paging = Paging::take(&mut args, &wanted(call, false))?;
    args.finish()?;
    let filters =
        Filters { node: Some(group.node), portgroup: Some(group.id.to_string()), ..Filters::default() };
    answer(call, &paging, &filters, path)
}

fn answer(call: &Call<'_>, paging: &Paging<Port>, filters: &Filters, path: &str) -> Result<Response, Fault> {
    let seen = |id| call.published.port(PortId(id)).filter(|port| call.sees_id(port.node));
    let after = paging.marked("port", seen)?;
    let listing = Listing {
        table: TABLE,
        name: "ports",
        path,
        marker: |port: &Port| port.id.to_string(),
        order: |port: &Port| port.order,
    };
    let found = filters.source(&call.published, after.filter(|_| paging.is_natural()).map(|port| port.order));
    let found = found
        .filter(|port| call.sees_id(port.node) && filters.take_in(port, &call.published))
        .map(|port| &**port);
    Ok(paging.answer(call, &listing, found, after.map(|port| &**port)))
}

fn wanted(call: &Call<'_>, detailed: bool) -> Wanted<Port> {
    let longest = call.policy().max_limit;
    let detail_since = DETAIL_SINCE;
    Wanted { table: TABLE, short: SHORT, version: call.version, longest, detailed, detail_since }
}

/// Which ports are wanted; what is `None` does not matter.
#[derive(Debug, Default)]
struct Filters {
    node: Option<NodeId>,
    address: Option<Mac>,
    shards: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    description_contains: Option<String>,
    /// UUID of the portgroup; its node is the one above.
    portgroup: Option<String>,
}

impl Filters {
    fn take(args: &mut Args, call: &Call<'_>) -> Result<Self, Fault> {
        args.too_new(SINCE, call.version)?;
        let (uuid, ident) = (args.uuid("node_uuid")?, args.text("node")?);
        let address = match args.text("address")? {
            None => None,
            Some(text) => Some(text.parse().map_err(|error| Fault::invalid(format!("address: {error}")))?),
        };
        let portgroup = args.text("portgroup")?;
        let shards = args.words("shard")?;
        let groups = args.list("conductor_groups")?;
        let exclusive = usize::from(uuid.is_some() || ident.is_some())
            + usize::from(portgroup.is_some())
            + usize::from(shards.is_some());
        if exclusive > 1 {
            return Err(Fault::new(403, "node, portgroup and shard cannot be given together"));
        }
        if groups.is_some() && (exclusive > 0 || address.is_some()) {
            return Err(Fault::invalid("conductor_groups goes with no other filter"));
        }
        let group = portgroup.map(|ident| thing::find::<Portgroup>(call, &ident, true)).transpose()?;
        let node = match uuid.or(ident) {
            None => group.map(|group| group.node),
            Some(ident) => Some(call.named_node(&ident)?.id),
        };
        Ok(Self {
            node,
            address,
            shards,
            groups,
            description_contains: args.text("description_contains")?.map(|text| text.to_lowercase()),
            portgroup: group.map(|group| group.id.to_string()),
        })
    }

    /// The smallest set that holds all wanted ports, in the order of creation.
    fn source<'a>(
        &self,
        published: &'a Published,
        after: Option<u64>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Port>> + 'a> {
        if let Some(address) = self.address {
            return Box::new(published.port_by_mac(address).into_iter());
        }
        if let Some(node) = self.node {
            return Box::new(published.ports_of(node));
        }
        match after {
            Some(order) => Box::new(published.ports_after(order)),
            None => Box::new(published.ports()),
        }
    }

    fn take_in(&self, port: &Port, published: &Published) -> bool {
        let described = |part: &str| {
            port.wished.description.as_ref().is_some_and(|text| text.to_lowercase().contains(part))
        };
        self.node.is_none_or(|node| port.node == node)
            && (self.portgroup.is_none() || port.wished.portgroup_uuid == self.portgroup)
            && self.description_contains.as_deref().is_none_or(described)
            && self.belongs(port, published)
    }

    /// Whether the port's node is in the wanted shards and groups.
    fn belongs(&self, port: &Port, published: &Published) -> bool {
        if self.shards.is_none() && self.groups.is_none() {
            return true;
        }
        let Some(node) = published.node(port.node) else { return false };
        let sharded =
            |shards: &Vec<String>| node.wished.shard.as_ref().is_some_and(|shard| shards.contains(shard));
        self.shards.as_ref().is_none_or(sharded)
            && self.groups.as_ref().is_none_or(|groups| groups.contains(&node.wished.conductor_group))
    }
}

/// Filters that came later than the list.
const SINCE: &[(&str, u16)] = &[("portgroup", 24), ("shard", 82), ("conductor_groups", 99)];
