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

    /// Sets the device and returns what the machine then says.
    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>>;
}
