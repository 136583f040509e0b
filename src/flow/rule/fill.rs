//! Braces in the texts of rules, filled in as Python's `str.format` does: `{inventory[cpu][count]}`, `{node.name}`,
//! `{plugin_data[root_disk][size]}`, `{item[path]}`, `{{` for a brace.
//!
//! A text whose braces cannot be filled in stays as it is; for `is-empty` what is not there is nothing.

use serde_json::Value;

use crate::flow::hook::Survey;
use crate::model::Object;
use crate::model::inspection::rule::word::{Operator, named};
use crate::model::inspection::rule::{Action, Condition};

/// What braces may name.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub node: &'a Object,
    pub inventory: &'a Object,
    pub data: &'a Object,
    /// The item of a loop.
    pub item: Option<&'a Value>,
    /// Secrets in what the machine told are hidden.
    pub masked: bool,
}

/// Why braces are not filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unfilled {
    /// A member that is not there.
    Missing,
    /// A form that is not understood, or a text that grows too long.
    Odd,
}

impl<'a> Scope<'a> {
    pub fn new(node: &'a Object, survey: &'a Survey<'_>, masked: bool) -> Self {
        Self { node, inventory: survey.inventory, data: &survey.data, item: None, masked }
    }

    /// The arguments of an action by name, filled in.
    pub fn action_args(&self, action: &Action) -> Result<Object, String> {
        let args = named(&action.args, action.op.spec())?;
        let fills = |name: &str| self.item.is_some() || action.op.formats(name);
        Ok(args.into_iter().map(|(name, value)| self.filled_if(fills(&name), name, value, false)).collect())
    }

    /// The arguments of a condition by name, filled in.
    pub fn condition_args(&self, condition: &Condition) -> Result<Object, String> {
        let op = condition.op;
        let args = named(&condition.args, op.spec())?;
        let fills = |name: &str| self.item.is_some() || op.formats(name);
        let empties = op == Operator::IsEmpty;
        Ok(args.into_iter().map(|(name, value)| self.filled_if(fills(&name), name, value, empties)).collect())
    }

    fn filled_if(&self, fills: bool, name: String, value: Value, empties: bool) -> (String, Value) {
        let value = if fills { self.filled(value, empties) } else { value };
        (name, value)
    }

    /// The value with all of its braces filled in. Items of a loop may hold braces of their own.
    fn filled(&self, value: Value, empties: bool) -> Value {
        match value {
            Value::String(text) => {
                let once = self.text(&text, empties);
                match (self.item, once) {
                    (Some(_), Value::String(again)) => self.text(&again, empties),
                    (_, once) => once,
                }
            }
            Value::Array(items) => items.into_iter().map(|item| self.filled(item, empties)).collect(),
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| {
                        let key = python(&self.text(&key, false), false);
                        (key, self.filled(value, empties))
                    })
                    .collect(),
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    fn text(&self, text: &str, empties: bool) -> Value {
        match self.format(text) {
            Ok(filled) => Value::String(filled),
            Err(Unfilled::Missing) if empties => Value::Null,
            Err(Unfilled::Missing | Unfilled::Odd) => Value::String(text.to_owned()),
        }
    }

    fn format(&self, text: &str) -> Result<String, Unfilled> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(place);
            out.push_str(before);
            rest = if let Some(after) = from.strip_prefix("{{") {
                out.push('{');
                after
            } else if let Some(after) = from.strip_prefix("}}") {
                out.push('}');
                after
            } else {
                let inner = from.strip_prefix('{').ok_or(Unfilled::Odd)?;
                let (field, after) = inner.split_once('}').ok_or(Unfilled::Odd)?;
                out.push_str(&self.field(field)?);
                after
            };
            if out.len() > TEXT_LIMIT {
                return Err(Unfilled::Odd);
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// One pair of braces: a name, then members.
    fn field(&self, field: &str) -> Result<String, Unfilled> {
        if field.contains(['!', ':', '{']) {
            return Err(Unfilled::Odd);
        }
        let end = field.find(['.', '[']).unwrap_or(field.len());
        let (root, steps) = field.split_at(end);
        let (value, steps) = match root {
            "node" => self.of_node(steps)?,
            "inventory" => (Value::Object(self.inventory.clone()), steps),
            "plugin_data" => (Value::Object(self.data.clone()), steps),
            "item" => (self.item.cloned().ok_or(Unfilled::Missing)?, steps),
            _ => return Err(Unfilled::Missing),
        };
        let masked = self.masked && root != "item";
        let found = walk(&value, steps, masked)?;
        Ok(python(&found, masked))
    }

    fn of_node<'s>(&self, steps: &'s str) -> Result<(Value, &'s str), Unfilled> {
        let attribute = steps.strip_prefix('.').ok_or(Unfilled::Odd)?;
        let end = attribute.find(['.', '[']).unwrap_or(attribute.len());
        let (name, steps) = attribute.split_at(end);
        Ok((self.node.get(name).cloned().ok_or(Unfilled::Odd)?, steps))
    }
}

/// Follows `[key][0]` into a value.
fn walk(value: &Value, mut steps: &str, masked: bool) -> Result<Value, Unfilled> {
    let mut found = value;
    while !steps.is_empty() {
        let inner = steps.strip_prefix('[').ok_or(Unfilled::Odd)?;
        let (key, rest) = inner.split_once(']').ok_or(Unfilled::Odd)?;
        found = match found {
            Value::Object(_) if masked && SECRETS.contains(&key) => return Ok(Value::from(HIDDEN)),
            Value::Object(members) => members.get(key).ok_or(Unfilled::Missing)?,
            Value::Array(items) => {
                let place: usize = key.parse().map_err(|_| Unfilled::Odd)?;
                items.get(place).ok_or(Unfilled::Odd)?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(Unfilled::Odd),
        };
        steps = rest;
    }
    Ok(found.clone())
}

/// The value as Python's `str` writes it.
pub fn python(value: &Value, masked: bool) -> String {
    value.as_str().map_or_else(|| written(value, masked), str::to_owned)
}

/// The value as Python's `repr` writes it.
fn written(value: &Value, masked: bool) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| written(item, masked)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let hide = |key: &str| masked && SECRETS.contains(&key);
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| {
                    let value = if hide(key) { quoted(HIDDEN) } else { written(value, masked) };
                    format!("{}: {value}", quoted(key))
                })
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    let escaped = if mark == '\'' { escaped.replace('\'', "\\'") } else { escaped };
    format!("{mark}{escaped}{mark}")
}

/// Members that rules do not see, as in the reference.
const SECRETS: &[&str] = &["password", "auth_token", "bmc_password"];
const HIDDEN: &str = "***";
/// Bytes of a text whose braces are filled in.
const TEXT_LIMIT: usize = 64 << 10;
