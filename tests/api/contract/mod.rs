//! The contract as tables: each member, filter, route and verb just below the microversion that brought it, and at it.
//! The rows are the project's own copy of what was read off the reference (`goldens/api/contract.json`).

mod filters;
mod members;
mod negotiation;
mod pages;
mod routes;
mod scene;
mod verbs;

use serde_json::Value;

/// The tables.
fn contract() -> Value {
    serde_json::from_str(include_str!("../../goldens/api/contract.json")).unwrap()
}

/// A version's header.
fn at(minor: u64) -> String {
    format!("1.{minor}")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
