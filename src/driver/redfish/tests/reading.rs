//! What real BMCs were seen to do, each oddity in a small world of its own: path to resource.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::haste::Haste;
use super::{bmc, node, rack};
use crate::driver::bmc::Ground;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;

type Tree = BTreeMap<String, Value>;

/// Serves a tree; without a system's path, so that the system is found. What was asked for is kept.
async fn serve(tree: Value) -> (Server, Arc<Mutex<Vec<String>>>) {
    let Value::Object(tree) = tree else { panic!("an object") };
    let mut tree: Tree = tree.into_iter().collect();
    let root = json!({"Systems": link("/redfish/v1/Systems"), "Chassis": link("/redfish/v1/Chassis")});
    tree.entry("/redfish/v1/".to_owned()).or_insert(root);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let url = bmc(move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let found = tree.get(&path).filter(|_| request.starts_with("GET")).cloned();
        heard.lock().unwrap().push(path);
        found.map_or((404, String::new(), json!({})), |body| (200, String::new(), body))
    });
    let info =
        json!({"redfish_address": url.await, "redfish_username": "admin", "redfish_password": "hunter2"});
    (Server::of(&rack(), &node(info)).unwrap(), asked)
}

/// A rack whose waits pass at once.
fn hurried() -> Arc<RedfishRack> {
    let ground = Ground { clock: Arc::new(Haste::default()), ..rack().ground.clone() };
    Arc::new(RedfishRack::new(ground))
}

fn link(path: &str) -> Value {
    json!({ "@odata.id": path })
}

fn list(paths: &[&str]) -> Value {
    json!({"Members": paths.iter().map(|path| link(path)).collect::<Vec<_>>(), "Members@odata.count": paths.len()})
}

fn host(more: Value) -> Value {
    let mut host = json!({"PowerState": "On", "Actions": {"#ComputerSystem.Reset": {"target": "/reset"}}});
    let Value::Object(more) = more else { panic!("an object") };
    host.as_object_mut().unwrap().extend(more);
    host
}

#[tokio::test]
async fn the_host_beside_a_baseboard_is_the_machine() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/HGX_Baseboard_0", "/redfish/v1/Systems/System_0"]),
        "/redfish/v1/Systems/HGX_Baseboard_0": {"PowerState": "On", "Boot": {"BootOrderPropertySelection": "BootOrder"}},
        "/redfish/v1/Systems/System_0": host(json!({})),
    }))
    .await;
    assert_eq!(server.system().await.unwrap().path(), "/redfish/v1/Systems/System_0");
}

#[tokio::test]
async fn two_hosts_are_named_in_the_error() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1", "/redfish/v1/Systems/2"]),
        "/redfish/v1/Systems/1": host(json!({})), "/redfish/v1/Systems/2": host(json!({})),
    }))
    .await;
    let error = server.system().await.unwrap_err().to_string();
    assert!(
        error.contains("redfish_system_id") && error.contains("/Systems/1, /redfish/v1/Systems/2"),
        "{error}"
    );
}

#[tokio::test]
async fn why_there_is_no_system_is_told() {
    let (server, _) = serve(json!({"/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"])})).await;
    let error = server.system().await.unwrap_err().to_string();
    assert!(error.contains("/redfish/v1/Systems/1") && error.contains("404"), "{error}");
    let (server, _) = serve(json!({"/redfish/v1/Systems": list(&[])})).await;
    let error = server.system().await.unwrap_err().to_string();
    assert!(error.contains("GET /redfish/v1/Systems") && error.contains("no computer system"), "{error}");
}

