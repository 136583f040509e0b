//! What changes something: a request finds its action by its path.
//!
//! - `power` resets; `boot` the override; `dell` its maker's own; `media` virtual media; `firmware` secure boot and BIOS settings
//! - `lamp` indicators; `manager` clock and reset; `event` subscriptions; `task` tasks; `precondition` If-Match

pub mod boot;
mod command_line;
pub mod dell;
pub mod event;
pub mod firmware;
pub mod lamp;
pub mod manager;
pub mod media;
pub mod power;
pub mod precondition;
pub mod task;

use crate::net::http::Method;
use crate::twin::redfish::answer::{Refusal, Reply, refused, refused_own, success};
use crate::twin::redfish::auth;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live::{self, SUBSCRIPTIONS};
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::service::{Ask, busy, missing};
use crate::twin::redfish::session::SESSIONS;
use crate::twin::redfish::tree::Live;
use crate::twin::redfish::upkeep;

/// Does what a POST, PATCH or DELETE asks.
pub(super) async fn change(bmc: &Bmc, ask: &Ask) -> Reply {
    if ask.method == Method::Delete && ask.path.starts_with(SESSIONS) {
        return auth::log_out(bmc, &ask.path).unwrap_or_else(|| Err(missing(&ask.path)));
    }
    if bmc.bites(Oddity::DellLockdown) {
        let text = "Unable to perform the operation because the system is in Lockdown mode.";
        return Err(refused_own(403, "IDRAC.2.8.SYS515", text));
    }
    if bmc.now() < bmc.state().busy_until {
        return Err(busy());
    }
    licensed(bmc, &ask.path)?;
    match ask.method {
        Method::Post => post(bmc, ask).await,
        Method::Patch => patch(bmc, ask).await,
        Method::Delete => delete(bmc, ask),
        Method::Get | Method::Head | Method::Put | Method::Options | Method::Other => Err(not_allowed()),
    }
}

/// Refuses to read what a licence, a missing link or a boot under way keeps back.
pub(super) fn read_refusal(bmc: &Bmc, path: &str) -> Result<(), Refusal> {
    licensed(bmc, path)?;
    if path.ends_with("/SimpleStorage") && bmc.bites(Oddity::AnyLinkNotServed) {
        return Err(missing(path));
    }
    if path.ends_with("/SEL/Entries") && bmc.bites(Oddity::LenovoSelAbsent) {
        return Err(missing(path));
    }
    if path.ends_with("/Bios") && bmc.bites(Oddity::NvidiaDpuBios500) {
        return Err(refused(500, "InternalError", &[]));
    }
    if path.contains("/NetworkAdapters") && !bmc.is_on() && bmc.bites(Oddity::HpeNic400BeforeOs) {
        return Err(refused(400, "ResourceInStandby", &[]));
    }
    if (path.contains("/EthernetInterfaces/NIC") || path.contains("/NetworkAdapters"))
        && bmc.is_within(bmc.state().seen.reset, 120)
        && bmc.bites(Oddity::LenovoRestartKillsDpu)
    {
        return Err(missing(path));
    }
    let flickers = bmc.bites(Oddity::NvidiaDpuNic404)
        && path.contains("/Systems/")
        && path.contains("/EthernetInterfaces");
    if flickers && bmc.state().fresh().is_multiple_of(3) && bmc.bites(Oddity::NvidiaDpuNic404) {
        return Err(missing(path));
    }
    Ok(())
}

fn licensed(bmc: &Bmc, path: &str) -> Result<(), Refusal> {
    let paid = ["/SecureBoot", "/Bios", "/Storage", "/UpdateService"];
    if paid.iter().any(|part| path.contains(part)) && bmc.bites(Oddity::SmcLicense) {
        return Err(refused_own(403, "SMC.1.0.OemLicenseNotPassed", "Not licensed to perform this request."));
    }
    Ok(())
}

