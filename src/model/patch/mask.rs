//! The mask of secrets written back: who reads a node, changes something and writes the whole back sends
//! six asterisks for each secret. They mean "as it is"; taken for the secret they would destroy it.

use serde_json::Value;

use crate::base::secret::{MASK, Veil, masked_url};
use crate::model::Object;
use crate::model::decision::refusal::Refusal;

/// `value` with the stored secrets in place of their masks, at every depth; a mask of what is not stored is
/// refused. Objects in arrays are found by their place.
pub fn keep(value: Value, stored: Option<&Value>, veil: Veil) -> Result<Value, Refusal> {
    below("", value, stored, veil)
}

/// The same for what stands under `key`, or in a list under it.
fn below(key: &str, value: Value, stored: Option<&Value>, veil: Veil) -> Result<Value, Refusal> {
    if let Value::Object(members) = value {
        let one = |(key, value): (String, Value)| {
            let before = stored.and_then(|stored| stored.get(&key));
            let value = member(&key, value, before, veil)?;
            Ok((key, value))
        };
        return members.into_iter().map(one).collect::<Result<Object, _>>().map(Value::Object);
    }
    if let Value::Array(items) = value {
        let places = items.into_iter().enumerate();
        let one = |(place, item)| below(key, item, stored.and_then(|stored| stored.get(place)), veil);
        return places.map(one).collect::<Result<_, _>>().map(Value::Array);
    }
    if let Value::String(text) = &value
        && is_masked(key, text)
    {
        // To another host the password is not taken: who may write here may not read it.
        let same = |before: &&Value| {
            before.as_str().and_then(|before| masked_url(key, before)).is_some_and(|before| before == *text)
        };
        return stored.filter(same).cloned().ok_or_else(|| unknown(key));
    }
    Ok(value)
}

fn member(key: &str, value: Value, before: Option<&Value>, veil: Veil) -> Result<Value, Refusal> {
    if veil.hides(key) && value == MASK {
        return before.cloned().ok_or_else(|| unknown(key));
    }
    below(key, value, before, veil)
}

/// Whether the password of a URL is the mask.
fn is_masked(key: &str, text: &str) -> bool {
    text.contains(MASK) && masked_url(key, text).is_some_and(|masked| masked == *text)
}

fn unknown(key: &str) -> Refusal {
    let shown: String = key.chars().take(64).collect();
    Refusal::Invalid(format!("{shown} is the mask {MASK}, but no value is stored that it could stand for"))
}
