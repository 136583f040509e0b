//! Nodes by the texts that lists are filtered by: an index of the published copy.

use std::sync::Arc;

use imbl::OrdMap;

use crate::base::id::NodeId;
use crate::model::node::Node;

/// A text of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    Class,
    Owner,
    Lessee,
    Shard,
    InstanceName,
}

impl Word {
    const ALL: [Self; 5] = [Self::Class, Self::Owner, Self::Lessee, Self::Shard, Self::InstanceName];

    pub fn of(self, node: &Node) -> Option<&str> {
        let wished = &node.wished;
        match self {
            Self::Class => wished.resource_class.as_deref(),
            Self::Owner => wished.owner.as_deref(),
            Self::Lessee => wished.lessee.as_deref(),
            Self::Shard => wished.shard.as_deref(),
            Self::InstanceName => wished.instance_name.as_deref(),
        }
    }
}

/// Word, its text and the node's order to the node. A clone shares everything.
#[derive(Debug, Clone, Default)]
pub struct Words(OrdMap<(Word, Arc<str>, u64), NodeId>);

impl Words {
    /// The nodes with this text, in the order of their creation.
    pub fn with<'a>(&'a self, word: Word, text: &str) -> impl DoubleEndedIterator<Item = NodeId> + use<'a> {
        let text: Arc<str> = text.into();
        self.0.range((word, text.clone(), 0)..=(word, text, u64::MAX)).map(|(_, id)| *id)
    }

    pub fn put(&mut self, node: &Node) {
        for (word, text) in said(node) {
            self.0.insert((word, text.into(), node.order), node.id);
        }
    }

    pub fn drop(&mut self, node: &Node) {
        for (word, text) in said(node) {
            self.0.remove(&(word, text.into(), node.order));
        }
    }
}

/// Whether both stand at the same places.
pub fn are_alike(old: &Node, new: &Node) -> bool {
    Word::ALL.into_iter().all(|word| word.of(old) == word.of(new))
}

fn said(node: &Node) -> impl Iterator<Item = (Word, &str)> {
    Word::ALL.into_iter().filter_map(|word| Some((word, word.of(node)?)))
}
