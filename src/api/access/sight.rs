//! What a token that is bound to a project sees: the nodes that it owns or has leased, and what belongs to them.
//! Everything else is as if it were not there.

use crate::api::access::policy;
use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::base::id::NodeId;
use crate::base::who::{Role, Who};
use crate::model::node::Node;

/// What somebody is to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Not bound to a project: all nodes are the same.
    All,
    Owner,
    Lessee,
    Stranger,
}

impl Relation {
    pub fn of(who: &Who, node: &Node) -> Self {
        let Some(project) = &who.project else { return Self::All };
        let wished = &node.wished;
        if wished.owner.as_ref() == Some(project) {
            Self::Owner
        } else if wished.lessee.as_ref() == Some(project) {
            Self::Lessee
        } else {
            Self::Stranger
        }
    }

    pub(super) fn admit(
        self,
        who: &Who,
        (owner, lessee): (Option<Role>, Option<Role>),
        what: &str,
    ) -> Result<(), Fault> {
        let (least, name) = match self {
            Self::All => return Ok(()),
            Self::Owner => (owner, "owner"),
            Self::Lessee => (lessee, "lessee"),
            Self::Stranger => (None, "stranger"),
        };
        match least {
            Some(least) if who.role >= least => Ok(()),
            Some(least) => Err(policy::too_low(who, least)),
            None => Err(Fault::new(403, format!("its {name} may not {what}"))),
        }
    }
}

impl Call<'_> {
    /// What who asks is to this node.
    pub fn relation(&self, node: &Node) -> Relation {
        Relation::of(&self.who, node)
    }

    /// Whether this node is there for who asks.
    pub fn sees(&self, node: &Node) -> bool {
        self.relation(node) != Relation::Stranger
    }

    /// The same of a node by its id, for what belongs to it.
    pub fn sees_id(&self, node: NodeId) -> bool {
        self.who.project.is_none() || self.published.node(node).is_some_and(|node| self.sees(node))
    }

    /// Whether what belongs to a project of this name is there for who asks (allocations, runbooks).
    pub fn sees_project(&self, owner: Option<&str>) -> bool {
        self.who.project.is_none() || self.who.project.as_deref() == owner
    }

    /// Whose a record will be that who asks makes (allocations, runbooks): a tenant's is its project's, and it may not
    /// name another.
    pub fn claim(&self, owner: &mut Option<String>) -> Result<(), Fault> {
        let Some(project) = &self.who.project else { return Ok(()) };
        if owner.as_ref().is_some_and(|owner| owner != project) {
            return Err(Fault::invalid("a token that is bound to a project may name no other owner"));
        }
        *owner = Some(project.clone());
        Ok(())
    }

    /// The node that a body names as that of a new record. Its absence is a mistake of the request; a tenant is not told
    /// whether a node that it does not see is there.
    pub fn owning(&self, ident: &str) -> Result<NodeId, Fault> {
        match (self.find_node(ident), &self.who.project) {
            (Err(fault), Some(project)) if fault.status() == 404 => {
                let text = format!("project {project} may not do this with node {ident}");
                Err(Fault::new(403, text))
            }
            (Err(fault), None) if fault.status() == 404 => Err(Fault::invalid(fault.text())),
            (found, _) => found.map(|node| node.id),
        }
    }

    /// Whether who asks may do with what belongs to this node what the route does; `hidden` is said where the node is
    /// not there for it.
    pub fn admit_of(&self, node: NodeId, hidden: impl FnOnce() -> Fault) -> Result<(), Fault> {
        if self.who.project.is_none() {
            return Ok(());
        }
        match self.published.node(node).filter(|node| self.sees(node)) {
            Some(node) => self.need.admit_with(&self.who, self.relation(node)),
            None => Err(hidden()),
        }
    }
}
