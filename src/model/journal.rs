//! What happened to a node, kept in the same transaction as the change.

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::model::audit::By;
use crate::model::node::Node;

/// How much of a node's journal is kept; the whole journal is bounded besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Whether nodes have a history at all.
    pub is_kept: bool,
    /// Entries of one node.
    pub entries: usize,
    /// Days for which an entry is kept although there are more; 0: none.
    pub days: u32,
}

impl History {
    /// Whether an entry of `at` may go, now that there are too many.
    pub fn lets_go(&self, at: Moment, now: Moment) -> bool {
        now.seconds_since(at) >= u64::from(self.days).saturating_mul(DAY)
    }
}

impl Default for History {
    fn default() -> Self {
        Self { is_kept: true, entries: ENTRIES, days: 0 }
    }
}

/// Entries kept of one node unless the site says otherwise (style corner 13; the reference's number).
const ENTRIES: usize = 300;
/// Seconds.
const DAY: u64 = 86_400;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Severity {
    Info,
    Error,
}

/// One entry of a node's journal (`nodes/{id}/history`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Rises over all nodes; the journal orders by it, not by the wall.
    pub sequence: u64,
    pub at: Moment,
    pub event: String,
    pub text: String,
    pub severity: Severity,
    /// State and target after the event.
    pub state: String,
    #[serde(default)]
    pub target: Option<String>,
    #[serde(default)]
    pub step: Option<String>,
    /// How long that lasted which the event has ended.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// Who asked for it; `None` for what the daemon did by itself.
    #[serde(default)]
    pub by: Option<By>,
}

/// When an event happened and how the node stood after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    pub at: Moment,
    pub state: String,
    pub target: Option<String>,
    pub step: Option<String>,
    /// How long that lasted which the event has ended.
    pub seconds: Option<u64>,
}

impl Scene {
    /// The node as it stands; the steps of a pipeline's own frame are not shown.
    pub fn of(node: &Node, at: Moment) -> Self {
        let step = node.run.as_ref().and_then(|run| run.step()).filter(|step| !step.hidden);
        Self {
            at,
            state: node.provision.name().to_owned(),
            target: node.target_provision.map(|target| target.name().to_owned()),
            step: step.map(ToString::to_string),
            seconds: None,
        }
    }
}

/// An event with its scene: a decision has several, and the node moves between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub event: Event,
    pub scene: Scene,
}

/// An event as a decision names it; the sequence is added on commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Constant name, e.g. `provision`, `power`, `step`, `error`.
    pub event: &'static str,
    pub text: String,
    pub severity: Severity,
}

impl Event {
    pub fn info(event: &'static str, text: impl Into<String>) -> Self {
        Self { event, text: text.into(), severity: Severity::Info }
    }

    pub fn error(event: &'static str, text: impl Into<String>) -> Self {
        Self { event, text: text.into(), severity: Severity::Error }
    }
}
