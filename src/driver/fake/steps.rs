//! The fake deployment, and one fake step for each turn that a step can say: for tests of pipelines, and for users who want to see one.
//!
//! | step | arguments | what it says |
//! |---|---|---|
//! | `deploy` | | look again after the configured delay, then done |
//! | `rescue`, `unrescue` | | look again after the configured delay, then done |
//! | `fake_done` | | done |
//! | `fake_fail` | error | failed |
//! | `fake_act` | times | act so often, then done |
//! | `fake_look_in` | times, seconds | look again in so many seconds, so often |
//! | `fake_reboot` | into | reboot once, into ramdisk, disk or nothing |
//! | `fake_agent` | times | wait for so many heartbeats |
//! | `fake_hold` | | hold; `unhold` goes on with the next step |
//! | `fake_slow` | seconds | one act that takes so many seconds |
//! | `apply_configuration` | settings | done; the settings are what is known of the BIOS from then on |
//! | `factory_reset` | | done; nothing is known of the BIOS |
//! | `cache_bios_settings` | | done |
//! | `update` | settings | done |
//! | `log_passthrough` | | done |
//! | `trigger_servicewait` | | wait for a heartbeat |

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::base::time::{Later, sleep};
use crate::driver::fake::delays::FakeDelay;
use crate::driver::fake::{FakeRack, FakeServer};
use crate::driver::memo::{count, with};
use crate::driver::{StepCall, StepWork};
use crate::model::boot::Boots;
use crate::model::part::sheet::wished_settings;
use crate::model::turn::{Memo, Turn};

/// Work of every fake step.
#[derive(Debug)]
pub struct FakeStep {
    rack: Arc<FakeRack>,
}

impl FakeStep {
    pub fn new(rack: Arc<FakeRack>) -> Self {
        Self { rack }
    }

    fn server(&self, call: &StepCall) -> FakeServer {
        self.rack.server(&call.machine.node)
    }

    /// Lets the configured delay pass, rounded up to full seconds, without holding anything for it.
    fn delayed(&self, call: &StepCall, delay: FakeDelay) -> Turn {
        let delay = self.rack.draws.draw(delay);
        if delay.is_zero() || turns(call) > 0 {
            return Turn::done();
        }
        let after = u32::try_from(delay.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        Turn::LookIn { after, memo: next(call) }
    }
}

impl StepWork for FakeStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move {
            match self.server(call).call(FakeDelay::default(), |_| ()).await {
                Ok(()) if call.step.step == DEPLOY => self.delayed(call, self.rack.delays.deploy),
                Ok(()) if RESCUE.contains(&call.step.step.as_str()) => {
                    self.delayed(call, self.rack.delays.rescue)
                }
                Ok(()) => looked(call),
                Err(error) => error.turn(),
            }
        })
    }

    fn act<'a>(&'a self, call: &'a StepCall, _again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            let slow = if call.step.step == "fake_slow" { seconds(call) } else { 0 };
            sleep_some(self, slow).await;
            let delay = self.rack.delays.deploy;
            match self.server(call).call(delay, |machine| machine.acts += 1).await {
                Ok(()) => acted(call),
                Err(error) => error.turn(),
            }
        })
    }
}

async fn sleep_some(step: &FakeStep, seconds: u32) {
    if seconds > 0 {
        sleep(&*step.rack.clock, Duration::from_secs(seconds.into())).await;
    }
}

fn looked(call: &StepCall) -> Turn {
    let is_first = !call.memo.contains_key(TURNS);
    match call.step.step.as_str() {
        "fake_verify" => verified(call),
        "apply_configuration" => wished_settings(&call.step.args).map_or_else(Turn::failed, |_| Turn::done()),
        "fake_fail" => Turn::failed(text(call, "error").unwrap_or("this step was made to fail")),
        "fake_act" | "fake_slow" if turns(call) < times(call) => Turn::Act { memo: call.memo.clone() },
        "fake_look_in" if turns(call) < times(call) => {
            Turn::LookIn { after: seconds(call), memo: next(call) }
        }
        "fake_agent" | "trigger_servicewait" => beaten(call),
        "fake_reboot" if is_first => Turn::Reboot { into: into(call), memo: next(call) },
        "fake_hold" => Turn::Hold,
        "factory_reset"
        | "cache_bios_settings"
        | "log_passthrough"
        | "update"
        | "fake_done"
        | "fake_act"
        | "fake_slow"
        | "fake_look_in"
        | "fake_reboot" => Turn::done(),
        other => Turn::failed(format!("there is no fake step {other}")),
    }
}

/// Counts heartbeats: looks that find the last one where it was count for nothing.
fn beaten(call: &StepCall) -> Turn {
    let last = call.machine.node.agent.as_ref().and_then(|agent| agent.last_heartbeat);
    let last = last.map_or(0, |moment| moment.0.unsigned_abs());
    let came = call.memo.contains_key(TURNS) && count(&call.memo, BEAT) != last;
    let beats = turns(call) + u64::from(came);
    if beats >= times(call) {
        return Turn::done();
    }
    Turn::Agent { memo: with(&with(&call.memo, TURNS, beats), BEAT, last) }
}

fn acted(call: &StepCall) -> Turn {
    let memo = next(call);
    if count(&memo, TURNS) < times(call) { Turn::Act { memo } } else { Turn::done() }
}

/// The node's `driver_info` may ask for a failing verification.
fn verified(call: &StepCall) -> Turn {
    call.machine.node.driver_info("fake_verify_error").map_or_else(Turn::done, Turn::failed)
}

fn next(call: &StepCall) -> Memo {
    with(&call.memo, TURNS, turns(call) + 1)
}

fn turns(call: &StepCall) -> u64 {
    count(&call.memo, TURNS)
}

fn times(call: &StepCall) -> u64 {
    call.step.args.get("times").and_then(Value::as_u64).unwrap_or(1)
}

fn seconds(call: &StepCall) -> u32 {
    let asked = call.step.args.get("seconds").and_then(Value::as_u64).unwrap_or(1);
    u32::try_from(asked).unwrap_or(u32::MAX)
}

fn text<'a>(call: &'a StepCall, arg: &str) -> Option<&'a str> {
    call.step.args.get(arg).and_then(Value::as_str)
}

fn into(call: &StepCall) -> Boots {
    match text(call, "into") {
        Some("ramdisk") => Boots::Ramdisk,
        Some("disk") => Boots::Disk,
        Some(_) | None => Boots::Nothing,
    }
}

/// The one step of a fake deployment.
const DEPLOY: &str = "deploy";
/// The steps of a fake rescue, and of the way back.
const RESCUE: [&str; 2] = ["rescue", "unrescue"];
/// Memo field: moment of the last heartbeat that was counted.
const BEAT: &str = "beat";
/// Memo field: turns taken so far.
const TURNS: &str = "turns";
