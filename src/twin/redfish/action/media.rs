//! Virtual media: an image is really fetched before it counts as inserted.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::base::secret::Secret;

use crate::net::client::Client;
use crate::net::client::outgoing::{Outgoing, Trust};
use crate::net::http::{Method, Response};
use crate::twin::redfish::action::command_line::CommandLine;
use crate::twin::redfish::answer::{Refusal, Reply, done, refused, refused_own, success};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::profile::Slot;
use crate::twin::redfish::service::{Ask, missing};
use crate::twin::redfish::state::Medium;
use crate::twin::redfish::tree::Live;

/// The action `InsertMedia`.
pub(super) async fn insert(bmc: &Bmc, ask: &Ask, owner: &str) -> Reply {
    let number = number(bmc, owner)?;
    if bmc.bites(Oddity::LenovoVmediaPatch) {
        return Err(missing(&ask.path));
    }
    refuse_members(bmc, &ask.body)?;
    fill(bmc, number, &ask.body).await?;
    if bmc.bites(Oddity::LenovoVmedia201) { Ok(Response::empty(201)) } else { done_or_said(bmc) }
}

fn done_or_said(bmc: &Bmc) -> Reply {
    if bmc.maker().oem.is_some_and(|oem| oem == "Hpe") { success() } else { done() }
}

/// The action `EjectMedia`.
pub(super) fn eject(bmc: &Bmc, ask: &Ask, owner: &str) -> Reply {
    let number = number(bmc, owner)?;
    if !ask.has_body && bmc.bites(Oddity::HpeEjectEmptyBody) {
        return Err(refused(415, "UnrecognizedRequestBody", &[]));
    }
    empty(bmc, number)?;
    done_or_said(bmc)
}

/// The PATCH that does either.
pub(super) async fn patch(bmc: &Bmc, number: usize, body: &Value) -> Reply {
    let takes = bmc.has_any(&[Oddity::LenovoVmediaPatch]) || bmc.maker().oem == Some("Lenovo");
    if !takes {
        return Err(refused(405, "OperationNotAllowed", &[]));
    }
    match (body.get("Image"), body.get("Inserted").and_then(Value::as_bool)) {
        (Some(Value::Null), _) | (None, Some(false)) => empty(bmc, number)?,
        (Some(_), Some(true)) => fill(bmc, number, body).await?,
        _ => return Err(refused(400, "PropertyMissing", &["Inserted"])),
    }
    done()
}

fn number(bmc: &Bmc, path: &str) -> Result<usize, Refusal> {
    match bmc.inner.tree.leaf(path).map(|leaf| leaf.live) {
        Some(Live::Slot(number)) => Ok(number),
        _ => Err(missing(path)),
    }
}

/// Refusals that look at which parameters came.
fn refuse_members(bmc: &Bmc, body: &Value) -> Result<(), Refusal> {
    let has = |name: &str| body.get(name).is_some();
    let lacks = |name: &str| refused(400, "ActionParameterMissing", &["InsertMedia", name]);
    let image_only = || bmc.bites(Oddity::SmcInsertImageOnly) || bmc.bites(Oddity::HpeIlo4InsertProps);
    if let Some(name) = ["Inserted", "WriteProtected"].iter().find(|name| has(name))
        && image_only()
    {
        return Err(refused(400, "PropertyUnknown", &[name]));
    }
    let wants_type = || bmc.bites(Oddity::NokiaTptRequired) || bmc.bites(Oddity::CiscoTptMessageargs);
    if !has("TransferProtocolType") && wants_type() {
        return Err(lacks("TransferProtocolType"));
    }
    if let Some(name) = ["UserName", "Password"].iter().find(|name| !has(name))
        && bmc.bites(Oddity::NvidiaCredentialsRequired)
    {
        return Err(lacks(name));
    }
    Ok(())
}

/// Refusals that look at the slot and the URL.
fn refuse_slot(bmc: &Bmc, number: usize, slot: &Slot, image: &str) -> Result<(), Refusal> {
    if !slot.takes_urls && bmc.bites(Oddity::LenovoVmediaSlots) {
        return Err(refused(400, "ActionNotSupported", &["InsertMedia"]));
    }
    if number == 0 && bmc.bites(Oddity::CiscoDvdOnly) {
        return Err(refused(400, "ActionNotSupported", &["InsertMedia"]));
    }
    if number == 0 && bmc.bites(Oddity::OpenbmcLegacySlots) {
        return Err(refused(405, "OperationNotAllowed", &[]));
    }
    if image.contains('?') && bmc.bites(Oddity::AnyQueryStringUrl) {
        return Err(refused(400, "ActionParameterValueFormatError", &[image, "Image", "InsertMedia"]));
    }
    let state = bmc.state();
    let medium = state.slots.get(number).cloned().unwrap_or_default();
    drop(state);
    if medium.inserted {
        return Err(refused(400, "ResourceInUse", &[]));
    }
    if bmc.is_within(medium.ejected, 5) && bmc.bites(Oddity::DellEjectAsync) {
        return Err(refused_own(
            500,
            "IDRAC.2.8.VRM0012",
            "The virtual media device is still being detached.",
        ));
    }
    Ok(())
}

