//! Oddities of parts: drives, NICs, processors, logs, sensors and what makers call their own.

use serde_json::{Map, Value, json};

use crate::twin::redfish::bend::{below, without};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::wire::redfish::shape::served::Served;

pub(super) fn bend(bmc: &Bmc, kind: Served, map: &mut Map<String, Value>) {
    bend_hardware(bmc, kind, map);
    bend_storage(bmc, kind, map);
    bend_service(bmc, kind, map);
    bend_oem(bmc, map);
    if matches!(kind, Served::Processor | Served::Memory | Served::Drive)
        && bmc.bites(Oddity::AnyNumberAsText)
    {
        numbers_as_text(map);
    }
}

fn bend_hardware(bmc: &Bmc, kind: Served, map: &mut Map<String, Value>) {
    if kind == Served::EthernetInterface {
        if bmc.bites(Oddity::AnyEmptyMac) {
            map.insert("MACAddress".to_owned(), "".into());
        }
        if bmc.bites(Oddity::HuaweiNoStatus) {
            map.remove("Status");
        }
    }
    if kind == Served::Processor && bmc.bites(Oddity::ZteSocketNumber) {
        map.insert("Socket".to_owned(), 1.into());
    }
    let waking = kind == Served::PCIeDevice && bmc.is_within(bmc.state().seen.turned, 60);
    if waking && bmc.is_on() && bmc.bites(Oddity::HpePcieWithoutIds) {
        without(map, &["@odata.id", "Id", "Name", "PCIeFunctions"]);
    }
    if bmc.has(Oddity::CiscoSingleObject)
        && let Some(Value::Array(control)) = map.get_mut("PowerControl")
        && let Some(Value::Object(mut first)) = control.pop()
        && bmc.bites(Oddity::CiscoSingleObject)
    {
        numbers_as_text(&mut first);
        map.insert("PowerControl".to_owned(), Value::Object(first));
    }
    if kind == Served::Chassis {
        if bmc.bites(Oddity::AmiRequiredMissing) {
            without(map, &["Name", "ChassisType"]);
        }
        if bmc.bites(Oddity::DellPcieEmbedded) {
            map.remove("PCIeDevices");
        }
    }
}

fn bend_storage(bmc: &Bmc, kind: Served, map: &mut Map<String, Value>) {
    if bmc.has(Oddity::AnyNullCapacity) {
        if kind == Served::Drive && bmc.bites(Oddity::AnyNullCapacity) {
            map.insert("CapacityBytes".to_owned(), Value::Null);
        }
        if let Some(Value::Array(devices)) = map.get_mut("Devices") {
            devices.push(json!({"Name": "Backplane", "CapacityBytes": null}));
        }
    }
    if kind == Served::Drive
        && let Some(status) = below(map, &["Status"])
        && bmc.bites(Oddity::HpeDriveNoState)
    {
        status.remove("State");
    }
    if matches!(kind, Served::Storage | Served::StorageController) && bmc.bites(Oddity::AnyVolumesLinkMissing)
    {
        without(map, &["Volumes", "SupportedRAIDTypes"]);
        if let Some(Value::Array(controllers)) = map.get_mut("StorageControllers") {
            for controller in controllers.iter_mut().filter_map(Value::as_object_mut) {
                controller.remove("SupportedRAIDTypes");
            }
        }
    }
}

fn bend_service(bmc: &Bmc, kind: Served, map: &mut Map<String, Value>) {
    if kind == Served::LogEntry && bmc.bites(Oddity::HpeLogZeroTime) {
        map.insert("Created".to_owned(), "1970-01-01T00:00:00Z".into());
    }
    if kind == Served::LogService && bmc.bites(Oddity::LenovoSelAbsent) {
        map.remove("Entries");
    }
    if kind == Served::ManagerAccount && bmc.bites(Oddity::HpeAccountTypes) {
        map.remove("AccountTypes");
    }
    if kind == Served::UpdateService && bmc.bites(Oddity::AmiRequiredMissing) {
        map.remove("Name");
    }
    if kind == Served::SoftwareInventory && bmc.bites(Oddity::DellBadDates) {
        map.insert("ReleaseDate".to_owned(), "00:00:00Z".into());
    }
    if kind == Served::Manager {
        if let Some(reset) = below(map, &["Actions", "#Manager.Reset"])
            && bmc.bites(Oddity::HpeManagerResetNoType)
        {
            reset.remove("ResetType@Redfish.AllowableValues");
        }
        if bmc.bites(Oddity::LenovoVersionPrefix) {
            map.insert("FirmwareVersion".to_owned(), format!("AFBT52C-{}", bmc.maker().firmware).into());
        }
        if bmc.bites(Oddity::DellIdrac10VmediaSlot) {
            map.remove("VirtualMedia");
        }
    }
}

fn bend_oem(bmc: &Bmc, map: &mut Map<String, Value>) {
    let Some(oem) = below(map, &["Oem"]) else { return };
    if bmc.has(Oddity::HpeOemNames)
        && let Some(own) = oem.remove("Hpe")
        && bmc.bites(Oddity::HpeOemNames)
    {
        oem.insert("Hp".to_owned(), own);
    }
    for own in oem.values_mut().filter_map(Value::as_object_mut) {
        if bmc.has(Oddity::SmcBadFieldName)
            && let Some(value) = own.remove("SupportedCollectionFunctions")
            && bmc.bites(Oddity::SmcBadFieldName)
        {
            own.insert("SupportedCollectionFuntions".to_owned(), value);
        }
        if bmc.has(Oddity::LenovoBoolString) {
            for value in own.values_mut() {
                if let Some(flag) = value.as_bool()
                    && bmc.bites(Oddity::LenovoBoolString)
                {
                    *value = if flag { "Enabled" } else { "Disabled" }.into();
                }
            }
        }
    }
}

fn numbers_as_text(map: &mut Map<String, Value>) {
    for value in map.values_mut() {
        if value.is_number() {
            *value = value.to_string().into();
        }
    }
}
