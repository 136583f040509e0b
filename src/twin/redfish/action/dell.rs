//! What Dell's controllers do by actions and attributes of their own: import of a configuration, job queue, reset.

use serde_json::{Value, json};

use crate::net::http::Response;
use crate::twin::redfish::action::manager;
use crate::twin::redfish::answer::{Reply, done, refused, success};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::service::accepted;
use crate::twin::redfish::tree::Live;
use crate::wire::redfish::send::{Override, Target};

/// An action below the manager's `Oem/Dell`, or the manager's own by Dell; `None` for any other.
pub(super) fn act(bmc: &Bmc, action: &str, body: &Value) -> Option<Reply> {
    bmc.maker().oem.filter(|oem| *oem == "Dell")?;
    Some(match action {
        "Oem/EID_674_Manager.ImportSystemConfiguration" | "Oem/OemManager.ImportSystemConfiguration" => {
            import(bmc, body)
        }
        "DellJobService.DeleteJobQueue" => {
            bmc.state().bios_pending.clear();
            success()
        }
        "DelliDRACCardService.iDRACReset" => manager::reset(bmc, &json!({})),
        "DellLCService.GetRemoteServicesAPIStatus" => {
            let body = json!({"LCStatus": "Ready", "RTStatus": "Ready", "ServerStatus": "OutOfPOST", "Status": "Ready"});
            Ok(Response::json(200, body.to_string().into_bytes()))
        }
        _ => return None,
    })
}

/// A configuration that names the virtual CD or floppy makes the next boot start from it.
fn import(bmc: &Bmc, body: &Value) -> Reply {
    let Some(text) = body.get("ImportBuffer").and_then(Value::as_str) else {
        return Err(refused(400, "ActionParameterMissing", &["ImportSystemConfiguration", "ImportBuffer"]));
    };
    let enabled = if text.contains("BootOnce\">Disabled") { Override::Continuous } else { Override::Once };
    bmc.server().firmware(|firmware| {
        if text.contains("VCD-DVD") {
            firmware.cd_word = Some(Target::Cd);
            firmware.set(Target::Cd, enabled);
        } else if text.contains("VFDD") {
            firmware.set(Target::Floppy, enabled);
        }
    });
    Ok(accepted(bmc, "Import Configuration"))
}

/// A PATCH of the controller's attributes: whether virtual media are attached.
pub(super) fn patch_attributes(bmc: &Bmc, live: Live, body: &Value) -> Reply {
    let wanted =
        body.get("Attributes").and_then(|all| all.get("VirtualMedia.1.Attached")).and_then(Value::as_str);
    if live != Live::Attributes {
        return Err(refused(405, "OperationNotAllowed", &[]));
    }
    if let Some(word) = wanted {
        bmc.state().attached = word != "Detached";
        crate::twin::redfish::action::media::tell_firmware(bmc);
    }
    done()
}
