//! What a rule decides: the next record, what is owed, looked at and written down.

pub mod ask;
pub mod effect;
pub mod facts;
pub mod outcome;
pub mod refusal;

use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::PortId;
use crate::model::decision::ask::Answer;
use crate::model::decision::effect::{Look, Owed};
use crate::model::inspection::Inventory;
use crate::model::journal::Noted;
use crate::model::node::Node;
use crate::model::notice::telling::Telling;
use crate::model::part::portgroup::Portgroup;
use crate::model::part::sheet::Sheet;
use crate::model::port::Port;
use crate::model::run::Run;
use crate::model::volume::{VolumeKind, VolumeRow};

/// The outcome of a rule, committed in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub fate: Fate,
    /// Rows that belong to the node and change with it.
    pub rows: Vec<Row>,
    /// Effects owed from now on, after those that are owed already.
    pub owe: Vec<Owed>,
    /// Numbers of owed effects that are paid or struck.
    pub settle: Vec<u64>,
    /// Looks to make; kept in memory only.
    pub looks: Vec<Look>,
    /// A look to make in a while; kept in memory only, a newer one takes its place.
    pub later: Option<LaterLook>,
    /// Silent looks in a row by now, for the next decision; kept in memory only. `None`: as before.
    pub silent: Option<u8>,
    pub journal: Vec<Noted>,
    /// What the world is told beside what the record says.
    pub tellings: Vec<Telling>,
    pub answer: Answer,
    /// Runs that it begins, as they begin: some are over within it. Only for explaining; nobody keeps them.
    pub begun: Vec<Run>,
}

/// A look that is worth making after so many seconds. Nothing hangs on it: if it is lost, a beat or the wait's end
/// looks instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaterLook {
    pub look: Look,
    pub after: u32,
}

/// What becomes of the record.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It stays as it is: nothing is committed for it.
    Same,
    Next(Box<Node>),
    Removed,
}

/// A row beside the node's record.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    Port(Box<Port>),
    PortRemoved(PortId),
    Volume(VolumeRow),
    VolumeRemoved(VolumeKind, Uuid),
    /// Takes the place of the one before.
    Inventory(Arc<Inventory>),
    Portgroup(Box<Portgroup>),
    PortgroupRemoved(Uuid),
    /// Takes the place of the one before.
    Sheet(Box<Sheet>),
}

impl Decision {
    /// Changes nothing.
    pub fn same() -> Self {
        Self::with(Fate::Same)
    }

    pub fn next(node: Node) -> Self {
        Self::with(Fate::Next(Box::new(node)))
    }

    pub fn with(fate: Fate) -> Self {
        Self {
            fate,
            rows: Vec::new(),
            owe: Vec::new(),
            settle: Vec::new(),
            looks: Vec::new(),
            later: None,
            silent: None,
            journal: Vec::new(),
            tellings: Vec::new(),
            answer: Answer::Done,
            begun: Vec::new(),
        }
    }

    /// Whether a commit is needed.
    pub fn keeps_something(&self) -> bool {
        self.fate != Fate::Same
            || !self.rows.is_empty()
            || !self.owe.is_empty()
            || !self.settle.is_empty()
            || !self.journal.is_empty()
            || !self.tellings.is_empty()
    }
}
