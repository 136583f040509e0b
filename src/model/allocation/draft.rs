//! From a create body to an allocation, and from a patch to the next one.

use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::allocation::{Allocation, AllocationState, AllocationWished};
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, given, kind, parse_uuid};
use crate::model::draft::{RECORD_LIMIT, bytes, chosen, known, name};
use crate::model::node::Node;
use crate::model::patch::touched;
use crate::model::shape::{self, allocation::TABLE};
use crate::model::trait_name::{self, TRAITS_LIMIT, is_trait};

/// A create body with the nodes in it still as the client named them.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    id: Option<Uuid>,
    wished: AllocationWished,
    /// UUIDs or names.
    pub candidates: Vec<String>,
    /// The node in use that the allocation is for: UUID or name.
    pub node: Option<String>,
}

impl Draft {
    /// Checks all that needs no look at the nodes.
    pub fn read(mut body: Object) -> Result<Self, Refusal> {
        known(TABLE, &body, &["node"])?;
        let id = chosen(&body, "uuid")?;
        let node = match body.remove("node") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            Some(other) => return Err(wrong("node", "the UUID or name of a node, or null", &other)),
        };
        let mut draft = Self { id, wished: AllocationWished::default(), candidates: Vec::new(), node };
        for (name, value) in body {
            match name.as_str() {
                "uuid" => {}
                "candidate_nodes" => draft.candidates = texts(&name, value)?,
                "traits" => draft.wished.traits = traits(value)?,
                _ => draft.wished.put(&name, value)?,
            }
        }
        draft.wished.settle()?;
        if draft.node.is_none() && draft.wished.resource_class.as_deref().unwrap_or_default().is_empty() {
            return Err(Refusal::Invalid(
                "resource_class is required unless a node in use is named for the allocation".to_owned(),
            ));
        }
        Ok(draft)
    }

    /// The allocation, with the nodes that were named; `id` is used if nobody chose one. The rack's lane gives it its
    /// moment.
    pub fn finish(self, node: Option<&Node>, candidates: Vec<NodeId>, id: Uuid) -> Allocation {
        let mut wished = AllocationWished { candidate_nodes: candidates, ..self.wished };
        if wished.resource_class.as_deref().unwrap_or_default().is_empty() {
            wished.resource_class = node.and_then(|node| node.wished.resource_class.clone());
        }
        // The instance that is on the node already is the one that the allocation is for.
        let instance = node.and_then(|node| node.wished.instance_uuid);
        Allocation {
            id: self.id.or(instance).unwrap_or(id),
            order: 0,
            created_at: Moment::default(),
            updated_at: None,
            wished,
            state: AllocationState::Allocating,
            last_error: None,
            node: None,
            candidate: node.map(|node| node.id),
            backfill: node.is_some(),
        }
    }
}

impl Allocation {
    /// What it is after a patch.
    pub fn patched(&self, operations: &[PatchOp]) -> Result<Self, Refusal> {
        let mut wished = self.wished.clone();
        for (root, value) in touched(operations, TABLE, |root| self.wished.value(root))? {
            wished.put(root, value)?;
        }
        wished.settle()?;
        Ok(Self { wished, ..self.clone() })
    }
}

impl AllocationWished {
    fn value(&self, name: &str) -> Option<Value> {
        match name {
            "name" => self.name.clone().map(Value::String),
            "extra" => Some(Value::Object(self.extra.clone())),
            _ => None,
        }
    }

    fn put(&mut self, name: &str, value: Value) -> Result<(), Refusal> {
        let unwritable = || Refusal::Invalid(format!("{name} is not writable"));
        let row = shape::field(TABLE, name).ok_or_else(unwritable)?;
        match (name, given(name, row.accepts, value)?) {
            ("name", Given::Text(text)) => self.name = text,
            ("resource_class", Given::Text(text)) => self.resource_class = text,
            ("owner", Given::Text(text)) => self.owner = text,
            ("extra", Given::Object(members)) => self.extra = members,
            _ => return Err(unwritable()),
        }
        Ok(())
    }

    fn settle(&self) -> Result<(), Refusal> {
        if let Some(text) = &self.name {
            name::check_logical(text)?;
            if parse_uuid(text).is_some() {
                return Err(Refusal::Invalid("name must not look like a UUID".to_owned()));
            }
        }
        if bytes(&self.extra) > RECORD_LIMIT {
            return Err(Refusal::Invalid(format!("extra must be smaller than {RECORD_LIMIT} bytes")));
        }
        Ok(())
    }
}

/// An array of texts, or null for none.
fn texts(name: &str, value: Value) -> Result<Vec<String>, Refusal> {
    let wanted = "an array of texts or null";
    if value.is_null() {
        return Ok(Vec::new());
    }
    let Value::Array(items) = value else { return Err(wrong(name, wanted, &value)) };
    let one = |item| if let Value::String(text) = item { Ok(text) } else { Err(wrong(name, wanted, &item)) };
    items.into_iter().map(one).collect()
}

/// Names of traits, each once, in the order given.
fn traits(value: Value) -> Result<Vec<String>, Refusal> {
    let mut traits: Vec<String> = Vec::new();
    for text in texts("traits", value)? {
        if !is_trait(&text) {
            let shown: String = text.chars().take(64).collect();
            return Err(Refusal::Invalid(format!("{shown:?} is no trait: it must be {}", trait_name::RULE)));
        }
        if !traits.contains(&text) {
            traits.push(text);
        }
        if traits.len() > TRAITS_LIMIT {
            return Err(Refusal::Invalid(format!(
                "more than {TRAITS_LIMIT} traits were given, which no node has"
            )));
        }
    }
    Ok(traits)
}

