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
        /// Below `Oem` with iLO 4.
        ethernet_interfaces: Option<Link> = "EthernetInterfaces" | "Oem/Hpe/Links/EthernetInterfaces" | "Oem/Hp/Links/EthernetInterfaces";
        storage: Option<Link> = "Storage";
        simple_storage: Option<Link> = "SimpleStorage";
        pcie_devices: Links = "PCIeDevices" | "Links/PCIeDevices";
        network_interfaces: Option<Link> = "NetworkInterfaces";
        bios: Option<Link> = "Bios" | "Oem/Hp/Links/BIOS";
        secure_boot: Option<Link> = "SecureBoot" | "Oem/Hp/Links/SecureBoot";
        /// What HPE's Smart Array controllers tell of themselves: with older firmware they are nowhere else.
        smart_storage: Option<Link> = "Oem/Hpe/Links/SmartStorage" | "Oem/Hp/Links/SmartStorage";
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
    /// Whether it can be a host: what neither boots nor can be reset nor has power is none.
    pub fn is_host(&self) -> bool {
        self.reset.is_some() || self.boot != Boot::default() || self.power_state.is_some()
    }

    /// Whether it is part of a host: a card with a processor of its own, or a baseboard of accelerators (NVIDIA HGX),
    /// which has power and perhaps `Boot`, yet cannot be reset.
    pub fn is_part(&self) -> bool {
        self.reset.is_none() || self.system_type.as_deref() == Some("DPU")
    }
}

/// The hosts among the systems of one BMC, by their place: those that cannot be one are left out, and so are parts,
/// if something else is left.
pub fn hosts(systems: &[System]) -> Vec<usize> {
    if systems.len() < 2 {
        return (0..systems.len()).collect();
    }
    let those = |keep: fn(&System) -> bool| -> Vec<usize> {
        systems.iter().enumerate().filter(|(_, system)| keep(system)).map(|(index, _)| index).collect()
    };
    let whole = those(|system| system.is_host() && !system.is_part());
    if whole.is_empty() { those(System::is_host) } else { whole }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn the_host_is_told_from_its_parts() {
        let reset = json!({"#ComputerSystem.Reset": {"target": "/r"}});
        let host = System::read(&json!({"PowerState": "On", "Boot": {"BootOrder": []}, "Actions": reset}));
        let card = System::read(&json!({"PowerState": "On", "SystemType": "DPU", "Actions": reset}));
        let board =
            System::read(&json!({"PowerState": "On", "Boot": {"BootOrderPropertySelection": "BootOrder"}}));
        let nothing = System::read(&json!({"Id": "x"}));
        let all = [board.clone(), card, host.clone(), nothing.clone()];
        assert_eq!(hosts(&all), [2]);
        assert_eq!(hosts(&[host.clone(), host]), [0, 1]);
        assert_eq!(hosts(&[board, nothing.clone()]), [0], "better one that cannot be reset than none");
        assert_eq!(hosts(&[nothing]), [0], "the only one is taken as it is");
    }

    #[test]
    fn links_of_old_firmware_are_found() {
        let old = json!({"Oem": {"Hp": {"links": {"EthernetInterfaces": {"href": "/rest/v1/nics"}}}}});
        assert_eq!(System::read(&old).ethernet_interfaces, Some(Link::new("/rest/v1/nics")));
    }
}
