//! The whole store as text, for tests and for eyes; secrets are masked.

use std::fmt::Write;

use heed::RoTxn;
use serde_json::Value;

use crate::base::secret::{MASK, Veil, masked_url};
use crate::model::decision::effect::Owed;
use crate::model::journal::Entry;
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::error::StoreError;
use crate::store::load;
use crate::store::table::{journal, leases, leases6};

/// A line for each record, then the number of rows of each table.
pub fn text(file: &File, sealer: &Sealer) -> Result<String, StoreError> {
    let txn = file.read()?;
    let mut text = String::new();
    let copy = load::published(file, sealer, &txn)?;
    for node in copy.nodes() {
        line(&mut text, "node", &masked(serde_json::to_value(&**node)));
    }
    for port in copy.ports() {
        line(&mut text, "port", &masked(serde_json::to_value(&**port)));
    }
    for (node, owed) in load::owed(file, &txn)? {
        for Owed { number, effect, purpose } in owed {
            line(&mut text, "owed", &format!("{node} {number} {effect:?} {purpose:?}"));
        }
    }
    for lease in leases::read(file, &txn)? {
        line(&mut text, "lease", &masked(serde_json::to_value(lease)));
    }
    for lease in leases6::read(file, &txn)? {
        line(&mut text, "lease6", &masked(serde_json::to_value(lease)));
    }
    journal(file, &txn, &mut text)?;
    for (name, table) in file.tables.all() {
        line(&mut text, "rows", &format!("{name} {}", table.len(&txn)?));
    }
    Ok(text)
}

fn journal(file: &File, txn: &RoTxn, text: &mut String) -> Result<(), StoreError> {
    for row in file.tables.journal.iter(txn)? {
        let entry: Entry = journal::decode(file, row?.1)?;
        line(text, "journal", &masked(serde_json::to_value(entry)));
    }
    Ok(())
}

fn line(text: &mut String, kind: &str, rest: &str) {
    // Writing to a `String` cannot fail.
    writeln!(text, "{kind} {rest}").ok();
}

fn masked(value: serde_json::Result<Value>) -> String {
    value.map_or_else(|error| error.to_string(), |value| mask("", value, Veil::Names).to_string())
}

fn mask(key: &str, value: Value, veil: Veil) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.into_iter().map(|member| mask_member(member, veil)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| mask(key, item, veil)).collect()),
        Value::String(text) => Value::String(masked_url(key, &text).unwrap_or(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn mask_member((key, value): (String, Value), veil: Veil) -> (String, Value) {
    let below = if veil == Veil::Instance { veil } else { Veil::of_member(&key) };
    let value = if veil.hides(&key) && !value.is_null() { MASK.into() } else { mask(&key, value, below) };
    (key, value)
}
