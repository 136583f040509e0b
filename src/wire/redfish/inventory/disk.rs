//! Disks, controllers, and the size that a root disk may count on.

use serde_json::{Value, json};

use crate::wire::redfish::inventory::{StorageParts, Survey};
use crate::wire::redfish::view::storage::{Drive, SimpleDevice, StorageController};

/// Every drive; the simple storage's devices where there is none.
pub fn disks(survey: &Survey) -> Vec<Value> {
    let drives = survey.storages.iter().flat_map(|storage| &storage.drives);
    let drives: Vec<Value> = drives.filter(|drive| !drive.status.is_absent()).filter_map(drive).collect();
    if !drives.is_empty() {
        return drives;
    }
    let devices = simple_devices(survey);
    devices.map(|(device, size)| json!({ "name": device.name, "size": size })).collect()
}

fn drive(drive: &Drive) -> Option<Value> {
    let size = drive.capacity_bytes.filter(|size| *size > 0)?;
    Some(json!({
        "name": drive.name.clone().or_else(|| drive.id.clone()),
        "size": size,
        "vendor": drive.manufacturer,
        "model": drive.model,
        "serial": drive.serial_number,
        "rotational": drive.is_rotational().unwrap_or(false),
    }))
}

/// Each storage with its controllers and drives.
pub fn storage_controllers(survey: &Survey) -> Vec<Value> {
    survey.storages.iter().map(storage).collect()
}

fn storage(parts: &StorageParts) -> Value {
    let embedded = &parts.storage.embedded_controllers;
    let controllers = if parts.controllers.is_empty() { embedded } else { &parts.controllers };
    json!({
        "id": parts.storage.id,
        "name": parts.storage.name,
        "storage_controllers": controllers.iter().map(controller).collect::<Vec<_>>(),
        "drives": parts.drives.iter().map(short_drive).collect::<Vec<_>>(),
    })
}

fn controller(controller: &StorageController) -> Value {
    json!({
        "id": controller.id,
        "name": controller.name,
        "manufacturer": controller.manufacturer,
        "model": controller.model,
        "serial_number": controller.serial_number,
        "firmware_version": controller.firmware_version,
        "speed_gbps": controller.speed_gbps,
        "raid_types": controller.raid_types.as_ref().map(|types| types.0.clone()),
    })
}

fn short_drive(drive: &Drive) -> Value {
    json!({
        "id": drive.id,
        "name": drive.name,
        "model": drive.model,
        "serial_number": drive.serial_number,
        "capacity_bytes": drive.capacity_bytes,
        "media_type": drive.media_type,
        "protocol": drive.protocol,
    })
}

/// GiB that every candidate for a root disk has, less one for the end of the disk; 0 if there is none. The smallest of
/// the simple storage's devices or of the volumes (the drives, where there are no volumes) counts.
pub fn local_gb(survey: &Survey) -> u64 {
    let simple = smallest(simple_devices(survey).map(|(_, size)| size));
    let volumes = survey.storages.iter().flat_map(|parts| &parts.volumes);
    let volumes =
        volumes.filter(|volume| !volume.status.is_absent()).filter_map(|volume| volume.capacity_bytes);
    let drives = survey.storages.iter().flat_map(|parts| &parts.drives);
    let drives = drives.filter(|drive| !drive.status.is_absent()).filter_map(|drive| drive.capacity_bytes);
    let grouped = smallest(volumes).or_else(|| smallest(drives));
    let least = [simple, grouped].into_iter().flatten().min();
    least.map_or(0, |bytes| (bytes / GIB).saturating_sub(1))
}

fn smallest(sizes: impl Iterator<Item = u64>) -> Option<u64> {
    sizes.filter(|size| *size >= LEAST).min()
}

/// Enabled devices with a size.
fn simple_devices(survey: &Survey) -> impl Iterator<Item = (&SimpleDevice, u64)> {
    let devices = survey.simple_storages.iter().flat_map(|storage| &storage.devices);
    let enabled = devices.filter(|device| device.status.is_enabled());
    enabled.filter_map(|device| Some((device, device.capacity_bytes.filter(|size| *size > 0)?)))
}

const GIB: u64 = 1024 * 1024 * 1024;

/// What is smaller is no root disk: a stick of the vendor, a boot ROM.
const LEAST: u64 = 4 * GIB;
