//! Shapes of members, records and arguments as JSON Schema (draft 2020-12).

use serde_json::{Map, Value, json};

use crate::model::shape::{self, Accepts, Field, LATEST, Place};

/// Every schema that the document refers to.
pub fn all() -> Value {
    let mut all = Map::new();
    both(&mut all, "node", shape::node::TABLE, &["driver"]);
    both(&mut all, "port", shape::port::TABLE, &["address"]);
    both(&mut all, "chassis", shape::chassis::TABLE, &[]);
    both(&mut all, "portgroup", shape::portgroup::TABLE, &["node_uuid"]);
    both(&mut all, "volume_connector", shape::connector::TABLE, &["node_uuid", "type", "connector_id"]);
    both(
        &mut all,
        "volume_target",
        shape::target::TABLE,
        &["node_uuid", "volume_type", "volume_id", "boot_index"],
    );
    both(&mut all, "allocation", shape::allocation::TABLE, &[]);
    both(&mut all, "deploy_template", shape::template::TABLE, &["name", "steps"]);
    both(&mut all, "runbook", shape::runbook::TABLE, &["name", "steps"]);
    record(&mut all, "inspection_rule", shape::rule::TABLE);
    for (name, text) in OTHERS {
        all.insert((*name).to_owned(), read(text));
    }
    Value::Object(all)
}

/// A record and what creates one.
fn both<T>(all: &mut Map<String, Value>, name: &str, table: &'static [Field<T>], required: &[&str]) {
    record(all, name, table);
    let members: Map<String, Value> = table
        .iter()
        .filter(|row| row.create)
        .map(|row| (row.name.to_owned(), accepted(row.name, row.accepts)))
        .collect();
    let create = json!({
        "type": "object", "properties": members, "required": required, "additionalProperties": false,
    });
    all.insert(format!("{name}_create"), create);
}

fn record<T>(all: &mut Map<String, Value>, name: &str, table: &'static [Field<T>]) {
    let rows = table.iter().filter(|row| row.since <= LATEST);
    let members: Map<String, Value> = rows.map(|row| (row.name.to_owned(), shown(row))).collect();
    all.insert(
        name.to_owned(),
        json!({"type": "object", "properties": members, "additionalProperties": false}),
    );
}

/// A member as answers show it.
fn shown<T>(row: &Field<T>) -> Value {
    let mut shape = kind(row.name, row.place);
    if let Value::Object(shape) = &mut shape {
        shape.insert("x-since".to_owned(), json!(format!("1.{}", row.since)));
    }
    shape
}

fn kind(name: &str, place: Place) -> Value {
    match name {
        "links" => json!({"type": "array", "items": {"$ref": "#/components/schemas/link"}}),
        _ if place == Place::Whole => json!({"type": "array"}),
        _ if name.ends_with("_at") => json!({"type": ["string", "null"], "format": "date-time"}),
        _ if name == "uuid" => json!({"type": "string", "format": "uuid"}),
        _ if FLAGS.contains(&name) => json!({"type": ["boolean", "null"]}),
        _ if OBJECTS.contains(&name) => json!({"type": ["object", "null"]}),
        _ if LISTS.contains(&name) => json!({"type": ["array", "null"]}),
        _ if NUMBERS.contains(&name) => json!({"type": ["integer", "null"]}),
        _ => json!({"type": ["string", "null"]}),
    }
}

/// A member as a request gives it.
fn accepted(name: &str, accepts: Accepts) -> Value {
    match accepts {
        _ if LISTS.contains(&name) => json!({"type": ["array", "null"]}),
        Accepts::Nothing => json!(false),
        Accepts::Must => json!({"type": "string", "minLength": 1}),
        Accepts::Text { min, max } => json!({"type": ["string", "null"], "minLength": min, "maxLength": max}),
        Accepts::Uuid => json!({"type": ["string", "null"], "format": "uuid"}),
        Accepts::Flag => json!({"type": ["boolean", "string", "null"]}),
        Accepts::Bare => json!({"type": "boolean"}),
        Accepts::Integer => json!({"type": ["integer", "null"]}),
        Accepts::Object => json!({"type": ["object", "null"], "title": name}),
    }
}

/// An argument of a query, by its name.
pub fn argument(name: &str) -> Value {
    match name {
        "limit" => json!({"type": "integer", "minimum": 1}),
        "sort_dir" => json!({"enum": ["asc", "desc"]}),
        "associated" | "maintenance" | "retired" | "sharded" | "include_children" | "detail"
        | "reset_interfaces" => {
            json!({"type": "boolean"})
        }
        "instance_uuid" | "chassis_uuid" | "marker" => json!({"type": "string", "format": "uuid"}),
        _ => json!({"type": "string"}),
    }
}

/// A schema written as text in the book; an error there is found by a test.
pub fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

const FLAGS: &[&str] = &[
    "maintenance",
    "console_enabled",
    "protected",
    "retired",
    "disable_power_off",
    "pxe_enabled",
    "is_smartnic",
    "standalone_ports_supported",
    "sensitive",
    "disable_ramdisk",
    "public",
    "alive",
    "automated_clean",
    "secure_boot",
    "available_for_dynamic_portgroup",
    "dynamic_portgroup",
];

const OBJECTS: &[&str] = &[
    "driver_info",
    "extra",
    "properties",
    "instance_info",
    "driver_internal_info",
    "network_data",
    "clean_step",
    "deploy_step",
    "service_step",
    "raid_config",
    "target_raid_config",
    "internal_info",
    "local_link_connection",
];

const LISTS: &[&str] = &["traits", "steps", "actions", "conditions", "candidate_nodes", "drivers", "nodes"];

const NUMBERS: &[&str] = &["priority", "boot_index"];

/// Shapes that no table holds.
const OTHERS: &[(&str, &str)] = &[
    (
        "link",
        r#"{"type": "object", "required": ["href", "rel"], "properties": {"href": {"type": "string"},
        "rel": {"type": "string"}}}"#,
    ),
    (
        "patch",
        r#"{"type": "array", "items": {"type": "object", "required": ["op", "path"],
        "properties": {"op": {"enum": ["add", "replace", "remove"]},
        "path": {"type": "string", "pattern": "^(/[A-Za-z0-9_-]+)+$"}, "value": {}}, "additionalProperties": false}}"#,
    ),
    ("object", r#"{"type": "object"}"#),
    (
        "inspection_rule_create",
        r#"{"type": "object", "required": ["actions"], "properties": {
        "uuid": {"type": ["string", "null"], "format": "uuid"}, "description": {"type": ["string", "null"], "maxLength": 255},
        "priority": {"type": "integer", "minimum": 0}, "sensitive": {"type": ["boolean", "null"]},
        "phase": {"type": ["string", "null"], "maxLength": 16},
        "conditions": {"type": "array", "items": {"type": "object", "required": ["op", "args"]}},
        "actions": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["op", "args"]}}},
        "additionalProperties": false}"#,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::openapi::book::{Answers, BOOK, Takes};

    #[test]
    fn every_shape_that_is_written_as_text_is_json() {
        let others = OTHERS.iter().map(|(_, text)| *text);
        let book = BOOK.iter().flat_map(|doc| {
            let takes = if let Takes::Text(text) = doc.takes { Some(text) } else { None };
            let answers = if let Answers::Text(text) = doc.answers { Some(text) } else { None };
            takes.into_iter().chain(answers)
        });
        for text in others.chain(book) {
            assert!(serde_json::from_str::<Value>(text).is_ok(), "{text}");
        }
    }
}
