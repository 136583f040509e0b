//! `GET /v1/nodes` and `/v1/nodes/detail`: filters, by index where there is one.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::request::paging::{DETAIL_SINCE, Listing, Paging, Wanted};
use crate::base::id::NodeId;
use crate::model::draft::given::parse_uuid;
use crate::model::node::{Fault as NodeFault, Node};
use crate::model::provision::Provision;
use crate::model::shape::node::{SHORT, TABLE};
use crate::net::http::Response;
use crate::store::published::Published;
use crate::store::words::Word;

/// The nodes that the filters let through.
pub fn list(call: &Call<'_>, detailed: bool) -> Result<Response, Fault> {
    answer(call, detailed, None, if detailed { "nodes/detail" } else { "nodes" })
}

/// The nodes of a chassis that the filters let through.
pub fn of_chassis(call: &Call<'_>, chassis: Uuid) -> Result<Response, Fault> {
    answer(call, false, Some(chassis), &format!("chassis/{chassis}/nodes"))
}

fn answer(call: &Call<'_>, detailed: bool, chassis: Option<Uuid>, path: &str) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let mut paging = Paging::take(&mut args, &wanted(call, detailed))?;
    let mut filters = Filters::take(&mut args, call)?;
    args.finish()?;
    filters.chassis = chassis.or(filters.chassis);
    paging.repeat("associated", filters.associated);
    paging.repeat("maintenance", filters.maintenance);
    paging.repeat("retired", filters.retired);
    paging.expect_one(filters.instance_uuid.is_some());
    let seen = |id| call.published.node(NodeId(id)).filter(|node| call.sees(node));
    let after = paging.marked("node", seen)?;
    let listing = Listing {
        table: TABLE,
        name: "nodes",
        path,
        marker: |node: &Node| node.id.to_string(),
        order: |node: &Node| node.order,
    };
    let natural_after = after.filter(|_| paging.is_natural()).map(|node| node.order);
    let found = filters.source(&call.published, natural_after);
    let found = found.filter(|node| filters.take_in(node)).map(|node| &**node);
    Ok(paging.answer(call, &listing, found, after.map(|node| &**node)))
}

fn wanted(call: &Call<'_>, detailed: bool) -> Wanted<Node> {
    let longest = call.policy().max_limit;
    let detail_since = DETAIL_SINCE;
    Wanted { table: TABLE, short: SHORT, version: call.version, longest, detailed, detail_since }
}

/// Which nodes are wanted; what is `None` does not matter.
#[derive(Debug, Default)]
struct Filters {
    instance_uuid: Option<Uuid>,
    chassis: Option<Uuid>,
    provision_state: Option<Provision>,
    parent_node: Option<NodeId>,
    include_children: bool,
    associated: Option<bool>,
    maintenance: Option<bool>,
    retired: Option<bool>,
    sharded: Option<bool>,
    fault: Option<NodeFault>,
    shards: Option<Vec<String>>,
    description_contains: Option<String>,
    /// Owner or lessee.
    project: Option<String>,
    /// Texts that must be equal, by member.
    equal: Vec<(Member, String)>,
    /// The same, where there is an index.
    words: Vec<(Word, String)>,
    /// A value that no node has: nothing is found.
    nothing: bool,
}

/// The text of a node that a filter compares.
type Member = fn(&Node) -> Option<&str>;

impl Filters {
    fn take(args: &mut Args, call: &Call<'_>) -> Result<Self, Fault> {
        args.too_new(SINCE, call.version)?;
        let mut filters = Self {
            associated: args.flag("associated")?,
            maintenance: args.flag("maintenance")?,
            retired: args.flag("retired")?,
            sharded: args.flag("sharded")?,
            include_children: args.flag("include_children")?.unwrap_or_default(),
            description_contains: args.text("description_contains")?.map(|text| text.to_lowercase()),
            ..Self::default()
        };
        filters.take_indexed(args, call)?;
        filters.take_texts(args, call)?;
        Ok(filters)
    }

    fn take_indexed(&mut self, args: &mut Args, call: &Call<'_>) -> Result<(), Fault> {
        if let Some(text) = args.text("instance_uuid")? {
            let uuid = parse_uuid(&text).ok_or_else(|| Fault::invalid("instance_uuid must be a UUID"))?;
            self.instance_uuid = Some(uuid);
        }
        if let Some(text) = args.text("parent_node")? {
            // Nobody is the child of a node that is not there.
            let parent = call.find_node(&text).ok().map(|node| node.id);
            self.parent_node = Some(parent.unwrap_or(NodeId(Uuid::nil())));
        }
        if let Some(name) = args.text("provision_state")? {
            let Some(state) = Provision::parse(&name) else {
                let shown: String = name.chars().take(64).collect();
                return Err(Fault::invalid(format!("provision_state {shown:?} is no state")));
            };
            self.provision_state = Some(state);
        }
        if let Some(name) = args.text("fault")? {
            self.fault = Some(NodeFault::parse(&name).ok_or_else(|| {
                let shown: String = name.chars().take(64).collect();
                Fault::invalid(format!("fault {shown:?} is no fault of a node"))
            })?);
        }
        Ok(())
    }

