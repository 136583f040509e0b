//! What may be asked of a node's parts.

use crate::model::Object;

/// A request; all of them wait while a change is owed.
#[derive(Debug, Clone, PartialEq)]
pub enum PartAsk {
    Traits(TraitAsk),
    /// The RAID that cleaning is to make; an empty object forgets it.
    Raid(Object),
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