fn wrong(name: &str, wanted: &str, value: &Value) -> Refusal {
    Refusal::Invalid(format!("{name} must be {wanted}, but {} was given", kind(value)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::decision::ask::PatchVerb;
    use crate::model::node::Wished;

    fn read(body: Value) -> Result<Draft, Refusal> {
        let Value::Object(body) = body else { panic!("no object") };
        Draft::read(body)
    }

    fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
        PatchOp { op, path: path.to_owned(), value }
    }

    #[test]
    fn a_body_becomes_an_allocation() {
        let body = json!({
            "name": "a1", "resource_class": "big", "extra": {"a": 1}, "owner": "p",
            "traits": ["CUSTOM_GPU", "CUSTOM_GPU", "HW_ARCH_AARCH64"], "candidate_nodes": ["n1", "n2"],
        });
        let draft = read(body).unwrap();
        assert_eq!(draft.candidates, ["n1", "n2"]);
        let made = draft.finish(None, vec![NodeId(Uuid::from_u128(1))], Uuid::from_u128(7));
        assert_eq!((made.id, made.state), (Uuid::from_u128(7), AllocationState::Allocating));
        assert_eq!(made.wished.traits, ["CUSTOM_GPU", "HW_ARCH_AARCH64"]);
        assert!(!made.backfill && made.candidate.is_none());
    }

    #[test]
    fn one_for_a_node_in_use_takes_over_what_the_node_is() {
        let instance = Uuid::from_u128(3);
        let wished = Wished {
            resource_class: Some("big".to_owned()),
            instance_uuid: Some(instance),
            ..Wished::default()
        };
        let node = Node::new(NodeId(Uuid::from_u128(1)), wished, Moment(0));
        let made = read(json!({"node": "n1"})).unwrap().finish(Some(&node), Vec::new(), Uuid::nil());
        assert_eq!((made.id, made.wished.resource_class.as_deref()), (instance, Some("big")));
        assert_eq!((made.candidate, made.backfill), (Some(node.id), true));
        let chosen = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
        let made = read(json!({"node": "n1", "uuid": chosen})).unwrap();
        assert_eq!(made.finish(Some(&node), Vec::new(), Uuid::nil()).id.to_string(), chosen);
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named() {
        for (body, word) in [
            (json!({}), "resource_class"),
            (json!({"resource_class": ""}), "resource_class"),
            (json!({"resource_class": null}), "resource_class"),
            (json!({"resource_class": "x".repeat(81)}), "80"),
            (json!({"resource_class": 7}), "resource_class"),
            (json!({"resource_class": "x", "uuid": "x"}), "uuid"),
            (json!({"resource_class": "x", "name": "a b"}), "name"),
            (json!({"resource_class": "x", "name": ""}), "name"),
            (json!({"resource_class": "x", "name": "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}), "name"),
            (json!({"resource_class": "x", "traits": "CUSTOM_A"}), "traits"),
            (json!({"resource_class": "x", "traits": ["custom_a"]}), "custom_a"),
            (json!({"resource_class": "x", "traits": [1]}), "traits"),
            (json!({"resource_class": "x", "candidate_nodes": {}}), "candidate_nodes"),
            (json!({"resource_class": "x", "candidate_nodes": [null]}), "candidate_nodes"),
            (json!({"resource_class": "x", "extra": []}), "extra"),
            (json!({"resource_class": "x", "extra": {"a": "x".repeat(50_000)}}), "extra"),
            (json!({"resource_class": "x", "owner": {}}), "owner"),
            (json!({"resource_class": "x", "node": 7}), "node"),
            (json!({"resource_class": "x", "state": "active"}), "state"),
            (json!({"resource_class": "x", "node_uuid": "x"}), "node_uuid"),
            (json!({"resource_class": "x", "color": 1}), "color"),
        ] {
            let refusal = read(body.clone()).unwrap_err().to_string();
            assert!(refusal.contains(word), "{body}: {refusal}");
        }
        let many: Vec<_> = (0..51).map(|n| format!("CUSTOM_{n}")).collect();
        assert!(read(json!({"resource_class": "x", "traits": many})).is_err());
    }

    #[test]
    fn a_patch_changes_name_and_extra_and_nothing_else() {
        let before = read(json!({"resource_class": "x", "name": "a", "extra": {"x": 1}})).unwrap();
        let before = before.finish(None, Vec::new(), Uuid::nil());
        let after = before
            .patched(&[op(PatchVerb::Remove, "/name", Value::Null), op(PatchVerb::Add, "/extra/y", json!(2))])
            .unwrap();
        assert_eq!(
            (after.wished.name.as_deref(), json!(after.wished.extra)),
            (None, json!({"x": 1, "y": 2}))
        );
        for path in
            ["/uuid", "/resource_class", "/owner", "/traits", "/candidate_nodes", "/state", "/node", "/zz"]
        {
            assert!(before.patched(&[op(PatchVerb::Replace, path, json!("x"))]).is_err(), "{path}");
        }
        assert!(before.patched(&[op(PatchVerb::Replace, "/name", json!("a/b"))]).is_err());
    }
}
