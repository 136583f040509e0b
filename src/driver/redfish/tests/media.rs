//! Virtual media: transports, and work that fails.

use serde_json::{Value, json};

use super::world::{MANAGER, Rig, collection, refuse};
use crate::base::secret::Secret;
use crate::driver::bmc::redfish_settings::defaults::Share;
use crate::driver::capability::virtual_media::{Medium, VirtualMedia};
use crate::driver::redfish::media::RedfishMedia;
use crate::model::boot::BootDevice;

pub(super) const DRIVE: &str = "/redfish/v1/Managers/1/VirtualMedia/Cd";

/// A drive that takes what it offers.
pub(super) fn drive(protocols: &[&str], inserted: bool) -> Vec<(&'static str, Value)> {
    let all = "/redfish/v1/Managers/1/VirtualMedia";
    let insert = json!({"target": format!("{DRIVE}/Insert"), "TransferProtocolType@Redfish.AllowableValues": protocols});
    let image = if inserted { json!("http://x/a.iso") } else { Value::Null };
    let device = json!({
        "Id": "Cd", "MediaTypes": ["CD"], "Inserted": inserted, "Image": image,
        "Actions": {"#VirtualMedia.InsertMedia": insert, "#VirtualMedia.EjectMedia": {"target": format!("{DRIVE}/Eject")}},
    });
    vec![(MANAGER, json!({"VirtualMedia": {"@odata.id": all}})), (all, collection(&[DRIVE])), (DRIVE, device)]
}

fn medium() -> Medium {
    Medium { drive: BootDevice::Cdrom, url: "//files/share/a.iso".to_owned() }
}

async fn rig(protocols: &[&str], transport: &str) -> Rig {
    let mut rig = Rig::tuned(
        &drive(protocols, false),
        |all, method, path, body| {
            if method == "POST" && path.ends_with("/Insert") {
                all.get_mut(DRIVE).unwrap()["Inserted"] = json!(true);
                all.get_mut(DRIVE).unwrap()["Image"] = body["Image"].clone();
            }
            None
        },
        |ground| {
            let password = Some(Secret::new("hunter2"));
            ground.redfish.cifs = Share { username: Some("files".to_owned()), password };
        },
    )
    .await;
    rig.node.wished.driver_info.insert("vmedia_transport_protocol".to_owned(), json!(transport));
    rig
}

#[tokio::test]
async fn a_named_transport_is_said_and_a_share_gets_its_account() {
    for (transport, expected) in [
        ("NFS", json!({"Image": medium().url, "TransferProtocolType": "NFS"})),
        ("HTTP", json!({"Image": medium().url, "TransferProtocolType": "HTTP"})),
        (
            "CIFS",
            json!({"Image": medium().url, "TransferProtocolType": "CIFS", "UserName": "files", "Password": "hunter2"}),
        ),
    ] {
        let rig = rig(&["NFS", "CIFS"], transport).await;
        RedfishMedia(rig.server()).insert(medium()).await.unwrap();
        assert_eq!(rig.asked("/Insert"), [expected]);
    }
}

#[tokio::test]
async fn a_transport_that_is_not_offered_is_refused_before_anything_is_sent() {
    let rig = rig(&["HTTP", "HTTPS"], "CIFS").await;
    let error = RedfishMedia(rig.server()).insert(medium()).await.unwrap_err().to_string();
    assert!(error.contains("vmedia_transport_protocol") && error.contains("HTTP, HTTPS"), "{error}");
    assert!(!error.contains("hunter2"));
    assert!(rig.asked("/Insert").is_empty());
}

#[tokio::test]
async fn a_medium_that_never_comes_tells_what_became_of_its_task() {
    let task = "/redfish/v1/TaskService/Tasks/9";
    let mut more = drive(&[], false);
    more.push((task, json!({"TaskState": "Exception", "Messages": [{"Message": "no route to the image"}]})));
    let rig = Rig::start(&more, move |_, method, _, _| match method {
        "POST" => Some((202, format!("Location: {task}\r\n"), json!({}))),
        _ => None,
    })
    .await;
    let error = RedfishMedia(rig.server()).insert(medium()).await.unwrap_err().to_string();
    assert!(error.contains("no route to the image"), "{error}");
    let rig = Rig::start(&drive(&[], false), |_, _, _, _| None).await;
    let error = RedfishMedia(rig.server()).insert(medium()).await.unwrap_err().to_string();
    for part in ["asked the medium inserted", "answered HTTP 204", "no medium is inserted after 60 s"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_refused_ejection_of_an_empty_drive_is_no_error() {
    let rig = Rig::start(&drive(&[], true), |all, method, path, _| {
        if method == "POST" && path.ends_with("/Eject") {
            all.get_mut(DRIVE).unwrap()["Inserted"] = json!(false);
            return Some(refuse(409, "x.1.0.NotAttached", "nothing is attached"));
        }
        None
    })
    .await;
    RedfishMedia(rig.server()).eject(BootDevice::Cdrom).await.unwrap();
}

#[tokio::test]
async fn a_device_that_fails_is_tried_again_and_a_refusal_is_not() {
    for (status, posts) in [(500, 3), (400, 1)] {
        let rig = Rig::start(&drive(&[], false), move |_, method, _, _| match method {
            "POST" => Some(refuse(status, "IDRAC.2.8.VRM0012", "still being detached")),
            _ => None,
        })
        .await;
        let error = RedfishMedia(rig.server()).insert(medium()).await.unwrap_err().to_string();
        assert!(error.contains("still being detached"), "{error}");
        assert_eq!(rig.asked("/Insert").len(), posts, "{status}");
    }
}

#[tokio::test]
async fn media_are_attached_where_they_are_not() {
    let path = "/redfish/v1/Managers/1/Oem/Dell/DellAttributes/iDRAC.Embedded.1";
    let card = json!({"FirmwareVersion": "4.40.00.00", "Model": "14G Monolithic",
        "Links": {"Oem": {"Dell": {"DellAttributes": [{"@odata.id": path}]}}}});
    for takes in [true, false] {
        let mut more = drive(&[], true);
        more.push((super::world::SYSTEM, json!({"Manufacturer": "Dell Inc."})));
        more.push((MANAGER, card.clone()));
        more.push((path, json!({"Attributes": {"VirtualMedia.1.Attached": "Detached"}})));
        let rig = Rig::start(&more, move |all, method, asked, body| {
            if method == "PATCH" && asked == path && takes {
                all.insert(path.to_owned(), body.clone());
            }
            None
        })
        .await;
        let there = Medium { url: "http://x/a.iso".to_owned(), ..medium() };
        let outcome = RedfishMedia(rig.server()).insert(there).await;
        let sent = json!({"Attributes": {"VirtualMedia.1.Attached": "AutoAttach"}});
        assert_eq!(rig.asked("iDRAC.Embedded.1"), [sent]);
        match outcome {
            Ok(()) => assert!(takes),
            Err(error) => assert!(!takes && error.to_string().contains("seen Detached"), "{error}"),
        }
    }
}
