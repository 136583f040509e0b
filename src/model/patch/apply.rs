//! One operation of a JSON patch below a member.

use serde_json::Value;

use crate::model::decision::ask::{PatchOp, PatchVerb};
use crate::model::decision::refusal::Refusal;

/// The root of a path and what follows it.
pub fn split(path: &str) -> (&str, Option<&str>) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.split_once('/') {
        Some((root, rest)) => (root, Some(rest)),
        None => (path, None),
    }
}

/// Does `op` at `rest` below `value`.
pub fn below(value: &mut Value, op: &PatchOp, rest: &str) -> Result<(), Refusal> {
    let mut keys = rest.split('/').peekable();
    let mut parent = value;
    while let Some(key) = keys.next() {
        if keys.peek().is_none() {
            return last(parent, op, key);
        }
        parent = child(parent, key).ok_or_else(|| nothing_at(op))?;
    }
    Err(nothing_at(op))
}

fn child<'a>(parent: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match parent {
        Value::Object(members) => members.get_mut(key),
        Value::Array(items) => items.get_mut(index(key)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn last(parent: &mut Value, op: &PatchOp, key: &str) -> Result<(), Refusal> {
    let done = match parent {
        Value::Object(members) => match op.op {
            PatchVerb::Add => {
                members.insert(key.to_owned(), op.value.clone());
                Some(())
            }
            PatchVerb::Replace => members.get_mut(key).map(|slot| *slot = op.value.clone()),
            PatchVerb::Remove => members.remove(key).map(drop),
        },
        Value::Array(items) => in_array(items, op, key),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    done.ok_or_else(|| nothing_at(op))
}

fn in_array(items: &mut Vec<Value>, op: &PatchOp, key: &str) -> Option<()> {
    if op.op == PatchVerb::Add && key == "-" {
        items.push(op.value.clone());
        return Some(());
    }
    let place = index(key)?;
    match op.op {
        PatchVerb::Add if place <= items.len() => items.insert(place, op.value.clone()),
        PatchVerb::Replace => *items.get_mut(place)? = op.value.clone(),
        PatchVerb::Remove if place < items.len() => drop(items.remove(place)),
        PatchVerb::Add | PatchVerb::Remove => return None,
    }
    Some(())
}

/// An index has no sign and no leading zero (RFC 6901 4).
fn index(key: &str) -> Option<usize> {
    let plain = key == "0" || !key.starts_with('0');
    (plain && key.bytes().all(|byte| byte.is_ascii_digit())).then(|| key.parse().ok()).flatten()
}

fn nothing_at(op: &PatchOp) -> Refusal {
    let what = match op.op {
        PatchVerb::Add => "add to",
        PatchVerb::Replace => "replace",
        PatchVerb::Remove => "remove",
    };
    let shown: String = op.path.chars().take(128).collect();
    Refusal::Invalid(format!("there is nothing to {what} at {shown}"))
}
