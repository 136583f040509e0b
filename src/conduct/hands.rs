//! Effects and looks to driver calls, each with a deadline; nothing here decides.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::base::id::NodeId;
use crate::base::time::{Clock, Later, SharedClock, sleep};
use crate::conduct::console::Consoles;
use crate::conduct::hands::calls::{Calls, CallsShown};
use crate::conduct::tray::Tray;
use crate::driver::bmc::insist::insisting;
use crate::driver::capability::boot_device::BootChoice;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::driver::registry::Registry;
use crate::driver::{Machine, StepCall, rule_call};
use crate::model::bmc::Remembered;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::BootDevice;
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::inspection::discovery::BmcAccount;
use crate::model::inspection::rule::call::Call;
use crate::model::inspection::told::Told;
use crate::model::node::Node;
use crate::model::run::Run;
use crate::model::step::By;
use crate::model::turn::{Failure, FailureKind};

pub mod boot;
pub mod calls;
pub mod inspect;
pub mod meet;
pub mod logs;
pub mod panel;

/// Whoever touches machines: the drivers, or in tests something that can stall, refuse, lie or die.
pub trait Hands: Send + Sync + fmt::Debug {
    /// Looks; changes nothing.
    fn look<'a>(&'a self, machine: Machine, look: &'a Look) -> Later<'a, Seen>;

    /// Pays an owed effect; `again` says that it may have been paid already.
    fn pay<'a>(&'a self, machine: Machine, effect: &'a Effect, again: bool) -> Later<'a, Outcome>;

    /// Keeps the logs that a ramdisk has told of itself with an inventory, a gzipped tar archive; under which name.
    fn keep_logs<'a>(&'a self, node: &'a Node, archive: Vec<u8>) -> Later<'a, Result<String, Failure>>;

    /// The same of a machine that is no node.
    fn keep_strangers_logs<'a>(
        &'a self,
        told: &'a Told,
        archive: Vec<u8>,
    ) -> Later<'a, Result<String, Failure>>;

    /// Calls since the start, by kind.
    fn calls(&self) -> Vec<CallsShown> {
        Vec::new()
    }

    /// A node was removed: what is remembered of its machine can go.
    fn forget(&self, node: NodeId);
}

/// The drivers of this host.
#[derive(Debug)]
pub struct Drivers {
    pub registry: Arc<Registry>,
    pub clock: SharedClock,
    /// Where the ramdisk's logs are kept.
    pub logs: PathBuf,
    pub tray: Arc<Tray>,
    pub consoles: Arc<Consoles>,
    /// The account of BMCs that nobody has configured.
    pub account: Option<BmcAccount>,
    /// What was called, counted.
    pub calls: Calls,
}

impl Hands for Drivers {
    fn look<'a>(&'a self, machine: Machine, look: &'a Look) -> Later<'a, Seen> {
        Box::pin(async move {
            let (call, step) = (look.label(), step_name(&machine.node, matches!(look, Look::Step { .. })));
            tracing::debug!(target: "ferric::call", node = %machine.node.label(), call, step, "call");
            let who = format!("{} of node {}", look.label(), machine.node.label());
            let own = is_sites_own(&machine.node, matches!(look, Look::Step { .. }));
            let (limit, began) = (if own { SITE_LIMIT } else { look_limit(look) }, self.clock.tick());
            let is_asked_for = is_asked_for(&machine.node, look);
            // It would make each lane's task as large as the largest of all looks.
            let work: Later<'_, _> = Box::pin(self.within(limit, self.look_at(machine, look)));
            let seen = if is_asked_for { insisting(work).await } else { work.await };
            tracing::debug!(target: "ferric::call", call, step, "answer");
            let seen = seen.unwrap_or_else(|| {
                Seen::Silent(Failure::silent(format!("no answer to {who} in {} s", limit.as_secs())))
            });
            self.calls.add(call, self.clock.tick().since(began), matches!(seen, Seen::Silent(_)));
            seen
        })
    }

    fn pay<'a>(&'a self, machine: Machine, effect: &'a Effect, again: bool) -> Later<'a, Outcome> {
        Box::pin(async move {
            let (call, step) =
                (effect.label(), step_name(&machine.node, matches!(effect, Effect::Step { .. })));
            tracing::debug!(target: "ferric::call", node = %machine.node.label(), call, step, again, "call");
            let own = is_sites_own(&machine.node, matches!(effect, Effect::Step { .. }));
            let (limit, began) = (if own { SITE_LIMIT } else { limit_of(effect) }, self.clock.tick());
            let who = format!("{} of node {}", effect.label(), machine.node.label());
            let outcome = insisting(self.within(limit, self.do_effect(machine, effect, again))).await;
            tracing::debug!(target: "ferric::call", call, step, "answer");
            let outcome = outcome.unwrap_or_else(|| {
                Outcome::Failed(Failure::silent(format!(
                    "no answer to {who} in {} s; whether it was done is not known",
                    limit.as_secs()
                )))
            });
            self.calls.add(call, self.clock.tick().since(began), matches!(outcome, Outcome::Failed(_)));
            outcome
        })
    }

