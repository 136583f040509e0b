//! Places within objects: `properties/cpu_arch`, `driver_info.ipmi_address`.

use serde_json::Value;

use crate::model::Object;

/// The parts of a path: by slashes if it has one, else by dots.
pub fn parts(path: &str) -> Result<Vec<&str>, String> {
    let parts: Vec<&str> = if path.contains('/') {
        path.trim_matches('/').split('/').collect()
    } else {
        path.split('.').collect()
    };
    checked(path, parts)
}

/// The parts of a path by dots only.
pub fn dotted(path: &str) -> Result<Vec<&str>, String> {
    checked(path, path.split('.').collect())
}

fn checked<'a>(path: &str, parts: Vec<&'a str>) -> Result<Vec<&'a str>, String> {
    if parts.len() > DEPTH || parts.iter().any(|part| part.is_empty()) {
        let shown: String = path.chars().take(64).collect();
        return Err(format!("{shown:?} is no path: names with dots or slashes between, {DEPTH} at most"));
    }
    Ok(parts)
}

/// What is done to a place.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    Set(&'a Value),
    /// One more of a list; `bool`: only if it is not in it.
    Extend(&'a Value, bool),
    /// `bool`: what is not there is no failure.
    Remove(bool),
}

/// Changes what stands at `parts` below `value`; objects on the way are made.
pub fn change(value: &mut Value, parts: &[&str], change: Change<'_>) -> Result<(), String> {
    let Some((first, rest)) = parts.split_first() else { return here(value, change) };
    if value.is_null() {
        *value = Value::Object(Object::new());
    }
    let members =
        value.as_object_mut().ok_or_else(|| format!("there is nothing below {first:?}'s parent"))?;
    match change {
        Change::Remove(lenient) if !members.contains_key(*first) => {
            if lenient {
                Ok(())
            } else {
                Err(format!("there is no {first:?}"))
            }
        }
        Change::Remove(_) if rest.is_empty() => {
            members.remove(*first);
            Ok(())
        }
        Change::Set(_) | Change::Extend(..) | Change::Remove(_) => {
            self::change(members.entry((*first).to_owned()).or_insert(Value::Null), rest, change)
        }
    }
}

fn here(value: &mut Value, change: Change<'_>) -> Result<(), String> {
    match change {
        Change::Set(new) => *value = new.clone(),
        Change::Extend(new, unique) => {
            if value.is_null() {
                *value = Value::Array(Vec::new());
            }
            let list = value.as_array_mut().ok_or("what is there is no list")?;
            if !unique || !list.contains(new) {
                list.push(new.clone());
            }
        }
        Change::Remove(_) => *value = Value::Null,
    }
    Ok(())
}

/// Levels of a path.
const DEPTH: usize = 16;
