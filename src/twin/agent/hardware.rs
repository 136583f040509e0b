//! What the agent tells of the machine.

use serde_json::{Value, json};

use crate::twin::machine::Machine;

/// The inventory, with the members that were recorded.
pub(super) fn inventory(machine: &Machine) -> Value {
    let settings = machine.settings();
    let interfaces: Vec<Value> = settings.macs.iter().enumerate().map(interface).collect();
    json!({
        "interfaces": interfaces,
        "cpu": {
            "model_name": "simulated", "frequency": "", "count": 1, "architecture": "x86_64", "flags": [],
            "socket_count": 1,
        },
        "disks": [disk(machine)],
        "memory": {"total": 2_u64 << 30, "physical_mb": 2048},
        "bmc_address": null,
        "bmc_v6address": null,
        "system_vendor": {
            "product_name": "Twin", "serial_number": settings.name, "manufacturer": "Ferric",
            "firmware": {"vendor": "Ferric", "version": "1", "build_date": "01/01/2026"},
        },
        "boot": {"current_boot_mode": "uefi", "pxe_interface": null},
        "hostname": settings.name,
    })
}

fn interface((index, mac): (usize, &crate::base::mac::Mac)) -> Value {
    json!({
        "name": format!("eth{index}"), "mac_address": mac, "ipv4_address": "127.0.0.1", "ipv6_address": null,
        "has_carrier": true, "lldp": null, "vendor": null, "product": null, "client_id": null,
        "biosdevname": null, "speed_mbps": null, "pci_address": null, "driver": null,
    })
}

pub(super) fn disk(machine: &Machine) -> Value {
    json!({
        "name": machine.disk().path(), "model": "file", "size": machine.disk().size(), "rotational": false,
        "wwn": null, "serial": format!("TWIN-{}", machine.settings().name), "vendor": null,
        "wwn_with_extension": null, "wwn_vendor_extension": null, "hctl": null, "by_path": null,
        "logical_sectors": 512, "physical_sectors": 512, "tran": null,
    })
}