#[tokio::test]
async fn a_collection_of_systems_that_lies_is_not_walked() {
    let paths: Vec<String> = (0..5000).map(|id| format!("/redfish/v1/Systems/{id}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let (server, asked) = serve(json!({"/redfish/v1/Systems": list(&paths)})).await;
    let error = server.system().await.unwrap_err().to_string();
    assert!(
        error.contains("/redfish/v1/Systems") && error.contains("members or more, and 128 are credible"),
        "{error}"
    );
    assert!(asked.lock().unwrap().len() < 10, "{asked:?}");
}

#[tokio::test]
async fn why_the_systems_are_not_told_is_told() {
    for (status, reply, word) in [
        (500, json!({"error": {"message": "on fire"}}), "HTTP 500: on fire"),
        (401, json!({}), "HTTP 401"),
        (404, json!({}), "HTTP 404"),
        (204, Value::Null, "it is empty"),
        (302, json!({}), "redirects again and again"),
    ] {
        let url = bmc(move |request| match request.split(' ').nth(1) {
            Some("/redfish/v1/") => (200, String::new(), json!({"Systems": link("/redfish/v1/Systems")})),
            Some("/redfish/v1/SessionService/Sessions") => {
                (201, "X-Auth-Token: t\r\nLocation: /s/1\r\n".to_owned(), json!({}))
            }
            _ => (status, "Location: /redfish/v1/Systems\r\n".to_owned(), reply.clone()),
        });
        let info =
            json!({"redfish_address": url.await, "redfish_username": "a", "redfish_password": "hunter2"});
        let server = Server::of(&hurried(), &node(info)).unwrap();
        let error = DriverError::from(server.system().await.unwrap_err()).to_string();
        assert!(error.contains("GET /redfish/v1/Systems") && error.contains(word), "{error}");
        assert!(error.contains("redfish BMC 127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn sloppy_links_lead_where_they_should() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": {"members": ["redfish/v1/Systems/Node 1#/"]},
        "/redfish/v1/Systems/Node%201": host(json!({"EthernetInterfaces": {"href": "//redfish/v1/nics"}})),
        "/redfish/v1/nics": {"Members": [{"@odata.ID": "/redfish/v1/nics/1/"}], "Members@odata.nextLink": "?$skip=1"},
        "/redfish/v1/nics?$skip=1": {"Members": [link("/redfish/v1/nics/2"), link("/redfish/v1/nics/1")]},
        "/redfish/v1/nics/1": {"Id": "1", "MACAddress": "52:54:00:00:00:01"},
        "/redfish/v1/nics/2": {"Id": "2", "MACAddress": "52:54:00:00:00:02"},
    }))
    .await;
    let macs: Vec<String> = server.inspect().await.unwrap().macs.iter().map(ToString::to_string).collect();
    assert_eq!(macs, ["52:54:00:00:00:01", "52:54:00:00:00:02"]);
}

#[tokio::test]
async fn members_that_are_served_nowhere_are_taken_as_listed() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems/1": host(json!({"Processors": link("/cpus"), "SimpleStorage": link("/disks")})),
        "/cpus": {"Members": [{"@odata.id": "/cpus/1", "ProcessorType": "CPU", "Model": "AMD EPYC 7763", "TotalThreads": 8}]},
        "/disks": {"Members": [{"@odata.id": "/disks/1", "Id": "1", "Devices": [{"Name": "d", "CapacityBytes": "8589934592"}]}]},
    }))
    .await;
    let found = server.inspect().await.unwrap();
    assert_eq!((found.cpu_arch, found.local_gb), (Some("x86_64"), 7));
    assert_eq!(found.inventory["cpu"]["count"], 8);
}

#[tokio::test]
async fn a_collection_that_does_not_expand_is_not_asked_so_again() {
    let (server, asked) = serve(json!({
        "/redfish/v1/": {"Systems": link("/redfish/v1/Systems"),
            "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": true, "Levels": true}}},
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems?$expand=.($levels=1)": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems/1": host(json!({"Processors": link("/cpus"), "EthernetInterfaces": link("/nics")})),
        "/cpus": list(&[]), "/nics": list(&[]),
    }))
    .await;
    server.inspect().await.unwrap();
    let expanded = asked.lock().unwrap().iter().filter(|path| path.contains("$expand")).count();
    assert_eq!(expanded, 1, "{asked:?}");
}

