//! A computer system.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::{Link, Links};
use crate::wire::redfish::view::annotation::{Action, Settings};
use crate::wire::redfish::view::boot::Boot;
use crate::wire::redfish::view::root::OemKeys;
use crate::wire::redfish::view::status::{Lamp, Status};

view! {
    /// `ComputerSystem`.
    pub struct System {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        /// `Physical`, `Virtual`, `DPU` ...
        system_type: Option<String> = "SystemType";
        uuid: Option<String> = "UUID";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        sku: Option<String> = "SKU";
        serial_number: Option<String> = "SerialNumber";
        part_number: Option<String> = "PartNumber";
        asset_tag: Option<String> = "AssetTag";
        host_name: Option<String> = "HostName";
        bios_version: Option<String> = "BiosVersion";
        power_state: Option<String> = "PowerState" | "Power";
        status: Status = "Status";
        lamp: Lamp = "";
        boot: Boot = "Boot";
        /// How far the last boot came: `OSRunning`, `OSBootStarted` ...
        boot_progress: Option<String> = "BootProgress/LastState";
        memory: MemorySummary = "MemorySummary" | "Memory";
        processor: ProcessorSummary = "ProcessorSummary" | "Processors";
        reset: Option<Action> = "Actions/#ComputerSystem.Reset";
        settings: Option<Settings> = "@Redfish.Settings";
        serial_console: SerialConsoles = "SerialConsole";
        processors: Option<Link> = "Processors";
        memory_modules: Option<Link> = "Memory";
        ethernet_interfaces: Option<Link> = "EthernetInterfaces";
        storage: Option<Link> = "Storage";
        simple_storage: Option<Link> = "SimpleStorage";
        pcie_devices: Links = "PCIeDevices" | "Links/PCIeDevices";
        network_interfaces: Option<Link> = "NetworkInterfaces";
        bios: Option<Link> = "Bios";
        secure_boot: Option<Link> = "SecureBoot";
        virtual_media: Option<Link> = "VirtualMedia";
        log_services: Option<Link> = "LogServices";
        /// The managers of this system; a few BMCs write the second name.
        managed_by: Vec<Link> = "Links/ManagedBy" | "Links/Managers" | "links/ManagedBy";
        chassis: Vec<Link> = "Links/Chassis" | "links/Chassis";
        oem: OemKeys = "Oem";
    }

    /// `MemorySummary`.
    pub struct MemorySummary {
        total_gib: Option<f64> = "TotalSystemMemoryGiB" | "TotalSystemMemoryGB";
        status: Status = "Status";
    }

    /// `ProcessorSummary`.
    pub struct ProcessorSummary {
        count: Option<u64> = "Count";
        cores: Option<u64> = "CoreCount";
        threads: Option<u64> = "LogicalProcessorCount";
        model: Option<String> = "Model";
        status: Status = "Status";
    }

    /// `SerialConsole`: how the host's serial line is reached.
    pub struct SerialConsoles {
        ssh: SerialConsole = "SSH";
        ipmi: SerialConsole = "IPMI";
        max_sessions: Option<u64> = "MaxConcurrentSessions";
    }

    /// One way to the host's serial line.
    pub struct SerialConsole {
        is_enabled: Option<bool> = "ServiceEnabled";
        port: Option<u64> = "Port";
        /// What is typed to leave it, as text.
        leave: Option<String> = "HotKeySequenceDisplay";
        /// The command that starts it after log-in.
        command: Option<String> = "ConsoleEntryCommand";
        is_shared: Option<bool> = "SharedWithManagerCLI";
    }
}

impl System {
    /// Whether it can be a host: a baseboard without `Boot` and `Actions` is not (NVIDIA HGX), though it shows power.
    pub fn is_host(&self) -> bool {
        self.reset.is_some() || self.boot != Boot::default()
    }
}
