use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::PausedClock;
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::registry::catalog;
use crate::model::node::Wished;

const TYPES_ON: [&str; 5] = ["fake-hardware", "manual-management", "redfish", "idrac", "ipmi"];

fn ground() -> Ground {
    Ground::new(Arc::new(PausedClock::new()), Arc::new(Blank), PrintKey::new(Secret::new("key")), 1)
}

fn machine(driver: &str, change: impl FnOnce(&mut Node)) -> Machine {
    let catalog = catalog(TYPES_ON).unwrap();
    let mut wished = Wished { driver: driver.to_owned(), ..Wished::default() };
    for interface in Interface::ALL {
        wished.interfaces.set(interface, catalog.default_of(driver, interface).unwrap().to_owned());
    }
    let mut node = Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0));
    change(&mut node);
    Machine { node: Arc::new(node), ports: Vec::new() }
}

fn reason(machine: &Machine, interface: Interface) -> Option<String> {
    let catalog = catalog(TYPES_ON).unwrap();
    let data = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
    let boot = BootGround::new(Ramdisks::new(data.path(), shelf), "http://10.0.0.1:6385");
    judged(&catalog, &boot, machine, interface)
}

fn judged(catalog: &Catalog, boot: &BootGround, machine: &Machine, interface: Interface) -> Option<String> {
    let bmc = ground();
    super::interface(catalog, Grounds { bmc: &bmc, boot }, machine, interface).err()
}

/// Why a deployment with this record is refused; the image itself is good unless it is left out.
fn refused(deploy: &str, change: impl FnOnce(&mut Node)) -> Option<String> {
    let machine = machine("manual-management", |node| {
        node.wished.interfaces.deploy = deploy.to_owned();
        let info = json!({"image_source": "http://host/i", "image_checksum": "0".repeat(64)});
        node.wished.instance_info = info.as_object().cloned().unwrap();
        change(node);
    });
    reason(&machine, Interface::Deploy)
}

fn with(place: &'static str, value: Value) -> impl FnOnce(&mut Node) {
    move |node| {
        node.wished.instance_info.insert(place.to_owned(), value);
    }
}

#[test]
fn a_fake_node_is_good_everywhere() {
    let machine = machine("fake-hardware", |_| ());
    for interface in SHOWN {
        assert_eq!(reason(&machine, *interface), None, "{interface}");
    }
    assert!(!SHOWN.contains(&Interface::Vendor));
    assert_eq!(SHOWN.len(), 12);
}

#[test]
fn what_a_driver_lacks_is_said_by_name() {
    let machine = machine("manual-management", |_| ());
    assert_eq!(
        reason(&machine, Interface::Raid).unwrap(),
        "Driver manual-management does not support raid (disabled or not implemented)."
    );
    for good in [Interface::Boot, Interface::Management, Interface::Network, Interface::Storage] {
        assert_eq!(reason(&machine, good), None, "{good}");
    }
}

#[test]
fn the_agent_as_power_needs_fast_track() {
    let machine_of = |value: Value| {
        machine("manual-management", |node| {
            node.wished.driver_info.insert("fast_track".to_owned(), value);
        })
    };
    assert!(reason(&machine("manual-management", |_| ()), Interface::Power).unwrap().contains("fast track"));
    for value in [json!(true), json!("True")] {
        assert_eq!(reason(&machine_of(value), Interface::Power), None);
    }
    for value in [json!(false), json!("no"), json!(1)] {
        assert!(reason(&machine_of(value), Interface::Power).is_some());
    }
}

#[test]
fn the_site_says_whether_a_machine_may_be_inspected_that_nothing_of_its_own_boots() {
    let catalog = catalog(TYPES_ON).unwrap();
    let (_data, ground) = booting("http://10.0.0.1:6385");
    let judge = |managed_boot, machine: &Machine| {
        let ground = BootGround { managed_boot, ..ground.clone() };
        judged(&catalog, &ground, machine, Interface::Inspect).unwrap_or_default()
    };
    let by_agent = |boot: &str| {
        let mut node = Node::clone(&redfish_node(boot, &json!({})).node);
        node.wished.interfaces.inspect = "agent".to_owned();
        Machine { node: Arc::new(node), ports: Vec::new() }
    };
    for (boot, word) in [
        ("ipxe", ["create one with pxe_enabled", "create one with pxe_enabled", ""]),
        ("fake", ["require_managed_boot", "", ""]),
        ("ilo", ["cannot boot the inspection ramdisk", "cannot boot the inspection ramdisk", ""]),
        ("redfish-virtual-media", ["", "", ""]),
    ] {
        let machine = by_agent(boot);
        for (managed, word) in [ManagedBoot::Required, ManagedBoot::ByInterface, ManagedBoot::WherePossible]
            .into_iter()
            .zip(word)
        {
            let why = judge(managed, &machine);
            assert!(why.contains(word) && why.is_empty() == word.is_empty(), "{boot} {managed:?}: {why:?}");
        }
    }
}

