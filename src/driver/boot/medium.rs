//! Boot of an ISO in the BMC's virtual CD (contract `boot.md` section 8), with a config drive in its USB slot.

use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::boot::address::Iso;
use crate::driver::boot::veil::veiled;
use crate::driver::capability::boot::BootSwitch;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::capability::virtual_media::{Medium, Slot, VirtualMedia};
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;

/// Boots the virtual CD.
#[derive(Debug)]
pub struct MediumBoot {
    pub media: Arc<dyn VirtualMedia>,
    pub device: Arc<dyn BootDeviceSwitch>,
    /// What it boots; a boot that is over has none.
    pub iso: Result<Iso, DriverError>,
    /// The config drive of an instance that has one.
    pub drive: Option<Result<Iso, DriverError>>,
}

impl MediumBoot {
    async fn fill(&self) -> Result<(), DriverError> {
        let iso = self.iso.as_ref().map_err(Clone::clone)?;
        let medium = Medium { drive: BootDevice::Cdrom, url: iso.url.reveal().to_owned() };
        let done = self.media.insert(medium).await;
        done.map_err(|error| iso.explain("the BMC did not take the boot medium", error))?;
        match &self.drive {
            Some(drive) => self.add(drive.as_ref().map_err(Clone::clone)?, iso.url.reveal()).await,
            None => Ok(()),
        }
    }

    /// Puts the config drive into the USB slot, or into that of a floppy, which BMCs show as a USB disk, too.
    async fn add(&self, image: &Iso, boots: &str) -> Result<(), DriverError> {
        let slots = self.media.list().await.map_err(|error| self.hidden(error))?;
        let has = |drive: &BootDevice| slots.iter().any(|slot| is_of(slot, *drive));
        let Some(drive) = [BootDevice::Disk, BootDevice::Floppy].into_iter().find(has) else {
            let why = format!(
                "no suitable virtual USB slot has been found: node {} can be deployed without a config drive, or with \
                 another boot interface",
                image.node
            );
            return Err(DriverError::refused("attaching the config drive", why));
        };
        let medium = Medium { drive, url: image.url.reveal().to_owned() };
        let done = self.media.insert_beside(medium, boots).await;
        done.map_err(|error| image.explain("the BMC did not take the config drive", error))
    }

    /// Only those drives are asked for that hold something.
    async fn empty(&self) -> Result<(), DriverError> {
        let slots = self.media.list().await?;
        for drive in [BootDevice::Cdrom, BootDevice::Floppy, BootDevice::Disk] {
            if slots.iter().any(|slot| slot.inserted && is_of(slot, drive)) {
                self.media.eject(drive).await.map_err(|error| self.hidden(error))?;
            }
        }
        Ok(())
    }

    fn hidden(&self, error: DriverError) -> DriverError {
        match &self.iso {
            Ok(iso) => veiled(error, &iso.secret),
            Err(_) => error,
        }
    }
}

/// In the words of Redfish: a CD's device may be called a DVD's.
fn is_of(slot: &Slot, drive: BootDevice) -> bool {
    let words: &[&str] = match drive {
        BootDevice::Cdrom => &["CD", "DVD"],
        BootDevice::Floppy => &["Floppy"],
        BootDevice::Disk => &["USBStick"],
        BootDevice::Pxe
        | BootDevice::Bios
        | BootDevice::Safe
        | BootDevice::Wanboot
        | BootDevice::IscsiBoot
        | BootDevice::UefiHttp => &[],
    };
    slot.types.iter().any(|kind| words.iter().any(|word| kind.eq_ignore_ascii_case(word)))
}

impl BootSwitch for MediumBoot {
    fn insert(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.fill())
    }

    fn eject(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.empty())
    }

    fn choose(&self, lasts: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            let set = self.device.set(BootDevice::Cdrom, lasts).await;
            let choice = set.map_err(|error| self.hidden(error))?;
            Ok(BootChoice { device: Some(BootDevice::Cdrom), ..choice })
        })
    }
}
