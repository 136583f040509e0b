//! Where a machine boots from.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::bmc::Keep;
use crate::model::boot::BootDevice;

/// The device a machine boots from, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BootChoice {
    /// `None` if the machine does not say.
    pub device: Option<BootDevice>,
    /// For every boot, or for the next one only; `None` if the machine does not say.
    pub persistent: Option<bool>,
    /// After a set: what the daemon has to remember of it.
    pub keep: Keep,
}

/// Reads and changes the boot device.
pub trait BootDeviceSwitch: fmt::Debug + Send + Sync {
    /// Devices that can be set.
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>>;

    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>>;

    /// Boots this URL over HTTP; for those who can tell the firmware one.
    fn boot_url<'a>(
        &'a self,
        _url: &'a str,
        _persistent: bool,
    ) -> Later<'a, Result<BootChoice, DriverError>> {
        Box::pin(async {
            Err(DriverError::Unsupported {
                implementation: "the node's management interface".to_owned(),
                what: "booting a URL".to_owned(),
            })
        })
    }

    /// Sets the device and returns what the machine then says.
    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>>;
}