#[test]
fn an_interface_that_is_not_enabled_is_named() {
    let machine = machine("fake-hardware", |node| node.wished.interfaces.boot = "ilo".to_owned());
    assert_eq!(reason(&machine, Interface::Boot).unwrap(), "boot interface \"ilo\" is not enabled");
}

#[test]
fn a_direct_deployment_needs_a_good_image() {
    assert_eq!(refused("direct", |_| ()), None);
    let none = refused("direct", |node| node.wished.instance_info.clear()).unwrap();
    assert!(none.contains("image_source"), "{none}");
    let no_sum = refused("direct", |node| {
        node.wished.instance_info.remove("image_checksum");
    });
    assert!(no_sum.unwrap().contains("checksum"));
    assert_eq!(refused("custom-agent", |node| node.wished.instance_info.clear()), None);
    assert_eq!(refused("ramdisk", |node| node.wished.instance_info.clear()), None);
}

#[test]
fn root_device_hints_are_checked_by_name() {
    for deploy in ["direct", "custom-agent"] {
        assert_eq!(refused(deploy, with("root_device", json!({"serial": "s== X"}))), None);
        let unknown = refused(deploy, with("root_device", json!({"colour": "red"}))).unwrap();
        assert!(unknown.contains("\"colour\"") && unknown.contains("wwn_with_extension"), "{unknown}");
        assert!(refused(deploy, with("root_device", json!("sda"))).unwrap().contains("not an object"));
        let own = refused(deploy, |node| {
            node.wished.properties.insert("root_device".into(), json!({"colour": "red"}));
        });
        assert!(own.unwrap().starts_with("properties.root_device"));
    }
}

#[test]
fn capabilities_are_an_object_with_known_values() {
    for good in
        [json!({"boot_mode": "uefi"}), json!("{\"secure_boot\": \"true\"}"), json!({"boot_option": "x"})]
    {
        assert_eq!(refused("direct", with("capabilities", good)), None);
    }
    for bad in [json!([]), json!("boot_mode:uefi"), json!(7)] {
        assert!(refused("direct", with("capabilities", bad)).unwrap().contains("neither an object"));
    }
    let value = refused("direct", with("capabilities", json!({"boot_mode": "legacy"}))).unwrap();
    assert_eq!(value, "capability boot_mode is \"legacy\": acceptable values are bios, uefi");
    assert!(refused("direct", with("capabilities", json!({"secure_boot": "maybe"}))).is_some());
}

#[test]
fn traits_must_be_on_the_node() {
    let asks = |node: &mut Node| {
        node.wished.instance_info.insert("traits".into(), json!(["CUSTOM_A", "CUSTOM_B"]));
        node.traits = vec!["CUSTOM_A".to_owned()];
    };
    for deploy in ["direct", "custom-agent", "ramdisk", "noop"] {
        let why = refused(deploy, asks).unwrap();
        assert!(why.ends_with(": CUSTOM_B"), "{why}");
    }
    assert!(refused("noop", with("traits", json!("CUSTOM_A"))).unwrap().contains("not a list"));
}

#[test]
fn a_proxy_of_another_scheme_is_refused() {
    let why = refused("custom-agent", |node| {
        node.wished.driver_info.insert("image_http_proxy".into(), json!("ftp://proxy"));
    });
    assert!(why.unwrap().contains("image_http_proxy"));
}

#[test]
fn the_settings_of_a_bmc_are_checked_without_asking_it() {
    for (driver, key, others) in [
        ("redfish", "redfish_address", [Interface::Power, Interface::Management]),
        ("idrac", "redfish_address", [Interface::Power, Interface::Management]),
        ("ipmi", "ipmi_address", [Interface::Power, Interface::Management]),
    ] {
        for interface in others {
            let why = reason(&machine(driver, |_| ()), interface).unwrap();
            assert_eq!(why, format!("missing in the node's driver_info: {key}"));
            let good = machine(driver, |node| {
                node.wished.driver_info.insert(key.to_owned(), json!("192.0.2.1"));
            });
            assert_eq!(reason(&good, interface), None);
        }
    }
}

