//! Dell's boot from virtual media: the override's `Cd` is the physical drive there, so that a virtual one is booted by
//! the import of a configuration (contract `redfish.md` section 15), where a medium is inserted.
//!
//! ```text
//!   POST ImportSystemConfiguration ─▶ LC068: a job waits for a reboot: one reboot     ┐ 15 s, 35 tries
//!                                  ─▶ RAC0679: a job runs: wait                       ┘
//!                                  ─▶ 202: the job is followed, then the attributes are read
//! ```

use std::time::Duration;

use serde_json::Value;

use crate::base::time::{Later, Tick, sleep};
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::error::DriverError;
use crate::driver::redfish::boot_device::RedfishBootDevice;
use crate::driver::redfish::idrac::card::attribute;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::model::bmc::Keep;
use crate::model::boot::BootDevice;
use crate::model::provision::Provision;
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::lenient::{Lenient, found};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::power_state::{Ask, Power};
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, Body};
use crate::wire::redfish::view::media::{MediaKind, VirtualMedia as Device};

/// The boot device of a machine that may be an iDRAC's.
#[derive(Debug)]
pub struct IdracBootDevice {
    pub server: Server,
    /// Every iDRAC imports; else only those whose `Cd` is known to be the physical drive.
    pub always: bool,
}

impl BootDeviceSwitch for IdracBootDevice {
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>> {
        Box::pin(async move {
            let mut all = RedfishBootDevice(self.server.clone()).supported().await?;
            all.extend(self.always.then_some(BootDevice::Floppy));
            Ok(all)
        })
    }

    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move { RedfishBootDevice(self.server.clone()).get().await })
    }

    fn boot_url<'a>(&'a self, url: &'a str, persistent: bool) -> Later<'a, Result<BootChoice, DriverError>> {
        Box::pin(async move { RedfishBootDevice(self.server.clone()).boot_url(url, persistent).await })
    }

    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            let imported = match first_boot_device(device) {
                Some(word) => self.server.boot_by_import(device, (word, persistent), self.always).await?,
                None => None,
            };
            match imported {
                Some(choice) => Ok(choice),
                None => RedfishBootDevice(self.server.clone()).set(device, persistent).await,
            }
        })
    }
}

/// Dell's word for a virtual drive.
pub fn first_boot_device(device: BootDevice) -> Option<&'static str> {
    match device {
        BootDevice::Cdrom => Some("VCD-DVD"),
        BootDevice::Floppy => Some("VFDD"),
        BootDevice::Pxe
        | BootDevice::Disk
        | BootDevice::Bios
        | BootDevice::Safe
        | BootDevice::Wanboot
        | BootDevice::IscsiBoot
        | BootDevice::UefiHttp => None,
    }
}

/// One import: where, of which manager, with what.
struct Import<'a> {
    seen: &'a Seen,
    manager: Resource,
    path: String,
    body: Body,
    /// What `ServerBoot.1.FirstBootDevice` shall be.
    word: &'static str,
}

impl Server {
    /// Boots a virtual drive that holds a medium; `None` where there is no medium or no such import.
    async fn boot_by_import(
        &self,
        device: BootDevice,
        (word, persistent): (&'static str, bool),
        always: bool,
    ) -> Result<Option<BootChoice>, RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        if !always && !quirks.boots_media_by_import() {
            return Ok(None);
        }
        let Some((manager, target)) = self.import_action(&seen).await? else { return Ok(None) };
        if !self.is_inserted(&seen, device).await? {
            return Ok(None);
        }
        let path = self.talk.path(&target)?;
        let body = send::idrac_boot_device(word, !persistent);
        let import = Import { seen: &seen, manager, path, body, word };
        let until = self.talk.clock().tick().after(LIMIT);
        let written = match self.send_import(&import, until).await {
            Err(error) if error.is_absent() => return Ok(None),
            outcome => outcome?,
        };
        let answered = self.await_work(&written, &quirks, until).await?;
        self.see_import(&import, answered).await?;
        Ok(Some(BootChoice { device: Some(device), persistent: Some(persistent), keep: Keep::Nothing }))
    }

    /// The first manager that imports configurations, and where.
    async fn import_action(&self, seen: &Seen) -> Result<Option<(Resource, Link)>, RedfishError> {
        for manager in self.managers(&seen.view).await? {
            if let Some(target) = import_target(&manager.raw) {
                return Ok(Some((manager, target)));
            }
        }
        Ok(None)
    }

