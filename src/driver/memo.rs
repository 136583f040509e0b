//! Named fields of a step in progress, read with care: a memo of an older daemon may lack any of them.

use serde_json::Value;

use crate::model::turn::Memo;

/// The field that stays when a lost step is begun again: the drives that the step was begun with.
pub const KEPT: &str = "drives";

/// A whole number, 0 if it is missing.
pub fn count(memo: &Memo, field: &str) -> u64 {
    memo.get(field).and_then(Value::as_u64).unwrap_or(0)
}

/// A text.
pub fn text<'a>(memo: &'a Memo, field: &str) -> Option<&'a str> {
    memo.get(field).and_then(Value::as_str)
}

/// The same memo with one field set.
#[must_use]
pub fn with(memo: &Memo, field: &str, value: impl Into<Value>) -> Memo {
    let mut memo = memo.clone();
    memo.insert(field.to_owned(), value.into());
    memo
}

/// What is left of a memo when its step was lost and is begun again.
#[must_use]
pub fn after_loss(memo: &Memo) -> Memo {
    memo.iter()
        .filter(|(field, _)| *field == KEPT)
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_drives_outlive_a_loss() {
        let memo = with(&with(&Memo::new(), "drives", json!(["a"])), "command", "1");
        assert_eq!(text(&memo, "command"), Some("1"));
        assert_eq!(after_loss(&memo), with(&Memo::new(), "drives", json!(["a"])));
    }

    #[test]
    fn odd_fields_count_as_missing() {
        let memo = with(&with(&Memo::new(), "times", "many"), "error", 3);
        assert_eq!((count(&memo, "times"), text(&memo, "error")), (0, None));
    }
}
