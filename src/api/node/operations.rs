//! A JSON patch as it comes: an array of operations, each with its shape and its path checked.

use serde_json::Value;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::model::Object;
use crate::model::decision::ask::{PatchOp, PatchVerb};
use crate::model::draft::given::{kind, parse_uuid};
use crate::model::patch::apply;
use crate::model::shape::{self, Field};

/// Reads the operations; the values are checked where they are applied.
pub fn parse(body: Value) -> Result<Vec<PatchOp>, Fault> {
    let Value::Array(items) = body else {
        return Err(Fault::invalid(format!("a patch is an array of operations, not {}", kind(&body))));
    };
    if items.len() > OPERATIONS_LIMIT {
        return Err(Fault::invalid(format!("a patch has {OPERATIONS_LIMIT} operations at most")));
    }
    items.into_iter().enumerate().map(|(place, item)| operation(place, item)).collect()
}

fn operation(place: usize, item: Value) -> Result<PatchOp, Fault> {
    let refused = |why: &str| Fault::invalid(format!("operation {place} of the patch {why}"));
    let Value::Object(mut members) = item else { return Err(refused("is not an object")) };
    let op = verb(&members).ok_or_else(|| refused("needs op to be add, replace or remove"))?;
    let Some(Value::String(path)) = members.remove("path") else {
        return Err(refused("needs a path"));
    };
    if !is_path(&path) {
        return Err(refused("has a path that is not slashes with letters, digits, _ and - between them"));
    }
    let value = members.remove("value");
    if op != PatchVerb::Remove && value.is_none() {
        return Err(refused("needs a value"));
    }
    if members.keys().any(|key| key != "op") {
        return Err(refused("has members besides op, path and value"));
    }
    Ok(PatchOp { op, path, value: value.unwrap_or_default() })
}

fn verb(members: &Object) -> Option<PatchVerb> {
    match members.get("op")?.as_str()? {
        "add" => Some(PatchVerb::Add),
        "replace" => Some(PatchVerb::Replace),
        "remove" => Some(PatchVerb::Remove),
        _ => None,
    }
}

/// `^(/[\w-]+)+$`: keys with other characters cannot be addressed, as in the reference.
fn is_path(path: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|one| one.is_alphanumeric() || one == '_' || one == '-')
    };
    path.len() <= PATH_LIMIT && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(word))
}

/// Refuses roots that are newer than the client's version.
pub fn check_roots<T>(operations: &[PatchOp], table: &'static [Field<T>], version: u16) -> Result<(), Fault> {
    let roots = operations.iter().map(|op| apply::split(&op.path).0);
    match shape::too_new(table, roots, version) {
        Some(row) => Err(Fault::too_new(&format!("field {}", row.name), row.since)),
        None => Ok(()),
    }
}

/// Refuses a patch that gives something to a node that is not there: that is a mistake of the request.
pub fn check_owner(operations: &[PatchOp], call: &Call<'_>) -> Result<(), Fault> {
    let owners = operations.iter().filter(|op| op.path == "/node_uuid").filter_map(|op| op.value.as_str());
    let mistaken = |fault: Fault| if fault.status() == 404 { Fault::invalid(fault.text()) } else { fault };
    for id in owners.filter_map(parse_uuid) {
        call.find_node(&id.to_string()).map_err(mistaken)?;
    }
    Ok(())
}

/// More than a record has members.
const OPERATIONS_LIMIT: usize = 1000;

/// Longer than any path into 64 KiB that somebody means.
const PATH_LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn three_verbs_and_plain_paths() {
        let operations = parse(json!([
            {"op": "add", "path": "/driver_info/a", "value": 1},
            {"op": "remove", "path": "/extra/x-y_z"},
            {"op": "replace", "path": "/description", "value": null},
        ]))
        .unwrap();
        assert_eq!(operations.len(), 3);
        assert!(parse(json!([])).unwrap().is_empty());
    }

    #[test]
    fn anything_else_is_refused() {
        for body in [
            json!({"op": "add"}),
            json!([1]),
            json!([{"op": "test", "path": "/name", "value": "x"}]),
            json!([{"op": "add", "path": "/name"}]),
            json!([{"op": "add", "value": 1}]),
            json!([{"op": "add", "path": "/a", "value": 1, "from": "/b"}]),
        ] {
            assert_eq!(parse(body.clone()).unwrap_err().status(), 400, "{body}");
        }
        for path in
            ["", "/", "name", "/extra/a.b", "/extra/a~0b", "/extra/a b", "/extra/a:b", "/extra//b", "/extra/"]
        {
            assert!(parse(json!([{"op": "add", "path": path, "value": 1}])).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_patch_is_a_panic(op: String, path: String, extra: String) {
            parse(json!([{"op": op, "path": path, "value": 1, extra: 2}])).ok();
        }
    }
}
