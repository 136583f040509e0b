//! `GET /v1/lookup`: an agent asks who it is (contract `agent.md` section 3).

use std::sync::Arc;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::base::id::NodeId;
use crate::base::secret::{MASK, Secret};
use crate::model::decision::ask::{Answer, Ask, TokenAnswer};
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::shape::node::TABLE;
use crate::model::shape::{Pick, Shown, write};
use crate::net::http::Response;
use crate::wire::agent::lookup::{AgentConfig, LookupQuery, LookupReply};

/// Answers with the node and its settings, or always with the same 404.
pub async fn lookup(call: &Call<'_>) -> Result<Response, Fault> {
    check_enabled(call)?;
    let query = LookupQuery::parse(&call.query).map_err(|error| Fault::invalid(error.to_string()))?;
    if query.addresses.is_empty() && query.node_uuid.is_none() {
        return Err(Fault::invalid("the lookup needs a valid MAC address or node_uuid"));
    }
    let node = find(call, &query).filter(|node| is_expected(call, node)).ok_or_else(hidden)?;
    if call.version < TOKEN_SINCE && may_have_found_nobody(call, node) {
        return Err(Fault::new(
            409,
            "the appliance has just started: ask for its versions, and look up again",
        ));
    }
    let token = if call.version >= TOKEN_SINCE { Some(token(call, node.id).await?) } else { None };
    let node = call.reread(node.id).map_err(|_| hidden())?;
    Ok(Response::json(200, reply(call, &node, token)?.to_string().into_bytes()))
}

/// What an agent is told of its node.
pub fn reply(call: &Call<'_>, node: &Node, token: Option<Secret>) -> Result<serde_json::Value, Fault> {
    let reply = LookupReply { node: shown(call, node)?, config: config(call, node, token) };
    Ok(reply.emit())
}

/// The token of this boot, or the mask in its place.
pub async fn token(call: &Call<'_>, node: NodeId) -> Result<Secret, Fault> {
    match call.api.lanes.ask(node, Ask::Lookup { from: call.from }).await {
        Ok(Answer::Token(TokenAnswer::Plain(token))) => Ok(token),
        Ok(Answer::Token(TokenAnswer::Masked)) => Ok(Secret::new(MASK)),
        Ok(_other) => Err(Refusal::AskAgain { node }.into()),
        Err(Refusal::NotFound(_) | Refusal::NoSuchNode { .. }) => Err(hidden()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Refuses when the site has closed what agents use.
pub fn check_enabled(call: &Call<'_>) -> Result<(), Fault> {
    if call.policy().agent.enable_ramdisk_endpoints {
        return Ok(());
    }
    Err(Fault::new(403, "lookups and heartbeats are closed on this host"))
}

/// By UUID, or the one node that owns all the known addresses.
fn find<'a>(call: &'a Call<'_>, query: &LookupQuery) -> Option<&'a Arc<Node>> {
    if let Some(uuid) = query.node_uuid {
        return call.published.node(NodeId(uuid));
    }
    let mut owners =
        query.addresses.iter().filter_map(|mac| call.published.port_by_mac(*mac)).map(|port| port.node);
    let first = owners.next()?;
    owners.all(|owner| owner == first).then(|| call.published.node(first)).flatten()
}

fn is_expected(call: &Call<'_>, node: &Node) -> bool {
    !call.policy().agent.restrict_lookup || node.provision.traits().lookup_ok
}

/// Whether an agent that was booted before our start may speak an old version only because nobody told it ours: it
/// asks for them first, and assumes 1.31 where nobody answers. Without a token its boot would come to nothing.
fn may_have_found_nobody(call: &Call<'_>, node: &Node) -> bool {
    let began = call.api.began;
    node.created_at < began && call.api.lanes.now().seconds_since(began) < JUST_STARTED
}

/// One text for every reason, so that a stranger learns nothing.
fn hidden() -> Fault {
    Fault::not_found("no node matches this lookup, or it expects no agent now")
}

fn shown(call: &Call<'_>, node: &Node) -> Result<serde_json::Value, Fault> {
    let mut out = Vec::with_capacity(1024);
    write(TABLE, &Pick::named(TABLE, SHOWN), &Shown { record: node, frame: call.frame() }, &mut out);
    serde_json::from_slice(&out)
        .map_err(|_| Refusal::Internal("a node was not written as JSON".to_owned()).into())
}

fn config(call: &Call<'_>, node: &Node, token: Option<Secret>) -> AgentConfig {
    let policy = &call.policy().agent;
    AgentConfig {
        heartbeat_timeout: u64::from(policy.heartbeat_timeout),
        permitted_image_formats: policy.permitted_image_formats.clone(),
        disable_deep_image_inspection: policy.disable_deep_image_inspection,
        agent_md5_checksum_enable: policy.allow_md5_checksum,
        agent_token: token,
        agent_skip_bmc_detect: node.wished.interfaces.management.contains("redfish"),
        ..AgentConfig::default()
    }
}

/// What an agent is told of its node before it has a token.
const SHOWN: &[&str] = &["uuid", "properties", "instance_info", "driver_internal_info"];

/// Since then a lookup makes a token; an older agent is given none, and its lookup starts no boot.
const TOKEN_SINCE: u16 = 62;

/// Seconds within which a lookup follows the question that met nobody: far less is usual.
const JUST_STARTED: u64 = 10;
