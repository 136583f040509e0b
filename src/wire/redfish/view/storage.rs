//! Storage: controllers, drives, volumes, and the simple storage of older firmware.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::{Link, Links};
use crate::wire::redfish::view::status::{Lamp, Status};

view! {
    /// `Storage`.
    pub struct Storage {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        status: Status = "Status";
        /// The embedded controllers; newer firmware has the collection beside or in place of them.
        embedded_controllers: Vec<StorageController> = "StorageControllers";
        controllers: Option<Link> = "Controllers";
        drives: Links = "Drives" | "Links/Drives";
        volumes: Option<Link> = "Volumes";
    }

    /// `StorageController`.
    pub struct StorageController {
        id: Option<String> = "Id" | "MemberId";
        name: Option<String> = "Name";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        serial_number: Option<String> = "SerialNumber";
        firmware_version: Option<String> = "FirmwareVersion";
        speed_gbps: Option<f64> = "SpeedGbps";
        protocols: Vec<String> = "SupportedControllerProtocols";
        device_protocols: Vec<String> = "SupportedDeviceProtocols";
        /// Absent where the controller does not tell, empty where it makes no volumes.
        raid_types: Option<RaidTypes> = "SupportedRAIDTypes";
        status: Status = "Status";
    }

    /// `Drive`.
    pub struct Drive {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        revision: Option<String> = "Revision" | "FirmwareVersion";
        serial_number: Option<String> = "SerialNumber";
        part_number: Option<String> = "PartNumber";
        capacity_bytes: Option<u64> = "CapacityBytes";
        /// HPE's own resources.
        capacity_mib: Option<u64> = "CapacityMiB";
        /// `HDD`, `SSD`, `SMR`.
        media_type: Option<String> = "MediaType";
        protocol: Option<String> = "Protocol" | "InterfaceType";
        rotation_rpm: Option<u64> = "RotationSpeedRPM" | "RotationalSpeedRpm";
        status: Status = "Status";
        lamp: Lamp = "";
        volumes: Vec<Link> = "Links/Volumes";
    }

    /// `Volume`.
    pub struct Volume {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        raid_type: Option<String> = "RAIDType";
        volume_type: Option<String> = "VolumeType";
        capacity_bytes: Option<u64> = "CapacityBytes" | "Capacity/Data/AllocatedBytes";
        /// HPE's own resources.
        capacity_mib: Option<u64> = "CapacityMiB";
        drives: Vec<Link> = "Links/Drives" | "Drives";
        status: Status = "Status";
    }

    /// `SimpleStorage`.
    pub struct SimpleStorage {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        devices: Vec<SimpleDevice> = "Devices";
        status: Status = "Status";
    }

    /// One device of it; backplanes are listed too and have no size.
    pub struct SimpleDevice {
        name: Option<String> = "Name";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        capacity_bytes: Option<u64> = "CapacityBytes";
        status: Status = "Status";
    }
}

/// The RAID types that a controller lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RaidTypes(pub Vec<String>);

impl crate::wire::redfish::lenient::Lenient for RaidTypes {
    fn lenient(value: &serde_json::Value) -> Option<Self> {
        use crate::wire::redfish::lenient::Field;
        value.is_array().then(|| Self(Vec::field(Some(value))))
    }
}

impl SimpleStorage {
    /// Whether a device of it tells its size: where none does, `Storage` knows more.
    pub fn has_sizes(&self) -> bool {
        self.devices.iter().any(|device| device.capacity_bytes.is_some())
    }
}

fn bytes(exact: Option<u64>, mib: Option<u64>) -> Option<u64> {
    exact.or_else(|| mib.map(|size| size.saturating_mul(1024 * 1024)))
}

impl Volume {
    /// With its size in bytes, also where the BMC counts MiB.
    #[must_use]
    pub fn in_bytes(self) -> Self {
        Self { capacity_bytes: bytes(self.capacity_bytes, self.capacity_mib), ..self }
    }
}

impl Drive {
    /// With its size in bytes, also where the BMC counts MiB.
    #[must_use]
    pub fn in_bytes(self) -> Self {
        Self { capacity_bytes: bytes(self.capacity_bytes, self.capacity_mib), ..self }
    }

    /// Whether it turns, as far as told.
    pub fn is_rotational(&self) -> Option<bool> {
        let by_media = self.media_type.as_deref().map(|kind| !kind.eq_ignore_ascii_case("SSD"));
        by_media.or_else(|| self.rotation_rpm.map(|speed| speed > 0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn no_raid_types_and_an_untold_list_differ() {
        let types = |value| StorageController::read(&value).raid_types;
        assert_eq!(types(json!({"SupportedRAIDTypes": []})), Some(RaidTypes::default()));
        assert_eq!(types(json!({})), None);
    }

    #[test]
    fn drives_tell_whether_they_turn() {
        let turns = |value| Drive::read(&value).is_rotational();
        assert_eq!(turns(json!({"MediaType": "SSD", "RotationSpeedRPM": 7200})), Some(false));
        assert_eq!(turns(json!({"MediaType": "HDD"})), Some(true));
        assert_eq!(turns(json!({"RotationSpeedRPM": "10000"})), Some(true));
        assert_eq!(turns(json!({"MediaType": null})), None);
    }
}
