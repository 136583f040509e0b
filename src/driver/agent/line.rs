//! Was it sent? What the agent's command list tells of a command that we may have sent (style corner 3).

use crate::driver::agent::client::{AgentClient, AgentError};
use crate::driver::memo::text;
use crate::model::turn::{Failure, FailureKind, Memo, Turn};
use crate::wire::agent::command::CommandResult;

/// Asks the agent whether what the memo was committed for was sent: its id if so. `Err` is what the step says
/// instead: the agent is another boot, or silent, or cannot tell.
pub async fn sent(
    agent: &AgentClient<'_>,
    memo: &Memo,
    is_ours: impl Fn(&str) -> bool + Send,
) -> Result<Option<String>, Turn> {
    match agent.list().await {
        Ok(list) => match stand(&list, text(memo, AFTER), is_ours) {
            Stand::NotSent => Ok(None),
            Stand::Sent(id) => Ok(Some(id)),
            Stand::AnotherBoot => {
                Err(lost("its list of commands no longer holds the last one that was known"))
            }
        },
        Err(AgentError::Broken { .. } | AgentError::Garbled(_)) => {
            Err(lost("its list of commands cannot be read, so it is not known what was sent"))
        }
        Err(error) => Err(error.turn(memo)),
    }
}

/// The step was given to an agent that is gone.
pub fn lost(why: impl Into<String>) -> Turn {
    Turn::Failed(Failure::new(FailureKind::Lost, why))
}

/// Where a command stands that was to be sent after the one called `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// Nothing of the kind came after it.
    NotSent,
    /// This id is ours.
    Sent(String),
    /// The agent does not know `after`: it is another boot.
    AnotherBoot,
}

/// Reads the list, oldest first. `after` is the last id that was listed before sending, `None` if there was none;
/// `is_ours` tells commands of our kind by their name.
pub fn stand(list: &[CommandResult], after: Option<&str>, is_ours: impl Fn(&str) -> bool) -> Stand {
    let newer = match after {
        None => list,
        Some(id) => match list.iter().position(|command| command.id == id) {
            None => return Stand::AnotherBoot,
            Some(place) => list.get(place + 1..).unwrap_or_default(),
        },
    };
    let sent = newer.iter().rev().find(|command| is_ours(&command.command_name));
    sent.map_or(Stand::NotSent, |command| Stand::Sent(command.id.clone()))
}

/// Whether a command runs a step, of whatever kind.
pub fn runs_a_step(command: &str) -> bool {
    command.starts_with("execute_") && command.ends_with("_step")
}

/// Memo field: id of the command that runs the step.
pub const COMMAND: &str = "command";

/// Memo field: last id that the agent listed before the step was sent; null if it listed none.
pub const AFTER: &str = "after";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::wire::agent::command::Status;

    fn list(commands: &[(&str, &str)]) -> Vec<CommandResult> {
        let one = |(id, name): &(&str, &str)| CommandResult {
            id: (*id).to_owned(),
            command_name: (*name).to_owned(),
            status: Status::Succeeded,
            error: None,
            result: Value::Null,
        };
        commands.iter().map(one).collect()
    }

    #[test]
    fn the_list_tells_whether_it_was_sent() {
        let before = list(&[("1", "get_clean_steps"), ("2", "execute_clean_step")]);
        assert_eq!(stand(&before, Some("2"), runs_a_step), Stand::NotSent);
        assert_eq!(stand(&before, Some("1"), runs_a_step), Stand::Sent("2".to_owned()));
        assert_eq!(stand(&before, Some("0"), runs_a_step), Stand::AnotherBoot);
        assert_eq!(stand(&before, None, runs_a_step), Stand::Sent("2".to_owned()));
        assert_eq!(stand(&[], None, runs_a_step), Stand::NotSent);
        assert_eq!(stand(&[], Some("1"), runs_a_step), Stand::AnotherBoot);
    }

    #[test]
    fn looks_that_came_between_are_passed_over() {
        let seen = list(&[("1", "get_clean_steps"), ("2", "get_hardware_info"), ("3", "sync")]);
        assert_eq!(stand(&seen, Some("1"), runs_a_step), Stand::NotSent);
    }
}
