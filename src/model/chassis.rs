//! A chassis: a name for nodes that stand together (contract `api.json`).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, given};
use crate::model::draft::{RECORD_LIMIT, bytes, chosen, known};
use crate::model::patch::touched;
use crate::model::shape::{self, Field, chassis::TABLE};
use crate::model::thing::Thing;

/// A chassis' record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chassis {
    pub id: Uuid,
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    #[serde(flatten)]
    pub wished: ChassisWished,
}

/// What clients write.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChassisWished {
    pub description: Option<String>,
    pub extra: Object,
}

/// What is asked of the rack about chassis.
#[derive(Debug, Clone, PartialEq)]
pub enum ChassisAsk {
    Create(Chassis),
    Patch(Uuid, Vec<PatchOp>),
    Delete(Uuid),
}

impl Thing for Chassis {
    const WORD: &'static str = "chassis";

    fn id(&self) -> Uuid {
        self.id
    }

    fn order(&self) -> u64 {
        self.order
    }

    fn set_order(&mut self, order: u64) {
        self.order = order;
    }

    fn table() -> &'static [Field<Self>] {
        TABLE
    }
}

impl Chassis {
    /// A chassis from a create body; `id` is used if the client chose none. The rack's lane gives it its moment.
    pub fn draft(body: Object, id: Uuid) -> Result<Self, Refusal> {
        known(TABLE, &body, &[])?;
        let id = chosen(&body, "uuid")?.unwrap_or(id);
        let mut wished = ChassisWished::default();
        for (name, value) in body.into_iter().filter(|(name, _)| name != "uuid") {
            wished.put(&name, value)?;
        }
        wished.settle()?;
        Ok(Self { id, order: 0, created_at: Moment::default(), updated_at: None, wished })
    }

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

impl ChassisWished {
    fn value(&self, name: &str) -> Option<Value> {
        match name {
            "description" => self.description.clone().map(Value::String),
            "extra" => Some(Value::Object(self.extra.clone())),
            _ => None,
        }
    }

    fn put(&mut self, name: &str, value: Value) -> Result<(), Refusal> {
        let row =
            shape::field(TABLE, name).ok_or_else(|| Refusal::Invalid(format!("{name} is not writable")))?;
        match (name, given(name, row.accepts, value)?) {
            ("description", Given::Text(text)) => self.description = text,
            ("extra", Given::Object(members)) => self.extra = members,
            _ => return Err(Refusal::Invalid(format!("{name} is not writable"))),
        }
        Ok(())
    }

    fn settle(&self) -> Result<(), Refusal> {
        if bytes(&self.extra) > RECORD_LIMIT {
            return Err(Refusal::Invalid(format!("extra must be smaller than {RECORD_LIMIT} bytes")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::decision::ask::PatchVerb;

    fn draft(body: Value) -> Result<Chassis, Refusal> {
        let Value::Object(body) = body else { panic!("no object") };
        Chassis::draft(body, Uuid::nil())
    }

    fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
        PatchOp { op, path: path.to_owned(), value }
    }

    #[test]
    fn a_body_becomes_a_chassis() {
        let made = draft(json!({"description": "row 3", "extra": {"a": 1}})).unwrap();
        assert_eq!(made.wished.description.as_deref(), Some("row 3"));
        let chosen = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
        assert_eq!(draft(json!({"uuid": chosen})).unwrap().id.to_string(), chosen);
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named() {
        for (body, word) in [
            (json!({"uuid": "x"}), "uuid"),
            (json!({"description": 7}), "description"),
            (json!({"description": "x".repeat(256)}), "255"),
            (json!({"extra": []}), "extra"),
            (json!({"extra": {"a": "x".repeat(50_000)}}), "extra"),
            (json!({"nodes": []}), "nodes"),
            (json!({"color": 1}), "color"),
        ] {
            let refusal = draft(body.clone()).unwrap_err().to_string();
            assert!(refusal.contains(word), "{body}: {refusal}");
        }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let before = draft(json!({"description": "a", "extra": {"x": 1}})).unwrap();
        let after = before
            .patched(&[
                op(PatchVerb::Remove, "/description", Value::Null),
                op(PatchVerb::Add, "/extra/y", json!(2)),
            ])
            .unwrap();
        assert_eq!(after.wished.description, None);
        assert_eq!(json!(after.wished.extra), json!({"x": 1, "y": 2}));
        for path in ["/uuid", "/created_at", "/extra/z/z", "/nodes"] {
            assert!(before.patched(&[op(PatchVerb::Replace, path, json!("x"))]).is_err(), "{path}");
        }
    }
}
