//! A management interface for machines whose boot order nobody can change: each boot device is taken, none is set.

use crate::base::time::Later;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;

/// Takes everything, does nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoopManagement;

impl BootDeviceSwitch for NoopManagement {
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>> {
        Box::pin(async { Ok(BootDevice::ALL.to_vec()) })
    }

    /// Nothing is known of it.
    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async { Ok(BootChoice::default()) })
    }

    fn set(&self, _device: BootDevice, _persistent: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        self.get()
    }
}
