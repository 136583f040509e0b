//! NICs as the system sees them and the adapters in the chassis, with what their neighbours tell by LLDP.

use serde_json::{Value, json};

use crate::twin::redfish::tree::{Builder, Live, link, numbered, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    nics(builder);
    interface(builder);
    adapter(builder);
    ports(builder);
}

fn nics(builder: &mut Builder) {
    let list = format!("{}/EthernetInterfaces", builder.maker.system_path());
    let ids = numbered("NIC.", builder.nics);
    builder.list(Served::EthernetInterface, &list, "Ethernet Interfaces", &ids);
    for (number, id) in ids.iter().enumerate() {
        let members = json!({
            "Description": format!("Embedded port {number}"), "SpeedMbps": 25_000, "FullDuplex": true,
            "AutoNeg": true, "InterfaceEnabled": true, "MTUSize": 1500, "IPv4Addresses": [], "IPv6Addresses": [],
            "NameServers": [], "Status": well(),
        });
        builder.live(
            (Live::Nic(number), Served::EthernetInterface),
            &format!("{list}/{id}"),
            "Ethernet Interface",
            members,
        );
    }
}

/// The adapter in the chassis.
fn adapter_path(builder: &Builder) -> String {
    format!("{}/NetworkAdapters/1", builder.maker.chassis_path())
}

fn interface(builder: &mut Builder) {
    let list = format!("{}/NetworkInterfaces", builder.maker.system_path());
    builder.list(Served::NetworkInterface, &list, "Network Interfaces", &texts(&["1"]));
    let adapter = adapter_path(builder);
    let members = json!({
        "Status": well(), "Links": {"NetworkAdapter": link(adapter.clone())},
        "Ports": link(format!("{adapter}/Ports")),
        "NetworkDeviceFunctions": link(format!("{adapter}/NetworkDeviceFunctions")),
    });
    builder.put(Served::NetworkInterface, &format!("{list}/1"), "Network Interface", members);
}

fn adapter(builder: &mut Builder) {
    let path = adapter_path(builder);
    let list = format!("{}/NetworkAdapters", builder.maker.chassis_path());
    builder.list(Served::NetworkAdapter, &list, "Network Adapters", &texts(&["1"]));
    let members = json!({
        "Manufacturer": "Intel", "Model": "E810-XXV", "PartNumber": "K58132-000", "Status": well(),
        "Controllers": [{
            "FirmwarePackageVersion": "22.31.6",
            "ControllerCapabilities": {"NetworkPortCount": builder.nics},
        }],
        "Ports": link(format!("{path}/Ports")),
        "NetworkDeviceFunctions": link(format!("{path}/NetworkDeviceFunctions")),
    });
    builder.put(Served::NetworkAdapter, &path, "Network Adapter", members);
}

fn ports(builder: &mut Builder) {
    let path = adapter_path(builder);
    let ids = numbered("", builder.nics);
    let (ports, functions) = (format!("{path}/Ports"), format!("{path}/NetworkDeviceFunctions"));
    builder.list(Served::Port, &ports, "Ports", &ids);
    builder.list(Served::NetworkDeviceFunction, &functions, "Network Device Functions", &ids);
    for (number, id) in ids.iter().enumerate() {
        let members = json!({
            "PortId": id, "LinkStatus": "LinkUp", "LinkState": "Enabled", "CurrentSpeedGbps": 25,
            "LinkNetworkTechnology": "Ethernet", "Status": well(),
            "Ethernet": {"LLDPEnabled": true, "LLDPReceive": neighbour(id)},
        });
        builder.live(
            (Live::Port(number), Served::Port),
            &format!("{ports}/{id}"),
            &format!("Port {id}"),
            members,
        );
        let members = json!({
            "NetDevFuncType": "Ethernet", "DeviceEnabled": true, "Status": well(), "Ethernet": {"MTUSize": 1500},
            "Links": {"PhysicalPortAssignment": link(format!("{ports}/{id}"))},
        });
        let function = format!("{functions}/{id}");
        builder.live(
            (Live::Function(number), Served::NetworkDeviceFunction),
            &function,
            "Network Device Function",
            members,
        );
    }
}

fn neighbour(port: &str) -> Value {
    json!({
        "ChassisId": "c4:ad:34:00:00:01", "ChassisIdSubtype": "MacAddr", "PortId": format!("swp{port}"),
        "PortIdSubtype": "IfName", "SystemName": "leaf-1", "SystemDescription": "Top of rack switch",
        "ManagementVlanId": 100,
    })
}