    fn keep_logs<'a>(&'a self, node: &'a Node, archive: Vec<u8>) -> Later<'a, Result<String, Failure>> {
        Box::pin(self.keep_archive(logs::name(node, INSPECTION, self.clock.wall()), archive))
    }

    fn keep_strangers_logs<'a>(
        &'a self,
        told: &'a Told,
        archive: Vec<u8>,
    ) -> Later<'a, Result<String, Failure>> {
        Box::pin(self.keep_archive(logs::strangers_name(told, INSPECTION, self.clock.wall()), archive))
    }

    fn calls(&self) -> Vec<CallsShown> {
        self.calls.shown()
    }

    fn forget(&self, node: NodeId) {
        self.consoles.forget(node);
        self.registry.forget(node);
    }
}

impl Drivers {
    async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = sleep(&*self.clock, limit) => None,
        }
    }

    async fn look_at(&self, machine: Machine, look: &Look) -> Seen {
        match look {
            Look::Power => self.power_of(&machine).await,
            Look::Step { cursor } => match step_call(machine, *cursor) {
                Some(call) => {
                    Seen::Turn(self.registry.work(&call.step, &call.machine.node).look(&call).await)
                }
                None => Seen::Silent(Failure::silent("the step is no longer under way")),
            },
            // Lanes look among themselves.
            Look::StepFor { .. } => Seen::Silent(Failure::silent("a driver looks at its own machine only")),
            Look::AgentSteps => self.agent_steps(&machine).await,
            Look::AgentAlive => Seen::Alive(self.registry.agent_alive(&machine.node).await),
            Look::Valid { deploy } => Seen::Valid(self.registry.validate(&machine, *deploy)),
            Look::Image => Seen::Image(self.registry.image_fault(&machine.node).await),
            Look::BootDevice | Look::SupportedBootDevices => seen(self.boot_device_of(&machine, look).await),
            Look::Modes => seen(self.modes(&machine).await.map(Seen::Modes)),
            Look::Indicators => seen(self.indicators(&machine).await),
            Look::Media => seen(self.media(&machine).await),
            Look::Sensors => seen(self.sensors(&machine).await),
            Look::Sheets => seen(self.registry.sheets(&machine.node).await.map(Seen::Sheets)),
            Look::Book(book) => seen(self.book(&machine, *book).await.map(Seen::Answer)),
            Look::Passthru(call) => seen(self.passthru(&machine, call).await.map(Seen::Answer)),
        }
    }

    async fn boot_device_of(&self, machine: &Machine, look: &Look) -> Result<Seen, DriverError> {
        let Some(switch) = self.hardware(machine)?.boot_device else {
            return Ok(unsupported("boot devices"));
        };
        if *look == Look::SupportedBootDevices {
            return Ok(Seen::BootDevices(switch.supported().await?));
        }
        let choice = switch.get().await?;
        Ok(Seen::BootDevice { device: choice.device, persistent: choice.persistent })
    }

    async fn power_of(&self, machine: &Machine) -> Seen {
        match self.hardware(machine).map(|hardware| hardware.power) {
            Ok(Some(switch)) => match switch.state().await {
                Ok(power) => Seen::Power(power),
                Err(error) => silent(&error),
            },
            Ok(None) => unsupported("power"),
            Err(error) => silent(&error),
        }
    }

    async fn agent_steps(&self, machine: &Machine) -> Seen {
        let Some(kind) = machine.node.run.as_ref().map(|run| run.kind) else {
            return Seen::Silent(Failure::silent("no pipeline is under way"));
        };
        match self.registry.agent_steps(machine, kind).await {
            Ok(steps) => Seen::Steps(steps),
            Err(error) => silent(&error),
        }
    }

    async fn do_effect(&self, machine: Machine, effect: &Effect, again: bool) -> Outcome {
        match effect {
            Effect::Power { wish, limit } => self.set_power(&machine, *wish, *limit).await,
            Effect::BootDevice { device, persistent } => self
                .set_boot_device(&machine, *device, *persistent)
                .await
                .unwrap_or_else(|error| failed(&error)),
            Effect::KeptBootDevice => match machine.node.bmc.remembered_boot_device.and_then(Remembered::due)
            {
                Some(device) => {
                    let set = self.set_boot_device(&machine, device, false).await;
                    set.map_or_else(|error| failed(&error), |_| Outcome::Done)
                }
                None => Outcome::Done,
            },
            Effect::Boot(part) => self.pay_boot(&machine, *part).await.unwrap_or_else(|error| failed(&error)),
            Effect::Step { cursor } => self.act(machine, *cursor, again).await,
            Effect::Logs => self.collect_logs(&machine).await,
            Effect::Inspect { limit } => {
                self.inspect(&machine, *limit).await.unwrap_or_else(|error| failed(&error))
            }
            Effect::RuleCall { place } => {
                Box::pin(self.rule_call(&machine, *place)).await.unwrap_or_else(|error| failed(&error))
            }
            Effect::Meet(meeting) => {
                Box::pin(self.meet(&machine, *meeting)).await.unwrap_or_else(|error| failed(&error))
            }
            // Lanes pay it among themselves.
            Effect::Relative { .. } | Effect::StepOn { .. } | Effect::StepFor { .. } => {
                Outcome::Failed(Failure::step("a driver works on its own machine only"))
            }
            Effect::Mode(_)
            | Effect::Nmi
            | Effect::Indicator { .. }
            | Effect::Insert { .. }
            | Effect::Eject { .. }
            | Effect::Passthru(_)
            | Effect::Console { .. } => {
                self.press(&machine, effect).await.unwrap_or_else(|error| failed(&error))
            }
        }
    }

    async fn set_boot_device(
        &self,
        machine: &Machine,
        device: BootDevice,
        persistent: bool,
    ) -> Result<Outcome, DriverError> {
        match self.hardware(machine)?.boot_device {
            Some(switch) => {
                let BootChoice { keep, .. } = switch.set(device, persistent).await?;
                Ok(Outcome::BootDevice { device, keep })
            }
            // A machine without the capability boots as its firmware is set; that is no failure.
            None => Ok(Outcome::Done),
        }
    }

    async fn set_power(&self, machine: &Machine, wish: PowerWish, limit: u32) -> Outcome {
        match self.hardware(machine).map(|hardware| hardware.power) {
            Ok(Some(switch)) => match switched(&*self.clock, &*switch, wish, limit).await {
                Ok(power) if power == wish.goal() => Outcome::Power(power),
                Ok(power) => {
                    Outcome::Failed(Failure::step(format!("the machine is {} after {limit} s", power.name())))
                }
                Err(error) => Outcome::Failed(error.failure()),
            },
            Ok(None) => Outcome::Failed(Failure::step("its driver has no power control")),
            Err(error) => Outcome::Failed(error.failure()),
        }
    }

    async fn act(&self, machine: Machine, cursor: usize, again: bool) -> Outcome {
        let Some(call) = step_call(machine, cursor) else {
            return Outcome::Failed(Failure::new(FailureKind::Unknown, "the step is no longer under way"));
        };
        Outcome::Turn(self.registry.work(&call.step, &call.machine.node).act(&call, again).await)
    }

    /// A call that is no longer kept was made, or its inspection is over.
    async fn rule_call(&self, machine: &Machine, place: usize) -> Result<Outcome, DriverError> {
        if let Some(call) = machine.node.calls.get(place).and_then(Call::of) {
            rule_call::make(&call, &*self.clock).await?;
        }
        Ok(Outcome::Done)
    }

    async fn collect_logs(&self, machine: &Machine) -> Outcome {
        let bytes = match self.registry.logs(&machine.node).await {
            Ok(bytes) => bytes,
            Err(error) => return Outcome::Failed(error.failure()),
        };
        let kept = self.keep_archive(logs::name(&machine.node, "", self.clock.wall()), bytes).await;
        kept.map_or_else(Outcome::Failed, |_| Outcome::Done)
    }

    fn hardware(&self, machine: &Machine) -> Result<crate::driver::Hardware, DriverError> {
        self.registry.hardware(&machine.node)
    }
}

