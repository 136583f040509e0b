//! `finalize_rescue`: the agent takes the password that a person logs in with, and ends (contract `agent.md` section 6).
//!
//! ```text
//! look  no memo        last id of the list -> Act { after }
//! act                  POST -> SUCCEEDED: Done      FAILED: Failed      no answer: the list tells
//! act again            the list tells whether it was sent
//! ```
//! An agent that has taken it answers nobody any more. So one that may have been told and is silent may have it, or not:
//! the ramdisk boots anew and is told again, for nobody has logged in yet.

use std::sync::Arc;

use serde_json::json;

use crate::base::secret::MASK;
use crate::base::time::Later;
use crate::driver::agent::Agents;
use crate::driver::agent::client::{AgentClient, AgentError};
use crate::driver::agent::line::{self, AFTER, Stand, lost};
use crate::driver::memo::{count, text, with};
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::boot::Boots;
use crate::model::node::Node;
use crate::model::rescue::RescuePassword;
use crate::model::turn::{Failure, FailureKind, Memo, Turn};
use crate::wire::agent::command::{CommandError, CommandResult, Status};

/// Work of `rescue.finalize_rescue`.
#[derive(Debug)]
pub struct FinalizeRescue {
    agents: Arc<Agents>,
}

impl FinalizeRescue {
    pub fn new(agents: Arc<Agents>) -> Self {
        Self { agents }
    }

    async fn looked(&self, call: &StepCall) -> Turn {
        let agent = match self.agents.of(&call.machine.node) {
            Ok(agent) => agent,
            Err(error) => return error.turn(&call.memo),
        };
        if call.memo.contains_key(AFTER) {
            return match told(&agent, &call.memo).await {
                Ok(None) => Turn::Act { memo: call.memo.clone() },
                Ok(Some(result)) => ended(&agent, &call.memo, &result),
                Err(turn) => turn,
            };
        }
        let last = match agent.list().await {
            Ok(list) => list.last().map(|command| command.id.clone()),
            Err(AgentError::Broken { .. } | AgentError::Garbled(_)) => None,
            Err(error) => return error.turn(&call.memo),
        };
        Turn::Act { memo: with(&call.memo, AFTER, last) }
    }

    async fn acted(&self, call: &StepCall, again: bool, password: &RescuePassword) -> Turn {
        let agent = match self.agents.of(&call.machine.node) {
            Ok(agent) => agent,
            Err(error) if again => return lost(error.to_string()),
            Err(error) => return error.turn(&call.memo),
        };
        if again {
            match told(&agent, &call.memo).await {
                Ok(None) => {}
                Ok(Some(result)) => return ended(&agent, &call.memo, &result),
                Err(turn) => return anew_if_silent(call, turn),
            }
        }
        match self.tell(&agent, &call.machine.node, password).await {
            Ok(result) => ended(&agent, &call.memo, &result),
            Err(error) if error.may_have_been_taken() => match told(&agent, &call.memo).await {
                Ok(None) => Turn::Failed(Failure::silent(error.to_string())),
                Ok(Some(result)) => ended(&agent, &call.memo, &result),
                Err(turn) => anew_if_silent(call, turn),
            },
            Err(error) => error.turn(&call.memo),
        }
    }

    /// Tells the hash; the password itself only where the site lets agents have it that know no hash.
    async fn tell(
        &self,
        agent: &AgentClient<'_>,
        node: &Node,
        password: &RescuePassword,
    ) -> Result<CommandResult, AgentError> {
        let requires_hash = self.agents.settings.rescue_requires_hash;
        if !is_old(node) {
            let params = json!({"rescue_password": password.hashed.reveal(), "hashed": true});
            match agent.run(NAME, object(params), false).await {
                Ok(result) if knows_no_hash(&result) => {}
                Err(AgentError::BadRequest(_)) => {}
                // Such a result of the real agent cannot be put into JSON.
                Err(AgentError::Broken { text, .. }) if text.contains(WRONG_PARAMETERS) => {}
                other => return other,
            }
        }
        if requires_hash {
            return Err(AgentError::Failed(TOO_OLD.to_owned()));
        }
        let params = json!({"rescue_password": password.plain.reveal()});
        agent.run(NAME, object(params), false).await
    }
}

