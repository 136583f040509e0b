//! Where an allocation looks for its node.

use std::fmt::Debug;
use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::node::Node;

/// The nodes as of one commit.
pub trait Pool: Debug {
    fn get(&self, id: NodeId) -> Option<&Arc<Node>>;

    fn named(&self, name: &str) -> Option<&Arc<Node>>;

    /// The free nodes of this class in an order that says nothing of them, beginning at a place that `seed` chooses: each
    /// once.
    fn free<'a>(&'a self, class: &str, seed: u64) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a>;

    /// All nodes, free or not.
    fn all<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a>;

    /// Whether another allocation than this one is asking for the node.
    fn is_asked_for(&self, node: NodeId, but: Uuid) -> bool;
}

/// Where a node stands in the order of [`Pool::free`]: as good as random, and the same each time (the finalizer of
/// `SplitMix64`, Steele et al. 2014).
pub fn place(id: NodeId) -> u64 {
    let (high, low) = id.0.as_u64_pair();
    let mut mixed = high ^ low.rotate_left(32);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
