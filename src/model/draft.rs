//! From a create body to a validated draft: types, lengths, names, defaults; a refusal names the field.
//!
//! Members newer than the client's version are the API's affair ([`crate::model::shape::too_new`]): they are
//! answered 406, what is found here 400.

pub mod given;
pub mod link;
pub mod name;
pub mod network;
pub mod slot;

use serde_json::Value;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::catalog::{Catalog, HardwareType};
use crate::model::decision::ask::NodeDraft;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::given;
use crate::model::draft::slot::Slot;
use crate::model::interface::Interface;
use crate::model::node::Wished;
use crate::model::policy::Policy;
use crate::model::port::{Port, PortWished};
use crate::model::shape::{self, Field};

/// A node from a create body; `id` is used if the client chose none.
pub fn node(
    body: Object,
    version: u16,
    id: NodeId,
    policy: &Policy,
    catalog: &Catalog,
) -> Result<NodeDraft, Refusal> {
    let mut wished = Wished::default();
    known(shape::node::TABLE, &body, &[])?;
    required(&body, "driver")?;
    let id = chosen(&body, "uuid")?.map_or(id, NodeId);
    for (name, value) in body.into_iter().filter(|(name, _)| name != "uuid") {
        put_node(&mut wished, &name, value)?;
    }
    fill_defaults(&mut wished, policy);
    name_instance(&mut wished);
    network::check(&wished.network_data)?;
    settle(&mut wished, version)?;
    served(&wished, policy)?;
    fill_interfaces(&mut wished, catalog)?;
    Ok(NodeDraft { id, wished, starts_available: version < 11 })
}

/// What the site wants where the client has said nothing, or null.
fn fill_defaults(wished: &mut Wished, policy: &Policy) {
    if wished.resource_class.as_deref().is_none_or(str::is_empty) {
        wished.resource_class.clone_from(&policy.default_resource_class);
    }
    if wished.conductor_group.is_empty() {
        wished.conductor_group.clone_from(&policy.default_conductor_group);
    }
}

/// Refuses a group that no conductor serves: there is one, and it is in the group that nodes are in by default.
pub fn served(wished: &Wished, policy: &Policy) -> Result<(), Refusal> {
    let (asked, here) = (&wished.conductor_group, policy.default_conductor_group.to_lowercase());
    if *asked == here {
        return Ok(());
    }
    Err(Refusal::Invalid(format!("no conductor serves conductor_group {asked:?}: this one serves {here:?}")))
}

/// An instance without a name is called as its display name says.
pub fn name_instance(wished: &mut Wished) {
    if wished.instance_name.is_none() {
        wished.instance_name = display_name(&wished.instance_info);
    }
}

/// A port from a create body. The API has resolved `node_uuid` or `node_ident`; `id` is used if the client
/// chose none.
pub fn port(body: Object, version: u16, node: NodeId, id: PortId, at: Moment) -> Result<Port, Refusal> {
    known(shape::port::TABLE, &body, &["node_ident"])?;
    required(&body, "address")?;
    let id = chosen(&body, "uuid")?.map_or(id, PortId);
    let mut wished = PortWished::default();
    let mut address = None;
    for (name, value) in body {
        match name.as_str() {
            "uuid" | "node_uuid" | "node_ident" => {}
            "address" => address = Some(mac(&value)?),
            _ => put_port(&mut wished, &name, value)?,
        }
    }
    settle_port(&mut wished, version)?;
    if wished.is_smartnic {
        link::check_smart(&wished.local_link_connection)?;
    }
    let address = address.ok_or_else(|| missing("address"))?;
    Ok(Port {
        id,
        order: 0,
        created_at: at,
        updated_at: None,
        node,
        address,
        wished,
        internal_info: Object::new(),
    })
}

/// Gives every interface that is not named the default of the hardware type, and refuses what is not enabled.
pub fn fill_interfaces(wished: &mut Wished, catalog: &Catalog) -> Result<(), Refusal> {
    let Some(hardware) = catalog.types.get(&wished.driver) else {
        let names: Vec<_> = catalog.types.keys().map(String::as_str).collect();
        return Err(Refusal::Invalid(format!(
            "driver {:?} is not enabled; enabled are: {}",
            wished.driver,
            names.join(", ")
        )));
    };
    for kind in Interface::ALL {
        let name = chosen_interface(wished, kind, hardware, catalog)?;
        wished.interfaces.set(kind, name);
    }
    Ok(())
}

fn chosen_interface(
    wished: &Wished,
    kind: Interface,
    hardware: &HardwareType,
    catalog: &Catalog,
) -> Result<String, Refusal> {
    let supported = hardware.supported.get(&kind).map(Vec::as_slice).unwrap_or_default();
    let enabled: Vec<_> = supported
        .iter()
        .map(String::as_str)
        .filter(|name| catalog.implementation(kind, name).is_some())
        .collect();
    let given = wished.interfaces.of(kind);
    let driver = &wished.driver;
    if given.is_empty() {
        let there = |name: &&str| catalog.is_there(kind, name);
        let default = enabled.iter().copied().find(there).or_else(|| enabled.first().copied());
        return default.map(str::to_owned).ok_or_else(|| {
            Refusal::Invalid(format!("driver {driver} has no enabled {kind}_interface: name another driver"))
        });
    }
    if enabled.contains(&given) {
        return Ok(given.to_owned());
    }
    Err(Refusal::Invalid(format!(
        "{kind}_interface {given:?} is not enabled for driver {driver}; enabled are: {}",
        enabled.join(", ")
    )))
}

/// Checks one member of a node by its row and writes it.
pub fn put_node(wished: &mut Wished, name: &str, value: Value) -> Result<(), Refusal> {
    let (row, slot) = shape::field(shape::node::TABLE, name)
        .zip(Slot::of_node(wished, name))
        .ok_or_else(|| Refusal::Invalid(format!("{name} is not writable")))?;
    slot.put(name, given(name, row.accepts, value)?)
}

