//! Boot media: what they bear, for whom, and for how long.

use std::sync::Arc;

use super::rig::{BOOT, LIMIT, MEDIUM, Rig, SCRIPT, TOKEN, boot_network, fetch, holds, medium, next, whole};
use crate::base::secret::Secret;
use crate::boot::library::{NotGiven, Via};
use crate::model::boot::Boots;
use crate::model::boot::loading::Loading;
use crate::model::boot::plan::{BootPlan, Discovery, Network};
use crate::model::boot::ticket::Ticket;
use crate::model::inspection::policy::Inspector;
use crate::model::provision::Provision;

#[tokio::test]
async fn a_boot_medium_bears_all_that_its_agent_needs() {
    let (rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let folder = rig.data.path().join("ramdisks/x86_64");
    std::fs::write(folder.join("cmdline"), "panic=20 console=ttyS0\n").unwrap();
    let catalogue = rig.catalogue(Discovery::Off);
    let iso = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    let bytes = whole(&iso);
    for text in [
        "a kernel",
        "a ramdisk",
        "'panic=20' 'console=ttyS0'",
        "'ipa-api-url=http://10.0.0.1:6385' 'boot_method=vmedia'",
        "'ir_pub_id=00000000-0000-0000-0000-000000000007' 'ipa-agent-token=agents-own'",
        "ipa-api-url=http://10.0.0.1:6385\nipa-agent-token=agents-own\n",
        "{\"links\":[]}",
        "config-2",
    ] {
        assert!(holds(&bytes, text), "{text}");
    }
    let mut part = vec![0; 3000];
    iso.read_exact_at(&mut part, 34_567).unwrap();
    assert_eq!(part, bytes[34_567..37_567]);
    let again = medium(&catalogue, &name.replace("boot.iso", "boot.img"), "10.0.0.1").await.unwrap();
    assert!(Arc::ptr_eq(&iso, &again), "a BMC's next piece is of the same view");
    let restarted = medium(&rig.catalogue(Discovery::Off), &name, "10.0.0.1").await.unwrap();
    assert_eq!((restarted.tag(), whole(&restarted) == bytes), (iso.tag(), true));
}

#[tokio::test]
async fn an_agent_that_calls_over_https_finds_on_its_medium_who_vouches_for_the_api() {
    for (callback, is_there) in [("https://rack7.example.org:8443", true), ("http://10.0.0.1:6385", false)] {
        let (rig, name) = Rig::with_media(Boots::Ramdisk).await;
        let (callback, api_ca) = (Some(callback.to_owned()), Some("an authority of the site".to_owned()));
        let loading = Loading { loops: LIMIT, callback, api_ca, ..Loading::default() };
        let catalogue = rig.catalogue_of(BootPlan { loading, ..BootPlan::default() });
        let medium = whole(&medium(&catalogue, &name, "10.0.0.1").await.unwrap());
        for text in ["an authority of the site", "cafile = /etc/ironic-python-agent/ironic.crt\n"] {
            assert_eq!(holds(&medium, text), is_there, "{text}");
        }
    }
}

#[tokio::test]
async fn a_medium_and_a_script_of_an_inspection_bear_where_it_reports_and_the_sites_words() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    rig.node.provision = Provision::InspectWait;
    rig.put(&rig.node).await;
    let inspector =
        Inspector { force_dhcp: true, extra_kernel_params: "x=1".to_owned(), ..Inspector::default() };
    let inspection_append = format!("ipa-inspection-collectors=default {}", inspector.kernel_words());
    let loading = Loading { loops: LIMIT, inspection_append, ..Loading::default() };
    let catalogue = rig.catalogue_of(BootPlan { loading, ..BootPlan::default() });
    let medium = whole(&medium(&catalogue, &name, "10.0.0.1").await.unwrap());
    for text in [
        "'ipa-inspection-callback-url=http://10.0.0.1:6385/v1/continue_inspection'",
        "'ipa-collect-lldp=1' 'ipa-inspection-dhcp-all-interfaces=1' 'x=1'",
        "ipa-inspection-collectors=default\nipa-collect-lldp=1\nipa-inspection-dhcp-all-interfaces=1\n",
        "ipa-agent-token=agents-own\n",
    ] {
        assert!(holds(&medium, text), "{text}");
    }
    assert!(!holds(&medium, "ipa-api-url"), "it tells what it finds, and asks for nothing");
    "ipxe".clone_into(&mut rig.node.wished.interfaces.boot);
    rig.put(&rig.node).await;
    let script = fetch(&catalogue, SCRIPT, Via::Http).await.unwrap();
    for word in ["/v1/continue_inspection", "ipa-collect-lldp=1", "x=1", TOKEN] {
        assert!(script.contains(word), "{word} in {script}");
    }
}