    async fn is_inserted(&self, seen: &Seen, device: BootDevice) -> Result<bool, RedfishError> {
        let Some(kind) = MediaKind::parse(device.name()) else { return Ok(false) };
        let is_in = |one: &Resource| {
            let view: Device = one.view();
            view.takes(kind) && view.is_inserted()
        };
        Ok(self.media_of(seen).await?.iter().any(is_in))
    }

    /// Sends it until no other job stands in its way.
    async fn send_import(&self, import: &Import<'_>, until: Tick) -> Result<Written, RedfishError> {
        let mut has_rebooted = false;
        loop {
            let error = match self.talk.post(&import.path, Some(&import.body)).await {
                Ok(written) => return Ok(written),
                Err(error) => error,
            };
            let is_pending = error.fault().is_some_and(Fault::is_config_pending);
            if !is_pending && !error.fault().is_some_and(Fault::is_job_running)
                || self.talk.clock().tick() >= until
            {
                return Err(error);
            }
            if is_pending && !has_rebooted {
                self.run_pending_job(import.seen, until).await?;
                has_rebooted = true;
            }
            sleep(&**self.talk.clock(), PAUSE).await;
        }
    }

    /// A configuration job waits for a reboot, and lets no other in. A machine in use is not rebooted for it.
    async fn run_pending_job(&self, seen: &Seen, until: Tick) -> Result<(), RedfishError> {
        if self.talk.node.provision == Provision::Active {
            let why = "a configuration job waits for a reboot (LC068), and the machine is in use: reboot it, or clear \
                       the job queue";
            return Err(RedfishError::Invalid(format!("{}: {why}", self.talk.who())));
        }
        let ask = if seen.view.power() == Some(Power::Off) { Ask::On } else { Ask::Reboot };
        tracing::info!(bmc = %self.talk.who(), ?ask, "a configuration job waits for a reboot: LC068");
        let kind = self.reset_type(seen, ask.resets()).await?;
        self.send_reset(seen, kind, until).await?;
        Ok(())
    }

    /// Reads the attribute back where it can be read. Of a machine that runs, its boot may have used it up.
    async fn see_import(&self, import: &Import<'_>, answered: String) -> Result<(), RedfishError> {
        let Some(attributes) = self.dell_attributes(&import.manager).await? else { return Ok(()) };
        let shown = attribute(&attributes, "ServerBoot.1.FirstBootDevice");
        let is_running = self.system().await?.view.power() != Some(Power::Off);
        match shown {
            Some(shown) if shown != import.word && !is_running => Err(RedfishError::NotApplied {
                place: self.talk.place(crate::net::http::Method::Post, &import.path),
                asked: format!("ServerBoot.1.FirstBootDevice {}", import.word),
                answered,
                seen: shown,
            }),
            _ => Ok(()),
        }
    }
}

/// Where configurations are imported: the action's name has a version before it and a number in it.
fn import_target(manager: &Value) -> Option<Link> {
    let actions = found(manager, &["Actions/Oem"])?.as_object()?;
    let (_, action) = actions.iter().find(|(name, _)| {
        name.ends_with("#OemManager.ImportSystemConfiguration")
            || name.ends_with("_Manager.ImportSystemConfiguration")
    })?;
    found(action, &["target"]).and_then(Link::lenient)
}

/// 35 tries, 15 s apart.
const LIMIT: Duration = Duration::from_secs(35 * 15);
const PAUSE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_import_is_found_under_each_of_its_names() {
        for name in [
            "#OemManager.ImportSystemConfiguration",
            "OemManager.v1_2_0#OemManager.ImportSystemConfiguration",
            "OemManager.v1_4_0#EID_674_Manager.ImportSystemConfiguration",
        ] {
            let manager = json!({"Actions": {"Oem": {name: {"target": "/import"}}}});
            assert_eq!(import_target(&manager), Some(Link::new("/import")), "{name}");
        }
        let other = json!({"Actions": {"Oem": {"#OemManager.ExportSystemConfiguration": {"target": "/x"}}}});
        assert_eq!(import_target(&other), None);
        assert_eq!(import_target(&json!({"Actions": {"Oem": [1]}})), None);
    }
}
