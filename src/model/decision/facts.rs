//! All that a rule may look at besides the record: it comes in as arguments.

use std::cell::OnceCell;
use std::fmt::Debug;
use std::ops::Deref;
use std::sync::Arc;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::catalog::Catalog;
use crate::model::decision::effect::Owed;
use crate::model::decision::outcome::Seen;
use crate::model::inspection::Bearers;
use crate::model::node::Node;
use crate::model::part::portgroup::Portgroup;
use crate::model::plans::Plans;
use crate::model::policy::Policy;
use crate::model::port::Port;
use crate::model::volume::{VolumeKind, VolumeRow};

/// Facts of one decision, read in the same transaction as the record.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The wall's moment, for showing only.
    pub at: Moment,
    /// A fresh random token (43 URL-safe characters, 32 bytes); used if a boot gets its identity.
    pub token: &'a Secret,
    /// The same for a boot whose files are served under it.
    pub boot_token: &'a Secret,
    pub policy: &'a Policy,
    pub catalog: &'a Catalog,
    /// What is owed before this decision, in order.
    pub owed: &'a [Owed],
    /// The node's own ports.
    pub ports: &'a [Arc<Port>],
    /// The node's own portgroups, read by who wants them first.
    pub portgroups: &'a Groups<'a>,
    /// Who has the port of an address, over the rack.
    pub bearers: &'a dyn Bearers,
    /// What else stands in the rack.
    pub around: &'a dyn Around,
    /// Deploy templates and runbooks, as they were committed last.
    pub plans: &'a dyn Plans,
    /// What the looks that the ask wanted have seen.
    pub seen: &'a [Seen],
    /// Looks at the running step in a row that were silent, as the last decision counted them; `None` if no
    /// decision was made since the daemon started. Kept in memory, so that silence costs no commit.
    pub silent: Option<u8>,
}

/// Portgroups of a node: most decisions do not ask for them.
#[derive(Debug)]
pub struct Groups<'a> {
    /// None, if it is known that there are none.
    place: Option<(&'a dyn Around, NodeId)>,
    found: OnceCell<Vec<Arc<Portgroup>>>,
}

impl<'a> Groups<'a> {
    pub fn of(node: NodeId, around: &'a dyn Around) -> Self {
        Self { place: Some((around, node)), found: OnceCell::new() }
    }

    /// Of what is no node yet.
    pub const fn none() -> Self {
        Self { place: None, found: OnceCell::new() }
    }
}

impl Deref for Groups<'_> {
    type Target = [Arc<Portgroup>];

    fn deref(&self) -> &Self::Target {
        self.found.get_or_init(|| self.place.map_or_else(Vec::new, |(around, node)| around.portgroups(node)))
    }
}

/// What stands around a node, read in the same transaction when a rule asks for it.
pub trait Around: Debug {
    fn node(&self, id: NodeId) -> Option<Arc<Node>>;

    /// Nodes whose parent this is, in the order of their creation.
    fn children(&self, parent: NodeId) -> Vec<Arc<Node>>;

    /// The node's portgroups, in the order of their creation.
    fn portgroups(&self, node: NodeId) -> Vec<Arc<Portgroup>>;

    /// The node's volumes of this kind, in the order of their creation.
    fn volumes(&self, kind: VolumeKind, node: NodeId) -> Vec<VolumeRow>;
}
