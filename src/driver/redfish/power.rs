//! Power: one reset for each wish, looked at until it is seen.

use std::time::Duration;

use crate::base::time::{Later, Tick, sleep};
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::{Place, RedfishError};
use crate::driver::redfish::talk::write::Written;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::bmc::{Fact, Health};
use crate::net::http::Method;
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::lenient::found;
use crate::wire::redfish::power_state::{self, Ask, allowed, is_there};
use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::send::{self, ResetType};
use crate::wire::redfish::view::annotation::ActionInfo;

/// The power switch of a Redfish machine.
#[derive(Debug)]
pub struct RedfishPower(pub Server);

impl PowerSwitch for RedfishPower {
    fn state(&self) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            let seen = self.0.system().await?;
            self.0.tell_health(&seen);
            let told = seen.view.power().map(recorded);
            Ok(told.ok_or_else(|| self.0.no_power_state(&seen))?)
        })
    }

    fn set(&self, wish: PowerWish, limit: Duration) -> Later<'_, Result<Power, DriverError>> {
        let ask = match wish {
            PowerWish::On => Ask::On,
            PowerWish::Off => Ask::Off,
            PowerWish::SoftOff => Ask::SoftOff,
            PowerWish::Reset => Ask::Reboot,
            PowerWish::SoftReset => Ask::SoftReboot,
        };
        Box::pin(async move { Ok(self.0.bring_about(ask, limit).await?) })
    }
}

/// What the record calls it; a state that is neither on nor off is `Error`.
fn power(seen: &Seen) -> Power {
    seen.view.power().map_or(Power::Error, recorded)
}

fn recorded(power: power_state::Power) -> Power {
    match power {
        power_state::Power::On => Power::On,
        power_state::Power::Off => Power::Off,
    }
}

fn goal(ask: Ask) -> Power {
    recorded(ask.awaits())
}

impl Server {
    /// Neither on nor off: what stands in its place.
    fn no_power_state(&self, seen: &Seen) -> RedfishError {
        let told =
            found(&seen.resource.raw, &["PowerState"]).map_or_else(|| "none".to_owned(), ToString::to_string);
        let told: String = told.chars().take(SHOWN).collect();
        let why = format!("it tells no power state that is on or off (PowerState: {told})");
        RedfishError::Garbled { place: self.talk.place(Method::Get, seen.path()), why }
    }

    /// Keeps the health that came with a look, if it has changed.
    fn tell_health(&self, seen: &Seen) {
        let told = seen.view.status.standard_health();
        let health = told.as_deref().and_then(Health::parse);
        if self.talk.rack.ground.redfish.health && health != self.talk.node.bmc.health {
            self.talk.learn(Fact::Health(health));
        }
    }

    /// Brings it about and returns the power then seen. A restart of a machine that is off is a start; none of them
    /// takes power away but `Off`, and a soft restart where the BMC has none of its own.
    pub async fn bring_about(&self, ask: Ask, limit: Duration) -> Result<Power, RedfishError> {
        let until = self.talk.clock().tick().after(limit);
        let seen = self.system().await?;
        let now = power(&seen);
        let is_restart = matches!(ask, Ask::Reboot | Ask::SoftReboot);
        let ask = if is_restart && now == Power::Off { Ask::On } else { ask };
        if !is_restart && now == goal(ask) {
            return Ok(now);
        }
        let quirks = self.quirks(&seen).await?;
        if ask == Ask::SoftReboot && self.restarts_by_off_and_on(&seen, &quirks).await? {
            let written = self.reset(&seen, Ask::SoftOff, until).await?;
            self.reach(Ask::SoftOff, written, &quirks, until).await?;
            let written = self.reset(&seen, Ask::On, until).await?;
            return self.reach(Ask::On, written, &quirks, until).await;
        }
        if matches!(ask, Ask::Reboot | Ask::SoftReboot) && quirks.reboots_by_off_and_on() {
            return Err(self.missing("restart that does no harm: switch it off and on"));
        }
        if ask == Ask::SoftReboot && quirks.has_no_graceful_restart() {
            // A shutdown and a start would take power away, which this node's owner forbids.
            return Err(self.missing("restart by its operating system: shut it down, then switch it on"));
        }
        let written = self.reset(&seen, ask, until).await?;
        if is_restart {
            // The state is on before and after: it is given time to go.
            sleep(&**self.talk.clock(), RESTART_PAUSE).await;
        }
        if ask != Ask::SoftReboot {
            return self.reach(ask, written, &quirks, until).await;
        }
        match self.await_power(ask, written.as_ref(), &quirks, until).await? {
            // A graceful restart that ended off (OpenBMC): it is switched on.
            Some(Power::Off) => {
                let until = self.talk.clock().tick().after(limit.min(LATE_START));
                let written = self.reset(&seen, Ask::On, until).await?;
                self.reach(Ask::On, written, &quirks, until).await
            }
            Some(last) if last == goal(ask) => Ok(last),
            last => Err(self.no_power(ask, written, last, &quirks).await?),
        }
    }

