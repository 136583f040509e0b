//! What may be asked of a node's parts.

use uuid::Uuid;

use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::part::portgroup::Portgroup;

/// A request; all of them wait while a change is owed.
#[derive(Debug, Clone, PartialEq)]
pub enum PartAsk {
    Traits(TraitAsk),
    /// The RAID that cleaning is to make; an empty object forgets it.
    Raid(Object),
    Portgroup(PortgroupAsk),
    VifAttach(VifWish),
    /// Detach the VIF of this id.
    VifDetach(String),
}

/// A change of a node's portgroups.
#[derive(Debug, Clone, PartialEq)]
pub enum PortgroupAsk {
    Create(Box<Portgroup>),
    Patch {
        id: Uuid,
        operations: Vec<PatchOp>,
        /// The client's microversion, minor number: some rules began later.
        version: u16,
    },
    Delete(Uuid),
}

/// A VIF and where it is to be attached; without a place the best one is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VifWish {
    pub id: String,
    /// UUID of a port.
    pub port: Option<String>,
    /// UUID of a portgroup.
    pub portgroup: Option<String>,
}

/// A change of a node's traits; the names have been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraitAsk {
    /// In place of all that there were.
    Set(Vec<String>),
    Add(String),
    Remove(String),
    Clear,
}
