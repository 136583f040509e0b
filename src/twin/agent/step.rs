//! In-band steps: versions checked, found among the managers, performed, echoed.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::twin::agent::Agent;
use crate::twin::agent::content;
use crate::twin::agent::failure::Failure;
use crate::twin::agent::image;
use crate::twin::machine::Machine;
use crate::twin::steps::{Site, SiteAct, is_generic, versions};
use crate::wire::agent::step::{StepEcho, StepKind};

/// Runs the step of an `execute_*_step` command.
pub(super) async fn run(
    agent: &Agent,
    kind: StepKind,
    params: &Map<String, Value>,
) -> Result<Value, Failure> {
    check_versions(agent, kind, params)?;
    let sent = params.get("step").cloned().unwrap_or_default();
    let name = text(&sent, "step").ok_or_else(|| Failure::execution("the step has no name"))?;
    let no_args = Map::new();
    let args = sent.get("args").and_then(Value::as_object).unwrap_or(&no_args);
    agent.machine.note(|progress| progress.begin(&name));
    let result = perform(agent, kind, &name, args).await?;
    let result = if result.is_null() { made(&name, params, args) } else { result };
    agent.machine.note(|progress| progress.finish(&name));
    let interface = text(&sent, "interface").unwrap_or_default();
    Ok(StepEcho { interface, step: name, sent, result }.emit(kind))
}

/// The volumes that a step returns: what it was asked for is what there is then.
fn made(name: &str, params: &Map<String, Value>, args: &Map<String, Value>) -> Value {
    let asked = match name {
        "create_configuration" => params.get("node").and_then(|node| node.get("target_raid_config")),
        "apply_configuration" => args.get("raid_config"),
        _ => None,
    };
    asked.cloned().unwrap_or_default()
}

/// A caller that says no versions is not checked.
fn check_versions(agent: &Agent, kind: StepKind, params: &Map<String, Value>) -> Result<(), Failure> {
    let Some(theirs) = params.get(&kind.version_member()).and_then(Value::as_object) else {
        return Ok(());
    };
    let theirs: BTreeMap<String, String> = theirs
        .iter()
        .map(|(name, version)| (name.clone(), version.as_str().unwrap_or_default().to_owned()))
        .collect();
    let ours = versions(agent.machine.settings().site.as_ref());
    if ours == theirs { Ok(()) } else { Err(Failure::versions(&ours, &theirs)) }
}

async fn perform(
    agent: &Agent,
    kind: StepKind,
    name: &str,
    args: &Map<String, Value>,
) -> Result<Value, Failure> {
    let machine = &agent.machine;
    if name != "write_image" && machine.strikes(|faults| faults.takes_reboot(name)) {
        return reboot_in_the_middle(machine, name).await;
    }
    if let Some((site, act)) = machine.settings().site.as_ref().and_then(|site| acts(site, name)) {
        return site_step(machine, &site.name, name, (act, args)).await;
    }
    if !is_generic(kind, name) {
        return Err(Failure::no_such_step(name));
    }
    match name {
        "erase_devices" => erased(machine, machine.disk().erase()),
        "erase_devices_metadata" | "erase_devices_express" => {
            erased(machine, machine.disk().erase_metadata())
        }
        "write_image" => {
            let info = args.get("image_info").unwrap_or(&Value::Null);
            content::image(info).map_err(Failure::execution)?;
            image::write(agent, args).await.map(Value::String)
        }
        _ => Ok(Value::Null),
    }
}

fn acts<'a>(site: &'a Site, name: &str) -> Option<(&'a Site, &'a SiteAct)> {
    let step = site.steps.iter().find(|step| step.step.step == name)?;
    Some((site, &step.act))
}

/// A site's step; `work` is what it does and the arguments that it was given.
async fn site_step(
    machine: &Machine,
    manager: &str,
    name: &str,
    work: (&SiteAct, &Map<String, Value>),
) -> Result<Value, Failure> {
    let (act, args) = work;
    match act {
        SiteAct::Say(text) => Ok(json!(text)),
        SiteAct::Sleep(length) => {
            machine.pause(*length).await;
            Ok(json!({"slept": true}))
        }
        SiteAct::Fail(text) => Err(Failure::step(text.as_str())),
        SiteAct::Argument(wanted) => match args.get(wanted) {
            Some(Value::String(value)) => Ok(json!(format!("{wanted}={value}"))),
            Some(value) => Ok(json!(format!("{wanted}={value}"))),
            None => Err(Failure::step(format!(
                "Unexpected exception performing clean step {name}. TypeError: {manager}.{name}() missing 1 \
                 required positional argument: '{wanted}'"
            ))),
        },
    }
}

fn erased(machine: &Machine, wiped: std::io::Result<u64>) -> Result<Value, Failure> {
    let bytes = wiped.map_err(|error| Failure::step(format!("the disk could not be erased: {error}")))?;
    machine.note(|progress| progress.bytes_written = progress.bytes_written.saturating_add(bytes));
    Ok(Value::Null)
}

/// A step that writes disks has done half of it when the machine resets.
async fn reboot_in_the_middle(machine: &Machine, name: &str) -> Result<Value, Failure> {
    if name.starts_with("erase_devices") {
        erased(machine, machine.disk().erase_metadata())?;
    }
    machine.cycle();
    std::future::pending().await
}

fn text(value: &Value, member: &str) -> Option<String> {
    Some(value.get(member)?.as_str()?.to_owned())
}
