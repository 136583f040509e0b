//! What a boot interface does to a machine before it boots.

use std::fmt;

use crate::base::time::Later;
use crate::driver::capability::boot_device::BootChoice;
use crate::driver::error::DriverError;

/// Makes the next boot that of what the node's record says. Each call says what is wished and may be made twice.
pub trait BootSwitch: fmt::Debug + Send + Sync {
    /// Has the boot's medium in the drive that boots; of an interface without media, nothing.
    fn insert(&self) -> Later<'_, Result<(), DriverError>>;

    /// Has nothing in any drive.
    fn eject(&self) -> Later<'_, Result<(), DriverError>>;

    /// Boots what the interface brings, the next time or always.
    fn choose(&self, lasts: bool) -> Later<'_, Result<BootChoice, DriverError>>;
}
