//! Inspection rules: what a site wants done with an inventory, as data (contract `api.json`, `inspection_rule_language`).

pub mod call;
pub mod draft;
pub mod possible;
pub mod word;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::inspection::rule::word::{Deed, Operator};

/// A rule's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: Uuid,
    /// Rises with each created rule.
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    #[serde(flatten)]
    pub wished: RuleWished,
}

/// What clients write.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleWished {
    pub description: Option<String>,
    /// The highest is first.
    pub priority: i64,
    /// Its conditions and actions are not shown.
    pub sensitive: bool,
    pub phase: String,
    /// All must hold.
    pub conditions: Vec<Condition>,
    pub actions: Vec<Action>,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    pub op: Operator,
    #[serde(default)]
    pub negated: bool,
    /// As written: an object, or the deprecated list.
    pub args: Value,
    #[serde(default)]
    pub each: Option<Value>,
    #[serde(default)]
    pub multiple: Option<Multiple>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub op: Deed,
    pub args: Value,
    #[serde(default)]
    pub each: Option<Value>,
}

/// Which results of a loop decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Multiple {
    #[default]
    Any,
    All,
    First,
    Last,
}

impl Multiple {
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

impl Rule {
    /// The conditions as written; null if they are hidden.
    pub fn shown_conditions(&self) -> Value {
        if self.wished.sensitive {
            Value::Null
        } else {
            self.wished.conditions.iter().map(Condition::shown).collect()
        }
    }

    /// The actions as written; null if they are hidden.
    pub fn shown_actions(&self) -> Value {
        if self.wished.sensitive {
            Value::Null
        } else {
            self.wished.actions.iter().map(Action::shown).collect()
        }
    }
}

impl RuleWished {
    /// The members as a client would write them, nothing hidden: what a patch is applied to.
    pub fn written(&self) -> Object {
        let mut written = Map::new();
        let conditions = self.conditions.iter().map(Condition::shown).collect::<Vec<_>>();
        let actions = self.actions.iter().map(Action::shown).collect::<Vec<_>>();
        for (name, value) in [
            ("description", json!(self.description)),
            ("priority", json!(self.priority)),
            ("sensitive", json!(self.sensitive)),
            ("phase", json!(self.phase)),
            ("conditions", conditions.into()),
            ("actions", actions.into()),
        ] {
            written.insert(name.to_owned(), value);
        }
        written
    }
}

impl Condition {
    fn shown(&self) -> Value {
        let not = if self.negated { "!" } else { "" };
        let mut shown = json!({"op": format!("{not}{}", self.op.name()), "args": self.args});
        if let (Some(each), Some(members)) = (&self.each, shown.as_object_mut()) {
            members.insert("loop".to_owned(), each.clone());
            members.insert("multiple".to_owned(), self.multiple.unwrap_or_default().name().into());
        }
        shown
    }
}

impl Action {
    fn shown(&self) -> Value {
        let mut shown = json!({"op": self.op.name(), "args": self.args});
        if let (Some(each), Some(members)) = (&self.each, shown.as_object_mut()) {
            members.insert("loop".to_owned(), each.clone());
        }
        shown
    }
}

/// The only phase that there is.
pub const MAIN: &str = "main";
/// Rules that a rack may have: each is looked at in every inspection.
pub const RULES_LIMIT: usize = 256;
/// Bytes of a rule's JSON.
pub const RULE_LIMIT: usize = 32 << 10;