/// Checks one member of a port by its row and writes it.
pub fn put_port(wished: &mut PortWished, name: &str, value: Value) -> Result<(), Refusal> {
    let (row, slot) = shape::field(shape::port::TABLE, name)
        .zip(Slot::of_port(wished, name))
        .ok_or_else(|| Refusal::Invalid(format!("{name} is not writable")))?;
    slot.put(name, given(name, row.accepts, value)?)
}

/// Rules of a node that concern single members or several at once, whatever its state.
pub fn settle(wished: &mut Wished, version: u16) -> Result<(), Refusal> {
    if let Some(name) = &wished.name {
        name::check(name, version)?;
    }
    if let Some(text) = &wished.chassis_uuid {
        let id = given::parse_uuid(text);
        let id = id.ok_or_else(|| Refusal::Invalid("chassis_uuid must be a UUID".to_owned()))?;
        wished.chassis_uuid = Some(id.to_string());
    }
    wished.conductor_group = wished.conductor_group.to_lowercase();
    group(&wished.conductor_group)?;
    if wished.protected_reason.is_some() && !wished.protected {
        return Err(Refusal::Invalid("protected_reason needs protected to be true".to_owned()));
    }
    small(wished)
}

/// Rules of a port that concern its members, whatever its node's state.
pub fn settle_port(wished: &mut PortWished, version: u16) -> Result<(), Refusal> {
    if let Some(name) = &wished.name {
        name::check_logical(name)?;
    }
    if let Some(text) = &wished.portgroup_uuid {
        let id = given::parse_uuid(text);
        let id = id.ok_or_else(|| Refusal::Invalid("portgroup_uuid must be a UUID".to_owned()))?;
        wished.portgroup_uuid = Some(id.to_string());
    }
    if bytes(&wished.extra) > RECORD_LIMIT {
        return Err(Refusal::Invalid(format!("extra must be smaller than {RECORD_LIMIT} bytes")));
    }
    link::check(&wished.local_link_connection, version)?;
    link::settle(&mut wished.local_link_connection);
    Ok(())
}

/// The node that a member names as its owner.
pub fn owner(value: &Value) -> Result<NodeId, Refusal> {
    let id = value.as_str().and_then(given::parse_uuid).map(NodeId);
    id.ok_or_else(|| Refusal::Invalid("node_uuid must be the UUID of a node".to_owned()))
}

/// A MAC address from a request.
pub fn mac(value: &Value) -> Result<Mac, Refusal> {
    let text = value.as_str().ok_or_else(|| Refusal::Invalid("address must be a text".to_owned()))?;
    text.parse().map_err(|error| Refusal::Invalid(format!("address: {error}")))
}

/// Refuses members that a create body cannot have.
pub fn known<T>(table: &'static [Field<T>], body: &Object, also: &[&str]) -> Result<(), Refusal> {
    for name in body.keys().filter(|name| !also.contains(&name.as_str())) {
        match shape::field(table, name) {
            Some(row) if row.create => {}
            Some(_) => return Err(Refusal::Invalid(format!("{name} cannot be set on create"))),
            None => {
                let shown: String = name.chars().take(64).collect();
                return Err(Refusal::Invalid(format!("unknown field {shown:?}")));
            }
        }
    }
    Ok(())
}

/// Refuses a create body without this member.
pub fn required(body: &Object, name: &str) -> Result<(), Refusal> {
    if body.contains_key(name) { Ok(()) } else { Err(missing(name)) }
}

fn missing(name: &str) -> Refusal {
    Refusal::Invalid(format!("{name} is required"))
}

/// The UUID that the client chose.
pub fn chosen(body: &Object, name: &str) -> Result<Option<uuid::Uuid>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(given::parse_uuid)
            .map(Some)
            .ok_or_else(|| Refusal::Invalid(format!("{name} must be a UUID"))),
    }
}

fn group(name: &str) -> Result<(), Refusal> {
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if fits {
        return Ok(());
    }
    Err(Refusal::Invalid("conductor_group may have the characters A-Z a-z 0-9 - . _ only".to_owned()))
}

fn display_name(instance_info: &Object) -> Option<String> {
    let name = instance_info.get("display_name").and_then(Value::as_str)?;
    (1..=255).contains(&name.chars().count()).then(|| name.to_owned())
}

/// A record stays small enough to be rewritten at each of its changes; what is larger has files.
fn small(wished: &Wished) -> Result<(), Refusal> {
    let sizes = [
        ("driver_info", bytes(&wished.driver_info)),
        ("properties", bytes(&wished.properties)),
        ("extra", bytes(&wished.extra)),
        ("instance_info", bytes(&wished.instance_info)),
        ("network_data", bytes(&wished.network_data)),
    ];
    let all: usize = sizes.iter().map(|(_, size)| size).sum();
    let Some((largest, size)) =
        sizes.into_iter().max_by_key(|(_, size)| *size).filter(|_| all > RECORD_LIMIT)
    else {
        return Ok(());
    };
    Err(Refusal::Invalid(format!(
        "the node's objects have {all} bytes together, {RECORD_LIMIT} at most: {largest} has {size}"
    )))
}

/// Bytes of the object as JSON.
pub fn bytes(members: &Object) -> usize {
    if members.is_empty() {
        return 0;
    }
    let mut out = Vec::new();
    shape::json::object(&mut out, members);
    out.len()
}

/// Bytes of JSON that a client may put into one record: a stored node stays under 64 KiB with room for a run.
pub const RECORD_LIMIT: usize = 40 * 1024;

#[cfg(test)]
pub mod tests;
