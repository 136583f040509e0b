//! Devices on the PCI bus and their functions.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::{Link, Links};
use crate::wire::redfish::view::status::Status;

view! {
    /// `PCIeDevice`.
    pub struct PcieDevice {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        serial_number: Option<String> = "SerialNumber";
        firmware_version: Option<String> = "FirmwareVersion";
        device_type: Option<String> = "DeviceType";
        /// The functions: a collection, or the older list.
        functions: Links = "PCIeFunctions" | "Links/PCIeFunctions";
        chassis: Vec<Link> = "Links/Chassis";
        status: Status = "Status";
    }

    /// `PCIeFunction`; codes are hexadecimal text as a rule.
    pub struct PcieFunction {
        id: Option<String> = "Id";
        function_id: Option<String> = "FunctionId";
        class: Option<String> = "ClassCode";
        device_class: Option<String> = "DeviceClass";
        vendor_id: Option<String> = "VendorId";
        device_id: Option<String> = "DeviceId";
        subsystem_vendor_id: Option<String> = "SubsystemVendorId";
        subsystem_id: Option<String> = "SubsystemId";
        revision: Option<String> = "RevisionId";
        status: Status = "Status";
    }
}

impl PcieFunction {
    /// Whether it tells what it is: empty slots and bridges of some BMCs tell nothing.
    pub fn is_known(&self) -> bool {
        self.vendor_id.is_some() || self.device_id.is_some() || self.class.is_some()
    }
}
