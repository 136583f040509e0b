//! What the rack keeps besides nodes and ports: each kind is a type with these few answers, and the store, its published
//! copy and the lists of the API handle all kinds alike.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::shape::Field;

/// A record of its own kind.
pub trait Thing: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What one is called in messages, e.g. `deploy template`.
    const WORD: &'static str;

    fn id(&self) -> Uuid;

    /// Rises with each created one of its kind: the default order of lists. 0 until it is stored.
    fn order(&self) -> u64;

    fn set_order(&mut self, order: u64);

    /// What no other of its kind may bear, its UUID apart.
    fn marks(&self) -> Vec<Mark> {
        Vec::new()
    }

    /// Its members as answers show them: what changes tell has their values. Without a table they are told as they are
    /// stored, secrets masked.
    fn table() -> &'static [Field<Self>] {
        &[]
    }

    /// The node that it belongs to: it goes with the node.
    fn node(&self) -> Option<NodeId> {
        None
    }

    /// Whose it is: what tokens see that are bound to a project.
    fn owner(&self) -> Owner<'_> {
        self.node().map_or(Owner::Rack, Owner::Node)
    }
}

/// Whose a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The site's: tenants do not see it.
    Rack,
    /// Its node's.
    Node(NodeId),
    /// This project's; nobody's but the site's if there is none.
    Project(Option<&'a str>),
    /// This project's or the site's to change, but everybody's to look at.
    Public(Option<&'a str>),
}

/// A value that one record of a kind bears at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// What it is called in messages, e.g. [`NAME`].
    pub what: &'static str,
    pub value: String,
}

impl Mark {
    pub fn new(what: &'static str, value: impl Into<String>) -> Self {
        Self { what, value: value.into() }
    }

    /// A name.
    pub fn name(value: impl Into<String>) -> Self {
        Self::new(NAME, value)
    }
}

/// What the mark of a name is called.
pub const NAME: &str = "name";
