//! What Dell's controllers do by actions and attributes of their own: import of a configuration, job queue, reset.

use serde_json::{Value, json};

use crate::net::http::Response;
use crate::twin::redfish::action::manager;
use crate::twin::redfish::answer::{Refusal, Reply, done, refused, refused_own, success};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
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
    held(bmc)?;
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

/// Refuses an import while another configuration job waits for a boot of the host, or runs after it.
fn held(bmc: &Bmc) -> Result<(), Refusal> {
    let seen = bmc.state().seen;
    if seen.boots == 0 && seen.reset.is_none() && bmc.bites(Oddity::DellImportConfigPending) {
        let text = "Unable to run the import operation because a configuration job is pending.";
        return Err(refused_own(400, "IDRAC.2.8.LC068", text));
    }
    if bmc.is_within(seen.reset.max(seen.turned), 30) && bmc.bites(Oddity::DellImportConfigPending) {
        let text = "Unable to start the operation because another job is running.";
        return Err(refused_own(400, "IDRAC.2.8.RAC0679", text));
    }
    Ok(())
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
