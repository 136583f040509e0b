//! Where a member of a request lands in the record.

use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::Object;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, parse_uuid};
use crate::model::interface::{Interface, Interfaces};
use crate::model::node::Wished;
use crate::model::port::PortWished;

/// One writable member of a record.
#[derive(Debug)]
pub enum Slot<'a> {
    Text(&'a mut Option<String>),
    /// Null is the empty text.
    Word(&'a mut String),
    /// Null is the default.
    Flag(&'a mut bool, bool),
    MaybeFlag(&'a mut Option<bool>),
    Object(&'a mut Object),
    Uuid(&'a mut Option<Uuid>),
    Node(&'a mut Option<NodeId>),
    Interface(&'a mut Interfaces, Interface),
}

impl<'a> Slot<'a> {
    /// The member `name` of a node.
    pub fn of_node(wished: &'a mut Wished, name: &str) -> Option<Self> {
        if let Some(kind) = Interface::of_field(name) {
            return Some(Self::Interface(&mut wished.interfaces, kind));
        }
        Some(match name {
            "name" => Self::Text(&mut wished.name),
            "driver" => Self::Word(&mut wished.driver),
            "driver_info" => Self::Object(&mut wished.driver_info),
            "properties" => Self::Object(&mut wished.properties),
            "extra" => Self::Object(&mut wished.extra),
            "instance_info" => Self::Object(&mut wished.instance_info),
            "network_data" => Self::Object(&mut wished.network_data),
            "instance_uuid" => Self::Uuid(&mut wished.instance_uuid),
            "instance_name" => Self::Text(&mut wished.instance_name),
            "chassis_uuid" => Self::Text(&mut wished.chassis_uuid),
            "resource_class" => Self::Text(&mut wished.resource_class),
            "conductor_group" => Self::Word(&mut wished.conductor_group),
            "description" => Self::Text(&mut wished.description),
            "owner" => Self::Text(&mut wished.owner),
            "lessee" => Self::Text(&mut wished.lessee),
            "shard" => Self::Text(&mut wished.shard),
            "parent_node" => Self::Node(&mut wished.parent_node),
            "protected_reason" => Self::Text(&mut wished.protected_reason),
            "retired_reason" => Self::Text(&mut wished.retired_reason),
            "boot_mode" => Self::Text(&mut wished.boot_mode),
            other => return Self::flag_of_node(wished, other),
        })
    }

    fn flag_of_node(wished: &'a mut Wished, name: &str) -> Option<Self> {
        Some(match name {
            "automated_clean" => Self::MaybeFlag(&mut wished.automated_clean),
            "secure_boot" => Self::MaybeFlag(&mut wished.secure_boot),
            "protected" => Self::Flag(&mut wished.protected, false),
            "retired" => Self::Flag(&mut wished.retired, false),
            "disable_power_off" => Self::Flag(&mut wished.disable_power_off, false),
            "maintenance" => Self::Flag(&mut wished.maintenance, false),
            "console_enabled" => Self::Flag(&mut wished.console_enabled, false),
            _ => return None,
        })
    }

    /// The member `name` of a port, its node and address apart.
    pub fn of_port(wished: &'a mut PortWished, name: &str) -> Option<Self> {
        Some(match name {
            "name" => Self::Text(&mut wished.name),
            "description" => Self::Text(&mut wished.description),
            "extra" => Self::Object(&mut wished.extra),
            "local_link_connection" => Self::Object(&mut wished.local_link_connection),
            "pxe_enabled" => Self::Flag(&mut wished.pxe_enabled, true),
            "portgroup_uuid" => Self::Text(&mut wished.portgroup_uuid),
            "physical_network" => Self::Text(&mut wished.physical_network),
            "is_smartnic" => Self::Flag(&mut wished.is_smartnic, false),
            "vendor" => Self::Text(&mut wished.vendor),
            "category" => Self::Text(&mut wished.category),
            "available_for_dynamic_portgroup" => {
                Self::Flag(&mut wished.available_for_dynamic_portgroup, true)
            }
            _ => return None,
        })
    }

    /// Writes a checked value.
    pub fn put(self, name: &str, given: Given) -> Result<(), Refusal> {
        match (self, given) {
            (Self::Text(slot), Given::Text(text)) => *slot = text,
            (Self::Word(slot), Given::Text(text)) => *slot = text.unwrap_or_default(),
            (Self::Flag(slot, default), Given::Flag(flag)) => *slot = flag.unwrap_or(default),
            (Self::MaybeFlag(slot), Given::Flag(flag)) => *slot = flag,
            (Self::Object(slot), Given::Object(members)) => *slot = members,
            (Self::Uuid(slot), Given::Uuid(uuid)) => *slot = uuid,
            (Self::Node(slot), Given::Text(text)) => *slot = node(name, text)?,
            (Self::Interface(slot, kind), Given::Text(text)) => slot.set(kind, text.unwrap_or_default()),
            // The tables pair every field with its slot (tested).
            (_, Given::Text(_) | Given::Flag(_) | Given::Object(_) | Given::Uuid(_) | Given::Integer(_)) => {
                return Err(Refusal::Invalid(format!("{name} is not writable")));
            }
        }
        Ok(())
    }

    /// The value as it stands, for operations below it.
    pub fn value(self) -> Value {
        match self {
            Self::Text(slot) => slot.clone().map_or(Value::Null, Value::String),
            Self::Word(slot) => Value::String(slot.clone()),
            Self::Flag(slot, _) => Value::Bool(*slot),
            Self::MaybeFlag(slot) => slot.map_or(Value::Null, Value::Bool),
            Self::Object(slot) => Value::Object(slot.clone()),
            Self::Uuid(slot) => slot.map_or(Value::Null, |uuid| Value::String(uuid.to_string())),
            Self::Node(slot) => slot.map_or(Value::Null, |node| Value::String(node.to_string())),
            Self::Interface(slot, kind) => Value::String(slot.of(kind).to_owned()),
        }
    }
}

fn node(name: &str, text: Option<String>) -> Result<Option<NodeId>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match parse_uuid(&text) {
        Some(id) => Ok(Some(NodeId(id))),
        None => Err(Refusal::Invalid(format!("{name} must be the UUID of a node"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::draft::given::given;
    use crate::model::shape::{Accepts, Field, node, port};

    fn sample(accepts: Accepts) -> Value {
        match accepts {
            Accepts::Nothing => Value::Null,
            Accepts::Text { max: ..36, .. } => Value::from("x"),
            Accepts::Must | Accepts::Text { .. } | Accepts::Uuid => {
                Value::from("1be26c0b-03f2-4d2e-ae87-c02d7f33c123")
            }
            Accepts::Flag | Accepts::Bare => Value::Bool(true),
            Accepts::Object => serde_json::json!({"a": 1}),
            Accepts::Integer => Value::from(1),
        }
    }

    fn writable<T>(row: &Field<T>, apart: &[&str]) -> bool {
        (row.create || row.patch) && !apart.contains(&row.name)
    }

    #[test]
    fn every_writable_member_of_a_node_has_its_place() {
        for row in node::TABLE.iter().filter(|row| writable(row, &["uuid"])) {
            let mut wished = Wished::default();
            let value = sample(row.accepts);
            let checked = given(row.name, row.accepts, value.clone()).unwrap();
            Slot::of_node(&mut wished, row.name).unwrap().put(row.name, checked).unwrap();
            assert_eq!(Slot::of_node(&mut wished, row.name).unwrap().value(), value, "{}", row.name);
        }
    }

    #[test]
    fn every_writable_member_of_a_port_has_its_place() {
        for row in port::TABLE.iter().filter(|row| writable(row, &["uuid", "address", "node_uuid"])) {
            let mut wished = PortWished::default();
            let value = sample(row.accepts);
            let checked = given(row.name, row.accepts, value.clone()).unwrap();
            Slot::of_port(&mut wished, row.name).unwrap().put(row.name, checked).unwrap();
            assert_eq!(Slot::of_port(&mut wished, row.name).unwrap().value(), value, "{}", row.name);
        }
    }
}
