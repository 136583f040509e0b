//! The system, its firmware settings, boot options and logs.

use serde_json::{Value, json};

use crate::twin::redfish::profile::{ROOT, Under};
use crate::twin::redfish::tree::{Builder, Live, healthy, link, links, numbered, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    system(builder);
    bios(builder);
    secure_boot(builder);
    boot_options(builder);
    logs(builder);
}

fn system(builder: &mut Builder) {
    let maker = builder.maker;
    let path = maker.system_path();
    let below = |name: &str| link(format!("{path}/{name}"));
    let mut members = json!({
        "SystemType": "Physical", "Manufacturer": maker.manufacturer, "Model": maker.model,
        "PartNumber": "P-1000-A", "AssetTag": "", "BiosVersion": maker.bios, "Status": healthy(),
        "MemorySummary": {"TotalSystemMemoryGiB": 256, "Status": well()},
        "ProcessorSummary": {"Count": 2, "CoreCount": 32, "LogicalProcessorCount": 64, "Model": CPU, "Status": well()},
        "Bios": below("Bios"), "SecureBoot": below("SecureBoot"), "Processors": below("Processors"),
        "Memory": below("Memory"), "EthernetInterfaces": below("EthernetInterfaces"),
        "NetworkInterfaces": below("NetworkInterfaces"), "Storage": below("Storage"),
        "SimpleStorage": below("SimpleStorage"), "LogServices": below("LogServices"),
        "PCIeDevices": super::parts::device_links(maker), "PCIeDevices@odata.count": super::parts::DEVICES.len(),
        "SerialConsole": {"SSH": {"ServiceEnabled": true, "Port": 22}, "IPMI": {"ServiceEnabled": true}},
        "Links": {
            "Chassis": [link(maker.chassis_path())], "ManagedBy": [link(maker.manager_path())],
        },
        "Actions": {"#ComputerSystem.Reset": {"target": format!("{path}/Actions/ComputerSystem.Reset")}},
    });
    if let Some(map) = members.as_object_mut() {
        if maker.media != Under::Manager {
            map.insert("VirtualMedia".to_owned(), below("VirtualMedia"));
        }
        if let Some(oem) = maker.oem {
            map.insert("Oem".to_owned(), json!({oem: oem_system(oem)}));
        }
    }
    builder.live((Live::System, Served::ComputerSystem), &path, "System", members);
    let info = json!({"Parameters": [{
        "Name": "ResetType", "Required": true, "DataType": "String", "AllowableValues": maker.resets,
    }]});
    let info = super::over(
        json!({
            "@odata.id": format!("{path}/ResetActionInfo"), "@odata.type": "#ActionInfo.v1_3_0.ActionInfo",
            "Id": "ResetActionInfo", "Name": "Reset Action Info",
        }),
        info,
    );
    builder.raw(Live::Nothing, &format!("{path}/ResetActionInfo"), info);
    let settings = format!("{path}/Settings");
    builder.live((Live::BootSettings, Served::ComputerSystem), &settings, "System Settings", json!({}));
    builder.live(
        (Live::BootSettings, Served::ComputerSystem),
        &format!("{path}/SD"),
        "System Settings",
        json!({}),
    );
}

fn oem_system(oem: &str) -> Value {
    match oem {
        "Dell" => json!({"DellSystem": {"BIOSReleaseDate": "03/14/2024", "ServerOSOOMSupported": "Enabled"}}),
        "Hpe" => {
            json!({"PostState": "FinishedPost", "IntelligentProvisioningVersion": "4.20.11", "ServerFQDN": ""})
        }
        "Lenovo" => json!({"FrontPanelUSBMode": "Shared", "SystemStatus": "OSBooted", "FirmwareLock": true}),
        _ => json!({"NodeManager": link(format!("{ROOT}/Managers/1")), "SupportedCollectionFunctions": []}),
    }
}

