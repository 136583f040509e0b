//! Scripts: who is led where, and what each loader asks for by name.

use std::time::Duration;

use uuid::Uuid;

use super::rig::{Rig, SCRIPT, TOKEN, fetch};
use crate::base::id::NodeId;
use crate::boot::library::{NotGiven, Via};
use crate::model::boot::Boots;
use crate::model::boot::plan::Discovery;
use crate::model::node::Node;
use crate::model::provision::Provision;

#[tokio::test]
async fn a_node_that_boots_the_agent_is_led_to_its_files() {
    let rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let folder = format!("/boot/file/{}/{TOKEN}", rig.node.id);
    for (via, name, kernel) in [
        (Via::Http, SCRIPT, format!("kernel http://10.0.0.1:6385{folder}/kernel ")),
        (Via::Https, SCRIPT, format!("kernel https://10.0.0.1{folder}/kernel ")),
        (Via::Tftp, SCRIPT, format!("kernel tftp://10.0.0.1{folder}/kernel ")),
        (Via::Tftp, "grub/52:54:00:00:00:01.cfg", format!("linux {folder}/kernel ")),
        (Via::Tftp, "pxelinux.cfg/01-52-54-00-00-00-01", format!("kernel {}/kernel\n", &folder[1..])),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains(&kernel), "{script}");
        let api = "http://10.0.0.1:6385"; // agents know no certificate of the site
        assert!(script.contains(&format!("ipa-api-url={api}")), "{script}");
        rig.clock.advance(Duration::from_hours(1));
    }
    for name in [format!("file/{}/{TOKEN}/kernel", rig.node.id), format!("{folder}/kernel")] {
        assert_eq!(fetch(&catalogue, &name, Via::Tftp).await.unwrap(), "a kernel");
    }
    let ramdisk = format!("file/{}/{TOKEN}/ramdisk", rig.node.id);
    assert_eq!(fetch(&catalogue, &ramdisk, Via::Http).await.unwrap(), "a ramdisk");
}

#[tokio::test]
async fn files_are_for_who_knows_the_token_of_this_boot() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let name = |token: &str| format!("file/{}/{token}/kernel", rig.node.id);
    for wrong in [name("other"), name("******"), name(&TOKEN[1..]), name(TOKEN).replace("0007", "0009")] {
        assert_eq!(fetch(&catalogue, &wrong, Via::Http).await, Err(NotGiven::Missing), "{wrong}");
    }
    let name = name(TOKEN);
    assert!(fetch(&catalogue, &name, Via::Http).await.is_ok());
    rig.node.boot_token = None;
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}

#[tokio::test]
async fn a_node_that_shall_not_netboot_is_sent_to_its_disk() {
    for boots in [Boots::Disk, Boots::Nothing] {
        let rig = Rig::new(boots).await;
        let catalogue = rig.catalogue(Discovery::Enrol);
        let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
        assert!(script.contains("sanboot --no-describe --drive 0x80"), "{script}");
        let grub = fetch(&catalogue, "grub/52:54:00:00:00:01.cfg", Via::Tftp).await.unwrap();
        assert!(grub.contains("chainloader"), "{grub}");
        rig.put_port(false).await;
        assert_eq!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n");
    }
}

#[tokio::test]
async fn machines_that_nobody_knows_are_discovered_or_let_go() {
    let rig = Rig::new(Boots::Nothing).await;
    let unknown = "ipxe/02-00-00-00-00-99";
    let off = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&off, unknown, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n");
    let kernel = "file/discovery/x86_64/kernel";
    assert_eq!(fetch(&off, kernel, Via::Http).await, Err(NotGiven::Missing));
    let on = rig.catalogue(Discovery::Record);
    let script = fetch(&on, unknown, Via::Http).await.unwrap();
    for part in [
        "kernel http://10.0.0.1:6385/boot/file/discovery/${arch}/kernel ",
        "ipa-inspection-callback-url=http://10.0.0.1:6385/v1/continue_inspection",
        "BOOTIF=02:00:00:00:00:99",
    ] {
        assert!(script.contains(part), "{script}");
    }
    assert_eq!(fetch(&on, kernel, Via::Http).await.unwrap(), "a kernel");
    assert_eq!(fetch(&on, "file/discovery/arm64/kernel", Via::Http).await, Err(NotGiven::Missing));
}

/// What an unknown machine's script has, and a node's has not.
fn is_discovery(script: &str) -> bool {
    script.contains("/boot/file/discovery/${arch}/kernel")
        && script.contains("ipa-inspection-callback-url=http://10.0.0.1:6385/v1/continue_inspection")
        && !script.contains("ipa-agent-token")
        && !script.contains("ipa-api-url")
}

