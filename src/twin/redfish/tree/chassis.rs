//! The chassis.

use serde_json::{Value, json};

use crate::twin::redfish::tree::{Builder, Live, healthy, link, links, numbered};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    let maker = builder.maker;
    let path = maker.chassis_path();
    let below = |name: &str| link(format!("{path}/{name}"));
    let drives = format!("{}/Storage/{}/Drives", maker.system_path(), maker.storage);
    let mut members = json!({
        "ChassisType": "RackMount", "Manufacturer": maker.manufacturer, "Model": maker.model,
        "PartNumber": "C-1000-A", "AssetTag": "", "Status": healthy(), "HeightMm": 43.2,
        "NetworkAdapters": below("NetworkAdapters"), "PCIeDevices": below("PCIeDevices"),
        "Links": {
            "ComputerSystems": [link(maker.system_path())], "ManagedBy": [link(maker.manager_path())],
            "ManagersInChassis": [link(maker.manager_path())], "Drives": links(&drives, &numbered("Disk.", 8)),
        },
        "Actions": {"#Chassis.Reset": {
            "target": format!("{path}/Actions/Chassis.Reset"),
            "ResetType@Redfish.AllowableValues": ["On", "ForceOff"],
        }},
    });
    if let Some(map) = members.as_object_mut() {
        let mut add = |names: &[&str]| {
            for name in names {
                map.insert((*name).to_owned(), below(name));
            }
        };
        if maker.sensors.has_old() {
            add(&["Power", "Thermal"]);
        }
        if maker.sensors.has_new() {
            add(&["PowerSubsystem", "ThermalSubsystem", "Sensors"]);
        }
    }
    let members = super::over(members, oem(maker.oem));
    builder.live((Live::Chassis, Served::Chassis), &path, "Chassis", members);
}

fn oem(oem: Option<&str>) -> Value {
    match oem {
        Some("Dell") => json!({"Oem": {"Dell": {"DellChassis": {"CanBeFRUedState": "False"}}}}),
        Some("Hpe") => {
            json!({"Oem": {"Hpe": {"SmartStorageBattery": [{"ChargeLevelPercent": 100, "Index": 1}]}}})
        }
        Some("Lenovo") => {
            json!({"Oem": {"Lenovo": {"IsLCPSupported": "Disabled", "LocationLEDSupported": "Enabled"}}})
        }
        Some(other) => json!({"Oem": {other: {"BoardID": "0x1b71"}}}),
        None => json!({}),
    }
}
