//! One value of a request, checked against what its field accepts.

use serde_json::Value;
use uuid::Uuid;

use crate::model::Object;
use crate::model::decision::refusal::Refusal;
use crate::model::shape::Accepts;

/// A value of the right type.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Text(Option<String>),
    Flag(Option<bool>),
    Object(Object),
    Uuid(Option<Uuid>),
    Integer(i64),
}

/// Checks `value` for the field `name`; the refusal names the field and what it accepts, never the value.
pub fn given(name: &str, accepts: Accepts, value: Value) -> Result<Given, Refusal> {
    let kind = kind(&value);
    let checked = match accepts {
        Accepts::Nothing => return Err(Refusal::Invalid(format!("{name} is not writable"))),
        Accepts::Must => text(value).filter(|text| !text.is_empty()).map(|text| Given::Text(Some(text))),
        Accepts::Text { min, max } => return bounded(name, value, min, max),
        Accepts::Uuid => uuid(value),
        Accepts::Flag => flag(value),
        Accepts::Bare => value.as_bool().map(|flag| Given::Flag(Some(flag))),
        Accepts::Object => object(value).map(Given::Object),
        Accepts::Integer => integer(&value).map(Given::Integer),
    };
    checked.ok_or_else(|| {
        Refusal::Invalid(format!("{name} must be {}, but {kind} was given", accepts_text(accepts)))
    })
}

fn bounded(name: &str, value: Value, min: usize, max: usize) -> Result<Given, Refusal> {
    if value.is_null() {
        return Ok(Given::Text(None));
    }
    let kind = kind(&value);
    let Some(text) = text(value) else {
        return Err(Refusal::Invalid(format!("{name} must be a text or null, but {kind} was given")));
    };
    let length = text.chars().count();
    if length < min || length > max {
        return Err(Refusal::Invalid(format!(
            "{name} must have {min} to {max} characters, but {length} were given"
        )));
    }
    Ok(Given::Text(Some(text)))
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn uuid(value: Value) -> Option<Given> {
    if value.is_null() {
        return Some(Given::Uuid(None));
    }
    parse_uuid(&text(value)?).map(|uuid| Given::Uuid(Some(uuid)))
}

/// A UUID with or without hyphens; braces and URN forms are not taken.
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    Uuid::try_parse(text).ok().filter(|_| plain)
}

/// A whole number that the reference's columns hold.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().filter(|number| i32::try_from(*number).is_ok())
}

fn object(value: Value) -> Option<Object> {
    if value.is_null() {
        return Some(Object::new());
    }
    if let Value::Object(members) = value { Some(members) } else { None }
}

fn flag(value: Value) -> Option<Given> {
    if value.is_null() {
        return Some(Given::Flag(None));
    }
    value.as_bool().or_else(|| parse_flag(&text(value)?)).map(|flag| Given::Flag(Some(flag)))
}

/// A text that reads as a boolean.
pub fn parse_flag(text: &str) -> Option<bool> {
    let word = text.trim().to_ascii_lowercase();
    if YES.contains(&word.as_str()) {
        return Some(true);
    }
    NO.contains(&word.as_str()).then_some(false)
}

/// What a JSON value is called in messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "another text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn accepts_text(accepts: Accepts) -> &'static str {
    match accepts {
        Accepts::Nothing => "absent",
        Accepts::Must => "a text that is not empty",
        Accepts::Text { .. } => "a text or null",
        Accepts::Uuid => "a UUID or null",
        Accepts::Flag => "a boolean, a text that reads as one, or null",
        Accepts::Bare => "a boolean",
        Accepts::Object => "an object or null",
        Accepts::Integer => "a whole number of 32 bits",
    }
}

const YES: &[&str] = &["true", "1", "yes", "on", "t", "y"];
const NO: &[&str] = &["false", "0", "no", "off", "f", "n"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn booleans_may_be_words() {
        for (value, flag) in [
            (json!(true), Some(true)),
            (json!("Yes"), Some(true)),
            (json!("off"), Some(false)),
            (Value::Null, None),
        ] {
            assert_eq!(given("x", Accepts::Flag, value), Ok(Given::Flag(flag)));
        }
        for value in [json!("maybe"), json!(1), json!({})] {
            assert!(given("x", Accepts::Flag, value).is_err());
        }
        assert!(given("x", Accepts::Bare, json!("true")).is_err());
    }

    #[test]
    fn texts_are_counted_in_characters() {
        let accepts = Accepts::Text { min: 1, max: 2 };
        assert!(given("x", accepts, json!("éé")).is_ok());
        assert!(given("x", accepts, json!("ééé")).is_err());
        assert!(given("x", accepts, json!("")).is_err());
        assert_eq!(given("x", accepts, Value::Null), Ok(Given::Text(None)));
    }

    #[test]
    fn a_refusal_names_the_field_and_not_the_value() {
        let refusal = given("driver_info", Accepts::Object, json!("hunter2")).unwrap_err().to_string();
        assert!(refusal.contains("driver_info") && !refusal.contains("hunter2"), "{refusal}");
    }

    #[test]
    fn uuids_are_taken_in_two_forms() {
        for text in ["1be26c0b-03f2-4d2e-ae87-c02d7f33c123", "1be26c0b03f24d2eae87c02d7f33c123"] {
            assert!(parse_uuid(text).is_some());
        }
        for text in ["{1be26c0b-03f2-4d2e-ae87-c02d7f33c123}", "1be26c0b", ""] {
            assert!(parse_uuid(text).is_none());
        }
    }
}
