//! Deploy templates: steps that a deployment takes for a trait of its instance (contract `api.json`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, given};
use crate::model::draft::{RECORD_LIMIT, bytes, chosen, known, required};
use crate::model::patch::whole;
use crate::model::shape::template::TABLE;
use crate::model::shape::{Accepts, Field, TEXT};
use crate::model::step::kept::{self, KeptStep, Rank};
use crate::model::thing::{Mark, Thing};
use crate::model::trait_name::{RULE, is_trait};

/// A deploy template's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    pub id: Uuid,
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    #[serde(flatten)]
    pub wished: TemplateWished,
}

/// What clients write.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TemplateWished {
    /// A trait: deployments take the template whose instance bears it.
    pub name: String,
    /// Taken and never shown, as in the reference.
    pub description: Option<String>,
    pub extra: Object,
    pub steps: Vec<KeptStep>,
}

/// What is asked of the rack about deploy templates.
#[derive(Debug, Clone, PartialEq)]
pub enum TemplateAsk {
    Create(Template),
    Patch(Uuid, Vec<PatchOp>),
    Delete(Uuid),
}

impl Thing for Template {
    const WORD: &'static str = "deploy template";

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

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::name(&self.wished.name)]
    }
}

impl Template {
    /// A template from a create body; `id` is used if the client chose none. The rack's lane gives it its moment.
    pub fn draft(body: Object, id: Uuid) -> Result<Self, Refusal> {
        known(TABLE, &body, &["description"])?;
        required(&body, "name")?;
        required(&body, "steps")?;
        let id = chosen(&body, "uuid")?.unwrap_or(id);
        let wished = TemplateWished::read(body, &[])?;
        Ok(Self { id, order: 0, created_at: Moment::default(), updated_at: None, wished })
    }

    /// What it is after a patch.
    pub fn patched(&self, operations: &[PatchOp]) -> Result<Self, Refusal> {
        let after = whole::patched(self.wished.written(), operations)?;
        required(&after, "name")?;
        required(&after, "steps")?;
        Ok(Self { wished: TemplateWished::read(after, &self.wished.steps)?, ..self.clone() })
    }
}

impl TemplateWished {
    fn read(body: Object, before: &[KeptStep]) -> Result<Self, Refusal> {
        let mut wished = Self::default();
        for (name, value) in body {
            match (name.as_str(), value) {
                ("name", value) => wished.name = trait_of(&value)?,
                ("steps", value) => wished.steps = kept::read(value, Rank::Priority, before)?,
                ("description", value) => {
                    if let Given::Text(text) = given("description", TEXT, value)? {
                        wished.description = text;
                    }
                }
                ("extra", value) => {
                    if let Given::Object(members) = given("extra", Accepts::Object, value)? {
                        wished.extra = members;
                    }
                }
                // `uuid`; all else was refused.
                _ => {}
            }
        }
        if bytes(&wished.extra) > RECORD_LIMIT {
            return Err(Refusal::Invalid(format!("extra must be smaller than {RECORD_LIMIT} bytes")));
        }
        Ok(wished)
    }

    /// What can be patched, as a client would write it.
    fn written(&self) -> Object {
        let mut written = Object::new();
        for (name, value) in [
            ("name", json!(self.name)),
            ("description", json!(self.description)),
            ("extra", json!(self.extra)),
            ("steps", kept::written(&self.steps, Rank::Priority)),
        ] {
            written.insert(name.to_owned(), value);
        }
        written
    }
}

fn trait_of(value: &Value) -> Result<String, Refusal> {
    let name = value.as_str().filter(|name| is_trait(name)).map(str::to_owned);
    name.ok_or_else(|| Refusal::Invalid(format!("name must be a trait: {RULE}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decision::ask::PatchVerb;

    fn draft(body: &Value) -> Result<Template, Refusal> {
        Template::draft(body.as_object().unwrap().clone(), Uuid::nil())
    }

    fn body(more: &Value) -> Value {
        let step = json!({"interface": "bios", "step": "x", "args": {"token": "hunter2"}, "priority": 150});
        let mut body = json!({"name": "CUSTOM_A", "steps": [step]});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
        PatchOp { op, path: path.to_owned(), value }
    }

    #[test]
    fn a_body_becomes_a_template() {
        let made = draft(&body(&json!({"extra": null, "description": "d", "uuid": null}))).unwrap();
        assert_eq!((made.wished.name.as_str(), made.wished.steps[0].rank), ("CUSTOM_A", 150));
        assert!(made.wished.extra.is_empty() && made.wished.description.as_deref() == Some("d"));
        let text = serde_json::to_string(&made).unwrap();
        assert_eq!(serde_json::from_str::<Template>(&text).unwrap(), made, "it is stored so");
    }

    #[test]
    fn what_is_wrong_in_a_body_is_named() {
        for (more, word) in [
            (json!({"name": "abc"}), "name must be a trait"),
            (json!({"name": null}), "name"),
            (json!({"name": 1}), "name"),
            (json!({"steps": []}), "steps"),
            (json!({"uuid": "x"}), "uuid"),
            (json!({"extra": []}), "extra"),
            (json!({"extra": {"a": "x".repeat(50_000)}}), "extra"),
            (json!({"description": "x".repeat(256)}), "description"),
            (json!({"created_at": "x"}), "created_at"),
            (json!({"public": true}), "public"),
        ] {
            let refusal = draft(&body(&more)).unwrap_err().to_string();
            assert!(refusal.contains(word), "{more}: {refusal}");
        }
        assert_eq!(draft(&json!({"name": "CUSTOM_A"})).unwrap_err().to_string(), "steps is required");
        assert_eq!(draft(&json!({"steps": []})).unwrap_err().to_string(), "name is required");
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let before = draft(&body(&json!({"extra": {"a": 1}}))).unwrap();
        let after = before
            .patched(&[
                op(PatchVerb::Replace, "/name", json!("HW_CPU_X86_VMX")),
                op(PatchVerb::Replace, "/steps/0/priority", json!(0)),
                op(PatchVerb::Remove, "/extra", Value::Null),
            ])
            .unwrap();
        assert_eq!(after.wished.name, "HW_CPU_X86_VMX");
        assert_eq!((after.wished.steps[0].rank, after.wished.extra.len()), (0, 0));
        assert_eq!(after.wished.steps[0].args["token"], "hunter2", "what is hidden is kept");
        for (verb, path, value) in [
            (PatchVerb::Remove, "/name", Value::Null),
            (PatchVerb::Remove, "/steps", Value::Null),
            (PatchVerb::Remove, "/steps/0", Value::Null),
            (PatchVerb::Replace, "/name", json!("abc")),
            (PatchVerb::Replace, "/uuid", json!("x")),
            (PatchVerb::Add, "/nope", json!(1)),
            (PatchVerb::Add, "/steps/0/odd", json!(1)),
        ] {
            assert!(before.patched(&[op(verb, path, value)]).is_err(), "{path}");
        }
    }
}
