//! What is asked of a node in passing: states, children, and the shards of all.

use std::collections::BTreeMap;

use serde_json::json;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::shape::node::{STATES, TABLE};
use crate::model::shape::{Pick, field};
use crate::net::http::Response;

/// `GET nodes/{ident}/states`.
pub fn states(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    let rows = STATES.iter().filter_map(|name| field(TABLE, name)).collect();
    Ok(call.show(200, TABLE, &Pick::Named(rows), &**node))
}

/// `GET nodes/{ident}/children`.
pub fn children(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let children: Vec<String> =
        call.published.children(id).filter(|node| call.sees(node)).map(|node| node.id.to_string()).collect();
    let href = format!("{}/v1/nodes?parent_node={id}", call.base);
    Ok(answer(&json!({"children": children, "links": {"href": href, "rel": "children"}})))
}

/// `GET shards`: how many nodes each has; those without are counted under `None`, as in the reference.
pub fn shards(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for node in call.published.nodes() {
        let count = counts.entry(node.wished.shard.as_deref().unwrap_or("None")).or_default();
        *count += 1;
    }
    let shards: Vec<_> = counts.iter().map(|(name, count)| json!({"name": name, "count": count})).collect();
    Ok(answer(&json!({"shards": shards})))
}
