//! Rules as clients write them, checked before they are kept.

use regex::{Regex, RegexBuilder};
use serde_json::Value;
use uuid::Uuid;

use crate::model::Object;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::parse_uuid;
use crate::model::inspection::rule::call;
use crate::model::inspection::rule::possible;
use crate::model::inspection::rule::word::{Deed, Operator, named};
use crate::model::inspection::rule::{Action, Condition, MAIN, Multiple, RULE_LIMIT, RuleWished};

/// A rule from a body, with its UUID if the client chose one.
pub fn rule(body: Object) -> Result<(Option<Uuid>, RuleWished), Refusal> {
    let size = serde_json::to_vec(&body).map_or(usize::MAX, |text| text.len());
    if size > RULE_LIMIT {
        return Err(wrong(format!("the rule has {size} bytes, {RULE_LIMIT} at most")));
    }
    let mut wished = RuleWished { phase: MAIN.to_owned(), ..RuleWished::default() };
    let (mut id, mut acts) = (None, false);
    for (name, value) in body {
        match name.as_str() {
            "uuid" => id = uuid(&value)?,
            "description" => wished.description = text("description", &value, 255)?,
            "priority" => wished.priority = priority(&value)?,
            "sensitive" => wished.sensitive = flag(&value)?,
            "phase" => wished.phase = phase(&value)?,
            "conditions" => wished.conditions = list("conditions", &value, condition)?,
            "actions" => {
                acts = true;
                wished.actions = list("actions", &value, action)?;
            }
            _ => {
                let shown: String = name.chars().take(64).collect();
                return Err(wrong(format!("unknown field {shown:?}")));
            }
        }
    }
    if !acts || wished.actions.is_empty() {
        return Err(wrong("actions must be there and hold at least one"));
    }
    Ok((id, wished))
}

fn wrong(text: impl std::fmt::Display) -> Refusal {
    Refusal::Invalid(format!("inspection rule: {text}"))
}

fn uuid(value: &Value) -> Result<Option<Uuid>, Refusal> {
    if value.is_null() {
        return Ok(None);
    }
    let found = value.as_str().and_then(parse_uuid);
    found.map(Some).ok_or_else(|| wrong("uuid must be a UUID"))
}

fn text(name: &str, value: &Value, most: usize) -> Result<Option<String>, Refusal> {
    if value.is_null() {
        return Ok(None);
    }
    let found = value.as_str().filter(|text| text.chars().count() <= most).map(str::to_owned);
    found
        .map(Some)
        .ok_or_else(|| wrong(format!("{name} must be a text of {most} characters at most, or null")))
}

fn priority(value: &Value) -> Result<i64, Refusal> {
    let found = value.as_i64().filter(|number| (0..=9999).contains(number));
    found.ok_or_else(|| wrong("priority must be a whole number from 0 to 9999"))
}

fn flag(value: &Value) -> Result<bool, Refusal> {
    if value.is_null() {
        return Ok(false);
    }
    value.as_bool().ok_or_else(|| wrong("sensitive must be a boolean or null"))
}

fn phase(value: &Value) -> Result<String, Refusal> {
    if value.is_null() || *value == MAIN {
        return Ok(MAIN.to_owned());
    }
    Err(wrong(format!("phase must be {MAIN:?}: there is no other")))
}

fn list<T>(name: &str, value: &Value, read: fn(&Object) -> Result<T, String>) -> Result<Vec<T>, Refusal> {
    let items = value.as_array().filter(|items| items.len() <= PARTS_LIMIT);
    let items = items.ok_or_else(|| wrong(format!("{name} must be an array of {PARTS_LIMIT} at most")))?;
    let mut read_ones = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let object = item.as_object().ok_or_else(|| wrong(format!("{name}[{place}] must be an object")))?;
        read_ones.push(read(object).map_err(|why| wrong(format!("{name}[{place}]: {why}")))?);
    }
    Ok(read_ones)
}

fn condition(object: &Object) -> Result<Condition, String> {
    known(object, &["op", "args", "loop", "multiple"])?;
    let (name, negated) = operator(object)?;
    let op = Operator::parse(name).ok_or_else(|| {
        let names: Vec<_> = Operator::ALL.iter().map(|one| one.name()).collect();
        format!("operator {:?} is not one of {}", shown(name), names.join(", "))
    })?;
    let args = object.get("args").cloned().ok_or("args is missing")?;
    let by_name = named(&args, op.spec()).map_err(|why| format!("{}: {why}", op.name()))?;
    if let Some(pattern) = by_name.get("regex") {
        let pattern = pattern.as_str().ok_or("regex must be a text")?;
        expression(pattern)?;
    }
    let multiple = match object.get("multiple").and_then(Value::as_str) {
        None if object.contains_key("multiple") => return Err(MULTIPLE.to_owned()),
        None => None,
        Some("any") => Some(Multiple::Any),
        Some("all") => Some(Multiple::All),
        Some("first") => Some(Multiple::First),
        Some("last") => Some(Multiple::Last),
        Some(_) => return Err(MULTIPLE.to_owned()),
    };
    Ok(Condition { op, negated, args, each: each(object)?, multiple })
}

fn action(object: &Object) -> Result<Action, String> {
    known(object, &["op", "args", "loop"])?;
    let name = object.get("op").and_then(Value::as_str).ok_or("op must be a text")?;
    let op = Deed::parse(name).ok_or_else(|| {
        let names: Vec<_> = Deed::ALL.iter().map(|one| one.name()).collect();
        format!("action {:?} is not one of {}", shown(name), names.join(", "))
    })?;
    let args = object.get("args").cloned().ok_or("args is missing")?;
    let by_name = named(&args, op.spec()).map_err(|why| format!("{}: {why}", op.name()))?;
    if op == Deed::ApiCall {
        call::check(&by_name).map_err(|why| format!("{}: {why}", op.name()))?;
    }
    possible::check(op, &by_name).map_err(|why| format!("{}: {why}", op.name()))?;
    Ok(Action { op, args, each: each(object)? })
}

/// The operator without its one exclamation mark, and whether it had one.
fn operator(object: &Object) -> Result<(&str, bool), String> {
    let name = object.get("op").and_then(Value::as_str).ok_or("op must be a text")?.trim();
    Ok(name.strip_prefix('!').map_or((name, false), |rest| (rest.trim(), true)))
}

fn each(object: &Object) -> Result<Option<Value>, String> {
    match object.get("loop") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) if items.is_empty() => Ok(None),
        Some(Value::Object(members)) if members.is_empty() => Ok(None),
        Some(found @ (Value::Array(_) | Value::Object(_))) => Ok(Some(found.clone())),
        Some(_) => Err("loop must be a list or an object".to_owned()),
    }
}

fn known(object: &Object, names: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        None => Ok(()),
        Some(odd) => Err(format!("unknown member {:?}", shown(odd))),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// An expression that takes linear time; what the reference's engine has beyond that (look-around, back references)
/// is refused.
pub fn expression(pattern: &str) -> Result<Regex, String> {
    let built =
        RegexBuilder::new(pattern).size_limit(EXPRESSION_LIMIT).dfa_size_limit(EXPRESSION_LIMIT).build();
    built.map_err(|error| {
        let why: String = error.to_string().lines().last().unwrap_or_default().chars().take(200).collect();
        format!("regex {:?} cannot be used: {why}", shown(pattern))
    })
}

const MULTIPLE: &str = "multiple must be any, all, first or last";
/// Conditions or actions of one rule.
const PARTS_LIMIT: usize = 64;
/// Bytes that a compiled expression may take.
const EXPRESSION_LIMIT: usize = 1 << 18;
