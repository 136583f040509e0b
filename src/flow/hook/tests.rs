//! Hooks on inventories as the stock agent sends them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::lldp::{Tlv, words};
use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::inspection::policy::{AddPorts, KeepPorts, PciAlias};
use crate::model::node::Wished;

#[derive(Debug, Default)]
struct Nobody(BTreeMap<Mac, NodeId>);

impl Bearers for Nobody {
    fn bearer(&self, mac: Mac) -> Option<NodeId> {
        self.0.get(&mac).copied()
    }

    fn count_in(&self, _: &[crate::model::provision::Provision]) -> usize {
        0
    }
}

static NOBODY: Nobody = Nobody(BTreeMap::new());

/// What the stock agent posted.
fn golden() -> Object {
    let text = include_str!("../../../tests/goldens/agent/inspection.json");
    let exchange: Value = serde_json::from_str(text).unwrap();
    exchange["request_body"].as_object().unwrap().clone()
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn survey<'a>(inventory: &'a Object, data: Value, policy: &'a Inspector) -> Survey<'a> {
    Survey {
        inventory,
        data: object(data),
        node: Node::new(NodeId(uuid::Uuid::from_u128(1)), Wished::default(), Moment(0)),
        ports: Vec::new(),
        policy,
        bearers: &NOBODY,
        fresh: (1..9).map(|last| PortId(uuid::Uuid::from_u128(last))).collect(),
        before: None,
        notes: Vec::new(),
        calls: Vec::new(),
    }
}

fn with(hooks: &[Hook]) -> Inspector {
    Inspector { hooks: hooks.to_vec(), ..Inspector::default() }
}

/// Two NICs; the second one booted.
fn two() -> Object {
    object(json!({
        "interfaces": [
            {"name": "eth0", "mac_address": "52:54:00:00:00:01", "ipv4_address": "192.0.2.7"},
            {"name": "eth1", "mac_address": "52:54:00:00:00:02", "ipv6_address": "2001:db8::7%eth1", "client_id": "ff:00"},
            {"name": "eth2", "mac_address": "52:54:00:00:00:03"},
            {"name": "lo", "mac_address": "00:00:00:00:00:01", "ipv4_address": "127.0.0.1"},
            {"name": "ib0", "mac_address": "80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:12:34:56"},
            {"name": "", "mac_address": "52:54:00:00:00:09"},
        ],
        "boot": {"pxe_interface": "01-52-54-00-00-00-02"},
        "cpu": {"architecture": "x86_64"},
    }))
}

const TWO: [Hook; 2] = [Hook::ValidateInterfaces, Hook::Ports];

fn addresses(survey: &Survey<'_>) -> Vec<(String, bool)> {
    survey.ports.iter().map(|port| (port.address.to_string(), port.wished.pxe_enabled)).collect()
}

#[test]
fn the_default_hooks_take_what_the_stock_agent_posts() {
    let body = golden();
    let inventory = object(body["inventory"].clone());
    let policy = Inspector::default();
    let mut survey = survey(&inventory, json!({"root_disk": body["root_disk"], "error": null}), &policy);
    survey.run().unwrap();
    assert_eq!(
        addresses(&survey),
        [("52:54:00:e2:e0:05".to_owned(), false)],
        "no NIC is said to have booted"
    );
    assert_eq!(survey.node.wished.properties, object(json!({"cpu_arch": "x86_64"})));
    assert_eq!(survey.data["macs"], json!(["52:54:00:e2:e0:05"]));
    assert_eq!(survey.data["all_interfaces"]["eth0"]["pxe_enabled"], false);
    assert_eq!(survey.data["valid_interfaces"].as_object().unwrap().len(), 1);
}

#[test]
fn ports_are_added_as_the_site_wants() {
    let one = |last: u8| format!("52:54:00:00:00:0{last}");
    for (add_ports, wanted) in [
        (AddPorts::Pxe, vec![2]),
        (AddPorts::Active, vec![1, 2]),
        (AddPorts::All, vec![1, 2, 3]),
        (AddPorts::Disabled, vec![]),
    ] {
        let (inventory, policy) = (two(), Inspector { add_ports, ..with(&TWO) });
        let mut survey = survey(&inventory, json!({}), &policy);
        survey.run().unwrap();
        let wanted: Vec<_> = wanted.into_iter().map(|last| (one(last), last == 2)).collect();
        assert_eq!(addresses(&survey), wanted, "{add_ports:?}");
        if let Some(port) = survey.ports.iter().find(|port| port.wished.pxe_enabled) {
            assert_eq!(port.wished.extra["client-id"], "ff:00");
        }
    }
}

fn port(last: u8, pxe_enabled: bool) -> Port {
    let wished = crate::model::port::PortWished { pxe_enabled, ..Default::default() };
    Port {
        id: PortId(uuid::Uuid::from_u128(100 + u128::from(last))),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: NodeId(uuid::Uuid::from_u128(1)),
        address: Mac([0x52, 0x54, 0, 0, 0, last]),
        wished,
        internal_info: Object::new(),
    }
}

#[test]
fn ports_are_kept_as_the_site_wants() {
    for (keep_ports, wanted) in
        [(KeepPorts::All, vec![1, 9, 2]), (KeepPorts::Present, vec![1, 2]), (KeepPorts::Added, vec![2])]
    {
        let (inventory, policy) = (two(), Inspector { keep_ports, ..with(&TWO) });
        let mut survey = survey(&inventory, json!({}), &policy);
        survey.ports = vec![port(1, true), port(9, true)];
        survey.run().unwrap();
        let found: Vec<_> = survey.ports.iter().map(|port| port.address.0[5]).collect();
        assert_eq!(found, wanted, "{keep_ports:?}");
        assert!(survey.ports.iter().all(|port| port.wished.pxe_enabled == (port.address.0[5] == 2)));
    }
    let (inventory, policy) = (two(), Inspector { update_pxe_enabled: false, ..with(&TWO) });
    let mut survey = survey(&inventory, json!({}), &policy);
    survey.ports = vec![port(1, true)];
    survey.run().unwrap();
    assert!(survey.ports[0].wished.pxe_enabled, "the site marks its ports itself");
}

#[test]
fn properties_come_from_cpu_memory_boot_and_disks() {
    let inventory = object(json!({
        "cpu": {"count": "8", "flags": ["vmx", "aes", "svm"]}, "memory": {"physical_mb": 4096},
        "boot": {"current_boot_mode": "bios"},
        "disks": [{"name": "/dev/sda", "size": 10_u64 << 30, "serial": "A"}, {"name": "/dev/sdb", "size": 20_u64 << 30, "serial": "B"}],
    }));
    let policy = with(&[Hook::Cpus, Hook::CpuCapabilities, Hook::Memory, Hook::BootMode, Hook::RootDevice]);
    let mut survey = survey(&inventory, json!({"root_disk": {"size": 10_u64 << 30}}), &policy);
    survey.node.wished.properties =
        object(json!({"capabilities": "boot_mode:uefi,own:1", "root_device": {"serial": "b"}}));
    survey.run().unwrap();
    let properties = &survey.node.wished.properties;
    assert_eq!((&properties["cpus"], &properties["memory_mb"]), (&json!(8), &json!(4096)));
    assert_eq!(properties["capabilities"], "own:1,cpu_vt:true,cpu_aes:true,boot_mode:bios");
    assert_eq!(properties["local_gb"], 19, "1 GiB is left out");
    assert_eq!(survey.data["root_disk"]["name"], "/dev/sdb");
}

#[test]
fn a_machine_without_the_hinted_disk_fails() {
    let inventory = object(json!({"disks": [{"name": "/dev/sda", "serial": "A"}]}));
    let policy = with(&[Hook::RootDevice]);
    let mut survey = survey(&inventory, json!({}), &policy);
    survey.node.wished.properties = object(json!({"root_device": {"serial": "b"}}));
    assert!(survey.run().unwrap_err().contains("no disk fits"));
    survey.node.wished.properties = Object::new();
    survey.run().unwrap();
    assert_eq!(survey.node.wished.properties["local_gb"], 0, "diskless");
}

#[test]
fn pci_devices_are_counted_and_accelerators_listed() {
    let devices = json!({"pci_devices": [
        {"vendor_id": "10de", "product_id": "2236", "bus": "0000:3b:00.0"},
        {"vendor_id": "8086", "product_id": "1572", "bus": "0000:3c:00.0"},
        {"vendor_id": "8086", "product_id": "1572", "bus": "0000:3c:00.1"},
    ]});
    let alias =
        PciAlias { vendor_id: "8086".to_owned(), product_id: "1572".to_owned(), name: "nic".to_owned() };
    let policy = Inspector { pci_device_alias: vec![alias], ..with(&[Hook::PciDevices, Hook::Accelerators]) };
    let empty = Object::new();
    let mut found = survey(&empty, devices, &policy);
    found.run().unwrap();
    assert_eq!(found.node.wished.properties["capabilities"], "nic:2");
    let accelerators = &found.node.wished.properties["accelerators"];
    assert_eq!(
        (&accelerators[0]["type"], &accelerators[0]["pci_address"]),
        (&json!("GPU"), &json!("0000:3b:00.0"))
    );
    assert_eq!(accelerators.as_array().unwrap().len(), 1);
    let mut without = survey(&empty, json!({}), &policy);
    without.run().unwrap();
    assert!(without.node.wished.properties.is_empty() && without.notes.len() == 2);
}

#[test]
fn a_port_is_in_the_network_of_its_address() {
    let map = [("198.51.100.0/24", "no"), ("192.0.2.0/24", "four"), ("2001:db8::/64", "six")];
    let map = map.map(|(net, name)| (net.parse().unwrap(), name.to_owned())).to_vec();
    let hooks = [Hook::ValidateInterfaces, Hook::Ports, Hook::PhysicalNetwork];
    let policy = Inspector { physical_network_cidr_map: map, add_ports: AddPorts::All, ..with(&hooks) };
    let inventory = two();
    let mut survey = survey(&inventory, json!({}), &policy);
    survey.run().unwrap();
    let networks: Vec<_> = survey.ports.iter().map(|port| port.wished.physical_network.as_deref()).collect();
    assert_eq!(networks, [Some("four"), Some("six"), None]);
}

#[test]
fn the_disk_that_came_with_the_raid_is_the_root_disk() {
    let disks = |serials: &[&str]| {
        object(json!({"disks": serials.iter().map(|serial| json!({"serial": serial})).collect::<Vec<_>>()}))
    };
    let policy = with(&[Hook::RaidDevice]);
    for (before, now, hint) in [
        (vec!["A"], vec!["A", "B"], json!({"serial": "B"})),
        (vec!["A"], vec!["A"], Value::Null),
        (vec!["A"], vec!["B", "C"], Value::Null),
    ] {
        let kept = Inventory { inventory: disks(&before), plugin_data: Object::new() };
        let now = disks(&now);
        let mut survey = survey(&now, json!({}), &policy);
        survey.before = Some(&kept);
        survey.run().unwrap();
        let found = survey.node.wished.properties.get("root_device").cloned().unwrap_or_default();
        assert_eq!(found, hint, "{before:?}");
    }
}

/// What a switch says: chassis, port, name, VLAN 101, MTU 9216, link aggregation, 10GBASE-T's speed, an address.
fn lldp() -> Value {
    json!([
        [1, "0464649b32f300"],
        [2, "0545746831"],
        [3, "0078"],
        [4, "6465736b"],
        [5, "746f7231"],
        [6, "4e584f53"],
        [7, "00140004"],
        [8, "0501c0000209020000000100"],
        [127, "0080c2010065"],
        [127, "0080c203006506746573743031"],
        [127, "00120f042400"],
        [127, "00120f030300000009"],
        [127, "00120f01030001001e"],
        [127, "abcdef01"],
        [0, ""],
        ["x", "00"],
        [5],
        [5, "zz"],
        [5, "0"],
    ])
}

#[test]
fn what_a_switch_says_is_put_into_words_and_onto_the_port() {
    let mut inventory = two();
    inventory["interfaces"][0]["lldp"] = lldp();
    let hooks = [Hook::ValidateInterfaces, Hook::Ports, Hook::LocalLinkConnection, Hook::ParseLldp];
    let policy = Inspector { add_ports: AddPorts::All, ..with(&hooks) };
    let raw = json!({"lldp_raw": {"eth1": [[2, "0734"], [5, "746f7232"]]}});
    let mut survey = survey(&inventory, raw, &policy);
    survey.run().unwrap();
    let link = |place: usize| Value::Object(survey.ports[place].wished.local_link_connection.clone());
    assert_eq!(link(0), json!({"switch_id": "64:64:9b:32:f3:00", "port_id": "Eth1", "switch_info": "tor1"}));
    assert_eq!(link(1), json!({"port_id": "4", "switch_info": "tor2"}));
    assert_eq!(link(2), json!({}));
    let told = &survey.data["parsed_lldp"];
    assert_eq!(told["eth1"], json!({"switch_port_id": "4", "switch_system_name": "tor2"}));
    for (name, value) in [
        ("switch_chassis_id", json!("64:64:9b:32:f3:00")),
        ("switch_port_description", json!("desk")),
        ("switch_system_description", json!("NXOS")),
        ("switch_capabilities_support", json!(["Bridge", "Router"])),
        ("switch_capabilities_enabled", json!(["Bridge"])),
        ("switch_mgmt_addresses", json!(["192.0.2.9"])),
        ("switch_port_untagged_vlan_id", json!(101)),
        ("switch_port_vlans", json!([{"name": "test01", "id": 101}])),
        ("switch_port_mtu", json!(9216)),
        ("switch_port_link_aggregation_enabled", json!(true)),
        ("switch_port_link_aggregation_id", json!(9)),
        ("switch_port_autonegotiation_support", json!(true)),
        ("switch_port_physical_capabilities", json!(["1000BASE-T fdx"])),
        ("switch_port_mau_type", json!("1000BASE-T full duplex")),
    ] {
        assert_eq!(told["eth0"][name], value, "{name}");
    }
}

#[test]
fn what_a_person_wrote_of_a_link_stays() {
    let mut inventory = two();
    inventory["interfaces"][0]["lldp"] = lldp();
    let policy = with(&[Hook::ValidateInterfaces, Hook::LocalLinkConnection]);
    let mut survey = survey(&inventory, json!({}), &policy);
    let mut own = port(1, true);
    own.wished.local_link_connection = object(json!({"port_id": "mine"}));
    survey.ports = vec![own];
    survey.run().unwrap();
    assert_eq!(survey.ports[0].wished.local_link_connection["port_id"], "mine");
    assert_eq!(survey.ports[0].wished.local_link_connection["switch_info"], "tor1");
}

proptest::proptest! {
    #[test]
    fn no_element_of_a_switch_is_a_panic(kind: u8, value: Vec<u8>) {
        let all: Vec<Tlv> = (0..=value.len()).map(|end| Tlv { kind, value: value[..end].to_vec() }).collect();
        words(&all);
        for oui in [[0, 0x80, 0xc2], [0, 0x12, 0x0f]] {
            let tail = [&oui[..], &value].concat();
            words(&[Tlv { kind: 127, value: tail }]);
        }
    }

    #[test]
    fn no_inventory_is_a_panic(text in r#"\{"(interfaces|cpu|disks|boot|memory)":[{}\[\]0-9a-z",:]{0,40}\}"#) {
        if let Ok(Value::Object(inventory)) = serde_json::from_str(&text) {
            let policy = with(&Hook::ALL);
            survey(&inventory, json!({"pci_devices": [1], "lldp_raw": 3, "root_disk": 5}), &policy).run().ok();
        }
    }
}

#[test]
fn extra_hardware_is_nested_and_what_is_odd_is_passed_over() {
    let policy = with(&[Hook::ExtraHardware]);
    let empty = Object::new();
    let data = json!({"data": [
        ["cpu", "physical_0", "cores", "8"], ["cpu", "physical_0", "vendor", "Intel"], [], ["cpu", "physical_0"],
        ["cpu", 7, "x", "y"], ["disk", "sda", "size", 480],
    ]});
    let mut found = survey(&empty, data.clone(), &policy);
    found.run().unwrap();
    let extra =
        json!({"cpu": {"physical_0": {"cores": 8, "vendor": "Intel"}}, "disk": {"sda": {"size": 480}}});
    assert_eq!((found.data.get("extra"), found.data.get("data")), (Some(&extra), None));
    assert_eq!(found.notes.len(), 1);
    for (strict, kept) in [(false, true), (true, false)] {
        let policy = Inspector { extra_hardware_strict: strict, ..with(&[Hook::ExtraHardware]) };
        for odd in [json!({"data": {"cpu": 1}}), json!({"data": ["x"]})] {
            let mut found = survey(&empty, odd, &policy);
            found.run().unwrap();
            assert_eq!((found.data.contains_key("data"), found.data.contains_key("extra")), (kept, false));
        }
        let mut found = survey(&empty, data.clone(), &policy);
        found.run().unwrap();
        assert_eq!(
            found.data.contains_key("extra"),
            !strict,
            "an item of another length is malformed where it is strict"
        );
    }
    let mut none = survey(&empty, json!({}), &policy);
    none.run().unwrap();
    assert_eq!(none.notes.len(), 1);
}

#[test]
fn what_moves_a_terminal_becomes_no_property() {
    let policy = with(&[Hook::Architecture]);
    for text in ["\u{1b}[31m", "x86_64\n", "\u{202e}46_68x", "x 86", ""] {
        let inventory = object(json!({"cpu": {"architecture": text}}));
        assert!(
            survey(&inventory, json!({}), &policy).run().unwrap_err().contains("architecture"),
            "{text:?}"
        );
    }
    let port = lldp::name("Eth\u{1b}[2J1/7\0".as_bytes()).unwrap();
    assert_eq!(port.text, "Eth[2J1/7");
}
