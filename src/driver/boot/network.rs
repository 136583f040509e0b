//! Boot over the network: who serves is `boot`'s; here only the boot device is set.

use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::agent::instance::boot_mode;
use crate::driver::capability::boot::BootSwitch;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::capability::boot_mode::Mode;
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;
use crate::model::node::Node;

/// Boots from the network.
#[derive(Debug)]
pub struct NetworkBoot {
    /// A machine without one boots as its firmware is set.
    pub device: Option<Arc<dyn BootDeviceSwitch>>,
    /// UEFI fetches its loader over HTTP, where the BMC takes that.
    pub by_http: bool,
}

/// Whether the machine can be asked for HTTP boot: BIOS has none.
pub fn takes_http(node: &Node) -> bool {
    boot_mode(node) == Mode::Uefi
}

impl NetworkBoot {
    async fn set(&self, lasts: bool) -> Result<BootChoice, DriverError> {
        let Some(device) = &self.device else { return Ok(BootChoice::default()) };
        if self.by_http {
            match device.set(BootDevice::UefiHttp, lasts).await {
                Err(error) if is_refusal(&error) => {
                    tracing::info!(%error, "HTTP boot is refused: PXE boot is asked for");
                }
                outcome => return outcome,
            }
        }
        device.set(BootDevice::Pxe, lasts).await
    }
}

impl BootSwitch for NetworkBoot {
    fn insert(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn eject(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async { Ok(()) })
    }

    fn choose(&self, lasts: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            let choice = self.set(lasts).await?;
            Ok(BootChoice { device: choice.device.or(Some(BootDevice::Pxe)), ..choice })
        })
    }
}

/// Whether it answered that it does not or cannot.
pub fn is_refusal(error: &DriverError) -> bool {
    match error {
        DriverError::Refused { .. } | DriverError::Unsupported { .. } | DriverError::NotApplied { .. } => {
            true
        }
        DriverError::Silent { .. }
        | DriverError::Resting { .. }
        | DriverError::Lost { .. }
        | DriverError::NotEnabled { .. }
        | DriverError::Missing { .. }
        | DriverError::LoginRefused { .. }
        | DriverError::Unseen { .. }
        | DriverError::Paused { .. }
        | DriverError::Crowded { .. } => false,
    }
}
