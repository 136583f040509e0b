//! What a step can say: the only words between drivers and pipelines (style corner 1).

use serde::{Deserialize, Serialize};

use crate::model::Object;
use crate::model::boot::Boots;
use crate::model::step::Again;

/// Named fields of a step in progress, committed with the cursor and handed back; 4 KiB at most.
pub type Memo = Object;

/// The largest memo in bytes of JSON: a node's record stays under 64 KiB.
pub const MEMO_LIMIT: usize = 4096;

/// Field of the memo of a step that gives up by itself: seconds for which it will still wait.
pub const LEFT: &str = "left";

/// What a step says after a look or an act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Turn {
    /// Finished; the result is shown to nobody but hooks.
    Done(Object),
    Failed(Failure),
    /// Commit this memo, then call `act`.
    Act {
        memo: Memo,
    },
    /// Call `look` again after so many seconds.
    LookIn {
        after: u32,
        memo: Memo,
    },
    /// Power the machine off and on into something, then call `look`.
    Reboot {
        into: Boots,
        memo: Memo,
    },
    /// The agent works; a heartbeat decides when to look.
    Agent {
        memo: Memo,
    },
    /// Park until a person says `unhold`.
    Hold,
}

/// Why a step did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub why: String,
}

/// What kind of failure: each is treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The step was tried and did not work.
    Step,
    /// The far side did not answer; nothing is known.
    Silent,
    /// Nobody was asked: the far side is known to be silent or busy, and is left alone for a while.
    Untried,
    /// The far side refused the account, or refused it before: no use in asking again.
    Account,
    /// The agent is another boot than the one that was given the step: it is lost.
    Lost,
    /// The agent's hardware managers changed; the plan must be made anew.
    Version,
    /// It is not known whether a thing that must not be done twice was done.
    Unknown,
}

impl Failure {
    pub fn new(kind: FailureKind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into() }
    }

    pub fn step(why: impl Into<String>) -> Self {
        Self::new(FailureKind::Step, why)
    }

    pub fn silent(why: impl Into<String>) -> Self {
        Self::new(FailureKind::Silent, why)
    }
}

impl Turn {
    pub fn done() -> Self {
        Self::Done(Object::new())
    }

    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(Failure::step(why))
    }
}

/// A step that the agent offers, as it told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InBand {
    pub interface: crate::model::interface::Interface,
    pub step: String,
    pub priority: i64,
    pub abortable: bool,
    pub reboot_requested: bool,
    pub again: Again,
    /// Names of the arguments that must be given.
    pub required: Vec<String>,
    /// Names of all arguments.
    pub known: Vec<String>,
    /// What each of these is for, in their order; older records lack it.
    #[serde(default)]
    pub described: Vec<String>,
}

/// Answer of the agent to "which steps do you have".
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InBandSteps {
    pub steps: Vec<InBand>,
    /// Hardware manager name to version; goes back with each command.
    pub versions: Object,
    /// Id of the last command that the agent listed.
    pub last_command: Option<String>,
}