/// Power as it is after the wish. A BMC that was left alone for a while, so that nothing was asked of it, is asked again
/// until the time of the wish is over.
async fn switched(
    clock: &dyn Clock,
    switch: &dyn PowerSwitch,
    wish: PowerWish,
    limit: u32,
) -> Result<Power, DriverError> {
    let end = clock.tick().after(Duration::from_secs(limit.into()));
    loop {
        match switch.set(wish, end.since(clock.tick())).await {
            Err(error) if error.is_untried() && clock.tick().after(AGAIN) < end => sleep(clock, AGAIN).await,
            outcome => return outcome,
        }
    }
}

/// Whether somebody waits for the look: power sync, and what waits and looks by itself, has time.
fn is_asked_for(node: &Node, look: &Look) -> bool {
    match look {
        Look::Power => node.run.is_some() || node.target_power.is_some(),
        Look::Step { .. }
        | Look::StepFor { .. }
        | Look::AgentSteps
        | Look::AgentAlive
        | Look::Valid { .. }
        | Look::Image
        | Look::Sheets
        | Look::Modes => false,
        Look::BootDevice
        | Look::SupportedBootDevices
        | Look::Indicators
        | Look::Media
        | Look::Sensors
        | Look::Book(_)
        | Look::Passthru(_) => true,
    }
}