#[tokio::test]
async fn what_only_chassis_and_adapters_list_is_found() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems/1": host(json!({"Links": {"Chassis": [link("/redfish/v1/Chassis/1")]}})),
        "/redfish/v1/Chassis": list(&["/redfish/v1/Chassis/1", "/redfish/v1/Chassis/Bay"]),
        "/redfish/v1/Chassis/1": {"Id": "1", "NetworkAdapters": link("/nas"), "PCIeDevices": link("/pci")},
        "/redfish/v1/Chassis/Bay": {"Id": "Bay", "Drives": link("/drives"), "Sensors": link("/sensors")},
        "/drives": list(&["/drives/1"]),
        "/drives/1": {"Id": "1", "Name": "Disk 1", "CapacityBytes": 107_374_182_400_u64, "MediaType": "SSD"},
        "/sensors": list(&["/sensors/1"]),
        "/sensors/1": {"Id": "inlet", "ReadingType": "Temperature", "Reading": 21.5},
        "/nas": list(&["/nas/1"]),
        "/nas/1": {"Id": "LOM", "NetworkDeviceFunctions": link("/fns")},
        "/fns": list(&["/fns/1", "/fns/2"]),
        "/fns/1": {"Id": "f1", "NetDevFuncType": "Ethernet", "Ethernet": {"MACAddress": "52:54:00:00:00:0A"}},
        "/fns/2": {"Id": "f2", "NetDevFuncType": "FibreChannel", "Ethernet": {"MACAddress": "52:54:00:00:00:0B"}},
        "/pci": list(&["/pci/1"]),
        "/pci/1": {"Id": "1", "Links": {"PCIeFunctions": [link("/pci/1/0")]}},
        "/pci/1/0": {"Id": "0", "VendorId": "0x8086", "DeviceId": "0x1572"},
    }))
    .await;
    let found = server.inspect().await.unwrap();
    assert_eq!(found.local_gb, 99);
    assert_eq!(
        found.inventory["interfaces"],
        json!([{"mac_address": "52:54:00:00:00:0a", "name": "LOM:f1", "speed_mbps": null}])
    );
    assert_eq!(found.inventory["pci_devices"][0]["vendor_id"], "0x8086");
    assert_eq!(server.sensors().await.unwrap()["Temperature"]["inlet@Bay"]["reading_celsius"], 21.5);
}

#[tokio::test]
async fn smart_arrays_are_read_where_hpe_keeps_them() {
    let base = "/redfish/v1/Systems/1/SmartStorage";
    let at = |end: &str| format!("{base}/{end}");
    let mut tree = json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems/1": host(json!({"Oem": {"Hpe": {"Links": {"SmartStorage": link(base)}}}})),
        base: {"Links": {"ArrayControllers": link(&at("ArrayControllers"))}},
    });
    for (end, value) in [
        ("ArrayControllers", list(&[&at("ArrayControllers/0")])),
        (
            "ArrayControllers/0",
            json!({"Id": "0", "Model": "P408i-a", "Links": {"PhysicalDrives": link(&at("Disks")),
                "LogicalDrives": link(&at("Volumes"))}, "FirmwareVersion": {"Current": {"VersionString": "5.32"}}}),
        ),
        ("Disks", list(&[&at("Disks/0")])),
        ("Disks/0", json!({"Id": "0", "CapacityMiB": 572_325, "MediaType": "HDD", "InterfaceType": "SAS"})),
        ("Volumes", list(&[&at("Volumes/1")])),
        ("Volumes/1", json!({"Id": "1", "CapacityMiB": 286_070, "Raid": "1"})),
    ] {
        tree.as_object_mut().unwrap().insert(at(end), value);
    }
    let (server, _) = serve(tree).await;
    let found = server.inspect().await.unwrap();
    assert_eq!(found.local_gb, 278, "the volume's");
    assert_eq!(found.inventory["disks"][0]["size"], 572_325_u64 * 1024 * 1024);
    assert_eq!(found.inventory["storage_controllers"][0]["name"], "P408i-a");
}

#[tokio::test]
async fn simple_devices_without_a_size_do_not_hide_drives() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems/1": host(json!({"Id": "1", "SimpleStorage": link("/simple"), "Storage": link("/storage")})),
        "/simple": list(&["/simple/1"]),
        "/simple/1": {"Id": "1", "Devices": [{"Name": "Backplane", "CapacityBytes": null}]},
        "/storage": list(&["/storage/1"]),
        "/storage/1": {"Id": "S", "Drives": [link("/storage/1/a")]},
        "/storage/1/a": {"Id": "a", "Name": "Disk a", "CapacityBytes": 10_737_418_240_u64},
    }))
    .await;
    assert_eq!(server.sensors().await.unwrap()["Drive"]["Disk a:S@1"]["capacity_bytes"], 10_737_418_240_u64);
}

#[tokio::test]
async fn a_fragment_is_the_part_that_is_meant() {
    let (server, _) = serve(json!({
        "/redfish/v1/Systems": list(&["/redfish/v1/Systems/1"]),
        "/redfish/v1/Systems/1": host(json!({"Storage": link("/storage")})),
        "/storage": list(&["/storage/1"]),
        "/storage/1": {"Id": "1", "Drives": [link("/bays#/Drives/1")]},
        "/bays": {"Id": "all", "Drives": [{"Id": "a"}, {"Id": "b", "CapacityBytes": 10_737_418_240_u64}]},
    }))
    .await;
    let found = server.inspect().await.unwrap();
    assert_eq!(found.inventory["disks"][0]["name"], "b");
}
