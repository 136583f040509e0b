//! An allocation: a request for any node that fits, and the node that it has got (contract `api.json`).
//!
//! ```text
//! allocating, a candidate ──claim──▶ the node's lane ──admits──▶ active, with this node
//!      ▲                                        └──refuses──▶ allocating, the next candidate, or error
//!      └── what a restart finds goes on from here
//! ```
//!
//! The row names its candidate before the node is asked, and the node names its allocation before the row is active: cut
//! anywhere, the one that is behind is told by the one that is ahead.

pub mod draft;
pub mod pool;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::node::Node;
use crate::model::shape::Field;
use crate::model::shape::allocation::TABLE;
use crate::model::thing::{Mark, Owner, Thing};

/// An allocation's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    pub id: Uuid,
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    #[serde(flatten)]
    pub wished: AllocationWished,
    pub state: AllocationState,
    #[serde(default)]
    pub last_error: Option<String>,
    /// The node that it has got.
    #[serde(default)]
    pub node: Option<NodeId>,
    /// The node that is asked whether it may be had.
    #[serde(default)]
    pub candidate: Option<NodeId>,
    /// It was made for this one node, which is in use already: no other will do.
    #[serde(default)]
    pub backfill: bool,
}

/// What clients write.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AllocationWished {
    pub name: Option<String>,
    /// Missing only if a node in use was named that has none.
    pub resource_class: Option<String>,
    pub traits: Vec<String>,
    /// It must be one of these, if there are any.
    pub candidate_nodes: Vec<NodeId>,
    pub extra: Object,
    pub owner: Option<String>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllocationState {
    Allocating,
    Active,
    Error,
}

impl AllocationState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocating => "allocating",
            Self::Active => "active",
            Self::Error => "error",
        }
    }
}

/// What a node remembers of the allocation that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The node's `instance_uuid`, too.
    pub id: Uuid,
    #[serde(default)]
    pub owner: Option<String>,
}

/// What is asked of the rack about allocations.
#[derive(Debug, Clone, PartialEq)]
pub enum AllocationAsk {
    /// One that is a backfill names its node as candidate.
    Create(Box<Allocation>),
    Patch(Uuid, Vec<PatchOp>),
    Delete(Uuid),
}

/// What is asked of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Tenancy {
    /// May this allocation have it? Asked twice it is the same.
    Claim(Arc<Allocation>),
    /// This allocation gives it back. A node that another one has, or none, stays as it is.
    Release(Uuid),
}

impl Thing for Allocation {
    const WORD: &'static str = "allocation";

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

    /// Its name, and the node that it has or asks for: two never ask for one.
    fn marks(&self) -> Vec<Mark> {
        let name = self.wished.name.clone().map(Mark::name);
        let node = self.node.or(self.candidate).map(Self::mark_of);
        name.into_iter().chain(node).collect()
    }

    fn node(&self) -> Option<NodeId> {
        self.node
    }

    fn owner(&self) -> Owner<'_> {
        Owner::Project(self.wished.owner.as_deref())
    }
}

impl Allocation {
    /// The mark of the one that has this node or asks for it.
    pub fn mark_of(node: NodeId) -> Mark {
        Mark::new("node", node.to_string())
    }

    /// Its name if it has one, else its id: what a person reads.
    pub fn label(&self) -> String {
        self.wished.name.clone().unwrap_or_else(|| self.id.to_string())
    }

    pub fn is_allocating(&self) -> bool {
        self.state == AllocationState::Allocating
    }

    /// Whether the node it had was taken from it: torn down, deleted, or its `instance_uuid` removed. Such a row is over,
    /// and goes as soon as the rack's lane comes to it. `node` is its node's record.
    pub fn is_over(&self, node: Option<&Node>) -> bool {
        let is_held = || node.is_some_and(|node| node.is_held_by(self.id));
        self.state == AllocationState::Active && !is_held()
    }

    /// It asks for this node next.
    #[must_use]
    pub fn asking(&self, candidate: NodeId, at: Moment) -> Self {
        Self { candidate: Some(candidate), updated_at: Some(at), ..self.clone() }
    }

    /// It has got this node.
    #[must_use]
    pub fn active(&self, node: NodeId, at: Moment) -> Self {
        let (state, updated_at) = (AllocationState::Active, Some(at));
        Self { state, updated_at, node: Some(node), candidate: None, last_error: None, ..self.clone() }
    }

    /// There is none for it.
    #[must_use]
    pub fn failed(&self, why: String, at: Moment) -> Self {
        let (state, updated_at) = (AllocationState::Error, Some(at));
        Self { state, updated_at, node: None, candidate: None, last_error: Some(why), ..self.clone() }
    }
}