fn bios(builder: &mut Builder) {
    let path = format!("{}/Bios", builder.maker.system_path());
    let settings = format!("{path}/Settings");
    let members = json!({
        "AttributeRegistry": "BiosAttributeRegistry.1.0.0", "Attributes": {},
        "@Redfish.Settings": {
            "@odata.type": "#Settings.v1_3_5.Settings", "SettingsObject": link(settings.clone()),
            "SupportedApplyTimes": ["OnReset"],
        },
        "Actions": {"#Bios.ResetBios": {"target": format!("{path}/Actions/Bios.ResetBios")}},
    });
    builder.live((Live::Bios, Served::Bios), &path, "BIOS Configuration", members);
    let members = json!({"AttributeRegistry": "BiosAttributeRegistry.1.0.0", "Attributes": {}});
    builder.live((Live::BiosSettings, Served::Bios), &settings, "BIOS Pending Settings", members);
}

fn secure_boot(builder: &mut Builder) {
    let path = format!("{}/SecureBoot", builder.maker.system_path());
    let databases = format!("{path}/SecureBootDatabases");
    let members = json!({
        "SecureBootMode": "UserMode", "SecureBootDatabases": link(databases.clone()),
        "Actions": {"#SecureBoot.ResetKeys": {
            "target": format!("{path}/Actions/SecureBoot.ResetKeys"),
            "ResetKeysType@Redfish.AllowableValues":
                ["ResetAllKeysToDefault", "DeleteAllKeys", "DeletePK"],
        }},
    });
    builder.live((Live::SecureBoot, Served::SecureBoot), &path, "UEFI Secure Boot", members);
    let ids = texts(&["PK", "KEK", "db", "dbx"]);
    builder.list(Served::SecureBootDatabase, &databases, "UEFI Secure Boot Databases", &ids);
    for id in &ids {
        let members = json!({"DatabaseId": id});
        builder.put(
            Served::SecureBootDatabase,
            &format!("{databases}/{id}"),
            "UEFI Secure Boot Database",
            members,
        );
    }
}

fn boot_options(builder: &mut Builder) {
    let list = format!("{}/BootOptions", builder.maker.system_path());
    builder.list(Served::BootOption, &list, "Boot Options", &texts(ORDER));
    for (id, name) in ORDER.iter().zip(["Hard Drive", "PXE IPv4", "HTTP IPv4", "Virtual CD", "Shell"]) {
        let members = json!({"BootOptionReference": id, "DisplayName": name, "BootOptionEnabled": true});
        builder.put(Served::BootOption, &format!("{list}/{id}"), name, members);
    }
}

fn logs(builder: &mut Builder) {
    let list = format!("{}/LogServices", builder.maker.system_path());
    builder.list(Served::LogService, &list, "Log Services", &texts(&["SEL"]));
    let path = format!("{list}/SEL");
    let members = json!({
        "LogEntryType": "SEL", "OverWritePolicy": "WrapsWhenFull", "MaxNumberOfRecords": 512, "ServiceEnabled": true,
        "Entries": link(format!("{path}/Entries")), "Status": well(),
        "Actions": {"#LogService.ClearLog": {"target": format!("{path}/Actions/LogService.ClearLog")}},
    });
    builder.put(Served::LogService, &path, "System Event Log", members);
    let entries = format!("{path}/Entries");
    let ids = numbered("", LOGGED.len());
    let name = "Log Entries";
    builder.live_list((Live::Entries, Served::LogEntry), &entries, name, &ids);
    for (id, message) in ids.iter().zip(LOGGED) {
        let members = json!({
            "EntryType": "SEL", "Severity": "OK", "Created": "2026-01-05T10:00:00+00:00", "Message": message,
            "MessageId": "Base.1.16.Success", "SensorType": "System Event", "EntryCode": "Assert",
        });
        builder.put(Served::LogEntry, &format!("{entries}/{id}"), "Log Entry", members);
    }
    if let Some(leaf) = builder.leaves.get_mut(&entries)
        && let Some(map) = leaf.body.as_object_mut()
    {
        map.insert("Description".to_owned(), "System event log".into());
        map.entry("Members").or_insert_with(|| links(&entries, &ids));
    }
}

pub(super) const CPU: &str = "Intel(R) Xeon(R) Gold 6426Y";

/// The boot options in their order.
pub const ORDER: &[&str] = &["Boot0001", "Boot0002", "Boot0003", "Boot0004", "Boot0005"];

const LOGGED: &[&str] = &[
    "Log area reset",
    "System boot initiated",
    "Power supply 1 present",
    "Power supply 2 present",
    "Lid closed",
];
