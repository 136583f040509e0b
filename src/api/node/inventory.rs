//! `nodes/{ident}/inventory`: what the last inspection of a node found.

use serde_json::json;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::net::http::Response;

/// The inventory and the data beside it; none before the first inspection.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let found = call.api.reader.inventory(id).map_err(|error| {
        tracing::error!(node = %id, error = %error.chain(), "an inventory cannot be read");
        Fault::new(500, "the inventory cannot be read; the daemon's log says why")
    })?;
    match found {
        Some(found) => Ok(answer(&json!({"inventory": found.inventory, "plugin_data": found.plugin_data}))),
        None => Err(Fault::not_found(format!("node {id} has no inventory: inspect it first"))),
    }
}
