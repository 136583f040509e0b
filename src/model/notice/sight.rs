//! Which projects may hear of a change: those that could see its subject when it was told.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::node::Node;
use crate::model::shape::target::REDACTED;
use crate::model::thing::Owner;

/// Whose the subject was. What is nobody's is the site's alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sight {
    owner: Option<String>,
    lessee: Option<String>,
    /// Everybody may look at it.
    public: bool,
}

/// How much of a notice somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Whole,
    /// Without what a node's lessee does not see.
    Redacted,
    Nothing,
}

impl Sight {
    pub fn of_node(node: &Node) -> Self {
        let (owner, lessee) = (node.wished.owner.clone(), node.wished.lessee.clone());
        Self { owner, lessee, public: false }
    }

    /// What belongs to a node is seen by who sees the node: that is filled in by who has it at hand.
    pub fn of_thing(owner: Owner<'_>) -> Self {
        let named = |project: Option<&str>| project.map(str::to_owned);
        match owner {
            Owner::Rack | Owner::Node(_) => Self::default(),
            Owner::Project(project) => Self { owner: named(project), ..Self::default() },
            Owner::Public(project) => Self { owner: named(project), public: true, ..Self::default() },
        }
    }

    /// What a token of this project sees of it.
    pub fn view(&self, project: &str) -> View {
        let is = |one: &Option<String>| one.as_deref() == Some(project);
        if self.public || is(&self.owner) {
            View::Whole
        } else if is(&self.lessee) {
            View::Redacted
        } else {
            View::Nothing
        }
    }
}

/// Takes from the notice of a volume target how to reach it.
pub fn redact_target(notice: &mut Value) {
    if let Some(properties) = notice.pointer_mut("/payload/ironic_object.data/properties") {
        *properties = json!({"redacted_contents": REDACTED});
    }
}

/// Takes from a notice what answers do not show a node's lessee, either.
pub fn redact(notice: &mut Value) {
    let Some(data) = notice.pointer_mut("/payload/ironic_object.data").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, value) in data {
        let permission = format!("equires baremetal:node:get:{name} permission. **");
        match name.as_str() {
            "driver_info" | "driver_internal_info" => {
                *value = json!({"content": format!("** Redacted - r{permission}")});
            }
            "last_error" => *value = json!(format!("** Value Redacted - R{permission}")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_see_all_lessees_most_and_others_nothing() {
        let sight = Sight { owner: Some("a".into()), lessee: Some("b".into()), public: false };
        assert_eq!(
            ["a", "b", "c", ""].map(|who| sight.view(who)),
            [View::Whole, View::Redacted, View::Nothing, View::Nothing]
        );
        assert_eq!(Sight::default().view(""), View::Nothing);
        assert_eq!(Sight::of_thing(Owner::Public(None)).view("x"), View::Whole);
        assert_eq!(Sight::of_thing(Owner::Project(Some("x"))).view("x"), View::Whole);
        assert_eq!(Sight::of_thing(Owner::Project(None)).view("x"), View::Nothing);
    }

    #[test]
    fn what_lessees_do_not_see_is_taken_away_and_nothing_else() {
        let data =
            json!({"name": "n", "driver_info": {"a": 1}, "last_error": null, "extra": {"last_error": 1}});
        let mut notice = json!({"payload": {"ironic_object.data": data}});
        redact(&mut notice);
        let data = &notice["payload"]["ironic_object.data"];
        let text = "** Redacted - requires baremetal:node:get:driver_info permission. **";
        assert_eq!(data["driver_info"], json!({"content": text}));
        let text = "** Value Redacted - Requires baremetal:node:get:last_error permission. **";
        assert_eq!((&data["last_error"], &data["extra"]), (&json!(text), &json!({"last_error": 1})));
        redact(&mut json!([]));
    }
}
