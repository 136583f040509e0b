//! Whether the known agent still answers as itself (style corner 2).

use std::time::Duration;

use crate::base::time::sleep;
use crate::driver::agent::client::{AgentError, GLANCE};
use crate::driver::agent::{AgentSettings, Agents};
use crate::model::node::Node;

/// Asks it twice under its certificate and token; an answer as another is a no at once.
pub async fn is_alive(agents: &Agents, node: &Node) -> bool {
    if let Some(alive) = once(agents, node).await {
        return alive;
    }
    sleep(&*agents.clock, BETWEEN).await;
    once(agents, node).await.unwrap_or(false)
}

/// `None` if it did not answer. A list that it cannot send was still asked for with a token that it took.
async fn once(agents: &Agents, node: &Node) -> Option<bool> {
    let patience = AgentSettings { command_timeout: GLANCE, ..agents.settings.clone() };
    let agent = agents.of(node).ok()?.within(&patience);
    match agent.list().await {
        Ok(_) | Err(AgentError::Busy(_) | AgentError::Broken { .. } | AgentError::Garbled(_)) => Some(true),
        Err(
            AgentError::Another(_)
            | AgentError::BadRequest(_)
            | AgentError::Failed(_)
            | AgentError::Unknown(_),
        ) => Some(false),
        Err(AgentError::NoAddress | AgentError::Silent { .. }) => None,
    }
}

/// Long enough for a lost packet, short enough for the one who waits for the answer.
const BETWEEN: Duration = Duration::from_secs(1);
