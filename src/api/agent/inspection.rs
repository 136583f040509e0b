//! `POST /v1/continue_inspection`: a ramdisk tells what its machine is made of (contract `agent.md` section 8).
//!
//! Nobody vouches for who posts: a node is found by what the machine claims, and only one that expects an inventory takes
//! it. Anybody else is told the same 404, or taken in by the policy of discovery.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::agent::lookup;
use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::base::beside::beside;
use crate::base::id::{NodeId, PortId};
use crate::model::boot::Boots;
use crate::model::boot::plan::Discovery;
use crate::model::catalog::BootWay;
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_uuid;
use crate::model::inspection::identity::{Identity, Mark, addresses, either_order};
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::net::http::Response;
use crate::wire::agent::inspection::{self, InspectionPost};

/// Takes an inventory in; 202 once it is committed.
pub async fn proceed(call: &Call<'_>) -> Result<Response, Fault> {
    lookup::check_enabled(call)?;
    let is_new = call.version >= LOOKUP_SHAPE_SINCE;
    let mut args = call.args()?;
    let (node_uuid, system) = (args.text("node_uuid")?, args.text("system_uuid")?);
    args.finish()?;
    if !is_new && (call.version != OLDEST || node_uuid.is_some()) {
        return Err(Fault::not_found(format!("API version 1.{LOOKUP_SHAPE_SINCE} or newer is required")));
    }
    let node_uuid = match node_uuid {
        None => None,
        Some(text) => Some(parse_uuid(&text).ok_or_else(|| Fault::invalid("node_uuid must be a UUID"))?),
    };
    let (told, logs) = told(call, system.as_deref().and_then(parse_uuid)).await?;
    if told.macs.is_empty() && told.identity.bmc.is_empty() && node_uuid.is_none() {
        return Err(Fault::invalid(
            "the inventory names no valid MAC address, no BMC and no node to look up",
        ));
    }
    match find(call, &told, node_uuid)? {
        Found::Node(node) if is_elsewhere(call, &node, &told) => Err(hidden()),
        Found::Node(node) => expected(call, node.id, (told, logs), is_new).await,
        Found::Stranger => stranger(call, (told, logs), is_new).await,
    }
}

/// The node expects it.
async fn expected(
    call: &Call<'_>,
    node: NodeId,
    (told, logs): (Told, Option<String>),
    is_new: bool,
) -> Result<Response, Fault> {
    // The token comes first: an inspection that is over has none.
    let token = if is_new { Some(lookup::token(call, node).await?) } else { None };
    let reply = match token {
        Some(token) => {
            let node = call.reread(node)?;
            Some(lookup::reply(call, &node, Some(token))?)
        }
        None => None,
    };
    let told = Told { before: before(call, node), ..told };
    let outcome = call.api.lanes.ask(node, Ask::Told(Arc::new(told))).await.map_err(told_apart)?;
    if outcome == (Answer::Told { keep_logs: true }) {
        keep_logs(call, Whose::Node(node), logs).await;
    }
    Ok(answer(reply, node.0))
}

/// Whose logs came.
#[derive(Debug)]
enum Whose {
    Node(NodeId),
    /// A machine that is no node.
    Stranger(Arc<Told>),
}

/// Keeps the ramdisk's logs, for who wants to know why an inspection failed. A cut that comes first takes them along.
async fn keep_logs(call: &Call<'_>, whose: Whose, logs: Option<String>) {
    let Some(logs) = logs.filter(|logs| !logs.is_empty()) else {
        tracing::info!(node = whose.node(), from = %call.from, "the inspection ramdisk sent no logs");
        return;
    };
    let Some(archive) = beside(logs.len(), move || inspection::archive(&logs)).await else {
        tracing::warn!(node = whose.node(), from = %call.from, "the inspection ramdisk's logs are no archive");
        return;
    };
    match whose {
        Whose::Node(node) => call.api.lanes.keep_logs(node, archive).await,
        Whose::Stranger(told) => call.api.lanes.keep_strangers_logs(told, archive).await,
    }
}

