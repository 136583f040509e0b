//! Resources of the reference that this version does not keep: lists are empty, so that clients that look in passing
//! go on; everything else says plainly that it is not there.

use serde_json::json;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::node::Node;
use crate::net::http::Response;

/// An empty list under its key.
pub fn list(call: &Call<'_>, name: &str) -> Result<Response, Fault> {
    // Filters of any name are taken: nothing is found either way.
    call.args()?;
    Ok(answer(&json!({name: []})))
}

/// An item of an empty list.
pub fn no_such(what: &str, ident: &str) -> Fault {
    let shown: String = ident.chars().take(255).collect();
    Fault::not_found(format!("{what} {shown} could not be found"))
}

/// Part of the reference, not of this version.
pub fn absent(what: &str) -> Fault {
    Fault::not_found(format!("{what} are not part of this version"))
}

/// The same, of one node.
pub fn absent_of(what: &str, node: &Node) -> Fault {
    Fault::not_found(format!("this version does not offer {what} (asked of node {})", node.id))
}