/// The running step, for the log of a call that is about it; empty for others.
fn step_name(node: &Node, about_it: bool) -> String {
    let step = node.run.as_ref().and_then(Run::step).filter(|_| about_it);
    step.map(ToString::to_string).unwrap_or_default()
}

/// Whether it is about a step or a hook of the site, whose manifest says how long it may take.
fn is_sites_own(node: &Node, about_it: bool) -> bool {
    let step = node.run.as_ref().and_then(Run::step).filter(|_| about_it);
    step.is_some_and(|step| matches!(step.by, By::Site | By::Hook))
}

fn failed(error: &DriverError) -> Outcome {
    Outcome::Failed(error.failure())
}

fn seen(found: Result<Seen, DriverError>) -> Seen {
    found.unwrap_or_else(|error| silent(&error))
}

fn silent(error: &DriverError) -> Seen {
    Seen::Silent(error.failure())
}

fn unsupported(what: &str) -> Seen {
    Seen::Silent(Failure::step(format!("the node's driver does not support {what}")))
}

fn step_call(machine: Machine, cursor: usize) -> Option<StepCall> {
    let run: &Run = machine.node.run.as_ref()?;
    let step = run.plan.get(cursor)?.clone();
    let (kind, memo, versions) = (run.kind, run.memo.clone(), run.versions.clone());
    Some(StepCall { machine, kind, step, memo, versions })
}

/// What the name of an inspection's logs says of them.
const INSPECTION: &str = "_inspect";

/// Longest a change may take before the far side counts as silent.
fn limit_of(effect: &Effect) -> Duration {
    match effect {
        Effect::Power { limit, .. } | Effect::Inspect { limit } => {
            Duration::from_secs(u64::from(*limit)) + CALL_MARGIN
        }
        Effect::Boot(BootPart::Fetch) => FETCH_LIMIT,
        Effect::BootDevice { .. } | Effect::KeptBootDevice | Effect::Boot(_) => BOOT_LIMIT,
        Effect::Relative { .. }
        | Effect::StepOn { .. }
        | Effect::StepFor { .. }
        | Effect::Nmi
        | Effect::Indicator { .. }
        | Effect::Console { .. }
        | Effect::Step { .. }
        | Effect::Logs
        | Effect::Mode(_)
        | Effect::Insert { .. }
        | Effect::Eject { .. }
        | Effect::Passthru(_)
        | Effect::RuleCall { .. }
        | Effect::Meet(_) => ACT_LIMIT,
    }
}

/// Longest a look may take. Sensors are a hundred requests, some hundred milliseconds each with slow BMCs.
fn look_limit(look: &Look) -> Duration {
    match look {
        Look::Sensors | Look::Sheets | Look::Book(_) | Look::Passthru(_) => ACT_LIMIT,
        Look::Power
        | Look::Step { .. }
        | Look::StepFor { .. }
        | Look::AgentSteps
        | Look::AgentAlive
        | Look::Valid { .. }
        | Look::Image
        | Look::BootDevice
        | Look::SupportedBootDevices
        | Look::Modes
        | Look::Indicators
        | Look::Media => LOOK_LIMIT,
    }
}

/// A look asks once or twice; agents answer `wait=true` commands within their own 60 s.
const LOOK_LIMIT: Duration = Duration::from_secs(90);
/// An act is one command with at most three tries of 60 s, or some requests to a BMC that takes seconds for each.
const ACT_LIMIT: Duration = Duration::from_mins(4);
/// Between two tries of a power change that a BMC was not asked for.
const AGAIN: Duration = Duration::from_secs(2);
/// A boot device may wait for jobs of the BMC that come first (35 tries, 15 s apart).
const BOOT_LIMIT: Duration = Duration::from_mins(10);
/// Gigabytes over a slow line. Servers that are silent are given up much earlier; this ends those that trickle.
const FETCH_LIMIT: Duration = Duration::from_hours(1);
/// Longer than any manifest allows, and than a call may wait for its place.
const SITE_LIMIT: Duration = Duration::from_mins(65);
/// What a driver may need beyond the wait that it was given.
const CALL_MARGIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
