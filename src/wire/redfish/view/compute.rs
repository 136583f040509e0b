//! Processors and memory modules.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::view::status::Status;

view! {
    /// `Processor`.
    pub struct Processor {
        id: Option<String> = "Id";
        /// `CPU`, `GPU`, `FPGA`, `Accelerator` ...
        processor_type: Option<String> = "ProcessorType";
        socket: Option<String> = "Socket";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        instruction_set: Option<String> = "InstructionSet";
        architecture: Option<String> = "ProcessorArchitecture";
        max_speed_mhz: Option<u64> = "MaxSpeedMHz";
        speed_mhz: Option<u64> = "OperatingSpeedMHz";
        cores: Option<u64> = "TotalCores";
        threads: Option<u64> = "TotalThreads";
        status: Status = "Status";
    }

    /// `Memory`: one module.
    pub struct Memory {
        id: Option<String> = "Id";
        locator: Option<String> = "DeviceLocator";
        capacity_mib: Option<u64> = "CapacityMiB" | "SizeMB";
        device_type: Option<String> = "MemoryDeviceType";
        speed_mhz: Option<u64> = "OperatingSpeedMhz" | "OperatingSpeedMHz";
        manufacturer: Option<String> = "Manufacturer";
        part_number: Option<String> = "PartNumber";
        serial_number: Option<String> = "SerialNumber";
        status: Status = "Status";
    }
}

impl Processor {
    /// Whether it runs the operating system: a processor that does not tell its type does.
    pub fn is_cpu(&self) -> bool {
        self.processor_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("CPU"))
    }
}
