//! Dell's boot from virtual media.

use serde_json::{Value, json};

use super::media::drive;
use super::world::{MANAGER, Rig, SYSTEM, refuse};
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::redfish::idrac::boot::IdracBootDevice;
use crate::model::boot::BootDevice;
use crate::model::provision::Provision;

const JOB: &str = "/redfish/v1/TaskService/Tasks/JID_5";

/// An iDRAC with a medium in its drive or none, that refuses the first imports with these.
async fn rig(inserted: bool, refusals: &'static [&'static str]) -> Rig {
    let import = json!({"Oem": {"#OemManager.ImportSystemConfiguration": {"target": "/import"}}});
    let mut more = drive(&[], inserted);
    more.push((SYSTEM, json!({"Manufacturer": "Dell Inc."})));
    more.push((JOB, json!({"Id": "JID_5", "TaskState": "Completed", "TaskStatus": "OK"})));
    more.push((MANAGER, json!({"Actions": import})));
    let mut left = refusals.iter();
    Rig::start(&more, move |all, method, path, body| match (method, path) {
        ("POST", "/import") => match left.next() {
            Some(id) => Some(refuse(400, id, "another job")),
            None => Some((202, format!("Location: {JOB}\r\n"), json!({}))),
        },
        ("POST", "/redfish/v1/Systems/1/Reset") => {
            all.get_mut(SYSTEM).unwrap()["PowerState"] = json!("On");
            None
        }
        ("PATCH", SYSTEM) => {
            let boot = body["Boot"].as_object().unwrap().clone();
            all.get_mut(SYSTEM).unwrap()["Boot"].as_object_mut().unwrap().extend(boot);
            None
        }
        _ => None,
    })
    .await
}

async fn set(rig: &Rig, device: BootDevice, persistent: bool) -> Result<BootChoice, String> {
    let switch = IdracBootDevice { server: rig.server(), always: true };
    switch.set(device, persistent).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_inserted_medium_is_booted_by_an_import() {
    for (persistent, once) in [(false, "Enabled"), (true, "Disabled")] {
        let rig = rig(true, &[]).await;
        let choice = set(&rig, BootDevice::Cdrom, persistent).await.unwrap();
        assert_eq!((choice.device, choice.persistent), (Some(BootDevice::Cdrom), Some(persistent)));
        let sent = rig.asked("/import");
        let xml = sent[0]["ImportBuffer"].as_str().unwrap();
        assert!(xml.contains("VCD-DVD") && xml.contains(&format!("BootOnce\">{once}<")), "{xml}");
        assert!(rig.asked(SYSTEM).is_empty(), "no override besides");
    }
}

#[tokio::test]
async fn an_empty_drive_and_other_devices_go_the_standard_s_way() {
    for (inserted, device, target) in
        [(false, BootDevice::Cdrom, "Cd"), (true, BootDevice::Pxe, "Pxe"), (true, BootDevice::Disk, "Hdd")]
    {
        let rig = rig(inserted, &[]).await;
        set(&rig, device, false).await.unwrap();
        assert!(rig.asked("/import").is_empty());
        assert_eq!(rig.asked(SYSTEM)[0]["Boot"]["BootSourceOverrideTarget"], target);
    }
}

#[tokio::test]
async fn jobs_in_the_way_are_waited_for_and_a_pending_one_gets_its_reboot_once() {
    let rig = rig(true, &["IDRAC.2.8.RAC0679", "IDRAC.2.8.LC068", "IDRAC.2.8.LC068"]).await;
    set(&rig, BootDevice::Cdrom, false).await.unwrap();
    assert_eq!(rig.asked("/import").len(), 4);
    assert_eq!(rig.asked("Systems/1/Reset"), [json!({"ResetType": "On"})]);
}

#[tokio::test]
async fn a_machine_in_use_is_not_rebooted_for_a_pending_job() {
    let mut rig = rig(true, &["IDRAC.2.8.LC068"]).await;
    rig.node.provision = Provision::Active;
    let error = set(&rig, BootDevice::Cdrom, false).await.unwrap_err();
    assert!(error.contains("LC068") && error.contains("in use"), "{error}");
    assert!(rig.asked("Systems/1/Reset").is_empty());
}

#[tokio::test]
async fn an_import_that_fails_or_is_not_seen_is_an_error() {
    let rig = rig(true, &[]).await;
    let attributes = json!({"Attributes": {"ServerBoot.1.FirstBootDevice": "Normal"}});
    let path = "/redfish/v1/Managers/1/Oem/Dell/DellAttributes/iDRAC.Embedded.1";
    let dell = json!({"Oem": {"Dell": {"DellAttributes": [{"@odata.id": path}]}}});
    rig.world().resources.insert(path.to_owned(), attributes);
    rig.world().resources.get_mut(MANAGER).unwrap()["Links"] = dell;
    let error = set(&rig, BootDevice::Cdrom, false).await.unwrap_err();
    assert!(
        error.contains("asked ServerBoot.1.FirstBootDevice VCD-DVD") && error.contains("seen Normal"),
        "{error}"
    );
    let failed: Value =
        json!({"Id": "JID_5", "TaskState": "Exception", "Messages": [{"Message": "bad XML"}]});
    rig.world().resources.insert(JOB.to_owned(), failed);
    assert!(set(&rig, BootDevice::Cdrom, false).await.unwrap_err().contains("bad XML"));
}

#[tokio::test]
async fn the_firmware_is_given_what_it_boots_over_http() {
    let url = "http://10.0.0.1/boot.efi";
    for (members, target) in [(json!({"HttpBootUri": Value::Null}), Some(url)), (json!({}), None)] {
        let mut rig = rig(false, &[]).await;
        rig.world().resources.get_mut(SYSTEM).unwrap()["Boot"]
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        rig.node.wished.driver_info.insert("redfish_http_boot_url".to_owned(), json!(url));
        let outcome = set(&rig, BootDevice::UefiHttp, false).await;
        let sent = rig.asked(SYSTEM);
        match target {
            Some(url) => {
                assert_eq!(outcome.unwrap().device, Some(BootDevice::UefiHttp));
                assert_eq!((&sent[0]["Boot"]["HttpBootUri"], sent.len()), (&json!(url), 1));
            }
            None => assert!(outcome.unwrap_err().contains("HttpBootUri") && sent.is_empty()),
        }
        rig.world().asked.clear();
        set(&rig, BootDevice::Pxe, false).await.unwrap();
        let cleared = rig.asked(SYSTEM)[0]["Boot"].get("HttpBootUri").cloned();
        assert_eq!(cleared, target.map(|_| Value::Null), "an old one is cleared");
    }
}
