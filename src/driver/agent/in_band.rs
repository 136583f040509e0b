//! One step of the agent as a machine of turns.
//!
//! ```text
//! look  no memo        drives (if it destroys: the same as last?), last id of the list -> Act { after, drives, root }
//! act                  POST -> Agent { command }      act again: the list tells whether it was sent
//! look  memo.command   GET by id -> Agent | Done | Failed
//! ```

use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::time::Later;
use crate::driver::agent::Agents;
use crate::driver::agent::client::{AgentClient, AgentError};
use crate::driver::agent::drives::{self, guard, survey, writes_disks};
use crate::driver::agent::line::{self, AFTER, COMMAND, lost};
use crate::driver::agent::steps::{machine_params, wire_kind};
use crate::driver::memo::{KEPT, ROOT, text, with};
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::interface::Interface;
use crate::model::part::raid;
use crate::model::turn::{Failure, FailureKind, Memo, Turn};
use crate::wire::agent::command::{CommandResult, Status};
use crate::wire::agent::step::{StepEcho, StepKind};

/// A step with the arguments of the plan.
#[derive(Debug)]
pub struct InBandStep {
    agents: Arc<Agents>,
}

impl InBandStep {
    pub fn new(agents: Arc<Agents>) -> Self {
        Self { agents }
    }
}

impl StepWork for InBandStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(look(&self.agents, call))
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(act(&self.agents, call, again, &call.step.args))
    }
}

/// Says where the step stands.
pub async fn look(agents: &Agents, call: &StepCall) -> Turn {
    let agent = match agents.of(&call.machine.node) {
        Ok(agent) => agent,
        Err(error) if call.memo.contains_key(COMMAND) => return lost(error.to_string()),
        Err(error) => return error.turn(&call.memo),
    };
    if let Some(id) = text(&call.memo, COMMAND) {
        look_at(&agent, call, id).await
    } else {
        let is_guarded = agents.settings.disk_guard;
        begin(&agent, call, is_guarded).await.unwrap_or_else(|turn| turn)
    }
}

/// Sends the step with these arguments, unless the agent has it already.
pub async fn act(agents: &Agents, call: &StepCall, again: bool, args: &Object) -> Turn {
    let agent = match agents.of(&call.machine.node) {
        Ok(agent) => agent,
        Err(error) if again => return lost(error.to_string()),
        Err(error) => return error.turn(&call.memo),
    };
    let Some(kind) = wire_kind(call.kind) else {
        return Turn::failed(format!("the agent has no {} steps", call.kind.name()));
    };
    if again && let Some(turn) = sent_before(&agent, call).await {
        return turn;
    }
    let params = params(agents, call, kind, args);
    match agent.run(&kind.run_command(), params, false).await {
        Ok(result) => of_this_step(kind, &result).map_or_else(Turn::failed, |()| taken(call, &result)),
        Err(error) if error.may_have_been_taken() => answer_lost(&agent, call, &error).await,
        Err(error) => error.turn(&unsent(&call.memo)),
    }
}

/// The first look: what the step is begun with. `Err` is the turn that comes instead.
async fn begin(agent: &AgentClient<'_>, call: &StepCall, is_guarded: bool) -> Result<Turn, Turn> {
    can_begin(call).map_err(Turn::failed)?;
    if call.memo.contains_key(AFTER)
        && let Some(turn) = sent_before(agent, call).await
    {
        return Ok(turn);
    }
    let mut memo = unsent(&call.memo);
    let mut known = None;
    if writes_disks(&call.step) {
        let seen = survey(agent).await.map_err(|error| error.turn(&memo))?;
        drives::same(memo.get(KEPT), &seen.drives).map_err(Turn::failed)?;
        if let Some(root) = guard(call, &seen, is_guarded).map_err(Turn::failed)? {
            memo = with(&memo, ROOT, json!({"hints": root.hints, "drive": root.drive}));
        }
        memo = with(&memo, KEPT, seen.drives);
        known = Some(seen.command);
    }
    let after = match agent.list().await {
        Ok(list) => list.last().map(|command| command.id.clone()),
        Err(AgentError::Broken { .. } | AgentError::Garbled(_)) => Some(ended(agent, known, &memo).await?),
        Err(error) => return Err(error.turn(&memo)),
    };
    Ok(Turn::Act { memo: with(&memo, AFTER, after) })
}

/// What can be known to be wrong before the agent is asked.
fn can_begin(call: &StepCall) -> Result<(), String> {
    let step = &call.step;
    if step.is(Interface::Raid, "create_configuration") && call.machine.node.target_raid_config.is_empty() {
        return Err("the node has no target_raid_config: set one, then clean again".to_owned());
    }
    match step.args.get("raid_config").filter(|_| step.interface == Interface::Raid) {
        Some(Value::Object(config)) => raid::check(config).map_err(|refusal| refusal.to_string()),
        Some(_) => Err("raid_config must be an object with logical_disks".to_owned()),
        None => Ok(()),
    }
}

