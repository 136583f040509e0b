//! Members of a port's `local_link_connection` that not every version knows.

use serde_json::Value;

use crate::api::fault::Fault;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;

/// Refuses members of a create body that the client's version does not know.
pub fn check_body(body: &Object, version: u16) -> Result<(), Fault> {
    let Some(link) = body.get("local_link_connection").and_then(Value::as_object) else { return Ok(()) };
    if link.contains_key(NETWORK_TYPE) && version < NETWORK_TYPE_SINCE {
        return Err(Fault::too_new("local_link_connection/network_type", NETWORK_TYPE_SINCE));
    }
    if link.contains_key(VTEP) && !VTEP_TIME.contains(&version) {
        return Err(Fault::new(
            406,
            format!("local_link_connection/{VTEP} is known from API version 1.90 to 1.104"),
        ));
    }
    Ok(())
}

/// The same of a patch.
pub fn check_patch(operations: &[PatchOp], version: u16) -> Result<(), Fault> {
    let named = |op: &PatchOp| op.path == "/local_link_connection/network_type";
    if version < NETWORK_TYPE_SINCE && operations.iter().any(named) {
        return Err(Fault::too_new("local_link_connection/network_type", NETWORK_TYPE_SINCE));
    }
    Ok(())
}

const NETWORK_TYPE: &str = "network_type";
const NETWORK_TYPE_SINCE: u16 = 64;
const VTEP: &str = "vtep-logical-switch";
const VTEP_TIME: std::ops::Range<u16> = 90..105;