/// Fetches the image and puts it in.
async fn fill(bmc: &Bmc, number: usize, body: &Value) -> Result<(), Refusal> {
    let Some(image) = body.get("Image").and_then(Value::as_str).filter(|image| !image.is_empty()) else {
        return Err(refused(400, "ActionParameterMissing", &["InsertMedia", "Image"]));
    };
    let Some(slot) = bmc.maker().slots.get(number) else { return Err(missing("VirtualMedia")) };
    refuse_slot(bmc, number, slot, image)?;
    let (bytes, token) = fetch(image).await?;
    let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(true);
    let user = body.get("UserName").and_then(Value::as_str).map(str::to_owned);
    let (inserted, write_protected) = (flag("Inserted"), flag("WriteProtected"));
    if !bmc.state().attached && bmc.bites(Oddity::DellAttachMode) {
        tracing::debug!("the simulated controller takes a medium and does not map it");
    }
    if let Some(medium) = bmc.state().slots.get_mut(number) {
        let inserts = medium.inserts.saturating_add(1);
        let image = Some(image.to_owned());
        *medium = Medium { image, inserted, write_protected, user, bytes, inserts, ..Medium::default() };
    }
    if token.is_some() {
        // What boots from it finds the token on its kernel's command line.
        bmc.server().plant_token(token);
    }
    tell_firmware(bmc);
    Ok(())
}

fn empty(bmc: &Bmc, number: usize) -> Result<(), Refusal> {
    let (now, keeps_name) = (bmc.now(), bmc.bites(Oddity::SmcImagenameStale));
    let slow = bmc.has(Oddity::DellEjectAsync);
    let mut state = bmc.state();
    let Some(medium) = state.slots.get_mut(number) else { return Err(missing("VirtualMedia")) };
    if !medium.inserted && bmc.maker().oem == Some("Dell") && !slow {
        drop(state);
        return Err(refused_own(500, "IDRAC.2.8.VRM0009", "Virtual Media is not attached."));
    }
    let name = medium.image.as_deref().and_then(|image| image.rsplit('/').next()).map(str::to_owned);
    let inserts = medium.inserts;
    *medium = Medium { inserts, ejected: Some(now), write_protected: true, ..Medium::default() };
    medium.stale = name.filter(|_| keeps_name);
    drop(state);
    tell_firmware(bmc);
    Ok(())
}

/// Tells the firmware what it could boot.
pub(super) fn tell_firmware(bmc: &Bmc) {
    let state = bmc.state();
    let is_in = |optical: bool| {
        bmc.maker().slots.iter().zip(&state.slots).enumerate().any(|(number, (slot, medium))| {
            let boots = number == 0 || !medium.inserted || !bmc.bites(Oddity::DellIdrac10VmediaSlot);
            slot.is_optical() == optical && medium.inserted && medium.image.is_some() && boots
        })
    };
    let (cd, usb) = (is_in(true) && state.attached, is_in(false) && state.attached);
    drop(state);
    bmc.server().firmware(|firmware| (firmware.cd, firmware.usb) = (cd, usb));
}

/// Reads the image to its end, as far as its kind of URL can be read here; its bytes.
/// Its size, and the token that a boot medium bears.
async fn fetch(image: &str) -> Result<(u64, Option<Secret>), Refusal> {
    let dead = || refused(400, "CouldNotEstablishConnection", &[image]);
    let Ok(url) = Url::parse(image) else {
        return Err(refused(400, "ActionParameterValueFormatError", &[image, "Image", "InsertMedia"]));
    };
    let trust = match url.scheme() {
        "http" => Trust::Plain,
        "https" => Trust::Insecure,
        "nfs" | "cifs" | "smb" => return Ok((0, None)),
        _ => return Err(refused(400, "ActionParameterNotSupported", &["Image", "InsertMedia"])),
    };
    let outgoing =
        Outgoing { deadline: FETCH, answer_limit: usize::MAX, ..Outgoing::new(Method::Get, url, trust) };
    let mut line = CommandLine::default();
    let fetched = Client::new().download(outgoing, &mut line).await.map_err(|_| dead())?;
    if (200..300).contains(&fetched.status) { Ok((fetched.bytes, line.token())) } else { Err(dead()) }
}

/// The longest silence of a server of images.
const FETCH: Duration = Duration::from_secs(10);