/// A host with an imported ramdisk, and who it is for BMCs.
fn booting(base: &str) -> (tempfile::TempDir, BootGround) {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("ramdisks/x86_64");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["kernel", "ramdisk"] {
        std::fs::write(folder.join(name), b"a file").unwrap();
    }
    let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
    let boot = BootGround::new(Ramdisks::new(data.path(), shelf), base);
    (data, boot)
}

fn redfish_node(boot: &str, info: &Value) -> Machine {
    machine("redfish", |node| {
        node.wished.interfaces.boot = boot.to_owned();
        let mut all =
            json!({"redfish_address": "10.0.0.2", "redfish_username": "a", "redfish_password": "b"});
        let (map, more) = (all.as_object_mut().unwrap(), info.as_object().unwrap().clone());
        map.extend(more);
        node.wished.driver_info = map.clone();
    })
}

#[test]
fn a_boot_interface_needs_a_ramdisk_and_a_place_that_bmcs_reach() {
    let catalog = catalog(TYPES_ON).unwrap();
    let (_data, good) = booting("http://10.0.0.1:6385");
    let all = ["pxe", "ipxe", "http", "http-ipxe", "redfish-virtual-media", "redfish-https"];
    for name in all {
        let machine = redfish_node(name, &json!({}));
        assert_eq!(judged(&catalog, &good, &machine, Interface::Boot), None, "{name}");
        let none = reason(&machine, Interface::Boot).unwrap();
        assert!(none.contains("ferric ramdisk import"), "{name}: {none}");
        let lone = redfish_node(name, &json!({"deploy_kernel": "file:///k"}));
        // One without the other does not count, as with the reference; the host's pair is there.
        assert_eq!(judged(&catalog, &good, &lone, Interface::Boot), None, "{name}");
    }
    let (_data, nowhere) = booting("http://0.0.0.0:6385");
    let bmc = "bmc.example";
    for (name, is_by_bmc) in all.into_iter().zip([false, false, false, false, true, true]) {
        let somewhere = redfish_node(name, &json!({"redfish_address": bmc}));
        let why = judged(&catalog, &nowhere, &somewhere, Interface::Boot);
        assert_eq!(why.is_some_and(|why| why.contains("external_http_url")), is_by_bmc, "{name}");
        let own =
            redfish_node(name, &json!({"redfish_address": bmc, "external_http_url": "http://10.0.0.9/x"}));
        assert_eq!(judged(&catalog, &nowhere, &own, Interface::Boot), None, "{name}");
    }
}

#[test]
fn words_that_no_command_line_carries_are_refused_alike_for_every_boot_interface() {
    let catalog = catalog(TYPES_ON).unwrap();
    let (_data, good) = booting("http://10.0.0.1:6385");
    let long = "p=yyyyyyyyyyyyyy ".repeat(100);
    for (words, what) in [
        (json!("b;c"), "\"b;c\" is no kernel parameter"),
        (json!("it's"), "is no kernel parameter"),
        (json!("a=it's"), "a quote or a backslash"),
        (json!("a=b\\c"), "a quote or a backslash"),
        (json!("a=${net0/ip}"), "${"),
        (json!("a=\u{e9}"), "no command line can carry"),
        (json!("a=b\0"), "no command line can carry"),
        (json!(long), "1536"),
        (json!(5), "is a number"),
        (json!(["a"]), "is a list"),
        (json!("a=1\nb=2\tc"), ""),
        (json!("%default% console=ttyS0,115200n8"), ""),
        (json!(""), ""),
        (json!(null), ""),
    ] {
        for boot in ["pxe", "ipxe", "http", "http-ipxe", "redfish-virtual-media", "redfish-https"] {
            for place in ["driver_info", "instance_info"] {
                let mut node = (*redfish_node(boot, &json!({})).node).clone();
                let of_instance = place == "instance_info";
                let wished = &mut node.wished;
                let info = if of_instance { &mut wished.instance_info } else { &mut wished.driver_info };
                info.insert("kernel_append_params".to_owned(), words.clone());
                let machine = Machine { node: Arc::new(node), ports: Vec::new() };
                let why = judged(&catalog, &good, &machine, Interface::Boot);
                assert_eq!(why.is_none(), what.is_empty(), "{boot} {words}: {why:?}");
                let named = why.unwrap_or_else(|| format!("{place} kernel_append_params"));
                assert!(named.contains(what) && named.contains("kernel_append_params"), "{boot}: {named}");
                assert!(what == "1536" || named.contains(place), "{boot}: {named}");
            }
        }
    }
    for (boot, carries) in [("ipxe", true), ("pxe", true), ("redfish-virtual-media", false)] {
        let machine = redfish_node(boot, &json!({"kernel_append_params": "dyndbg=\"file a.c +p\""}));
        let why = judged(&catalog, &good, &machine, Interface::Boot);
        assert_eq!(why.is_none(), carries, "{boot}: {why:?}");
    }
    let (_data, mut site) = booting("http://10.0.0.1:6385");
    site.kernel_append = "p=yyyyyyyyyyyyyy ".repeat(90);
    let machine = redfish_node("ipxe", &json!({"kernel_append_params": "%default% %default%"}));
    assert!(judged(&catalog, &site, &machine, Interface::Boot).unwrap().contains("1536"));
}

