//! Why an ask was not admitted; `api/fault` alone turns these into status codes.

use crate::base::id::{NodeId, PortId};
use crate::model::moves::Verb;
use crate::model::provision::Provision;

/// A refusal; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("node {node} could not be found")]
    NoSuchNode { node: String },
    #[error("port {port} could not be found")]
    NoSuchPort { port: PortId },
    #[error("node {node} is locked by host {host}, please retry after the current operation is completed")]
    Locked { node: NodeId, host: String },
    #[error("the requested action {word:?} can not be performed on node {node} while it is in state {from}")]
    NoSuchMove { node: NodeId, word: String, from: Provision, verb: Verb },
    #[error("{what} is not possible on node {node} while it is in maintenance mode")]
    InMaintenance { node: NodeId, what: String },
    #[error("node {node} is protected and cannot be undeployed, rebuilt or deleted")]
    Protected { node: NodeId },
    #[error("node {node} is retired and cannot be moved to available; unset retired first")]
    Retired { node: NodeId },
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The request is right, but not in the present state.
    #[error("{0}")]
    Conflict(String),
    /// Something of that name exists.
    #[error("{0}")]
    Duplicate(String),
    #[error("{0}")]
    NotFound(String),
    /// The agent must ask again (style corner 2).
    #[error("node {node} is being looked at: ask again")]
    AskAgain { node: NodeId },
    /// The BMC has not answered in time; the change goes on.
    #[error("{0}")]
    Unanswered(String),
    /// The disk is full.
    #[error("no space left in {place}: {remedy}")]
    Full { place: String, remedy: String },
    /// The daemon is draining or its queue is full.
    #[error("{0}")]
    Busy(String),
    /// The store failed; the text is for the log and the client is told so.
    #[error("{0}")]
    Internal(String),
}