#[tokio::test]
async fn a_boot_medium_is_for_who_knows_the_token_of_this_boot() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Off);
    for wrong in [name.replace(MEDIUM, "other"), name.replace(MEDIUM, BOOT), name.replace("0007", "0009")] {
        assert_eq!(fetch(&catalogue, &wrong, Via::Http).await, Err(NotGiven::Missing), "{wrong}");
    }
    assert_eq!(fetch(&catalogue, &name, Via::Tftp).await, Err(NotGiven::Missing));
    let first = medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    for boots in [Boots::Disk, Boots::Nothing, Boots::Instance] {
        rig.node.boots = boots;
        rig.put(&rig.node).await;
        assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing), "{boots:?}");
    }
    rig.node.boots = Boots::Ramdisk;
    rig.node.boot_token = Some(Secret::new("next"));
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
    let (weak, name) = (Arc::downgrade(&first), name.replace(MEDIUM, &next(Ticket::Medium)));
    drop(first);
    medium(&catalogue, &name, "10.0.0.1").await.unwrap();
    assert!(weak.upgrade().is_none(), "the medium of a boot that is over is let go");
}

#[tokio::test]
async fn what_bears_the_agents_token_is_reached_by_no_script() {
    let (mut rig, medium) = Rig::with_media(Boots::Ramdisk).await;
    let catalogue = rig.catalogue(Discovery::Enrol);
    let files =
        |token: &str| ["kernel", "ramdisk"].map(|part| format!("file/{}/{token}/{part}", rig.node.id));
    let hidden: Vec<String> = [TOKEN, MEDIUM, BOOT].iter().flat_map(|token| files(token)).collect();
    for interface in ["redfish-virtual-media", "idrac-redfish-virtual-media", "redfish-https"] {
        for boots in [Boots::Ramdisk, Boots::Instance] {
            rig.node.boots = boots;
            rig.boots_by(interface).await;
            for (name, via) in [
                (SCRIPT, Via::Http),
                ("grub/52:54:00:00:00:01.cfg", Via::Tftp),
                ("pxelinux.cfg/01-52-54-00-00-00-01", Via::Tftp),
            ] {
                let script = fetch(&catalogue, name, via).await.unwrap();
                for word in ["/boot/", "file/", "iso/", "ipa-", TOKEN, MEDIUM, BOOT, "agents-own"] {
                    assert!(!script.contains(word), "{interface} {boots:?}: {script}");
                }
            }
            for file in &hidden {
                assert_eq!(fetch(&catalogue, file, Via::Http).await, Err(NotGiven::Missing), "{interface}");
            }
        }
    }
    // Over the network the agent has no token yet, and there is no medium at all.
    rig.node.boots = Boots::Ramdisk;
    rig.boots_by("ipxe").await;
    assert!(fetch(&catalogue, SCRIPT, Via::Http).await.unwrap().contains(TOKEN));
    for token in [MEDIUM, TOKEN, BOOT] {
        let name = medium.replace(MEDIUM, token);
        assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing), "{token}");
    }
}

#[tokio::test]
async fn a_medium_that_cannot_be_made_is_not_given_until_it_can() {
    let (mut rig, name) = Rig::with_media(Boots::Ramdisk).await;
    let loader = rig.data.path().join("loaders/gcdx64.efi");
    std::fs::remove_file(&loader).unwrap();
    let catalogue = rig.catalogue(Discovery::Off);
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Unreadable));
    std::fs::write(&loader, "grub").unwrap();
    let wrong = serde_json::json!({ "kernel_append_params": "a=it's" });
    rig.node.wished.driver_info = wrong.as_object().unwrap().clone();
    rig.put(&rig.node).await;
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Unreadable));
    rig.node.wished.driver_info.clear();
    rig.put(&rig.node).await;
    assert!(medium(&catalogue, &name, "10.0.0.1").await.is_ok());
    std::fs::remove_dir_all(rig.data.path().join("ramdisks")).unwrap();
    assert!(medium(&catalogue, &name, "10.0.0.1").await.is_ok(), "a boot keeps its medium");
    rig.node.boot_token = Some(Secret::new("next"));
    rig.put(&rig.node).await;
    let name = name.replace(MEDIUM, &next(Ticket::Medium));
    assert_eq!(fetch(&catalogue, &name, Via::Http).await, Err(NotGiven::Missing));
}

#[tokio::test]
async fn an_agent_calls_where_its_machine_reaches_this_host() {
    let (rig, name) = Rig::with_media(Boots::Ramdisk).await;
    for (callback, network, local, api) in [
        (None, None, "10.0.0.1", "http://10.0.0.1:6385"),
        (None, Some("10.9.0.1/24"), "10.0.0.1", "http://10.9.0.1:6385"),
        (None, Some("10.9.0.1/24"), "::ffff:10.9.0.1", "http://10.9.0.1:6385"),
        (None, None, "fd00::1", "http://[fd00::1]:6385"),
        (Some("https://f.example/"), Some("10.9.0.1/24"), "10.0.0.1", "https://f.example"),
    ] {
        let networks =
            network.map(|address| Network { address: Some(address.parse().unwrap()), ..boot_network() });
        let loading = Loading { callback: callback.map(str::to_owned), ..Loading::default() };
        let plan = BootPlan { networks: networks.into_iter().collect(), loading, ..BootPlan::default() };
        let catalogue = rig.catalogue_of(plan);
        let bytes = whole(&medium(&catalogue, &name, local).await.unwrap());
        assert!(holds(&bytes, &format!("'ipa-api-url={api}' ")), "{local} {api}");
    }
}
