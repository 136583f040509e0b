//! Resets: words in, the machine's power out, after the times that a host takes.

use serde_json::Value;

use crate::twin::redfish::answer::{Refusal, Reply, done, refused, refused_own};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::service::accepted;
use crate::wire::redfish::send::ResetType;

/// Resets the host.
pub(super) fn reset(bmc: &Bmc, body: &Value) -> Reply {
    let kind = kind(bmc, body)?;
    allowed_now(bmc, kind)?;
    {
        let now = bmc.now();
        let mut state = bmc.state();
        state.resets.push(kind.as_str().to_owned());
        if restarts(kind) {
            state.seen.reset = Some(now);
        }
    }
    if kind == ResetType::ForceRestart && bmc.bites(Oddity::HpeForceRestartCold) {
        tracing::debug!("a cold restart");
    }
    start(bmc, kind);
    if bmc.settings().tasks { Ok(accepted(bmc, "Reset")) } else { done() }
}

fn restarts(kind: ResetType) -> bool {
    matches!(kind, ResetType::ForceRestart | ResetType::GracefulRestart | ResetType::PowerCycle)
}

/// Which reset, if this maker has it.
fn kind(bmc: &Bmc, body: &Value) -> Result<ResetType, Refusal> {
    let Some(word) = body.get("ResetType").and_then(Value::as_str) else {
        return Err(refused(400, "ActionParameterMissing", &["Reset", "ResetType"]));
    };
    let unknown = || refused(400, "ActionParameterValueNotInList", &[word, "ResetType", "Reset"]);
    let is_absent = word == "GracefulRestart" && bmc.bites(Oddity::DellGracefulRestart)
        || word == "ForceRestart" && bmc.bites(Oddity::OpenbmcNoOverride);
    if is_absent || !bmc.maker().resets.contains(&word) {
        return Err(unknown());
    }
    ResetType::parse(word).ok_or_else(unknown)
}

/// Whether the host can take it in its present state.
fn allowed_now(bmc: &Bmc, kind: ResetType) -> Result<(), Refusal> {
    let (on, seen) = (bmc.is_on(), bmc.state().seen);
    let starts = matches!(kind, ResetType::On | ResetType::ForceOn);
    if starts && !on && bmc.is_within(seen.turned, 45) && bmc.bites(Oddity::DellIdrac10409On) {
        return Err(conflict(kind));
    }
    if bmc.is_within(seen.reset.max(seen.turned), 10) && bmc.bites(Oddity::HpeInvalidState) {
        let text = "The operation was not successful due to the current power state.";
        return Err(refused_own(400, "iLO.2.25.InvalidOperationForSystemState", text));
    }
    let stops = matches!(kind, ResetType::ForceOff | ResetType::GracefulShutdown);
    let is_redundant = on && starts || !on && stops;
    if is_redundant && bmc.bites(Oddity::Dell409Already) {
        let text = if on { "Server is already powered ON." } else { "Server is already powered OFF." };
        return Err(refused_own(409, "IDRAC.2.8.PSU501", text));
    }
    let needs_power = stops || restarts(kind) || kind == ResetType::Nmi;
    if !on && needs_power && !is_redundant && bmc.bites(Oddity::Dell409Already) {
        return Err(conflict(kind));
    }
    Ok(())
}

fn conflict(kind: ResetType) -> Refusal {
    refused(409, "ActionParameterValueConflict", &["ResetType", kind.as_str()])
}

/// Begins what the reset does; it goes on after the answer.
fn start(bmc: &Bmc, kind: ResetType) {
    let worker = bmc.clone();
    match kind {
        ResetType::On | ResetType::ForceOn => bmc.spawn(async move { turn_on(&worker).await }),
        ResetType::ForceOff => bmc.spawn(async move { turn_off(&worker, false).await }),
        ResetType::GracefulShutdown => bmc.spawn(async move { turn_off(&worker, true).await }),
        ResetType::PushPowerButton => {
            let on = bmc.is_on();
            bmc.spawn(async move { if on { turn_off(&worker, true).await } else { turn_on(&worker).await } });
        }
        ResetType::Nmi => bmc.server().interrupt(),
        ResetType::ForceRestart => {
            if bmc.bites(Oddity::LenovoRestartHang) {
                bmc.server().firmware(|firmware| firmware.hangs = true);
            }
            bmc.spawn(async move { restart(&worker).await });
        }
        ResetType::GracefulRestart if bmc.bites(Oddity::OpenbmcGracefulRestartOff) => {
            bmc.spawn(async move { turn_off(&worker, true).await });
        }
        ResetType::GracefulRestart => bmc.spawn(async move {
            if !worker.faults().ignores_shutdown {
                worker.pause(worker.settings().shutdown).await;
                restart(&worker).await;
            }
        }),
        ResetType::PowerCycle => bmc.spawn(async move {
            if worker.is_on() {
                turn_off(&worker, false).await;
                turn_on(&worker).await;
            }
        }),
    }
}

async fn turn_on(bmc: &Bmc) {
    if bmc.is_on() {
        return;
    }
    bmc.state().moving = Some("PoweringOn");
    bmc.pause(bmc.settings().power).await;
    bmc.server().power_on();
    bmc.state().moving = None;
}

async fn turn_off(bmc: &Bmc, orderly: bool) {
    if !bmc.is_on() || orderly && bmc.faults().ignores_shutdown {
        return;
    }
    bmc.state().moving = Some("PoweringOff");
    let length = if orderly { bmc.settings().shutdown } else { bmc.settings().power };
    bmc.pause(length).await;
    bmc.server().power_off().await;
    bmc.state().moving = None;
}

async fn restart(bmc: &Bmc) {
    bmc.pause(bmc.settings().power).await;
    bmc.server().reset();
}
