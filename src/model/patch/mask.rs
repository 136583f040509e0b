//! The mask of secrets written back: who reads a node, changes something and writes the whole back sends
//! six asterisks for each secret. They mean "as it is"; taken for the secret they would destroy it.

use serde_json::Value;

use crate::base::secret::{MASK, Veil};
use crate::model::Object;
use crate::model::refusal::Refusal;

/// `value` with the stored secrets in place of their masks, at every depth; a mask of what is not stored is
/// refused.
pub fn keep(value: Value, stored: &Object, veil: Veil) -> Result<Value, Refusal> {
    match value {
        Value::Object(members) => object(members, Some(stored), veil).map(Value::Object),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Ok(plain)
        }
    }
}

fn object(members: Object, stored: Option<&Object>, veil: Veil) -> Result<Object, Refusal> {
    let one = |(key, value): (String, Value)| {
        let before = stored.and_then(|stored| stored.get(&key));
        let value = match value {
            Value::String(text) if text == MASK && veil.hides(&key) => match before {
                Some(before) => before.clone(),
                None => return Err(unknown(&key)),
            },
            Value::Object(inner) => Value::Object(object(inner, before.and_then(Value::as_object), veil)?),
            plain
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => plain,
        };
        Ok((key, value))
    };
    members.into_iter().map(one).collect()
}

fn unknown(key: &str) -> Refusal {
    let shown: String = key.chars().take(64).collect();
    Refusal::Invalid(format!("{shown} is the mask {MASK}, but no value is stored that it could stand for"))
}