#[tokio::test]
async fn a_machine_that_is_left_to_the_network_boots_the_ramdisk_of_unknown_ones() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let off = rig.catalogue(Discovery::Off);
    let (unknown, kernel) = ("ipxe/02-00-00-00-00-99", "file/discovery/x86_64/kernel");
    rig.node.boot_token = None;
    for interface in ["ipxe", "pxe", "fake"] {
        rig.node.provision = Provision::InspectWait;
        rig.boots_by(interface).await;
        rig.put_port(false).await;
        let script = fetch(&off, SCRIPT, Via::Http).await.unwrap();
        assert!(is_discovery(&script), "{interface}: {script}");
        assert!(!script.contains(&rig.node.id.to_string()), "{script}");
        let grub = fetch(&off, "grub/52-54-00-00-00-01.cfg", Via::Tftp).await.unwrap();
        assert!(grub.contains("discovery") && grub.contains("ipa-inspection-callback-url"), "{grub}");
        assert_eq!(fetch(&off, kernel, Via::Http).await.unwrap(), "a kernel");
        assert_eq!(fetch(&off, unknown, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n", "it has a port");

        rig.node.provision = Provision::Manageable;
        rig.boots_by(interface).await;
        assert_eq!(fetch(&off, kernel, Via::Http).await, Err(NotGiven::Missing), "nobody is awaited");
        assert!(!is_discovery(&fetch(&off, SCRIPT, Via::Http).await.unwrap()));
    }
}

#[tokio::test]
async fn an_unknown_machine_is_let_in_while_a_node_without_ports_awaits_its_own() {
    let rig = Rig::new(Boots::Nothing).await;
    let off = rig.catalogue(Discovery::Off);
    let unknown = "ipxe/02-00-00-00-00-99";
    let mut awaiting = Node { id: NodeId(Uuid::from_u128(9)), boots: Boots::Ramdisk, ..rig.node.clone() };
    awaiting.wished.name = None;
    awaiting.provision = Provision::InspectWait;
    rig.put(&awaiting).await;
    let script = fetch(&off, unknown, Via::Http).await.unwrap();
    assert!(is_discovery(&script), "{script}");
    assert_eq!(fetch(&off, "file/discovery/x86_64/ramdisk", Via::Http).await.unwrap(), "a ramdisk");
    awaiting.boots = Boots::Nothing;
    rig.put(&awaiting).await;
    assert_eq!(fetch(&off, unknown, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n");
}

#[tokio::test]
async fn a_node_that_cannot_be_booted_says_why_on_its_screen() {
    let mut rig = Rig::new(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let wrong = serde_json::json!({ "kernel_append_params": "|| reboot" });
    rig.node.wished.driver_info = wrong.as_object().unwrap().clone();
    rig.put(&rig.node).await;
    for (name, via) in [
        (SCRIPT, Via::Http),
        ("grub/52:54:00:00:00:01.cfg", Via::Tftp),
        ("pxelinux.cfg/01-52-54-00-00-00-01", Via::Tftp),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains("Ferric: n1 cannot be booted"), "{script}");
        assert!(script.contains("is no kernel parameter") && !script.contains("kernel http"), "{script}");
        rig.clock.advance(Duration::from_hours(1));
    }
    rig.node.wished.driver_info = crate::model::Object::new();
    rig.put(&rig.node).await;
    std::fs::remove_dir_all(rig.data.path().join("ramdisks")).unwrap();
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains("import one with: ferric ramdisk import"), "{script}");
}

#[tokio::test]
async fn loaders_and_common_scripts_have_names_of_their_own() {
    let rig = Rig::new(Boots::Nothing).await;
    let catalogue = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&catalogue, "snponly.efi", Via::Tftp).await.unwrap(), "a loader");
    assert_eq!(fetch(&catalogue, "loader/snponly.efi", Via::Http).await.unwrap(), "a loader");
    for name in ["undionly.kpxe", "revocations_sku.efi", "../store/data.mdb", "ramdisks/x86_64/kernel"] {
        assert_eq!(fetch(&catalogue, name, Via::Tftp).await, Err(NotGiven::Missing), "{name}");
    }
    assert!(
        fetch(&catalogue, "boot.ipxe", Via::Http)
            .await
            .unwrap()
            .contains("chain http://10.0.0.1:6385/boot/ipxe/")
    );
    assert!(fetch(&catalogue, "/grub/grub.cfg", Via::Tftp).await.unwrap().contains("$net_default_mac"));
    assert!(fetch(&catalogue, "pxelinux.cfg/default", Via::Tftp).await.unwrap().contains("localboot"));
}

#[tokio::test]
async fn pxelinux_is_answered_by_the_system_uuid_of_one_known_node() {
    let mut rig = Rig::new(Boots::Disk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let uuid = "4c4c4544-0051-3010-8051-b4c04f4d3732";
    let swapped = "44454c4c-5100-1030-8051-b4c04f4d3732";
    let names = [uuid, swapped].map(|uuid| format!("pxelinux.cfg/{uuid}"));
    for name in &names {
        assert_eq!(fetch(&catalogue, name, Via::Tftp).await, Err(NotGiven::Missing), "nobody is known by it");
    }
    rig.node.identity.system = Some(uuid.parse().unwrap());
    rig.put(&rig.node).await;
    let by_mac = fetch(&catalogue, "pxelinux.cfg/01-52-54-00-00-00-01", Via::Tftp).await.unwrap();
    for name in &names {
        assert_eq!(fetch(&catalogue, name, Via::Tftp).await.as_ref(), Ok(&by_mac), "{name}");
    }
    let upper = names[0].to_uppercase();
    assert_eq!(fetch(&catalogue, &upper, Via::Tftp).await, Err(NotGiven::Missing));
}
