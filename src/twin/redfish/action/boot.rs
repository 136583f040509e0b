//! The boot override: what may be asked where, and what becomes of it.

use serde_json::{Map, Value};

use crate::twin::redfish::action::lamp;
use crate::twin::redfish::answer::{Refusal, Reply, done, refused, refused_own};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::tree::Live;
use crate::wire::redfish::send::{Mode, Override, Target};

/// A PATCH of the system: the override, a lamp.
pub(super) fn patch_system(bmc: &Bmc, path: &str, body: &Value) -> Reply {
    let Some(boot) = body.get("Boot") else { return lamp::patch(bmc, Live::System, path, body) };
    if bmc.bites(Oddity::AmiFutureState) || bmc.bites(Oddity::LenovoTsmSd) {
        let text = "The operation is supported in the future state URI only.";
        return Err(refused_own(400, "Ami.1.0.OperationSupportedInFutureStateURI", text));
    }
    if bmc.bites(Oddity::DellIdrac10BootSettings) || bmc.bites(Oddity::NokiaBootSettings) {
        return Err(refused(400, "PropertyNotWritable", &["BootSourceOverrideTarget"]));
    }
    apply(bmc, boot)
}

/// A PATCH of the settings object.
pub(super) fn patch_settings(bmc: &Bmc, path: &str, body: &Value) -> Reply {
    let Some(boot) = body.get("Boot") else { return Err(refused(400, "PropertyMissing", &["Boot"])) };
    let has = |name: &str| boot.get(name).is_some();
    if !settings_object(bmc).is_some_and(|own| path.ends_with(own)) {
        return Err(refused(405, "OperationNotAllowed", &[]));
    }
    let is_partial = has("BootSourceOverrideTarget") || has("BootSourceOverrideEnabled");
    if is_partial && bmc.bites(Oddity::DellIdrac9SettingsPartial) {
        return Err(refused(400, "PropertyNotWritable", &["BootSourceOverrideTarget"]));
    }
    apply(bmc, boot)
}

/// The last part of the path of the settings object, of those who have one.
pub fn settings_object(bmc: &Bmc) -> Option<&'static str> {
    let standard =
        [Oddity::DellIdrac10BootSettings, Oddity::DellIdrac9SettingsPartial, Oddity::NokiaBootSettings];
    if bmc.has_any(&[Oddity::AmiFutureState, Oddity::LenovoTsmSd]) {
        return Some("/SD");
    }
    bmc.has_any(&standard).then_some("/Settings")
}

/// What a PATCH asks of `Boot`.
#[derive(Default)]
struct Wanted {
    target: Option<Target>,
    enabled: Option<Override>,
    mode: Option<Mode>,
    /// `Some(Null)` takes it away.
    http_uri: Option<Value>,
    order: Option<Value>,
}

fn apply(bmc: &Bmc, boot: &Value) -> Reply {
    let Some(map) = boot.as_object() else {
        return Err(refused(400, "PropertyValueTypeError", &["", "Boot"]));
    };
    refuse_early(bmc, map)?;
    let wanted = read(bmc, map)?;
    refuse(bmc, &wanted)?;
    if bmc.bites(Oddity::KubevirtbmcIgnored) {
        return done();
    }
    store(bmc, wanted);
    done()
}

/// Refusals that look at the members' names alone.
fn refuse_early(bmc: &Bmc, map: &Map<String, Value>) -> Result<(), Refusal> {
    let has = |name: &str| map.contains_key(name);
    if bmc.is_on() && bmc.is_within(bmc.state().seen.turned, 60) && bmc.bites(Oddity::HpePostWindow) {
        let text = "The boot settings cannot be changed while the system is in POST.";
        return Err(refused_own(400, "iLO.2.25.UnableToModifyDuringSystemPOST", text));
    }
    if bmc.bites(Oddity::HpeOverrideUnsupported) {
        return Err(refused_own(400, "iLO.2.25.UnsupportedOperation", "This operation is not supported."));
    }
    if bmc.bites(Oddity::OpenbmcNoOverride) || bmc.bites(Oddity::NvidiaNoBootNoActions) {
        return Err(refused(400, "PropertyUnknown", &["Boot"]));
    }
    let has_mode = has("BootSourceOverrideMode");
    if has_mode && (bmc.bites(Oddity::HpeModeReadonly) || bmc.bites(Oddity::AnyModeMissing)) {
        return Err(refused(400, "PropertyNotWritable", &["BootSourceOverrideMode"]));
    }
    if has_mode && bmc.bites(Oddity::SmcNoMode) {
        return Err(refused(400, "PropertyUnknown", &["BootSourceOverrideMode"]));
    }
    if has("BootOrder") && bmc.bites(Oddity::SmcFixedBootOrder) {
        return Err(refused(400, "PropertyUnknown", &["BootOrder"]));
    }
    let has_uri = has("HttpBootUri");
    if has_uri && (bmc.bites(Oddity::DellNoHttpbooturi) || !bmc.maker().boot_http) {
        return Err(refused(400, "PropertyUnknown", &["HttpBootUri"]));
    }
    let all = ["BootSourceOverrideTarget", "BootSourceOverrideEnabled", "BootSourceOverrideMode"];
    if let Some(name) = all.iter().find(|name| !map.contains_key(**name))
        && bmc.bites(Oddity::AmiFullBootRequest)
    {
        return Err(refused(400, "PropertyMissing", &[name]));
    }
    Ok(())
}

