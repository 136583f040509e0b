//! UEFI secure boot.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// Reads and changes whether only signed loaders boot.
pub trait SecureBoot: fmt::Debug + Send + Sync {
    /// `None` if the machine does not say.
    fn get(&self) -> Later<'_, Result<Option<bool>, DriverError>>;

    /// Sets it and returns what the machine then says: the opposite if it takes it up at its next boot.
    fn set(&self, on: bool) -> Later<'_, Result<Option<bool>, DriverError>>;
}
