//! The table of commands, and how one is taken on.
//!
//! Order of the checks, as in the real agent: form of the name, busy, extension, command, content.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::secret::Secret;
use crate::twin::agent::Agent;
use crate::twin::agent::content;
use crate::twin::agent::failure::Failure;
use crate::twin::agent::hardware;
use crate::twin::agent::image;
use crate::twin::agent::logs;
use crate::twin::agent::step;
use crate::twin::fault::Faults;
use crate::twin::machine::Machine;
use crate::twin::progress::{Rescue, Stage};
use crate::twin::steps::offered;
use crate::wire::agent::command::Request;
use crate::wire::agent::step::StepKind;

/// Why a command was not taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    Answer {
        status: u16,
        text: String,
    },
    /// The agent's process died instead.
    Dies,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Ends before the answer.
    Now(Now),
    /// Goes on beside.
    Later(Later),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    Steps(StepKind),
    Nothing,
    PartitionUuids,
    Lockdown,
    Rescue,
    Logs,
    Hardware,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Later {
    Step(StepKind),
    PrepareImage,
    Bootloader,
    PowerOff,
    RunImage,
}

/// Takes a command on and returns its id. What ends at once has ended; the rest goes on beside.
pub(super) fn take_on(agent: &Arc<Agent>, request: &Request) -> Result<String, Refusal> {
    let refuse = |status, text| Err(Refusal::Answer { status, text });
    let Some((extension, name)) = request.split() else {
        return refuse(400, "Invalid command: a name has an extension, a dot and a command".to_owned());
    };
    if let Some(running) = agent.book.running() {
        return refuse(409, format!("Agent is busy: executing command {running}"));
    }
    if !COMMANDS.iter().any(|row| row.0 == extension) {
        return refuse(404, format!("Not found: Extension with id {extension} not found."));
    }
    let Some((_, _, takes, act)) = COMMANDS.iter().find(|row| (row.0, row.1) == (extension, name)) else {
        return refuse(400, format!("Invalid command: Unknown command: {name}"));
    };
    if let Err(text) = content::check(name, &request.params) {
        return refuse(400, text);
    }
    if agent.machine.strikes(Faults::takes_life) {
        return Err(Refusal::Dies);
    }
    let id = agent.machine.server.inner.dice.uuid().to_string();
    agent.book.begin(&id, name);
    agent.machine.note(|progress| progress.commands.push(request.name.clone()));
    let wrong = takes.is_some_and(|takes| request.params.keys().any(|key| !takes.contains(&key.as_str())));
    match act {
        Act::Now(_) if wrong => agent.book.end(&id, Err(Failure::Poison("TypeError"))),
        Act::Now(now) => agent.book.end(&id, do_now(agent, *now, &request.params)),
        Act::Later(later) => begin(agent, &id, *later, wrong, &request.params),
    }
    Ok(id)
}

fn do_now(agent: &Agent, act: Now, params: &Map<String, Value>) -> Result<Value, Failure> {
    let machine = &agent.machine;
    match act {
        Now::Steps(kind) => Ok(offered(kind, machine.settings().site.as_ref()).emit(kind)),
        Now::Nothing => Ok(Value::Null),
        Now::PartitionUuids => Ok(json!({"root uuid": ""})),
        Now::Lockdown => {
            machine.note(|progress| progress.lockdowns = progress.lockdowns.saturating_add(1));
            machine.stage(Stage::LockedDown);
            agent.leaving.cancel();
            Ok(Value::Null)
        }
        Now::Rescue => rescue(agent, params),
        Now::Logs => {
            logs::collected(machine).map(|text| json!({"system_logs": text})).map_err(Failure::execution)
        }
        Now::Hardware => Ok(hardware::inventory(machine)),
    }
}

/// Keeps the password for whoever logs in, and ends the agent: the machine goes on without it.
fn rescue(agent: &Agent, params: &Map<String, Value>) -> Result<Value, Failure> {
    let machine = &agent.machine;
    if machine.strikes(|faults| std::mem::take(&mut faults.no_rescue)) {
        // The real one cannot write its exception as JSON.
        return Err(Failure::Poison("OSError"));
    }
    let text = params.get("rescue_password").and_then(Value::as_str).unwrap_or_default();
    let hashed = params.get("hashed").and_then(Value::as_bool).unwrap_or_default();
    machine.note(|progress| progress.rescue = Some(Rescue { password: Secret::new(text), hashed }));
    machine.stage(Stage::Rescued);
    agent.leaving.cancel();
    Ok(Value::Null)
}

