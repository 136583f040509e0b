//! JSON patches (RFC 6902, three of its operations) applied to what clients wrote: operations go one by one,
//! the first that fails refuses them all, and the members that they touched are checked as on create.

pub mod apply;
pub mod mask;
pub mod rules;
pub mod whole;

use serde_json::Value;

use crate::base::secret::Veil;
use crate::model::Object;
use crate::model::catalog::Catalog;
use crate::model::decision::ask::{PatchAsk, PatchOp, PatchVerb};
use crate::model::decision::refusal::Refusal;
use crate::model::draft;
use crate::model::draft::slot::Slot;
use crate::model::interface::Interface;
use crate::model::node::{Node, Wished};
use crate::model::policy::Policy;
use crate::model::port::Port;
use crate::model::shape::{self, Accepts, Field, LATEST};

/// What a node's writable members are after a patch, or why it is refused in its present state.
pub fn patch_node(
    node: &Node,
    ask: &PatchAsk,
    catalog: &Catalog,
    policy: &Policy,
) -> Result<Wished, Refusal> {
    rules::open(node, ask, &policy.host)?;
    let mut wished = node.wished.clone();
    for (root, value) in touched(&ask.operations, shape::node::TABLE, |root| {
        Slot::of_node(&mut node.wished.clone(), root).map(Slot::value)
    })? {
        let value = unmask(root, value, &node.wished)?;
        draft::put_node(&mut wished, root, value)?;
    }
    if !wished.protected {
        forget(&mut wished.protected_reason, node.wished.protected);
    }
    if !wished.retired {
        forget(&mut wished.retired_reason, node.wished.retired);
        if wished.retired_reason.is_some() && wished.retired_reason != node.wished.retired_reason {
            return Err(Refusal::Invalid("retired_reason needs retired to be true".to_owned()));
        }
    }
    reset_interfaces(node, ask, &mut wished)?;
    if wished.instance_info != node.wished.instance_info {
        draft::name_instance(&mut wished);
    }
    if wished.network_data != node.wished.network_data {
        draft::network::check(&wished.network_data)?;
    }
    let version = name_version(node, &wished, ask.version);
    draft::settle(&mut wished, version)?;
    if wished.conductor_group != node.wished.conductor_group {
        draft::served(&wished, policy)?;
    }
    draft::fill_interfaces(&mut wished, catalog)?;
    rules::change(node, &wished)?;
    Ok(wished)
}

/// What a port is after a patch, whatever its node's state.
pub fn port_patch(port: &Port, operations: &[PatchOp]) -> Result<Port, Refusal> {
    let mut next = port.clone();
    for (root, value) in touched(operations, shape::port::TABLE, |root| match root {
        "address" => Some(Value::String(port.address.to_string())),
        "node_uuid" => Some(Value::String(port.node.to_string())),
        _ => Slot::of_port(&mut port.wished.clone(), root).map(Slot::value),
    })? {
        match root {
            "address" => next.address = draft::mac(&value)?,
            "node_uuid" => next.node = draft::owner(&value)?,
            _ => draft::put_port(&mut next.wished, root, value)?,
        }
    }
    if next.wished != port.wished {
        let version = link_version(port, &next);
        draft::settle_port(&mut next.wished, version)?;
    }
    Ok(next)
}

/// The members that the operations touch, each with the value that it has after them, in order of first touch.
pub fn touched<'a, T: 'static>(
    operations: &'a [PatchOp],
    table: &'static [Field<T>],
    mut present: impl FnMut(&str) -> Option<Value>,
) -> Result<Vec<(&'a str, Value)>, Refusal> {
    let mut values: Vec<(&str, Value)> = Vec::new();
    for op in operations {
        let (root, rest) = apply::split(&op.path);
        let row = patchable(table, root)?;
        if values.iter().all(|(name, _)| *name != root) {
            values.push((root, present(root).unwrap_or(Value::Null)));
        }
        if let Some((_, value)) = values.iter_mut().find(|(name, _)| *name == root) {
            step(row, value, op, rest)?;
        }
    }
    Ok(values)
}

/// Secrets of the driver and of the instance come back masked from clients that write what they have read.
fn unmask(root: &str, value: Value, stored: &Wished) -> Result<Value, Refusal> {
    let stored = match root {
        "driver_info" => &stored.driver_info,
        "instance_info" => &stored.instance_info,
        _ => return Ok(value),
    };
    mask::keep(value, Some(&Value::Object(stored.clone())), Veil::of_member(root))
}

/// One operation on the value of its root.
fn step<T>(row: &Field<T>, value: &mut Value, op: &PatchOp, rest: Option<&str>) -> Result<(), Refusal> {
    let Some(rest) = rest else {
        *value = match op.op {
            PatchVerb::Add | PatchVerb::Replace => op.value.clone(),
            PatchVerb::Remove if row.accepts == Accepts::Must => {
                return Err(Refusal::Invalid(format!("{} is required and cannot be removed", row.name)));
            }
            // Booleans that know no null go back to their default, which the tables' one such member has as true.
            PatchVerb::Remove if row.accepts == Accepts::Bare => Value::Bool(true),
            PatchVerb::Remove => Value::Null,
        };
        return Ok(());
    };
    if row.accepts != Accepts::Object {
        return Err(Refusal::Invalid(format!("{} has nothing below {}", op.path, row.name)));
    }
    if value.is_null() {
        *value = Value::Object(Object::new());
    }
    apply::below(value, op, rest)
}

fn patchable<T>(table: &'static [Field<T>], root: &str) -> Result<&'static Field<T>, Refusal> {
    shape::field(table, root).filter(|row| row.patch).ok_or_else(|| {
        let names: Vec<_> = table.iter().filter(|row| row.patch).map(|row| row.name).collect();
        let shown: String = root.chars().take(64).collect();
        Refusal::Invalid(format!("/{shown} cannot be patched; what can be: {}", names.join(", ")))
    })
}

/// A reason goes with its flag, if it was the flag that went; a reason given without its flag is refused.
fn forget(reason: &mut Option<String>, was: bool) {
    if was {
        *reason = None;
    }
}

/// A new driver takes new defaults for the interfaces that the patch does not name, if the client said so.
fn reset_interfaces(node: &Node, ask: &PatchAsk, wished: &mut Wished) -> Result<(), Refusal> {
    if !ask.reset_interfaces {
        return Ok(());
    }
    if !ask.operations.iter().any(|op| op.path == "/driver") {
        return Err(Refusal::Invalid("reset_interfaces needs a patch that changes the driver".to_owned()));
    }
    if wished.driver == node.wished.driver {
        return Ok(());
    }
    for kind in Interface::ALL {
        let path = format!("/{kind}_interface");
        if !ask.operations.iter().any(|op| op.path == path) {
            wished.interfaces.set(kind, String::new());
        }
    }
    Ok(())
}

/// A name that was given under a newer version is left alone by an older client's patch of something else.
fn name_version(node: &Node, wished: &Wished, version: u16) -> u16 {
    if node.wished.name == wished.name { LATEST } else { version }
}

/// A link that carries members of the past is judged by their time, unless it is what changes.
fn link_version(port: &Port, next: &Port) -> u16 {
    if port.wished.local_link_connection == next.wished.local_link_connection { VTEP_TIME } else { LATEST }
}

/// The last version that knows every member of a link.
const VTEP_TIME: u16 = 104;

#[cfg(test)]
mod tests;
