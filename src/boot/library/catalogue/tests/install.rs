//! Installers: what their machine boots by each loader, and what they are told.

use super::rig::{BOOT, Rig, SCRIPT, TOKEN, boot_network, fetch};
use crate::base::secret::Secret;
use crate::boot::library::catalogue::Catalogue;
use crate::boot::library::{Asked, Library, NotGiven, Via};
use crate::model::boot::plan::{BootPlan, Discovery};
use crate::model::boot::{Agent, Boots};

fn linux() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    bytes[0x236] = 1;
    bytes
}

/// A node that is being installed from an image, or from a tree.
async fn installing(source: &str) -> (Rig, Catalogue) {
    let mut rig = Rig::new(Boots::Nothing).await;
    let (kernel, ramdisk) = (rig.image("k", &linux()), rig.image("r", b"\x28\xb5\x2f\xfd a ramdisk"));
    let mut info = serde_json::json!({"kernel": kernel, "ramdisk": ramdisk, "image_source": source});
    if !source.ends_with('/') {
        info["stage2"] = rig.image("s", b"squashed").into();
    }
    rig.node.wished.instance_info = info.as_object().unwrap().clone();
    (rig.node.boots, rig.node.boot_token) = (Boots::Installer, Some(Secret::new(BOOT)));
    rig.node.agent = Some(Agent::unused(Secret::new("installers-token"), true));
    rig.put(&rig.node).await;
    let plan = BootPlan { networks: vec![boot_network()], discovery: Discovery::Off, ..BootPlan::default() };
    let catalogue = rig.catalogue_of(plan);
    (rig, catalogue)
}

#[tokio::test]
async fn an_installer_is_booted_by_every_loader_and_led_to_the_rest() {
    let (rig, catalogue) = installing("http://10.0.0.9/os.tar").await;
    let folder = format!("/boot/file/{}/{TOKEN}", rig.node.id);
    for (via, name, kernel) in [
        (Via::Http, SCRIPT, format!("kernel http://10.0.0.1:6385{folder}/kernel ")),
        (Via::Tftp, "grub/52:54:00:00:00:01.cfg", format!("linux {folder}/kernel ")),
        (Via::Tftp, "pxelinux.cfg/01-52-54-00-00-00-01", format!("kernel {}/kernel\n", &folder[1..])),
    ] {
        let script = fetch(&catalogue, name, via).await.unwrap();
        assert!(script.contains(&kernel), "{script}");
        assert!(script.contains(&format!("inst.ks=http://10.0.0.1:6385{folder}/ks.cfg")), "{script}");
        assert!(script.contains(&format!("inst.stage2=http://10.0.0.1:6385{folder}")), "{script}");
        assert!(!script.contains("installers-token") && !script.contains("ipa-api-url"), "{script}");
    }
    let stage = format!("file/{}/{TOKEN}/LiveOS/squashfs.img", rig.node.id);
    assert_eq!(fetch(&catalogue, &stage, Via::Http).await.unwrap(), "squashed");
}

#[tokio::test]
async fn a_tree_brings_its_own_second_stage() {
    let (rig, catalogue) = installing("http://10.0.0.9/tree/").await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    assert!(
        script.contains("inst.repo=http://10.0.0.9/tree/") && !script.contains("inst.stage2"),
        "{script}"
    );
    let file = format!("file/{}/{TOKEN}/ks.cfg", rig.node.id);
    let text = fetch(&catalogue, &file, Via::Http).await.unwrap();
    assert!(text.contains("\nurl --url=\"http://10.0.0.9/tree/\"\n"), "{text}");
}

#[tokio::test]
async fn the_kickstart_file_is_for_the_nodes_machine_while_it_is_installed() {
    let (mut rig, catalogue) = installing("http://10.0.0.9/os.tar").await;
    let name = format!("boot/file/{}/{TOKEN}/ks.cfg", rig.node.id);
    let text = fetch(&catalogue, &name, Via::Http).await.unwrap();
    for part in [
        "liveimg --url=\"http://10.0.0.9/os.tar\"".to_owned(),
        "\"agent_token\": \"installers-token\", \"agent_status\": \"end\"".to_owned(),
        format!(" http://10.0.0.1:6385/v1/heartbeat/{}\n", rig.node.id),
    ] {
        assert!(text.contains(&part), "{part} in {text}");
    }
    assert_eq!(fetch(&catalogue, &name, Via::Tftp).await, Err(NotGiven::Missing));
    assert_eq!(fetch(&catalogue, &name.replace(TOKEN, "other"), Via::Http).await, Err(NotGiven::Missing));
    let stranger =
        Asked { name: &name, from: [10, 0, 0, 60].into(), local: [10, 0, 0, 1].into(), via: Via::Http };
    assert_eq!(catalogue.find(stranger).await.err(), Some(NotGiven::Missing), "its frames are another's");
    rig.node.boots = Boots::Disk;
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}
