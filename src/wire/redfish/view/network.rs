//! Ethernet interfaces, adapters, their ports and what LLDP heard on them.

use crate::base::mac::Mac;
use crate::wire::redfish::lenient::{rounded, view};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::status::Status;

view! {
    /// `EthernetInterface`.
    pub struct EthernetInterface {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        mac: Option<String> = "MACAddress" | "MacAddress";
        permanent_mac: Option<String> = "PermanentMACAddress";
        speed_mbps: Option<u64> = "SpeedMbps";
        link_status: Option<String> = "LinkStatus";
        is_enabled: Option<bool> = "InterfaceEnabled";
        uefi_path: Option<String> = "UefiDevicePath";
        status: Status = "Status";
    }

    /// `NetworkAdapter`.
    pub struct NetworkAdapter {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        serial_number: Option<String> = "SerialNumber";
        part_number: Option<String> = "PartNumber";
        ports: Option<Link> = "Ports";
        /// The older name of `Ports`.
        network_ports: Option<Link> = "NetworkPorts";
        functions: Option<Link> = "NetworkDeviceFunctions";
        controllers: Vec<NetworkController> = "Controllers";
        status: Status = "Status";
    }

    /// One controller of an adapter.
    pub struct NetworkController {
        firmware_version: Option<String> = "FirmwarePackageVersion";
    }

    /// `Port` or `NetworkPort`.
    pub struct NetworkPort {
        id: Option<String> = "Id";
        port_id: Option<String> = "PortId" | "PhysicalPortNumber";
        macs: Vec<String> = "Ethernet/AssociatedMACAddresses" | "AssociatedNetworkAddresses";
        speed_gbps: Option<f64> = "CurrentSpeedGbps";
        link_status: Option<String> = "LinkStatus" | "LinkState";
        lldp: Option<Lldp> = "Ethernet/LLDPReceive";
        status: Status = "Status";
    }

    /// `LLDPReceive`.
    pub struct Lldp {
        chassis_id: Option<String> = "ChassisId";
        port_id: Option<String> = "PortId";
        system_name: Option<String> = "SystemName";
        system_description: Option<String> = "SystemDescription";
        vlan_id: Option<u64> = "ManagementVlanId";
    }

    /// `DellSwitchConnection`: iDRAC's view of the same.
    pub struct DellSwitchConnection {
        /// The NIC's port, e.g. `NIC.Integrated.1-1-1`.
        fqdd: Option<String> = "FQDD" | "Id";
        switch: Option<String> = "SwitchConnectionID";
        port: Option<String> = "SwitchPortConnectionID";
    }

    /// `NetworkDeviceFunction`.
    pub struct NetworkFunction {
        id: Option<String> = "Id";
        mac: Option<String> = "Ethernet/MACAddress";
        permanent_mac: Option<String> = "Ethernet/PermanentMACAddress";
        status: Status = "Status";
        device_type: Option<String> = "NetDevFuncType";
    }
}

impl EthernetInterface {
    /// Its address, by which a port is known: empty texts, zeros, dashes, groups and world-wide names are none.
    pub fn address(&self) -> Option<Mac> {
        let usable = |text: &Option<String>| text.as_deref().and_then(usable_mac);
        usable(&self.mac).or_else(|| usable(&self.permanent_mac))
    }
}

impl NetworkFunction {
    /// A function that is told to be of another kind (`FibreChannel`, `InfiniBand`, `iSCSI`) has no MAC of a port.
    pub fn is_ethernet(&self) -> bool {
        self.device_type.as_deref().is_none_or(|kind| matches!(kind, "Ethernet" | "Disabled" | ""))
    }
}

impl From<NetworkFunction> for EthernetInterface {
    fn from(function: NetworkFunction) -> Self {
        let NetworkFunction { id, mac, permanent_mac, status, .. } = function;
        Self { id, mac, permanent_mac, status, ..Self::default() }
    }
}

impl NetworkPort {
    /// The interfaces behind its addresses.
    pub fn interfaces(&self) -> Vec<EthernetInterface> {
        let one = |mac: &String| EthernetInterface {
            id: self.id.clone(),
            mac: Some(mac.clone()),
            speed_mbps: self.speed_gbps.and_then(|speed| rounded(speed * 1000.0)),
            link_status: self.link_status.clone(),
            status: self.status.clone(),
            ..EthernetInterface::default()
        };
        self.macs.iter().map(one).collect()
    }
}

/// The address of one interface; `None` for what cannot be one.
pub fn usable_mac(text: &str) -> Option<Mac> {
    let mac = text.parse::<Mac>().ok().or_else(|| bare(text))?;
    let [first, ..] = mac.0;
    (mac.0 != [0; 6] && first & 1 == 0).then_some(mac)
}

/// Twelve digits without separators, or groups of four as some firmware writes them.
fn bare(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    if digits.len() != 12 || text.chars().any(|letter| !letter.is_ascii_hexdigit() && letter != '.') {
        return None;
    }
    let mut mac = [0; 6];
    for (index, octet) in mac.iter_mut().enumerate() {
        *octet = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(Mac(mac))
}

impl DellSwitchConnection {
    /// Whether a switch was heard: `No Link` and `Not Available` are none.
    pub fn is_heard(&self) -> bool {
        let told = |text: &Option<String>| {
            text.as_deref().is_some_and(|text| !matches!(text, "No Link" | "Not Available" | "Not Supported"))
        };
        told(&self.switch) && told(&self.port)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::redfish::lenient::View;

    #[test]
    fn addresses_that_are_none_are_passed_over() {
        let mac = |value| EthernetInterface::read(&value).address().map(|mac| mac.to_string());
        let good = Some("52:54:00:e2:e0:01".to_owned());
        assert_eq!(mac(json!({"MACAddress": "52-54-00-E2-E0-01"})), good);
        assert_eq!(mac(json!({"MACAddress": "525400E2E001"})), good);
        assert_eq!(mac(json!({"MACAddress": "", "PermanentMACAddress": "52:54:00:e2:e0:01"})), good);
        for text in [
            "",
            "00:00:00:00:00:00",
            "--",
            "20:00:00:25:B5:00:00:1F",
            "ff:ff:ff:ff:ff:ff",
            "N/A",
            "01:00:5e:00:00:01",
        ] {
            assert_eq!(mac(json!({"MACAddress": text})), None, "{text}");
        }
    }

    #[test]
    fn switch_connections_without_link_are_none() {
        let heard = |value| DellSwitchConnection::read(&value).is_heard();
        assert!(heard(json!({"SwitchConnectionID": "3c:2c", "SwitchPortConnectionID": "Ethernet1/1"})));
        assert!(!heard(json!({"SwitchConnectionID": "No Link", "SwitchPortConnectionID": "No Link"})));
    }
}