/// Starts what goes on beside. Parameters that do not fit end in a failure, not in poison.
fn begin(agent: &Arc<Agent>, id: &str, act: Later, wrong: bool, params: &Map<String, Value>) {
    let (agent, id, params) = (agent.clone(), id.to_owned(), params.clone());
    let machine = agent.machine.clone();
    machine.spawn(async move {
        let outcome = if wrong {
            Err(Failure::execution("the command takes no such parameters"))
        } else {
            do_later(&agent, act, &params).await
        };
        agent.machine.note(|progress| progress.doing = None);
        agent.book.end(&id, outcome);
        agent.nudge.notify_one();
    });
}

async fn do_later(agent: &Agent, act: Later, params: &Map<String, Value>) -> Result<Value, Failure> {
    match act {
        Later::Step(kind) => step::run(agent, kind, params).await,
        Later::PrepareImage => {
            agent.machine.note(|progress| progress.begin("write_image"));
            let text = image::write(agent, params).await?;
            agent.machine.note(|progress| progress.finish("write_image"));
            Ok(json!({"result": format!("prepare_image: {text}")}))
        }
        Later::Bootloader => {
            agent.machine.paced(BOOTLOADER).await;
            Ok(Value::Null)
        }
        Later::PowerOff => leave(agent, Machine::fall).await,
        Later::RunImage => leave(agent, Machine::cycle).await,
    }
}

/// Lets answers under way go out, then ends this boot. The command never ends.
async fn leave(agent: &Agent, end: fn(&Machine)) -> Result<Value, Failure> {
    agent.machine.paced(LEAVING).await;
    agent.leaving.cancel();
    agent.served.cancelled().await;
    end(&agent.machine);
    std::future::pending().await
}

/// Extension, command, the parameters that it takes (`None`: any), what it does.
type Row = (&'static str, &'static str, Option<&'static [&'static str]>, Act);

const NODE: Option<&[&str]> = Some(&["node", "ports"]);
const NONE: Option<&[&str]> = Some(&[]);
const LOADER: Option<&[&str]> = Some(&[
    "root_uuid",
    "efi_system_part_uuid",
    "prep_boot_part_uuid",
    "target_boot_mode",
    "ignore_bootloader_failure",
]);

#[rustfmt::skip]
const COMMANDS: &[Row] = &[
    ("clean",   "get_clean_steps",      NODE,   Act::Now(Now::Steps(StepKind::Clean))),
    ("clean",   "execute_clean_step",   None,   Act::Later(Later::Step(StepKind::Clean))),
    ("deploy",  "get_deploy_steps",     NODE,   Act::Now(Now::Steps(StepKind::Deploy))),
    ("deploy",  "execute_deploy_step",  None,   Act::Later(Later::Step(StepKind::Deploy))),
    ("service", "get_service_steps",    NODE,   Act::Now(Now::Steps(StepKind::Service))),
    ("service", "execute_service_step", None,   Act::Later(Later::Step(StepKind::Service))),
    ("standby", "prepare_image",        Some(&["image_info", "configdrive"]), Act::Later(Later::PrepareImage)),
    ("standby", "sync",                 NONE,   Act::Now(Now::Nothing)),
    ("standby", "power_off",            NONE,   Act::Later(Later::PowerOff)),
    ("standby", "run_image",            NONE,   Act::Later(Later::RunImage)),
    ("standby", "get_partition_uuids",  NONE,   Act::Now(Now::PartitionUuids)),
    ("image",   "install_bootloader",   LOADER, Act::Later(Later::Bootloader)),
    ("system",  "lockdown",             NONE,   Act::Now(Now::Lockdown)),
    ("rescue",  "finalize_rescue",      Some(&["rescue_password", "hashed"]), Act::Now(Now::Rescue)),
    ("log",     "collect_system_logs",  NONE,   Act::Now(Now::Logs)),
    ("poll",    "get_hardware_info",    NONE,   Act::Now(Now::Hardware)),
    ("poll",    "set_node_info",        Some(&["node_info"]), Act::Now(Now::Nothing)),
];

/// Writing a boot entry.
const BOOTLOADER: Duration = Duration::from_secs(2);

/// From the order to leave to the last sign of the agent.
const LEAVING: Duration = Duration::from_secs(1);