fn read(bmc: &Bmc, map: &Map<String, Value>) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::default();
    for (name, value) in map {
        let text = value.as_str().unwrap_or_default();
        let unknown = || refused(400, "PropertyValueNotInList", &[text, name]);
        match name.as_str() {
            "BootSourceOverrideTarget" => {
                if !bmc.maker().targets.contains(&text) || text == "UefiBootNext" {
                    return Err(unknown());
                }
                wanted.target = Some(Target::parse(text).ok_or_else(unknown)?);
            }
            "BootSourceOverrideEnabled" => wanted.enabled = Some(Override::parse(text).ok_or_else(unknown)?),
            "BootSourceOverrideMode" => wanted.mode = Some(Mode::parse(text).ok_or_else(unknown)?),
            "HttpBootUri" => wanted.http_uri = Some(value.clone()),
            "BootOrder" => wanted.order = Some(value.clone()),
            "UefiTargetBootSourceOverride" | "BootNext" => {}
            other => return Err(refused(400, "PropertyUnknown", &[other])),
        }
    }
    Ok(wanted)
}

/// Refusals that look at what is wanted.
fn refuse(bmc: &Bmc, wanted: &Wanted) -> Result<(), Refusal> {
    let continuous = wanted.enabled == Some(Override::Continuous);
    let refuses = || bmc.bites(Oddity::LenovoNoContinuous) || bmc.bites(Oddity::DellContinuousRemoved);
    if continuous && refuses() {
        return Err(refused(400, "PropertyValueNotInList", &["Continuous", "BootSourceOverrideEnabled"]));
    }
    let is_uefi_target = wanted.target == Some(Target::UefiTarget) && wanted.enabled.is_some();
    if is_uefi_target && bmc.bites(Oddity::DellUefitargetEnabled) {
        bmc.server().firmware(|firmware| firmware.target = Target::UefiTarget);
        return Err(refused(400, "PropertyNotWritable", &["BootSourceOverrideEnabled"]));
    }
    Ok(())
}

fn store(bmc: &Bmc, wanted: Wanted) {
    let boots = bmc.server().progress().boots;
    let late_mode = wanted.mode.is_some() && bmc.bites(Oddity::DellBootmodeJob);
    let mut state = bmc.state();
    state.overrides = state.overrides.saturating_add(1);
    let forgets = state.overrides.is_multiple_of(5) && bmc.bites(Oddity::SmcHttp200NoEffect);
    if late_mode && let Some(mode) = wanted.mode {
        state.mode_pending = Some((mode, boots));
    }
    if let Some(order) = wanted.order {
        let waits = bmc.bites(Oddity::SmcStaleBootOrder);
        *(if waits { &mut state.order_pending } else { &mut state.boot_order }) = Some(order);
    }
    drop(state);
    let screen = wanted.target == Some(Target::Hdd) && bmc.bites(Oddity::LenovoBootOptionScreen);
    if wanted.target == Some(Target::Cd) && bmc.bites_any(&[Oddity::SmcUsbcd, Oddity::DellVmediaBootOem]) {
        tracing::debug!("the simulated controller takes Cd and will not boot it");
    }
    let reverts = wanted.mode.is_none() && bmc.bites(Oddity::SmcModeReverts);
    let needs_enabled = wanted.enabled.is_none() && bmc.bites(Oddity::SmcEnabledAlways);
    bmc.server().firmware(|firmware| {
        match wanted.mode {
            Some(mode) if !late_mode => firmware.mode = mode,
            None if reverts => firmware.mode = Mode::Legacy,
            Some(_) | None => {}
        }
        if let Some(target) = wanted.target
            && (wanted.enabled.is_some() || !needs_enabled)
        {
            firmware.target = target;
            // A target alone counts once, as most makers read it.
            if firmware.enabled == Override::Disabled {
                firmware.enabled = Override::Once;
            }
        }
        if let Some(enabled) = wanted.enabled {
            firmware.enabled = enabled;
        }
        if let Some(uri) = wanted.http_uri {
            firmware.http_uri = uri.as_str().map(str::to_owned);
        }
        firmware.forgets |= forgets;
        firmware.hangs |= screen;
    });
}

/// Applies a boot mode that waits for 30 s after the next power on.
pub(in crate::twin::redfish) fn settle_mode(bmc: &Bmc) {
    let Some((mode, boots)) = bmc.state().mode_pending else { return };
    let seen = bmc.state().seen;
    if seen.on && seen.boots > boots && !bmc.is_within(seen.turned, 30) {
        bmc.state().mode_pending = None;
        bmc.server().firmware(|firmware| firmware.mode = mode);
    }
}
