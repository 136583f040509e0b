//! Which VIF is where.

use serde_json::Value;

use crate::model::Object;
use crate::model::node::Node;

/// The VIF that is attached to the port or portgroup of this `internal_info`.
pub fn of(internal_info: &Object) -> Option<&str> {
    internal_info.get(KEY).and_then(Value::as_str)
}

/// Whether the node's network interface keeps VIFs; `noop` takes and forgets them.
pub fn are_kept(node: &Node) -> bool {
    node.wished.interfaces.network != "noop"
}

/// The member of `internal_info` that names the VIF.
pub const KEY: &str = "tenant_vif_port_id";
