//! Asks the agent which steps it has.

use serde_json::Value;
use tracing::warn;

use crate::driver::Machine;
use crate::driver::agent::Agents;
use crate::driver::agent::client::AgentError;
use crate::driver::error::DriverError;
use crate::model::Object;
use crate::model::interface::Interface;
use crate::model::shape::{node_for_agent, port_for_agent};
use crate::model::step::{Again, Kind};
use crate::model::turn::{InBand, InBandSteps};
use crate::wire::agent::step::{InBandStep, StepKind, StepsReply};

/// The agent's word for a kind of work; it has none for verification and tear down.
pub fn wire_kind(kind: Kind) -> Option<StepKind> {
    match kind {
        Kind::Clean => Some(StepKind::Clean),
        Kind::Deploy => Some(StepKind::Deploy),
        Kind::Service => Some(StepKind::Service),
        Kind::Verify | Kind::Delete | Kind::Rescue | Kind::Unrescue => None,
    }
}

/// The steps for a pipeline, with the versions to send back and the id of the last command.
pub async fn fetch(agents: &Agents, machine: &Machine, kind: Kind) -> Result<InBandSteps, DriverError> {
    let Some(kind) = wire_kind(kind) else {
        return Ok(InBandSteps::default());
    };
    let what = format!("asking the agent for {} steps", kind.word());
    let agent = agents.of(&machine.node).map_err(|error| error.driver(&what))?;
    let params = machine_params(&agents.settings.host, machine);
    match agent.result(&kind.list_command(), params).await {
        Ok((id, result)) => {
            let reply = StepsReply::from_value(kind, result)
                .map_err(|error| DriverError::refused(what, error.to_string()))?;
            Ok(read(kind, &reply, id))
        }
        // An agent of before service steps refuses the command: it has none.
        Err(AgentError::BadRequest(_) | AgentError::Unknown(_)) if kind == StepKind::Service => {
            Ok(InBandSteps::default())
        }
        Err(error) => Err(error.driver(&what)),
    }
}

fn read(kind: StepKind, reply: &StepsReply, id: String) -> InBandSteps {
    let versions = reply.versions.iter().map(|(name, version)| (name.clone(), Value::from(version.as_str())));
    InBandSteps {
        steps: reply.steps().filter_map(|step| in_band(kind, step)).collect(),
        versions: versions.collect(),
        last_command: Some(id),
    }
}

/// A step of an interface that nobody has is left out.
fn in_band(kind: StepKind, step: &InBandStep) -> Option<InBand> {
    let Some(interface) = Interface::parse(&step.interface) else {
        warn!(interface = %step.interface, step = %step.step, "the agent offers a step of an unknown interface");
        return None;
    };
    let args = step.argsinfo.iter().flatten();
    Some(InBand {
        interface,
        step: step.step.clone(),
        priority: step.priority,
        abortable: step.is_abortable(kind),
        reboot_requested: step.reboot_requested,
        again: again(interface, &step.step),
        required: args.clone().filter(|(_, info)| info.required).map(|(name, _)| name.clone()).collect(),
        known: args.clone().map(|(name, _)| name.clone()).collect(),
        described: args.map(|(_, info)| info.description.clone()).collect(),
    })
}

/// What a second run means: known steps end in the same state, of others we cannot tell.
fn again(interface: Interface, step: &str) -> Again {
    let known = match interface {
        Interface::Deploy => {
            REPEATABLE.contains(&step) || step.starts_with("erase_") || step.starts_with("burnin_")
        }
        Interface::Raid => step == "delete_configuration",
        Interface::Bios
        | Interface::Boot
        | Interface::Console
        | Interface::Firmware
        | Interface::Inspect
        | Interface::Management
        | Interface::Network
        | Interface::Power
        | Interface::Rescue
        | Interface::Storage
        | Interface::Vendor => false,
    };
    if known { Again::Repeat } else { Again::Never }
}

/// The node and its ports, as every step command carries them; secrets are masked.
pub fn machine_params(host: &str, machine: &Machine) -> Object {
    let ports = machine.ports.iter().map(|port| port_for_agent(port, host)).collect();
    Object::from_iter([
        ("node".to_owned(), node_for_agent(&machine.node, host)),
        ("ports".to_owned(), Value::Array(ports)),
    ])
}

/// Steps of the generic hardware manager that may be run from their beginning again.
const REPEATABLE: &[&str] = &["clean_uefi_nvram", "execute_bootc_install", "inject_files", "write_image"];
