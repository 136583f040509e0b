//! A small machine, an empty one, and odd ones.

use serde_json::json;

use super::*;
use crate::wire::redfish::lenient::View;

fn survey() -> Survey {
    Survey {
        system: System::read(
            &json!({"Manufacturer": "Acme", "Model": "R1", "SerialNumber": "S1", "SKU": "TAG",
            "UUID": "u", "MemorySummary": {"TotalSystemMemoryGiB": 96.5},
            "Boot": {"BootSourceOverrideMode": "UEFI"}}),
        ),
        processors: vec![
            Processor::read(&json!({"ProcessorType": "GPU", "TotalThreads": 9999})),
            Processor::read(&json!({"ProcessorType": "CPU", "InstructionSet": "x86-64", "Model": "Xeon",
                "MaxSpeedMHz": "3700", "TotalThreads": 32})),
            Processor::read(&json!({"TotalThreads": 32})),
        ],
        storages: vec![StorageParts {
            storage: Storage::read(&json!({"Id": "1", "Name": "AHCI",
                "StorageControllers": [{"MemberId": "0", "Model": "C1", "SpeedGbps": 6}]})),
            drives: vec![
                Drive::read(&json!({"Id": "d1", "Name": "Disk 1", "CapacityBytes": 500_000_000_000_u64,
                    "MediaType": "HDD", "SerialNumber": "DS1"})),
                Drive::read(&json!({"Id": "d2", "CapacityBytes": null})),
            ],
            ..StorageParts::default()
        }],
        interfaces: vec![
            EthernetInterface::read(
                &json!({"Id": "NIC.1", "MACAddress": "AA:BB:CC:00:00:01", "SpeedMbps": 25000}),
            ),
            EthernetInterface::read(&json!({"Id": "NIC.2", "MACAddress": "AA:BB:CC:00:00:03",
                "Status": {"State": "Disabled"}})),
            EthernetInterface::read(&json!({"Id": "NIC.3", "MACAddress": ""})),
        ],
        pcie_functions: vec![PcieFunction::read(&json!({"ClassCode": "0x020000", "VendorId": "0x8086",
            "DeviceId": "0x1521"}))],
        adapters: vec![AdapterParts {
            adapter: NetworkAdapter::read(&json!({"Id": "A"})),
            ports: vec![NetworkPort::read(
                &json!({"Id": "P1", "Ethernet": {"LLDPReceive": {"ChassisId": "c",
                "PortId": "Eth1", "ManagementVlanId": 7}}}),
            )],
        }],
        ..Survey::default()
    }
}

#[test]
fn a_machine_is_shown_as_the_agent_would() {
    let found = found(&survey());
    let expected = json!({
        "memory": {"physical_mb": 98816},
        "cpu": {"count": 64, "architecture": "x86_64", "model_name": "Xeon", "frequency": "3700"},
        "disks": [{"name": "Disk 1", "size": 500_000_000_000_u64, "vendor": null, "model": null, "serial": "DS1",
            "rotational": true}],
        "interfaces": [
            {"mac_address": "aa:bb:cc:00:00:01", "name": "NIC.1", "speed_mbps": 25000},
            {"mac_address": "aa:bb:cc:00:00:03", "name": "NIC.2", "speed_mbps": null}],
        "pci_devices": [{"class": "0x020000", "product_id": "0x1521", "vendor_id": "0x8086", "subsystem_id": null,
            "subsystem_vendor_id": null, "revision": null}],
        "system_vendor": {"product_name": "R1", "serial_number": "S1", "manufacturer": "Acme", "system_uuid": "u"},
        "boot": {"current_boot_mode": "uefi"},
    });
    let mut shown = found.inventory.clone();
    let storage = shown.as_object_mut().unwrap().remove("storage_controllers").unwrap();
    assert_eq!(shown, expected);
    assert_eq!(storage[0]["storage_controllers"][0]["model"], "C1");
    assert_eq!(storage[0]["drives"].as_array().unwrap().len(), 2);
    let lldp = json!({"P1": {"switch_chassis_id": "c", "switch_port_id": "Eth1", "switch_vlan_id": 7}});
    assert_eq!(found.plugin_data["parsed_lldp"], lldp);
    assert_eq!((found.memory_mb, found.cpu_arch, found.local_gb), (Some(98816), Some("x86_64"), 464));
    assert_eq!((found.macs.len(), found.healthy_macs.len()), (2, 1));
}

#[test]
fn an_empty_machine_has_nothing_made_up() {
    let found = found(&Survey::default());
    assert_eq!((found.memory_mb, found.cpu_arch, found.local_gb, found.boot_mode), (None, None, 0, None));
    assert_eq!(found.inventory.get("memory"), None);
    assert_eq!(found.inventory.get("boot"), None);
    assert_eq!(found.inventory["cpu"]["architecture"], "");
    assert_eq!(found.inventory["interfaces"], json!([]));
}

#[test]
fn the_service_tag_is_the_serial_where_it_is() {
    let survey = Survey { serial_is_sku: true, ..survey() };
    assert_eq!(found(&survey).inventory["system_vendor"]["serial_number"], "TAG");
}

#[test]
fn the_smallest_root_disk_counts() {
    let gib = |size: u64| size * 1024 * 1024 * 1024;
    let volume = |size| Volume::read(&json!({ "CapacityBytes": size }));
    let mut survey = survey();
    survey.storages[0].volumes = vec![volume(gib(3)), volume(gib(200)), volume(gib(100))];
    assert_eq!(found(&survey).local_gb, 99);
    survey.simple_storages = vec![SimpleStorage::read(&json!({"Devices": [
        {"Name": "a", "CapacityBytes": gib(50), "Status": {"State": "Enabled"}},
        {"Name": "b", "CapacityBytes": gib(20), "Status": {"State": "Absent"}}, {"Name": "backplane"}]}))];
    assert_eq!(found(&survey).local_gb, 49);
    survey.storages.clear();
    let disks = found(&survey).inventory["disks"].clone();
    assert_eq!(disks, json!([{"name": "a", "size": gib(50)}]));
}

#[test]
fn memory_is_summed_where_the_summary_is_missing() {
    let module = |size: u64| Memory::read(&json!({ "CapacityMiB": size }));
    let survey = Survey { memory: vec![module(16384), module(16384)], ..Survey::default() };
    assert_eq!(found(&survey).memory_mb, Some(32768));
    let huge = Survey { memory: vec![module(u64::MAX), module(1)], ..Survey::default() };
    assert_eq!(found(&huge).memory_mb, Some(u64::MAX));
}

#[test]
fn switches_that_were_heard_are_told() {
    let switches = vec![
        DellSwitchConnection::read(&json!({"FQDD": "NIC.1", "SwitchConnectionID": "3c",
            "SwitchPortConnectionID": "e1"})),
        DellSwitchConnection::read(&json!({"FQDD": "NIC.2", "SwitchConnectionID": "No Link",
            "SwitchPortConnectionID": "No Link"})),
    ];
    let survey = Survey { dell_switches: switches, ..Survey::default() };
    let expected = json!({"NIC.1": {"switch_chassis_id": "3c", "switch_port_id": "e1"}});
    assert_eq!(found(&survey).plugin_data["parsed_lldp"], expected);
}
