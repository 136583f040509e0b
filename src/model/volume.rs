//! Block storage that a node uses: how it reaches it (connectors), and what it reaches (targets). Both belong to their
//! node, change in its lane and go with it (contract `api.json`, `states.json`).

pub mod connector;
pub mod target;

use std::fmt::Debug;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, given, parse_uuid};
use crate::model::draft::{RECORD_LIMIT, bytes, chosen, known};
use crate::model::patch::touched;
use crate::model::shape::{self, Field};
use crate::model::thing::{Mark, Thing};
use crate::model::volume::connector::ConnectorWished;
use crate::model::volume::target::TargetWished;

/// A connector or a target: what clients write, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Volume<W> {
    pub id: Uuid,
    /// Rises with each created one of its kind: the default order of lists.
    pub order: u64,
    pub created_at: Moment,
    #[serde(default)]
    pub updated_at: Option<Moment>,
    pub node: NodeId,
    #[serde(flatten)]
    pub wished: W,
}

/// An address by which a node reaches storage.
pub type Connector = Volume<ConnectorWished>;

/// A volume that a node uses.
pub type Target = Volume<TargetWished>;

/// What clients write of one kind.
pub trait Wished:
    Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    const KIND: VolumeKind;
    const TABLE: &'static [Field<Volume<Self>>];
    /// What a list shows when nothing else was asked for.
    const SHORT: &'static [&'static str];
    /// What must be given on create.
    const NEEDED: &'static [&'static str];

    /// The member of this name as it stands.
    fn value(&self, name: &str) -> Option<Value>;

    /// Writes a checked value; `None` if there is no such member.
    fn put(&mut self, name: &str, value: Given) -> Option<()>;

    /// A value with secrets in the place of their masks.
    fn unmask(&self, _: &str, value: Value) -> Result<Value, Refusal> {
        Ok(value)
    }

    /// Objects, by name: they are bounded.
    fn objects(&self) -> Vec<(&'static str, &Object)>;

    /// What no other of its kind may bear.
    fn mark(&self, node: NodeId) -> Mark;

    fn row(one: Arc<Volume<Self>>) -> VolumeRow;

    /// The record, if it is of this kind.
    fn of(row: VolumeRow) -> Option<Arc<Volume<Self>>>;
}

/// The two kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeKind {
    Connector,
    Target,
}

impl VolumeKind {
    /// What one is called in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connector => "volume connector",
            Self::Target => "volume target",
        }
    }

    /// The key of its list, and the end of its path.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Connector => "connectors",
            Self::Target => "targets",
        }
    }
}

/// A record of either kind.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeRow {
    Connector(Arc<Connector>),
    Target(Arc<Target>),
}

/// What is asked of a node about its volumes.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeAsk {
    Create(VolumeRow),
    Patch { kind: VolumeKind, id: Uuid, patch: Vec<PatchOp> },
    Delete { kind: VolumeKind, id: Uuid },
}

impl<W: Wished> Thing for Volume<W> {
    const WORD: &'static str = W::KIND.word();

    fn id(&self) -> Uuid {
        self.id
    }

    fn order(&self) -> u64 {
        self.order
    }

    fn set_order(&mut self, order: u64) {
        self.order = order;
    }

    fn marks(&self) -> Vec<Mark> {
        vec![self.wished.mark(self.node)]
    }

    fn node(&self) -> Option<NodeId> {
        Some(self.node)
    }
}

impl<W: Wished> Volume<W> {
    /// A record from a create body. The API has resolved `node_uuid`; `id` is used if the client chose none. The lane
    /// gives it its moment.
    pub fn draft(body: Object, node: NodeId, id: Uuid) -> Result<Self, Refusal> {
        known(W::TABLE, &body, &[])?;
        if let Some(name) = W::NEEDED.iter().find(|name| !body.contains_key(**name)) {
            return Err(Refusal::Invalid(format!("{name} is required")));
        }
        let id = chosen(&body, "uuid")?.unwrap_or(id);
        let mut wished = W::default();
        for (name, value) in body.into_iter().filter(|(name, _)| !APART.contains(&name.as_str())) {
            put(&mut wished, &name, value)?;
        }
        settle(&wished)?;
        Ok(Self { id, order: 0, created_at: Moment::default(), updated_at: None, node, wished })
    }

    /// What it is after a patch; it may be another node's then.
    pub fn patched(&self, operations: &[PatchOp]) -> Result<Self, Refusal> {
        let mut next = self.clone();
        let present = |root: &str| match root {
            OWNER => Some(Value::String(self.node.to_string())),
            _ => self.wished.value(root),
        };
        for (root, value) in touched(operations, W::TABLE, present)? {
            if root == OWNER {
                next.node = owner(&value)?;
            } else {
                put(&mut next.wished, root, self.wished.unmask(root, value)?)?;
            }
        }
        settle(&next.wished)?;
        Ok(next)
    }
}

/// The node that `node_uuid` names.
pub fn owner(value: &Value) -> Result<NodeId, Refusal> {
    let found = value.as_str().and_then(parse_uuid);
    found.map(NodeId).ok_or_else(|| Refusal::Invalid("node_uuid must be the UUID of a node".to_owned()))
}

fn put<W: Wished>(wished: &mut W, name: &str, value: Value) -> Result<(), Refusal> {
    let unwritable = || Refusal::Invalid(format!("{name} is not writable"));
    let row = shape::field(W::TABLE, name).ok_or_else(unwritable)?;
    let value = given(name, row.accepts, value)?;
    if let Given::Text(Some(text)) = &value
        && text.chars().count() > TEXT_LIMIT
    {
        return Err(Refusal::Invalid(format!("{name} may have {TEXT_LIMIT} characters")));
    }
    wished.put(name, value).ok_or_else(unwritable)
}

fn settle<W: Wished>(wished: &W) -> Result<(), Refusal> {
    let objects = wished.objects();
    match objects.iter().find(|(_, members)| bytes(members) > RECORD_LIMIT) {
        Some((name, _)) => Err(Refusal::Invalid(format!("{name} must be smaller than {RECORD_LIMIT} bytes"))),
        None => Ok(()),
    }
}

/// Names the node.
pub const OWNER: &str = "node_uuid";

/// Members of a create body that are no part of [`Wished`].
const APART: &[&str] = &["uuid", OWNER];

/// Characters of a text, as the reference's columns have them.
const TEXT_LIMIT: usize = 255;

#[cfg(test)]
mod tests;
