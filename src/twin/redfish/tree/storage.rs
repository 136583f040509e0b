//! The storage controller with its drives and volumes, and the simple view of the same.

use serde_json::json;

use crate::twin::redfish::tree::{Builder, Live, link, links, numbered, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    storage(builder);
    drives(builder);
    volumes(builder);
    simple(builder);
}

fn storage(builder: &mut Builder) {
    let maker = builder.maker;
    let list = format!("{}/Storage", maker.system_path());
    builder.list(Served::Storage, &list, "Storage", &texts(&[maker.storage]));
    let path = format!("{list}/{}", maker.storage);
    let raid = ["RAID0", "RAID1", "RAID5", "RAID6", "RAID10", "RAID50", "RAID60"];
    let controller = json!({
        "@odata.id": format!("{path}#/StorageControllers/0"), "MemberId": "0", "Name": "RAID controller",
        "Manufacturer": "Broadcom", "Model": "MegaRAID 9560-8i", "FirmwareVersion": "52.24.0-5041",
        "SupportedControllerProtocols": ["PCIe"], "SupportedDeviceProtocols": ["SAS", "SATA"],
        "SupportedRAIDTypes": raid, "SpeedGbps": 12, "Status": well(),
    });
    let members = json!({
        "Status": well(), "StorageControllers": [controller], "StorageControllers@odata.count": 1,
        "Controllers": link(format!("{path}/Controllers")), "Volumes": link(format!("{path}/Volumes")),
        "Drives": links(&format!("{path}/Drives"), &numbered("Disk.", DRIVES)), "Drives@odata.count": DRIVES,
        "Links": {"Enclosures": [link(maker.chassis_path())]},
    });
    builder.put(Served::Storage, &path, "Storage Controller", members);
    builder.list(Served::StorageController, &format!("{path}/Controllers"), "Controllers", &texts(&["0"]));
    let members = json!({
        "Manufacturer": "Broadcom", "Model": "MegaRAID 9560-8i", "FirmwareVersion": "52.24.0-5041",
        "SupportedControllerProtocols": ["PCIe"], "SupportedDeviceProtocols": ["SAS", "SATA"],
        "SupportedRAIDTypes": raid, "SpeedGbps": 12, "Status": well(),
    });
    builder.put(Served::StorageController, &format!("{path}/Controllers/0"), "RAID controller", members);
}

fn drives(builder: &mut Builder) {
    let maker = builder.maker;
    let base = format!("{}/Storage/{}", maker.system_path(), maker.storage);
    for number in 1..=DRIVES {
        let solid = number <= 4;
        let members = json!({
            "Manufacturer": if solid { "Samsung" } else { "Seagate" },
            "Model": if solid { "MZ7L3480HCHQ" } else { "ST2000NX0253" },
            "SerialNumber": format!("S6ESNX0{number:05}"), "PartNumber": "PN-1", "Revision": "JXTC104Q",
            "CapacityBytes": if solid { 480_103_981_056_u64 } else { 2_000_398_934_016 },
            "MediaType": if solid { "SSD" } else { "HDD" }, "Protocol": if solid { "SATA" } else { "SAS" },
            "BlockSizeBytes": 512, "Status": well(), "FailurePredicted": false, "StatusIndicator": "OK",
            "Links": {"Volumes": [link(format!("{base}/Volumes/{}", if solid { 1 } else { 2 }))]},
        });
        builder.live(
            (Live::Drive, Served::Drive),
            &format!("{base}/Drives/Disk.{number}"),
            &format!("Disk {number}"),
            members,
        );
    }
}

fn volumes(builder: &mut Builder) {
    let maker = builder.maker;
    let base = format!("{}/Storage/{}", maker.system_path(), maker.storage);
    let list = format!("{base}/Volumes");
    builder.live_list((Live::Volumes, Served::Volume), &list, "Volumes", &numbered("", 2));
    let drive = |number: usize| link(format!("{base}/Drives/Disk.{number}"));
    for (id, kind, bytes, drives) in [
        ("1", "RAID10", 960_207_962_112_u64, [1, 2, 3, 4].map(drive)),
        ("2", "RAID5", 6_001_196_802_048, [5, 6, 7, 8].map(drive)),
    ] {
        let members = json!({
            "RAIDType": kind, "CapacityBytes": bytes, "Encrypted": false, "Status": well(),
            "Identifiers": [{"DurableName": format!("600605b00a1b2c3{id}"), "DurableNameFormat": "NAA"}],
            "Links": {"Drives": drives},
        });
        builder.put(Served::Volume, &format!("{list}/{id}"), &format!("Volume {id}"), members);
    }
}

fn simple(builder: &mut Builder) {
    let maker = builder.maker;
    let list = format!("{}/SimpleStorage", maker.system_path());
    builder.list(Served::SimpleStorage, &list, "Simple Storage", &texts(&[maker.storage]));
    let device = |number: usize| {
        let bytes = if number <= 4 { 480_103_981_056_u64 } else { 2_000_398_934_016 };
        json!({
            "Name": format!("Disk {number}"), "Manufacturer": "Samsung", "Model": "MZ7L3480HCHQ",
            "CapacityBytes": bytes, "Status": well(),
        })
    };
    let members = json!({"Devices": (1..=DRIVES).map(device).collect::<Vec<_>>(), "Status": well()});
    builder.put(Served::SimpleStorage, &format!("{list}/{}", maker.storage), "Simple Storage", members);
}

const DRIVES: usize = 8;
