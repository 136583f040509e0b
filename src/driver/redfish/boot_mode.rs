//! UEFI or BIOS, by the mode of the boot override.

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::capability::boot_mode::{BootMode, Mode};
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::wire::redfish::send::{self, BootPatch, Override, Target};

/// The boot mode of a Redfish machine.
#[derive(Debug)]
pub struct RedfishBootMode(pub Server);

impl BootMode for RedfishBootMode {
    fn get(&self) -> Later<'_, Result<Option<Mode>, DriverError>> {
        Box::pin(async move {
            let seen = self.0.system().await?;
            // With the first look goes who the machine is, for the record; the mode can do without.
            if let Err(error) = self.0.quirks(&seen).await {
                tracing::debug!(%error, "the machine's oddities are not known yet");
            }
            Ok(self.0.boot_mode(&seen).await?)
        })
    }

    fn set(&self, mode: Mode) -> Later<'_, Result<Option<Mode>, DriverError>> {
        Box::pin(async move { Ok(self.0.set_boot_mode(mode).await?) })
    }
}

impl Server {
    /// The mode of the override, else what the BIOS attributes tell; `None` if neither does.
    pub async fn boot_mode(&self, seen: &Seen) -> Result<Option<Mode>, RedfishError> {
        let by_override = seen.view.boot.members.mode.as_deref().and_then(send::Mode::parse);
        if let Some(mode) = by_override {
            return Ok(Some(ours(mode)));
        }
        let bios: Option<crate::wire::redfish::view::secure_boot::Bios> =
            self.talk.maybe_view(seen.view.bios.as_ref()).await?;
        Ok(bios.and_then(|bios| bios.boot_mode()).and_then(send::Mode::parse).map(ours))
    }

    /// Sets the mode and returns what the machine then says: another one if it takes it up at its next boot.
    pub async fn set_boot_mode(&self, mode: Mode) -> Result<Option<Mode>, RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        if self.boot_mode(&seen).await? == Some(mode) {
            return Ok(Some(mode));
        }
        if quirks.has_no_boot_mode() {
            return Err(self.missing("boot mode that can be set"));
        }
        let members = &seen.view.boot.members;
        let is_full = quirks.wants_full_boot_patch();
        let enabled = || members.enabled.as_deref().and_then(Override::parse).unwrap_or(Override::Once);
        let target = || members.target.as_deref().and_then(Target::parse).unwrap_or(Target::Pxe);
        let patch = BootPatch {
            mode: Some(theirs(mode)),
            enabled: is_full.then(enabled),
            target: is_full.then(target),
            http_uri: None,
        };
        let settings = seen.view.settings.as_ref().and_then(|settings| settings.object.as_ref());
        let pending = self.talk.maybe(settings).await?;
        let in_settings = pending.filter(|one| {
            one.view::<crate::wire::redfish::view::system::System>().boot.lists("BootSourceOverrideMode")
        });
        let written = match in_settings {
            Some(pending) => self.patch_part(&pending.path, &patch, pending.etag.as_deref()).await?,
            None => self.patch_part(seen.path(), &patch, seen.etag()).await?,
        };
        let now = self.await_mode(mode).await?;
        if now.is_some_and(|now| now != mode) {
            self.work_so_far(&written, &quirks).await?;
        }
        Ok(now)
    }

    async fn await_mode(&self, mode: Mode) -> Result<Option<Mode>, RedfishError> {
        let until = self.talk.clock().tick().after(SEEN_LIMIT);
        loop {
            let now = self.boot_mode(&self.system().await?).await?;
            if now.is_none_or(|now| now == mode) || self.talk.clock().tick() >= until {
                return Ok(now);
            }
            sleep(&**self.talk.clock(), Duration::from_secs(1)).await;
        }
    }
}

fn ours(mode: send::Mode) -> Mode {
    match mode {
        send::Mode::Uefi => Mode::Uefi,
        send::Mode::Legacy => Mode::Bios,
    }
}

fn theirs(mode: Mode) -> send::Mode {
    match mode {
        Mode::Uefi => send::Mode::Uefi,
        Mode::Bios => send::Mode::Legacy,
    }
}

/// How long a mode that needs no boot may take to be shown.
const SEEN_LIMIT: Duration = Duration::from_secs(5);
