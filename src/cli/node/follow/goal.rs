//! What one waits for, and how it ended.

use crate::cli::Exit;
use crate::cli::node::view::View;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// No work is left; a failed state is a failure.
    Idle,
    /// One of these states; another failed state is a failure.
    States(Vec<String>),
    /// This state with no work left; any other rest is a failure.
    End(&'static str),
    /// Any rest, a failed state too, as after an abort.
    AnyEnd,
    /// No work is left, in whatever state the node is: what was asked for does not change it, as power does not.
    Aside,
}

impl Goal {
    /// `Idle` when no state is named.
    pub fn for_states(states: &[String]) -> Self {
        if states.is_empty() { Self::Idle } else { Self::States(states.to_vec()) }
    }

    /// How it ended, or nothing while it goes on. An error that is there at the end is the work's own, for each ask
    /// begins without one: a verification that failed in a step leaves the node `manageable` with an error.
    pub(super) fn verdict(&self, node: View<'_>) -> Option<Exit> {
        let state = node.state();
        let failed = node.is_failed();
        let erred = !node.error().is_empty();
        let ended = |good: bool| node.rests().then_some(if good { Exit::Done } else { Exit::Failed });
        match self {
            Self::States(states) if states.contains(&state) => Some(Exit::Done),
            Self::States(_) => failed.then_some(Exit::Failed),
            Self::Idle => ended(!failed && !erred),
            Self::End(end) => ended(state == *end && !erred),
            Self::AnyEnd => ended(true),
            Self::Aside => ended(!erred),
        }
    }
}
