//! Instances that are no disk: kernel and ramdisk, ISO, config drive.

use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine;

use super::rig::{MEDIUM, Rig, SCRIPT, TOKEN, fetch, holds, medium, whole};
use crate::boot::library::{Asked, Content, Library, NotGiven, Via};
use crate::model::boot::Boots;
use crate::model::boot::plan::Discovery;

fn linux() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    bytes[0x236] = 1;
    bytes.extend(b"an instance's kernel");
    bytes
}

const PACKED: &[u8] = b"\x28\xb5\x2f\xfd an instance's ramdisk";

#[tokio::test]
async fn an_instance_of_kernel_and_ramdisk_boots_them_from_here_by_every_loader() {
    let mut rig = Rig::new(Boots::Nothing).await;
    let (kernel, ramdisk) = (rig.image("k", &linux()), rig.image("r", PACKED));
    let words = "a=b";
    rig.order(serde_json::json!({"kernel": kernel, "ramdisk": ramdisk, "ramdisk_kernel_arguments": words}))
        .await;
    let catalogue = rig.catalogue(Discovery::Off);
    let folder = format!("/boot/file/{}/{TOKEN}", rig.node.id);
    for (via, name, kernel) in [
        (Via::Http, SCRIPT, format!("kernel http://10.0.0.1:6385{folder}/kernel ")),
        (Via::Tftp, "grub/52:54:00:00:00:01.cfg", format!("linux {folder}/kernel ")),
        (Via::Tftp, "pxelinux.cfg/01-52-54-00-00-00-01", format!("kernel {}/kernel\n", &folder[1..])),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains(&kernel) && script.contains("root=/dev/ram0"), "{script}");
        assert!(script.contains(words) && !script.contains("ipa-api-url"), "{script}");
    }
    let ramdisk = format!("file/{}/{TOKEN}/ramdisk", rig.node.id);
    let Content::File(mut file) = catalogue
        .find(Asked {
            name: &ramdisk,
            from: [10, 0, 0, 50].into(),
            local: [10, 0, 0, 1].into(),
            via: Via::Tftp,
        })
        .await
        .unwrap()
    else {
        panic!("no file")
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, PACKED);
    let wrong = ramdisk.replace(TOKEN, "other");
    assert_eq!(fetch(&catalogue, &wrong, Via::Http).await, Err(NotGiven::Missing));
}

#[tokio::test]
async fn an_instances_medium_holds_its_own_and_nothing_of_the_agent() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let agents = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    let (kernel, ramdisk) = (rig.image("k", &linux()), rig.image("r", PACKED));
    rig.order(serde_json::json!({
        "kernel": kernel, "ramdisk": ramdisk, "ramdisk_kernel_arguments": "a=b", "kernel_append_params": "quiet",
    }))
    .await;
    let own = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    assert!(!Arc::ptr_eq(&agents, &own));
    let bytes = whole(&own);
    for text in ["an instance's kernel", "an instance's ramdisk", "'root=/dev/ram0' 'text' 'quiet' 'a=b'"] {
        assert!(holds(&bytes, text), "{text}");
    }
    for text in ["agents-own", "ipa-api-url", "a kernel", "network_data"] {
        assert!(!holds(&bytes, text), "{text}");
    }
}

#[tokio::test]
async fn an_instances_iso_is_given_as_it_is_and_its_links_lead_there() {
    let (mut rig, name) = Rig::with_media(Boots::Nothing).await;
    let iso = rig.image("a.iso", b"an ISO");
    rig.order(serde_json::json!({"boot_iso": iso})).await;
    let catalogue = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&catalogue, &name, Via::Http).await.unwrap(), "an ISO");
    assert_eq!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap(), "#!ipxe\nexit 1\n", "its BMC brings it");
    let by_script = name.replace(MEDIUM, TOKEN);
    assert_eq!(fetch(&catalogue, &by_script, Via::Http).await, Err(NotGiven::Missing));
    rig.boots_by("ipxe").await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains(&format!("http://10.0.0.1:6385/boot/{by_script}")), "{script}");
    assert_eq!(fetch(&catalogue, &by_script, Via::Http).await.unwrap(), "an ISO");
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
    for part in ["kernel", "ramdisk"] {
        let file = format!("file/{}/{TOKEN}/{part}", rig.node.id);
        assert_eq!(fetch(&catalogue, &file, Via::Http).await, Err(NotGiven::Missing));
    }
    // One that this host did not fetch is booted from where it lies.
    rig.order(serde_json::json!({"boot_iso": "http://10.0.0.9/b.iso"})).await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(script.contains("http://10.0.0.9/b.iso"), "{script}");
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}

/// As agents are given a config drive.
fn packed(text: &str) -> String {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    base64::engine::general_purpose::STANDARD.encode(packer.finish().unwrap())
}

#[tokio::test]
async fn a_config_drive_is_for_the_bmc_of_an_instance_and_goes_with_it() {
    let mut rig = Rig::new(Boots::Nothing).await;
    let iso = rig.image("a.iso", b"an ISO");
    "redfish-virtual-media".clone_into(&mut rig.node.wished.interfaces.boot);
    rig.order(serde_json::json!({"boot_iso": iso})).await;
    let catalogue = rig.catalogue(Discovery::Off);
    let name = format!("iso/{}/{MEDIUM}/configdrive.img", rig.node.id);
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing), "it has none");
    rig.kits().put_drive(&rig.node, packed("a config drive")).await.unwrap();
    assert_eq!(fetch(&catalogue, &name, Via::Http).await.unwrap(), "a config drive");
    assert_eq!(fetch(&catalogue, &name, Via::Tftp).await, Err(NotGiven::Missing));
    assert_eq!(fetch(&catalogue, &name.replace(MEDIUM, TOKEN), Via::Http).await, Err(NotGiven::Missing));
    rig.node.boots = Boots::Ramdisk;
    rig.put(&rig.node).await;
    assert_eq!(
        fetch(&catalogue, &name, Via::Http).await,
        Err(NotGiven::Missing),
        "the agent is not its instance"
    );
}
