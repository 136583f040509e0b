//! Boot of an ISO at a URL that the firmware is told (`HttpBootUri`).

use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::boot::address::Iso;
use crate::driver::capability::boot::BootSwitch;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;

/// Boots a URL by the firmware's own HTTP client.
#[derive(Debug)]
pub struct UrlBoot {
    pub device: Arc<dyn BootDeviceSwitch>,
    /// What it boots; a boot that is over has none.
    pub iso: Result<Iso, DriverError>,
}

impl BootSwitch for UrlBoot {
    fn insert(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn eject(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn choose(&self, lasts: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            let iso = self.iso.as_ref().map_err(Clone::clone)?;
            let set = self.device.boot_url(iso.url.reveal(), lasts).await;
            let choice = set.map_err(|error| iso.explain("the BMC did not take the boot URL", error))?;
            Ok(BootChoice { device: Some(BootDevice::UefiHttp), ..choice })
        })
    }
}
