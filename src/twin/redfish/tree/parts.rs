//! Processors, memory and `PCIe` devices.

use serde_json::{Value, json};

use crate::twin::redfish::profile::Maker;
use crate::twin::redfish::tree::{Builder, link, links, numbered, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    processors(builder);
    memory(builder);
    devices(builder);
}

fn processors(builder: &mut Builder) {
    let list = format!("{}/Processors", builder.maker.system_path());
    let ids = numbered("CPU", 2);
    builder.list(Served::Processor, &list, "Processors", &ids);
    for id in &ids {
        let members = json!({
            "Socket": id, "ProcessorType": "CPU", "ProcessorArchitecture": "x86", "InstructionSet": "x86-64",
            "Manufacturer": "Intel(R) Corporation", "Model": super::system::CPU, "MaxSpeedMHz": 4100,
            "TotalCores": 16, "TotalThreads": 32, "Status": well(),
            "ProcessorId": {"EffectiveFamily": "0x6", "EffectiveModel": "0x8F", "Step": "0x8"},
        });
        builder.put(Served::Processor, &format!("{list}/{id}"), "Processor", members);
    }
}

fn memory(builder: &mut Builder) {
    let list = format!("{}/Memory", builder.maker.system_path());
    let ids = numbered("DIMM", DIMMS);
    builder.list(Served::Memory, &list, "Memory", &ids);
    for (number, id) in ids.iter().enumerate() {
        let fitted = number % 2 == 0;
        let state = if fitted { well() } else { json!({"State": "Absent"}) };
        let members = json!({
            "DeviceLocator": id, "MemoryType": "DRAM", "MemoryDeviceType": "DDR5", "RankCount": 2,
            "CapacityMiB": if fitted { 32_768 } else { 0 }, "OperatingSpeedMhz": 4800, "Manufacturer": "Hynix",
            "PartNumber": "HMCG88AEBRA168N", "SerialNumber": format!("80AD0{number}"), "Status": state,
        });
        builder.put(Served::Memory, &format!("{list}/{id}"), id, members);
    }
}

/// Where a maker keeps them.
fn device_path(maker: &Maker) -> String {
    format!("{}/PCIeDevices", maker.chassis_path())
}

/// Links to all devices, for the system.
pub(super) fn device_links(maker: &Maker) -> Value {
    links(&device_path(maker), &texts(&DEVICES.map(|(id, ..)| id)))
}

fn devices(builder: &mut Builder) {
    let maker = builder.maker;
    let list = device_path(maker);
    builder.list(Served::PCIeDevice, &list, "PCIe Devices", &texts(&DEVICES.map(|(id, ..)| id)));
    for (id, name, class, vendor, device, code) in DEVICES {
        let path = format!("{list}/{id}");
        let functions = format!("{path}/PCIeFunctions");
        let members = json!({
            "Manufacturer": name.split(' ').next(), "Model": name, "DeviceType": "SingleFunction",
            "FirmwareVersion": "1.0.0", "Status": well(), "PCIeFunctions": link(functions.clone()),
        });
        builder.put(Served::PCIeDevice, &path, name, members);
        builder.list(Served::PCIeFunction, &functions, "PCIe Functions", &texts(&["0"]));
        let members = json!({
            "FunctionId": 0, "FunctionType": "Physical", "DeviceClass": class, "VendorId": vendor,
            "DeviceId": device, "ClassCode": code, "RevisionId": "0x01", "SubsystemId": "0x0001",
            "SubsystemVendorId": vendor, "Status": well(), "Links": {"PCIeDevice": link(path)},
        });
        builder.put(Served::PCIeFunction, &format!("{functions}/0"), "PCIe Function", members);
    }
}

/// Id, name, class, vendor, device and class code.
pub(super) const DEVICES: [(&str, &str, &str, &str, &str, &str); 4] = [
    ("1", "Broadcom MegaRAID 9560-8i", "MassStorageController", "0x1000", "0x10E2", "0x010400"),
    ("2", "Intel E810-XXV Ethernet Adapter", "NetworkController", "0x8086", "0x159B", "0x020000"),
    ("3", "ASPEED Graphics Family", "DisplayController", "0x1A03", "0x2000", "0x030000"),
    ("4", "NVIDIA A2 Accelerator", "ProcessingAccelerators", "0x10DE", "0x25B6", "0x030200"),
];

const DIMMS: usize = 16;
