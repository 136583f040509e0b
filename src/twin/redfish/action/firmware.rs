//! Secure boot and BIOS settings: what is asked holds after the next boot.

use serde_json::Value;

use crate::twin::redfish::answer::{Reply, done, refused, success};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::service::Ask;
use crate::wire::redfish::send::{Mode, ResetKeys};

pub(super) fn patch_secure_boot(bmc: &Bmc, body: &Value) -> Reply {
    let Some(enable) = body.get("SecureBootEnable").and_then(Value::as_bool) else {
        return Err(refused(400, "PropertyMissing", &["SecureBootEnable"]));
    };
    if enable && bmc.server().firmware(|firmware| firmware.mode) == Mode::Legacy {
        return Err(refused(400, "PropertyValueConflict", &["SecureBootEnable", "BootSourceOverrideMode"]));
    }
    bmc.state().secure.enabled = enable;
    done()
}

pub(super) fn reset_keys(bmc: &Bmc, body: &Value) -> Reply {
    let word = body.get("ResetKeysType").and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = ResetKeys::parse(word) else {
        return Err(refused(400, "ActionParameterValueNotInList", &[word, "ResetKeysType", "ResetKeys"]));
    };
    bmc.state().secure.keys = match kind {
        ResetKeys::ResetAllKeysToDefault => true,
        ResetKeys::DeleteAllKeys => false,
    };
    success()
}

pub(super) fn patch_bios(bmc: &Bmc, body: &Value) -> Reply {
    let Some(wanted) = body.get("Attributes").and_then(Value::as_object) else {
        return Err(refused(400, "PropertyMissing", &["Attributes"]));
    };
    let mut state = bmc.state();
    if let Some(name) = wanted.keys().find(|name| !state.bios.contains_key(*name)) {
        return Err(refused(400, "PropertyUnknown", &[name]));
    }
    state.bios_pending.extend(wanted.clone());
    drop(state);
    done()
}

pub(super) fn reset_bios(bmc: &Bmc, ask: &Ask) -> Reply {
    if !ask.has_body && bmc.bites(Oddity::AnyResetbios415) {
        return Err(refused(415, "UnrecognizedRequestBody", &[]));
    }
    if !ask.has_body && bmc.bites(Oddity::DellResetbiosBody) {
        return Err(refused(400, "MalformedJSON", &[]));
    }
    success()
}
