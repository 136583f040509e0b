//! Power: one reset for each wish, looked at until it is seen.

use std::time::Duration;

use crate::base::time::{Later, Tick, sleep};
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::driver::redfish::error::RedfishError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::write::Written;
use crate::model::bmc::{Fact, Health};
use crate::model::power::{Power, PowerWish};
use crate::net::http::Method;
use crate::wire::redfish::fault::Fault;
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
            Ok(power(&seen))
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
    match seen.view.power() {
        Some(power_state::Power::On) => Power::On,
        Some(power_state::Power::Off) => Power::Off,
        None => Power::Error,
    }
}

fn goal(ask: Ask) -> Power {
    match ask.awaits() {
        power_state::Power::On => Power::On,
        power_state::Power::Off => Power::Off,
    }
}

impl Server {
    /// Keeps the health that came with a look, if it has changed.
    fn tell_health(&self, seen: &Seen) {
        let told = seen.view.status.standard_health();
        let health = told.as_deref().and_then(Health::parse);
        if self.talk.rack.ground.redfish.health && health != self.talk.node.bmc.health {
            self.talk.learn(Fact::Health(health));
        }
    }

    /// Brings it about and returns the power then seen. A restart of a machine that is off is a start; none of them
    /// takes power away but `Off`.
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
        if matches!(ask, Ask::Reboot | Ask::SoftReboot) && quirks.reboots_by_off_and_on() {
            return Err(self.missing("restart that does no harm: switch it off and on"));
        }
        if ask == Ask::SoftReboot && quirks.has_no_graceful_restart() {
            // A shutdown and a start would take power away.
            return Err(self.missing("restart by its operating system: shut it down, then switch it on"));
        }
        let written = self.reset(&seen, ask, until).await?;
        if is_restart {
            // The state is on before and after: it is given time to go.
            sleep(&**self.talk.clock(), RESTART_PAUSE).await;
        }
        let mut last = self.await_power(goal(ask), until).await?;
        if ask == Ask::SoftReboot && last == Power::Off {
            // A graceful restart that ended off (OpenBMC): it is switched on.
            let until = self.talk.clock().tick().after(limit.min(LATE_START));
            self.reset(&seen, Ask::On, until).await?;
            last = self.await_power(Power::On, until).await?;
        }
        if last == goal(ask) { Ok(last) } else { Err(self.no_power(ask, written, last, &quirks).await?) }
    }

    /// The error of a reset that was taken and has not brought its state about; work that failed says why.
    async fn no_power(
        &self,
        ask: Ask,
        written: Option<Written>,
        last: Power,
        quirks: &Quirks,
    ) -> Result<RedfishError, RedfishError> {
        let answered = match &written {
            Some(written) => self.work_so_far(written, quirks).await?,
            None => "nothing, or that it is so already".to_owned(),
        };
        let place =
            written.map_or_else(|| self.talk.place(Method::Post, "the reset"), |written| written.place);
        let asked = goal(ask).name().to_owned();
        Ok(RedfishError::NotApplied { place, asked, answered, seen: last.name().to_owned() })
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
    pub async fn send_reset(
        &self,
        seen: &Seen,
        kind: ResetType,
        until: Tick,
    ) -> Result<Option<Written>, RedfishError> {
        let action = seen.view.reset.as_ref().and_then(|action| action.target.as_ref());
        let path = self.target(action, "reset action of the system")?;
        let body = send::reset(Some(kind));
        let (again, pause) = self.talk.rack.ground.redfish.power_on_conflict;
        let mut tries = 0;
        loop {
            let error = match self.talk.post(&path, Some(&body)).await {
                Ok(written) => return Ok(Some(written)),
                Err(error) => error,
            };
            if error.may_have_worked() && kind != ResetType::Nmi {
                tracing::warn!(%error, "the answer to a reset was lost: it is looked for");
                return Ok(None);
            }
            if error.fault().is_some_and(Fault::may_be_there) && self.was_needless(&error, kind).await {
                return Ok(None);
            }
            tries += 1;
            if !waits_for(&error, kind) || tries > again || self.talk.clock().tick() >= until {
                return Err(error);
            }
            sleep(&**self.talk.clock(), pause).await;
        }
    }

    /// Whether the machine is where the refused reset would have brought it.
    async fn was_needless(&self, error: &RedfishError, kind: ResetType) -> bool {
        let seen = self.system().await.ok().and_then(|seen| seen.view.power());
        let said = || error.fault().and_then(Fault::already);
        is_there(seen.or_else(said), kind)
    }

    /// Looks until the goal is seen or the time is over; a BMC that is deaf for a while after a reset is waited for.
    pub async fn await_power(&self, goal: Power, until: Tick) -> Result<Power, RedfishError> {
        let mut pause = FIRST_LOOK;
        loop {
            let looked = self.system().await;
            let is_over = self.talk.clock().tick() >= until;
            match looked {
                Ok(seen) if power(&seen) == goal || is_over => return Ok(power(&seen)),
                Err(error) if is_over || !error.is_silence() && error.is_about_account() => {
                    return Err(error);
                }
                Ok(_) | Err(_) => {}
            }
            let rest = until.since(self.talk.clock().tick());
            sleep(&**self.talk.clock(), pause.min(rest)).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }
}

/// Whether the machine may take the same reset a moment later: it is in POST, or still on its way down.
fn waits_for(error: &RedfishError, kind: ResetType) -> bool {
    let is_start = matches!(kind, ResetType::On | ResetType::ForceOn);
    error.fault().is_some_and(|fault| fault.is_in_post() || is_start && fault.is_value_conflict())
}

const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(5);
/// What a restart takes before its first look means anything.
const RESTART_PAUSE: Duration = Duration::from_secs(15);
/// What is left for a start after a restart that ended off.
const LATE_START: Duration = Duration::from_mins(1);
