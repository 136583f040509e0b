//! The BMC itself: its clock and its reset.

use std::time::Duration;

use jiff::Timestamp;

use crate::base::moment::Moment;
use crate::base::time::sleep;
use crate::driver::redfish::error::RedfishError;
use crate::driver::redfish::server::Server;
use crate::net::http::Method;
use crate::wire::redfish::power_state::allowed;
use crate::wire::redfish::send::{self, ResetType};
use crate::wire::redfish::view::manager::Manager;

impl Server {
    /// The BMC's clock; `None` if it shows none.
    pub async fn bmc_clock(&self) -> Result<Option<Moment>, RedfishError> {
        let seen = self.system().await?;
        Ok(moment(self.manager(&seen.view).await?.view::<Manager>().date_time.as_deref()))
    }

    /// Sets the BMC's clock to `now` and looks whether it took it. The moment counts, not how it is written.
    pub async fn set_bmc_clock(&self, now: Moment) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        let manager = self.manager(&seen.view).await?;
        let view: Manager = manager.view();
        let has_parts = view.date_time.as_deref().is_some_and(|text| text.contains('.'));
        let wanted = Timestamp::from_microsecond(now.0).unwrap_or_default();
        let shape = if has_parts { "%Y-%m-%dT%H:%M:%S%.6f+00:00" } else { "%Y-%m-%dT%H:%M:%S+00:00" };
        let offset = view.date_time_offset.as_deref().filter(|offset| !matches!(*offset, "+00:00" | "Z"));
        let body = send::clock(Some(&wanted.strftime(shape).to_string()), offset.map(|_| "+00:00"));
        let began = self.talk.clock().tick();
        let written = self.talk.patch(&manager.path, &body, None).await?;
        let shown = self.talk.get(&manager.path).await?.view::<Manager>().date_time;
        let passed = i64::try_from(self.talk.clock().tick().since(began).as_micros()).unwrap_or(i64::MAX);
        let is_near = |seen: Moment| (seen.0 - now.0).abs() <= passed.saturating_add(TOLERANCE);
        if moment(shown.as_deref()).is_some_and(is_near) {
            return Ok(());
        }
        Err(RedfishError::NotApplied {
            place: self.talk.place(Method::Patch, &manager.path),
            asked: body.shown().to_string(),
            answered: written.text(),
            seen: shown.unwrap_or_else(|| "no clock".to_owned()),
        })
    }

    /// Restarts the BMC and waits until it answers again.
    pub async fn reset_bmc(&self, limit: Duration) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let manager: Manager = self.manager(&seen.view).await?.view();
        let action = manager.reset.as_ref();
        let list = action.and_then(|action| action.allowable("ResetType"));
        let kind = allowed(&[ResetType::GracefulRestart, ResetType::ForceRestart], list.as_deref());
        let kind = if quirks.manager_reset_without_type() && list.is_none() { None } else { kind };
        let target = self.target(action.and_then(|action| action.target.as_ref()), "reset of the BMC")?;
        match self.talk.post(&target, Some(&send::reset(kind))).await {
            Err(error) if !error.may_have_worked() => return Err(error),
            Ok(_) | Err(_) => {}
        }
        self.await_bmc(limit).await
    }

    /// Waits for a BMC that restarts: deaf for a while, then three answers in a row.
    pub async fn await_bmc(&self, limit: Duration) -> Result<(), RedfishError> {
        let until = self.talk.clock().tick().after(limit);
        sleep(&**self.talk.clock(), DEAF.min(limit)).await;
        let mut heard = 0;
        loop {
            let outcome = self.system().await;
            heard = if outcome.is_ok() { heard + 1 } else { 0 };
            if heard >= HITS {
                return Ok(());
            }
            if self.talk.clock().tick() >= until {
                return outcome.map(|_| ());
            }
            sleep(&**self.talk.clock(), LOOKS).await;
        }
    }
}

/// Any form of RFC 3339.
fn moment(text: Option<&str>) -> Option<Moment> {
    text?.parse::<Timestamp>().ok().map(|time| Moment(time.as_microsecond()))
}

/// Microseconds by which a clock that was just set may differ.
const TOLERANCE: i64 = 2_000_000;
/// Before this a restarting BMC may still answer from its old life.
const DEAF: Duration = Duration::from_secs(20);
const LOOKS: Duration = Duration::from_secs(10);
const HITS: u32 = 3;
