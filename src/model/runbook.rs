//! Runbooks: steps in an order, kept for cleaning and servicing of nodes that bear a trait (contract `api.json`).

pub mod draft;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::node::Node;
use crate::model::shape::Field;
use crate::model::shape::runbook::TABLE;
use crate::model::step::AskedStep;
use crate::model::step::kept::KeptStep;
use crate::model::thing::{Mark, Owner, Thing};

/// A runbook's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runbook {
    pub id: Uuid,
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    /// Nodes that bear one of these may be worked on. They are written one by one, not with the rest.
    #[serde(default)]
    pub traits: Vec<String>,
    #[serde(flatten)]
    pub wished: RunbookWished,
}

/// What clients write.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunbookWished {
    pub name: String,
    pub description: Option<String>,
    pub extra: Object,
    /// Everybody may use it; it has no owner then.
    pub public: bool,
    pub owner: Option<String>,
    pub disable_ramdisk: bool,
    pub steps: Vec<KeptStep>,
}

/// What is asked of the rack about runbooks.
#[derive(Debug, Clone, PartialEq)]
pub enum RunbookAsk {
    Create(Runbook),
    Patch {
        id: Uuid,
        operations: Vec<PatchOp>,
        /// The client's microversion, minor number: names became free later.
        version: u16,
    },
    Delete(Uuid),
    /// These traits and no others.
    Traits(Uuid, Vec<String>),
    /// One more trait.
    Add(Uuid, String),
    /// Without this trait.
    Drop(Uuid, String),
}

impl Thing for Runbook {
    const WORD: &'static str = "runbook";

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

    fn owner(&self) -> Owner<'_> {
        let project = self.wished.owner.as_deref();
        if self.wished.public { Owner::Public(project) } else { Owner::Project(project) }
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::name(&self.wished.name)]
    }
}

impl Runbook {
    /// Refuses a node that it was not approved for. Clients of `version` below 1.112 know no traits of runbooks: for
    /// them the name is the trait.
    pub fn approve(&self, node: &Node, version: u16) -> Result<(), Refusal> {
        let (name, id) = (&self.wished.name, node.id);
        if version < TRAITS_SINCE {
            if node.traits.contains(name) {
                return Ok(());
            }
            return Err(Refusal::Invalid(format!(
                "runbook {name} is not approved for node {id}: the node has no trait of that name"
            )));
        }
        if self.traits.is_empty() {
            return Err(Refusal::Invalid(format!(
                "runbook {name} has no traits, so that it is approved for no node: give it a trait that node {id} has"
            )));
        }
        if self.traits.iter().any(|one| node.traits.contains(one)) {
            return Ok(());
        }
        Err(Refusal::Invalid(format!(
            "runbook {name} is not approved for node {id}: the node has none of its traits {}",
            self.traits.join(", ")
        )))
    }

    /// Its steps as a request would name them, in their order.
    pub fn asked(&self) -> Vec<AskedStep> {
        let mut steps: Vec<&KeptStep> = self.wished.steps.iter().collect();
        steps.sort_by_key(|step| step.rank);
        steps.into_iter().map(KeptStep::without_priority).collect()
    }
}

/// Since then runbooks have traits, a description and free names.
pub const TRAITS_SINCE: u16 = 112;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::id::NodeId;
    use crate::model::node::Wished;

    fn runbook(traits: &[&str]) -> Runbook {
        let body = json!({"name": "CUSTOM_A", "steps": [
            {"interface": "raid", "step": "b", "order": 2},
            {"interface": "bios", "step": "a", "order": 1},
            {"interface": "raid", "step": "c", "order": 2},
        ]});
        let made = Runbook::draft(body.as_object().unwrap().clone(), Uuid::nil(), 92).unwrap();
        Runbook { traits: traits.iter().map(|&name| name.to_owned()).collect(), ..made }
    }

    fn node(traits: &[&str]) -> Node {
        let mut node = Node::new(NodeId(Uuid::nil()), Wished::default(), Moment(0));
        node.traits = traits.iter().map(|&name| name.to_owned()).collect();
        node
    }

    #[test]
    fn steps_run_in_their_order_and_equals_as_written() {
        let names: Vec<_> = runbook(&[]).asked().into_iter().map(|step| step.step).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_node_is_approved_by_a_trait_or_by_the_name_of_old() {
        assert!(runbook(&[]).approve(&node(&["CUSTOM_A"]), 111).is_ok());
        assert!(runbook(&["CUSTOM_B"]).approve(&node(&["CUSTOM_B"]), 111).is_err());
        assert!(runbook(&["CUSTOM_B", "CUSTOM_C"]).approve(&node(&["CUSTOM_B"]), 112).is_ok());
        for (runbook, node) in
            [(runbook(&[]), node(&["CUSTOM_A"])), (runbook(&["CUSTOM_B"]), node(&["CUSTOM_A"]))]
        {
            let refusal = runbook.approve(&node, 112).unwrap_err();
            assert!(matches!(refusal, Refusal::Invalid(_)) && refusal.to_string().contains("approved"));
        }
    }
}
