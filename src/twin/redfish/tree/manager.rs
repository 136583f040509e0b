//! The manager, its network and logs, and the virtual media.

use serde_json::{Value, json};

use crate::twin::redfish::profile::{Maker, Slot, Under};
use crate::twin::redfish::tree::{Builder, Live, healthy, link, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    manager(builder);
    network(builder);
    logs(builder);
    for path in builder.maker.media_paths() {
        media(builder, &path);
    }
}

fn manager(builder: &mut Builder) {
    let maker = builder.maker;
    let path = maker.manager_path();
    let below = |name: &str| link(format!("{path}/{name}"));
    let resets: &[&str] = &["ForceRestart", "GracefulRestart"];
    let mut members = json!({
        "ManagerType": "BMC", "Model": maker.manager_model, "FirmwareVersion": maker.firmware, "Status": healthy(),
        "ServiceEntryPointUUID": "92384634-2938-2342-8820-489239905423", "PowerState": "On",
        "EthernetInterfaces": below("EthernetInterfaces"), "NetworkProtocol": below("NetworkProtocol"),
        "LogServices": below("LogServices"),
        "SerialConsole": {"ServiceEnabled": true, "MaxConcurrentSessions": 1, "ConnectTypesSupported": ["IPMI", "SSH"]},
        "CommandShell": {"ServiceEnabled": true, "MaxConcurrentSessions": 4, "ConnectTypesSupported": ["SSH"]},
        "GraphicalConsole": {"ServiceEnabled": true, "MaxConcurrentSessions": 4, "ConnectTypesSupported": ["KVMIP"]},
        "Links": {
            "ManagerForServers": [link(maker.system_path())], "ManagerForChassis": [link(maker.chassis_path())],
            "ManagerInChassis": link(maker.chassis_path()),
        },
        "Actions": {"#Manager.Reset": {
            "target": format!("{path}/Actions/Manager.Reset"), "ResetType@Redfish.AllowableValues": resets,
        }},
    });
    if let Some(map) = members.as_object_mut()
        && maker.media != Under::System
    {
        map.insert("VirtualMedia".to_owned(), below("VirtualMedia"));
    }
    if maker.oem == Some("Dell") {
        let action = "EID_674_Manager.ImportSystemConfiguration";
        let own = json!({format!("OemManager.v1_4_0#{action}"): {"target": format!("{path}/Actions/Oem/{action}")}});
        members = super::over(members, json!({"Actions": {"Oem": own}}));
    }
    let members = super::over(members, oem(maker));
    builder.live((Live::Manager, Served::Manager), &path, "Manager", members);
}

fn oem(maker: &Maker) -> Value {
    let path = maker.manager_path();
    match maker.oem {
        Some("Dell") => json!({
            "Links": {"Oem": {"Dell": {
                "DellJobService": link(format!("{path}/Oem/Dell/DellJobService")),
                "DellLCService": link(format!("{path}/Oem/Dell/DellLCService")),
                "DelliDRACCardService": link(format!("{path}/Oem/Dell/DelliDRACCardService")),
                "Jobs": link(format!("{path}/Oem/Dell/Jobs")),
                "DellAttributes": [link(format!("{path}/Oem/Dell/DellAttributes/{}", maker.manager))],
            }}},
            "Oem": {"Dell": {"DelliDRACCard": {"IPMIVersion": "2.0", "URLString": "https://127.0.0.1:443"}}},
        }),
        Some("Hpe") => json!({"Oem": {"Hpe": {
            "Firmware": {"Current": {"VersionString": maker.firmware, "Date": "Mar 01 2024"}},
            "License": {"LicenseString": "iLO Advanced", "LicenseType": "Perpetual"},
        }}}),
        Some("Lenovo") => json!({"Oem": {"Lenovo": {"release_name": "whitley_gp_23-2", "KCSEnabled": true}}}),
        Some(other) => json!({"Oem": {other: {"RADIUS": link(format!("{path}/Oem/{other}/RADIUS"))}}}),
        None => json!({}),
    }
}

fn network(builder: &mut Builder) {
    let path = builder.maker.manager_path();
    let members = json!({
        "HostName": "bmc", "FQDN": "bmc.example", "HTTP": {"ProtocolEnabled": true, "Port": 80},
        "HTTPS": {"ProtocolEnabled": true, "Port": 443}, "SSH": {"ProtocolEnabled": true, "Port": 22},
        "IPMI": {"ProtocolEnabled": true, "Port": 623}, "VirtualMedia": {"ProtocolEnabled": true, "Port": 623},
        "Status": well(),
    });
    builder.put(
        Served::ManagerNetworkProtocol,
        &format!("{path}/NetworkProtocol"),
        "Network Protocol",
        members,
    );
    let list = format!("{path}/EthernetInterfaces");
    builder.list(Served::EthernetInterface, &list, "Manager NICs", &texts(&["eth0"]));
    let members = json!({
        "MACAddress": "02:00:00:00:be:01", "PermanentMACAddress": "02:00:00:00:be:01", "SpeedMbps": 1000,
        "InterfaceEnabled": true, "LinkStatus": "LinkUp", "Status": well(),
        "IPv4Addresses": [{"Address": "127.0.0.1", "SubnetMask": "255.0.0.0", "AddressOrigin": "DHCP"}],
    });
    builder.put(Served::EthernetInterface, &format!("{list}/eth0"), "Manager NIC", members);
}

fn logs(builder: &mut Builder) {
    let list = format!("{}/LogServices", builder.maker.manager_path());
    builder.list(Served::LogService, &list, "Log Services", &texts(&["Log"]));
    let path = format!("{list}/Log");
    let members = json!({
        "ServiceEnabled": true, "MaxNumberOfRecords": 1000, "OverWritePolicy": "WrapsWhenFull",
        "Entries": link(format!("{path}/Entries")), "Status": well(),
    });
    builder.put(Served::LogService, &path, "Manager Log", members);
    builder.list(Served::LogEntry, &format!("{path}/Entries"), "Log Entries", &texts(&["1"]));
    let members = json!({
        "EntryType": "Oem", "OemRecordFormat": "Text", "Severity": "OK", "Created": "2026-01-05T10:00:00+00:00",
        "Message": "Management controller started", "MessageId": "Base.1.16.Success",
    });
    builder.put(Served::LogEntry, &format!("{path}/Entries/1"), "Log Entry", members);
}

fn media(builder: &mut Builder, list: &str) {
    let maker = builder.maker;
    let ids: Vec<&str> = maker.slots.iter().map(|slot| slot.id).collect();
    builder.list(Served::VirtualMedia, list, "Virtual Media", &texts(&ids));
    for (number, slot) in maker.slots.iter().enumerate() {
        let path = format!("{list}/{}", slot.id);
        let members = slot_members(&path, slot);
        builder.live((Live::Slot(number), Served::VirtualMedia), &path, "Virtual Media", members);
    }
}

fn slot_members(path: &str, slot: &Slot) -> Value {
    let action = |word: &str| format!("{path}/Actions/VirtualMedia.{word}");
    json!({
        "MediaTypes": slot.types,
        "Actions": {
            "#VirtualMedia.InsertMedia": {
                "target": action("InsertMedia"),
                "TransferProtocolType@Redfish.AllowableValues": ["HTTP", "HTTPS", "NFS", "CIFS"],
            },
            "#VirtualMedia.EjectMedia": {"target": action("EjectMedia")},
        },
    })
}