impl Whose {
    fn node(&self) -> Option<String> {
        match self {
            Self::Node(node) => Some(node.to_string()),
            Self::Stranger(_) => None,
        }
    }
}

/// Nobody expects it: discovery says what becomes of it.
async fn stranger(
    call: &Call<'_>,
    (told, logs): (Told, Option<String>),
    is_new: bool,
) -> Result<Response, Fault> {
    if call.policy().discovery.what == Discovery::Off {
        return Err(hidden());
    }
    let told = Arc::new(told);
    let answered = call.api.lanes.rack(RackAsk::Discover(Arc::clone(&told))).await;
    if let Some((whose, failed)) = discovered(&answered, told)
        && call.policy().collect_logs.keeps(failed)
    {
        keep_logs(call, whose, logs).await;
    }
    let answered = answered.map_err(told_apart)?;
    if let RackAnswer::Sighted(id) = answered {
        return Ok(answer(None, id));
    }
    let RackAnswer::Node(node) = answered else { return Err(hidden()) };
    if is_new {
        let record = call.reread(node)?;
        return Ok(answer(Some(lookup::reply(call, &record, None)?), node.0));
    }
    Ok(answer(None, node.0))
}

/// Whose inspection ended, and whether badly; none of a machine that was turned away unheard.
fn discovered(answered: &Result<RackAnswer, Refusal>, told: Arc<Told>) -> Option<(Whose, bool)> {
    if let Ok(RackAnswer::Node(node)) = answered {
        return Some((Whose::Node(*node), false));
    }
    let failed = matches!(answered, Err(Refusal::Invalid(_)));
    let known = matches!(answered, Ok(RackAnswer::Sighted(_)));
    (known || failed).then_some((Whose::Stranger(told), failed))
}

fn answer(reply: Option<Value>, id: Uuid) -> Response {
    let body = reply.unwrap_or_else(|| json!({"uuid": id.to_string()}));
    Response::json(202, body.to_string().into_bytes())
}

/// What is posted, read beside the async threads if it is large; with the ramdisk's logs.
async fn told(call: &Call<'_>, system: Option<Uuid>) -> Result<(Told, Option<String>), Fault> {
    let value = call.json().await?;
    let read = beside(call.body.len(), move || InspectionPost::from_value(value)).await;
    let post = read.map_err(|error| Fault::invalid(error.to_string()))?;
    let rules = call.api.reader.rules().map_err(|error| {
        tracing::error!(error = %error.chain(), "inspection rules cannot be read");
        Fault::new(500, "the inspection rules cannot be read; the daemon's log says why")
    })?;
    let mut identity = Identity::of(&post.inventory);
    identity.system = identity.system.or(system.filter(|uuid| !uuid.is_nil()).map(either_order));
    let told = Told {
        ports: post.macs.iter().map(|_| PortId(Uuid::new_v4())).collect(),
        inventory: post.inventory,
        plugin_data: post.rest,
        macs: post.macs,
        identity,
        from: Some(call.from),
        rules: Arc::new(rules),
        before: None,
    };
    Ok((told, post.logs))
}

/// What the inspection before has kept; one that cannot be read is none.
fn before(call: &Call<'_>, node: NodeId) -> Option<Arc<crate::model::inspection::Inventory>> {
    call.api.reader.inventory(node).ok().flatten().map(Arc::new)
}

/// Who a machine is.
enum Found {
    Node(Arc<Node>),
    Stranger,
}

