//! UEFI secure boot: on or off, and its keys.

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::capability::boot_mode::Mode;
use crate::driver::capability::secure_boot::SecureBoot;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, ResetKeys};
use crate::wire::redfish::view::secure_boot::SecureBoot as View;

/// Secure boot of a Redfish machine.
#[derive(Debug)]
pub struct RedfishSecureBoot(pub Server);

impl SecureBoot for RedfishSecureBoot {
    fn get(&self) -> Later<'_, Result<Option<bool>, DriverError>> {
        Box::pin(async move { Ok(self.0.secure_boot_state().await?) })
    }

    fn set(&self, on: bool) -> Later<'_, Result<Option<bool>, DriverError>> {
        Box::pin(async move { Ok(self.0.set_secure_boot(on).await?) })
    }
}

impl Server {
    async fn secure_boot(&self, seen: &Seen) -> Result<Resource, RedfishError> {
        let link = seen.view.secure_boot.as_ref().ok_or_else(|| self.missing("secure boot"))?;
        match self.talk.follow(link).await {
            Err(error) if error.is_absent() => Err(self.missing("secure boot")),
            outcome => outcome,
        }
    }

    /// Whether only signed loaders boot; `None` if the BMC does not tell, or wants a licence to tell.
    pub async fn secure_boot_state(&self) -> Result<Option<bool>, RedfishError> {
        match self.secure_boot(&self.system().await?).await {
            Ok(resource) => Ok(resource.view::<View>().enable),
            Err(RedfishError::Licence { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets it and returns what the machine then says: the opposite if it takes it up at its next boot.
    pub async fn set_secure_boot(&self, on: bool) -> Result<Option<bool>, RedfishError> {
        let seen = self.system().await?;
        let resource = self.secure_boot(&seen).await?;
        let view: View = resource.view();
        if view.enable == Some(on) {
            return Ok(Some(on));
        }
        if on && self.boot_mode(&seen).await? == Some(Mode::Bios) {
            let why = "secure boot needs the boot mode uefi; the machine boots in the mode bios";
            return Err(RedfishError::Invalid(format!("{why} ({})", self.talk.who())));
        }
        let path = match view.settings.and_then(|settings| settings.object) {
            Some(object) => self.talk.path(&object)?,
            None => resource.path,
        };
        let quirks = self.quirks(&seen).await?;
        let now = self.talk.get(&path).await?;
        let written = self.patch_awake(&now.path, &send::secure_boot(on), now.etag.as_deref()).await?;
        let until = self.talk.clock().tick().after(SEEN_LIMIT);
        loop {
            let now = self.secure_boot_state().await?;
            if now != Some(!on) {
                return Ok(now);
            }
            if self.talk.clock().tick() >= until {
                self.work_so_far(&written, &quirks).await?;
                return Ok(now);
            }
            sleep(&**self.talk.clock(), Duration::from_secs(1)).await;
        }
    }

    /// Resets or deletes the keys; they are taken up at the next boot.
    pub async fn reset_secure_boot_keys(&self, kind: ResetKeys) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let view: View = self.secure_boot(&seen).await?.view();
        let action = view.reset_keys.as_ref();
        let allowed = action.and_then(|action| action.allowable("ResetKeysType"));
        if let Some(list) =
            allowed.filter(|list| !list.iter().any(|word| ResetKeys::parse(word) == Some(kind)))
        {
            return Err(RedfishError::NotAllowed {
                bmc: self.talk.who(),
                what: format!("the reset of keys {kind}"),
                allowed: list.join(", "),
            });
        }
        let path =
            self.target(action.and_then(|action| action.target.as_ref()), "reset of secure boot keys")?;
        let written = self.talk.post(&path, Some(&send::reset_keys(kind))).await?;
        let until = self.talk.clock().tick().after(KEYS_LIMIT);
        self.await_work(&written, &quirks, until).await?;
        Ok(())
    }
}

/// How long work on the keys is followed; most BMCs begin none.
const KEYS_LIMIT: Duration = Duration::from_mins(2);
/// How long a change that needs no boot may take to be shown.
const SEEN_LIMIT: Duration = Duration::from_secs(5);