#[test]
fn what_a_bmc_would_refuse_is_refused_before() {
    let catalog = catalog(TYPES_ON).unwrap();
    let (_data, good) = booting("http://10.0.0.1:6385");
    for (info, word) in [
        (json!({"external_http_url": "http://10.0.0.9/?a"}), "?, & or #"),
        (json!({"external_http_url": "10.0.0.9"}), "http or https URL"),
        (json!({"external_http_url": "nfs://10.0.0.9/x"}), "http or https URL"),
        (json!({"vmedia_transport_protocol": "HTTPS"}), "https URL"),
        (json!({"vmedia_transport_protocol": "NFS"}), "leave it out"),
    ] {
        let machine = redfish_node("redfish-virtual-media", &info);
        let why = judged(&catalog, &good, &machine, Interface::Boot).unwrap();
        assert!(why.contains(word), "{word}: {why}");
    }
    let https = json!({"vmedia_transport_protocol": "HTTPS", "external_http_url": "https://10.0.0.9"});
    let machine = redfish_node("redfish-virtual-media", &https);
    assert_eq!(judged(&catalog, &good, &machine, Interface::Boot), None);
    let mut node = (*redfish_node("redfish-virtual-media", &json!({})).node).clone();
    node.wished.interfaces.management = "noop".to_owned();
    let machine = Machine { node: Arc::new(node), ports: Vec::new() };
    let why = judged(&catalog, &good, &machine, Interface::Boot).unwrap();
    assert!(why.contains("speaks Redfish"), "{why}");
}

#[test]
fn a_ramdisk_deployment_says_once_what_it_boots() {
    let good = json!("http://10.0.0.1/a.iso");
    for (info, word) in [
        (json!({}), "needs boot_iso, or kernel and ramdisk"),
        (json!({"kernel": "file:///k"}), "no ramdisk"),
        (json!({"ramdisk": "file:///r"}), "no kernel"),
        (json!({"boot_iso": good, "kernel": "file:///k"}), "leave one of them out"),
        (json!({"boot_iso": good, "image_source": "http://h/i"}), "takes one of them"),
        (json!({"boot_iso": "a.iso"}), "neither a file of this host nor"),
        (json!({"boot_iso": "nfs://h/a.iso"}), "neither a file of this host nor"),
        (json!({"boot_iso": "http://"}), "no address"),
        (json!({"boot_iso": good, "ramdisk_image_download_source": "ftp"}), "one of http, local, swift"),
        (json!({"boot_iso": good}), ""),
        (json!({"boot_iso": good, "kernel_append_params": "b;c"}), "kernel_append_params cannot be used"),
        (
            json!({"kernel": "http://h/k", "ramdisk": "https://h/r", "ramdisk_kernel_arguments": "it's"}),
            "instance_info ramdisk_kernel_arguments cannot be used",
        ),
        (
            json!({"kernel": "http://h/k", "ramdisk": "https://h/r", "ramdisk_kernel_arguments": 5}),
            "instance_info ramdisk_kernel_arguments is a number",
        ),
        (json!({"boot_iso": good, "ramdisk_image_download_source": "local"}), ""),
        (json!({"kernel": "file:///k", "ramdisk": "file:///r"}), "/k is not inside a folder"),
        (json!({"kernel": "http://h/k", "ramdisk": "https://h/r"}), ""),
    ] {
        let mut node = (*redfish_node("ipxe", &json!({})).node).clone();
        node.wished.interfaces.deploy = "ramdisk".to_owned();
        node.wished.instance_info = info.as_object().unwrap().clone();
        let why = reason(&Machine { node: Arc::new(node), ports: Vec::new() }, Interface::Deploy);
        assert_eq!(why.is_none(), word.is_empty(), "{info}: {why:?}");
        assert!(why.unwrap_or_default().contains(word), "{info}");
    }
}