impl StepWork for FinalizeRescue {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(self.looked(call))
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            match call.machine.node.rescue_password() {
                Some(password) => without(&password, self.acted(call, again, &password).await),
                None => {
                    Turn::failed("instance_info has no rescue_password any more: somebody has taken it out")
                }
            }
        })
    }
}

/// How the command stands that may have been sent: `None` if it was not. `Err` is what the step says instead.
async fn told(agent: &AgentClient<'_>, memo: &Memo) -> Result<Option<CommandResult>, Turn> {
    let list = match agent.list().await {
        Ok(list) => list,
        Err(error) => return Err(error.turn(memo)),
    };
    match line::stand(&list, text(memo, AFTER), |name| name == BARE_NAME) {
        Stand::NotSent => Ok(None),
        Stand::Sent(id) => Ok(list.into_iter().find(|command| command.id == id)),
        Stand::AnotherBoot => Err(lost("its list of commands no longer holds the last one that was known")),
    }
}

fn ended(agent: &AgentClient<'_>, memo: &Memo, result: &CommandResult) -> Turn {
    let why = result.error.as_ref().map(|error| agent.shown(error));
    match &result.status {
        Status::Succeeded => Turn::done(),
        Status::Running => Turn::LookIn { after: 1, memo: memo.clone() },
        Status::Failed | Status::VersionMismatch => {
            let why = why.unwrap_or_else(|| "it says no more than that".to_owned());
            Turn::failed(format!("the agent did not take the password: {why}"))
        }
        Status::Other(word) => {
            Turn::failed(format!("the agent says {:?}", word.chars().take(WORD_SHOWN).collect::<String>()))
        }
    }
}

/// Who was told and is silent may have ended with the password in its hands.
fn anew_if_silent(call: &StepCall, turn: Turn) -> Turn {
    let Turn::Failed(failure) = &turn else { return turn };
    if failure.kind != FailureKind::Silent {
        return turn;
    }
    let boots = count(&call.memo, BOOTS) + 1;
    if boots > MOST_BOOTS {
        return Turn::failed(format!(
            "the agent was told the password in {boots} boots and was silent each time: {}",
            failure.why
        ));
    }
    Turn::Reboot { into: Boots::Ramdisk, memo: with(&Memo::new(), BOOTS, boots) }
}

/// An agent of before 6.0 takes no hash. One that does not tell its version is tried.
fn is_old(node: &Node) -> bool {
    let version = node.agent.as_ref().and_then(|agent| agent.version.as_deref());
    let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < KNOWS_HASHES)
}

/// What such an agent says of a parameter that it does not know.
fn knows_no_hash(result: &CommandResult) -> bool {
    result.error.as_ref().is_some_and(CommandError::is_wrong_parameters)
}

/// Whatever the agent says of the password, nobody reads it.
fn without(password: &RescuePassword, turn: Turn) -> Turn {
    let Turn::Failed(failure) = turn else { return turn };
    let why = failure.why.replace(password.hashed.reveal(), MASK).replace(password.plain.reveal(), MASK);
    Turn::Failed(Failure::new(failure.kind, why))
}

fn object(value: serde_json::Value) -> Object {
    if let serde_json::Value::Object(members) = value { members } else { Object::new() }
}

const NAME: &str = "rescue.finalize_rescue";
/// As the list of commands has it.
const BARE_NAME: &str = "finalize_rescue";
const TOO_OLD: &str = "the agent takes no hashed password, as those before 6.0.0: update the rescue ramdisk, or set \
                       [conductor] require_rescue_password_hashed to false";
const WRONG_PARAMETERS: &str = "TypeError";
/// The first version whose agents do.
const KNOWS_HASHES: u32 = 6;
/// Memo field: how often the ramdisk was booted anew because nobody knows whether it was told.
const BOOTS: &str = "boots";
const MOST_BOOTS: u64 = 2;
/// Characters of an unknown status that an error repeats.
const WORD_SHOWN: usize = 64;