async fn post(bmc: &Bmc, ask: &Ask) -> Reply {
    if ask.headers.get("If-Match").is_some() && bmc.bites(Oddity::DellIfmatchOnAction) {
        return Err(refused(412, "PreconditionFailed", &[]));
    }
    if ask.path == SUBSCRIPTIONS {
        return event::subscribe(bmc, &ask.body);
    }
    if ask.path.ends_with("/Volumes") && live::view(bmc, &ask.path).is_some() {
        return upkeep::make(bmc, &ask.path, &ask.body);
    }
    let Some((owner, action)) = ask.path.split_once("/Actions/") else {
        return Err(if live::view(bmc, &ask.path).is_some() { not_allowed() } else { missing(&ask.path) });
    };
    if live::view(bmc, owner).is_none() {
        return Err(missing(&ask.path));
    }
    match action {
        "ComputerSystem.Reset" if owner == bmc.system_path() => power::reset(bmc, &ask.body),
        "Chassis.Reset" => power::reset(bmc, &ask.body),
        "Manager.Reset" => manager::reset(bmc, &ask.body),
        "VirtualMedia.InsertMedia" => media::insert(bmc, ask, owner).await,
        "VirtualMedia.EjectMedia" => media::eject(bmc, ask, owner),
        "SecureBoot.ResetKeys" => firmware::reset_keys(bmc, &ask.body),
        "Bios.ResetBios" => firmware::reset_bios(bmc, ask),
        "LogService.ClearLog" => {
            bmc.state().log_cleared = true;
            success()
        }
        "EventService.SubmitTestEvent" => success(),
        "UpdateService.SimpleUpdate" => upkeep::update(bmc, &ask.body),
        other => dell::act(bmc, other, &ask.body).unwrap_or_else(|| Err(missing(&ask.path))),
    }
}

async fn patch(bmc: &Bmc, ask: &Ask) -> Reply {
    let body = live::view(bmc, &ask.path).ok_or_else(|| missing(&ask.path))?;
    precondition::check(bmc, ask, &body)?;
    if !ask.body.is_object() {
        return Err(refused(400, "UnrecognizedRequestBody", &[]));
    }
    let live = bmc.inner.tree.leaf(&ask.path).map_or(Live::Nothing, |leaf| leaf.live);
    let reply = patch_live(bmc, ask, live).await?;
    let is_job = matches!(live, Live::SecureBoot | Live::BiosSettings | Live::BootSettings | Live::System);
    if is_job && bmc.bites(Oddity::DellSys518Busy) {
        bmc.state().busy_until = bmc.now().after(bmc.settings().paced(15));
    }
    Ok(reply)
}

async fn patch_live(bmc: &Bmc, ask: &Ask, live: Live) -> Reply {
    match live {
        Live::System => boot::patch_system(bmc, &ask.path, &ask.body),
        Live::BootSettings => boot::patch_settings(bmc, &ask.path, &ask.body),
        Live::SecureBoot => firmware::patch_secure_boot(bmc, &ask.body),
        Live::BiosSettings => firmware::patch_bios(bmc, &ask.body),
        Live::Chassis | Live::Drive => lamp::patch(bmc, live, &ask.path, &ask.body),
        Live::Manager => manager::patch(bmc, &ask.body),
        Live::Slot(number) => media::patch(bmc, number, &ask.body).await,
        Live::Attributes => dell::patch_attributes(bmc, live, &ask.body),
        Live::Nothing
        | Live::Root
        | Live::Bios
        | Live::Volumes
        | Live::Nic(_)
        | Live::Function(_)
        | Live::Port(_)
        | Live::Sessions
        | Live::Tasks
        | Live::Subscriptions
        | Live::Entries => Err(not_allowed()),
    }
}

fn delete(bmc: &Bmc, ask: &Ask) -> Reply {
    if let Some(reply) = upkeep::delete(bmc, &ask.path, &ask.body) {
        return reply;
    }
    match event::unsubscribe(bmc, &ask.path) {
        Some(reply) => reply,
        None if live::view(bmc, &ask.path).is_some() => Err(not_allowed()),
        None => Err(missing(&ask.path)),
    }
}

fn not_allowed() -> Refusal {
    refused(405, "OperationNotAllowed", &[])
}