#[test]
fn a_ramdisk_deployment_that_is_never_cleaned_needs_no_agent() {
    let mut node = (*redfish_node("ipxe", &json!({})).node).clone();
    node.wished.interfaces.deploy = "ramdisk".to_owned();
    let of =
        |node: &Node| reason(&Machine { node: Arc::new(node.clone()), ports: Vec::new() }, Interface::Boot);
    assert!(of(&node).is_some());
    node.wished.automated_clean = Some(false);
    assert_eq!(of(&node), None);
}

#[test]
fn a_rescue_needs_a_ramdisk_of_its_own_and_a_boot_interface_that_brings_it() {
    let rescued = |change: fn(&mut Node)| {
        let machine = machine("ipmi", |node| {
            node.wished.interfaces.rescue = "agent".to_owned();
            node.wished.interfaces.boot = "ipxe".to_owned();
            change(node);
        });
        reason(&machine, Interface::Rescue)
    };
    let told = rescued(|node| {
        for key in ["deploy_kernel", "deploy_ramdisk"] {
            node.wished.driver_info.insert(key.to_owned(), json!("http://h/f"));
        }
    });
    assert!(told.as_ref().is_some_and(|why| why.contains("no ramdisk for x86_64")), "{told:?}");
    let pair = |node: &mut Node| {
        for key in ["rescue_kernel", "rescue_ramdisk"] {
            node.wished.driver_info.insert(key.to_owned(), json!("http://h/f"));
        }
    };
    assert_eq!(rescued(pair), None);
    assert_eq!(rescued(|node| node.wished.interfaces.boot = "fake".to_owned()), None);
    let told = rescued(|node| {
        node.wished.driver_info.insert("rescue_kernel".to_owned(), json!("ftp://h/f"));
        node.wished.driver_info.insert("rescue_ramdisk".to_owned(), json!("http://h/f"));
    });
    assert!(told.is_some(), "a file of this host that is not there");
}

#[test]
fn a_rescue_that_the_site_boots_its_own_way_needs_no_ramdisk() {
    let machine = machine("ipmi", |node| {
        node.wished.interfaces.rescue = "agent".to_owned();
        node.wished.interfaces.boot = "ipxe".to_owned();
    });
    let data = tempfile::tempdir().unwrap();
    let shelf = Arc::new(Shelf::open(data.path(), &[]).unwrap());
    let ground = BootGround::new(Ramdisks::new(data.path(), shelf), "http://10.0.0.1:6385");
    let catalog = catalog(TYPES_ON).unwrap();
    assert!(judged(&catalog, &ground, &machine, Interface::Rescue).is_some());
    let ground = BootGround { manage_agent_boot: false, ..ground };
    assert_eq!(judged(&catalog, &ground, &machine, Interface::Rescue), None);
}

#[test]
fn a_container_deployment_names_its_registry() {
    assert_eq!(refused("bootc", with("image_source", json!("oci://registry/os:1"))), None);
    let why = refused("bootc", |_| ()).unwrap();
    assert!(why.contains("image_source is no container"), "{why}");
    let why = refused("bootc", with("root_device", json!({"colour": "red"}))).unwrap();
    assert!(why.contains("unknown hint"), "{why}");
}

#[test]
fn an_installer_comes_from_the_network_and_is_told_whole() {
    let whole = json!({"image_source": "http://h/tree/", "kernel": "http://h/k", "ramdisk": "http://h/r"});
    for (boot, change, word) in [
        ("ipxe", json!({}), ""),
        ("pxe", json!({}), ""),
        ("redfish-virtual-media", json!({}), "take ipxe, pxe, http-ipxe or http"),
        ("ipxe", json!({"image_source": "http://h/os.tar"}), "stage2 is missing"),
        ("ipxe", json!({"image_source": "http://h/os.tar", "stage2": "http://h/s"}), ""),
        ("ipxe", json!({"kernel_append_params": "b;c"}), "kernel_append_params cannot be used"),
        ("ipxe", json!({"capabilities": {"boot_mode": "bus"}}), "acceptable values are bios, uefi"),
    ] {
        let mut node = (*redfish_node(boot, &json!({})).node).clone();
        node.wished.interfaces.deploy = "anaconda".to_owned();
        node.wished.instance_info = whole.as_object().unwrap().clone();
        node.wished.instance_info.extend(change.as_object().unwrap().clone());
        let why = reason(&Machine { node: Arc::new(node), ports: Vec::new() }, Interface::Deploy);
        assert_eq!(why.is_none(), word.is_empty(), "{boot} {change}: {why:?}");
        assert!(why.unwrap_or_default().contains(word), "{boot} {change}");
    }
}
