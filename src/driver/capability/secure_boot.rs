//! UEFI secure boot.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// Reads and changes whether only signed loaders boot.
pub trait SecureBoot: fmt::Debug + Send + Sync {
    fn get(&self) -> Later<'_, Result<bool, DriverError>>;

    /// Sets it for the next boot and returns what the machine then says.
    fn set(&self, on: bool) -> Later<'_, Result<bool, DriverError>>;
}
