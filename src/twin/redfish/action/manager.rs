//! The manager's clock and its reset.

use serde_json::Value;

use crate::twin::redfish::answer::{Reply, done, refused};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live::offset_seconds;
use crate::twin::redfish::oddity::Oddity;

pub(super) fn patch(bmc: &Bmc, body: &Value) -> Reply {
    if bmc.bites(Oddity::AmiPostMutation) {
        return Err(refused(405, "OperationNotAllowed", &[]));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if let Some(offset) = text("DateTimeLocalOffset") {
        let is_same = bmc.state().clock.offset == offset;
        if offset_seconds(offset).is_none() || is_same && bmc.bites(Oddity::AnyClockOffset) {
            return Err(refused(400, "PropertyValueFormatError", &[offset, "DateTimeLocalOffset"]));
        }
        offset.clone_into(&mut bmc.state().clock.offset);
    }
    if let Some(time) = text("DateTime") {
        let refusal = || refused(400, "PropertyValueFormatError", &[time, "DateTime"]);
        if time.contains('.') && bmc.bites(Oddity::AnyClockOffset) {
            return Err(refusal());
        }
        let told: jiff::Timestamp = time.parse().map_err(|_| refusal())?;
        let wall = bmc.server().inner.clock.wall().0;
        bmc.state().clock.micros = told.as_microsecond().saturating_sub(wall);
    }
    done()
}

/// Restarts the controller: sessions and tasks are gone, and for a while nobody answers.
pub(super) fn reset(bmc: &Bmc, body: &Value) -> Reply {
    if body.get("ResetType").is_some() && bmc.bites(Oddity::HpeManagerResetNoType) {
        return Err(refused(400, "ActionParameterNotSupported", &["ResetType", "Manager.Reset"]));
    }
    let word = body.get("ResetType").and_then(Value::as_str).unwrap_or("ForceRestart");
    if !matches!(word, "ForceRestart" | "GracefulRestart") {
        return Err(refused(400, "ActionParameterValueNotInList", &[word, "ResetType", "Manager.Reset"]));
    }
    let now = bmc.now();
    let is_late = bmc.bites(Oddity::AnyResetThenDeaf);
    let (task, paced) = (bmc.settings().task, |seconds| bmc.settings().paced(seconds));
    let (late, dark) = if is_late { (paced(20), paced(60)) } else { (task, task) };
    let mut state = bmc.state();
    state.resets.push(format!("Manager.{word}"));
    state.dark = Some((now.after(late), now.after(late).after(dark)));
    if !is_late {
        state.sessions.clear();
        state.tasks.clear();
    }
    drop(state);
    done()
}
