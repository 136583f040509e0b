//! What happened to a node, kept in the same transaction as the change.

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;

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
}

/// An event as a decision names it; state, moment and sequence are added on commit.
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
