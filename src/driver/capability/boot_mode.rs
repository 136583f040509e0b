//! UEFI or BIOS.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

pub use crate::model::bmc::panel::Mode;

/// Reads and changes the boot mode.
pub trait BootMode: fmt::Debug + Send + Sync {
    /// `None` if the machine does not say.
    fn get(&self) -> Later<'_, Result<Option<Mode>, DriverError>>;

    /// Sets the mode and returns what the machine then says: another one if it takes it up at its next boot.
    fn set(&self, mode: Mode) -> Later<'_, Result<Option<Mode>, DriverError>>;
}
