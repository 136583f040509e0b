//! Named fields of a step in progress, read with care: a memo of an older daemon may lack any of them.

use serde_json::Value;

use crate::model::turn::Memo;

/// The field that stays when a lost step is begun again: the drives that the step was begun with.
pub const KEPT: &str = "drives";

/// Which drive the hints meant when the step was begun: hints and key.
pub const ROOT: &str = "root";

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_set_in_a_copy() {
        let bare = Memo::new();
        let memo = with(&with(&bare, KEPT, json!(["a"])), "command", "1");
        assert_eq!((text(&memo, "command"), bare.len()), (Some("1"), 0));
        assert_eq!(memo.get(KEPT), Some(&json!(["a"])));
    }

    #[test]
    fn odd_fields_count_as_missing() {
        let memo = with(&with(&Memo::new(), "times", "many"), "error", 3);
        assert_eq!((count(&memo, "times"), text(&memo, "error")), (0, None));
    }
}
