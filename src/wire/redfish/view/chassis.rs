//! A chassis.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::{Link, Links};
use crate::wire::redfish::view::status::{Lamp, Status};

view! {
    /// `Chassis`.
    pub struct Chassis {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        uuid: Option<String> = "UUID";
        chassis_type: Option<String> = "ChassisType";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        sku: Option<String> = "SKU";
        serial_number: Option<String> = "SerialNumber";
        part_number: Option<String> = "PartNumber";
        power_state: Option<String> = "PowerState";
        status: Status = "Status";
        lamp: Lamp = "";
        /// The old resources.
        power: Option<Link> = "Power";
        thermal: Option<Link> = "Thermal";
        /// The new ones.
        power_subsystem: Option<Link> = "PowerSubsystem";
        thermal_subsystem: Option<Link> = "ThermalSubsystem";
        sensors: Option<Link> = "Sensors";
        environment_metrics: Option<Link> = "EnvironmentMetrics";
        network_adapters: Option<Link> = "NetworkAdapters";
        pcie_devices: Links = "PCIeDevices" | "Links/PCIeDevices";
        drives: Links = "Drives" | "Links/Drives";
        systems: Vec<Link> = "Links/ComputerSystems";
        managed_by: Vec<Link> = "Links/ManagedBy" | "Links/Managers";
        contained_by: Option<Link> = "Links/ContainedBy";
        log_services: Option<Link> = "LogServices";
    }
}
