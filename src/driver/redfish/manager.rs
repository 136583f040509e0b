//! The BMC itself: its clock and its reset.

use std::time::Duration;

use jiff::Timestamp;

use crate::base::moment::Moment;
use crate::base::time::sleep;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::net::http::Method;
use crate::wire::redfish::power_state::allowed;
use crate::wire::redfish::send::{self, ResetType};
use crate::wire::redfish::view::manager::Manager;

/// What a BMC's clock is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockWish {
    pub time: Moment,
    /// The local offset; left as it is, if none is given.
    pub offset: Option<Offset>,
}

/// A local offset, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset(i32);

impl Offset {
    pub const UTC: Self = Self(0);

    /// `+01:00`, `-06:30` or `Z`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "Z" {
            return Some(Self::UTC);
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':').filter(|(hours, minutes)| {
            let is_two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            is_two(hours) && is_two(minutes)
        })?;
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours <= 18 && minutes < 60).then_some(Self(sign * (60 * hours + minutes)))
    }

    /// As Redfish writes it.
    pub fn text(self) -> String {
        let (sign, minutes) = (if self.0 < 0 { '-' } else { '+' }, self.0.unsigned_abs());
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// The time as this BMC writes it, and the offset if it changes: some refuse one that they have.
fn written(wish: &ClockWish, view: &Manager) -> (String, Option<String>) {
    let own = view.date_time_offset.as_deref().and_then(Offset::parse);
    let offset = wish.offset.or(own).unwrap_or(Offset::UTC);
    let shift = i64::from(offset.0) * 60 * SECOND;
    let local = Timestamp::from_microsecond(wish.time.0.saturating_add(shift)).unwrap_or_default();
    let has_parts = view.date_time.as_deref().is_some_and(|text| text.contains('.'));
    let shape = if has_parts { "%Y-%m-%dT%H:%M:%S%.6f" } else { "%Y-%m-%dT%H:%M:%S" };
    let time = format!("{}{}", local.strftime(shape), offset.text());
    let is_shown = view.date_time_offset.is_some();
    let changed = wish.offset.filter(|offset| is_shown && own != Some(*offset));
    (time, changed.map(Offset::text))
}

impl Server {
    /// Whether the BMC's clock is right; one that shows no time is not wrong.
    pub async fn is_clock_right(&self) -> Result<bool, RedfishError> {
        let seen = self.system().await?;
        let before = self.talk.clock().wall();
        let shown = self.manager(&seen.view).await?.view::<Manager>().date_time;
        let after = self.talk.clock().wall();
        let Some(shown) = moment(shown.as_deref()) else { return Ok(true) };
        // A clock of whole seconds shows up to one second less.
        Ok((before.0 - 2 * SECOND..=after.0 + SECOND).contains(&shown.0))
    }

    /// Sets the BMC's clock and looks whether it took it. The moment counts, not how it is written.
    pub async fn set_bmc_clock(&self, wish: &ClockWish) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        let manager = self.manager(&seen.view).await?;
        let view: Manager = manager.view();
        let (time, offset) = written(wish, &view);
        let body = send::clock(Some(&time), offset.as_deref());
        let began = self.talk.clock().tick();
        let written = self.talk.patch(&manager.path, &body, None).await?;
        let shown = self.talk.get(&manager.path).await?.view::<Manager>().date_time;
        let passed = i64::try_from(self.talk.clock().tick().since(began).as_micros()).unwrap_or(i64::MAX);
        let range = wish.time.0.saturating_sub(TOLERANCE)
            ..=wish.time.0.saturating_add(passed).saturating_add(TOLERANCE);
        if moment(shown.as_deref()).is_some_and(|shown| range.contains(&shown.0)) {
            return Ok(());
        }
        Err(RedfishError::NotApplied {
            place: self.talk.place(Method::Patch, &manager.path),
            asked: body.shown().to_string(),
            answered: written.text(),
            seen: shown.unwrap_or_else(|| "no clock".to_owned()),
        })
    }

    /// Restarts the BMC, gracefully if it can and is asked to, and waits until it answers again.
    pub async fn reset_bmc(&self, is_warm: bool, limit: Duration) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let manager: Manager = self.manager(&seen.view).await?.view();
        let action = manager.reset.as_ref();
        let list = action.and_then(|action| action.allowable("ResetType"));
        let (warm, cold) = (ResetType::GracefulRestart, ResetType::ForceRestart);
        let wanted = if is_warm { [warm, cold] } else { [cold, warm] };
        let kind = allowed(&wanted, list.as_deref());
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

/// In microseconds.
const SECOND: i64 = 1_000_000;
/// Microseconds by which a clock that was just set may differ.
const TOLERANCE: i64 = 2 * SECOND;
/// Before this a restarting BMC may still answer from its old life.
const DEAF: Duration = Duration::from_secs(20);
const LOOKS: Duration = Duration::from_secs(10);
const HITS: u32 = 3;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn offsets_are_read_as_they_are_written() {
        for (text, minutes) in [("+00:00", 0), ("-06:30", -390), ("+05:45", 345), ("Z", 0)] {
            assert_eq!(Offset::parse(text), Some(Offset(minutes)), "{text}");
        }
        assert_eq!(Offset(-390).text(), "-06:30");
        for wrong in ["", "06:00", "+6:00", "+19:00", "+01:60", "é1:00", "+0a:00", "+01:00:00"] {
            assert_eq!(Offset::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_is_written_as_the_bmc_writes_its_own() {
        let wish = |offset| ClockWish { time: Moment(1_000_500), offset };
        for (bmc, offset, time, changed) in [
            (json!({"DateTime": "x"}), Some(Offset::UTC), "1970-01-01T00:00:01+00:00", None),
            (
                json!({"DateTime": "x.5", "DateTimeLocalOffset": "+00:00"}),
                None,
                "1970-01-01T00:00:01.000500+00:00",
                None,
            ),
            (json!({"DateTimeLocalOffset": "-01:00"}), None, "1969-12-31T23:00:01-01:00", None),
            (
                json!({"DateTimeLocalOffset": "-01:00"}),
                Some(Offset::UTC),
                "1970-01-01T00:00:01+00:00",
                Some("+00:00"),
            ),
            (json!({"DateTimeLocalOffset": "Z"}), Some(Offset::UTC), "1970-01-01T00:00:01+00:00", None),
        ] {
            let told = written(&wish(offset), &Manager::read(&bmc));
            assert_eq!((told.0.as_str(), told.1.as_deref()), (time, changed), "{bmc}");
        }
    }
}
