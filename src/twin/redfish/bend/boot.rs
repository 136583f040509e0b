//! Oddities of the system's own members: boot, reset, serial numbers.

use serde_json::{Map, Value, json};

use crate::twin::redfish::action::boot::settings_object;
use crate::twin::redfish::bend::{below, strike, without};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::tree::link;

pub(super) fn bend_system(bmc: &Bmc, path: &str, map: &mut Map<String, Value>) {
    if let Some(own) = settings_object(bmc) {
        map.insert(
            "@Redfish.Settings".to_owned(),
            json!({"@odata.type": "#Settings.v1_3_5.Settings", "SettingsObject": link(format!("{path}{own}"))}),
        );
    }
    if let Some(boot) = below(map, &["Boot"]) {
        bend_override(bmc, boot);
        bend_order(bmc, boot);
        if bmc.has_any(&[Oddity::DellIdrac10BootSettings, Oddity::AmiFutureState, Oddity::NokiaBootSettings])
        {
            boot.retain(|name, _| !name.ends_with("@Redfish.AllowableValues"));
        }
    }
    if let Some(reset) = below(map, &["Actions", "#ComputerSystem.Reset"]) {
        bend_reset(bmc, path, reset);
    }
    if bmc.bites(Oddity::NvidiaNoBootNoActions) {
        without(map, &["Boot", "Actions"]);
    }
    bend_names(bmc, map);
}

pub(super) fn bend_settings(bmc: &Bmc, map: &mut Map<String, Value>) {
    let Some(boot) = below(map, &["Boot"]) else { return };
    bend_override(bmc, boot);
    if bmc.bites(Oddity::DellIdrac9SettingsPartial) {
        boot.retain(|name, _| name.starts_with("BootSourceOverrideMode") || name == "BootOrder");
    }
}

fn bend_override(bmc: &Bmc, boot: &mut Map<String, Value>) {
    if bmc.bites_any(&[Oddity::AnyModeMissing, Oddity::HpeModeReadonly, Oddity::SmcNoMode]) {
        boot.retain(|name, _| !name.starts_with("BootSourceOverrideMode"));
    }
    if bmc.bites(Oddity::OpenbmcNoOverride) {
        boot.retain(|name, _| !name.starts_with("BootSourceOverride"));
    }
    if bmc.bites(Oddity::DellNoHttpbooturi) {
        boot.remove("HttpBootUri");
    }
    if bmc.bites_any(&[Oddity::LenovoNoContinuous, Oddity::DellContinuousRemoved]) {
        strike(boot, "BootSourceOverrideEnabled@Redfish.AllowableValues", "Continuous");
    }
    let is =
        |boot: &Map<String, Value>, name: &str, word: &str| boot.get(name).is_some_and(|value| value == word);
    let by_uefi =
        is(boot, "BootSourceOverrideTarget", "Pxe") && !is(boot, "BootSourceOverrideMode", "Legacy");
    if by_uefi && bmc.bites(Oddity::SmcPxeBecomesBootnext) {
        boot.insert("BootSourceOverrideTarget".to_owned(), "UefiBootNext".into());
    }
}

fn bend_order(bmc: &Bmc, boot: &mut Map<String, Value>) {
    if bmc.bites(Oddity::SmcFixedBootOrder) {
        boot.remove("BootOrder");
    }
    if let Some(Value::Array(order)) = boot.get_mut("BootOrder")
        && bmc.bites(Oddity::NvidiaBootorderComposite)
    {
        for entry in order {
            *entry = format!("{}: Ubuntu", entry.as_str().unwrap_or_default()).into();
        }
    }
}

fn bend_reset(bmc: &Bmc, path: &str, reset: &mut Map<String, Value>) {
    let list = "ResetType@Redfish.AllowableValues";
    if bmc.bites(Oddity::OpenbmcResetActioninfo) {
        reset.remove(list);
        reset.insert("@Redfish.ActionInfo".to_owned(), format!("{path}/ResetActionInfo").into());
    }
    if bmc.bites(Oddity::DellGracefulRestart) {
        strike(reset, list, "GracefulRestart");
    }
    if bmc.bites(Oddity::OpenbmcNoOverride) {
        strike(reset, list, "ForceRestart");
    }
}

/// The list of resets, where it is a resource of its own.
pub(super) fn bend_action_info(bmc: &Bmc, map: &mut Map<String, Value>) {
    let Some(Value::Array(parameters)) = map.get_mut("Parameters") else { return };
    for parameter in parameters.iter_mut().filter_map(Value::as_object_mut) {
        if bmc.bites(Oddity::OpenbmcNoOverride) {
            strike(parameter, "AllowableValues", "ForceRestart");
        }
    }
}

fn bend_names(bmc: &Bmc, map: &mut Map<String, Value>) {
    if bmc.bites(Oddity::DellSerialIsSku) {
        let tag = map.get("SerialNumber").cloned().unwrap_or_default();
        map.insert("SKU".to_owned(), tag);
        map.insert("SerialNumber".to_owned(), "CNIVC000BOARD01".into());
    }
    if bmc.bites(Oddity::DellBadDates) {
        map.insert("LastResetTime".to_owned(), "0000-00-00T00:00:00+00:00".into());
    }
    if bmc.bites(Oddity::NvidiaDpuNullMembers) {
        map.insert("UUID".to_owned(), "".into());
    }
    if bmc.bites(Oddity::CiscoNoNics) {
        map.remove("EthernetInterfaces");
    }
    if bmc.has(Oddity::HuaweiManagersLink)
        && let Some(links) = below(map, &["Links"])
        && let Some(managers) = links.remove("ManagedBy")
        && bmc.bites(Oddity::HuaweiManagersLink)
    {
        links.insert("Managers".to_owned(), managers);
    }
}
