//! A patch of a record as a client would write it whole: for members that are lists or checked together.

use serde_json::Value;

use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::patch::apply;

/// The record after the operations, to be checked like a create body. `before` holds what can be patched, and nothing
/// else.
pub fn patched(before: Object, operations: &[PatchOp]) -> Result<Object, Refusal> {
    let roots: Vec<String> = before.keys().cloned().collect();
    let mut whole = Value::Object(before);
    for op in operations {
        let (root, _) = apply::split(&op.path);
        if !roots.iter().any(|name| name == root) {
            let shown: String = root.chars().take(64).collect();
            let what = roots.join(", ");
            return Err(Refusal::Invalid(format!("/{shown} cannot be patched; what can be: {what}")));
        }
        apply::below(&mut whole, op, op.path.trim_start_matches('/'))?;
    }
    match whole {
        Value::Object(after) => Ok(after),
        _ => Ok(Object::new()),
    }
}

/// Whether an operation writes this member, or something below it.
pub fn touches(operations: &[PatchOp], root: &str) -> bool {
    operations.iter().any(|op| apply::split(&op.path).0 == root)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::decision::ask::PatchVerb;

    fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
        PatchOp { op, path: path.to_owned(), value }
    }

    #[test]
    fn operations_go_into_lists_and_what_is_removed_is_not_there() {
        let before = json!({"steps": [{"a": 1}], "extra": {}, "owner": null});
        let before = before.as_object().unwrap().clone();
        let after = patched(
            before.clone(),
            &[
                op(PatchVerb::Replace, "/steps/0/a", json!(2)),
                op(PatchVerb::Add, "/steps/-", json!({"a": 3})),
                op(PatchVerb::Replace, "/owner", json!("x")),
                op(PatchVerb::Remove, "/extra", Value::Null),
            ],
        );
        assert_eq!(Value::Object(after.unwrap()), json!({"steps": [{"a": 2}, {"a": 3}], "owner": "x"}));
        for (verb, path) in [
            (PatchVerb::Add, "/uuid"),
            (PatchVerb::Replace, "/steps/7"),
            (PatchVerb::Remove, "/extra/x"),
            (PatchVerb::Replace, "/owner/x"),
        ] {
            assert!(patched(before.clone(), &[op(verb, path, json!(1))]).is_err(), "{path}");
        }
    }
}
