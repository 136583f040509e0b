//! Devices on the PCI bus and their functions.

use serde_json::Value;

use crate::wire::redfish::lenient::{Lenient, view};
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
        class: Option<Code> = "ClassCode";
        device_class: Option<String> = "DeviceClass";
        vendor_id: Option<Code> = "VendorId";
        device_id: Option<Code> = "DeviceId";
        subsystem_vendor_id: Option<Code> = "SubsystemVendorId";
        subsystem_id: Option<Code> = "SubsystemId";
        revision: Option<String> = "RevisionId";
        status: Status = "Status";
    }
}

/// A code of the PCI bus: text as it was written; a number (iLO 5 has those) in the form that the text has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(pub String);

impl Lenient for Code {
    fn lenient(value: &Value) -> Option<Self> {
        let number = value.as_u64().map(|number| format!("0x{number:04x}"));
        number.or_else(|| String::lenient(value)).map(Self)
    }
}

impl PcieFunction {
    /// Whether it tells what it is: empty slots and bridges of some BMCs tell nothing.
    pub fn is_known(&self) -> bool {
        self.vendor_id.is_some() || self.device_id.is_some() || self.class.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn numbers_are_codes_too() {
        let function =
            PcieFunction::read(&json!({"VendorId": 4139, "DeviceId": "0x0538", "ClassCode": null}));
        assert_eq!(function.vendor_id, Some(Code("0x102b".to_owned())));
        assert_eq!((function.device_id, function.class), (Some(Code("0x0538".to_owned())), None));
        assert!(!PcieFunction::read(&json!({"Id": "1"})).is_known());
    }
}