/// By UUID and addresses, which must agree; then by its BMC.
fn find(call: &Call<'_>, told: &Told, node_uuid: Option<Uuid>) -> Result<Found, Fault> {
    let named = match node_uuid {
        None => None,
        Some(uuid) => Some(call.published.node(NodeId(uuid)).ok_or_else(hidden)?),
    };
    let ports = told.macs.iter().filter_map(|mac| call.published.port_by_mac(*mac));
    let mut owners: BTreeSet<NodeId> = ports.map(|port| port.node).collect();
    owners.extend(named.map(|node| node.id));
    if owners.len() > 1 {
        tracing::warn!(nodes = ?owners, from = %call.from, "an inventory matches several nodes: it is not taken");
        return Err(hidden());
    }
    let node = owners.first().and_then(|id| call.published.node(*id));
    let by_bmc = by_bmc(call, &told.identity.bmc);
    match node {
        Some(node) if !expects(node) && node.provision == Provision::Enroll => Ok(Found::Stranger),
        Some(node) if !expects(node) => {
            tracing::warn!(node = %node.id, state = %node.provision, from = %call.from, "an inventory came for a node that expects none");
            Err(hidden())
        }
        Some(node) if !by_bmc.is_empty() && !by_bmc.iter().any(|other| other.id == node.id) => {
            tracing::warn!(node = %node.id, from = %call.from, "an inventory has the NICs of one node and the BMC of another");
            Err(hidden())
        }
        Some(node) => Ok(Found::Node(Arc::clone(node))),
        None => match by_bmc.as_slice() {
            [] => Ok(Found::Stranger),
            [one] => Ok(Found::Node(Arc::clone(one))),
            _ => {
                tracing::warn!(from = %call.from, "an inventory's BMC is that of several nodes: create their ports");
                Err(hidden())
            }
        },
    }
}

/// Nodes that expect an inventory and whose settings name one of these BMCs.
fn by_bmc<'a>(call: &'a Call<'_>, told: &[IpAddr]) -> Vec<&'a Arc<Node>> {
    let marks = told.iter().map(|address| (Mark::Bmc(*address), *address));
    let found = marks.flat_map(|(mark, address)| {
        let nodes: Vec<_> = call.published.marked(&mark).collect();
        nodes.into_iter().filter(move |node| addresses(&node.wished.driver_info).any(|own| own == address))
    });
    let mut nodes: Vec<&Arc<Node>> = found.filter(|node| expects(node)).collect();
    nodes.sort_by_key(|node| node.id);
    nodes.dedup_by_key(|node| node.id);
    nodes
}

/// Whether it comes from an address that this host has leased to another machine: one that DHCP has booted has its own
/// address from there, too. Nothing is known of addresses that others give, nor of what a machine goes through that
/// booted from a medium.
fn is_elsewhere(call: &Call<'_>, node: &Node, told: &Told) -> bool {
    let lanes = &call.api.lanes;
    if lanes.catalog().boot_way(&node.wished.interfaces) != BootWay::Network {
        return false;
    }
    let Some(mac) = lanes.lessee(call.from) else { return false };
    // Another NIC of the machine may be the one that posts, with or without a port.
    let is_own = match call.published.port_by_mac(mac) {
        Some(port) => port.node == node.id,
        None => told.macs.contains(&mac),
    };
    if !is_own {
        tracing::warn!(node = %node.id, from = %call.from, lessee = %mac, "an inventory came from another machine's address");
    }
    !is_own
}

/// It waits for the inspection ramdisk, or is about to.
fn expects(node: &Node) -> bool {
    node.provision == Provision::InspectWait
        || node.provision == Provision::Inspecting && node.boots == Boots::Ramdisk
}

/// A refusal that would tell a stranger of nodes is the same for every reason.
fn told_apart(refusal: Refusal) -> Fault {
    if matches!(refusal, Refusal::NotFound(_) | Refusal::NoSuchNode { .. }) {
        hidden()
    } else {
        refusal.into()
    }
}

/// One text for every reason, so that a stranger learns nothing.
fn hidden() -> Fault {
    Fault::not_found("no node matches this inventory, or it expects none now")
}

/// The version of who sends none: an agent's posts are in the oldest form.
const OLDEST: u16 = 1;
/// Since then the answer is a lookup's.
const LOOKUP_SHAPE_SINCE: u16 = 84;
