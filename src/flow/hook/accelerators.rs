//! `accelerators`: the property `accelerators`, a list of the known ones among the PCI devices.

use serde_json::{Value, json};

use crate::flow::hook::Survey;
use crate::flow::hook::pci_devices::{devices, text};

pub fn apply(survey: &mut Survey<'_>) {
    let Some(found) = devices(&survey.data).filter(|found| !found.is_empty()) else {
        survey.warn("the ramdisk told nothing of PCI devices: accelerators are not known");
        return;
    };
    let known = |vendor: &str, device: &str| KNOWN.iter().find(|row| (row.0, row.1) == (vendor, device));
    let accelerators: Vec<Value> = found
        .iter()
        .filter_map(|device| {
            let row = known(text(device, "vendor_id")?, text(device, "product_id")?)?;
            let (vendor_id, device_id, kind, device_info) = *row;
            let bus = text(device, "bus");
            Some(json!({"vendor_id": vendor_id, "device_id": device_id, "type": kind,
                "device_info": device_info, "pci_address": bus}))
        })
        .take(LIMIT)
        .collect();
    survey.set_property("accelerators", Value::Array(accelerators));
}

/// Vendor, device, type and name of those that the reference knows.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("10de", "1eb8", "GPU", "NVIDIA Corporation Tesla T4"),
    ("10de", "1df6", "GPU", "NVIDIA Corporation GV100GL"),
    ("10de", "2236", "GPU", "NVIDIA Corporation A10"),
    ("10de", "2235", "GPU", "NVIDIA Corporation A40"),
    ("10de", "26b9", "GPU", "NVIDIA Corporation L40S"),
    ("10de", "26ba", "GPU", "NVIDIA Corporation L20"),
];

/// A record stays under 64 KiB.
const LIMIT: usize = 32;