    /// Whether a soft restart is a graceful shutdown and a start: the BMC lists no graceful restart, or it does harm.
    async fn restarts_by_off_and_on(&self, seen: &Seen, quirks: &Quirks) -> Result<bool, RedfishError> {
        if self.talk.node.wished.disable_power_off {
            return Ok(false);
        }
        if quirks.has_no_graceful_restart() || quirks.reboots_by_off_and_on() {
            return Ok(true);
        }
        match self.reset_type(seen, Ask::SoftReboot.resets()).await {
            Ok(_) => Ok(false),
            Err(RedfishError::NotAllowed { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Waits for the goal of what was asked; another power at the end of the time is an error that tells all.
    async fn reach(
        &self,
        ask: Ask,
        written: Option<Written>,
        quirks: &Quirks,
        until: Tick,
    ) -> Result<Power, RedfishError> {
        match self.await_power(ask, written.as_ref(), quirks, until).await? {
            Some(last) if last == goal(ask) => Ok(last),
            last => Err(self.no_power(ask, written, last, quirks).await?),
        }
    }

    /// The error of a reset that was taken and has not brought its state about; work that failed says why.
    async fn no_power(
        &self,
        ask: Ask,
        written: Option<Written>,
        last: Option<Power>,
        quirks: &Quirks,
    ) -> Result<RedfishError, RedfishError> {
        let answered = match &written {
            Some(written) => Some(self.work_so_far(written, quirks).await?),
            None => None,
        };
        let place = Box::new(self.reset_place(written.as_ref()));
        let asked = goal(ask).name().to_owned();
        let seen = last.map_or("no power state", Power::name).to_owned();
        Ok(match answered {
            Some(answered) => RedfishError::NotApplied { place, asked, answered, seen },
            None => RedfishError::Lost { place, asked, seen },
        })
    }

    fn reset_place(&self, written: Option<&Written>) -> Place {
        *written.map_or_else(|| self.talk.place(Method::Post, "the reset"), |written| written.place.clone())
    }

    /// One reset, by the best type that the machine allows.
    async fn reset(&self, seen: &Seen, ask: Ask, until: Tick) -> Result<Option<Written>, RedfishError> {
        let kind = self.reset_type(seen, ask.resets()).await?;
        if Some(&kind) != ask.resets().first() {
            tracing::info!(bmc = %self.talk.who(), asked = ?ask.resets().first(), sent = %kind, "another reset does it");
        }
        self.send_reset(seen, kind, until).await
    }

    /// The first of these that the machine allows.
    pub async fn reset_type(&self, seen: &Seen, wanted: &[ResetType]) -> Result<ResetType, RedfishError> {
        let action = seen.view.reset.as_ref();
        let mut list = action.and_then(|action| action.allowable("ResetType"));
        if list.is_none() {
            let info: Option<ActionInfo> =
                self.talk.maybe_view(action.and_then(|action| action.info.as_ref())).await?;
            list = info.and_then(|info| info.allowable("ResetType").map(<[String]>::to_vec));
        }
        let words = || wanted.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ");
        allowed(wanted, list.as_deref()).ok_or_else(|| RedfishError::NotAllowed {
            bmc: self.talk.who(),
            what: format!("the reset {}", words()),
            allowed: list.unwrap_or_default().join(", "),
        })
    }

    /// Presses until it is taken, found needless, or refused for good. An answer that was lost is looked for: `None`.
    /// Before each repeat the machine is looked at.
    pub async fn send_reset(
        &self,
        seen: &Seen,
        kind: ResetType,
        until: Tick,
    ) -> Result<Option<Written>, RedfishError> {
        let action = seen.view.reset.as_ref().and_then(|action| action.target.as_ref());
        let path = self.target(action, "reset action of the system")?;
        let body = send::reset(Some(kind));
        let mut tries = 0;
        loop {
            let error = match self.talk.post_once(&path, Some(&body)).await {
                Ok(written) => return Ok(Some(written)),
                Err(error) => error,
            };
            if error.may_have_worked() && kind != ResetType::Nmi {
                tracing::warn!(%error, "the answer to a reset was lost: it is looked for");
                return Ok(None);
            }
            let again = self.pause_after(&error, kind, tries);
            let is_late = |pause: &Duration| self.talk.clock().tick().after(*pause) >= until;
            let again = again.filter(|pause| !is_late(pause));
            if let Some(pause) = again {
                sleep(&**self.talk.clock(), pause).await;
            }
            let may_be_there = error.fault().is_some_and(Fault::may_be_there);
            if (may_be_there || again.is_some()) && self.was_needless(&error, kind).await {
                return Ok(None);
            }
            if again.is_none() {
                return Err(error);
            }
            tries += 1;
        }
    }

    /// When a refused reset is sent again: the machine is in POST or on its way down, or the BMC has too much to do.
    fn pause_after(&self, error: &RedfishError, kind: ResetType, tries: u32) -> Option<Duration> {
        let fault = error.fault()?;
        let is_start = matches!(kind, ResetType::On | ResetType::ForceOn);
        if fault.is_in_post() || is_start && fault.is_value_conflict() {
            let (again, pause) = self.talk.rack.ground.redfish.power_on_conflict;
            return (tries < again).then_some(pause);
        }
        fault.pause_before(tries)
    }

    /// Whether the machine is where the refused reset would have brought it.
    async fn was_needless(&self, error: &RedfishError, kind: ResetType) -> bool {
        let seen = self.system().await.ok().and_then(|seen| seen.view.power());
        let said = || error.fault().and_then(Fault::already);
        is_there(seen.or_else(said), kind)
    }

    /// Looks until the goal is seen or the time is over, `None` if no power state is told; a BMC that is deaf for a
    /// while after a reset is waited for. Work that the reset began and that failed ends it.
    async fn await_power(
        &self,
        ask: Ask,
        written: Option<&Written>,
        quirks: &Quirks,
        until: Tick,
    ) -> Result<Option<Power>, RedfishError> {
        let mut pause = FIRST_LOOK;
        loop {
            let looked = self.system().await;
            let is_over = self.talk.clock().tick() >= until;
            match looked {
                Ok(seen) if power(&seen) == goal(ask) || is_over => {
                    return Ok(seen.view.power().map(recorded));
                }
                Ok(_) => self.check_work(written, quirks).await?,
                Err(error) if is_over || !error.is_silence() && error.is_about_account() => {
                    return Err(self.unseen(ask, written, error));
                }
                Err(_) => {}
            }
            let rest = until.since(self.talk.clock().tick());
            sleep(&**self.talk.clock(), pause.min(rest)).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// The error of work that has failed; all else is told by the power.
    async fn check_work(&self, written: Option<&Written>, quirks: &Quirks) -> Result<(), RedfishError> {
        let Some(written) = written.filter(|written| written.status == 202) else { return Ok(()) };
        match self.work_so_far(written, quirks).await {
            Err(error @ RedfishError::WorkFailed { .. }) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The reset was sent, and what came of it cannot be seen.
    fn unseen(&self, ask: Ask, written: Option<&Written>, error: RedfishError) -> RedfishError {
        RedfishError::Unseen {
            place: Box::new(self.reset_place(written)),
            asked: goal(ask).name(),
            answered: written.map_or_else(|| LOST.to_owned(), Written::text),
            source: Box::new(error),
        }
    }
}

/// What is told of a reset without an answer.
const LOST: &str = "nothing that arrived";
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// What a restart takes before its first look means anything.
const RESTART_PAUSE: Duration = Duration::from_secs(15);
/// Characters of an odd power state that an error repeats.
const SHOWN: usize = 40;
/// What is left for a start after a restart that ended off.
const LATE_START: Duration = Duration::from_mins(1);