/// With a list that cannot be read: a command that is known by its id to have ended, so that nothing runs.
async fn ended(agent: &AgentClient<'_>, known: Option<String>, memo: &Memo) -> Result<String, Turn> {
    match known {
        Some(id) => Ok(id),
        None => survey(agent).await.map(|seen| seen.command).map_err(|error| error.turn(memo)),
    }
}

/// The turn of a step that may have been sent already; `None` if it was not.
async fn sent_before(agent: &AgentClient<'_>, call: &StepCall) -> Option<Turn> {
    match line::sent(agent, &call.memo, line::runs_a_step).await {
        Ok(None) => None,
        Ok(Some(id)) => Some(Turn::Agent { memo: sent(&call.memo, &id) }),
        Err(turn) => Some(turn),
    }
}

/// No answer came to the POST: the list tells.
async fn answer_lost(agent: &AgentClient<'_>, call: &StepCall, error: &AgentError) -> Turn {
    match sent_before(agent, call).await {
        Some(turn) => turn,
        None => Turn::Failed(Failure::silent(error.to_string())),
    }
}

/// The POST was answered. What has ended already is read by its id all the same: the memo comes first.
fn taken(call: &StepCall, result: &CommandResult) -> Turn {
    let memo = sent(&call.memo, &result.id);
    if result.status.is_final() { Turn::LookIn { after: 0, memo } } else { Turn::Agent { memo } }
}

async fn look_at(agent: &AgentClient<'_>, call: &StepCall, id: &str) -> Turn {
    match agent.command(id).await {
        Ok(result) => {
            let known = wire_kind(call.kind).map_or(Ok(()), |kind| of_this_step(kind, &result));
            known.map_or_else(Turn::failed, |()| stands(agent, call, result))
        }
        Err(AgentError::Unknown(_)) => lost("it does not know the command of this step"),
        Err(error) => error.turn(&call.memo),
    }
}

/// What is told of another command says nothing of the step.
fn of_this_step(kind: StepKind, result: &CommandResult) -> Result<(), String> {
    let wanted = kind.run_command();
    if wanted.ends_with(&format!(".{}", result.command_name)) {
        return Ok(());
    }
    let name = result.command_name.chars().take(WORD_SHOWN).collect::<String>();
    Err(format!("asked for {wanted}, the agent tells of another command, {name:?}"))
}

fn stands(agent: &AgentClient<'_>, call: &StepCall, result: CommandResult) -> Turn {
    let why = result.error.as_ref().map(|error| agent.shown(error));
    match result.status {
        Status::Running => Turn::Agent { memo: call.memo.clone() },
        Status::Succeeded => succeeded(call, result.result),
        Status::Failed => Turn::failed(why.unwrap_or_else(|| "the agent says no more than that".to_owned())),
        Status::VersionMismatch => Turn::Failed(Failure::new(
            FailureKind::Version,
            why.unwrap_or_else(|| "the agent's hardware managers have changed".to_owned()),
        )),
        Status::Other(word) => {
            Turn::failed(format!("the agent says {:?}", word.chars().take(WORD_SHOWN).collect::<String>()))
        }
    }
}

/// The command is known by its id, so its result is of this step; an agent that says otherwise is not believed.
fn succeeded(call: &StepCall, result: Value) -> Turn {
    let echo = wire_kind(call.kind).and_then(|kind| StepEcho::from_value(kind, result).ok());
    match &echo {
        Some(of) if of.step != call.step.step || of.interface != call.step.interface.name() => {
            let shown = |text: &str| text.chars().take(WORD_SHOWN).collect::<String>();
            let (interface, step) = (shown(&of.interface), shown(&of.step));
            Turn::failed(format!("the agent answers with the result of another step, {interface}.{step}"))
        }
        _ => Turn::Done(outcome(echo)),
    }
}

/// What the step returned, under `result`; left out if it is large.
fn outcome(echo: Option<StepEcho>) -> Object {
    let value = echo.map(|echo| echo.result).filter(|value| !value.is_null());
    let small = value.filter(|value| value.to_string().len() <= RESULT_KEPT);
    small.map_or_else(Object::new, |value| Object::from_iter([("result".to_owned(), value)]))
}

/// Parameters of the run command, and not one more: the agent takes an unknown one badly.
fn params(agents: &Agents, call: &StepCall, kind: StepKind, args: &Object) -> Object {
    let step = json!({
        "interface": call.step.interface.name(),
        "step": call.step.step,
        "priority": call.step.priority,
        "args": args,
    });
    let mut params = machine_params(&agents.settings.host, &call.machine);
    params.insert("step".to_owned(), step);
    params.insert(kind.version_member(), Value::Object(call.versions.clone()));
    params
}

/// The memo of a step that runs; what it was begun with stays.
fn sent(memo: &Memo, id: &str) -> Memo {
    with(&unsent(memo), COMMAND, id)
}

/// The memo of a step that is known not to have been sent.
fn unsent(memo: &Memo) -> Memo {
    let mut memo = memo.clone();
    memo.remove(AFTER);
    memo.remove(COMMAND);
    memo
}

/// Bytes of a step's result that are handed on.
const RESULT_KEPT: usize = 16 << 10;

/// Characters of an unknown status that an error repeats.
const WORD_SHOWN: usize = 64;