    fn take_texts(&mut self, args: &mut Args, call: &Call<'_>) -> Result<(), Fault> {
        for (name, word) in WORDS {
            if let Some(text) = args.text(name)? {
                self.words.push((*word, text));
            }
        }
        for (name, member) in TEXTS {
            if let Some(text) = args.text(name)? {
                let text = if *name == "conductor_group" { text.to_lowercase() } else { text };
                self.equal.push((*member, text));
            }
        }
        // Shards keep their case, unlike other lists.
        self.shards = args.words("shard")?;
        if let Some([shard]) = self.shards.as_deref() {
            self.words.push((Word::Shard, shard.clone()));
        }
        let host = args.text("conductor")?;
        self.project = args.text("project")?;
        if let Some(own) = &call.who.project {
            if self.project.as_ref().is_some_and(|project| project != own) {
                return Err(Fault::new(
                    403,
                    "a token that is bound to a project lists the nodes of this project only",
                ));
            }
            self.project = Some(own.clone());
        }
        if let Some(text) = args.text("chassis_uuid")? {
            let uuid = parse_uuid(&text).ok_or_else(|| Fault::invalid("chassis_uuid must be a UUID"))?;
            self.chassis = Some(uuid);
        }
        // There is one conductor.
        self.nothing = host.is_some_and(|host| host != call.policy().host);
        Ok(())
    }

    /// The smallest set that holds all wanted nodes, in the order of creation.
    fn source<'a>(
        &self,
        published: &'a Published,
        after: Option<u64>,
    ) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a> {
        if self.nothing {
            return Box::new(std::iter::empty());
        }
        if let Some(instance) = self.instance_uuid {
            return Box::new(published.node_by_instance(instance).into_iter());
        }
        if let Some(parent) = self.parent_node {
            return Box::new(published.children(parent));
        }
        if let Some(chassis) = self.chassis {
            return Box::new(published.of_chassis(chassis));
        }
        if let Some((word, text)) = self.words.first() {
            return Box::new(published.saying(*word, text));
        }
        if let Some(state) = self.provision_state {
            return Box::new(published.nodes_in(state));
        }
        match after {
            Some(order) => Box::new(published.nodes_after(order)),
            None => Box::new(published.nodes()),
        }
    }

    /// Whether a node is wanted. An instance's node is, whatever else is asked for.
    fn take_in(&self, node: &Node) -> bool {
        let wished = &node.wished;
        if let Some(instance) = self.instance_uuid {
            let known = self.project.as_ref().is_none_or(|project| belongs(node, project));
            return known && wished.instance_uuid == Some(instance);
        }
        let is = |wanted: Option<bool>, actual: bool| wanted.is_none_or(|wanted| wanted == actual);
        let relatives = match self.parent_node {
            Some(parent) => wished.parent_node == Some(parent),
            None => self.include_children || wished.parent_node.is_none(),
        };
        relatives
            && is(self.associated, wished.instance_uuid.is_some())
            && is(self.maintenance, wished.maintenance)
            && is(self.retired, wished.retired)
            && is(self.sharded, wished.shard.is_some())
            && self.chassis.is_none_or(|chassis| is_in(node, chassis))
            && self.provision_state.is_none_or(|state| node.provision == state)
            && self.fault.is_none_or(|fault| node.fault == Some(fault))
            && self.project.as_ref().is_none_or(|project| belongs(node, project))
            && self.words.iter().all(|(word, text)| word.of(node) == Some(text.as_str()))
            && self.equal.iter().all(|(member, text)| member(node) == Some(text.as_str()))
            && self.shards.as_ref().is_none_or(|shards| in_shard(shards, wished.shard.as_deref()))
            && self.description_contains.as_deref().is_none_or(|part| describes(node, part))
    }
}

fn in_shard(shards: &[String], shard: Option<&str>) -> bool {
    shard.is_some_and(|shard| shards.iter().any(|one| one == shard))
}

fn is_in(node: &Node, chassis: Uuid) -> bool {
    node.wished.chassis_uuid.as_deref().and_then(parse_uuid) == Some(chassis)
}

fn belongs(node: &Node, project: &String) -> bool {
    node.wished.owner.as_ref() == Some(project) || node.wished.lessee.as_ref() == Some(project)
}

fn describes(node: &Node, part: &str) -> bool {
    node.wished.description.as_ref().is_some_and(|text| text.to_lowercase().contains(part))
}

/// Filters that compare a text that has an index.
const WORDS: &[(&str, Word)] = &[
    ("resource_class", Word::Class),
    ("owner", Word::Owner),
    ("lessee", Word::Lessee),
    ("instance_name", Word::InstanceName),
];

/// Filters that compare another text.
const TEXTS: &[(&str, Member)] = &[
    ("driver", |node| Some(&node.wished.driver)),
    ("conductor_group", |node| Some(&node.wished.conductor_group)),
];

/// Filters that came later than the list.
const SINCE: &[(&str, u16)] = &[
    ("provision_state", 9),
    ("driver", 16),
    ("resource_class", 21),
    ("fault", 42),
    ("conductor_group", 46),
    ("conductor", 49),
    ("owner", 50),
    ("description_contains", 51),
    ("retired", 61),
    ("lessee", 65),
    ("shard", 82),
    ("sharded", 82),
    ("include_children", 83),
    ("parent_node", 83),
    ("instance_name", 104),
];
