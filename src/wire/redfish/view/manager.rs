//! A manager: the BMC itself.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::annotation::Action;
use crate::wire::redfish::view::root::OemKeys;
use crate::wire::redfish::view::status::Status;

view! {
    /// `Manager`.
    pub struct Manager {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        uuid: Option<String> = "UUID";
        /// `BMC`, `EnclosureManager` ...
        manager_type: Option<String> = "ManagerType";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        firmware_version: Option<String> = "FirmwareVersion" | "Oem/Hpe/Firmware/Current/VersionString" | "Oem/Hp/Firmware/Current/VersionString";
        /// The BMC's clock with its offset, verbatim.
        date_time: Option<String> = "DateTime";
        date_time_offset: Option<String> = "DateTimeLocalOffset";
        power_state: Option<String> = "PowerState";
        status: Option<Status> = "Status";
        reset: Option<Action> = "Actions/#Manager.Reset";
        virtual_media: Option<Link> = "VirtualMedia";
        network_protocol: Option<Link> = "NetworkProtocol";
        ethernet_interfaces: Option<Link> = "EthernetInterfaces";
        log_services: Option<Link> = "LogServices";
        host_interfaces: Option<Link> = "HostInterfaces";
        serial_console: ManagerConsole = "SerialConsole";
        command_shell: ManagerConsole = "CommandShell";
        systems: Vec<Link> = "Links/ManagerForServers";
        chassis: Vec<Link> = "Links/ManagerForChassis";
        /// iDRAC's services.
        dell_attributes: Vec<Link> = "Links/Oem/Dell/DellAttributes";
        dell_job_service: Option<Link> = "Links/Oem/Dell/DellJobService";
        dell_lc_service: Option<Link> = "Links/Oem/Dell/DellLCService";
        dell_idrac_card_service: Option<Link> = "Links/Oem/Dell/DelliDRACCardService";
        dell_raid_service: Option<Link> = "Links/Oem/Dell/DellRaidService";
        dell_jobs: Option<Link> = "Links/Oem/Dell/Jobs";
        dell_switch_connections: Option<Link> = "Links/Oem/Dell/DellSwitchConnectionCollection" | "Links/Oem/Dell/DellSwitchConnections";
        dell_import: Option<Action> = "Actions/Oem/#OemManager.ImportSystemConfiguration" | "Actions/Oem/OemManager.v1_0_0#OemManager.ImportSystemConfiguration" | "Actions/Oem/OemManager.v1_1_0#OemManager.ImportSystemConfiguration" | "Actions/Oem/OemManager.v1_2_0#OemManager.ImportSystemConfiguration";
        dell_export: Option<Action> = "Actions/Oem/#OemManager.ExportSystemConfiguration" | "Actions/Oem/OemManager.v1_0_0#OemManager.ExportSystemConfiguration" | "Actions/Oem/OemManager.v1_1_0#OemManager.ExportSystemConfiguration" | "Actions/Oem/OemManager.v1_2_0#OemManager.ExportSystemConfiguration";
        oem: OemKeys = "Oem";
    }

    /// `SerialConsole` and `CommandShell` of a manager (deprecated in favour of the system's, still common).
    pub struct ManagerConsole {
        is_enabled: Option<bool> = "ServiceEnabled";
        kinds: Vec<String> = "ConnectTypesSupported";
        max_sessions: Option<u64> = "MaxConcurrentSessions";
    }

    /// `ManagerNetworkProtocol`.
    pub struct NetworkProtocol {
        host_name: Option<String> = "HostName";
        ssh: Protocol = "SSH";
        ipmi: Protocol = "IPMI";
        https: Protocol = "HTTPS";
        ntp: Protocol = "NTP";
        https_certificates: Option<Link> = "HTTPS/Certificates";
    }

    /// One protocol.
    pub struct Protocol {
        is_enabled: Option<bool> = "ProtocolEnabled";
        port: Option<u64> = "Port";
    }
}

impl Manager {
    /// A manager that tells nothing of itself (Cisco lists one).
    pub fn is_ghost(&self) -> bool {
        self.status.is_none() && self.model.is_none() && self.firmware_version.is_none()
    }
}
